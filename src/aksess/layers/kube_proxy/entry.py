"""Whether kube-proxy handles a destination at all, and what kind of destination it is to it.

Rules go by address: one that is in the load-balancer status is a frontend whatever else it is, and one that is in
``externalIPs`` too is both. Not handled are Services that are left to another proxy, addresses in the other family of a
single-stack Service, and frontends whose load balancer rewrites the destination itself (``ipMode: Proxy``) or that are
not in the status yet. What is not handled goes on as any packet does: to a port of the node where nobody listens it is
refused; to a foreign address it leaves the node, which an Azure network does not carry.

Source: kubernetes/kubernetes pkg/proxy/serviceport.go `newBaseServiceInfo`; pkg/proxy/util/utils.go
`ShouldSkipService`, `IsVIPMode`, `GetClusterIPByFamily`; cmd/kube-proxy/app/server.go (`noProxyName`);
pkg/proxy/util/nodeport_addresses.go; cmd/kube-proxy/app/server_linux.go (nftables mode opens node ports on the primary
address only).
"""

from __future__ import annotations

from dataclasses import dataclass

from aksess.addresses import Address, AddressSet
from aksess.estate.kubernetes import Node, Service
from aksess.layers.kube_proxy.arrival import Arrival
from aksess.layers.kube_proxy.cluster import Mode, primary_address
from aksess.rulings import Assumption, Citation, Effect, Layer, Ruling

__all__ = ["PROXY_NAME_LABEL", "Entry", "cite", "entry_of"]

PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name"
"""A Service with this label is left to another proxy."""

_LOOPBACK = AddressSet.of("127.0.0.0/8", "::1/128")
_NO_OTHER_PROXY = Assumption(
    "no-other-service-proxy",
    f"no other proxy serves the Services that the label {PROXY_NAME_LABEL} takes from kube-proxy",
)
_STATUS_READ = Assumption(
    "load-balancer-status", "the status of a Service that runs in a cluster is in the input: it has no address yet"
)
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A destination that kube-proxy handles.

    Attributes:
        frontend: Whether it is a frontend, to which source ranges apply.
        external: Whether it is in ``externalIPs``.
        frontends: The frontend addresses of the Service in the family.
    """

    frontend: bool = False
    external: bool = False
    frontends: tuple[Address, ...] = ()


def entry_of(service: Service, arrival: Arrival, node: Node | None, mode: Mode) -> Entry | Ruling:
    """What a destination is to kube-proxy, or what happens where it is nothing to it."""
    skipped = _skipped(service, arrival)
    if skipped is not None:
        return skipped
    if arrival.kind in {"node-port", "health-check-node-port"}:
        return _node_entry(service, arrival, node, mode)
    if arrival.kind == "cluster-ip":
        return Entry()
    return _address_entry(service, arrival)


def cite(service: Service, path: Path, text: str) -> Citation:
    """A field of the Service as what decides."""
    return Citation(
        Layer.KUBE_PROXY, "Service", service.name, service.namespace, path=path, place=service.place, text=text
    )


def _skipped(service: Service, arrival: Arrival) -> Ruling | None:
    """What happens where kube-proxy does not look at the Service at all."""
    if PROXY_NAME_LABEL in service.labels:
        text = "the Service is left to another proxy by its label; kube-proxy does not handle it"
        citation = cite(service, ("metadata", "labels", PROXY_NAME_LABEL), text)
        return _unhandled(arrival, citation, (_NO_OTHER_PROXY,))
    if service.type == "ExternalName":
        text = "kube-proxy does not handle Services of type ExternalName"
        return _unhandled(arrival, cite(service, ("spec", "type"), text))
    if arrival.family not in service.families:
        return _unhandled(arrival, cite(service, ("spec", "ipFamilies"), f"the Service has no IPv{arrival.family}"))
    return None


def _node_entry(service: Service, arrival: Arrival, node: Node | None, mode: Mode) -> Entry | Ruling:
    """A node port, of the Service or of its health check."""
    wanted = service.type in {"NodePort", "LoadBalancer"}
    if arrival.kind == "health-check-node-port":
        wanted = service.type == "LoadBalancer" and service.external_policy == "Local"
    if not wanted:
        path = ("spec", "type") if service.type != "LoadBalancer" else ("spec", "externalTrafficPolicy")
        return _unhandled(arrival, cite(service, path, "the Service has no such node port"))
    own = primary_address(node, arrival.family) if node is not None else None
    if arrival.address is None or own is None or arrival.address == own:
        return Entry()
    path = ("spec", "ports")
    if mode == "nftables":
        return _unhandled(arrival, cite(service, path, "nftables mode opens node ports on the primary address only"))
    if arrival.address in _LOOPBACK and arrival.family == 6:
        return _unhandled(arrival, cite(service, path, "node ports are never open on ::1"))
    return Entry()


def _address_entry(service: Service, arrival: Arrival) -> Entry | Ruling:
    """A frontend or an external IP."""
    given, family = arrival.address, arrival.family
    externals = [each for each in service.external_addresses if each.family == family]
    in_status = [each for each in service.load_balancer_addresses if each.address.family == family]
    frontends = tuple(each.address for each in in_status if each.mode == "VIP")
    external = given in externals if given is not None else bool({*frontends} & {*externals})
    if given is None and arrival.kind == "external-ip" and externals:
        return Entry(external=True)
    if not service.load_balancer_addresses and not _runs(service) and service.is_load_balancer:
        frontend = arrival.kind == "frontend"  # not applied yet: the address will be in the status
        return Entry(frontend, external, (given,) if frontend and given is not None else ())
    frontend = given in frontends if given is not None else bool(frontends) and arrival.kind == "frontend"
    if frontend or external:
        return Entry(frontend, external, frontends)
    path: Path = ("status", "loadBalancer", "ingress")
    if any(each.mode == "Proxy" and given in {None, each.address} for each in in_status):
        return _unhandled(arrival, cite(service, path, "ipMode Proxy: kube-proxy does not handle the frontend"))
    taken = () if service.load_balancer_addresses else (_STATUS_READ,)
    return _unhandled(arrival, cite(service, path, "kube-proxy does not handle an address outside the status"), taken)


def _runs(service: Service) -> bool:
    """Whether the object was read from a cluster rather than from a manifest, as far as its fields tell."""
    return bool(service.uid or service.created or service.cluster_addresses)


def _unhandled(arrival: Arrival, citation: Citation, assumptions: tuple[Assumption, ...] = ()) -> Ruling:
    """Refused by the node itself, lost, or on its way out of the node (a ruling without an effect)."""
    if arrival.kind in {"node-port", "health-check-node-port"}:
        return Ruling(citation, Effect.REFUSED, assumptions=assumptions)
    if arrival.caller == "outside" or arrival.kind == "cluster-ip":
        return Ruling(citation, Effect.TIMEOUT, assumptions=assumptions)
    return Ruling(citation, assumptions=assumptions)
