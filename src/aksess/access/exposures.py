"""Exposures: every way in which an application of an estate can be reached, and who gets in by it.

Over HTTP that is each host and path that a controller publishes, at each frontend that leads to it; an exposure where
everybody is only sent elsewhere (the redirect to HTTPS) is no way in and is left out. Other Services are exposures at
each of their frontends, TCP and UDP services of a controller too, node and host ports on nodes with public addresses
where somebody gets in, and the API server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from aksess.access.entries import Entry
from aksess.access.evaluator import Evaluator, Walked
from aksess.access.outcomes import Standing
from aksess.access.targets import HttpTarget, Target
from aksess.addresses import EVERYONE, NOBODY, AddressSet
from aksess.controllers.interface import Answers, Backend, Controller, Request, Route, Scheme
from aksess.layers.application_gateway import Listener
from aksess.rulings import Assumption, Citation, Effect, Partition, Ruling
from aksess.snapshot.unread import Reach

__all__ = ["Exposure", "exposures"]


@dataclass(frozen=True)
class Exposure:
    """One way in, with who gets in.

    Attributes:
        id: Stable name: ``https://shop.example.com/admin@20.50.60.70:443``, ``tcp://shop/web:443@20.50.60.70:443``.
        address: The address that clients connect to, as text; empty where it was not read.
        port: The port.
        protocol: ``TCP`` or ``UDP``.
        host: Host, for HTTP; empty for a rule without one.
        path: Path, for HTTP.
        path_type: Its type, for HTTP.
        application: The object that publishes it.
        backend: Where it leads.
        allowed: Who gets in.
        indeterminate: Who cannot be told.
        narrowed: The hops that stop somebody.
        assumptions: What the answer takes for true.
        entry: The entry, where it is one of the cluster.
        controller: The controller, for HTTP.
        route: What it publishes there, for HTTP.
        request: What the controller was asked, for HTTP.
        walked: The alternatives behind the answer.
    """

    id: str
    address: str
    port: int
    protocol: str
    application: Citation
    backend: Backend | None
    allowed: AddressSet
    indeterminate: AddressSet
    narrowed: tuple[Citation, ...]
    assumptions: tuple[Assumption, ...]
    host: str = ""
    path: str = ""
    path_type: str = ""
    entry: Entry | None = None
    controller: Controller | None = field(default=None, repr=False)
    route: Route | None = field(default=None, repr=False)
    request: Request | None = field(default=None, repr=False)
    walked: tuple[Walked, ...] = field(default=(), repr=False, compare=False)

    @cached_property
    def answers(self) -> Answers | None:
        """What the controller does with the request; None where no controller is asked."""
        return self.controller.answer(self.request) if self.controller and self.request else None

    @cached_property
    def listed(self) -> AddressSet | None:
        """The addresses that a list of the controller admits; None where it treats all addresses alike."""
        if self.answers is None:
            return None
        rulings = self.answers.rulings
        if len({ruling.passes for ruling in _all(rulings)}) < 2:
            return None
        return AddressSet.union_of(part for part, ruling in rulings.split(EVERYONE) if ruling.passes)


def exposures(evaluator: Evaluator, about: Target | None = None) -> Iterator[Exposure]:
    """Every exposure of the estate: HTTP by controller and frontend, then other frontends, nodes, API servers.

    Args:
        evaluator: The evaluator of the estate.
        about: Leave out HTTP exposures that have nothing to do with this target.
    """
    seen: set[str] = set()
    for found in _listed(evaluator, about):
        if found.id in seen:
            # an Exact and a Prefix path of one spelling are two ways in
            what, _, where = found.id.rpartition("@")
            found = replace(found, id=f"{what}#{found.path_type}@{where}")  # noqa: PLW2901
        seen.add(found.id)
        yield found


def _listed(evaluator: Evaluator, about: Target | None) -> Iterator[Exposure]:
    over_http = set()
    for controller in evaluator.controllers:
        routes = [route for route in controller.routes() if _concerns(route, about)]
        for service in controller.services:
            for entry in evaluator.frontends_by_service.get(service.key, []):
                scheme = controller.listener(service, entry.service_port) if entry.service_port else None
                if scheme is None or entry.protocol != "TCP":
                    continue
                over_http.add((entry.label, entry.protocol))
                for route in routes:
                    found = _route(evaluator, controller, entry, scheme, route)
                    if found is not None:
                        yield found
        yield from _behind_gateways(evaluator, controller, routes)
    for entry in evaluator.frontends:
        if (entry.label, entry.protocol) not in over_http:
            yield _frontend(evaluator, entry)
    for entry in evaluator.public_node_entries:
        found = _transport(evaluator, entry)
        if found.allowed or found.indeterminate:
            yield found
    for cluster in evaluator.estate.clusters:
        walked = evaluator.api_server(cluster)
        citation = Citation(
            walked.alternative.outcomes[0].citation.layer,
            "managedCluster",
            cluster.name,
            resource=cluster.id,
            place=cluster.place,
        )
        identity = f"api-server/{cluster.name}"
        yield _exposure(evaluator, identity, cluster.wire.fqdn or "", 443, "TCP", citation, None, [walked])


def _route(evaluator: Evaluator, controller: Controller, entry: Entry, scheme: Scheme, route: Route) -> Exposure | None:
    request = Request(scheme, _asked(route.host), route.sample)
    walked = list(evaluator.http(entry, controller, request))
    if _only_elsewhere(walked, controller, request, entry):
        return None
    default = 443 if scheme == "https" else 80
    port = "" if entry.port == default else f":{entry.port}"
    identity = f"{scheme}://{route.host or '*'}{port}{route.path}@{entry.label}"
    found = _exposure(
        evaluator, identity, str(entry.address), entry.port, "TCP", route.application, route.backend, walked
    )
    return replace(
        found,
        host=route.host,
        path=route.path,
        path_type=route.path_type,
        entry=entry,
        controller=controller,
        route=route,
        request=_over(entry, request),
    )


def _concerns(route: Route, about: Target | None) -> bool:
    if about is None:
        return True
    if not isinstance(about, HttpTarget):
        return False
    return not route.host or route.host in {about.host, f"*.{about.host.partition('.')[2]}"}


def _behind_gateways(evaluator: Evaluator, controller: Controller, routes: Sequence[Route]) -> Iterator[Exposure]:
    for listener in evaluator.gateways:
        for entry in evaluator.frontends:
            if (entry.address, entry.port) not in listener.backends or entry.service is None:
                continue
            if not any(service.key == entry.service.key for service in controller.services):
                continue
            for route in routes:
                if listener.takes(_asked(route.host)):
                    yield _forwarded(evaluator, controller, listener, entry, route)


def _forwarded(
    evaluator: Evaluator, controller: Controller, listener: Listener, entry: Entry, route: Route
) -> Exposure:
    request = Request(listener.scheme, _asked(route.host), route.sample)
    walked = list(evaluator.through_gateway(listener, entry, controller, request))
    address = str(listener.address) if listener.address else ""
    identity = f"{listener.scheme}://{route.host or '*'}{route.path}@{address or listener.gateway}:{listener.port}"
    found = _exposure(evaluator, identity, address, listener.port, "TCP", route.application, route.backend, walked)
    return replace(
        found,
        host=route.host,
        path=route.path,
        path_type=route.path_type,
        controller=controller,
        route=route,
        request=_over(entry, request),
    )


def _frontend(evaluator: Evaluator, entry: Entry) -> Exposure:
    """A frontend of a Service, or of a controller's TCP or UDP service that leads past it."""
    found = _transport(evaluator, entry)
    if entry.service is None:
        return found
    for controller in evaluator.controllers_of(entry.service.key):
        for stream in controller.streams():
            if stream.port == entry.port and stream.protocol == entry.protocol:
                return replace(found, application=stream.citation, backend=stream.backend, controller=controller)
    return found


def _transport(evaluator: Evaluator, entry: Entry) -> Exposure:
    scheme = entry.protocol.lower()
    service = entry.service
    name = f"{service.namespace}/{service.name}" if service else entry.citation.label
    published = entry.service_port.port if entry.service_port else entry.port
    what = f"{name}:{published}" if service else f"{entry.citation.namespace}/{entry.citation.name}:{entry.port}"
    backend = Backend(service.namespace, service.name, published) if service else None
    found = _exposure(
        evaluator,
        f"{scheme}://{what}@{entry.label}",
        str(entry.address),
        entry.port,
        entry.protocol,
        entry.citation,
        backend,
        list(evaluator.transport(entry)),
    )
    return replace(found, entry=entry)


def _exposure(
    evaluator: Evaluator,
    identity: str,
    address: str,
    port: int,
    protocol: str,
    application: Citation,
    backend: Backend | None,
    walked: list[Walked],
) -> Exposure:
    standing = Standing.any_of([each.alternative.standing for each in walked])
    unsure = standing.indeterminate
    if any(gap.reach == Reach.EVERYTHING for gap in evaluator.estate.unread):
        unsure = AddressSet.union_of(each.alternative.domain for each in walked) - standing.allowed
    return Exposure(
        identity,
        address,
        port,
        protocol,
        application,
        backend,
        standing.allowed,
        unsure,
        tuple(dict.fromkeys(citation for each in walked for citation in each.narrowed)),
        tuple(
            dict.fromkeys(
                assumption
                for each in walked
                for outcome in each.alternative.outcomes
                for assumption in outcome.assumptions
            )
        ),
        walked=tuple(walked),
    )


def _only_elsewhere(walked: list[Walked], controller: Controller, request: Request, entry: Entry) -> bool:
    """Whether nobody gets in because everybody is sent elsewhere."""
    if any(each.alternative.standing != Standing(NOBODY, NOBODY) for each in walked):
        return False
    answers = controller.answer(_over(entry, request))
    return all(ruling.effect == Effect.REDIRECTED for ruling in _all(answers.rulings))


def _over(entry: Entry, request: Request) -> Request:
    """A request as it comes in by an entry."""
    return replace(request, port=entry.service_port.port if entry.service_port else 0)


def _all(partition: Partition) -> Iterator[Ruling]:
    yield partition.otherwise
    for _, ruling in partition.cells:
        yield ruling


def _asked(host: str) -> str:
    """A host that a request can name: a label in place of a wildcard, and one that no rule names for none."""
    if not host:
        return "host.invalid"
    return f"any{host[1:]}" if host.startswith("*.") else host
