"""Small estates that are realistic enough to be worth damaging, each with questions whose answers are known.

`SHOP` has every layer: a subnet group, the group that AKS manages, a load balancer, nodes, ingress-nginx with lists,
and a network policy. `MAIL` is a Service of type LoadBalancer and nothing else, so nearly everything is predicted.
`GATEWAY` is Envoy Gateway with a policy. `CLUSTER` is what `az` says of a cluster whose API server has authorized
ranges. `FRONTS` holds what the others leave out: an application gateway, effective rules, security admin rules, service
tags, a peering and routes, application security groups, pods with host ports, TCP services, certificates.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["CLUSTER", "ESTATES", "FRONTS", "GATEWAY", "MAIL", "SHOP", "SmallEstate", "write_file"]

Files = dict[str, Any]
"""By file name: a list of documents for YAML, one value for JSON."""


@dataclass(frozen=True)
class SmallEstate:
    """An estate as files, with questions that it answers ``allowed`` or ``denied`` while it is whole."""

    name: str
    files: Files
    allowed: tuple[tuple[str, str], ...]
    denied: tuple[tuple[str, str], ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """What is asked about."""
        return tuple(dict.fromkeys(target for _, target in (*self.allowed, *self.denied)))

    def copy(self) -> Files:
        """The files, free to be changed."""
        return copy.deepcopy(self.files)

    def write(self, folder: Path, files: Mapping[str, Any] | None = None) -> Path:
        """Write the files (or changed ones) into a folder."""
        for name, value in (self.files if files is None else files).items():
            write_file(folder / name, value)
        return folder


def write_file(path: Path, value: Any) -> None:
    """One file of an estate: YAML documents, JSON, or bytes as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else text_of(path.name, value).encode())


def text_of(name: str, value: Any) -> str:
    """The text of one file of an estate."""
    if name.endswith(".json"):
        return json.dumps(value, indent=1)
    # without aliases: each document says everything itself, as kubectl prints it
    return yaml.dump_all(value, Dumper=_Plain, sort_keys=False)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


# --- short ways to write objects --------------------------------------------------------------------------------------

_GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups"
_NETWORK = f"{_GROUP}/rg-shop/providers/Microsoft.Network"
_NODES = f"{_GROUP}/MC_rg-shop_shop_westeurope/providers"
_MACHINES = f"{_NODES}/Microsoft.Compute/virtualMachineScaleSets/aks-pool-1-vmss"
_SUBNET = f"{_NETWORK}/virtualNetworks/vnet/subnets/nodes"
_FRONT = "20.50.60.70"


def _object(kind: str, name: str, namespace: str = "", api: str = "v1", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata |= fields.pop("metadata", {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def _service(name: str, namespace: str, ports: list[dict[str, Any]], address: str = "", **spec: Any) -> dict[str, Any]:
    metadata = {key: spec.pop(key) for key in ("annotations", "labels") if key in spec}
    wanted = {"type": "LoadBalancer" if address else "ClusterIP", "clusterIP": "10.0.9.9", "ports": ports, **spec}
    found = _object("Service", name, namespace, metadata=metadata, spec=wanted)
    if address:
        found["status"] = {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}
    return found


def _slice(service: str, namespace: str, ports: list[tuple[str, int, str]], *where: tuple[str, str]) -> dict[str, Any]:
    return _object(
        "EndpointSlice",
        f"{service}-1",
        namespace,
        "discovery.k8s.io/v1",
        metadata={"labels": {"kubernetes.io/service-name": service}},
        addressType="IPv4",
        ports=[{"name": name, "port": port, "protocol": protocol} for name, port, protocol in ports],
        endpoints=[
            {"addresses": [address], "nodeName": node, "conditions": {"ready": True, "serving": True}}
            for address, node in where
        ],
    )


def _node(number: int) -> dict[str, Any]:
    name = f"aks-pool-1-vmss00000{number}"
    machine = f"{_MACHINES}/virtualMachines/{number}"
    return _object(
        "Node",
        name,
        metadata={"labels": {"kubernetes.azure.com/agentpool": "pool", "kubernetes.io/os": "linux"}},
        spec={"providerID": f"azure://{machine}", "podCIDR": f"10.244.{number}.0/24"},
        status={"addresses": [{"type": "InternalIP", "address": f"10.224.0.{number + 4}"}]},
    )


def _resource(kind: str, name: str, below: str, **properties: Any) -> dict[str, Any]:
    return {"id": f"{below}/{kind}/{name}", "name": name, "type": f"Microsoft.Network/{kind}", "properties": properties}


def _rule(name: str, priority: int, source: str | list[str], ports: list[str], **more: Any) -> dict[str, Any]:
    sources = {"sourceAddressPrefix": source} if isinstance(source, str) else {"sourceAddressPrefixes": source}
    properties = {
        "priority": priority,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRanges": ports,
        **sources,
        **more,
    }
    return {"name": name, "properties": properties}


def _reply(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"value": list(resources)}


# --- ingress-nginx with lists, behind every layer ---------------------------------------------------------------------

_NGINX = "nginx.ingress.kubernetes.io"
_LABELS = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}
_BALANCER = f"{_NODES}/Microsoft.Network/loadBalancers/kubernetes"
_MANAGED = f"{_NODES}/Microsoft.Network"


def _ingress(name: str, host: str, allowed: str, **annotations: str) -> dict[str, Any]:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    notes = {f"{_NGINX}/whitelist-source-range": allowed} if allowed else {}
    return _object(
        "Ingress",
        name,
        "shop",
        "networking.k8s.io/v1",
        metadata={"creationTimestamp": "2026-01-02T03:04:05Z", "annotations": {**notes, **annotations}},
        spec={
            "ingressClassName": "nginx",
            "tls": [{"hosts": [host], "secretName": "shop-tls"}],
            "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
        },
        status={"loadBalancer": {"ingress": [{"ip": _FRONT}]}},
    )


def _controller() -> list[dict[str, Any]]:
    arguments = [
        *("/nginx-ingress-controller", "--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller"),
        *("--controller-class=k8s.io/ingress-nginx", "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller"),
    ]
    container = {
        "name": "controller",
        "image": "registry.k8s.io/ingress-nginx/controller:v1.12.1",
        "args": arguments,
        "ports": [{"name": "http", "containerPort": 80}, {"name": "https", "containerPort": 443}],
    }
    template = {"metadata": {"labels": _LABELS}, "spec": {"containers": [container]}}
    ports = [
        {"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080, "protocol": "TCP"},
        {"name": "https", "port": 443, "targetPort": "https", "nodePort": 30443, "protocol": "TCP"},
    ]
    both = [("http", 80, "TCP"), ("https", 443, "TCP")]
    pods = [("10.244.0.8", "aks-pool-1-vmss000000"), ("10.244.1.8", "aks-pool-1-vmss000001")]
    name, namespace = "ingress-nginx-controller", "ingress-nginx"
    return [
        _object("Namespace", namespace, metadata={"labels": {"kubernetes.io/metadata.name": namespace}}),
        _object("IngressClass", "nginx", api="networking.k8s.io/v1", spec={"controller": "k8s.io/ingress-nginx"}),
        _object("ConfigMap", name, namespace, data={"ssl-redirect": "true", "use-forwarded-headers": "false"}),
        _object(
            "Deployment",
            name,
            namespace,
            "apps/v1",
            metadata={"labels": _LABELS},
            spec={"replicas": 2, "selector": {"matchLabels": _LABELS}, "template": template},
        ),
        _service(
            name,
            namespace,
            ports,
            _FRONT,
            selector=_LABELS,
            labels=_LABELS,
            externalTrafficPolicy="Local",
            healthCheckNodePort=31999,
            ipFamilies=["IPv4"],
        ),
        _slice(name, namespace, both, *pods),
    ]


def _applications() -> list[dict[str, Any]]:
    port = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    policy = {
        "podSelector": {"matchLabels": {"app": "web"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}],
                "ports": [{"port": 8080, "protocol": "TCP"}],
            }
        ],
    }
    return [
        _object("Namespace", "shop"),
        _object("Secret", "shop-tls", "shop", type="kubernetes.io/tls", data={"tls.crt": "eA==", "tls.key": "eA=="}),
        _service("web", "shop", port, selector={"app": "web"}),
        _service("admin", "shop", port, selector={"app": "admin"}),
        _slice("web", "shop", [("http", 8080, "TCP")], ("10.244.0.20", "aks-pool-1-vmss000000")),
        _slice("admin", "shop", [("http", 8080, "TCP")], ("10.244.1.21", "aks-pool-1-vmss000001")),
        _ingress("web", "shop.example.com", ""),
        _ingress("admin", "admin.example.com", "198.51.100.0/24, 203.0.113.7"),
        _object("NetworkPolicy", "web", "shop", "networking.k8s.io/v1", spec=policy),
    ]


def _cluster() -> dict[str, Any]:
    return {
        "id": f"{_GROUP}/rg-shop/providers/Microsoft.ContainerService/managedClusters/shop",
        "name": "shop",
        "type": "Microsoft.ContainerService/ManagedClusters",
        "location": "westeurope",
        "properties": {
            "kubernetesVersion": "1.33",
            "currentKubernetesVersion": "1.33.5",
            "fqdn": "shop-1.hcp.westeurope.azmk8s.io",
            "nodeResourceGroup": "MC_rg-shop_shop_westeurope",
            "agentPoolProfiles": [{"name": "pool", "count": 2, "vnetSubnetID": _SUBNET}],
            "networkProfile": {
                "networkPlugin": "azure",
                "networkPolicy": "calico",
                "podCidr": "10.244.0.0/16",
                "serviceCidr": "10.0.0.0/16",
                "outboundType": "loadBalancer",
                "loadBalancerProfile": {"effectiveOutboundIPs": [{"id": f"{_MANAGED}/publicIPAddresses/out"}]},
            },
            "apiServerAccessProfile": {"authorizedIPRanges": ["198.51.100.0/24", "203.0.113.7"]},
            "addonProfiles": {"omsagent": {"enabled": True}},
        },
    }


def _shop_azure() -> Files:
    groups = _reply(
        _resource(
            "networkSecurityGroups",
            "edge",
            _NETWORK,
            securityRules=[
                _rule("deny-bad", 100, ["192.0.2.0/24"], ["80", "443"], access="Deny"),
                _rule("allow-web", 110, "Internet", ["80", "443"], destinationAddressPrefix=_FRONT),
                _rule("allow-probes", 120, "AzureLoadBalancer", ["0-65535"], protocol="*"),
                _rule("deny-rest", 4096, "Internet", ["*"], access="deny", protocol="*"),
            ],
            subnets=[{"id": _SUBNET}],
        ),
        _resource(
            "networkSecurityGroups",
            "aks-agentpool-12345678-nsg",
            _MANAGED,
            securityRules=[
                _rule("k8s-azure-lb_allow_IPv4_1", 500, "Internet", ["80", "443"], destinationAddressPrefix=_FRONT)
            ],
        ),
    )
    frontend, pool, probe = (f"{_BALANCER}/{what}/a1" for what in ("frontendIPConfigurations", "pools", "probes"))
    rules = [
        {
            "name": f"a1-TCP-{port}",
            "properties": {
                "frontendIPConfiguration": {"id": frontend},
                "backendAddressPool": {"id": pool},
                "probe": {"id": probe},
                "protocol": "Tcp",
                "frontendPort": port,
                "backendPort": port,
                "enableFloatingIP": True,
            },
        }
        for port in (80, 443)
    ]
    balancer = _resource(
        "loadBalancers",
        "kubernetes",
        _MANAGED,
        frontendIPConfigurations=[
            {
                "id": frontend,
                "name": "a1",
                "properties": {"publicIPAddress": {"id": f"{_MANAGED}/publicIPAddresses/a1"}},
            }
        ],
        backendAddressPools=[
            {
                "id": pool,
                "name": "a1",
                "properties": {
                    "backendIPConfigurations": [{"id": f"{_MACHINES}/virtualMachines/{n}/x"} for n in (0, 1)]
                },
            }
        ],
        loadBalancingRules=rules,
        probes=[
            {
                "id": probe,
                "name": "a1",
                "properties": {"protocol": "Http", "port": 31999, "requestPath": "/healthz"},
            }
        ],
    )
    interface = {
        "name": "nic",
        "properties": {
            "networkSecurityGroup": {"id": f"{_MANAGED}/networkSecurityGroups/aks-agentpool-12345678-nsg"},
            "ipConfigurations": [{"name": "ipconfig1", "properties": {"subnet": {"id": _SUBNET}}}],
        },
    }
    machines = {
        "id": _MACHINES,
        "name": "aks-pool-1-vmss",
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "properties": {
            "virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": [interface]}},
        },
    }
    network = _resource(
        "virtualNetworks",
        "vnet",
        _NETWORK,
        addressSpace={"addressPrefixes": ["10.224.0.0/12"]},
        subnets=[
            {
                "id": _SUBNET,
                "name": "nodes",
                "properties": {
                    "addressPrefix": "10.224.0.0/16",
                    "networkSecurityGroup": {"id": f"{_NETWORK}/networkSecurityGroups/edge"},
                },
            }
        ],
    )
    return {
        "groups.json": groups,
        "balancer.json": _reply(balancer, _resource("publicIPAddresses", "a1", _MANAGED, ipAddress=_FRONT)),
        "machines.json": [machines],
        "network.json": network,
    }


SHOP = SmallEstate(
    "shop",
    {
        "controller.yaml": _controller(),
        "shop.yaml": _applications(),
        "nodes.json": {"apiVersion": "v1", "kind": "List", "items": [_node(0), _node(1)]},
        "cluster.json": _cluster(),
        **_shop_azure(),
    },
    allowed=(
        ("8.8.8.8", "https://shop.example.com/"),
        ("203.0.113.7", "https://admin.example.com/"),
        ("198.51.100.200", "https://admin.example.com/"),
        ("8.8.8.8", f"tcp://{_FRONT}:443"),
    ),
    denied=(
        ("192.0.2.9", "https://shop.example.com/"),
        ("8.8.8.8", "https://admin.example.com/"),
        ("2001:db8::9", "https://shop.example.com/"),
        ("8.8.8.8", "https://shop.example.com:8443/"),
    ),
)

# --- a Service of type LoadBalancer alone -----------------------------------------------------------------------------

MAIL = SmallEstate(
    "mail",
    {
        "mail.yaml": [
            _service(
                "mail",
                "post",
                [
                    {"name": "smtp", "port": 25, "targetPort": 2525, "nodePort": 30025, "protocol": "TCP"},
                    {"name": "dns", "port": 53, "targetPort": 5353, "nodePort": 30053, "protocol": "UDP"},
                ],
                "20.50.60.71",
                selector={"app": "mail"},
                annotations={
                    "service.beta.kubernetes.io/azure-allowed-ip-ranges": "198.51.100.0/24,2001:db8::/48",
                    "service.beta.kubernetes.io/azure-allowed-service-tags": "AzureMonitor",
                },
            ),
            _service(
                "relay",
                "post",
                [{"name": "smtp", "port": 587, "targetPort": "smtp", "nodePort": 30587, "protocol": "TCP"}],
                "20.50.60.72",
                selector={"app": "mail"},
                loadBalancerSourceRanges=["203.0.113.0/24"],
                externalTrafficPolicy="Local",
                healthCheckNodePort=31998,
            ),
        ]
    },
    allowed=(
        ("198.51.100.7", "tcp://20.50.60.71:25"),
        ("198.51.100.7", "udp://20.50.60.71:53"),
        ("203.0.113.9", "tcp://post/relay:587"),
    ),
    denied=(("8.8.8.8", "tcp://20.50.60.72:587"),),
)

# --- Envoy Gateway ----------------------------------------------------------------------------------------------------

_GATEWAY_API = "gateway.networking.k8s.io/v1"
_ENVOY_API = "gateway.envoyproxy.io/v1alpha1"


def _route(name: str, host: str) -> dict[str, Any]:
    return _object(
        "HTTPRoute",
        name,
        "shop",
        _GATEWAY_API,
        metadata={"creationTimestamp": "2026-01-02T03:04:05Z"},
        spec={
            "parentRefs": [{"name": "edge", "namespace": "shop"}],
            "hostnames": [host],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [{"name": name, "port": 80}],
                }
            ],
        },
    )


GATEWAY = SmallEstate(
    "gateway",
    {
        "gateway.yaml": [
            _object(
                "GatewayClass",
                "envoy",
                api=_GATEWAY_API,
                spec={"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
            ),
            _object(
                "Gateway",
                "edge",
                "shop",
                _GATEWAY_API,
                spec={
                    "gatewayClassName": "envoy",
                    "listeners": [{"name": "http", "port": 80, "protocol": "HTTP", "hostname": "*.example.com"}],
                },
                status={"addresses": [{"value": "20.50.60.73"}]},
            ),
            _service(
                "envoy-shop-edge",
                "envoy-gateway-system",
                [{"name": "http-80", "port": 80, "targetPort": 10080, "nodePort": 30081, "protocol": "TCP"}],
                "20.50.60.73",
                selector={"gateway.envoyproxy.io/owning-gateway-name": "edge"},
                labels={
                    "gateway.envoyproxy.io/owning-gateway-name": "edge",
                    "gateway.envoyproxy.io/owning-gateway-namespace": "shop",
                },
                externalTrafficPolicy="Local",
                healthCheckNodePort=31997,
            ),
            _route("web", "web.example.com"),
            _route("admin", "admin.example.com"),
            _object(
                "SecurityPolicy",
                "offices",
                "shop",
                _ENVOY_API,
                spec={
                    "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "admin"}],
                    "authorization": {
                        "defaultAction": "Deny",
                        "rules": [
                            {
                                "name": "offices",
                                "action": "Allow",
                                "principal": {"clientCIDRs": ["198.51.100.0/24", "203.0.113.7/32"]},
                            }
                        ],
                    },
                },
            ),
            _service("web", "shop", [{"port": 80, "targetPort": 8080}], selector={"app": "web"}),
            _service("admin", "shop", [{"port": 80, "targetPort": 8080}], selector={"app": "admin"}),
        ]
    },
    allowed=(
        ("8.8.8.8", "http://web.example.com/"),
        ("203.0.113.7", "http://admin.example.com/"),
    ),
    denied=(("8.8.8.8", "http://admin.example.com/"), ("8.8.8.8", "https://web.example.com/")),
)

# --- the API server ---------------------------------------------------------------------------------------------------

CLUSTER = SmallEstate(
    "cluster",
    {
        "cluster.json": _cluster(),
        "addresses.json": [_resource("publicIPAddresses", "out", _MANAGED, ipAddress="20.50.60.74")],
        "network.json": _reply(_shop_azure()["network.json"], _shop_azure()["groups.json"]["value"][0]),
    },
    allowed=(("198.51.100.7", "api-server"), ("203.0.113.7", "api-server/shop"), ("20.50.60.74", "api-server")),
    denied=(("8.8.8.8", "api-server"),),
)

# --- what the others leave out ----------------------------------------------------------------------------------------

_GATEWAY = f"{_NETWORK}/applicationGateways/front"
_ASG = f"{_NETWORK}/applicationSecurityGroups/web"


def _fronts_kubernetes() -> list[dict[str, Any]]:
    labels = {"app": "web"}
    ready = [{"type": "Ready", "status": "True"}]
    container = {"name": "web", "image": "web:1", "ports": [{"name": "http", "containerPort": 8080, "hostPort": 8081}]}
    solver = {"http01": {"ingress": {"ingressClassName": "nginx"}}}
    backend = {"service": {"name": "web", "port": {"name": "http"}}}
    old = {"serviceName": "web", "servicePort": "http"}
    return [
        _object(
            "Pod",
            "web-1",
            "shop",
            metadata={"labels": labels, "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}]},
            spec={"nodeName": "aks-pool-1-vmss000000", "containers": [container]},
            status={"phase": "Running", "podIP": "10.244.0.30", "podIPs": [{"ip": "10.244.0.30"}], "conditions": ready},
        ),
        _object(
            "Endpoints",
            "old",
            "shop",
            subsets=[{"addresses": [{"ip": "10.244.0.31"}], "ports": [{"name": "db", "port": 5432}]}],
        ),
        _service("old", "shop", [{"name": "db", "port": 5432}], selector={"app": "old"}),
        _service("web", "shop", [{"name": "http", "port": 80, "targetPort": "http"}], selector=labels),
        _object("ConfigMap", "tcp", "ingress-nginx", data={"5432": "shop/old:5432"}),
        _object("ConfigMap", "udp", "ingress-nginx", data={"53": "shop/old:db:PROXY"}),
        _object(
            "Ingress",
            "web",
            "shop",
            "networking.k8s.io/v1",
            metadata={
                "creationTimestamp": "2026-01-02T03:04:05Z",
                "annotations": {
                    f"{_NGINX}/use-regex": "true",
                    f"{_NGINX}/denylist-source-range": "192.0.2.0/24",
                    f"{_NGINX}/configuration-snippet": "deny 192.0.2.7;",
                    f"{_NGINX}/auth-secret": "basic",
                    f"{_NGINX}/auth-type": "basic",
                    f"{_NGINX}/satisfy": "any",
                    "cert-manager.io/cluster-issuer": "letsencrypt",
                },
            },
            spec={
                "ingressClassName": "nginx",
                "defaultBackend": backend,
                "rules": [
                    {
                        "host": "*.example.com",
                        "http": {
                            "paths": [
                                {"path": "/api/v[0-9]+", "pathType": "ImplementationSpecific", "backend": backend},
                                {"path": "/", "pathType": "Exact", "backend": backend},
                            ]
                        },
                    }
                ],
            },
        ),
        _object(
            "Ingress",
            "canary",
            "shop",
            "extensions/v1beta1",
            metadata={
                "creationTimestamp": "2026-01-03T03:04:05Z",
                "annotations": {
                    "kubernetes.io/ingress.class": "nginx",
                    f"{_NGINX}/canary": "true",
                    f"{_NGINX}/canary-weight": "20",
                },
            },
            spec={"rules": [{"host": "www.example.com", "http": {"paths": [{"path": "/", "backend": old}]}}]},
        ),
        _object("Secret", "basic", "shop", data={"auth": "eA=="}),
        _object(
            "ClusterIssuer",
            "letsencrypt",
            api="cert-manager.io/v1",
            spec={"acme": {"server": "https://acme.example.com", "solvers": [solver]}},
        ),
        _object(
            "Certificate",
            "web",
            "shop",
            "cert-manager.io/v1",
            spec={"dnsNames": ["www.example.com"], "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}},
        ),
        _object(
            "NginxIngressController",
            "default",
            api="approuting.kubernetes.azure.com/v1alpha1",
            spec={"ingressClassName": "webapprouting.kubernetes.azure.com", "controllerNamePrefix": "nginx"},
        ),
    ]


def _fronts_controller() -> list[dict[str, Any]]:
    """The controller of the shop, behind an internal load balancer and an application gateway that it trusts."""
    found = _controller()
    for each in found:
        if each["kind"] == "ConfigMap":
            each["data"] = {
                "use-forwarded-headers": "true",
                "proxy-real-ip-cidr": "10.225.0.0/24",
                "allow-snippet-annotations": "true",
                "annotations-risk-level": "Critical",
            }
        if each["kind"] == "Deployment":
            container = each["spec"]["template"]["spec"]["containers"][0]
            container["args"] += ["--tcp-services-configmap=ingress-nginx/tcp", "--udp-services-configmap=$(SPACE)/udp"]
            container["env"] = [{"name": "SPACE", "value": "ingress-nginx"}]
        if each["kind"] == "Service":
            each["metadata"]["annotations"] = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}
            each["status"]["loadBalancer"]["ingress"] = [{"ip": "10.224.0.100"}]
            each["spec"]["ports"].append({"name": "db", "port": 5432, "targetPort": 5432, "nodePort": 30432})
    return found


def _application_gateway() -> dict[str, Any]:
    def part(kind: str, name: str, **properties: Any) -> dict[str, Any]:
        return {"id": f"{_GATEWAY}/{kind}/{name}", "name": name, "properties": properties}

    def to(kind: str, name: str) -> dict[str, str]:
        return {"id": f"{_GATEWAY}/{kind}/{name}"}

    return _resource(
        "applicationGateways",
        "front",
        _NETWORK,
        gatewayIPConfigurations=[
            part("gatewayIPConfigurations", "g", subnet={"id": f"{_NETWORK}/virtualNetworks/vnet/subnets/front"})
        ],
        frontendIPConfigurations=[
            part("frontendIPConfigurations", "f", publicIPAddress={"id": f"{_NETWORK}/publicIPAddresses/front"})
        ],
        frontendPorts=[part("frontendPorts", "p", port=443)],
        backendAddressPools=[part("backendAddressPools", "b", backendAddresses=[{"ipAddress": "10.224.0.100"}])],
        backendHttpSettingsCollection=[part("backendHttpSettingsCollection", "s", port=80, protocol="Http")],
        httpListeners=[
            part(
                "httpListeners",
                "l",
                frontendIPConfiguration=to("frontendIPConfigurations", "f"),
                frontendPort=to("frontendPorts", "p"),
                protocol="Https",
                hostName="www.example.com",
            )
        ],
        requestRoutingRules=[
            part(
                "requestRoutingRules",
                "r",
                httpListener=to("httpListeners", "l"),
                backendAddressPool=to("backendAddressPools", "b"),
                backendHttpSettings=to("backendHttpSettingsCollection", "s"),
            )
        ],
    )


def _fronts_network() -> list[dict[str, Any]]:
    manager = f"{_NETWORK}/networkManagers/m/securityAdminConfigurations/c/ruleCollections/r/rules/always"
    interface = _resource(
        "networkInterfaces",
        "nic-0",
        _MANAGED,
        virtualMachine={"id": f"{_MACHINES}/virtualMachines/0"},
        networkSecurityGroup={"id": f"{_NETWORK}/networkSecurityGroups/own"},
        ipConfigurations=[
            {
                "name": "ip",
                "properties": {
                    "privateIPAddress": "10.224.0.4",
                    "subnet": {"id": _SUBNET},
                    "publicIPAddress": {"id": f"{_MANAGED}/publicIPAddresses/node"},
                    "applicationSecurityGroups": [{"id": _ASG}],
                },
            }
        ],
    )
    network = _resource(
        "virtualNetworks",
        "vnet",
        _NETWORK,
        addressSpace={"addressPrefixes": ["10.224.0.0/12"]},
        subnets=[
            {
                "id": _SUBNET,
                "name": "nodes",
                "properties": {
                    "addressPrefixes": ["10.224.0.0/16"],
                    "routeTable": {"id": f"{_NETWORK}/routeTables/hub"},
                    "natGateway": {"id": f"{_NETWORK}/natGateways/out"},
                },
            }
        ],
        virtualNetworkPeerings=[
            {
                "name": "hub",
                "properties": {
                    "peeringState": "Connected",
                    "allowVirtualNetworkAccess": True,
                    "remoteVirtualNetwork": {"id": f"{_NETWORK}/virtualNetworks/hub"},
                    "remoteAddressSpace": {"addressPrefixes": ["10.50.0.0/16"]},
                },
            }
        ],
    )
    return [
        network,
        {
            "id": f"{_NETWORK}/virtualNetworks/vnet/subnets/front",
            "name": "front",
            "properties": {"addressPrefix": "10.225.0.0/24"},
        },
        _resource(
            "networkSecurityGroups",
            "own",
            _NETWORK,
            securityRules=[
                _rule(
                    "web",
                    100,
                    "AzureCloud",
                    ["80"],
                    destinationApplicationSecurityGroups=[{"id": _ASG}],
                    destinationAddressPrefix="",
                ),
                _rule("inside", 110, ["VirtualNetwork"], ["0-65535"], protocol="*"),
                _rule("ephemeral", 120, "*", ["8081"], sourcePortRange="1000-2000"),
            ],
            defaultSecurityRules=[
                _rule("DenyAllInBound", 65500, "*", ["*"], access="Deny", protocol="*"),
            ],
        ),
        {
            "id": manager,
            "name": "always",
            "type": "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules",
            "kind": "Custom",
            "properties": {
                "priority": 10,
                "access": "AlwaysAllow",
                "direction": "Inbound",
                "protocol": "Tcp",
                "sources": [{"addressPrefix": "203.0.113.0/24", "addressPrefixType": "IPPrefix"}],
                "destinations": [{"addressPrefix": "*", "addressPrefixType": "IPPrefix"}],
                "sourcePortRanges": ["0-65535"],
                "destinationPortRanges": ["80", "443", "8081"],
            },
        },
        _resource(
            "routeTables", "hub", _NETWORK, routes=[{"name": "r", "properties": {"addressPrefix": "10.60.0.0/16"}}]
        ),
        _resource("natGateways", "out", _NETWORK, publicIpAddresses=[{"id": f"{_MANAGED}/publicIPAddresses/out"}]),
        _resource("publicIPPrefixes", "pool", _NETWORK, ipPrefix="20.50.61.0/28"),
        _resource("publicIPAddresses", "front", _NETWORK, ipAddress="20.50.60.80"),
        interface,
        _application_gateway(),
    ]


def _effective() -> dict[str, Any]:
    rule = {
        "name": "securityRules/web",
        "protocol": "Tcp",
        "sourcePortRange": "0-65535",
        "destinationPortRange": "80-80",
        "sourceAddressPrefix": "AzureCloud",
        "sourceAddressPrefixes": ["AzureCloud"],
        "destinationAddressPrefix": "10.224.0.4/32",
        "expandedSourceAddressPrefix": ["20.0.0.0/8"],
        "access": "Allow",
        "priority": 100,
        "direction": "Inbound",
    }
    return {
        "value": [
            {
                "networkSecurityGroup": {"id": f"{_NETWORK}/networkSecurityGroups/elsewhere"},
                "association": {"subnet": {"id": _SUBNET}},
                "effectiveSecurityRules": [rule],
                "tagMap": {"VirtualNetwork": ["10.224.0.0/12", "10.50.0.0/16", "168.63.129.16/32"]},
            }
        ]
    }


def _tags() -> dict[str, Any]:
    properties = {"addressPrefixes": ["20.0.0.0/8", "2603:1000::/24"]}
    return {"changeNumber": 1, "cloud": "Public", "values": [{"name": "AzureCloud", "properties": properties}]}


def _public_node() -> dict[str, Any]:
    found = _node(0)
    found["status"]["addresses"].append({"type": "ExternalIP", "address": "20.50.60.81"})
    return found


FRONTS = SmallEstate(
    "fronts",
    {
        "controller.yaml": _fronts_controller(),
        "web.yaml": _fronts_kubernetes(),
        "nodes.json": {"apiVersion": "v1", "kind": "List", "items": [_public_node(), _node(1)]},
        "network.json": _fronts_network(),
        "effective.json": _effective(),
        "tags.json": _tags(),
        "cluster.json": _cluster(),
    },
    allowed=(
        ("203.0.113.7", "https://www.example.com/"),
        ("10.50.0.9", "http://www.example.com/"),
        ("203.0.113.7", "tcp://20.50.60.81:8081"),
    ),
    denied=(("8.8.8.8", "http://www.example.com/"),),
)

ESTATES = {each.name: each for each in (SHOP, MAIL, GATEWAY, CLUSTER, FRONTS)}
