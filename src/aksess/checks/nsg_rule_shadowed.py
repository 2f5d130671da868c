"""nsg-rule-shadowed: a rule that can never match, because rules before it take everything it would.

A rule is a box over protocol, ports, destinations and sources. The boxes before it cut its ports and destinations into
pieces; it is hidden where for every piece the sources of the rules before it hold all of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise, product

from aksess.addresses import AddressSet, PortSet
from aksess.addresses.intervals import Boundaries
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.errors import ParseError
from aksess.estate.azure import SecurityGroup, SecurityRule
from aksess.layers import nsg
from aksess.layers.nsg import Surroundings
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]

_MOST_PIECES = 4096
"""A rule that is cut into more pieces is not judged: that would cost more than the answer is worth."""


class _Box:
    """A rule as sets: what it surely holds, what it may hold, and the names it writes."""

    __slots__ = (
        "destinations",
        "names",
        "perhaps_destinations",
        "perhaps_sources",
        "ports",
        "rule",
        "source_ports",
        "sources",
    )

    def __init__(self, rule: SecurityRule, surroundings: Surroundings) -> None:
        self.rule = rule
        self.ports = PortSet.parse(rule.destination_ports)
        self.source_ports = PortSet.parse(rule.source_ports)
        source = nsg.meaning(rule.sources, rule.source_groups, surroundings)
        destination = nsg.meaning(rule.destinations, rule.destination_groups, surroundings)
        self.sources, self.perhaps_sources = source.sure, source.perhaps
        self.destinations, self.perhaps_destinations = destination.sure, destination.perhaps
        self.names = {text.lower() for text in (*rule.sources, *rule.source_groups)}

    def before(self, later: _Box) -> bool:
        """Whether this rule can take anything from a later one."""
        return (
            self.rule.protocol in {"*", later.rule.protocol}
            and later.source_ports <= self.source_ports
            and bool(self.ports & later.ports)
            and self.destinations.overlaps(later.perhaps_destinations)
        )


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    done: set[str] = set()
    for lane in audited.evaluator.lanes:
        for guard in lane.guards:
            if guard.group is None or guard.prediction is not None or guard.identity in done:
                continue
            done.add(guard.identity)
            for rule, hiding in _shadowed(guard.group, lane.surroundings):
                names = ", ".join(f"{each.name} ({each.priority})" for each in hiding)
                yield check.finding(
                    f"rule {rule.name} ({rule.priority}) of {guard.group.name} never matches: {names} "
                    f"take{'s' if len(hiding) == 1 else ''} everything before it",
                    Citation(
                        guard.layer or Layer.SUBNET_NSG,
                        "networkSecurityGroup",
                        guard.group.name,
                        resource=guard.group.id,
                        rule=rule.name,
                        priority=rule.priority,
                        path=rule.path,
                        place=guard.group.place,
                    ),
                    fix="delete it, or give it a lower priority number than the rules that hide it",
                    severity=Severity.NOTE if all(each.allows == rule.allows for each in hiding) else Severity.WARNING,
                )


def _shadowed(group: SecurityGroup, surroundings: Surroundings) -> Iterator[tuple[SecurityRule, list[SecurityRule]]]:
    for direction in (group.inbound(), group.outbound()):
        boxes: list[_Box] = []
        for rule in direction:
            if rule.default:
                break
            try:
                box = _Box(rule, surroundings)
            except ParseError:
                continue
            if box.perhaps_sources and box.perhaps_destinations and box.ports:
                hiding = _hiding(box, [each for each in boxes if each.before(box)])
                if hiding:
                    yield rule, hiding
            boxes.append(box)


def _hiding(box: _Box, earlier: Sequence[_Box]) -> list[SecurityRule]:
    """The earlier rules that hide a rule together; none where it can still match."""
    if not earlier:
        return []
    pieces = product(_ports(box, earlier), _destinations(box, earlier))
    used: dict[str, SecurityRule] = {}
    for count, (port, destination) in enumerate(islice(pieces, _MOST_PIECES + 1)):
        if count == _MOST_PIECES:
            return []
        holding = [each for each in earlier if port in each.ports and destination <= each.destinations]
        named = next((each for each in holding if box.names <= each.names), None)
        if named is not None:
            used[named.rule.name] = named.rule
            continue
        if not box.perhaps_sources <= AddressSet.union_of(each.sources for each in holding):
            return []
        rest = box.perhaps_sources
        for each in holding:
            if rest.overlaps(each.sources):
                used[each.rule.name] = each.rule
                rest = rest - each.sources
    return list(used.values())


def _ports(box: _Box, earlier: Sequence[_Box]) -> list[int]:
    """One port for each piece that the earlier rules cut the rule's ports into."""
    points = {start for each in (box, *earlier) for start in each.ports.flat}
    return [port for port in sorted(points) if port in box.ports]


def _destinations(box: _Box, earlier: Sequence[_Box]) -> list[AddressSet]:
    """The pieces that the earlier rules cut the rule's destinations into."""
    pieces: list[AddressSet] = []
    for family in (4, 6):
        mine = box.perhaps_destinations.family(family)
        if not mine:
            continue
        points = sorted({point for each in (box, *earlier) for point in _flat(each, family)} | set(_own(mine, family)))
        for start, end in pairwise(points):
            piece = AddressSet((start, end)) if family == 4 else AddressSet((), (start, end))
            if piece <= mine:
                pieces.append(piece)
    return pieces


def _flat(box: _Box, family: int) -> Boundaries:
    return _own(box.destinations, family)


def _own(addresses: AddressSet, family: int) -> Boundaries:
    return addresses.ipv4 if family == 4 else addresses.ipv6


CHECK = Check("nsg-rule-shadowed", "a rule that can never match", Severity.WARNING, _run)
