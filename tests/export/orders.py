"""Small orders for tests of exports: a security group, a cluster, a few objects, and changes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from aksess.export.interface import Exported, Order
from aksess.plan.changes import Change, Resource
from aksess.rulings import Layer
from aksess.snapshot import Snapshot
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
BECAUSE = ("AccessPolicy shop/offices-only",)
LIST = "nginx.ingress.kubernetes.io/whitelist-source-range"
DENY_ALL = "service.beta.kubernetes.io/azure-deny-all-except-load-balancer-source-ranges"

# Nothing may hold NUL: no shell can pass it on, and neither Azure nor Kubernetes takes it.
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    st.text(st.sampled_from("a'\"\\${}%@-=?,[]<>()#/ \n\r\t\u2028\u202e"), max_size=30),
)


def azure(kind: str, name: str, group: str = "shop-network", subscription: str = SUBSCRIPTION) -> Resource:
    return Resource(kind, name, id=f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}")


def group(name: str = "edge", **more: str) -> Resource:
    return azure("Microsoft.Network/networkSecurityGroups", name, **more)


CLUSTER = azure("Microsoft.ContainerService/managedClusters", "shop", "shop")
INGRESS = Resource("Ingress", "web", "shop", "networking.k8s.io/v1")
SERVICE = Resource("Service", "direct", "shop", "v1")


def rule(name: str, priority: int, *sources: str, **more: Any) -> dict[str, Any]:
    """A rule as the API of Azure writes it."""
    source = {"sourceAddressPrefix": sources[0]} if len(sources) == 1 else {"sourceAddressPrefixes": list(sources)}
    return {
        "name": name,
        "priority": priority,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        **source,
        "sourcePortRange": "*",
        "destinationAddressPrefix": "20.50.60.70",
        "destinationPortRanges": ["80", "443"],
        **more,
    }


def rule_change(before: Any, after: Any, resource: Resource | None = None) -> Change:
    name = (after or before)["name"]
    return Change(Layer.SUBNET_NSG, resource or group(), ("securityRules", name), before, after, BECAUSE)


def ranges_change(before: Any, after: Any) -> Change:
    return Change(Layer.API_SERVER, CLUSTER, ("apiServerAccessProfile", "authorizedIPRanges"), before, after, BECAUSE)


def object_change(resource: Resource, path: Sequence[str | int], before: Any, after: Any) -> Change:
    return Change(Layer.CONTROLLER, resource, tuple(path), before, after, BECAUSE)


def listed(before: str | None, after: str | None, resource: Resource = INGRESS) -> Change:
    return object_change(resource, ("metadata", "annotations", LIST), before, after)


OPENED = rule_change(None, rule("aksess-web", 100, "198.51.100.0/24", "203.0.113.0/24", description="Berlin's ${x}"))
NARROWED = rule_change(rule("web", 110, "Internet"), rule("web", 110, "VirtualNetwork"))
CLOSED = rule_change(rule("old", 120, "*", protocol="*"), None)
RANGES = ranges_change(None, ["203.0.113.0/24", "198.51.100.7/32"])
LISTED = listed(None, "203.0.113.0/24")


def manifest(resource: Resource, metadata: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An object; its namespace is left out where it is the default."""
    named: dict[str, Any] = {"name": resource.name, "namespace": resource.namespace}
    if resource.namespace == "default":
        del named["namespace"]
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {**named, **(metadata or {})},
        **more,
    }


def snapshot(*manifests: dict[str, Any]) -> Snapshot:
    collector = Collector()
    for number, each in enumerate(manifests, 1):
        collector.take(each, StoredPlace("estate.json", number))
    return Snapshot.of(collector)


def order(*changes: Change, of: Sequence[dict[str, Any]] = ()) -> Order:
    return Order(changes, snapshot(*of), (), ())


def exported(files: Callable[[Order], Iterator[Exported]], asked: Order) -> dict[str, str]:
    return {each.path: each.text for each in files(asked)}


def written(texts: dict[str, str], folder: Path) -> Path:
    """The files, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, newline="")
    return folder
