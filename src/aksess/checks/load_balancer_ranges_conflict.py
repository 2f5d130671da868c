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
        control = AccessControl.of(service)
        if not control.provided:
            continue
        citation = load_balancer.cite(service, _PATH)
        name = f"{service.namespace}/{service.name}"
        exposures = audited.behind(*service.key)
        if control.conflict:
            yield check.finding(
                f"Service {name} has loadBalancerSourceRanges and {_annotations(control)}: the cloud provider refuses "
                "the update and the old rules stay; kube-proxy still enforces the spec ranges",
                citation,
                exposures=exposures,
                fix=f"keep one of the two; remove the annotation {_annotations(control)}",
            )
        elif control.source_ranges and any(control.tags) and not control.lists_everything:
            yield check.finding(
                f"Service {name} has loadBalancerSourceRanges and service tags: the security group admits "
                f"{', '.join(control.tags)}, and kube-proxy drops whatever is not in the ranges",
                citation,
                exposures=exposures,
                fix="move the ranges to the annotation azure-allowed-ip-ranges",
            )


def _annotations(control: AccessControl) -> str:
    """The annotations that hold ranges, as people name them."""
    return " and ".join(dict.fromkeys(str(each.path[-1]).rpartition("/")[2] for each in control.allowed_ranges))


CHECK = Check("load-balancer-ranges-conflict", "contradicting source ranges on a Service", Severity.ERROR, _run)
