"""nsg-rule-missing: the group that AKS manages lacks a rule that today's Services need."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.checks.nsg_edit_will_be_reverted import cite, names
from aksess.layers import nsg
from aksess.layers.cloud_provider import Kind

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for each in audited.drift:
        if each.kind != Kind.MISSING:
            continue
        yield check.finding(
            f"{each.group.name} lacks the rule that AKS writes for {names(each)} ({nsg.describe(each.rule)}): until "
            "the next change of that Service, node change or restart of the cloud provider its clients are not let in",
            cite(each),
            exposures=[one for service in each.services for one in audited.behind(*service.key)],
            fix=_touch(each.services[0].namespace, each.services[0].name) if each.services else "",
        )


def _touch(namespace: str, name: str) -> str:
    return f"kubectl annotate service -n {quote(namespace)} {quote(name)} aksess.dev/reconcile=$(date +%s) --overwrite"


CHECK = Check("nsg-rule-missing", "a rule of AKS is missing", Severity.ERROR, _run)
