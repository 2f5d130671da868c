"""virtual-network-tag-is-any: a default route widens the tag VirtualNetwork to every address."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.addresses import is_internet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for lane in audited.evaluator.lanes:
        if not lane.guards or not is_internet(lane.surroundings.virtual_network.sure):
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
                fix="deny Internet to the frontends in the subnet's security group, above priority 65000",
            )


CHECK = Check("virtual-network-tag-is-any", "a default route widens VirtualNetwork", Severity.ERROR, _run)
