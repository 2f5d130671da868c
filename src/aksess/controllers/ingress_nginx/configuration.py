"""The whole configuration of one controller: every host, what it is called, and whether nginx takes it.

Hosts are built when they are first asked for. Where ages are not known a host may look in several ways; then all of
them are kept, and an answer is only known where they agree.

Source: kubernetes/ingress-nginx internal/ingress/controller/controller.go `getConfiguration`, `createServers`,
`mergeAlternativeBackends`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from aksess.addresses import Address
from aksess.controllers.ingress_nginx import breakage
from aksess.controllers.ingress_nginx.access_rules import Division, divide, http_rules
from aksess.controllers.ingress_nginx.ages import FEW, Contest, contest_of, is_dated, orders
from aksess.controllers.ingress_nginx.breakage import Breakage
from aksess.controllers.ingress_nginx.ingress_rules import Canary, IngressRules
from aksess.controllers.ingress_nginx.names import Names
from aksess.controllers.ingress_nginx.servers import CATCH_ALL, Server, Share, build_server
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.upstreams import Upstream, Upstreams, upstream_of
from aksess.controllers.ingress_nginx.uris import as_location
from aksess.estate.kubernetes import IngressPath

__all__ = ["LOOP_BACK", "Alternative", "Configuration"]

LOOP_BACK = Address(4, 0x7F000001)
"""127.0.0.1: where the controller talks to its own nginx from."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """The Service that a canary puts beside a primary one."""

    rules: IngressRules
    canary: Canary
    upstream: Upstream


class Configuration:
    """Every host of a controller."""

    def __init__(self, settings: Settings, rules: Sequence[IngressRules], upstreams: Upstreams) -> None:
        """Take the Ingresses.

        Args:
            settings: What the controller was told.
            rules: The Ingresses that it takes, the oldest first, those of unknown age last.
            upstreams: The Services behind.
        """
        self.settings = settings
        self.rules = tuple(rules)
        self.upstreams = upstreams
        self._servers: dict[str, tuple[Server, ...]] = {}
        self._contests: dict[str, Contest | None] = {}
        self.shares = _shares(self.rules)
        """What each Ingress gives to each host, the oldest first."""

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """Every host but the catch-all, in alphabetical order."""
        return tuple(sorted(host for host in self.shares if host != CATCH_ALL))

    def servers(self, host: str) -> tuple[Server, ...]:
        """What a host may look like; one where all ages that matter are known."""
        if host not in self._servers:
            self._servers[host] = self._build(host)
        return self._servers[host]

    def server(self, host: str) -> Server:
        """What a host looks like, or the first of the ways in which it may."""
        return self.servers(host)[0]

    def contest(self, host: str) -> Contest | None:
        """What Ingresses of unknown age compete for on a host, where they are too many to try them."""
        if host not in self._contests:
            self._contests[host] = contest_of(self.shares.get(host, ()))
        return self._contests[host]

    def differs_as_a_whole(self, host: str) -> bool:
        """Whether the ways in which a host may look do not stand for all of them.

        With few Ingresses every order was tried. With more, each was put first in turn; where that changes what holds
        for the whole host, orders that were not tried may put two such changes together.
        """
        servers = self.servers(host)
        if len(servers) == 1 or len(self.shares.get(host, ())) <= FEW:
            return False
        first = servers[0]
        return any(_whole(each) != _whole(first) for each in servers)

    def _build(self, host: str) -> tuple[Server, ...]:
        found: dict[tuple[object, ...], Server] = {}
        for shares in orders(self.shares.get(host, ())):
            server = build_server(host, shares, self.upstreams, self.settings)
            found.setdefault(server.signature, server)
        return tuple(found.values())

    @cached_property
    def names(self) -> Names:
        """The names of every host."""
        aliases: dict[str, dict[str, str]] = {}
        redirects: dict[str, str] = {}
        for host in self.hosts:
            shares = [share for share in self.shares[host] if share.rules.canary is None]
            if any(share.rules.aliases for share in shares):
                aliases[host] = _aliases(shares)
            if any(share.rules.from_to_www for share in shares) and self.server(host).redirects_www is not None:
                other = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
                if other not in self.shares:
                    redirects[other] = host
        return Names(self.hosts, aliases, redirects)

    @cached_property
    def broken(self) -> tuple[Breakage, ...]:
        """Why nginx refuses the configuration; empty where it takes it."""
        found = list(breakage.of_settings(self.settings))
        for host in (*self.hosts, CATCH_ALL):
            servers = self.servers(host)
            for server in servers:
                for each in breakage.of_server(server, self.settings):
                    certain = all(any(breakage.of_server(other, self.settings)) for other in servers)
                    found.append(Breakage(each.reason, each.citations, certain))
            found.extend(self._perhaps_broken(host))
        return tuple(dict.fromkeys(found))

    def _perhaps_broken(self, host: str) -> Iterator[Breakage]:
        """Three writers of one path, exact and not: in some orders nginx refuses them, and not all are tried."""
        shares = self.shares.get(host, ())
        if len(shares) <= FEW or self.server(host).locations.are_expressions:
            return
        writers: dict[str, list[tuple[IngressRules, IngressPath]]] = {}
        for share in shares:
            for path in share.paths:
                writers.setdefault(path.path, []).append((share.rules, path))
        for text, found in writers.items():
            kinds = {path.type == "Exact" for _, path in found}
            if len(found) > 2 and len(kinds) > 1 and not all(is_dated(rules.ingress) for rules, _ in found):
                reason = f"age unknown: in some orders path {text} of {host} is there twice"
                yield Breakage(reason, tuple(rules.cite(path.field, reason) for rules, path in found), certain=False)

    @cached_property
    def alternatives(self) -> dict[Upstream, Alternative]:
        """The Services that canaries put beside primary ones, by the primary."""
        found: dict[Upstream, Alternative] = {}
        removed: set[Upstream] = set()
        canaries = [(each, each.canary) for each in self.rules if each.canary is not None]
        if len(canaries) == len(self.rules):
            return found
        for rules, canary in canaries:
            for host, path, exact, upstream in _canary_paths(rules):
                if upstream in removed or (host not in self.shares and host != CATCH_ALL):
                    continue
                joined = self._primaries(host, path, exact, upstream)
                if joined is None:
                    continue
                for primary in joined:
                    found.setdefault(primary, Alternative(rules, canary, upstream))
                if not joined:
                    removed.add(upstream)
        return found

    def _primaries(self, host: str, path: str, exact: bool, upstream: Upstream) -> list[Upstream] | None:
        """The upstreams that a canary joins; None where its Service is a primary of the host itself."""
        joined: list[Upstream] = []
        for each in self.server(host).written:
            if each.upstream == upstream:
                return None
            if each.upstream is None or not self.upstreams.may_be_served(each.upstream):
                continue
            if not path or (each.path == path and each.exact == exact):
                joined.append(each.upstream)
        return joined

    @cached_property
    def http_division(self) -> Division:
        """The rules of the whole controller, which hold where neither a location nor its host has any."""
        return divide(http_rules(self.settings))

    @cached_property
    def denies_itself(self) -> bool:
        """Whether the http level denies the controller the way to its own nginx.

        Seen after a fresh start: no Service gets known to nginx, and every location answers 503.
        """
        return LOOP_BACK in self.http_division.denied()


def _shares(rules: Sequence[IngressRules]) -> dict[str, list[Share]]:
    primary = {host for each in rules if each.canary is None for host in each.ingress.hosts if host}
    found: dict[str, list[Share]] = {CATCH_ALL: []}
    for each in rules:
        ingress = each.ingress
        if not ingress.hosts:
            if ingress.default_backend is not None:
                found[CATCH_ALL].append(Share(each, ()))
            continue
        if len(ingress.hosts) == 1 and ingress.hosts[0] in primary:
            found.setdefault(ingress.hosts[0], []).append(Share(each, ingress.paths))
            continue
        homes = {host: host if host in primary else CATCH_ALL for host in ingress.hosts}
        for home in dict.fromkeys(homes.values()):
            paths = tuple(path for path in ingress.paths if homes[path.host] == home)
            found.setdefault(home, []).append(Share(each, paths))
    return found


def _aliases(shares: Sequence[Share]) -> dict[str, str]:
    """The further names of a host, each with a doubt where an age that is not known decides."""
    naming = [share.rules for share in shares if share.rules.aliases]
    dated = [rules for rules in naming if is_dated(rules.ingress)]
    candidates = dated[:1] + [rules for rules in naming if not is_dated(rules.ingress)]
    certain = set.intersection(*(set(rules.aliases) for rules in candidates))
    doubt = "age unknown: two Ingresses of the host give it further names, and only the oldest counts"
    return {alias: "" if alias in certain else doubt for rules in candidates for alias in rules.aliases}


def _canary_paths(rules: IngressRules) -> Iterator[tuple[str, str, bool, Upstream]]:
    """Host, path, whether it is exact, and Service of every path of a canary; no path stands for any."""
    ingress = rules.ingress
    if ingress.default_backend is not None:
        upstream = upstream_of(ingress.namespace, ingress.default_backend)
        if upstream is not None:
            yield CATCH_ALL, "", False, upstream
    for path in ingress.paths:
        upstream = upstream_of(ingress.namespace, path.backend)
        if upstream is not None:
            yield path.host or CATCH_ALL, as_location(path.path), path.type == "Exact", upstream


def _whole(server: Server) -> tuple[object, ...]:
    """What holds for a whole host."""
    speaking = (server.ssl_passthrough, server.server_snippet, server.client_certificate)
    roots = frozenset(
        each.rules.app_root for each in server.locations.ordered if each.rules is not None and each.rules.app_root
    )
    return (server.locations.are_expressions, roots, tuple(id(each.ingress) if each else 0 for each in speaking))
