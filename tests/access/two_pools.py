"""A cluster of two pools, one node each, in one subnet or two, with one LoadBalancer Service: enough for most ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Object = dict[str, Any]
FRONTEND = "20.50.60.70"
NODES = ("10.224.1.4", "10.224.2.4")
PODS = ("10.244.1.10", "10.244.2.10")
_GROUP = "/subscriptions/00000000-0000-0000-0000-000000000003/resourceGroups/net/providers"
_NET = f"{_GROUP}/Microsoft.Network"


def application_group(pool: int) -> Object:
    return {"id": f"{_NET}/applicationSecurityGroups/pool-{pool}"}


def rule(priority: int, access: str, source: Any, destination: Any, port: str, protocol: str = "Tcp") -> Object:
    def side(name: str, value: Any) -> Object:
        if isinstance(value, dict):
            return {f"{name}ApplicationSecurityGroups": [value]}
        return {f"{name}AddressPrefix": value}

    properties = {
        "priority": priority,
        "direction": "Inbound",
        "access": access,
        "protocol": protocol,
        "sourcePortRange": "*",
        "destinationPortRange": port,
        **side("source", source),
        **side("destination", destination),
    }
    return {"name": f"rule-{priority}", "properties": properties}


def write(
    folder: Path,
    rules: list[list[Object]],
    *,
    ports: list[Object] | None = None,
    policy: str = "Cluster",
    annotations: dict[str, str] | None = None,
    endpoints: tuple[int, ...] = (0, 1),
    **spec: Any,
) -> Path:
    """The estate as files: one list of rules for one shared subnet, or one a pool."""
    shared = len(rules) == 1
    items = [*_nodes(), *_service(ports or [_port()], policy, annotations or {}, spec), *_slices(ports, endpoints)]
    (folder / "objects.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    (folder / "azure.json").write_text(json.dumps([_cluster(), _network(shared), *_pools(shared), *_groups(rules)]))
    return folder


def _port() -> Object:
    return {"name": "web", "port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "TCP"}


def _service(ports: list[Object], policy: str, annotations: dict[str, str], spec: Object) -> list[Object]:
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
            "spec": {
                "type": "LoadBalancer",
                "selector": {"app": "web"},
                "ports": ports,
                "externalTrafficPolicy": policy,
                "healthCheckNodePort": 31080,
                **spec,
            },
            "status": {"loadBalancer": {"ingress": [{"ip": FRONTEND, "ipMode": "VIP"}]}},
        }
    ]


def _slices(ports: list[Object] | None, endpoints: tuple[int, ...]) -> list[Object]:
    listed = [{"addresses": [PODS[at]], "nodeName": f"node-{at}", "conditions": {"ready": True}} for at in endpoints]
    return [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "web-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4",
            "ports": [
                {"name": port["name"], "port": port["targetPort"], "protocol": port["protocol"]}
                for port in ports or [_port()]
            ],
            "endpoints": listed,
        }
    ]


def _nodes() -> list[Object]:
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"node-{at}", "labels": {"kubernetes.azure.com/agentpool": f"pool{at}"}},
            "spec": {"providerID": f"azure://{_set(at)}/virtualMachines/0", "podCIDR": f"10.244.{at + 1}.0/24"},
            "status": {"addresses": [{"type": "InternalIP", "address": NODES[at]}]},
        }
        for at in (0, 1)
    ]


def _cluster() -> Object:
    profile = {
        "networkPlugin": "azure",
        "networkPluginMode": "overlay",
        "podCidr": "10.244.0.0/16",
        "kubeProxyConfig": {"mode": "IPTABLES"},
    }
    return {
        "id": f"{_GROUP}/Microsoft.ContainerService/managedClusters/shop",
        "name": "shop",
        "type": "Microsoft.ContainerService/managedClusters",
        "properties": {"kubernetesVersion": "1.34.2", "nodeResourceGroup": "net", "networkProfile": profile},
    }


def _network(shared: bool) -> Object:
    subnets = [
        {
            "id": _subnet(at),
            "name": f"nodes-{at}",
            "properties": {
                "addressPrefix": "10.224.0.0/16" if shared else f"10.224.{at + 1}.0/24",
                "networkSecurityGroup": {"id": f"{_NET}/networkSecurityGroups/edge-{at}"},
            },
        }
        for at in ((0,) if shared else (0, 1))
    ]
    return {
        "id": f"{_NET}/virtualNetworks/vnet",
        "name": "vnet",
        "type": "Microsoft.Network/virtualNetworks",
        "properties": {"addressSpace": {"addressPrefixes": ["10.224.0.0/16"]}, "subnets": subnets},
    }


def _pools(shared: bool) -> list[Object]:
    found = []
    for at in (0, 1):
        configuration = {
            "name": "ip",
            "properties": {
                "subnet": {"id": _subnet(0 if shared else at)},
                "applicationSecurityGroups": [application_group(at)],
            },
        }
        interface = {"name": "nic", "properties": {"ipConfigurations": [configuration]}}
        profile = {"networkProfile": {"networkInterfaceConfigurations": [interface]}}
        found.append(
            {
                "id": _set(at),
                "name": _set(at).rpartition("/")[2],
                "type": "Microsoft.Compute/virtualMachineScaleSets",
                "properties": {"virtualMachineProfile": profile},
            }
        )
    return found


def _groups(rules: list[list[Object]]) -> list[Object]:
    return [
        {
            "id": f"{_NET}/networkSecurityGroups/edge-{at}",
            "name": f"edge-{at}",
            "type": "Microsoft.Network/networkSecurityGroups",
            "properties": {"securityRules": each},
        }
        for at, each in enumerate(rules)
    ]


def _set(at: int) -> str:
    return f"{_GROUP}/Microsoft.Compute/virtualMachineScaleSets/aks-pool{at}-vmss"


def _subnet(at: int) -> str:
    return f"{_NET}/virtualNetworks/vnet/subnets/nodes-{at}"
