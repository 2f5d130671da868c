"""Connections that leave the node they came to, for an endpoint on another node.

Between nodes a connection meets the security groups of the node that it goes to, with a node's address as its source.
A rule that denies it makes an endpoint unreachable from elsewhere, so the same client gets in or not by what kube-proxy
picks. Only rules that somebody wrote count: AKS runs with the default rules, whatever they say of pod addresses.

Source: Microsoft Learn, "How network security groups filter network traffic" (intra-subnet traffic);
MicrosoftDocs/azure-aks-docs articles/aks/concepts-network-azure-cni-overlay.md (the rules that nodes and pods need).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from aksess.access.lanes import Lane
from aksess.addresses import AddressSet
from aksess.layers.kube_proxy import Delivery, Endpoint
from aksess.layers.nsg import Flow
from aksess.rulings import Ruling

__all__ = ["Blocked", "Crossings"]

_DEFAULTS = 65000
"""From this priority on, rules are default rules."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A delivery that a security group of the endpoint's node stops."""

    delivery: Delivery
    ruling: Ruling


@dataclass(frozen=True)
class Crossings:
    """What deliveries to other nodes meet there.

    Attributes:
        lanes: The lanes by the name of a node.
        only: The lane of every node, where there is only one; None else.
    """

    lanes: Mapping[str, Lane]
    only: Lane | None

    @classmethod
    def of(cls, lanes: Sequence[Lane]) -> Crossings:
        """The crossings between the nodes of some lanes."""
        by_node = {node.name: lane for lane in lanes for group in lane.groups for node in group.nodes}
        return cls(by_node, lanes[0] if len(lanes) == 1 else None)

    def split(self, delivery: Delivery, endpoints: Collection[Endpoint], protocol: str) -> list[Delivery | Blocked]:
        """A delivery to other nodes as one for each thing that its endpoints meet.

        Args:
            delivery: The delivery.
            endpoints: The endpoints that it may go to.
            protocol: ``TCP`` or ``UDP``.
        """
        found: dict[Ruling | None, list[Endpoint]] = {}
        for lane, members in self._by_lane(endpoints):
            for ruling, same in _met(lane, members, delivery.seen, protocol.lower()):
                found.setdefault(ruling, []).extend(same)
        ways: list[Delivery | Blocked] = []
        for ruling, members in found.items():
            part = replace(delivery, endpoints=tuple(members)) if len(found) > 1 else delivery
            ways.append(part if ruling is None else Blocked(part, ruling))
        return ways or [delivery]

    def _by_lane(self, endpoints: Collection[Endpoint]) -> list[tuple[Lane | None, Collection[Endpoint]]]:
        if self.only is not None:
            return [(self.only, endpoints)]
        found: dict[int, tuple[Lane | None, list[Endpoint]]] = {}
        for each in endpoints:
            lane = self.lanes.get(each.node)
            found.setdefault(id(lane), (lane, []))[1].append(each)
        return [(lane, members) for lane, members in found.values()]


def _met(
    lane: Lane | None, endpoints: Collection[Endpoint], seen: AddressSet | None, protocol: str
) -> list[tuple[Ruling | None, Collection[Endpoint]]]:
    """The rulings that endpoints behind one lane are met with, one by one where rules tell them apart."""
    known = [each for each in endpoints if each.address is not None and isinstance(each.port, int)]
    if lane is None or seen is None or not known:
        return [(None, endpoints)]
    ports = {each.port for each in known}
    together = AddressSet.union_of(AddressSet.single(each.address) for each in known if each.address is not None)
    apart = any(lane.told_apart(Flow(together, port, protocol)) for port in ports if isinstance(port, int))
    if len(ports) == 1 and not apart:
        return [(_stopped(lane, known[0], together, seen, protocol), endpoints)]
    return [
        (_stopped(lane, each, AddressSet.single(each.address), seen, protocol), [each])
        for each in known
        if each.address is not None
    ]


def _stopped(lane: Lane, endpoint: Endpoint, destination: AddressSet, seen: AddressSet, protocol: str) -> Ruling | None:
    """The rule that surely stops what comes from a node's address; None where none does."""
    if not isinstance(endpoint.port, int):
        return None
    for partition in lane.partitions(Flow(destination, endpoint.port, protocol)):
        ruling = partition.ruling(seen)
        if ruling is not None and not ruling.passes and (ruling.citation.priority or _DEFAULTS) < _DEFAULTS:
            return ruling
    return None
