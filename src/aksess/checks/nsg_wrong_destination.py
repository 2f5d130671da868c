"""nsg-wrong-destination: a rule for clients aims at nodes, while floating IP keeps the frontend as destination."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.access.lanes import Guard, Lane
from aksess.addresses import INTERNET, AddressSet, PortSet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.errors import ParseError
from aksess.estate.azure import SecurityRule
from aksess.layers import nsg
from aksess.rulings import Citation

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    floating = [
        (entry, forwarding)
        for entry in audited.evaluator.frontends
        if (forwarding := audited.evaluator.forwarding(entry)) is not None and entry.service_port is not None
    ]
    frontends = AddressSet.union_of(AddressSet.single(entry.address) for entry, _ in floating)
    ports = PortSet.of(*(entry.port for entry, each in floating if each.floating))
    node_ports = PortSet.of(
        *(entry.service_port.node_port for entry, each in floating if each.floating and entry.service_port)
    )
    straight = PortSet.of(*(each.port for _, each in floating if not each.floating)) | _reachable_node_ports(audited)
    seen: set[tuple[str, str]] = set()
    for lane in audited.evaluator.lanes:
        for guard in lane.guards:
            for rule in guard.group.rules if guard.group and guard.prediction is None else ():
                if (guard.identity, rule.name) in seen or not _for_clients(rule, lane):
                    continue
                if _misses(rule, lane, audited, frontends, ports | node_ports, straight):
                    seen.add((guard.identity, rule.name))
                    yield _finding(check, guard, rule, audited)


def _for_clients(rule: SecurityRule, lane: Lane) -> bool:
    """Whether a rule is about callers from outside the network."""
    if rule.default or not rule.inbound:
        return False
    source = nsg.source_of(rule, lane.surroundings)
    outside = INTERNET - lane.surroundings.virtual_network.sure
    return source.perhaps.overlaps(outside)


def _misses(
    rule: SecurityRule, lane: Lane, audited: Audited, frontends: AddressSet, ports: PortSet, straight: PortSet
) -> bool:
    """Whether a rule holds ports of applications, and nodes or the network in place of their frontends."""
    try:
        own = PortSet.parse(rule.destination_ports)
    except ParseError:
        return False
    if str(own) == "*" or not own & ports or own & straight or rule.protocol not in {"*", "tcp", "udp"}:
        return False
    destination = nsg.destination_of(rule, lane.surroundings)
    inside = lane.surroundings.virtual_network.perhaps
    aims_at_nodes = bool(rule.destination_groups) or (
        destination.perhaps <= inside and destination.perhaps.overlaps(_nodes(lane, audited))
    )
    return aims_at_nodes and not destination.perhaps.overlaps(frontends)


def _nodes(lane: Lane, audited: Audited) -> AddressSet:
    """Where the nodes of a lane are: their addresses and their subnets; the whole network where neither was read."""
    found = [AddressSet.single(address) for group in lane.groups for address in group.addresses]
    found += [subnet.prefixes for group in lane.groups if (subnet := audited.estate.subnets.get(group.subnet))]
    return AddressSet.union_of(found) or lane.surroundings.virtual_network.perhaps


def _reachable_node_ports(audited: Audited) -> PortSet:
    """Node ports that clients may really call: where nodes have public addresses."""
    return PortSet.of(*(entry.port for entry in audited.evaluator.public_node_entries))


def _meant(rule: SecurityRule, audited: Audited) -> list[str]:
    """The frontends that a rule is meant for, by its ports; all where none fits."""
    ports = PortSet.parse(rule.destination_ports)
    found = [
        str(entry.address)
        for entry in audited.evaluator.frontends
        if entry.port in ports or (entry.service_port is not None and entry.service_port.node_port in ports)
    ]
    return list(dict.fromkeys(found or [str(entry.address) for entry in audited.evaluator.frontends]))


def _finding(check: Check, guard: Guard, rule: SecurityRule, audited: Audited) -> Finding:
    group = guard.group
    meant = _meant(rule, audited)
    shown = ", ".join(meant[:2]) + (f" and {len(meant) - 2} more" if len(meant) > 2 else "")
    verb = "lets nobody in" if rule.allows else "stops nobody"
    return check.finding(
        f"rule {rule.name} of {group.name if group else guard.identity} aims at nodes, but with floating IP the packet "
        f"keeps the frontend ({shown}) as destination: it {verb}",
        Citation(
            guard.layer,
            "networkSecurityGroup",
            group.name if group else "",
            resource=guard.identity,
            rule=rule.name,
            priority=rule.priority,
            path=rule.path,
            place=group.place if group else audited.estate.clusters[0].place,
        ),
        fix=f"set its destination to the frontend addresses ({shown}) and its port to the Service port",
    )


CHECK = Check("nsg-wrong-destination", "a rule aims at nodes instead of the frontend", Severity.ERROR, _run)
