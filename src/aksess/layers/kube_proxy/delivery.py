"""How a connection gets to its endpoints: with its source kept, or masqueraded.

Masquerading happens where a packet leaves the node towards an endpoint, so an endpoint that shares the node's network
sees the source of a caller that came in from elsewhere. With the source kept, the endpoint answers the caller itself:
that reaches the caller only through the node that rewrote the destination, which is on the way back where the endpoint
or the caller is on that node. Otherwise the answer comes from an address that the caller does not know: a timeout.
A pod that is sent to itself is masqueraded, or it would answer itself.

Source: kubernetes/kubernetes pkg/proxy/iptables/proxier.go (KUBE-MARK-MASQ, KUBE-POSTROUTING, "loops back to the
originator"), pkg/proxy/nftables/proxier.go (masqueradingChain, hairpinConnectionsSet); Linux netfilter hooks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from aksess.addresses import Address, AddressSet
from aksess.estate.kubernetes import Node
from aksess.layers.kube_proxy.arrival import Alternatives, Arrival, Cell, Delivery
from aksess.layers.kube_proxy.cluster import ClusterNetwork, Mode
from aksess.layers.kube_proxy.endpoint_sets import Endpoint, EndpointSet
from aksess.rulings import Assumption, Citation, Effect, Ruling

__all__ = ["Deliverer"]


@dataclass(frozen=True, slots=True)
class Deliverer:
    """What one node does with the connections of one arrival, once it has chosen from where to take endpoints.

    Attributes:
        arrival: The arrival.
        node: The node that handles it; None where it is not known which.
        cluster: The network.
        mode: The proxy mode.
        assumptions: What is taken for true about the endpoints.
    """

    arrival: Arrival
    node: Node | None
    cluster: ClusterNetwork
    mode: Mode
    assumptions: tuple[Assumption, ...]

    @property
    def starts_here(self) -> bool:
        """Whether the caller is the handling node, or a pod of it."""
        return self.arrival.starts_on(self.node)

    def masqueraded(self, endpoints: EndpointSet, citation: Citation) -> Alternatives:
        """Any of the endpoints, with an address of the node for source."""
        if self.node is None:
            return tuple(self._anywhere(endpoints, citation))
        found: list[Delivery] = []
        here = endpoints.on(self.node.name)
        pods = tuple(each for each in here if not each.host_network)
        hosts = tuple(each for each in here if each.host_network)
        if pods:
            found.append(self._rewritten(pods, citation))
        if hosts and self.arrival.caller == "node" and self.starts_here:
            found.append(self._from_node(hosts, citation, crosses=False))
        elif hosts:
            found.append(self._unchanged(hosts, citation, crosses=False))
        elsewhere = endpoints.off(self.node.name)
        if elsewhere:
            found.append(self._from_node(elsewhere, citation, crosses=True))
        return tuple(found)

    def kept(self, sources: AddressSet, endpoints: EndpointSet, citation: Citation) -> Iterator[Cell]:
        """Any of the endpoints, with the source kept; a pod that may be sent to itself has a cell of its own."""
        if self.node is None:
            yield Cell(sources, (self._unchanged(endpoints.everywhere(), citation, crosses=False),))
            return
        here, elsewhere = endpoints.on(self.node.name), endpoints.off(self.node.name)
        loops = self._loops(sources, endpoints)
        for address, itself in loops.items():
            others = tuple(each for each in here if each.address != address)
            away = elsewhere if self.starts_here or len(elsewhere) > len(itself) else ()
            yield Cell(
                AddressSet.single(address), (self._back(itself, citation), *self._straight(others, away, citation))
            )
        rest = sources - AddressSet.union_of(AddressSet.single(address) for address in loops)
        if rest:
            yield Cell(rest, tuple(self._straight(here, elsewhere, citation)))

    def on_node(self, endpoints: Collection[Endpoint], citation: Citation) -> Alternatives:
        """Endpoints of the handling node, with the source kept."""
        return (self._unchanged(endpoints, citation, crosses=False),)

    def _loops(self, sources: AddressSet, endpoints: EndpointSet) -> dict[Address, tuple[Endpoint, ...]]:
        """The endpoints that may themselves be the caller and are masqueraded then, by address.

        iptables marks by source address, wherever the endpoint is; nftables knows its own node's endpoints only.
        """
        found: dict[Address, tuple[Endpoint, ...]] = {}
        if self.arrival.caller != "pod" or self.node is None or not (self.starts_here or self.mode == "iptables"):
            return found
        for each in endpoints.on(self.node.name if self.starts_here else self.arrival.home):
            if each.address is not None and not each.host_network and each.address in sources:
                found[each.address] = (*found.get(each.address, ()), each)
        return found

    def _straight(
        self, here: Collection[Endpoint], elsewhere: Collection[Endpoint], citation: Citation
    ) -> Iterator[Delivery | Ruling]:
        if here:
            yield self._unchanged(here, citation, crosses=False)
        if not elsewhere:
            return
        if self.starts_here:
            yield self._unchanged(elsewhere, citation, crosses=True)
        else:
            text = "the endpoint on another node answers the caller directly, past the node that was called"
            yield Ruling(replace(citation, text=text), Effect.TIMEOUT, assumptions=self.assumptions)

    def _back(self, itself: Collection[Endpoint], citation: Citation) -> Delivery:
        if self.starts_here:
            return self._rewritten(itself, citation)
        return self._from_node(itself, citation, crosses=True)

    def _anywhere(self, endpoints: EndpointSet, citation: Citation) -> Iterator[Delivery]:
        """Where the handling node is not known, neither is which of the endpoints are on it."""
        everywhere = endpoints.everywhere()
        yield self._from_node(everywhere, citation, crosses=len(everywhere) > 1)
        hosts = tuple(each for each in everywhere if each.host_network)
        if hosts:
            yield self._unchanged(hosts, citation, crosses=False)

    def _rewritten(self, endpoints: Collection[Endpoint], citation: Citation) -> Delivery:
        seen, taken = self.cluster.towards_pod(self.node, self.arrival.family)
        return Delivery(endpoints, seen, False, citation, (*self.assumptions, *taken))

    def _from_node(self, endpoints: Collection[Endpoint], citation: Citation, *, crosses: bool) -> Delivery:
        seen, taken = self.cluster.towards_node(self.node, self.arrival.family)
        return Delivery(endpoints, seen, crosses, citation, (*self.assumptions, *taken))

    def _unchanged(self, endpoints: Collection[Endpoint], citation: Citation, *, crosses: bool) -> Delivery:
        return Delivery(endpoints, None, crosses, citation, self.assumptions)
