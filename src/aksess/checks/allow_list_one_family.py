"""allow-list-one-family: a list with entries of one address family on a frontend of both."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.access.exposures import Exposure
from aksess.addresses import EVERYONE, AddressSet, set_of
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.controllers.ingress_nginx import IngressNginx
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl
from aksess.layers.cloud_provider.access_control import SOURCE_RANGES
from aksess.rulings import Citation

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    yield from _of_controllers(check, audited)
    yield from _of_services(check, audited)


def _of_controllers(check: Check, audited: Audited) -> Iterator[Finding]:
    found: dict[tuple[str, str, str, int], tuple[Citation, AddressSet, list[Exposure]]] = {}
    for each in audited.exposures:
        if each.listed is None or each.controller is None or each.answers is None or not _both_families(each):
            continue
        touched = _families(each, each.listed)
        if len(touched) == 1:
            application = each.application
            key = (application.kind, application.namespace, application.name, touched[0])
            found.setdefault(key, (application, each.listed, []))[2].append(each)
    for (kind, namespace, name, family), (citation, listed, exposures) in found.items():
        other = 10 - family
        open_to = listed.family(other) == EVERYONE.family(other)
        state = f"every IPv{other} client gets past it" if open_to else f"it shuts out every IPv{other} client"
        yield check.finding(
            f"{kind} {namespace}/{name}: the list has only IPv{family} entries and the frontend takes IPv{other} too: "
            f"{state}",
            citation,
            exposures=[each.id for each in exposures],
            fix=f"add the IPv{other} ranges"
            + ("" if open_to else f", or {'::/0' if other == 6 else '0.0.0.0/0'} for all"),
        )


def _families(exposure: Exposure, listed: AddressSet) -> list[int]:
    """The families that a list has entries of: as they are written where that is known, else by whom it admits."""
    application = exposure.application
    if isinstance(exposure.controller, IngressNginx):
        rules = exposure.controller.rules.get((application.namespace, application.name))
        own = rules.lists.allow or rules.lists.deny if rules is not None else None
        if own is not None:
            return sorted(own.families)
    return [family for family in (4, 6) if _is_touched(listed, family)]


def _is_touched(listed: AddressSet, family: int) -> bool:
    """Whether a list says anything of its own about a family: neither all of it nor none of it."""
    part = listed.family(family)
    return bool(part) and part != EVERYONE.family(family)


def _both_families(exposure: Exposure) -> bool:
    services = exposure.controller.services if exposure.controller else ()
    return len({entry.address.family for service in services for entry in service.load_balancer_addresses}) == 2


def _of_services(check: Check, audited: Audited) -> Iterator[Finding]:
    for service in audited.estate.services.values():
        control = AccessControl.of(service)
        families = {entry.address.family for entry in service.load_balancer_addresses}
        if not control.provided or not control.ranges or len(families) < 2:
            continue
        listed = {family for family in (4, 6) if set_of([each.network for each in control.ranges]).family(family)}
        if len(listed) != 1:
            continue
        family = listed.pop()
        other = 10 - family
        own = [each for each in audited.exposures if each.entry and each.entry.service is service]
        of_other = [each for each in own if each.entry and each.entry.address.family == other and not each.entry.node]
        gets_in = any(each.allowed or each.indeterminate for each in of_other)
        state = f"IPv{other} clients get in all the same" if gets_in else f"no IPv{other} client gets in"
        path = SOURCE_RANGES if control.source_ranges else control.allowed_ranges[0].path
        yield check.finding(
            f"{control.label}: the source ranges have only IPv{family} entries and the frontend takes IPv{other} too: "
            f"{state}",
            load_balancer.cite(service, path),
            exposures=[each.id for each in of_other],
            fix=f"add the IPv{other} ranges, or make the Service single-stack",
        )


CHECK = Check("allow-list-one-family", "a list with one address family only", Severity.WARNING, _run)
