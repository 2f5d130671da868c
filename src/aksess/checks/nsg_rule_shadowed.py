"""nsg-rule-shadowed: a rule that can never match, because rules before it take everything it would.

The rules cut ports and destinations into pieces. Within one piece only sources tell rules apart, so one sweep over the
sources of the rules that concern the piece says which of them show; pieces that the same rules concern share a sweep.
A rule that shows in no piece is hidden.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product, takewhile

from aksess.addresses import NOBODY, AddressSet, PortSet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.errors import ParseError
from aksess.estate.azure import SecurityGroup, SecurityRule
from aksess.layers import nsg
from aksess.layers.nsg import Meaning, Surroundings
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]


_PROTOCOLS = ("tcp", "udp", "icmp", "esp", "ah")

_Piece = tuple[str, int, int, AddressSet]
"""Protocol, source port, destination port and destinations that no rule tells apart."""

_Concerned = tuple[tuple[int, bool], ...]
"""The rules that may match in a piece, in order, each with whether its destination surely holds the piece."""


@dataclass(frozen=True, slots=True, eq=False)
class _Box:
    """A rule as sets: protocols, ports, and what its names surely and perhaps stand for."""

    rule: SecurityRule
    protocols: tuple[str, ...]
    ports: PortSet
    source_ports: PortSet
    source: Meaning
    destination: Meaning
    names: frozenset[str]
    """The sources as they are written: equal names are equal sets, known or not."""

    @classmethod
    def of(cls, rule: SecurityRule, surroundings: Surroundings) -> _Box:
        """The box of a rule.

        Raises:
            ParseError: Its ports cannot be read.
        """
        return cls(
            rule,
            _PROTOCOLS if rule.protocol == "*" else (rule.protocol,),
            PortSet.parse(rule.destination_ports),
            PortSet.parse(rule.source_ports),
            nsg.source_of(rule, surroundings, probe=True),  # probes count: AzureLoadBalancer is somebody here
            nsg.destination_of(rule, surroundings),
            frozenset(text.lower() for text in (*rule.sources, *rule.source_groups)),
        )

    def concerns(self, piece: _Piece) -> bool:
        """Whether the rule may match in a piece."""
        protocol, source_port, port, destination = piece
        return (
            protocol in self.protocols
            and port in self.ports
            and source_port in self.source_ports
            and destination.overlaps(self.destination.perhaps)
        )


class _Direction:
    """The user rules of one direction, in order, and what shows of them in each piece."""

    def __init__(self, boxes: list[_Box], surroundings: Surroundings) -> None:
        self._boxes = boxes
        self._surroundings = surroundings
        self._ports = sorted({start for each in boxes for start in each.ports.flat})
        self._source_ports = sorted({start for each in boxes for start in each.source_ports.flat})
        self._cuts = {
            family: sorted({cut for each in boxes for cut in _flat(each.destination.perhaps, family)})
            for family in (4, 6)
        }
        self._concerned: dict[_Piece, _Concerned] = {}
        self._shown: dict[_Concerned, frozenset[int]] = {}

    def hidden(self) -> Iterator[tuple[SecurityRule, list[SecurityRule]]]:
        """The rules that never show, each with those that hide it."""
        for index, box in enumerate(self._boxes):
            hiding: set[int] = set()
            for piece in self._pieces(box):
                concerned = self._concerning(piece)
                if index in self._showing(concerned):
                    break
                hiding.update(self._takers(concerned, index))
            else:
                if hiding:
                    yield box.rule, [self._boxes[at].rule for at in sorted(hiding)]

    def _pieces(self, box: _Box) -> Iterator[_Piece]:
        """The pieces of a rule; none where it names nobody or nothing."""
        if not box.source.perhaps:
            return
        ports = [port for port in self._ports if port in box.ports]
        source_ports = [port for port in self._source_ports if port in box.source_ports]
        destinations = [each for family in (4, 6) for each in self._destinations(box, family)]
        yield from product(box.protocols, source_ports, ports, destinations)

    def _destinations(self, box: _Box, family: int) -> Iterator[AddressSet]:
        mine = _flat(box.destination.perhaps, family)
        for start, end in zip(mine[0::2], mine[1::2], strict=True):
            inner = self._cuts[family]
            for low, high in pairwise(inner[bisect_left(inner, start) : bisect_left(inner, end) + 1]):
                yield AddressSet((low, high)) if family == 4 else AddressSet((), (low, high))

    def _concerning(self, piece: _Piece) -> _Concerned:
        if piece not in self._concerned:
            self._concerned[piece] = tuple(
                (at, piece[3] <= box.destination.sure) for at, box in enumerate(self._boxes) if box.concerns(piece)
            )
        return self._concerned[piece]

    def _showing(self, concerned: _Concerned) -> frozenset[int]:
        """Which of the rules that concern a piece decide some source of it, perhaps."""
        if concerned not in self._shown:
            open_to = [(at, surely) for at, surely in concerned if self._namesake(concerned, at) is None]
            sources = [(self._sure(at, surely), self._boxes[at].source.perhaps) for at, surely in open_to]
            cells = nsg.sweep(sources, self._surroundings)
            self._shown[concerned] = frozenset(open_to[each][0] for key in cells for each in key)
        return self._shown[concerned]

    def _takers(self, concerned: _Concerned, index: int) -> Iterator[int]:
        """The rules that take the sources of a hidden one."""
        named = self._namesake(concerned, index)
        if named is not None:
            yield named
            return
        rest = self._boxes[index].source.perhaps
        for at, surely in takewhile(lambda each: each[0] < index, concerned):
            sure = self._sure(at, surely)
            if rest.overlaps(sure):
                rest = rest - sure
                yield at

    def _namesake(self, concerned: _Concerned, index: int) -> int | None:
        """An earlier rule that surely aims here and is written for all the same names."""
        names = self._boxes[index].names
        for at, surely in concerned:
            if at >= index:
                return None
            if surely and names <= self._boxes[at].names:
                return at
        return None

    def _sure(self, at: int, surely: bool) -> AddressSet:
        return self._boxes[at].source.sure if surely else NOBODY


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    done: set[str] = set()
    for lane in audited.evaluator.lanes:
        for guard in lane.guards:
            if guard.group is None or guard.prediction is not None or guard.identity in done:
                continue
            done.add(guard.identity)
            for rule, hiding in _shadowed(guard.group, lane.surroundings):
                yield _finding(check, guard.group, guard.layer, rule, hiding)


def _shadowed(group: SecurityGroup, surroundings: Surroundings) -> Iterator[tuple[SecurityRule, list[SecurityRule]]]:
    for rules in (group.inbound(), group.outbound()):
        boxes: list[_Box] = []
        for rule in rules:
            if rule.default:
                break
            try:
                boxes.append(_Box.of(rule, surroundings))
            except ParseError:
                continue
        yield from _Direction(boxes, surroundings).hidden()


def _finding(
    check: Check, group: SecurityGroup, layer: Layer, rule: SecurityRule, hiding: Sequence[SecurityRule]
) -> Finding:
    names = ", ".join(f"{each.name} ({each.priority})" for each in hiding[:3])
    more = f" and {len(hiding) - 3} more" if len(hiding) > 3 else ""
    return check.finding(
        f"rule {rule.name} ({rule.priority}) of {group.name} never matches: {names}{more} "
        f"take{'s' if len(hiding) == 1 else ''} everything before it",
        Citation(
            *(layer, "networkSecurityGroup", group.name),
            resource=group.id,
            rule=rule.name,
            priority=rule.priority,
            path=rule.path,
            place=group.place,
        ),
        fix="delete it, or give it a lower priority number than the rules that hide it",
        severity=Severity.NOTE if all(each.allows == rule.allows for each in hiding) else Severity.WARNING,
    )


def _flat(addresses: AddressSet, family: int) -> tuple[int, ...]:
    return addresses.ipv4 if family == 4 else addresses.ipv6


CHECK = Check("nsg-rule-shadowed", "a rule that can never match", Severity.WARNING, _run)
