"""A small cluster for the tests of kube-proxy: two nodes, one Service ``shop/web``, and questions to its node.

Objects are written as dicts and read as the product reads them, so a test sees the real way from a manifest to an
answer. An answer is a set of short texts: ``web-1 sees 10.1.0.4``, ``timeout``, ``refused``, ``leaves the node``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aksess.addresses import AddressSet, read_address
from aksess.estate import Estate
from aksess.estate.kubernetes import Service
from aksess.layers.kube_proxy import Arrival, ClusterNetwork, Delivery, Endpoints, Handling, handle, healthy
from aksess.rulings import Effect, Ruling
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.snapshot import Snapshot

FRONTEND, FRONTEND6 = "20.1.2.3", "2001:db8:f::3"
CLIENT, CLIENT6 = "203.0.113.9", "2001:db8:c::9"
ONE, ONE6, TWO, TWO6 = "10.1.0.4", "fd01::4", "10.1.0.5", "fd01::5"
GATEWAY, GATEWAY6 = "10.9.1.1", "fd09:1::1"
POD_OF_ONE, POD_OF_TWO = "10.9.1.77", "10.9.2.77"
PODS = AddressSet.of("10.9.0.0/16", "fd09::/32")
NODE_PORT, HEALTH_PORT = 30080, 30999


def node(name: str = "one", number: int = 1, *addresses: str, **more: Any) -> dict[str, Any]:
    own = addresses or (f"10.1.0.{number + 3}", f"fd01::{number + 3}")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": more.get("labels", {})},
        "spec": {
            "podCIDRs": [f"10.9.{number}.0/24", f"fd09:{number}::/64"],
            "taints": [{"key": each, "effect": "NoSchedule"} for each in more.get("taints", ())],
        },
        "status": {"addresses": [{"type": more.get("type", "InternalIP"), "address": each} for each in own]},
    }


NODES = [node("one", 1), node("two", 2)]


def service(**more: Any) -> dict[str, Any]:
    """``shop/web`` as read back from a cluster, dual-stack; keywords change its spec, ``None`` takes a field away."""
    metadata = {"name": "web", "namespace": "shop", "uid": "u"} | more.pop("metadata", {})
    status = more.pop("status", [{"ip": FRONTEND}, {"ip": FRONTEND6}])
    spec = {
        "type": "LoadBalancer",
        "clusterIPs": ["10.0.0.80", "fd00::80"],
        "ipFamilies": ["IPv4", "IPv6"],
        "selector": {"app": "web"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080, "nodePort": NODE_PORT}],
        "externalTrafficPolicy": "Cluster",
        "healthCheckNodePort": HEALTH_PORT,
    } | more
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {key: value for key, value in spec.items() if value is not None},
        "status": {"loadBalancer": {"ingress": status}},
    }


def endpoint(address: str, on: str, pod: str, **conditions: bool) -> dict[str, Any]:
    return {
        "addresses": [address],
        "nodeName": on,
        "targetRef": {"kind": "Pod", "namespace": "shop", "name": pod},
        "conditions": conditions,
    }


def endpoint_slice(*endpoints: dict[str, Any], family: str = "IPv4", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": more.get("name", f"web-{family}"),
            "namespace": "shop",
            "labels": {"kubernetes.io/service-name": "web"},
        },
        "addressType": family,
        "ports": more.get("ports", [{"name": "http", "port": 8080, "protocol": "TCP"}]),
        "endpoints": list(endpoints),
    }


ON_ONE, ON_TWO = endpoint("10.9.1.11", "one", "web-1"), endpoint("10.9.2.22", "two", "web-2")
SLICES = [
    endpoint_slice(ON_ONE, ON_TWO),
    endpoint_slice(endpoint("fd09:1::11", "one", "web-1"), endpoint("fd09:2::22", "two", "web-2"), family="IPv6"),
]


class World:
    """An estate, its Service ``shop/web``, and how kube-proxy runs.

    Nodes, slices and the Service are added where the objects hold none; ``nodes=[]`` and ``slices=[]`` leave them out.
    """

    def __init__(
        self,
        *objects: dict[str, Any],
        mode: Any = "nftables",
        pod_side: Any = "bridge",
        nodes: Sequence[dict[str, Any]] = NODES,
        slices: Sequence[dict[str, Any]] = SLICES,
    ) -> None:
        kinds = {each["kind"] for each in objects}
        whole = [*objects]
        whole += [] if "Node" in kinds else nodes
        whole += [] if "EndpointSlice" in kinds else slices
        whole += [] if "Service" in kinds else [service()]
        self.estate = read(*whole)
        self.service: Service = self.estate.services[("shop", "web")]
        self.endpoints = Endpoints.of(self.estate, self.service)
        self.cluster = ClusterNetwork(tuple(self.estate.nodes.values()), PODS, mode=mode, pod_side=pod_side)

    def cells(self, kind: Any = "frontend", *, on: str | None = "one", port: int = 0, **more: Any) -> Handling:
        """The whole answer of a node."""
        if isinstance(more.get("address"), str):
            more["address"] = read_address(more["address"])
        at = self.estate.nodes[on] if on else None
        return handle(self.service, self.service.ports[port], Arrival(kind, **more), self.endpoints, at, self.cluster)

    def ask(self, source: str, kind: Any = "frontend", **more: Any) -> set[str]:
        """What happens to one source."""
        address = read_address(source)
        assert address is not None
        (found,) = [each.alternatives for each in self.cells(kind, family=address.family, **more) if address in each[0]]
        return {text for each in found for text in texts(each, source)}

    def healthy(self, family: int = 4) -> list[str]:
        """The nodes that the load balancer sends to."""
        nodes = self.estate.nodes
        return [each for each in nodes if healthy(self.service, nodes[each], self.endpoints, family)]


def read(*objects: dict[str, Any]) -> Estate:
    collector = Collector()
    for number, value in enumerate(objects, start=1):
        collector.take(value, StoredPlace("cluster.yaml", number))
    return Estate.of(Snapshot.of(collector))


def texts(each: Delivery | Ruling, source: str) -> list[str]:
    if isinstance(each, Delivery):
        seen = source if each.seen is None else " ".join(each.seen.to_cidrs()).removesuffix("/32").removesuffix("/128")
        return [f"{one.pod[1] if one.pod else 'a pod'} sees {seen}" for one in each.endpoints]
    if each.effect is None:
        return ["leaves the node"]
    return [str(each.status) if each.effect is Effect.ANSWERED else str(each.effect)]
