"""Large estates: many applications, each with a list of its own, behind security groups as large as Azure takes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

__all__ = ["FRONTEND", "big_rules", "write"]

FRONTEND = "20.50.60.70"
_GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/bench/providers"
_SUBNET = f"{_GROUP}/Microsoft.Network/virtualNetworks/vnet/subnets/aks"
_EDGE = f"{_GROUP}/Microsoft.Network/networkSecurityGroups/edge"
_MANAGED = f"{_GROUP}/Microsoft.Network/networkSecurityGroups/aks-agentpool-10000000-nsg"
_SCALE_SET = f"{_GROUP}/Microsoft.Compute/virtualMachineScaleSets/aks-pool-vmss"


def write(folder: Path, applications: int, seed: int = 7) -> None:
    """An estate of applications, each with its own list of 50 ranges, behind 1,000 security rules."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    objects = [*_controller(), *_nodes(3)]
    for number in range(applications):
        objects += _application(number, rng)
    (folder / "objects.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    (folder / "network.json").write_text(json.dumps([*_network(), _edge(rng), _managed()]))


def big_rules(rng: random.Random, rules: int = 1000, large: int = 10, prefixes: int = 4000) -> list[dict[str, Any]]:
    """Security rules towards the frontend of which a few hold thousands of prefixes; the last ones admit the rest."""
    found = []
    for number in range(rules):
        many = number % (rules // large) == 0
        sources = sorted({_network_of(rng, 16, 28) for _ in range(prefixes if many else 3)})
        found.append(
            _rule(f"r{number}", 100 + number, "Allow" if number % 3 else "Deny", sources, FRONTEND, ["80", "443"])
        )
    return found


def _application(number: int, rng: random.Random) -> list[dict[str, Any]]:
    name = f"app-{number:05d}"
    ranges = ",".join(_network_of(rng, 20, 32) for _ in range(50))
    backend = {"service": {"name": name, "port": {"number": 80}}}
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": name,
                "namespace": "apps",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "annotations": {"nginx.ingress.kubernetes.io/whitelist-source-range": ranges},
            },
            "spec": {
                "ingressClassName": "nginx",
                "tls": [{"hosts": [f"{name}.example.com"], "secretName": name}],
                "rules": [
                    {
                        "host": f"{name}.example.com",
                        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
                    }
                ],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": "apps"},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    ]


def _controller() -> list[dict[str, Any]]:
    labels = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}
    container = {
        "name": "controller",
        "image": "registry.k8s.io/ingress-nginx/controller:v1.13.9",
        "args": ["/nginx-ingress-controller", "--ingress-class=nginx", "--controller-class=k8s.io/ingress-nginx"],
        "ports": [{"name": "http", "containerPort": 80}, {"name": "https", "containerPort": 443}],
    }
    meta = {"name": "ingress-nginx-controller", "namespace": "ingress-nginx", "labels": labels}
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
            "metadata": meta,
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**meta, "uid": "0f0c2b7d-9e61-348a-a5b2-c3d4e5f60718"},
            "spec": {
                "type": "LoadBalancer",
                "externalTrafficPolicy": "Local",
                "healthCheckNodePort": 32000,
                "selector": labels,
                "ports": [
                    {"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080},
                    {"name": "https", "port": 443, "targetPort": "https", "nodePort": 30443},
                ],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": FRONTEND}]}},
        },
    ]


def _nodes(count: int) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"aks-pool-{number}", "labels": {"kubernetes.azure.com/agentpool": "pool"}},
            "spec": {"providerID": f"azure://{_SCALE_SET}/virtualMachines/{number}"},
            "status": {"addresses": [{"type": "InternalIP", "address": f"10.224.0.{4 + number}"}]},
        }
        for number in range(count)
    ]


def _network() -> list[dict[str, Any]]:
    configuration = {"name": "ip", "properties": {"subnet": {"id": _SUBNET}}}
    interface = {
        "name": "nic",
        "properties": {"networkSecurityGroup": {"id": _MANAGED}, "ipConfigurations": [configuration]},
    }
    subnet = {
        "id": _SUBNET,
        "name": "aks",
        "properties": {"addressPrefix": "10.224.0.0/16", "networkSecurityGroup": {"id": _EDGE}},
    }
    return [
        {
            "id": f"{_GROUP}/Microsoft.Network/virtualNetworks/vnet",
            "name": "vnet",
            "type": "Microsoft.Network/virtualNetworks",
            "properties": {"addressSpace": {"addressPrefixes": ["10.224.0.0/12"]}, "subnets": [subnet]},
        },
        {
            "id": _SCALE_SET,
            "name": "aks-pool-vmss",
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "properties": {
                "virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": [interface]}}
            },
        },
    ]


def _edge(rng: random.Random) -> dict[str, Any]:
    rules = big_rules(rng, 998)
    rules.append(_rule("probes", 3000, "Allow", ["AzureLoadBalancer"], "*", ["*"]))
    rules.append(_rule("web", 3001, "Allow", ["Internet"], FRONTEND, ["80", "443"]))
    return _security_group(_EDGE, rules)


def _managed() -> dict[str, Any]:
    name = "k8s-azure-lb_allow_IPv4_556f7044ec033071ec0dfcf7cd85bc93"
    return _security_group(_MANAGED, [_rule(name, 500, "Allow", ["Internet"], FRONTEND, ["443", "80"])])


def _security_group(identity: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": identity,
        "name": identity.rpartition("/")[2],
        "type": "Microsoft.Network/networkSecurityGroups",
        "properties": {"securityRules": rules},
    }


def _rule(
    name: str, priority: int, access: str, sources: list[str], destination: str, ports: list[str]
) -> dict[str, Any]:
    source = {"sourceAddressPrefix": sources[0]} if len(sources) == 1 else {"sourceAddressPrefixes": sources}
    return {
        "name": name,
        "properties": {
            "priority": priority,
            "direction": "Inbound",
            "access": access,
            "protocol": "Tcp",
            **source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": destination,
            "destinationPortRanges": ports,
        },
    }


def _network_of(rng: random.Random, shortest: int, longest: int) -> str:
    length = rng.randint(shortest, longest)
    number = rng.randrange(1 << 24, 0xDF000000) >> (32 - length) << (32 - length)
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}/{length}"
