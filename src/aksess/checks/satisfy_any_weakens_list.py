"""satisfy-any-weakens-list: credentials replace the list."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.nginx:
        for each in controller.facts.satisfied_by_any:
            ingress = each.ingress
            yield check.finding(
                f"Ingress {ingress.namespace}/{ingress.name} has satisfy: any: whoever is not on the list is asked for "
                "credentials (401) instead of being refused, and a denied address with credentials gets in",
                each.citation,
                exposures=audited.of("Ingress", ingress.namespace, ingress.name),
                fix="remove satisfy: any where both list and credentials are meant to hold",
            )


CHECK = Check("satisfy-any-weakens-list", "credentials that replace the list", Severity.WARNING, _run)
