"""controller-retired: a controller or add-on past its end of support.

Sources: kubernetes/ingress-nginx README and the Kubernetes blog of 2025-11-11 (maintenance until March 2026);
MicrosoftDocs/azure-aks-docs includes/ingress-nginx-retirement.md (critical patches through November 2026).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity

__all__ = ["CHECK", "LAST_DAYS"]

LAST_DAYS = {"ingress-nginx": dt.date(2026, 3, 31), "application-routing": dt.date(2026, 11, 30)}
"""The last day with security patches, by kind of controller."""

_WAYS_OUT = {
    "ingress-nginx": "move to a Gateway API implementation (AKS application routing, Envoy Gateway, Istio add-on) or "
    "another ingress controller; lists do not move by themselves",
    "application-routing": "move to the Gateway API of AKS application routing, Application Gateway for Containers or "
    "the Istio add-on; lists do not move by themselves",
}


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.evaluator.controllers:
        last = LAST_DAYS.get(controller.kind)
        if last is not None and audited.as_of > last:
            yield check.finding(
                f"{controller.citation.label} ({controller.kind}) has had no security patches since {last}",
                controller.citation,
                fix=_WAYS_OUT[controller.kind],
            )


CHECK = Check("controller-retired", "a controller past its end of support", Severity.WARNING, _run)
