"""The Services that locations lead to: whether anybody is behind them, and whether a canary has taken them.

A Service without a ready endpoint answers 503 to everybody, before any list is looked at. Whether it has one is known
where its EndpointSlices were read; where they were not, it is assumed. The first Ingress that names a Service port
decides for all: if that is a canary, no location may lead there.

Source: kubernetes/ingress-nginx internal/ingress/controller/controller.go `createUpstreams`, `serviceEndpoints`,
`getServiceClusterEndpoint`; endpointslices.go `getEndpointsFromSlices`; rootfs/etc/nginx/lua/balancer.lua `rewrite`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.estate import Estate
from aksess.estate.kubernetes import EndpointSlice, IngressBackend, Service, ServicePort
from aksess.rulings import Assumption

__all__ = ["Readiness", "Upstream", "Upstreams", "upstream_of"]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A Service port that a location leads to."""

    namespace: str
    service: str
    port: int | str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether anybody answers behind a Service port.

    Attributes:
        status: 0 where somebody does; else the status that the client gets (503, or 502 where only the node finds out).
        reason: Why nobody does.
        assumption: What is taken for true; None where it is known.
    """

    status: int = 0
    reason: str = ""
    assumption: Assumption | None = None


def upstream_of(namespace: str, backend: IngressBackend) -> Upstream | None:
    """The upstream of a backend, None where it is no Service."""
    return Upstream(namespace, backend.service, backend.port) if backend.service else None


class Upstreams:
    """The upstreams of one controller."""

    def __init__(self, estate: Estate, rules: Sequence[IngressRules], disable_external_name: bool) -> None:
        """Take what was read.

        Args:
            estate: The estate.
            rules: The Ingresses of the controller, the oldest first.
            disable_external_name: Whether Services of type ExternalName are left out.
        """
        self._estate = estate
        self._disable_external_name = disable_external_name
        self._namespaces = {namespace for namespace, _ in estate.services}
        self._readiness: dict[tuple[Upstream, bool], Readiness] = {}
        self.first: dict[Upstream, list[IngressRules]] = {}
        """For Service ports that a canary names: the Ingresses that name them, the oldest first."""
        self.by_cluster_address: set[Upstream] = set()
        """Service ports that are reached by their cluster address."""
        taken = {each for one in rules if one.canary is not None for each in _named(one)}
        if not taken and not any(one.service_upstream for one in rules):
            return
        seen: set[Upstream] = set()
        for one in rules:
            for each in _named(one):
                if each in taken:
                    self.first.setdefault(each, []).append(one)
                if one.service_upstream and each not in seen:
                    self.by_cluster_address.add(each)
                seen.add(each)

    def may_be_served(self, upstream: Upstream) -> bool:
        """Whether locations may lead there: not where the first Ingress that names it is a canary."""
        naming = self.first.get(upstream)
        return not naming or naming[0].canary is None

    def contested(self, upstream: Upstream) -> bool:
        """Whether ages that are not known decide if locations may lead there."""
        naming = self.first.get(upstream)
        if not naming or len({one.canary is None for one in naming}) == 1:
            return False
        first_dated = next((one for one in naming if one.ingress.created), None)
        candidates = [one for one in naming if not one.ingress.created] + ([first_dated] if first_dated else [])
        return len({one.canary is None for one in candidates}) > 1

    def readiness(self, upstream: Upstream) -> Readiness:
        """Whether anybody answers behind a Service port that an Ingress names."""
        key = (upstream, upstream in self.by_cluster_address)
        if key not in self._readiness:
            self._readiness[key] = self._look(*key)
        return self._readiness[key]

    def first_port(self, namespace: str, name: str) -> Readiness:
        """Whether anybody answers behind the first port of a Service (default backends)."""
        service = self._estate.services.get((namespace, name))
        if service is None:
            return self._absent(namespace, name)
        if not service.ports:
            return Readiness(503, f"Service {namespace}/{name} has no port")
        return self._endpoints(service, service.ports[0])

    def exists(self, namespace: str, name: str) -> bool:
        """Whether a Service exists, as far as that is known: one that was not read may."""
        return (namespace, name) in self._estate.services or namespace not in self._namespaces

    def service(self, upstream: Upstream) -> Service | None:
        """The Service, if it was read."""
        return self._estate.services.get((upstream.namespace, upstream.service))

    def _absent(self, namespace: str, name: str) -> Readiness:
        if namespace in self._namespaces:
            return Readiness(503, f"Service {namespace}/{name} does not exist")
        text = f"Service {namespace}/{name} was not read: it exists and has a ready endpoint"
        return Readiness(assumption=Assumption("endpoints-ready", text))

    def _look(self, upstream: Upstream, by_cluster_address: bool) -> Readiness:
        service = self.service(upstream)
        if service is None:
            return self._absent(upstream.namespace, upstream.service)
        name = f"Service {upstream.namespace}/{upstream.service}"
        if service.type == "ExternalName":
            refused = self._disable_external_name
            return Readiness(503, f"{name} is of type ExternalName, which is off") if refused else Readiness()
        text = str(upstream.port)
        ports = (each for each in service.ports if text in {str(each.port), str(each.target_port), each.name})
        port = next(ports, None)
        if by_cluster_address and service.cluster_addresses:
            found = Readiness() if port is None else self._endpoints(service, port)
            # the controller itself sees the cluster address and is content; kube-proxy refuses the connection
            return Readiness(502, found.reason) if found.status else found
        if port is None:
            return Readiness(503, f"{name} has no port {text}")
        return self._endpoints(service, port)

    def _endpoints(self, service: Service, port: ServicePort) -> Readiness:
        slices = self._estate.slices.get(service.key)
        name = f"Service {service.namespace}/{service.name}"
        if slices is None:
            text = f"no EndpointSlices of {name} were read: it has a ready endpoint"
            return Readiness(assumption=Assumption("endpoints-ready", text))
        if any(_has_endpoint(each, port) for each in slices):
            return Readiness()
        return Readiness(503, f"{name} has no ready endpoint")


def _named(rules: IngressRules) -> Iterable[Upstream]:
    ingress = rules.ingress
    if ingress.default_backend is not None and ingress.default_backend.service:
        yield Upstream(ingress.namespace, ingress.default_backend.service, ingress.default_backend.port)
    for path in ingress.paths:
        if path.backend.service:
            yield Upstream(ingress.namespace, path.backend.service, path.backend.port)


def _has_endpoint(endpoints: EndpointSlice, port: ServicePort) -> bool:
    if not any(each.ready and each.addresses for each in endpoints.endpoints):
        return False
    if isinstance(port.target_port, int):
        return not endpoints.ports or any(protocol == "TCP" for _, protocol in endpoints.ports)
    return any(
        number and protocol == "TCP" and port.name in {"", name} for (name, protocol), number in endpoints.ports.items()
    )
