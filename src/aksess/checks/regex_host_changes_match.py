"""regex-host-changes-match: an expression or rewrite on one Ingress changes how listed paths of its host match."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.nginx:
        for each in controller.facts.expression_hosts:
            if not each.changed:
                continue
            causes = ", ".join(dict.fromkeys(f"{one.namespace}/{one.name}" for one in each.causes))
            first = each.changed[0]
            yield check.finding(
                f"an expression or rewrite on Ingress {causes} makes every path of {each.host} a case-insensitive "
                f"beginning, tried from the longest: the listed path of Ingress {first.namespace}/{first.name} matches "
                "in another way than it is written",
                each.causes[0],
                exposures=[
                    exposure.id
                    for one in each.changed
                    for exposure in audited.by_application.get(("Ingress", one.namespace, one.name), [])
                    if exposure.host == each.host
                ],
                fix=f"give {causes} a host of its own, or end the listed paths with expressions that say what is meant",
            )


CHECK = Check("regex-host-changes-match", "expressions that change how listed paths match", Severity.WARNING, _run)
