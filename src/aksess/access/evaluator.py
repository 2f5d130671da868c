"""The evaluator: one fold for every question.

It builds what all questions about an estate share (lanes, endpoints, controllers, the prediction of the group that
AKS manages) once, and answers for a target and a set of sources with a list of alternatives. `explain` asks for one
address and every end of the way; `who`, `audit`, `diff` and plans ask for everybody and only for who gets in. Nothing
else in the product computes access.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from aksess.access import entries, health, requests
from aksess.access.arrivals import Fork, Stopped, Stream, Ways, pods_of
from aksess.access.entries import Entry, EntryKind
from aksess.access.health import Health
from aksess.access.lanes import Lane, lane_of_subnet, lanes_of
from aksess.access.outcomes import Alternative, Outcome
from aksess.addresses import EVERYONE, AddressSet, PortSet
from aksess.controllers import registry
from aksess.controllers.interface import Answers, Backend, Controller, Request
from aksess.errors import ParseError
from aksess.estate import Estate
from aksess.estate.azure import ManagedCluster
from aksess.estate.kubernetes import Ingress, Name
from aksess.layers import api_server, application_gateway, cloud_provider, egress, load_balancer, network_policy
from aksess.layers.application_gateway import Listener
from aksess.layers.kube_proxy import ClusterNetwork
from aksess.layers.load_balancer import Forwarding, HealthProbe
from aksess.layers.nsg import Flow
from aksess.rulings import Citation, Effect, Layer, Ruling, Verdict
from aksess.snapshot.unread import Reach

__all__ = ["Evaluator", "Walked"]

_EPHEMERAL = 50000
"""A source port as clients get them when they do not choose."""


_SHARED = (
    *("prediction", "lanes", "ways", "frontends", "frontends_by_service", "public_node_entries", "gateways"),
    *("source_ports", "requirements", "allowances"),
)
"""What Ingresses and ConfigMaps have no part in."""


@dataclass(frozen=True)
class Walked:
    """An alternative with the hops that narrowed it."""

    alternative: Alternative
    narrowed: tuple[Citation, ...] = ()


@dataclass
class Evaluator:
    """Answers questions about one estate.

    Attributes:
        estate: The estate; not changed while this lives.
        strict: Whether what rests on an assumption counts as indeterminate; denials may too, so every stop is kept.
    """

    estate: Estate
    strict: bool = False
    _forwarding: dict[tuple[Name, int, str, object], Forwarding] = field(default_factory=dict, repr=False)
    _health: dict[tuple[Name, int, str, object], Health] = field(default_factory=dict, repr=False)
    _forks: dict[tuple[str, str, int, bool], tuple[Fork, ...]] = field(default_factory=dict, repr=False)
    _inside: dict[tuple[str, Backend], Ruling | None] = field(default_factory=dict, repr=False)
    _doubts: dict[bool, str] = field(default_factory=dict, repr=False)

    def after(self, estate: Estate) -> Evaluator:
        """The evaluator of an estate that differs in its Ingresses and ConfigMaps only; all else is taken over.

        Health that a controller's answers decide is worked out again.
        """
        found = Evaluator(estate, self.strict)
        for name in _SHARED:
            if name in self.__dict__:
                found.__dict__[name] = self.__dict__[name]
        found._forwarding = self._forwarding
        if not any(
            each.probe and not each.probe.local and each.probe.protocol != "tcp" for each in self._forwarding.values()
        ):
            found._health, found._forks = self._health, self._forks
        return found

    # --- what questions share ---------------------------------------------------------------------------------------

    @cached_property
    def prediction(self) -> cloud_provider.Prediction:
        """What the cloud provider would write for today's Services."""
        return cloud_provider.predict(self.estate)

    @cached_property
    def lanes(self) -> list[Lane]:
        """The security groups before each group of nodes."""
        return lanes_of(self.estate, self.prediction)

    @cached_property
    def controllers(self) -> list[Controller]:
        """The controllers that are known."""
        return registry.find(self.estate)

    @cached_property
    def ways(self) -> Ways:
        """The walks to pods."""
        plugin = (self.estate.cluster.network.network_plugin or "").lower() if self.estate.cluster else ""
        side = ClusterNetwork.of(self.estate, pod_side="bridge" if plugin == "kubenet" else "node")
        return Ways(self.estate, self.lanes, side)

    @cached_property
    def frontends(self) -> list[Entry]:
        """The frontends of all load balancers."""
        return list(entries.frontends(self.estate))

    @cached_property
    def frontends_by_service(self) -> dict[Name, list[Entry]]:
        """Frontends by the Service they lead to."""
        found: dict[Name, list[Entry]] = {}
        for entry in self.frontends:
            if entry.service is not None:
                found.setdefault(entry.service.key, []).append(entry)
        return found

    @cached_property
    def public_node_entries(self) -> list[Entry]:
        """Node and host ports on public addresses of nodes."""
        return entries.public_node_entries(self.estate)

    @cached_property
    def gateways(self) -> list[Listener]:
        """The listeners of application gateways that forward to some frontend of the cluster."""
        known = {(entry.address, entry.port) for entry in self.frontends}
        return [each for each in application_gateway.listeners(self.estate) if known & set(each.backends)]

    @cached_property
    def unserved(self) -> list[Ingress]:
        """Ingresses that no known controller serves."""
        served = {ingress.key for controller in self.controllers for ingress in controller.ingresses}
        return [ingress for ingress in self.estate.ingresses.values() if ingress.key not in served]

    @cached_property
    def source_ports(self) -> tuple[int, ...]:
        """Source ports that stand for all that rules do not tell apart, the usual one first."""
        told: set[int] = set()
        for lane in self.lanes:
            for guard in lane.guards:
                for rule in guard.group.rules if guard.group else ():
                    if rule.inbound and set(rule.source_ports) - {"*"}:
                        try:
                            flat = PortSet.parse(rule.source_ports).flat
                        except ParseError:
                            continue
                        told.update(port for port in flat if port < 65536)
        return (_EPHEMERAL, *sorted(told - {_EPHEMERAL}))

    @cached_property
    def requirements(self) -> list[egress.Requirement]:
        """What the cluster needs to send out, each with its verdict; empty where no cluster was read."""
        cluster = self.estate.cluster
        return egress.judge(cluster, self.estate, self._ways_out) if cluster else []

    @cached_property
    def allowances(self) -> list[egress.Allowance]:
        """Outbound allow rules that decide nothing of what the cluster needs."""
        hops = [hop for group in self._ways_out.values() for hop in group]
        return egress.allowances(self.estate.cluster, hops, self.requirements) if self.estate.cluster else []

    @cached_property
    def _ways_out(self) -> dict[str, list[egress.Hop]]:
        """The security groups on the way out, by node group."""
        found: dict[str, list[egress.Hop]] = {}
        for lane in self.lanes:
            by_layer = {guard.layer: guard.group for guard in lane.guards}
            hops = egress.ways_out(by_layer.get(Layer.NIC_NSG), by_layer.get(Layer.SUBNET_NSG), lane.surroundings)
            found.update({group.name: hops for group in lane.groups})
        return found

    def controllers_of(self, service: Name) -> list[Controller]:
        """The controllers that a Service leads to."""
        return [each for each in self.controllers if any(found.key == service for found in each.services)]

    def forwarding(self, entry: Entry) -> Forwarding | None:
        """What the load balancer does with an entry; None for node and host ports."""
        if entry.kind != EntryKind.FRONTEND or entry.service is None or entry.service_port is None:
            return None
        key = (entry.service.key, entry.port, entry.protocol, entry.address)
        if key not in self._forwarding:
            self._forwarding[key] = load_balancer.forwarding(
                self.estate, entry.service, entry.service_port, entry.address
            )
        return self._forwarding[key]

    def health(self, entry: Entry) -> Health:
        """Which nodes get the connections of an entry."""
        if entry.node is not None:
            return health.every_node(self.lanes, [entry.node])
        forwarding = self.forwarding(entry)
        if forwarding is None or entry.service is None or entry.service_port is None:
            return health.every_node(self.lanes, list(self.estate.nodes.values()))
        key = (entry.service.key, entry.port, entry.protocol, entry.address.family)
        if key not in self._health:
            service, port = entry.service, entry.service_port
            self._health[key] = health.health_of(
                self.estate,
                self.lanes,
                service,
                port,
                forwarding,
                self.ways.endpoints(service),
                entry.address.family,
                lambda probe: self._probed(entry, probe),
            )
        return self._health[key]

    # --- the fold ---------------------------------------------------------------------------------------------------

    def transport(self, entry: Entry, sources: AddressSet = EVERYONE, *, detail: bool = False) -> Iterator[Walked]:
        """Connections to an entry, up to the pods behind it."""
        for fork, condition in self._walks(entry, sources, detail or self.strict):
            outcomes = [self._stopped(each, entry.label, condition) for each in fork.stopped]
            outcomes += [self._arrived(stream, entry, condition) for stream in fork.streams]
            yield self._walked(entry, sources, outcomes, fork.narrowed)

    def http(
        self,
        entry: Entry,
        controller: Controller,
        request: Request,
        sources: AddressSet = EVERYONE,
        *,
        detail: bool = False,
    ) -> Iterator[Walked]:
        """HTTP requests to a controller over an entry."""
        detail = detail or self.strict
        answers = controller.answer(replace(request, port=entry.service_port.port if entry.service_port else 0))
        for fork, condition in self._walks(entry, sources, detail):
            for finish in requests.finishes(fork, answers, detail=detail or self._controllers_in_doubt):
                outcomes = [self._stopped(each, entry.label, condition) for each in fork.stopped]
                for end in finish.ends:
                    outcomes.append(self._ended(end, answers, controller, entry.label, condition))
                yield self._walked(entry, sources, outcomes, finish.narrowed)

    def through_gateway(
        self,
        listener: Listener,
        entry: Entry,
        controller: Controller,
        request: Request,
        sources: AddressSet = EVERYONE,
        *,
        detail: bool = False,
    ) -> Iterator[Walked]:
        """HTTP requests to a controller that an application gateway forwards.

        The gateway is the client of the entry. Where the controller reads the forwarded header from it, it judges the
        client again, because the gateway appends the client's address; else it judges the gateway.
        """
        detail = detail or self.strict
        label = f"{listener.address or listener.gateway}:{listener.port}"
        domain = sources.family(listener.address.family) if listener.address else sources
        peers = listener.peers(self.estate)
        start = Stream(domain, trail=(listener.ruling,))
        if peers is None or not listener.ruling.passes:
            reason = "" if not listener.ruling.passes else f"the subnet of {listener.gateway} is not in the input"
            ended = self._outcome(
                Stream(domain), replace(listener.ruling, doubt=listener.ruling.doubt or reason), label
            )
            yield Walked(Alternative(label, domain, (ended,)), (listener.ruling.citation,))
            return
        answers = controller.answer(replace(request, port=entry.service_port.port if entry.service_port else 0))
        told = requests.told_by(answers, peers)
        lane = lane_of_subnet(self.estate, listener.subnet, self.prediction)
        front = self.ways.guarded(lane, Flow(peers, listener.port), start, detail)
        for inner in self._walk(entry, peers, True, _EPHEMERAL):
            fork = front.branch()
            fork.absorb(Fork(narrowed=inner.narrowed))
            for client in front.streams:
                for stopped in inner.stopped:
                    trail = (*client.trail, *stopped.stream.trail)
                    fork.stopped.append(Stopped(replace(client, trail=trail), stopped.ruling))
                for stream in inner.streams:
                    seen = stream.sources if stream.seen is None else stream.seen
                    trail = (*client.trail, *stream.trail)
                    fork.streams.append(Stream(client.sources, None if told else seen, trail))
            for finish in requests.finishes(fork, told or answers, detail=detail or self._controllers_in_doubt):
                outcomes = [self._stopped(each, label, "") for each in fork.stopped]
                outcomes += [self._ended(end, answers, controller, label, "") for end in finish.ends]
                yield Walked(Alternative(label, domain, tuple(_merged(outcomes))), tuple(finish.narrowed))

    def api_server(self, cluster: ManagedCluster, sources: AddressSet = EVERYONE) -> Walked:
        """Connections to the API server of a cluster."""
        label = f"api-server/{cluster.name}"
        partition = api_server.judge(cluster, self.estate)
        outcomes = []
        narrowed: list[Citation] = []
        for part, ruling in partition.split(sources):
            stream = Stream(part)
            if ruling.passes:
                outcomes.append(self._outcome(stream, ruling, label, reached=True))
            else:
                outcomes.append(self._outcome(stream, ruling, label))
                narrowed.append(ruling.citation)
        return Walked(Alternative(label, sources, tuple(outcomes)), tuple(narrowed[:1]))

    def _walks(self, entry: Entry, sources: AddressSet, detail: bool) -> Iterator[tuple[Fork, str]]:
        """The forks of an entry; other source ports only add what they open."""
        for number, source_port in enumerate(self.source_ports):
            condition = "source-port" if number else ""
            stops = detail and not number
            if sources == EVERYONE:
                key = (entry.label, entry.protocol, source_port, stops)
                if key not in self._forks:
                    self._forks[key] = self._walk(entry, sources, stops, source_port)
                forks = self._forks[key]
            else:
                forks = self._walk(entry, sources, stops, source_port)
            for fork in forks:
                yield fork, condition

    def _walk(self, entry: Entry, sources: AddressSet, detail: bool, source_port: int) -> tuple[Fork, ...]:
        forwarding, found = self.forwarding(entry), self.health(entry)
        return self.ways.walk(entry, sources, forwarding, found, detail=detail, source_port=source_port)

    def _probed(self, entry: Entry, probe: HealthProbe) -> Ruling | None:
        """What a controller surely answers an HTTP probe, where that is not 200."""
        service, port = entry.service, entry.service_port
        if service is None or port is None or probe.port != port.node_port:
            return None
        for controller in self.controllers_of(service.key):
            scheme = "https" if probe.protocol == "https" else "http"
            if controller.listener(service, port) != scheme:
                continue
            answers = controller.answer(Request(scheme, "", probe.path, exact=True, port=port.port))
            seen = AddressSet.union_of(
                map(AddressSet.single, (a for node in self.estate.nodes.values() for a in node.internal))
            )
            met = list(_met(answers, seen or self.ways.network.node_space))
            if met and all(not ruling.passes and not ruling.doubt and ruling.status != 200 for ruling in met):
                text = f"the probe {probe.protocol} {probe.path} is answered {met[0].status}, so no node is healthy"
                return Ruling(replace(probe.citation, text=text), Effect.TIMEOUT)
        return None

    # --- ends -------------------------------------------------------------------------------------------------------

    def _arrived(self, stream: Stream, entry: Entry, condition: str) -> Outcome:
        last = Ruling(replace(entry.citation, layer=Layer.KUBE_PROXY, text="reaches the pods of the Service"))
        return self._outcome(stream, last, entry.label, condition, reached=True)

    def _stopped(self, stopped: Stopped, entry: str, condition: str) -> Outcome:
        return self._outcome(stopped.stream, stopped.ruling, entry, condition)

    def _ended(
        self, end: requests.End, answers: Answers, controller: Controller, entry: str, condition: str
    ) -> Outcome:
        condition = end.condition or condition
        ruling = replace(
            end.ruling, assumptions=(*end.ruling.assumptions, *answers.assumptions, *controller.assumptions)
        )
        if not ruling.passes:
            return self._outcome(end.stream, ruling, entry, condition, seen=end.judged)
        inside = self._application(answers, controller)
        if inside is None:
            return self._outcome(end.stream, ruling, entry, condition, reached=True, seen=end.judged)
        stream = end.stream.passing(end.stream.sources, ruling)
        return self._outcome(stream, inside, entry, condition, reached=inside.passes, seen=end.judged)

    def _application(self, answers: Answers, controller: Controller) -> Ruling | None:
        """What network policies on the application's pods do with the controller's pods."""
        backend = answers.backend
        if backend is None or not self.estate.policies or not self.ways.policies.enforced:
            return None
        key = (f"{controller.namespace}/{sorted(controller.pod_labels.items())}", backend)
        if key not in self._inside:
            service = self.estate.services.get((backend.namespace, backend.service))
            self._inside[key] = None
            if service is not None:
                port = next(
                    (each for each in service.ports if backend.port in {each.port, each.name, str(each.port)}), None
                )
                callers = network_policy.Pods(controller.namespace, controller.pod_labels)
                if port is not None:
                    self._inside[key] = network_policy.admits_pods(
                        self.estate, pods_of(self.estate, service), port.target_port, port.protocol, callers
                    )
        return self._inside[key]

    def _outcome(
        self,
        stream: Stream,
        ruling: Ruling,
        entry: str,
        condition: str = "",
        *,
        reached: bool = False,
        seen: AddressSet | None = None,
    ) -> Outcome:
        """The outcome of an end: a doubt met anywhere on the way to the application makes it indeterminate."""
        trail = (*stream.trail, ruling)
        assumptions = tuple(dict.fromkeys(each for one in trail for each in one.assumptions))
        reason = "; ".join(dict.fromkeys(one.doubt for one in trail if one.doubt)) if reached else ruling.doubt
        verdict = Verdict.ALLOWED if reached else Verdict.DENIED
        if not reason and verdict == Verdict.DENIED:
            reason = self.doubt_of_denial(ruling.citation.layer)
        if not reason and self.strict and assumptions:
            reason = f"--strict: {assumptions[0].text}"
        if reason:
            verdict = Verdict.INDETERMINATE
        effect = Effect.UNKNOWN if reason else Effect.REACHED if reached else ruling.effect or Effect.UNKNOWN
        shown = seen if seen is not None else stream.seen if stream.seen is not None else stream.sources
        status = None if reason else ruling.status
        return Outcome(
            stream.sources, verdict, effect, ruling.citation, status, condition, ruling.then if reached else "",
            reason, entry, shown, trail, assumptions,
        )  # fmt: skip

    @property
    def _controllers_in_doubt(self) -> bool:
        """Whether no denial of a controller is sure; then who is denied matters as much as who gets in."""
        return bool(self.doubt_of_denial(Layer.CONTROLLER))

    def doubt_of_denial(self, layer: Layer) -> str:
        """Why a denial of a layer is not sure: something unread could have changed it; empty where it is sure."""
        by_controller = layer == Layer.CONTROLLER
        if by_controller not in self._doubts:
            gap = next(iter(self.estate.gaps(*((Reach.CONTROLLER,) if by_controller else ()))), None)
            text = f"{gap.label} was not understood ({gap.reason}) and could change this" if gap else ""
            self._doubts[by_controller] = text
        return self._doubts[by_controller]

    def _walked(
        self, entry: Entry, sources: AddressSet, outcomes: Sequence[Outcome], narrowed: Sequence[Citation]
    ) -> Walked:
        domain = sources.family(entry.address.family)
        return Walked(Alternative(entry.label, domain, tuple(_merged(outcomes))), tuple(narrowed))


def _met(answers: Answers, seen: AddressSet) -> Iterator[Ruling]:
    """The rulings that callers with given addresses may meet without any choice of theirs."""
    for view in answers.views:
        part = seen & view.peers
        if view.condition or not part:
            continue
        if view.stop is not None:
            yield view.stop
        else:
            yield from (ruling for _, ruling in answers.rulings.split(view.judged if view.judged is not None else part))


def _merged(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Outcomes that differ in their sources alone, put together."""
    found: dict[tuple[object, ...], Outcome] = {}
    for outcome in outcomes:
        key = outcome.merged_key()
        earlier = found.get(key)
        found[key] = (
            outcome
            if earlier is None
            else replace(earlier, sources=earlier.sources | outcome.sources, seen=earlier.seen | outcome.seen)
        )
    yield from found.values()
