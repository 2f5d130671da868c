"""ranges-not-everywhere: source ranges of a Service that leave another way to it open."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.access.exposures import Exposure
from aksess.addresses import EVERYONE, INTERNET, PLATFORM, AddressSet, set_of
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.estate.kubernetes import Service
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for service in audited.estate.services.values():
        if not service.is_load_balancer:
            continue
        control = AccessControl.of(service)
        if not control.ranges or control.lists_everything:
            continue
        listed = set_of([each.network for each in control.ranges])
        path = ("spec", "loadBalancerSourceRanges") if control.source_ranges else ("metadata", "annotations")
        for exposures, way, fix in _open_ways(audited, service, listed):
            yield check.finding(
                f"the source ranges of Service {service.namespace}/{service.name} do not hold {way}",
                load_balancer.cite(service, path),
                exposures=exposures,
                fix=fix,
            )


def _open_ways(audited: Audited, service: Service, listed: AddressSet) -> Iterator[tuple[list[str], str, str]]:
    own = [each for each in audited.exposures if each.entry and each.entry.service is service and not each.host]
    ports = [each for each in own if each.entry and each.entry.node is not None and _admits(each, listed, INTERNET)]
    if ports:
        fix = "deny the node ports in the security group (under policy Local allocateLoadBalancerNodePorts: false too)"
        yield (
            [each.id for each in ports],
            f"on its node ports, which nodes with public addresses serve ({ports[0].id})",
            fix,
        )
    families = {family for family in (4, 6) if listed.family(family)}
    for family in (4, 6):
        other = [
            each
            for each in own
            if each.entry and each.entry.node is None and each.entry.address.family == family and _admits(each, listed)
        ]
        if families and family not in families and other:
            fix = f"add IPv{family} ranges, or make the Service single-stack"
            yield (
                [each.id for each in other],
                f"for IPv{family}: they have none of that family, and nothing else keeps its clients out",
                fix,
            )
    if service.external_addresses:
        shown = ", ".join(map(str, service.external_addresses))
        fix = "remove spec.externalIPs"
        yield (
            [each.id for each in own],
            f"on its externalIPs ({shown}): kube-proxy in iptables mode does not judge them",
            fix,
        )


def _admits(exposure: Exposure, listed: AddressSet, clients: AddressSet = EVERYONE) -> bool:
    return bool((exposure.allowed - listed - PLATFORM) & clients)


CHECK = Check("ranges-not-everywhere", "source ranges that leave another way open", Severity.WARNING, _run)
