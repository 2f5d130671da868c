"""service-stuck: a Service that the cloud provider refuses, so that it can neither be updated nor deleted."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for service in audited.estate.services.values():
        control = AccessControl.of(service)
        if not control.provided:
            continue
        if not control.conflict:
            continue
        paths = list(dict.fromkeys(each.path for each in control.allowed_ranges))
        removed = " ".join(f"{path[-1]}-" for path in paths)
        yield check.finding(
            f"Service {service.namespace}/{service.name} cannot be updated or deleted: the cloud provider gives up on "
            f"it every time ({control.conflict}), and its finalizer keeps it, its address and its old rules",
            load_balancer.cite(service, paths[0]),
            exposures=audited.behind(*service.key),
            fix=f"kubectl annotate service -n {quote(service.namespace)} {quote(service.name)} {removed}",
        )


CHECK = Check("service-stuck", "a Service that cannot be updated or deleted", Severity.ERROR, _run)
