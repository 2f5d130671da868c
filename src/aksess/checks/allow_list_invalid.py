"""allow-list-invalid: a list holds an entry that its reader refuses, with what really happens then."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    yield from _of_ingresses(check, audited)
    yield from _of_policies(check, audited)
    yield from _of_services(check, audited)


def _of_ingresses(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.nginx:
        for each in controller.facts.invalid_lists:
            ingress, bad = each.ingress, each.invalid
            yield check.finding(
                f"Ingress {ingress.namespace}/{ingress.name}: {bad.key.rpartition('/')[2]} cannot be read "
                f"({bad.reason}), so ingress-nginx answers 503 to everybody",
                each.citation,
                exposures=audited.of("Ingress", ingress.namespace, ingress.name),
                fix="write addresses and CIDRs, parted by single commas, with none at the end",
            )


def _of_policies(check: Check, audited: Audited) -> Iterator[Finding]:
    """Envoy Gateway: an unusable range makes the whole policy invalid."""
    seen = set()
    for exposure in audited.exposures:
        if exposure.answers is None:
            continue
        ruling = exposure.answers.rulings.otherwise
        cited = ruling.citation
        if ruling.status == 500 and cited.kind == "SecurityPolicy" and cited not in seen:
            seen.add(cited)
            yield check.finding(
                f"{cited.label}: {cited.text}",
                cited,
                exposures=[each.id for each in audited.exposures if each.narrowed and cited in each.narrowed],
                fix="write every range as ADDRESS/LENGTH, a single address with /32 or /128",
            )


def _of_services(check: Check, audited: Audited) -> Iterator[Finding]:
    for service in audited.estate.services.values():
        control = AccessControl.of(service)
        if not control.provided or not control.invalid:
            continue
        first, more = control.invalid[0], len(control.invalid) - 1
        entry = repr(first.text) if first.text else "an empty value"
        others = f" and {more} more" if more else ""
        verb = "are no ranges" if more else "is no range"
        kept = "the valid ranges stay allowed and everybody else" if control.ranges else "everybody"
        yield check.finding(
            f"{control.label}: {entry}{others} in {_field(first.path)} {verb} for the cloud provider "
            f"({first.reason}): {kept} is denied, the virtual network included",
            load_balancer.cite(service, first.path),
            exposures=audited.behind(*service.key),
            fix="write CIDRs without host bits; to lift the restriction remove the field instead of emptying it",
        )


def _field(path: tuple[str | int, ...]) -> str:
    return str(path[-1]).rpartition("/")[2] if path[0] == "metadata" else "loadBalancerSourceRanges"


CHECK = Check("allow-list-invalid", "a list entry that its reader refuses", Severity.ERROR, _run)
