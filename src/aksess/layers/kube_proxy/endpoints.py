"""Which endpoints kube-proxy uses for a Service port: read from slices, from pods, or taken for true.

kube-proxy takes the ready endpoints of a port and a family; where none is ready anywhere, those that still serve while
they terminate. For the Local policy the same choice is made once more among the endpoints of the node. A port that no
slice names has no endpoints. Where the input holds no slices, pods with an address stand for them; where it holds
neither, one ready endpoint on every node is taken for true (``endpoints-ready``), because an unread endpoint must not
turn into "refused".

Source: kubernetes/kubernetes pkg/proxy/topology.go `CategorizeEndpoints`, pkg/proxy/endpointslicecache.go
`endpointInfoByServicePort`, `addEndpoints`; pkg/proxy/endpointschangetracker.go `LocalReadyEndpoints`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aksess.addresses import Address, read_address
from aksess.estate import Estate
from aksess.estate.kubernetes import EndpointSlice, Name, Pod, Service, ServicePort
from aksess.layers.kube_proxy.endpoint_sets import AssumedEndpoints, Endpoint, KnownEndpoints, UsableEndpoints
from aksess.rulings import Assumption

__all__ = ["Endpoints"]

_ASSUMED = Assumption(
    "endpoints-ready",
    "no EndpointSlices or Pods of the Service in the input: at least one ready endpoint on every node that matters",
)
_Key = tuple[str, str, int]
"""Port name, protocol and family."""


@dataclass(slots=True)
class Endpoints:
    """The endpoints of one Service. Make it with `of`, once a Service."""

    ready: Mapping[_Key, Mapping[str, tuple[Endpoint, ...]]]
    terminating: Mapping[_Key, Mapping[str, tuple[Endpoint, ...]]]
    assumed: bool = False
    alone: bool = False
    _made: dict[_Key, UsableEndpoints] = field(default_factory=dict)

    @classmethod
    def of(cls, estate: Estate, service: Service) -> Endpoints:
        """From the slices of the Service, else from its pods, else taken for true."""
        slices = estate.slices.get(service.key)
        if slices:
            found = _of_slices(slices, estate)
        else:
            namespace = estate.pods_by_namespace.get(service.namespace, ())
            pods = [pod for pod in namespace if _selects(service, pod) and pod.addresses]
            if not pods:
                return cls({}, {}, assumed=True, alone=len(estate.nodes) == 1)
            found = _of_pods(pods, service)
        return cls(_grouped(found, ready=True), _grouped(found, ready=False))

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What is taken for true about them."""
        return (_ASSUMED,) if self.assumed else ()

    def usable(self, port: ServicePort, family: int) -> UsableEndpoints:
        """Those of one port, by its name and protocol, in one family (4 or 6)."""
        key = (port.name, port.protocol, family)
        if key not in self._made:
            if self.assumed:
                assumed = AssumedEndpoints(port.target_port, self.alone)
                self._made[key] = UsableEndpoints(assumed, KnownEndpoints.of({}), self.assumptions)
            else:
                self._made[key] = UsableEndpoints(
                    KnownEndpoints.of(self.ready.get(key, {})), KnownEndpoints.of(self.terminating.get(key, {}))
                )
        return self._made[key]

    def serves_from(self, node: str, family: int) -> bool:
        """Whether the node has a ready endpoint of any port in the family: what a health check node port counts."""
        return self.assumed or any(node in each for key, each in self.ready.items() if key[2] == family)


_Found = dict[_Key, dict[tuple[Address, int | str], tuple[Endpoint, bool]]]
"""By port and family, and by address: the endpoint, and whether it is ready rather than terminating."""


def _of_slices(slices: list[EndpointSlice], estate: Estate) -> _Found:
    found: _Found = {}
    for each in slices:
        for (name, protocol), port in each.ports.items():
            if not port:
                continue  # kube-proxy ignores a port without a number
            into = found.setdefault((name, protocol, each.family), {})
            for member in each.endpoints:
                usable = member.ready or (member.serving and member.terminating)
                address = read_address(member.addresses[0]) if member.addresses and usable else None
                # one address in two slices: the one that does not terminate speaks
                if address is None or ((address, port) in into and member.terminating):
                    continue
                host = _is_host(address, member.node, member.pod, estate)
                into[(address, port)] = Endpoint(address, port, member.node, member.pod, host), member.ready
    return found


def _is_host(address: Address, node: str, pod: Name | None, estate: Estate) -> bool:
    if node in estate.nodes and address in estate.nodes[node].internal:
        return True
    return pod is not None and pod in estate.pods and estate.pods[pod].host_network


def _of_pods(pods: list[Pod], service: Service) -> _Found:
    found: _Found = {}
    for pod in pods:
        for port in service.ports:
            number = _port_of(pod, port)
            ready = (pod.ready and not pod.terminating) or service.publishes_not_ready
            for address in pod.addresses if number and (ready or (pod.ready and pod.terminating)) else ():
                into = found.setdefault((port.name, port.protocol, address.family), {})
                endpoint = Endpoint(address, number, pod.node, pod.key, pod.host_network)
                into.setdefault((address, number), (endpoint, ready))
    return found


def _port_of(pod: Pod, port: ServicePort) -> int:
    if isinstance(port.target_port, int):
        return port.target_port
    for container in pod.containers:
        for each in container.ports:
            if each.name == port.target_port and (each.protocol or "TCP").upper() == port.protocol:
                return each.container_port
    number = port.target_port
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 5 else 0


def _selects(service: Service, pod: Pod) -> bool:
    return bool(service.selector) and service.selector.items() <= pod.labels.items()


def _grouped(found: _Found, *, ready: bool) -> dict[_Key, dict[str, tuple[Endpoint, ...]]]:
    grouped: dict[_Key, dict[str, tuple[Endpoint, ...]]] = {}
    for key, endpoints in found.items():
        by_node: dict[str, list[Endpoint]] = {}
        for endpoint, is_ready in endpoints.values():
            if is_ready is ready:
                by_node.setdefault(endpoint.node, []).append(endpoint)
        grouped[key] = {node: tuple(each) for node, each in by_node.items()}
    return grouped
