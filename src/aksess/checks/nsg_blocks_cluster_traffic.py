"""nsg-blocks-cluster-traffic: a user rule denies traffic between nodes or pods that AKS needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aksess.access.lanes import Lane
from aksess.addresses import AddressSet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.estate.azure import space_of
from aksess.layers import nsg
from aksess.layers.nsg import Flow
from aksess.rulings import Citation, Partition

__all__ = ["CHECK"]

_PORTS = (("tcp", 10250), ("udp", 53), ("tcp", 53), ("tcp", 8080), ("tcp", 4443))
"""The kubelet, DNS, and ports as pods use them; AKS asks for all."""
_DEFAULTS = 65000


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    found: dict[Citation, set[str]] = {}
    for lane in audited.evaluator.lanes:
        nodes, pods = _nodes(audited, lane), _pods(audited)
        pairs = [("node to node", nodes, nodes), ("node to pod", nodes, pods), ("pod to pod", pods, pods)]
        for name, source, destination in pairs:
            if source and destination:
                for citation in _denied(lane, source, destination):
                    found.setdefault(citation, set()).add(name)
    for citation, names in found.items():
        yield check.finding(
            f"rule {citation.rule} of {citation.name} denies traffic inside the cluster: {', '.join(sorted(names))}",
            citation,
            fix="allow the node subnet and the pod range to each other on all ports above this rule",
        )


def _denied(lane: Lane, source: AddressSet, destination: AddressSet) -> Iterator[Citation]:
    for protocol, port in _PORTS:
        arriving = lane.partitions(Flow(destination, port, protocol))
        for partition, ends in (
            *((each, source) for each in arriving),
            *((each, destination) for each in _leaving(lane, Flow(source, port, protocol))),
        ):
            for _, ruling in partition.split(ends):
                # default rules are how AKS runs; only what somebody wrote is to blame
                if not ruling.passes and not ruling.doubt and (ruling.citation.priority or _DEFAULTS) < _DEFAULTS:
                    yield ruling.citation


def _leaving(lane: Lane, flow: Flow) -> Iterator[Partition]:
    """What each group does with every destination on the way out: the same first match, the two ends exchanged."""
    for guard in lane.guards:
        if guard.group is not None:
            rules = tuple(
                replace(
                    rule,
                    sources=rule.destinations,
                    destinations=rule.sources,
                    source_groups=rule.destination_groups,
                    destination_groups=rule.source_groups,
                )
                for rule in guard.group.outbound()
            )
            group = replace(guard.group, rules=rules)
            yield nsg.judge(group, flow, lane.surroundings, guard.layer, inbound=False)


def _nodes(audited: Audited, lane: Lane) -> AddressSet:
    """The addresses of the lane's nodes, else of its subnets."""
    known = [AddressSet.single(address) for group in lane.groups for address in group.addresses]
    if known:
        return AddressSet.union_of(known)
    subnets = [audited.estate.subnets.get(group.subnet) for group in lane.groups]
    return AddressSet.union_of(subnet.prefixes for subnet in subnets if subnet)


def _pods(audited: Audited) -> AddressSet:
    cluster = audited.estate.cluster
    if cluster is None:
        return AddressSet()
    network = cluster.network
    return space_of(network.pod_cidrs or ([network.pod_cidr] if network.pod_cidr else []))


CHECK = Check("nsg-blocks-cluster-traffic", "traffic inside the cluster is denied", Severity.ERROR, _run)
