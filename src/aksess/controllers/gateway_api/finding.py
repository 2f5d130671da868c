"""Finding the gateways of an estate, their Services, routes and policies.

The Service of a gateway carries its name: `gateway.networking.k8s.io/gateway-name` for Istio's automatic deployments,
`gateway.envoyproxy.io/owning-gateway-name` for Envoy Gateway; else it is the one whose address is in the gateway's
status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from aksess.addresses import read_address
from aksess.controllers.gateway_api import wire
from aksess.controllers.gateway_api.controller import Gateway
from aksess.controllers.gateway_api.policies import Policy
from aksess.controllers.gateway_api.routes import Published
from aksess.errors import ParseError
from aksess.estate import Estate
from aksess.estate.kubernetes import Service
from aksess.estate.wire import Wire
from aksess.snapshot.items import KubernetesItem

__all__ = ["find"]

Shape = TypeVar("Shape", bound=Wire)

_GROUP = "gateway.networking.k8s.io"
_ENVOY = "gateway.envoyproxy.io"
_ENVOY_CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
_APPLICATION_ROUTING = "approuting-istio"


def find(estate: Estate) -> list[Gateway]:
    """Every Gateway of the estate, in the order of the input."""
    items = estate.others.get((_GROUP, "Gateway"), [])
    if not items:
        return []
    classes = {
        item.name: found.spec.controller_name
        for item in estate.others.get((_GROUP, "GatewayClass"), [])
        if (found := _decoded(item, wire.GatewayClass)) is not None
    }
    policies, doubt = _policies(estate)
    return [_gateway(item, classes, policies, doubt, estate) for item in items]


def _gateway(
    item: KubernetesItem, classes: dict[str, str], policies: Sequence[Policy], doubt: str, estate: Estate
) -> Gateway:
    namespace = item.namespace or "default"
    decoded = _decoded(item, wire.Gateway)
    if decoded is None:
        return Gateway(
            "gateway", namespace, item.name, item.place, (), (), (), unmodelled=f"{item.label} is not usable"
        )
    class_name = decoded.spec.gateway_class_name
    controller = classes.get(class_name, "")
    broken = [each for each in estate.others.get((_GROUP, "HTTPRoute"), []) if _decoded(each, wire.Route) is None]
    kind, unmodelled = controller or class_name, f"gateways of {controller or class_name} are not modelled"
    if class_name == _APPLICATION_ROUTING:
        kind, unmodelled, policies = _APPLICATION_ROUTING, "", ()
    elif controller == _ENVOY_CONTROLLER:
        kind, unmodelled = "envoy-gateway", doubt or _client_address(estate, namespace, item.name)
    if broken and not unmodelled:
        unmodelled = f"{broken[0].label} ({broken[0].place.file}:{broken[0].place.line()}) is not usable"
    return Gateway(
        kind,
        namespace,
        item.name,
        item.place,
        tuple(decoded.spec.listeners or []),
        _services(estate, namespace, item.name, decoded),
        list(_attached(estate, namespace, item.name)),
        policies,
        unmodelled,
    )


def _services(estate: Estate, namespace: str, name: str, decoded: wire.Gateway) -> list[Service]:
    labelled = [
        service
        for service in estate.services.values()
        if (service.namespace == namespace and service.labels.get("gateway.networking.k8s.io/gateway-name") == name)
        or (
            service.labels.get("gateway.envoyproxy.io/owning-gateway-name") == name
            and service.labels.get("gateway.envoyproxy.io/owning-gateway-namespace") == namespace
        )
    ]
    if labelled:
        return labelled
    listed = (decoded.status.addresses or []) if decoded.status else []
    addresses = {read_address(each.value) for each in listed if each.value}
    return [
        service
        for service in estate.services.values()
        if any(entry.address in addresses for entry in service.load_balancer_addresses)
    ]


def _attached(estate: Estate, namespace: str, name: str) -> Iterable[Published]:
    for item in estate.others.get((_GROUP, "HTTPRoute"), []):
        decoded = _decoded(item, wire.Route)
        if decoded is None:
            continue
        own = item.namespace or "default"
        parents = [
            parent
            for parent in decoded.spec.parent_refs or []
            if (parent.kind or "Gateway") == "Gateway"
            and (parent.namespace or own) == namespace
            and parent.name == name
        ]
        if parents:
            sections = tuple(parent.section_name for parent in parents if parent.section_name)
            yield Published(
                own,
                item.name,
                decoded.metadata.creation_timestamp or "",
                decoded.spec,
                item.place,
                sections if len(sections) == len(parents) else (),
                estate.namespaces.get(own, {"kubernetes.io/metadata.name": own}),
            )


def _policies(estate: Estate) -> tuple[list[Policy], str]:
    found: list[Policy] = []
    for item in estate.others.get((_ENVOY, "SecurityPolicy"), []):
        decoded = _decoded(item, wire.SecurityPolicy)
        if decoded is None:
            return [], f"{item.label} ({item.place.file}:{item.place.line()}) is not usable"
        found.append(Policy(item.namespace or "default", item.name, decoded.spec, item.place))
    return found, ""


def _client_address(estate: Estate, namespace: str, name: str) -> str:
    """Why the address that Envoy judges is not the peer's; empty where it is."""
    for item in estate.others.get((_ENVOY, "ClientTrafficPolicy"), []):
        decoded = _decoded(item, wire.ClientTrafficPolicy)
        if decoded is None:
            return f"{item.label} is not usable"
        spec = decoded.spec
        targets = [*(spec.target_refs or []), *([spec.target_ref] if spec.target_ref else [])]
        ours = (item.namespace or "default") == namespace and any(each.name == name for each in targets)
        if (ours or spec.target_selectors) and (
            spec.client_ip_detection or spec.enable_proxy_protocol or spec.proxy_protocol
        ):
            return f"{item.label} changes which address Envoy Gateway judges, which is not modelled"
    return ""


def _decoded(item: KubernetesItem, shape: type[Shape]) -> Shape | None:
    try:
        return item.decode(shape)
    except ParseError:
        return None
