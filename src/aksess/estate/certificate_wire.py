"""The parts of cert-manager's objects that say how a certificate is renewed.

Source: cert-manager/cert-manager pkg/apis/certmanager/v1, pkg/apis/acme/v1 types.
"""

from __future__ import annotations

import msgspec

from aksess.estate.wire import Metadata, Wire


class SolverIngress(Wire):
    class_name: str | None = msgspec.field(name="class", default=None)
    ingress_class_name: str | None = None


class Http01(Wire):
    ingress: SolverIngress | None = None


class Selector(Wire):
    dns_names: list[str] | None = None
    dns_zones: list[str] | None = None


class Solver(Wire):
    http01: Http01 | None = None
    selector: Selector | None = None


class Acme(Wire):
    solvers: list[Solver] | None = None


class IssuerSpec(Wire):
    acme: Acme | None = None


class Issuer(Wire):
    metadata: Metadata
    spec: IssuerSpec


class IssuerReference(Wire):
    name: str = ""
    kind: str | None = None


class CertificateSpec(Wire):
    issuer_ref: IssuerReference
    dns_names: list[str] | None = None
    common_name: str | None = None


class Certificate(Wire):
    metadata: Metadata
    spec: CertificateSpec
