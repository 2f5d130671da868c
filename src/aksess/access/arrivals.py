"""How sources arrive: the way from an entry to the pods behind it, folded over sets of sources.

Each hop takes the streams that reached it and cuts them: some go on, the others stop with a ruling. A stream carries
the sources, the address that the next hop sees of them (their own, or addresses of nodes after source translation),
the rulings that let it through, and the doubts it met. Where nobody asking chooses (which node the balancer picks,
which endpoint kube-proxy picks) the way forks, and every fork is followed.

Order of travel: load balancer, security admin rules, subnet group, interface group, kube-proxy, network policies on the
pods that are reached.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from aksess.access.crossings import Blocked, Crossings
from aksess.access.entries import Entry
from aksess.access.health import Health
from aksess.access.lanes import Lane
from aksess.addresses import AddressSet
from aksess.estate import Estate
from aksess.estate.kubernetes import Node, Service, ServicePort
from aksess.layers import kube_proxy, network_policy
from aksess.layers.kube_proxy import Arrival, ClusterNetwork, Delivery, Endpoint, Endpoints
from aksess.layers.load_balancer import Forwarding
from aksess.layers.nsg import Flow
from aksess.rulings import Assumption, Citation, Layer, Partition, Ruling

__all__ = ["Fork", "Stopped", "Stream", "Ways", "judged_by_seen", "pods_of"]


_Cells = Sequence[tuple[AddressSet, Sequence[Delivery | Ruling | Blocked]]]
"""What kube-proxy does with sources, each with what may happen to them."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Sources on their way.

    Attributes:
        sources: The clients.
        seen: The addresses that the next hop may see of them; None for their own.
        trail: The rulings that let them through, in order.
    """

    sources: AddressSet
    seen: AddressSet | None = None
    trail: tuple[Ruling, ...] = ()

    @property
    def doubt(self) -> str:
        """Why it cannot be known that they came so far; empty where it can."""
        return "; ".join(dict.fromkeys(ruling.doubt for ruling in self.trail if ruling.doubt))

    def passing(self, sources: AddressSet, ruling: Ruling) -> Stream:
        """The part of the stream that a ruling lets through."""
        return replace(self, sources=sources, trail=(*self.trail, ruling))


@dataclass(frozen=True, slots=True)
class Stopped:
    """Sources whose way ended, with the ruling that ended it."""

    stream: Stream
    ruling: Ruling


@dataclass
class Fork:
    """One way that nobody asking chooses: what goes on, and what stopped (only where that was asked for)."""

    streams: list[Stream] = field(default_factory=list)
    stopped: list[Stopped] = field(default_factory=list)
    narrowed: list[Citation] = field(default_factory=list)
    """The hops that stopped somebody, each by what it stands for as a whole."""

    def narrow(self, by: Partition | Ruling) -> None:
        """Write down that a hop stopped somebody."""
        citation = by.citation if isinstance(by, Ruling) else _stopping(by).citation
        if citation not in self.narrowed:
            self.narrowed.append(citation)

    def absorb(self, other: Fork) -> None:
        """Take over what stopped on the way of another fork."""
        self.stopped += other.stopped
        self.narrowed += [each for each in other.narrowed if each not in self.narrowed]

    def branch(self) -> Fork:
        """A fork that begins with what stopped so far."""
        return Fork(stopped=list(self.stopped), narrowed=list(self.narrowed))


@dataclass
class Ways:
    """Walks from entries to pods in one estate. Made once an estate; everything that entries share is kept."""

    estate: Estate
    lanes: Sequence[Lane]
    network: ClusterNetwork
    _endpoints: dict[tuple[str, str], Endpoints] = field(default_factory=dict)
    _standing: network_policy.Standing | None = None

    @cached_property
    def crossings(self) -> Crossings:
        """What connections between nodes meet."""
        return Crossings.of(self.lanes)

    def endpoints(self, service: Service) -> Endpoints:
        """The endpoints of a Service."""
        if service.key not in self._endpoints:
            self._endpoints[service.key] = Endpoints.of(self.estate, service)
        return self._endpoints[service.key]

    @property
    def policies(self) -> network_policy.Standing:
        """Whether network policies count here."""
        if self._standing is None:
            self._standing = network_policy.enforcement(self.estate)
        return self._standing

    def walk(
        self,
        entry: Entry,
        sources: AddressSet,
        forwarding: Forwarding | None,
        health: Health,
        *,
        detail: bool,
        source_port: int,
    ) -> tuple[Fork, ...]:
        """Every fork from an entry to the pods.

        Args:
            entry: Where the clients connect to.
            sources: The clients; only those of the entry's family count.
            forwarding: What the load balancer does; None for node ports.
            health: The lanes that get connections, with their nodes, and why the others do not.
            detail: Whether to keep what stops; costs time where sources are many.
            source_port: A source port that stands for what rules do not tell apart.
        """
        start = Stream(sources.family(entry.address.family))
        if not start.sources:
            return ()
        if forwarding is not None:
            if forwarding.stop is not None:
                return (_all_stopped(start, forwarding.stop, detail),)
            start = start.passing(start.sources, Ruling(forwarding.citation, assumptions=forwarding.assumptions))
        if not health.lanes:
            return (_all_stopped(start, health.reason, detail),)
        found: list[Fork] = []
        for lane, nodes in health.lanes:
            for flow in _flows(entry, forwarding, lane, nodes, source_port):
                arrived = self.guarded(lane, flow, start, detail)
                found += self._on_nodes(entry, forwarding, nodes, arrived, detail)
        return tuple(_distinct(found))

    def guarded(self, lane: Lane, flow: Flow, start: Stream, detail: bool) -> Fork:
        """Through the security groups of a lane."""
        arrived = Fork()
        if lane.assumptions:
            start = replace(start, trail=_assuming(start.trail, lane.assumptions))
        streams = [start]
        if lane.admin is not None:
            streams = []
            for part, ruling, skips in lane.admin_split(flow, start.sources):
                if not ruling.passes:
                    _stop(arrived, start, part, ruling, detail)
                    arrived.narrow(ruling)
                elif skips:
                    arrived.streams.append(start.passing(part, ruling))
                else:
                    streams.append(start.passing(part, ruling))
        for partition in lane.partitions(flow):
            after = Fork()
            for stream in streams:
                _cut(after, stream, partition, detail)
            arrived.absorb(after)
            streams = after.streams if detail else _joined(after.streams)
        arrived.streams += streams
        return arrived

    def _on_nodes(
        self,
        entry: Entry,
        forwarding: Forwarding | None,
        nodes: Sequence[Node | None],
        arrived: Fork,
        detail: bool,
    ) -> Iterator[Fork]:
        """Through kube-proxy of whichever node it is, then through the policies on the pods."""
        service, port = entry.service, entry.service_port
        if service is None or port is None:
            yield arrived
            return
        for cells in self._handlings(entry, forwarding, nodes, service, port):
            width = max(len(alternatives) for _, alternatives in cells)
            for index in range(width):
                fork = arrived.branch()
                for stream in arrived.streams:
                    self._deliver(stream, cells, index, fork, detail)
                yield from self._policed(fork, service, port, detail)

    def _deliver(self, stream: Stream, cells: _Cells, index: int, fork: Fork, detail: bool) -> None:
        for sources, alternatives in cells:
            part = stream.sources & sources
            if not part:
                continue
            chosen = alternatives[min(index, len(alternatives) - 1)]
            if isinstance(chosen, Ruling):
                if chosen.passes:
                    fork.streams.append(stream.passing(part, chosen))
                else:
                    _stop(fork, stream, part, chosen, detail)
                    fork.narrow(chosen)
                continue
            delivery = chosen.delivery if isinstance(chosen, Blocked) else chosen
            ruling = Ruling(delivery.citation, assumptions=(*delivery.assumptions, *self.network.assumptions))
            onward = stream.passing(part, ruling)
            if isinstance(chosen, Blocked):
                _stop(fork, onward, part, chosen.ruling, detail)
            else:
                fork.streams.append(replace(onward, seen=delivery.seen if delivery.seen is not None else onward.seen))

    def _handlings(
        self,
        entry: Entry,
        forwarding: Forwarding | None,
        nodes: Sequence[Node | None],
        service: Service,
        port: ServicePort,
    ) -> Iterator[_Cells]:
        """What kube-proxy does, once for all nodes that answer alike; the address seen is any of theirs."""
        family = entry.address.family
        floating = forwarding is not None and forwarding.floating
        arrival = Arrival("frontend", family, entry.address) if floating else _at_node(entry)
        endpoints = self.endpoints(service)
        groups: dict[object, list[Node | None]] = {}
        usable = endpoints.usable(port, family)
        for node in nodes:
            local = usable.local(node.name) if node is not None else ()
            key = (bool(local), any(each.host_network for each in local), node is not None)
            groups.setdefault(key, []).append(node)
        for members in groups.values():
            first = members[0]
            cells = kube_proxy.handle(service, port, arrival, endpoints, first, self.network)
            if len(members) > 1:
                cells = self._widened(cells, first, members, family)
            everywhere = usable.cluster.everywhere() if len(members) > 1 else None
            yield [(cell.sources, self._ways(cell.alternatives, everywhere, port.protocol)) for cell in cells]

    def _ways(
        self, alternatives: kube_proxy.Alternatives, everywhere: Collection[Endpoint] | None, protocol: str
    ) -> list[Delivery | Ruling | Blocked]:
        """Alternatives in which deliveries to other nodes are cut by what they meet there."""
        found: list[Delivery | Ruling | Blocked] = []
        for each in alternatives:
            if isinstance(each, Ruling) or not each.crosses:
                found.append(each)
            else:
                found += self.crossings.split(each, each.endpoints if everywhere is None else everywhere, protocol)
        return found

    def _widened(
        self, cells: kube_proxy.Handling, first: Node | None, members: Sequence[Node | None], family: int
    ) -> kube_proxy.Handling:
        """The handling of one node as that of several: what endpoints see may be the address of any of them."""
        outward = self.network.towards_node(first, family)[0]
        inward = self.network.towards_pod(first, family)[0] if first is not None else outward
        any_outward = AddressSet.union_of(self.network.towards_node(node, family)[0] for node in members)
        any_inward = AddressSet.union_of(
            self.network.towards_pod(node, family)[0] for node in members if node is not None
        )

        def wider(chosen: Delivery | Ruling) -> Delivery | Ruling:
            if isinstance(chosen, Ruling) or chosen.seen is None:
                return chosen
            if chosen.seen == outward:
                return replace(chosen, seen=any_outward)
            return replace(chosen, seen=any_inward) if chosen.seen == inward else chosen

        return tuple(cell._replace(alternatives=tuple(wider(each) for each in cell.alternatives)) for cell in cells)

    def _policed(self, fork: Fork, service: Service, port: ServicePort, detail: bool) -> Iterator[Fork]:
        """Through the network policies on the pods of a Service, which judge the address that they see."""
        standing = self.policies
        pods = pods_of(self.estate, service)
        if not self.estate.policies or not network_policy.selecting(self.estate, pods):
            yield fork
            return
        if not standing.enforced:
            for index, stream in enumerate(fork.streams):
                fork.streams[index] = replace(stream, trail=_assuming(stream.trail, standing.assumptions))
            yield fork
            return
        partition = network_policy.judge(self.estate, pods, port.target_port, port.protocol)
        if partition is None:
            yield fork
            return
        yield from judged_by_seen(fork, partition, detail)


def judged_by_seen(fork: Fork, partition: Partition, detail: bool) -> list[Fork]:
    """A hop that judges the address it sees. Streams that show one of several addresses fork where these differ."""
    width = max([1, *(len(list(partition.split(stream.seen))) for stream in fork.streams if stream.seen is not None)])
    forks: list[Fork] = []
    for index in range(width):
        after = fork.branch()
        for stream in fork.streams:
            if stream.seen is None:
                _cut(after, stream, partition, detail)
                continue
            options = list(partition.split(stream.seen))
            seen, ruling = options[min(index, len(options) - 1)]
            if ruling.passes:
                after.streams.append(replace(stream.passing(stream.sources, ruling), seen=seen))
            else:
                _stop(after, stream, stream.sources, ruling, detail)
                after.narrow(partition)
        forks.append(after)
    return forks


def pods_of(estate: Estate, service: Service) -> network_policy.Pods:
    """The pods that a Service selects: as they run, else as a workload makes them, else by its selector alone."""
    if service.selector:
        for pod in estate.pods_by_namespace.get(service.namespace, ()):
            if service.selector.items() <= pod.labels.items():
                return network_policy.Pods(pod.namespace, pod.labels, pod.containers)
        for workload in estate.workloads:
            if workload.namespace == service.namespace and service.selector.items() <= workload.pod_labels.items():
                return network_policy.Pods(workload.namespace, workload.pod_labels, workload.containers)
    return network_policy.Pods(service.namespace, service.selector)


def _at_node(entry: Entry) -> Arrival:
    """A node port; a public address is translated to the first of the node, so only internal ones are told apart."""
    checked = entry.service is not None and entry.port == entry.service.health_check_node_port
    own = entry.node is not None and entry.address in entry.node.internal
    kind: kube_proxy.Kind = "health-check-node-port" if own and checked else "node-port"
    return Arrival(kind, entry.address.family, entry.address if own else None)


def _flows(
    entry: Entry, forwarding: Forwarding | None, lane: Lane, nodes: Sequence[Node | None], source_port: int
) -> list[Flow]:
    """What the security groups of a lane see: the frontend with floating IP, else each node with the node port."""
    protocol = entry.protocol.lower()
    if forwarding is not None and forwarding.floating:
        return [Flow(AddressSet.single(entry.address), forwarding.port, protocol, source_port, floating=True)]
    port = forwarding.port if forwarding is not None else entry.port
    family = entry.address.family
    known = [
        AddressSet.single(address)
        for node in nodes
        if node is not None
        for address in node.internal
        if address.family == family
    ]
    if not known:
        space = lane.surroundings.virtual_network.perhaps.family(family)
        return [Flow(space, port, protocol, source_port)]
    together = Flow(AddressSet.union_of(known), port, protocol, source_port)
    if len(known) == 1 or not lane.told_apart(together):
        return [together]
    return [replace(together, destination=each) for each in known]


def _cut(fork: Fork, stream: Stream, partition: Partition, detail: bool) -> None:
    """One hop that judges the sources themselves."""
    kept: list[AddressSet] = []
    for part, ruling in partition.split(stream.sources) if detail else partition.passing(stream.sources):
        if ruling.passes:
            fork.streams.append(stream.passing(part, ruling))
            kept.append(part)
        else:
            _stop(fork, stream, part, ruling, detail)
    if not detail:
        _keep_doubts(fork, stream, partition)
    if AddressSet.union_of(kept) != stream.sources:
        fork.narrow(partition)


def _joined(streams: Iterable[Stream]) -> list[Stream]:
    """Streams that differ only in the rules that let them pass, put together: the same people see the same end.

    A security group of a thousand rules leaves hundreds of streams, and every exposure behind it would meet them all.
    """
    found: dict[tuple[object, ...], list[Stream]] = {}
    for stream in streams:
        key = (stream.seen, stream.doubt, tuple(dict.fromkeys(a for one in stream.trail for a in one.assumptions)))
        found.setdefault(key, []).append(stream)
    return [
        replace(members[0], sources=AddressSet.union_of(each.sources for each in members)) for members in found.values()
    ]


def _keep_doubts(fork: Fork, stream: Stream, partition: Partition) -> None:
    """A stop in doubt is never left out: it is indeterminate, not denied."""
    if any(
        ruling.doubt and not ruling.passes for ruling in (partition.otherwise, *(each for _, each in partition.cells))
    ):
        for part, ruling in partition.split(stream.sources):
            if ruling.doubt and not ruling.passes:
                fork.stopped.append(Stopped(replace(stream, sources=part), ruling))


def _stop(fork: Fork, stream: Stream, part: AddressSet, ruling: Ruling, detail: bool) -> None:
    if detail or ruling.doubt:
        fork.stopped.append(Stopped(replace(stream, sources=part), ruling))


def _stopping(partition: Partition) -> Ruling:
    """The ruling that speaks for what a partition stops."""
    if not partition.otherwise.passes:
        return partition.otherwise
    return next((ruling for _, ruling in partition.cells if not ruling.passes), partition.otherwise)


def _all_stopped(stream: Stream, ruling: Ruling, detail: bool) -> Fork:
    fork = Fork()
    fork.narrow(ruling)
    _stop(fork, stream, stream.sources, ruling, detail)
    return fork


def _assuming(trail: tuple[Ruling, ...], assumptions: tuple[Assumption, ...]) -> tuple[Ruling, ...]:
    if not assumptions:
        return trail
    if not trail:
        return (Ruling(Citation(Layer.SUBNET_NSG), assumptions=assumptions),)
    last = trail[-1]
    return (*trail[:-1], replace(last, assumptions=(*last.assumptions, *assumptions)))


def _distinct(forks: Iterable[Fork]) -> Iterator[Fork]:
    """Forks that differ; five pools behind equal rules are one fork."""
    seen: set[tuple[object, ...]] = set()
    for fork in forks:
        key = (
            tuple((stream.sources, stream.seen, stream.trail) for stream in fork.streams),
            tuple((each.stream.sources, each.ruling) for each in fork.stopped),
        )
        if key not in seen:
            seen.add(key)
            yield fork
