"""nsg-blocks-probes: a security group denies the load balancer's health probes, so everybody times out."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    touched: dict[Citation, list[str]] = {}
    for entry in audited.evaluator.frontends:
        if entry.service is None:
            continue
        for each in audited.evaluator.health(entry).unhealthy:
            citation = each.ruling.citation
            if citation.layer in {Layer.SUBNET_NSG, Layer.NIC_NSG}:
                touched.setdefault(citation, []).extend(audited.behind(*entry.service.key))
    for citation, exposures in touched.items():
        yield check.finding(
            f"rule {citation.rule} of {citation.name} denies the health probes of the load balancer (168.63.129.16): "
            "no node counts as healthy and every connection times out",
            citation,
            exposures=exposures,
            fix="allow the service tag AzureLoadBalancer to any destination above this rule",
        )


CHECK = Check("nsg-blocks-probes", "health probes of the load balancer are denied", Severity.ERROR, _run)
