"""internal-ranges-not-enforced: ranges or tags on an internal load balancer that callers in the network walk past."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.addresses import PLATFORM, AddressSet, set_of
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl, Annotation

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for service in audited.estate.services.values():
        control = AccessControl.of(service)
        if not control.provided or control.lists_everything:
            continue
        listed = bool(control.allowed_ranges) or any(control.tags)
        # kube-proxy enforces spec ranges itself, and a deny-all rule stops callers inside the network too
        if not control.internal or not listed or control.source_ranges or control.denies_all:
            continue
        if _held_elsewhere(audited, control):
            continue
        annotation = Annotation.ALLOWED_IP_RANGES if control.allowed_ranges else Annotation.ALLOWED_SERVICE_TAGS
        yield check.finding(
            f"the ranges of internal Service {service.namespace}/{service.name} restrict nobody in the virtual "
            "network: the default rule AllowVnetInBound admits them all",
            load_balancer.cite(service, annotation.path),
            exposures=audited.behind(*service.key),
            fix=f"add the annotation {Annotation.DENY_ALL}: 'true', or use spec.loadBalancerSourceRanges",
        )


def _held_elsewhere(audited: Audited, control: AccessControl) -> bool:
    """Whether something else keeps everybody out whom the ranges do not name: a rule on the subnet, for example."""
    ways = [
        each
        for each in audited.exposures
        if each.entry and each.entry.service is control.service and each.entry.node is None
    ]
    if control.tags or not ways:
        return False
    getting_in = AddressSet.union_of(each.allowed | each.indeterminate for each in ways)
    return getting_in - PLATFORM <= set_of([each.network for each in control.ranges])


CHECK = Check("internal-ranges-not-enforced", "ranges on an internal load balancer do not hold", Severity.WARNING, _run)
