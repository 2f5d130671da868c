"""One host: what all Ingresses that name it make of it, the oldest first.

The first Ingress of a host makes the server, with a location ``/`` that carries its annotations and leads to the
default backend until somebody writes ``/``. The first Ingress that writes a path owns it; a younger one with the same
path is left out without a word. Some annotations speak for the whole host: there, too, the first one that has a value
wins. The server ``_`` takes every name that no rule has, rules without a host, and the paths of canaries whose host
does not exist.

Source: kubernetes/ingress-nginx internal/ingress/controller/controller.go `createServers`, `getBackendServers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.locations import Location, Locations, arranged
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.upstreams import Upstream, Upstreams, upstream_of
from aksess.controllers.ingress_nginx.uris import as_location
from aksess.estate.kubernetes import IngressPath

__all__ = ["CATCH_ALL", "Duplicate", "Server", "Share", "build_server"]

CATCH_ALL = "_"
"""The server of every name that no rule has."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one Ingress gives to one host: its annotations and the paths it writes there."""

    rules: IngressRules
    paths: tuple[IngressPath, ...]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A path that an older Ingress has taken already, so that it has no effect."""

    rules: IngressRules
    path: IngressPath
    taken_by: IngressRules


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """One host, with everything that was merged into it.

    Attributes:
        host: The host, ``_`` for the catch-all.
        locations: Its locations.
        written: The same before they were arranged, in the order in which they were added.
        creator: The Ingress that made it; None for the catch-all.
        certificate: Whether it has a certificate, so that plain HTTP is redirected.
        ssl_passthrough: The Ingress that asked for TLS to be passed through; None where nobody did.
        server_snippet: The Ingress whose raw configuration holds; None for none.
        client_certificate: The Ingress whose client certificates hold; None for none.
        redirects_www: The Ingress that asked for the redirect from (or to) ``www.``; None for none.
        duplicates: Paths that have no effect.
        doubt: Why it cannot be known which paths it has; empty where it can.
    """

    host: str
    locations: Locations
    written: tuple[Location, ...]
    creator: IngressRules | None
    certificate: bool = False
    ssl_passthrough: IngressRules | None = None
    server_snippet: IngressRules | None = None
    client_certificate: IngressRules | None = None
    redirects_www: IngressRules | None = None
    duplicates: tuple[Duplicate, ...] = ()
    doubt: str = ""

    @property
    def signature(self) -> tuple[object, ...]:
        """What tells two servers of one host apart."""
        speaking = (self.ssl_passthrough, self.server_snippet, self.client_certificate, self.redirects_www)
        return (
            tuple((each.path, each.exact, _owner(each.rules), each.upstream) for each in self.locations.ordered),
            tuple(_owner(rules) for rules in speaking),
            self.doubt,
        )

    def passthrough_location(self) -> Location | None:
        """The location whose Service gets the TLS of the host unopened."""
        return next((each for each in self.locations.ordered if each.path == "/"), None)


def build_server(host: str, shares: Sequence[Share], upstreams: Upstreams, settings: Settings) -> Server:
    """The server of a host.

    Args:
        host: The host, ``_`` for the catch-all.
        shares: What each Ingress gives to it, the oldest first; Ingresses without rules give no paths.
        upstreams: The Services behind.
        settings: What the controller was told.
    """
    builder = _Builder(host, upstreams)
    for share in shares:
        builder.begin(share)
    for share in shares:
        builder.add(share)
    named = [
        share.rules
        for share in shares
        if share.rules.canary is None and (host != CATCH_ALL or "" in share.rules.ingress.hosts)
    ]
    certificates = [share.rules for share in shares if share.rules.client_certificate is not None]
    return Server(
        host,
        Locations(arranged(builder.found), settings.flags.health_path if host == CATCH_ALL else ""),
        tuple(builder.found),
        builder.creator,
        certificate=any(rules.ingress.tls for rules in named),
        ssl_passthrough=_passthrough(builder.creator, named, settings),
        server_snippet=next((rules for rules in named if rules.server_snippet), None),
        client_certificate=next(iter(sorted(certificates, key=lambda rules: not _is_missing(rules))), None),
        redirects_www=builder.redirects_www,
        duplicates=tuple(builder.duplicates),
        doubt=builder.doubt,
    )


def _owner(rules: IngressRules | None) -> int:
    return id(rules.ingress) if rules is not None else 0


def _is_missing(rules: IngressRules) -> bool:
    return rules.client_certificate is not None and rules.client_certificate.missing


def _passthrough(creator: IngressRules | None, named: list[IngressRules], settings: Settings) -> IngressRules | None:
    if not settings.flags.ssl_passthrough or creator is None:
        return None
    if settings.release.passthrough_of_any:
        return next((rules for rules in named if rules.ssl_passthrough), None)
    return creator if creator.ssl_passthrough else None


class _Builder:
    """Collects the locations of one host, in the order in which the controller adds them."""

    def __init__(self, host: str, upstreams: Upstreams) -> None:
        self.host = host
        self.upstreams = upstreams
        self.creator: IngressRules | None = None
        self.found: list[Location] = []
        self.first: dict[str, int] = {}
        """Where the first location of each path stands."""
        self.open = True
        """Whether ``/`` still leads to the default backend, for whoever writes it first."""
        self.redirects_www: IngressRules | None = None
        self.duplicates: list[Duplicate] = []
        self.doubt = ""
        if host == CATCH_ALL:
            self._root(Location("/", False, None, None))

    def _root(self, location: Location) -> None:
        self.found = [location]
        self.first = {"/": 0}

    def begin(self, share: Share) -> None:
        """Make the server and its root location."""
        rules = share.rules
        if rules.canary is not None:
            return
        backend = rules.ingress.default_backend
        upstream = upstream_of(rules.ingress.namespace, backend) if backend is not None else None
        if self.host == CATCH_ALL:
            if upstream is not None and not rules.ingress.hosts and self.open:
                self.found[0] = Location("/", False, _without_redirects(rules), upstream)
                self.open = False
            return
        if self.creator is None:
            self.creator = rules
            self._root(Location("/", False, rules, upstream))

    def add(self, share: Share) -> None:
        """Add the paths of one Ingress."""
        for path in share.paths:
            upstream = upstream_of(share.rules.ingress.namespace, path.backend)
            if upstream is None:
                continue
            if self.upstreams.contested(upstream):
                self.doubt = f"age unknown: a canary and another Ingress name Service {upstream.service}"
            if self.upstreams.may_be_served(upstream):
                self._place(share.rules, path, upstream)

    def _place(self, rules: IngressRules, path: IngressPath, upstream: Upstream) -> None:
        text, exact = as_location(path.path), path.type == "Exact"
        new = Location(text, exact, rules, upstream, path)
        # only the first location of a path is compared; another type means another location
        first = self.first.setdefault(text, len(self.found))
        if first == len(self.found) or self.found[first].exact != exact:
            self.found.append(new)
        elif first == 0 and self.open:
            self.found[0] = new
            self.open = False
        else:
            owner = self.found[first].rules
            if owner is not None:
                self.duplicates.append(Duplicate(rules, path, owner))
            return
        if rules.from_to_www:
            self.redirects_www = self.redirects_www or rules


def _without_redirects(rules: IngressRules) -> IngressRules:
    """A catch-all Ingress: its annotations hold, but for redirects and rewrites."""
    return replace(
        rules,
        redirect=None,
        from_to_www=False,
        app_root="",
        rewrite_target="",
        use_regex=False,
        ssl_redirect=False,
        force_ssl_redirect=False,
    )
