"""virtual-network-tag-is-any: a default route widens the tag VirtualNetwork to every address."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.access.lanes import Lane
from aksess.addresses import INTERNET, PLATFORM, AddressSet, is_internet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers.nsg import Flow
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]

_DEFAULT_RULE = "allowvnetinbound"


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for lane in audited.evaluator.lanes:
        if not lane.guards or not is_internet(lane.surroundings.virtual_network.sure) or not _lets_in(audited, lane):
            continue
        for key in dict.fromkeys(group.subnet for group in lane.groups):
            subnet = audited.estate.subnets.get(key)
            if subnet is None:
                continue
            table = subnet.route_table.rpartition("/")[2] or "its routes"
            yield check.finding(
                f"{table} gives subnet {subnet.name} a default route, which widens the tag VirtualNetwork to every "
                "address: the default rule AllowVnetInBound lets the Internet in",
                Citation(
                    Layer.SUBNET_NSG,
                    "subnet",
                    subnet.name,
                    resource=subnet.id,
                    path=("routeTable",),
                    place=subnet.place,
                ),
                fix="in the subnet's security group deny every source to the frontends, below the rules that let your "
                "clients in; not the tag Internet, which leaves out whatever VirtualNetwork holds",
            )


def _lets_in(audited: Audited, lane: Lane) -> bool:
    """Whether the default rule admits somebody of the Internet to a public frontend, or no frontend is known at all."""
    entries = audited.evaluator.frontends
    for entry in (each for each in entries if each.address in INTERNET):
        forwarding = audited.evaluator.forwarding(entry)
        if forwarding is None or not forwarding.floating:
            return True
        passing, by_default = INTERNET - PLATFORM, AddressSet()
        for partition in lane.partitions(Flow(AddressSet.single(entry.address), entry.port, entry.protocol.lower())):
            passed = [(part, ruling) for part, ruling in partition.split(passing) if ruling.passes]
            passing = AddressSet.union_of(part for part, _ in passed)
            by_default = by_default | AddressSet.union_of(
                part for part, ruling in passed if ruling.citation.rule.lower() == _DEFAULT_RULE
            )
        if passing & by_default:
            return True
    return not entries


CHECK = Check("virtual-network-tag-is-any", "a default route widens VirtualNetwork", Severity.ERROR, _run)
