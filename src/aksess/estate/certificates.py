"""Certificates that are renewed over HTTP-01: which hosts, by which issuer, through which ingress class.

An ACME issuer proves control of a name by answering a request to port 80 of it from the Internet (HTTP-01) or by a DNS
record. Which of the two holds for a host is what the issuer's solvers say: an exact name before the longest zone
before a solver for everything.

Source: cert-manager documentation "Configuring ACME issuers: adding multiple solver types" and "Annotated Ingress
resource"; pkg/controller/acmeorders/selectors, pkg/issuer/acme/http/ingress.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aksess.errors import ParseError
from aksess.estate.certificate_wire import Certificate, Http01, Issuer, Solver
from aksess.estate.estate import Estate
from aksess.estate.kubernetes import Ingress
from aksess.estate.wire import Wire
from aksess.rulings import Place
from aksess.snapshot.items import KubernetesItem

__all__ = ["Renewal", "renewals"]

_GROUP = "cert-manager.io"
_EDIT_IN_PLACE = "acme.cert-manager.io/http01-edit-in-place"
Shape = TypeVar("Shape", bound=Wire)


@dataclass(frozen=True, slots=True)
class Renewal:
    """One host whose certificate is renewed over HTTP-01.

    Attributes:
        host: The host.
        kind: Kind of the object that asks for the certificate: ``Ingress`` or ``Certificate``.
        namespace: Its namespace.
        name: Its name.
        place: Where it was found.
        issuer: The issuer, as people name it.
        ingress_class: The class that the solver's Ingress gets; empty where the issuer names none.
        in_place: The Ingress that the challenge is written into; None where the solver makes one of its own.
    """

    host: str
    kind: str
    namespace: str
    name: str
    place: Place
    issuer: str
    ingress_class: str
    in_place: Ingress | None


def renewals(estate: Estate) -> Iterator[Renewal]:
    """Every host whose certificate is surely renewed over HTTP-01, in the order of the input."""
    issuers = dict(_issuers(estate))
    if not issuers:
        return
    for ingress in estate.ingresses.values():
        key = _annotated(ingress)
        if key in issuers:
            in_place = ingress if ingress.annotations.get(_EDIT_IN_PLACE) == "true" else None
            for host in dict.fromkeys(ingress.tls_hosts):
                solver = _solver(issuers[key], host)
                if solver is not None:
                    yield Renewal(
                        host,
                        *("Ingress", ingress.namespace, ingress.name, ingress.place),
                        *(_named(key), _class_of(solver), in_place),
                    )
    for item in estate.others.get((_GROUP, "Certificate"), []):
        asked = _decoded(item, Certificate)
        if asked is None:
            continue
        namespace = item.namespace or "default"
        reference = asked.spec.issuer_ref
        key = ("", reference.name) if reference.kind == "ClusterIssuer" else (namespace, reference.name)
        names = [*(asked.spec.dns_names or []), *([asked.spec.common_name] if asked.spec.common_name else [])]
        for host in dict.fromkeys(names):
            solver = _solver(issuers.get(key, []), host)
            if solver is not None:
                yield Renewal(
                    host, *("Certificate", namespace, item.name, item.place), *(_named(key), _class_of(solver), None)
                )


def _issuers(estate: Estate) -> Iterator[tuple[tuple[str, str], list[Solver]]]:
    """The solvers of every ACME issuer, by namespace (empty for a ClusterIssuer) and name."""
    for kind in ("Issuer", "ClusterIssuer"):
        for item in estate.others.get((_GROUP, kind), []):
            issuer = _decoded(item, Issuer)
            if issuer is not None and issuer.spec.acme is not None:
                namespace = (item.namespace or "default") if kind == "Issuer" else ""
                yield (namespace, item.name), issuer.spec.acme.solvers or []


def _annotated(ingress: Ingress) -> tuple[str, str]:
    notes = ingress.annotations
    cluster = notes.get("cert-manager.io/cluster-issuer")
    if cluster:
        return "", cluster
    named = notes.get("cert-manager.io/issuer", "")
    return ("", named) if notes.get("cert-manager.io/issuer-kind") == "ClusterIssuer" else (ingress.namespace, named)


def _solver(solvers: Sequence[Solver], host: str) -> Http01 | None:
    """The HTTP-01 solver that a host gets; None where it gets another kind, or none."""
    ranked: list[tuple[int, Solver]] = []
    for each in solvers:
        selector = each.selector
        names, zones = (selector.dns_names or [], selector.dns_zones or []) if selector else ([], [])
        fitting = [len(zone) for zone in zones if host == zone or host.endswith(f".{zone}")]
        if host in names:
            ranked.append((1 << 16, each))
        elif fitting:
            ranked.append((max(fitting), each))
        elif not names and not zones:
            ranked.append((0, each))
    if not ranked:
        return None
    return max(ranked, key=lambda each: each[0])[1].http01


def _class_of(solver: Http01) -> str:
    ingress = solver.ingress
    return (ingress.ingress_class_name or ingress.class_name or "") if ingress else ""


def _named(key: tuple[str, str]) -> str:
    return f"Issuer {key[0]}/{key[1]}" if key[0] else f"ClusterIssuer {key[1]}"


def _decoded(item: KubernetesItem, shape: type[Shape]) -> Shape | None:
    try:
        return item.decode(shape)
    except ParseError:
        return None
