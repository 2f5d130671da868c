"""global-list-replaced: a list on an Ingress takes the place of a list for the whole controller."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.addresses import name_of
from aksess.checks.interface import Audited, Check, Finding, Severity

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.nginx:
        for each in controller.facts.replaced_lists:
            if not each.readmitted:
                continue
            ingress = each.ingress
            what = "drops" if each.key in {"block-cidrs", "http-snippet"} else "replaces"
            yield check.finding(
                f"the list of Ingress {ingress.namespace}/{ingress.name} {what} the controller-wide {each.key}: "
                f"{name_of(each.readmitted)} would be denied by it and is not",
                each.citation,
                exposures=audited.of("Ingress", ingress.namespace, ingress.name),
                fix=f"repeat the entries of {each.key} in the annotations of this Ingress",
            )


CHECK = Check("global-list-replaced", "a controller-wide list that an Ingress replaces", Severity.WARNING, _run)
