"""controller-config-broken: objects that make the next reload of the controller fail."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Confidence, Finding, Severity

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.nginx:
        for each in controller.broken:
            named = ", ".join(dict.fromkeys(one.label for one in each.citations))
            yield check.finding(
                f"nginx refuses the configuration of {controller.citation.label} ({each.reason}; {named}): it keeps "
                "the last good one, and from then on no change of any list has effect",
                each.citations[0] if each.citations else controller.citation,
                exposures=[one.id for one in audited.exposures if one.controller is controller],
                fix="remove one of the two, or correct the value",
                confidence=Confidence.HIGH if each.certain else Confidence.MEDIUM,
            )


CHECK = Check("controller-config-broken", "a configuration that the controller cannot load", Severity.ERROR, _run)
