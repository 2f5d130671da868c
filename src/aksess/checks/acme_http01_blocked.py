"""acme-http01-blocked: a certificate is renewed over HTTP-01, and something below the controller shuts port 80.

The solver's own Ingress carries an allow list for everybody, so lists of the controller do not stop it; security
groups and the load balancer do. A challenge that is written into the Ingress itself meets the Ingress's list too.

Source: cert-manager pkg/issuer/acme/http/ingress.go (the solver's annotations).
"""

from __future__ import annotations

from collections.abc import Iterator

from aksess.access.entries import Entry
from aksess.access.outcomes import Standing
from aksess.addresses import INTERNET, is_internet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.controllers.ingress_nginx import IngressNginx
from aksess.controllers.ingress_nginx.flags import DEFAULT_PREFIX
from aksess.controllers.ingress_nginx.source_ranges import global_lists
from aksess.controllers.interface import Controller
from aksess.estate.certificates import Renewal, renewals
from aksess.rulings import Citation, Layer

__all__ = ["CHECK"]

_A_FEW = {4: 1 << 20, 6: 1 << 112}
"""So few addresses shut out of port 80 are hardly those of an issuer: less than a /12 of IPv4, a /16 of IPv6."""
_FIX = "open port 80 of this frontend to the Internet, or have the issuer prove the name by DNS-01"


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    blocked: dict[int, str] = {}
    for renewal in renewals(audited.estate):
        if any(listener.takes(renewal.host) for listener in audited.evaluator.gateways):
            continue
        for controller in _solving(audited, renewal):
            if id(controller) not in blocked:
                blocked[id(controller)] = _below(audited, controller)
            why = blocked[id(controller)] or _by_global_list(controller) or _by_its_own_list(audited, renewal)
            if why:
                yield check.finding(
                    f"the certificate of {renewal.host} is renewed over HTTP-01 ({renewal.issuer}), and {why}: the "
                    "next renewal fails",
                    _cite(renewal),
                    exposures=[each.id for each in audited.exposures if each.host == renewal.host],
                    fix=_FIX,
                )


def _solving(audited: Audited, renewal: Renewal) -> list[Controller]:
    """The controllers that answer the challenge: those that serve the host, which must have an address."""
    serving = [each for each in audited.evaluator.controllers if each.serves(renewal.host)]
    return [each for each in serving if any(_frontends(audited, each))]


def _frontends(audited: Audited, controller: Controller) -> Iterator[Entry]:
    for service in controller.services:
        yield from audited.evaluator.frontends_by_service.get(service.key, [])


def _below(audited: Audited, controller: Controller) -> str:
    """Why the Internet does not get to port 80 of a controller; empty where it does, or may."""
    plain = [each for each in _frontends(audited, controller) if each.port == 80 and each.protocol == "TCP"]
    if not plain:
        return f"{controller.citation.label} has no frontend on port 80"
    reasons: list[str] = []
    for entry in plain:
        walked = list(audited.evaluator.transport(entry))
        standing = Standing.any_of([each.alternative.standing for each in walked])
        family = entry.address.family
        shut_out = INTERNET.family(family) - standing.allowed - standing.indeterminate
        if shut_out.size() < _A_FEW[family]:
            return ""
        narrowed = dict.fromkeys(each.label for one in walked for each in one.narrowed if each.label)
        reasons.append(f"{' and '.join(narrowed) or 'the load balancer'} keeps the Internet from {entry.label}")
    return reasons[0]


def _by_global_list(controller: Controller) -> str:
    """The solver opens its Ingress by an annotation of the usual prefix; a controller with another does not read it."""
    if not isinstance(controller, IngressNginx) or controller.settings.flags.annotations_prefix == DEFAULT_PREFIX:
        return ""
    lists = global_lists(controller.settings)
    if lists.allow is None or is_internet(lists.allow.addresses):
        return ""
    return (
        f"the solver's annotation is not read with the prefix {controller.settings.flags.annotations_prefix}, so the "
        "controller-wide list keeps the Internet out"
    )


def _by_its_own_list(audited: Audited, renewal: Renewal) -> str:
    if renewal.in_place is None:
        return ""
    key = ("Ingress", renewal.in_place.namespace, renewal.in_place.name)
    listed = [each.listed for each in audited.by_application.get(key, []) if each.host == renewal.host]
    if any(each is not None and not is_internet(each) for each in listed):
        return "the challenge is written into this Ingress, whose list keeps the Internet out"
    return ""


def _cite(renewal: Renewal) -> Citation:
    path = ("spec", "tls") if renewal.kind == "Ingress" else ("spec", "dnsNames")
    return Citation(Layer.CONTROLLER, renewal.kind, renewal.name, renewal.namespace, path=path, place=renewal.place)


CHECK = Check("acme-http01-blocked", "certificate renewal that cannot be reached", Severity.ERROR, _run)
