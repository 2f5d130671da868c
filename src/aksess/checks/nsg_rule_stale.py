"""nsg-rule-stale: a rule with a name of AKS that no Service asks for any more."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.checks.nsg_edit_will_be_reverted import cite
from aksess.layers import nsg
from aksess.layers.cloud_provider import Kind

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for each in audited.drift:
        if each.kind != Kind.STALE:
            continue
        for_whom = f" for {', '.join(each.destinations)}" if each.destinations else ""
        yield check.finding(
            f"no Service asks for rule {each.rule.name} of {each.group.name}{for_whom}: {nsg.describe(each.rule)}",
            cite(each),
            fix="delete the rule, after making sure that no Service outside the input needs it",
        )


CHECK = Check("nsg-rule-stale", "a rule of AKS that nothing needs", Severity.WARNING, _run)
