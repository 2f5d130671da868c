"""controller-unknown: an Ingress that no known controller serves, so that nobody can say who reaches it."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for ingress in audited.evaluator.unserved:
        name = ingress.class_name or ingress.annotations.get("kubernetes.io/ingress.class", "")
        what = f"its class {name}" if name else "it names no class, and no class is the default: it"
        citation = Citation(
            Layer.CONTROLLER, "Ingress", ingress.name, ingress.namespace, path=("spec",), place=ingress.place
        )
        hosts = ", ".join(dict.fromkeys(each or "*" for each in ingress.hosts)) or "its default backend"
        yield check.finding(
            f"Ingress {ingress.namespace}/{ingress.name}: {what} is served by no controller that is known here; who "
            f"reaches {hosts} cannot be told",
            citation,
            fix="give the controller's Deployment, Service and IngressClass too; other controllers than ingress-nginx, "
            "AKS application routing and Envoy Gateway are not modelled yet",
        )


CHECK = Check("controller-unknown", "an Ingress that no known controller serves", Severity.WARNING, _run)
