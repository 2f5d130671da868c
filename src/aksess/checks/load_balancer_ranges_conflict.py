"""load-balancer-ranges-conflict: source ranges that contradict each other on one Service."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl

__all__ = ["CHECK"]

_PATH = ("spec", "loadBalancerSourceRanges")


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for service in audited.estate.services.values():
        if not service.is_load_balancer:
            continue
        control = AccessControl.of(service)
        citation = load_balancer.cite(service, _PATH)
        name = f"{service.namespace}/{service.name}"
        exposures = audited.behind(*service.key)
        if control.conflict:
            yield check.finding(
                f"Service {name} has loadBalancerSourceRanges and azure-allowed-ip-ranges: the cloud provider refuses "
                "the update and the old rules stay; kube-proxy still enforces the spec ranges",
                citation,
                exposures=exposures,
                fix="keep one of the two; remove the annotation azure-allowed-ip-ranges",
            )
        elif control.source_ranges and any(control.tags):
            yield check.finding(
                f"Service {name} has loadBalancerSourceRanges and service tags: the security group admits "
                f"{', '.join(control.tags)}, and kube-proxy drops whatever is not in the ranges",
                citation,
                exposures=exposures,
                fix="move the ranges to the annotation azure-allowed-ip-ranges",
            )


CHECK = Check("load-balancer-ranges-conflict", "contradicting source ranges on a Service", Severity.ERROR, _run)
