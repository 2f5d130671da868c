"""health-probe-fails: the load balancer's probe cannot be answered, so nobody is served."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    found: dict[Citation, list[str]] = {}
    for entry in audited.evaluator.frontends:
        health = audited.evaluator.health(entry)
        if health.lanes or not health.unhealthy or entry.service is None:
            continue
        citation = health.unhealthy[0].ruling.citation
        if citation.layer in {Layer.SUBNET_NSG, Layer.NIC_NSG}:
            continue  # nsg-blocks-probes speaks for it
        ids = [
            each.id
            for each in audited.exposures
            if each.entry and each.entry.address == entry.address and each.entry.port == entry.port
        ]
        found.setdefault(citation, []).extend(ids)
    for citation, exposures in found.items():
        yield check.finding(
            f"{citation.label}: {citation.text}; every connection times out",
            citation,
            exposures=exposures,
            fix=_fix(citation),
        )


def _fix(citation: Citation) -> str:
    if "appProtocol" in citation.path or "probe" in citation.text:
        key = "service.beta.kubernetes.io/azure-load-balancer-health-probe-request-path"
        return f"kubectl annotate service -n {quote(citation.namespace)} {quote(citation.name)} {key}=/healthz"
    return "give the Service a ready endpoint"


CHECK = Check("health-probe-fails", "the load balancer's probe cannot be answered", Severity.ERROR, _run)
