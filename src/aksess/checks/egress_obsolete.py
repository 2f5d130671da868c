"""egress-obsolete: an outbound allowance that AKS itself needed once and no longer does."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for each in audited.evaluator.allowances:
        if each.obsolete:
            yield check.finding(
                f"rule {each.citation.rule} of {each.citation.name} ({each.citation.text}) opens ports of the old "
                "tunnel to the control plane; konnectivity replaced it on port 443",
                each.citation,
                fix="delete the rule once no other workload uses it",
            )


CHECK = Check("egress-obsolete", "an outbound allowance that nothing needs any more", Severity.NOTE, _run)
