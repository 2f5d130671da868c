"""egress-required-missing: outbound traffic that the cluster needs is denied."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.rulings import Verdict

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for each in audited.evaluator.requirements:
        if each.verdict != Verdict.DENIED or each.citation is None:
            continue
        need = each.need
        yield check.finding(
            f"the cluster needs {need.protocol} {need.port} to {need.destination} ({need.name}), and rule "
            f"{each.citation.rule} of {each.citation.name} denies it. Source: {need.source}",
            each.citation,
            fix=f"allow {need.protocol} {need.port} to {', '.join(need.tags) or 'Internet'} above this rule",
        )


CHECK = Check("egress-required-missing", "outbound traffic that the cluster needs is denied", Severity.ERROR, _run)
