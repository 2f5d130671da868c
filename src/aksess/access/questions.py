"""Questions: from a target and a source to walks, and from walks to an answer.

`explain` asks about given sources and wants every end of the way. `who` asks about everybody and wants who gets in.
Both find the entries that lead to the target and let the evaluator walk each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from aksess.access import entries
from aksess.access.entries import Entry, EntryKind
from aksess.access.evaluator import Evaluator, Walked
from aksess.access.outcomes import Alternative, Outcome, Standing, verdict_of
from aksess.access.sources import Source
from aksess.access.targets import AddressTarget, ApiServerTarget, HttpTarget, ServiceTarget, Target
from aksess.addresses import EVERYONE, Address, AddressSet
from aksess.controllers.interface import Controller, Request
from aksess.errors import TargetError
from aksess.estate.kubernetes import Ingress, Node, Service
from aksess.layers.application_gateway import Listener
from aksess.rulings import Assumption, Citation, Effect, Layer, Ruling, Verdict

__all__ = ["Explanation", "Reach", "Sent", "explain", "walks", "who"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What exactly a client sends, for questions about one request (contract §3 ``--exact``).

    Attributes:
        headers: Headers in order.
        proxy_line: The address in a PROXY line.
        credentials: Whether correct credentials are sent.
        method: HTTP method.
    """

    headers: tuple[tuple[str, str], ...] = ()
    proxy_line: Address | None = None
    credentials: bool = False
    method: str = "GET"


@dataclass(frozen=True)
class Explanation:
    """The answer about given sources."""

    source: Source
    target: Target
    alternatives: tuple[Alternative, ...]

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict over all alternatives."""
        return verdict_of(self.alternatives)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every outcome once, in the order of the alternatives, honest ones before the client's choices."""
        found: dict[tuple[object, ...], Outcome] = {}
        for alternative in self.alternatives:
            for outcome in sorted(alternative.outcomes, key=lambda each: bool(each.condition)):
                key = (*outcome.merged_key(), outcome.sources)
                earlier = found.get(key, outcome)
                found[key] = replace(earlier, seen=earlier.seen | outcome.seen)
        return tuple(found.values())

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """Everything that some outcome takes for true."""
        return tuple(dict.fromkeys(each for outcome in self.outcomes for each in outcome.assumptions))

    @property
    def seen(self) -> AddressSet:
        """The addresses that the controller or application judges."""
        return AddressSet.union_of(outcome.seen for outcome in self.outcomes)

    @property
    def trail(self) -> tuple[Ruling, ...]:
        """The way of the first outcome, hop by hop."""
        return self.outcomes[0].trail if self.outcomes else ()


@dataclass(frozen=True)
class Reach:
    """Who reaches a target: allowed, not to be known, and the hops that narrowed it."""

    target: Target
    standing: Standing
    narrowed: tuple[Citation, ...]
    assumptions: tuple[Assumption, ...] = ()
    verdicts: tuple[Walked, ...] = field(default=(), repr=False)


def explain(
    evaluator: Evaluator,
    source: Source,
    target: Target,
    *,
    sent: Sent | None = None,
    entry: tuple[Address, int | None] | None = None,
) -> Explanation:
    """What happens to a source at a target.

    Args:
        evaluator: The evaluator of the estate.
        source: Who asks.
        target: What is asked about.
        sent: Exactly what is sent; None leaves the client every choice it has.
        entry: Ask about one frontend only.

    Raises:
        TargetError: Nothing in the estate answers to the target.
    """
    found = [
        each.alternative for each in walks(evaluator, target, source.addresses, detail=True, sent=sent, entry=entry)
    ]
    alternatives = [each for each in found if each.domain]
    missing = source.addresses - AddressSet.union_of(each.domain for each in found)
    if missing:
        doubt = "" if _is_one_address(target, entry) else evaluator.doubt_of_denial(Layer.LOAD_BALANCER)
        alternatives.append(_no_family(target, missing, doubt))
    return Explanation(source, target, tuple(_with_short_cut(evaluator, source, _distinct(alternatives))))


def who(evaluator: Evaluator, target: Target, *, entry: tuple[Address, int | None] | None = None) -> Reach:
    """Who reaches a target.

    Raises:
        TargetError: Nothing in the estate answers to the target.
    """
    found = list(walks(evaluator, target, EVERYONE, detail=False, entry=entry))
    standing = Standing.any_of([each.alternative.standing for each in found])
    if any(gap.reach == "everything" for gap in evaluator.estate.unread):
        # what was not understood could let in anybody who is not let in already, and could be another way in
        domain = EVERYONE
        if _is_one_address(target, entry):
            domain = AddressSet.union_of(each.alternative.domain for each in found)
        standing = Standing(standing.allowed, domain - standing.allowed)
    narrowed = tuple(dict.fromkeys(citation for each in found for citation in each.narrowed))
    assumptions = dict.fromkeys(
        assumption for each in found for outcome in each.alternative.outcomes for assumption in outcome.assumptions
    )
    return Reach(target, standing, narrowed, tuple(assumptions), tuple(found))


def walks(
    evaluator: Evaluator,
    target: Target,
    sources: AddressSet,
    *,
    detail: bool,
    sent: Sent | None = None,
    entry: tuple[Address, int | None] | None = None,
) -> Iterator[Walked]:
    """Every alternative of a target.

    Raises:
        TargetError: Nothing in the estate answers to the target.
    """
    if isinstance(target, ApiServerTarget):
        yield from _api_servers(evaluator, target, sources)
    elif isinstance(target, HttpTarget):
        yield from _over_http(evaluator, target, sources, detail, sent, entry)
    else:
        found = _entries_of(evaluator, target)
        chosen = [each for each in found if _is_entry(each, entry)]
        if not chosen:
            raise TargetError(f"{target.text} has no entry {entry[0] if entry else ''}", hint=_hint(found))
        for each in chosen:
            yield from evaluator.transport(each, sources, detail=detail)


# --- HTTP -----------------------------------------------------------------------------------------------------------


def _over_http(
    evaluator: Evaluator,
    target: HttpTarget,
    sources: AddressSet,
    detail: bool,
    sent: Sent | None,
    entry: tuple[Address, int | None] | None,
) -> Iterator[Walked]:
    serving = [each for each in evaluator.controllers if each.serves(target.host)]
    orphans = [each for each in evaluator.unserved if _names(each, target.host)]
    for ingress in orphans:
        yield _unserved(ingress, sources)
    if not serving and not orphans:
        serving = list(evaluator.controllers)
    if not serving and not orphans:
        raise TargetError(
            f"no ingress or gateway controller in the input serves {target.host}",
            hint="give its Deployment, Service and IngressClass too, or ask about tcp://ADDRESS:PORT",
        )
    request = Request(target.scheme, target.host, target.path)
    if sent is not None:
        request = Request(
            target.scheme,
            target.host,
            target.path,
            sent.method,
            sent.headers,
            sent.proxy_line,
            sent.credentials,
            exact=True,
        )
    asked = False
    for listener, each, controller in _gateways(evaluator, serving, target):
        if entry is None or (listener.address == entry[0] and entry[1] in {None, listener.port}):
            asked = True
            yield from evaluator.through_gateway(listener, each, controller, request, sources, detail=detail)
    for controller in serving:
        published = [each for service in controller.services for each in _published(evaluator, service)]
        fitting = [each for each in published if _speaks(controller, each, target) and _is_entry(each, entry)]
        for each in fitting:
            asked = True
            yield from evaluator.http(each, controller, request, sources, detail=detail)
        if not fitting and entry is None:
            asked = True
            yield from _without_entry(evaluator, controller, published, target, sources)
    if not asked and not orphans and entry is not None:
        raise TargetError(f"{entry[0]} is no entry of {target.text}", hint="leave out --entry to ask about all")


def _gateways(
    evaluator: Evaluator, serving: Sequence[Controller], target: HttpTarget
) -> Iterator[tuple[Listener, Entry, Controller]]:
    """Application gateways that take the host, each with the frontend and controller behind it."""
    for listener in evaluator.gateways:
        if listener.scheme != target.scheme or listener.port != target.port or not listener.takes(target.host):
            continue
        for entry in evaluator.frontends:
            if (
                (entry.address, entry.port) not in listener.backends
                or entry.service is None
                or entry.service_port is None
            ):
                continue
            for controller in evaluator.controllers_of(entry.service.key):
                if controller in serving and controller.listener(entry.service, entry.service_port):
                    yield listener, entry, controller


def _published(evaluator: Evaluator, service: Service) -> list[Entry]:
    nodes = [
        each for each in evaluator.public_node_entries if each.service is not None and each.service.key == service.key
    ]
    return [*evaluator.frontends_by_service.get(service.key, []), *nodes]


def _speaks(controller: Controller, entry: Entry, target: HttpTarget) -> bool:
    if entry.protocol != "TCP" or entry.port != target.port or entry.service is None or entry.service_port is None:
        return False
    return controller.listener(entry.service, entry.service_port) == target.scheme


def _without_entry(
    evaluator: Evaluator, controller: Controller, published: Sequence[Entry], target: HttpTarget, sources: AddressSet
) -> Iterator[Walked]:
    """A controller that no frontend of the port leads to: nobody gets in where its frontends are known."""
    if not published:
        reason = f"no Service with an address leads to {controller.citation.label} in the input"
        yield _fixed(sources, controller.citation, Verdict.INDETERMINATE, Effect.UNKNOWN, reason)
        return
    for address in dict.fromkeys(each.address for each in published):
        first = next(each for each in published if each.address == address)
        text = f"no frontend publishes {target.scheme} on port {target.port}"
        citation = Citation(
            Layer.LOAD_BALANCER,
            first.citation.kind,
            first.citation.name,
            first.citation.namespace,
            path=("spec", "ports"),
            place=first.citation.place,
            text=text,
        )
        label = f"{address}:{target.port}"
        yield _denied(sources.family(address.family), citation, evaluator.doubt_of_denial(citation.layer), label)


def _unserved(ingress: Ingress, sources: AddressSet) -> Walked:
    name = ingress.class_name or ingress.annotations.get("kubernetes.io/ingress.class", "")
    what = f"class {name}" if name else "no class"
    citation = Citation(
        Layer.CONTROLLER, "Ingress", ingress.name, ingress.namespace, path=("spec",), place=ingress.place, text=what
    )
    reason = f"Ingress {ingress.namespace}/{ingress.name} ({what}) is served by no controller that is known"
    return _fixed(sources, citation, Verdict.INDETERMINATE, Effect.UNKNOWN, reason)


def _names(ingress: Ingress, host: str) -> bool:
    parent = f"*.{host.partition('.')[2]}"
    return host in ingress.hosts or parent in ingress.hosts


# --- addresses, Services, API servers -------------------------------------------------------------------------------


def _entries_of(evaluator: Evaluator, target: AddressTarget | ServiceTarget) -> list[Entry]:
    if isinstance(target, ServiceTarget):
        service = evaluator.estate.services.get((target.namespace, target.service))
        if service is None:
            raise TargetError(f"no Service {target.namespace}/{target.service} in the input", hint="NAMESPACE/SERVICE")
        port = service.port(target.port, target.protocol)
        if port is None:
            known = ", ".join(str(each.port) for each in service.ports)
            raise TargetError(
                f"Service {target.namespace}/{target.service} has no port {target.port}", hint=f"it has {known}"
            )
        found = [
            each
            for each in [*evaluator.frontends_by_service.get(service.key, []), *evaluator.public_node_entries]
            if each.service is service and each.service_port == port
        ]
        if not found:
            raise TargetError(
                f"Service {target.namespace}/{target.service} has no address outside the cluster in the input",
                hint="its status.loadBalancer names none",
            )
        return [each for each in found if each.kind == EntryKind.FRONTEND] or found
    exact = [
        each
        for each in [*evaluator.frontends, *_node_entries(evaluator, target.address)]
        if each.address == target.address and each.port == target.port and each.protocol == target.protocol
    ]
    return exact or [_silent_entry(evaluator, target)]


def _node_entries(evaluator: Evaluator, address: Address) -> list[Entry]:
    """Node and host ports of the node that has an address."""
    estate = evaluator.estate
    for node in estate.nodes.values():
        for kind, owned in (("external", node.external), ("internal", node.internal)):
            if address in owned:
                both = [*entries.node_ports(estate, [node], kind), *entries.host_ports(estate, [node], kind)]
                both += entries.health_check_ports(estate, node)
                return [each for each in both if each.address == address]
    return []


def _silent_entry(evaluator: Evaluator, target: AddressTarget) -> Entry:
    """An address that is known, at a port that nothing in the input publishes."""
    for each in evaluator.frontends:
        if each.address == target.address and each.service is not None:
            text = f"no Service publishes {target.protocol} {target.port} on this address"
            citation = Citation(
                Layer.LOAD_BALANCER,
                "Service",
                each.service.name,
                each.service.namespace,
                path=("spec", "ports"),
                place=each.service.place,
                text=text,
            )
            return Entry(EntryKind.FRONTEND, target.address, target.port, target.protocol, None, None, None, citation)
    for node in evaluator.estate.nodes.values():
        if target.address in (*node.internal, *node.external):
            return _node_entry(node, target)
    known = sorted({each.label for each in evaluator.frontends})[:4]
    raise TargetError(
        f"nothing in the input has the address {target.address}",
        hint=f"frontends: {', '.join(known)}" if known else "no Service has an address",
    )


def _node_entry(node: Node, target: AddressTarget) -> Entry:
    citation = Citation(Layer.KUBE_PROXY, "Node", node.name, path=("status", "addresses"), place=node.place)
    return Entry(EntryKind.HOST_PORT, target.address, target.port, target.protocol, None, None, node, citation)


def _api_servers(evaluator: Evaluator, target: ApiServerTarget, sources: AddressSet) -> Iterator[Walked]:
    clusters = evaluator.estate.clusters
    named = [each for each in clusters if not target.cluster or each.name.lower() == target.cluster.lower()]
    if not named:
        known = ", ".join(each.name for each in clusters)
        what = (
            f"no managed cluster {target.cluster} in the input" if target.cluster else "no managed cluster in the input"
        )
        raise TargetError(what, hint=f"it holds {known}" if known else "give the reply of `az aks show`")
    for cluster in named:
        yield evaluator.api_server(cluster, sources)


# --- small things ---------------------------------------------------------------------------------------------------


def _is_entry(found: Entry, wanted: tuple[Address, int | None] | None) -> bool:
    return wanted is None or (found.address == wanted[0] and wanted[1] in {None, found.port})


def _hint(found: Sequence[Entry]) -> str:
    return f"it has {', '.join(dict.fromkeys(each.label for each in found))}"


def _fixed(
    sources: AddressSet, citation: Citation, verdict: Verdict, effect: Effect, reason: str, entry: str = ""
) -> Walked:
    ruling = Ruling(citation, None if verdict == Verdict.INDETERMINATE else effect, reason)
    outcome = Outcome(sources, verdict, effect, citation, reason=reason, entry=entry, seen=sources, trail=(ruling,))
    return Walked(Alternative(entry, sources, (outcome,)), (citation,))


def _denied(sources: AddressSet, citation: Citation, doubt: str, entry: str = "") -> Walked:
    """A timeout that no hop decides; like every denial it is not sure where something unread could change it."""
    if doubt:
        return _fixed(sources, citation, Verdict.INDETERMINATE, Effect.UNKNOWN, doubt, entry)
    return _fixed(sources, citation, Verdict.DENIED, Effect.TIMEOUT, "", entry)


def _is_one_address(target: Target, entry: tuple[Address, int | None] | None) -> bool:
    """Whether a question is about one address, so that sources of the other family have no way, whatever is unread."""
    return isinstance(target, AddressTarget) or entry is not None


def _no_family(target: Target, missing: AddressSet, doubt: str) -> Alternative:
    """Sources of a family in which the target has no address."""
    family = 4 if missing.ipv4 else 6
    citation = Citation(Layer.LOAD_BALANCER, text=f"{target.text} has no IPv{family} address")
    return _denied(missing, citation, doubt).alternative


def _distinct(alternatives: Sequence[Alternative]) -> list[Alternative]:
    found: dict[tuple[object, ...], Alternative] = {}
    for each in alternatives:
        found.setdefault(tuple((*one.merged_key(), one.sources, one.seen) for one in each.outcomes), each)
    return list(found.values())


def _with_short_cut(evaluator: Evaluator, source: Source, alternatives: Sequence[Alternative]) -> Iterator[Alternative]:
    """For callers inside the cluster: kube-proxy may answer on their node, past load balancer and groups."""
    network = evaluator.ways.network
    inside = AddressSet.union_of(
        [network.pods or AddressSet(), *(AddressSet.single(a) for node in network.nodes for a in node.internal)]
    )
    if not source.addresses.overlaps(inside):
        yield from alternatives
        return
    text = "an address of this cluster: kube-proxy may answer on its own node, past load balancer and security groups"
    assumption = Assumption("in-cluster-short-cut", text)
    for each in alternatives:
        outcomes = tuple(replace(one, assumptions=(*one.assumptions, assumption)) for one in each.outcomes)
        yield Alternative(each.entry, each.domain, outcomes)
