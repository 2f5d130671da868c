"""Small estates, written by what differs: a controller, Ingresses, Services, security groups, a cluster.

Every function gives objects as `kubectl` or `az` prints them; `findings` audits some of them together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aksess.checks.interface import Finding
from checks.pages import findings_of

__all__ = [
    "ADDRESS",
    "ADDRESS_6",
    "MANAGED",
    "OFFICE",
    "PARTNER",
    "Item",
    "backend",
    "cluster",
    "config_map",
    "endpoints",
    "findings",
    "gateway",
    "group",
    "ingress",
    "load_balancer",
    "network",
    "nginx",
    "node",
    "public_address",
    "rule",
    "slugs",
    "workload",
]

Item = dict[str, Any]

ADDRESS, ADDRESS_6 = "20.50.60.70", "2001:db8:60::70"
OFFICE, PARTNER = "203.0.113.0/24", "198.51.100.0/24"
MANAGED = "aks-agentpool-12345678-nsg"

_NGINX = {"app.kubernetes.io/name": "ingress-nginx"}
_NAME = "ingress-nginx-controller"
_ANNOTATION = "nginx.ingress.kubernetes.io/"
_GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop"
_NETWORK = f"{_GROUP}/providers/Microsoft.Network"
_SUBNET = f"{_NETWORK}/virtualNetworks/vnet/subnets/aks"


def findings(items: Iterable[Item], folder: Path) -> tuple[Finding, ...]:
    """What the checks find in objects of Kubernetes and of Azure."""
    kubernetes = [item for item in items if "kind" in item]
    azure = [item for item in items if "kind" not in item]
    files = {"kubernetes.json": {"apiVersion": "v1", "kind": "List", "items": kubernetes}, "azure.json": azure}
    return findings_of({name: json.dumps(value) for name, value in files.items() if value}, folder)


def slugs(items: Iterable[Item], folder: Path) -> set[str]:
    """The checks that find something."""
    return {finding.check for finding in findings(items, folder)}


# --- Kubernetes -------------------------------------------------------------------------------------------------------


def _object(kind: str, name: str, namespace: str = "", api: str = "v1", **fields: Any) -> Item:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **fields.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def load_balancer(
    name: str,
    *,
    addresses: Iterable[str] = (ADDRESS,),
    ports: Iterable[Item] = ({"name": "https", "port": 443, "nodePort": 30443},),
    notes: Item | None = None,
    namespace: str = "shop",
    labels: Item | None = None,
    selector: Item | None = None,
    **spec: Any,
) -> Item:
    """A Service of type LoadBalancer."""
    spec = {"type": "LoadBalancer", "selector": selector or {"app": name}, "ports": list(ports), **spec}
    return _object(
        *("Service", name, namespace),
        metadata={"annotations": _notes(notes), "labels": labels or {}},
        spec=spec,
        status={"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}},
    )


def nginx(policy: str = "Local", **fields: Any) -> Item:
    """The Service of an ingress-nginx controller."""
    named = {"namespace": "ingress-nginx", "labels": _NGINX, "selector": _NGINX, **fields}
    return load_balancer(_NAME, externalTrafficPolicy=policy, **named)


def workload(*arguments: str, image: str = "registry.k8s.io/ingress-nginx/controller:v1.11.1") -> Item:
    """Its Deployment."""
    container = {"name": "controller", "image": image, "args": ["/nginx-ingress-controller", *arguments]}
    spec = {"template": {"metadata": {"labels": _NGINX}, "spec": {"containers": [container]}}}
    return _object("Deployment", _NAME, "ingress-nginx", "apps/v1", spec=spec)


def config_map(**data: str) -> Item:
    """Its ConfigMap; underscores stand for dashes."""
    return _object("ConfigMap", _NAME, "ingress-nginx", data={key.replace("_", "-"): data[key] for key in data})


def ingress(
    name: str,
    host: str = "admin.example.com",
    path: str = "/",
    *,
    allow: str | None = None,
    notes: Item | None = None,
    kind: str = "Prefix",
    service: str = "",
    created: int = 1,
    class_name: str = "nginx",
    tls: bool = False,
) -> Item:
    """An Ingress with one path; ``allow`` is its allow list, ``created`` its age in days of January 2026."""
    notes = {**({f"{_ANNOTATION}whitelist-source-range": allow} if allow is not None else {}), **(notes or {})}
    aimed = {"service": {"name": service or name, "port": {"number": 80}}}
    rules = [{"host": host, "http": {"paths": [{"path": path, "pathType": kind, "backend": aimed}]}}]
    spec = {"ingressClassName": class_name, "rules": rules}
    if tls:
        spec["tls"] = [{"hosts": [host], "secretName": f"{name}-tls"}]
    metadata = {"annotations": _notes(notes), "creationTimestamp": f"2026-01-{created:02}T08:00:00Z"}
    return _object("Ingress", name, "shop", "networking.k8s.io/v1", metadata=metadata, spec=spec)


def backend(name: str, **selector: str) -> Item:
    """A Service of type ClusterIP."""
    return _object("Service", name, "shop", spec={"selector": selector or {"app": name}, "ports": [{"port": 80}]})


def node(name: str, address: str, public: str = "") -> Item:
    """A node."""
    addresses = [{"type": "InternalIP", "address": address}]
    if public:
        addresses.append({"type": "ExternalIP", "address": public})
    return _object("Node", name, status={"addresses": addresses})


def endpoints(service: str, *nodes: str, namespace: str = "shop", port: Item | None = None) -> Item:
    """An EndpointSlice with one ready pod on each of the nodes."""
    found = [
        {"addresses": [f"10.244.0.{number}"], "nodeName": name, "conditions": {"ready": True}}
        for number, name in enumerate(nodes, 5)
    ]
    metadata = {"labels": {"kubernetes.io/service-name": service}}
    return _object(
        *("EndpointSlice", f"{service}-1", namespace, "discovery.k8s.io/v1"),
        metadata=metadata,
        addressType="IPv4",
        ports=[port or {"name": "https", "port": 443}],
        endpoints=found,
    )


def _notes(notes: Item | None) -> Item:
    """Annotations, where a key without a prefix is one of the cloud provider."""
    return {key if "/" in key else f"service.beta.kubernetes.io/{key}": value for key, value in (notes or {}).items()}


# --- Azure ------------------------------------------------------------------------------------------------------------


def rule(
    name: str,
    priority: int,
    source: str | list[str] = "*",
    destination: str | list[str] = "*",
    port: str | list[str] = "*",
    *,
    access: str = "Allow",
    protocol: str = "*",
    direction: str = "Inbound",
    **fields: Any,
) -> Item:
    """A security rule, as `az` prints it."""
    found = {"name": name, "priority": priority, "access": access, "protocol": protocol, "direction": direction}
    found |= {"sourcePortRange": "*"}
    for key, value in (("sourceAddressPrefix", source), ("destinationAddressPrefix", destination)):
        found |= {key: value} if isinstance(value, str) else {f"{key}es": value}
    found |= {"destinationPortRange": port} if isinstance(port, str) else {"destinationPortRanges": port}
    return {**found, **fields}


def group(*rules: Item, name: str = MANAGED) -> Item:
    """A security group: the one that AKS manages, unless it is named."""
    return {
        "id": f"{_NETWORK}/networkSecurityGroups/{name}",
        "name": name,
        "type": "Microsoft.Network/networkSecurityGroups",
        "securityRules": list(rules),
    }


def network(*rules: Item, default_route: bool = False, route: str = "0.0.0.0/0") -> list[Item]:
    """A virtual network with one subnet, on which a group with some rules hangs where there are any."""
    subnet: Item = {"id": _SUBNET, "name": "aks", "addressPrefix": "10.224.0.0/16"}
    found: list[Item] = []
    if rules:
        found.append(group(*rules, name="edge"))
        subnet["networkSecurityGroup"] = {"id": found[0]["id"]}
    if default_route:
        routes = [{"name": "out", "addressPrefix": route, "nextHopType": "VirtualAppliance"}]
        table = {"id": f"{_NETWORK}/routeTables/egress", "name": "egress", "type": "Microsoft.Network/routeTables"}
        found.append({**table, "routes": routes})
        subnet["routeTable"] = {"id": table["id"]}
    whole = {"id": f"{_NETWORK}/virtualNetworks/vnet", "name": "vnet", "type": "Microsoft.Network/virtualNetworks"}
    return [{**whole, "addressSpace": {"addressPrefixes": ["10.224.0.0/12"]}, "subnets": [subnet]}, *found]


def public_address(name: str, address: str) -> Item:
    """A public address."""
    kind = "Microsoft.Network/publicIPAddresses"
    return {"id": f"{_NETWORK}/publicIPAddresses/{name}", "name": name, "type": kind, "ipAddress": address}


def cluster(*, ranges: Iterable[str] | None = (OFFICE,), api: Item | None = None, **fields: Any) -> Item:
    """An AKS cluster with authorized ranges and run command off; ``fields`` as `az aks show` prints them."""
    profile = {"disableRunCommand": True, **({"authorizedIPRanges": list(ranges)} if ranges is not None else {})}
    return {
        "id": f"{_GROUP}/providers/Microsoft.ContainerService/managedClusters/shop",
        "name": "shop",
        "type": "Microsoft.ContainerService/managedClusters",
        "location": "westeurope",
        "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay", "podCidr": "10.244.0.0/16"},
        "apiServerAccessProfile": {**profile, **(api or {})},
        **fields,
    }


def gateway(backend: str = ADDRESS) -> list[Item]:
    """An application gateway in a subnet of its own that forwards everything on 443 to a frontend."""
    whole = f"{_NETWORK}/applicationGateways/front"
    subnet = f"{_NETWORK}/virtualNetworks/hub/subnets/gateways"
    part = {kind: {"id": f"{whole}/{kind}/it"} for kind in ("ip", "port", "pool", "settings", "listener")}
    listener = {"frontendIPConfiguration": part["ip"], "frontendPort": part["port"], "protocol": "Https"}
    rules = {"backendAddressPool": part["pool"], "backendHttpSettings": part["settings"]}
    public = public_address("front", "20.50.60.80")
    hub = {"id": f"{_NETWORK}/virtualNetworks/hub", "name": "hub", "type": "Microsoft.Network/virtualNetworks"}
    return [
        public,
        {
            **hub,
            "addressSpace": {"addressPrefixes": ["10.225.0.0/16"]},
            "subnets": [{"id": subnet, "name": "gateways", "addressPrefix": "10.225.0.0/24"}],
        },
        {
            "id": whole,
            "name": "front",
            "type": "Microsoft.Network/applicationGateways",
            "gatewayIPConfigurations": [{"subnet": {"id": subnet}}],
            "frontendIPConfigurations": [{**part["ip"], "publicIPAddress": {"id": public["id"]}}],
            "frontendPorts": [{**part["port"], "port": 443}],
            "backendAddressPools": [{**part["pool"], "backendAddresses": [{"ipAddress": backend}]}],
            "backendHttpSettingsCollection": [{**part["settings"], "port": 443, "protocol": "Https"}],
            "httpListeners": [{**part["listener"], **listener}],
            "requestRoutingRules": [{"name": "all", "httpListener": part["listener"], **rules}],
        },
    ]
