"""What one Ingress tells the controller, apart from its hosts and paths: the meaning of its annotations.

`annotation_groups` reads it, once for each Ingress. Hosts, paths and age are put together in `servers`; what a request
meets is decided in `answers`.

Source: kubernetes/ingress-nginx internal/ingress/annotations/annotations.go `Ingress` and the packages beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from aksess.controllers.ingress_nginx.source_ranges import Lists
from aksess.estate.kubernetes import Ingress
from aksess.rulings import Assumption, Citation, Layer

__all__ = [
    "Authentication",
    "Canary",
    "ClientCertificate",
    "Cors",
    "Denial",
    "IngressRules",
    "Redirect",
]


@dataclass(frozen=True, slots=True)
class Denial:
    """Why every location of an Ingress answers 503."""

    reason: str
    key: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect that every location of an Ingress answers with."""

    code: int
    key: str


@dataclass(frozen=True, slots=True)
class Authentication:
    """What an Ingress asks of its clients, and whether it sends them somewhere to sign in."""

    kind: Literal["basic", "digest", "external"]
    key: str
    signin: bool = False


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Mutual TLS that an Ingress asks for on its hosts."""

    key: str
    required: bool
    match_name: bool
    missing: bool
    """Whether the Secret does not exist, so that every request is refused with 403."""


@dataclass(frozen=True, slots=True)
class Cors:
    """Pre-flight answers; no origins means that none is ever given."""

    origins: tuple[str, ...]

    def answers(self, origin: str) -> bool:
        """Whether a pre-flight request from an origin is answered by the controller."""
        if self.origins == ("*",):
            return True
        patterns = (re.escape(each).replace(r"\*", r"[A-Za-z0-9\-]+", 1) for each in self.origins)
        return bool(self.origins) and re.search(f"(?:{'|'.join(patterns)})$", origin, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Canary:
    """A canary: which requests go to its Services instead of those of the primary."""

    weight: int
    total: int
    header: str
    header_value: str
    header_pattern: str
    cookie: str


@dataclass(frozen=True, slots=True, eq=False)
class IngressRules:
    """The meaning of the annotations of one Ingress.

    Attributes:
        ingress: The Ingress.
        lists: Its allow and deny lists.
        prefix: The prefix of the annotations that the controller reads.
        denial: Why its locations answer 503; None where they do not.
        canary: Its canary rules; None where it is no canary.
        redirect: Where it redirects everything to; None where it does not.
        from_to_www: Whether the name with (or without) ``www.`` redirects to its hosts.
        app_root: Where it redirects ``/`` of its hosts to; empty for nowhere.
        rewrite_target: The path that its requests are rewritten to; empty for none.
        use_regex: Whether its paths are regular expressions.
        ssl_redirect: Whether it redirects to TLS where its host has a certificate.
        force_ssl_redirect: Whether it redirects to TLS anyway.
        cors: Its pre-flight answers; None where it gives none.
        authentication: What it asks of its clients; None for nothing.
        global_authentication: Whether the global external authentication holds for it.
        client_certificate: The client certificate its hosts ask for; None for none.
        satisfy: ``any`` or ``all`` of list and authentication; empty for the default (all).
        errors: Status codes with an error page of its own; None where those of the ConfigMap hold.
        default_backend: Service of its error pages, and of requests that its Services cannot take.
        ssl_passthrough: Whether TLS to its hosts goes to the Service unopened.
        aliases: Further names of its hosts.
        snippet: Raw configuration of its locations.
        server_snippet: Raw configuration of its hosts.
        service_upstream: Whether its Services are reached by their cluster address.
        assumptions: What is taken for true.
    """

    ingress: Ingress
    lists: Lists
    prefix: str
    denial: Denial | None = None
    canary: Canary | None = None
    redirect: Redirect | None = None
    from_to_www: bool = False
    app_root: str = ""
    rewrite_target: str = ""
    use_regex: bool = False
    ssl_redirect: bool = True
    force_ssl_redirect: bool = False
    cors: Cors | None = None
    authentication: Authentication | None = None
    global_authentication: bool = True
    client_certificate: ClientCertificate | None = None
    satisfy: str = ""
    errors: tuple[int, ...] | None = None
    default_backend: str = ""
    ssl_passthrough: bool = False
    aliases: tuple[str, ...] = ()
    snippet: str = ""
    server_snippet: str = ""
    service_upstream: bool = False
    assumptions: tuple[Assumption, ...] = ()

    def key(self, name: str) -> str:
        """The full name of an annotation."""
        return f"{self.prefix}/{name}"

    def cite(self, path: tuple[str | int, ...], text: str, rule: str = "") -> Citation:
        """A citation of a field of the Ingress."""
        ingress = self.ingress
        return Citation(
            *(Layer.CONTROLLER, "Ingress", ingress.name, ingress.namespace),
            path=path,
            place=ingress.place,
            text=text,
            rule=rule,
        )

    def cite_annotation(self, key: str, text: str) -> Citation:
        """A citation of an annotation, by its full name."""
        return self.cite(("metadata", "annotations", key), text, key)

    @property
    def behaviour(self) -> tuple[object, ...]:
        """Everything that may tell two Ingresses apart by what a client sees of the same path."""
        allow, deny = self.lists.allow, self.lists.deny
        return (
            *(allow.addresses if allow else None, deny.addresses if deny else None, self.denial, self.redirect),
            *(self.app_root, self.rewrite_target, self.use_regex, self.ssl_redirect, self.force_ssl_redirect),
            *(self.cors, self.authentication, self.global_authentication, self.client_certificate, self.satisfy),
            *(self.errors, self.default_backend, self.ssl_passthrough, self.aliases, self.snippet),
            *(self.server_snippet, self.from_to_www, self.ingress.default_backend, self.canary),
        )
