"""A random estate in the making: the cluster around it, and room for many configurations side by side.

Every configuration has a frontend address, priorities, names and endpoints of its own, so one estate holds dozens of
them and one build of the lab serves them all.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["NODES", "World"]

Object = dict[str, Any]
_SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups"
_NETWORK = f"{_SUBSCRIPTION}/bench-network/providers/Microsoft.Network"
_MANAGER = f"{_NETWORK}/networkManagers/bench/securityAdminConfigurations/bench"
_CLUSTER = f"{_SUBSCRIPTION}/mc_bench/providers"
NODES = ("aks-one-000000", "aks-two-000000")
_POOLS = ("one", "two")
PARTNERS = "BenchPartners.Region"
PARTNER_PREFIXES = ("51.105.0.0/20", "40.74.30.0/25", "2603:1020:200::/46")


@dataclass
class World:
    """An estate in the making.

    Attributes:
        rng: Where every choice comes from.
        shared: Whether both nodes are in one subnet behind one group, or each has its own.
        mode: How kube-proxy runs.
        settings: The controller's ConfigMap.
    """

    rng: random.Random
    shared: bool = True
    mode: str = "nftables"
    settings: dict[str, str] = field(default_factory=dict)
    objects: list[Object] = field(default_factory=list)
    subnet_rules: list[list[Object]] = field(default_factory=lambda: [[], []])
    interface_rules: list[list[Object]] = field(default_factory=lambda: [[], []])
    admin_rules: list[Object] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    """Every prefix that was written somewhere, in order: sources are asked at its edges."""
    _endpoints: int = 0

    # --- addresses ----------------------------------------------------------------------------------------------------

    def frontend(self, number: int, family: int = 4) -> str:
        """The frontend address of a configuration."""
        return f"20.50.{60 + number // 200}.{1 + number % 200}" if family == 4 else f"2001:db8:fe::{number + 1:x}"

    def node(self, index: int, family: int = 4) -> str:
        """The address of a node."""
        return f"10.224.{index + 1}.4" if family == 4 else f"fd10:224:{index + 1}::4"

    def prefix(self, family: int = 4) -> str:
        """A random prefix, written down as a place to ask at; often one that overlaps another."""
        found = _prefix4(self.rng) if family == 4 else _prefix6(self.rng)
        self.prefixes.append(found)
        return found

    def prefix_list(self, most: int = 4, family: int = 4) -> list[str]:
        """Some prefixes, each once."""
        return list(dict.fromkeys(self.prefix(family) for _ in range(self.rng.randint(1, most))))

    # --- Kubernetes ---------------------------------------------------------------------------------------------------

    def service(
        self,
        name: str,
        ports: list[Object],
        addresses: list[str],
        *,
        annotations: dict[str, str] | None = None,
        selector: dict[str, str] | None = None,
        **spec: Any,
    ) -> Object:
        """A LoadBalancer Service with its address."""
        families = list(dict.fromkeys("IPv6" if ":" in each else "IPv4" for each in addresses))
        found = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": "bench", "annotations": annotations or {}},
            "spec": {
                "type": "LoadBalancer",
                "selector": selector or {"app": name},
                "ports": ports,
                "ipFamilies": families,
                "ipFamilyPolicy": "RequireDualStack" if len(families) == 2 else "SingleStack",
                **spec,
            },
            "status": {"loadBalancer": {"ingress": [{"ip": each, "ipMode": "VIP"} for each in addresses]}},
        }
        self.objects.append(found)
        return found

    def endpoints(
        self, name: str, ports: list[Object], where: list[Object], family: int = 4, addresses: list[str] | None = None
    ) -> list[str]:
        """An EndpointSlice with an endpoint for each entry of ``where`` (``node`` and conditions)."""
        listed = []
        found = []
        for number, each in enumerate(where):
            index = each["node"]
            self._endpoints += 1
            address = addresses[number] if addresses else self._pod(index, self._endpoints, family)
            found.append(address)
            conditions = {key: each[key] for key in ("ready", "serving", "terminating") if key in each}
            listed.append(
                {"addresses": [address], "nodeName": NODES[index], "conditions": conditions or {"ready": True}}
            )
        self.objects.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{name}-{family}",
                    "namespace": "bench",
                    "labels": {"kubernetes.io/service-name": name},
                },
                "addressType": f"IPv{family}",
                "ports": [
                    {"name": port.get("name", ""), "port": port["targetPort"], "protocol": port.get("protocol", "TCP")}
                    for port in ports
                ],
                "endpoints": listed,
            }
        )
        return found

    def _pod(self, index: int, number: int, family: int) -> str:
        if family == 4:
            return f"10.244.{index * 8 + 8 + number // 200}.{10 + number % 200}"
        return f"fd10:244:{index + 1}::{number:x}"

    # --- security groups ----------------------------------------------------------------------------------------------

    def rule(
        self, level: str, priority: int, access: str, source: Any, destination: Any, ports: Any, **more: Any
    ) -> None:
        """A rule in the group of a level (``subnet`` or ``interface``), of both nodes or of one (``only``)."""
        only = more.pop("only", None)
        groups = self.subnet_rules if level == "subnet" else self.interface_rules
        built = _rule(priority, access, source, destination, ports, **more)
        for index, group in enumerate(groups):
            free = all(each["properties"]["priority"] != priority for each in group)
            if free and (only is None or only == index or self.shared):
                group.append(built)
            if self.shared:
                break

    def admin_rule(self, priority: int, access: str, source: list[str], destination: str, port: str) -> None:
        """A security admin rule of a network manager, which comes before every group."""
        properties = {
            "access": access,
            "description": "",
            "destinationPortRanges": [port],
            "destinations": [{"addressPrefix": destination, "addressPrefixType": "IPPrefix"}],
            "direction": "Inbound",
            "priority": priority,
            "protocol": "Any",
            "sourcePortRanges": ["0-65535"],
            "sources": [{"addressPrefix": each, "addressPrefixType": "IPPrefix"} for each in source],
        }
        found = {
            "id": f"{_MANAGER}/ruleCollections/bench/rules/admin-{priority}",
            "name": f"admin-{priority}",
            "type": "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules",
            "kind": "Custom",
            "properties": properties,
        }
        if all(each["properties"]["priority"] != priority for each in self.admin_rules):
            self.admin_rules.append(found)

    def policy(self, name: str, selector: dict[str, str], rules: list[Object]) -> None:
        """A NetworkPolicy on the pods of a label."""
        self.objects.append(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": name, "namespace": "bench"},
                "spec": {"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress"], "ingress": rules},
            }
        )

    # --- files --------------------------------------------------------------------------------------------------------

    def write(self, folder: Path) -> Path:
        """The estate as files."""
        folder.mkdir(parents=True, exist_ok=True)
        items = [*_controller_objects(self.settings), *self._nodes(), *self.objects]
        (folder / "objects.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        (folder / "azure.json").write_text(
            json.dumps([self._cluster(), *self._azure(), *self._groups(), *self.admin_rules])
        )
        tags = {"name": PARTNERS, "id": PARTNERS, "properties": {"addressPrefixes": list(PARTNER_PREFIXES)}}
        (folder / "tags.json").write_text(json.dumps({"changeNumber": 1, "cloud": "Public", "values": [tags]}))
        return folder

    def _nodes(self) -> list[Object]:
        return [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"kubernetes.azure.com/agentpool": _POOLS[index]}},
                "spec": {
                    "providerID": f"azure://{_scale_set(index)}/virtualMachines/0",
                    "podCIDRs": [f"10.244.{index * 8 + 8}.0/21", f"fd10:244:{index + 1}::/64"],
                },
                "status": {
                    "addresses": [{"type": "InternalIP", "address": self.node(index, family)} for family in (4, 6)]
                },
            }
            for index, name in enumerate(NODES)
        ]

    def _cluster(self) -> Object:
        pools = [{"name": pool, "vnetSubnetID": _subnet(self._group(index))} for index, pool in enumerate(_POOLS)]
        return {
            "id": f"{_SUBSCRIPTION}/bench/providers/Microsoft.ContainerService/managedClusters/bench",
            "name": "bench",
            "type": "Microsoft.ContainerService/managedClusters",
            "properties": {
                "kubernetesVersion": "1.34.2",
                "nodeResourceGroup": "mc_bench",
                "networkProfile": {
                    "networkPlugin": "azure",
                    "networkPluginMode": "overlay",
                    "networkPolicy": "calico",
                    "podCidrs": ["10.244.0.0/16", "fd10:244::/32"],
                    "kubeProxyConfig": {"enabled": True, "mode": self.mode.upper()},
                },
                "apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24"]},
                "agentPoolProfiles": pools,
            },
        }

    def _group(self, index: int) -> int:
        return 0 if self.shared else index

    def _azure(self) -> list[Object]:
        subnets = [
            {
                "id": _subnet(index),
                "name": f"nodes-{index}",
                "properties": {
                    "addressPrefixes": [f"10.224.{index + 1}.0/24", f"fd10:224:{index + 1}::/64"],
                    "networkSecurityGroup": {"id": _edge(index)},
                },
            }
            for index in (0, 1)
        ]
        if self.shared:
            subnets = [subnets[0]]
            subnets[0]["properties"]["addressPrefixes"] = ["10.224.0.0/16", "fd10:224::/32"]
        network = {
            "id": f"{_NETWORK}/virtualNetworks/bench",
            "name": "bench",
            "type": "Microsoft.Network/virtualNetworks",
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.224.0.0/15", "fd10:224::/31"]},
                "subnets": subnets,
            },
        }
        return [network, *(self._scale_set(index) for index in (0, 1))]

    def _scale_set(self, index: int) -> Object:
        configuration = {
            "name": "ip",
            "properties": {
                "subnet": {"id": _subnet(self._group(index))},
                "applicationSecurityGroups": [{"id": _application_group(index)}],
            },
        }
        interface = {
            "name": "nic",
            "properties": {
                "networkSecurityGroup": {"id": _managed(self._group(index))},
                "ipConfigurations": [configuration],
            },
        }
        profile = {"networkProfile": {"networkInterfaceConfigurations": [interface]}}
        return {
            "id": _scale_set(index),
            "name": _scale_set(index).rpartition("/")[2],
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "properties": {"virtualMachineProfile": profile},
        }

    def _groups(self) -> list[Object]:
        found = []
        for index in (0,) if self.shared else (0, 1):
            for identity, rules in ((_edge(index), self.subnet_rules), (_managed(index), self.interface_rules)):
                found.append(
                    {
                        "id": identity,
                        "name": identity.rpartition("/")[2],
                        "type": "Microsoft.Network/networkSecurityGroups",
                        "properties": {"securityRules": rules[index]},
                    }
                )
        return found


def application_group(index: int) -> str:
    """The application security group that a node's interface is in."""
    return _application_group(index)


def _application_group(index: int) -> str:
    return f"{_NETWORK}/applicationSecurityGroups/pool-{index}"


def _subnet(index: int) -> str:
    return f"{_NETWORK}/virtualNetworks/bench/subnets/nodes-{index}"


def _edge(index: int) -> str:
    return f"{_NETWORK}/networkSecurityGroups/edge-{index}"


def _managed(index: int) -> str:
    return f"{_CLUSTER}/Microsoft.Network/networkSecurityGroups/aks-agentpool-1000000{index}-nsg"


def _scale_set(index: int) -> str:
    return f"{_CLUSTER}/Microsoft.Compute/virtualMachineScaleSets/aks-{_POOLS[index]}-vmss"


def _rule(priority: int, access: str, source: Any, destination: Any, ports: Any, **more: Any) -> Object:
    def side(name: str, value: Any) -> Object:
        if isinstance(value, dict):
            return {f"{name}ApplicationSecurityGroups": [value]}
        if isinstance(value, str):
            return {f"{name}AddressPrefix": value}
        return {f"{name}AddressPrefixes": value}

    port = {"destinationPortRange": ports} if isinstance(ports, str) else {"destinationPortRanges": ports}
    return {
        "name": f"rule-{priority}",
        "properties": {
            "priority": priority,
            "direction": "Inbound",
            "access": access,
            "protocol": more.get("protocol", "Tcp"),
            "sourcePortRange": "*",
            **side("source", source),
            **side("destination", destination),
            **port,
        },
    }


def _controller_objects(settings: dict[str, str]) -> list[Object]:
    labels = {"app.kubernetes.io/name": "ingress-nginx"}
    container = {
        "name": "controller",
        "image": "registry.k8s.io/ingress-nginx/controller:v1.11.0",
        "args": [
            "/nginx-ingress-controller",
            "--controller-class=k8s.io/ingress-nginx",
            "--ingress-class=nginx",
            "--configmap=bench/settings",
            "--enable-annotation-validation=true",
        ],
        "ports": [{"name": "http", "containerPort": 80}, {"name": "https", "containerPort": 443}],
    }
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": "nginx"},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "controller", "namespace": "bench", "labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings", "namespace": "bench"},
            "data": settings,
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "passwords", "namespace": "bench"},
            "type": "Opaque",
        },
    ]


_POOL4 = (
    *("203.0.113.0/24", "203.0.113.0/25", "203.0.113.7/32", "198.51.100.0/24", "198.51.100.9/32", "198.51.100.128/26"),
    *("20.0.0.0/8", "52.160.0.0/11", "192.0.2.64/27", "203.0.112.0/22", "8.8.8.8/32", "100.100.0.0/16", "192.0.2.0/24"),
    *(
        "0.0.0.0/1",
        "128.0.0.0/1",
        "203.0.113.96/28",
        "52.166.0.0/16",
        "10.225.0.0/16",
        "10.224.7.0/24",
        "172.16.0.0/12",
    ),
)
_POOL6 = (
    *("2001:db8:7::/48", "2001:db8:7:1::/64", "2001:db8::/32", "2603:1020:200::/46", "2001:db8:9::9/128"),
    *("2000::/3", "fd00:1::/32", "2001:db8:7::7/128"),
)


def _prefix4(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return rng.choice(_POOL4)
    length = rng.choice((9, 12, 16, 20, 22, 24, 25, 28, 30, 31, 32))
    number = rng.randrange(11 << 24, 223 << 24) >> (32 - length) << (32 - length)
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}/{length}"


def _prefix6(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return rng.choice(_POOL6)
    length = rng.choice((40, 48, 56, 64, 96, 120, 128))
    number = (0x20010DB8 << 96 | rng.getrandbits(96)) >> (128 - length) << (128 - length)
    import ipaddress

    return f"{ipaddress.IPv6Address(number)}/{length}"
