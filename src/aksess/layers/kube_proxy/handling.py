"""What one node's kube-proxy does with a connection to a Service, for every source at once.

Three questions in the order in which the rules ask them. Does kube-proxy handle the address at all? Is the source
listed, where the address is a frontend with source ranges? Which endpoints does the traffic policy choose from, and is
the source kept? Under the Cluster policy any endpoint serves and the source is masqueraded. Under the Local policy an
outside caller gets an endpoint of the node that was called, source kept, or nothing; pods and the node itself get any
endpoint, as if they had gone out to the load balancer and come back.

The two proxy modes differ in corners only, all of them here: iptables judges source ranges while it rewrites the
destination (so a Service without endpoints refuses everybody, and an address that is also in ``externalIPs`` is not
judged), refuses nothing on the way out of the node, and opens node ports on every address of the node. Windows nodes
have a kube-proxy of their own that does not enforce source ranges; in all else they are taken to do as Linux nodes do.

Answers are about new connections. Established ones outlive a change of ranges or endpoints, and the rules outlive
kube-proxy.

Source: kubernetes/kubernetes v1.36 pkg/proxy/iptables/proxier.go and pkg/proxy/nftables/proxier.go (`syncProxyRules`,
`setupNFTables`), pkg/proxy/winkernel/proxier.go (reads no source ranges), pkg/proxy/serviceport.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aksess.addresses import NOBODY, AddressSet
from aksess.estate.kubernetes import Node, Service, ServicePort
from aksess.layers.kube_proxy.arrival import Alternatives, Arrival, Cell, Handling
from aksess.layers.kube_proxy.cluster import ClusterNetwork, Mode, primary_address
from aksess.layers.kube_proxy.delivery import Deliverer
from aksess.layers.kube_proxy.endpoint_sets import UsableEndpoints
from aksess.layers.kube_proxy.endpoints import Endpoints
from aksess.layers.kube_proxy.entry import Entry, cite, entry_of
from aksess.layers.kube_proxy.health import health
from aksess.layers.kube_proxy.ranges import source_ranges
from aksess.rulings import Assumption, Effect, Ruling

__all__ = ["handle"]

_MODE_UNKNOWN = Assumption(
    "kube-proxy-mode", "the mode of kube-proxy is not in the input: iptables, the default of AKS, is taken for true"
)
_WINDOWS = Assumption(
    "windows-node",
    "the node runs Windows: its kube-proxy enforces no source ranges and is else taken to do as on Linux",
)
_RANGES = ("spec", "loadBalancerSourceRanges")
_EXTERNAL = ("spec", "externalTrafficPolicy")
_INTERNAL = ("spec", "internalTrafficPolicy")


def handle(
    service: Service,
    port: ServicePort,
    arrival: Arrival,
    endpoints: Endpoints,
    node: Node | None,
    cluster: ClusterNetwork,
) -> Handling:
    """What kube-proxy of a node does with a connection, for every source of its family.

    Args:
        service: The Service that the destination belongs to.
        port: The port of the Service.
        arrival: What arrives.
        endpoints: The endpoints of the Service.
        node: The node that handles it; None where the input does not hold the nodes.
        cluster: The network of the cluster.

    Returns:
        Disjoint cells that hold every address of the family, each with what may happen to its sources. Where the
        proxy mode is not known, iptables answers, with an assumption wherever nftables would answer differently.
    """
    if cluster.mode is not None:
        return tuple(_Handler(service, port, arrival, endpoints, node, cluster, cluster.mode).cells())
    cells = tuple(_Handler(service, port, arrival, endpoints, node, cluster, "iptables").cells())
    others = tuple(_Handler(service, port, arrival, endpoints, node, cluster, "nftables").cells())
    if cells == others:
        return cells
    return tuple(_agreed(cells, others))


def _agreed(cells: Handling, others: Handling) -> Iterator[Cell]:
    """The first cells, cut where the others answer differently; those parts carry the assumption."""
    for sources, alternatives in cells:
        same = AddressSet.union_of(sources & each for each, found in others if found == alternatives)
        if same:
            yield Cell(same, alternatives)
        if sources - same:
            assumed = tuple(replace(each, assumptions=(*each.assumptions, _MODE_UNKNOWN)) for each in alternatives)
            yield Cell(sources - same, assumed)


@dataclass(frozen=True, slots=True)
class _Handler:
    """One arrival on one node in one mode."""

    service: Service
    port: ServicePort
    arrival: Arrival
    endpoints: Endpoints
    node: Node | None
    cluster: ClusterNetwork
    mode: Mode

    def cells(self) -> Iterator[Cell]:
        """The cells of the answer."""
        everyone = self.arrival.sources
        entry = entry_of(self.service, self.arrival, self.node, self.mode)
        if isinstance(entry, Ruling):
            yield Cell(everyone, (entry,))
        elif self.arrival.kind == "health-check-node-port":
            yield Cell(everyone, (health(self.service, self.node, self.endpoints, self.arrival.family),))
        elif self.arrival.kind == "cluster-ip":
            yield from self._internal(everyone)
        else:
            yield from self._external(entry)

    def _internal(self, everyone: AddressSet) -> Iterator[Cell]:
        """The cluster IP: pods keep their address, everybody else is masqueraded."""
        usable = self._usable
        citation = cite(self.service, _INTERNAL, f"internalTrafficPolicy {self.service.internal_policy}")
        if not usable:
            yield Cell(everyone, (self._refused(),))
            return
        chosen = usable.cluster
        if self.service.internal_policy == "Local":
            chosen = usable.only_local(self.node.name if self.node is not None else None)
            if not chosen:
                text = "internalTrafficPolicy Local and no endpoint of the Service on the node"
                yield Cell(everyone, (Ruling(replace(citation, text=text), Effect.TIMEOUT),))
                return
        pods = self._pods & everyone
        deliverer = self._deliverer
        if pods:
            yield from deliverer.kept(pods, chosen, citation)
        if everyone - pods:
            yield Cell(everyone - pods, deliverer.masqueraded(chosen, citation))

    def _external(self, entry: Entry) -> Iterator[Cell]:
        """A frontend, an external IP or a node port."""
        everyone = self.arrival.sources
        listed = self._listed(entry)
        if not self._usable:
            # iptables judges sources in the chain that rewrites destinations, which there is not without endpoints
            refused = everyone if self.mode == "iptables" else listed
            if refused:
                yield Cell(refused, (self._none_ready(),))
            listed, everyone = NOBODY, everyone - refused
        if everyone - listed:
            text = "the source is not in loadBalancerSourceRanges; kube-proxy drops the connection"
            yield Cell(everyone - listed, (Ruling(cite(self.service, _RANGES, text), Effect.TIMEOUT),))
        if listed:
            yield from self._by_policy(listed)

    def _by_policy(self, sources: AddressSet) -> Iterator[Cell]:
        """What the external traffic policy makes of sources that are let in."""
        service, usable, deliverer = self.service, self._usable, self._deliverer
        if service.external_policy == "Cluster":
            citation = cite(service, _EXTERNAL, "externalTrafficPolicy Cluster: any endpoint, source masqueraded")
            yield Cell(sources, deliverer.masqueraded(usable.cluster, citation))
            return
        pods = sources & self._pods
        if pods:
            citation = cite(service, _EXTERNAL, "externalTrafficPolicy Local, called by a pod: any endpoint")
            yield from deliverer.kept(pods, usable.cluster, citation)
        if sources - pods:
            yield Cell(sources - pods, self._local_policy(usable, deliverer))

    def _local_policy(self, usable: UsableEndpoints, deliverer: Deliverer) -> Alternatives:
        """The Local policy for callers that are no pods."""
        service = self.service
        if self._from_itself:
            citation = cite(service, _EXTERNAL, "externalTrafficPolicy Local, called by the node: any endpoint")
            return deliverer.masqueraded(usable.cluster, citation)
        chosen = usable.cluster.everywhere() if self.node is None else usable.local(self.node.name)
        if chosen:
            citation = cite(service, _EXTERNAL, "externalTrafficPolicy Local: an endpoint of the node, source kept")
            return deliverer.on_node(chosen, citation)
        text = "externalTrafficPolicy Local and no endpoint of the Service on the node"
        return (Ruling(cite(service, _EXTERNAL, text), Effect.TIMEOUT),)

    def _listed(self, entry: Entry) -> AddressSet:
        """Who is let in by the source ranges; everyone where they do not count for this destination."""
        everyone, family = self.arrival.sources, self.arrival.family
        if self._windows or not entry.frontend or (entry.external and self.mode == "iptables"):
            return everyone
        ranges = source_ranges(self.service.source_ranges, family)
        if ranges is None:
            return everyone
        own = primary_address(self.node, family) if self.node is not None else None
        if own is not None and own in ranges:  # the node may call with the frontend's address as its own
            return ranges | AddressSet.union_of(AddressSet.single(each) for each in entry.frontends)
        return ranges

    @property
    def _usable(self) -> UsableEndpoints:
        return self.endpoints.usable(self.port, self.arrival.family)

    @property
    def _pods(self) -> AddressSet:
        """The sources that kube-proxy takes for pods."""
        if self.cluster.pods is not None:
            return self.cluster.pods.family(self.arrival.family)
        return self.arrival.sources if self.arrival.caller == "pod" else NOBODY

    @property
    def _deliverer(self) -> Deliverer:
        taken = (_WINDOWS,) if self._windows else ()
        return Deliverer(self.arrival, self.node, self.cluster, self.mode, (*self._usable.assumptions, *taken))

    @property
    def _from_itself(self) -> bool:
        """Whether the handling node itself calls."""
        return self.arrival.caller == "node" and self.arrival.starts_on(self.node)

    @property
    def _windows(self) -> bool:
        return self.node is not None and self.node.labels.get("kubernetes.io/os") == "windows"

    def _refused(self) -> Ruling:
        path = ("spec", "selector") if self.service.selector else ("spec", "ports", self.service.ports.index(self.port))
        name = self.port.name or str(self.port.port)
        text = f"no ready endpoint for port {name} in IPv{self.arrival.family}; the node refuses the connection"
        return Ruling(cite(self.service, path, text), Effect.REFUSED)

    def _none_ready(self) -> Ruling:
        """Without endpoints: refused, except on the way out of a node in iptables mode, where no rule stands."""
        refused = self._refused()
        if self.mode == "iptables" and self._from_itself and self.arrival.kind != "node-port":
            text = "no ready endpoint; in iptables mode the node's own connection leaves the node"
            return Ruling(replace(refused.citation, text=text))
        return refused
