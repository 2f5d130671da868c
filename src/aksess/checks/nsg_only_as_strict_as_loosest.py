"""nsg-only-as-strict-as-loosest: applications share a frontend, and only rules for the whole frontend restrict them."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.access.exposures import Exposure
from aksess.addresses import is_internet, name_of
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl, Annotation
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]

_WHOLE_FRONTEND = {Layer.SUBNET_NSG, Layer.NIC_NSG, Layer.KUBE_PROXY, Layer.NETWORK_POLICY}


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    shared: dict[str, list[Exposure]] = {}
    for exposure in audited.exposures:
        if exposure.controller is not None and exposure.route is not None and exposure.entry is not None:
            shared.setdefault(exposure.entry.label, []).append(exposure)
    for label, exposures in shared.items():
        # an application with a list of its own is as strict as that list
        bare = [each for each in exposures if not any(hop.layer == Layer.CONTROLLER for hop in each.narrowed)]
        applications = {(each.application.namespace, each.application.name) for each in bare}
        if len(applications) < 2:
            continue
        first = bare[0]
        restricting = [hop for hop in first.narrowed if hop.layer in _WHOLE_FRONTEND]
        if not restricting or is_internet(first.allowed) or first.allowed.networks() < 2:
            continue
        cited = _by_its_service(first, restricting[0])
        names = sorted(f"{namespace}/{name}" for namespace, name in applications)
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        yield check.finding(
            f"{shown} share {label} and have no list of their own: each is open to everybody whom "
            f"{_named(cited)} lets through for any of them ({name_of(first.allowed)})",
            cited,
            exposures=[each.id for each in bare],
            fix="give each Ingress its own list, or each audience its own frontend",
        )


def _by_its_service(exposure: Exposure, citation: Citation) -> Citation:
    """A predicted group stands nowhere: what it does follows from the Service of the frontend."""
    service = exposure.entry.service if exposure.entry else None
    if citation.file or service is None:
        return citation
    control = AccessControl.of(service)
    return load_balancer.cite(
        service, control.ranges[0].path if control.ranges else Annotation.ALLOWED_SERVICE_TAGS.path
    )


def _named(citation: Citation) -> str:
    return citation.label or citation.layer.value


CHECK = Check(
    "nsg-only-as-strict-as-loosest", "a shared frontend is as open as its loosest application", Severity.NOTE, _run
)
