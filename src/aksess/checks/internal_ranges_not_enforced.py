"""internal-ranges-not-enforced: ranges or tags on an internal load balancer that callers in the network walk past."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl, Annotation

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for service in audited.estate.services.values():
        if not service.is_load_balancer:
            continue
        control = AccessControl.of(service)
        listed = bool(control.allowed_ranges) or any(control.tags)
        # kube-proxy enforces spec ranges itself, and a deny-all rule stops callers inside the network too
        if not control.internal or not listed or control.source_ranges or control.denies_all:
            continue
        annotation = Annotation.ALLOWED_IP_RANGES if control.allowed_ranges else Annotation.ALLOWED_SERVICE_TAGS
        yield check.finding(
            f"the ranges of internal Service {service.namespace}/{service.name} restrict nobody in the virtual "
            "network: the default rule AllowVnetInBound admits them all",
            load_balancer.cite(service, annotation.path),
            exposures=audited.behind(*service.key),
            fix=f"add the annotation {Annotation.DENY_ALL}: 'true', or use spec.loadBalancerSourceRanges",
        )


CHECK = Check("internal-ranges-not-enforced", "ranges on an internal load balancer do not hold", Severity.WARNING, _run)
