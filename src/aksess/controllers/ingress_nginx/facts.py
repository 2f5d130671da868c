"""What is worth knowing about a controller besides its answers: what comes before lists, and what became of them.

Nothing here works out access; it says, in the terms of the objects, what the configuration turned out to be, so that
checks can tell people. Every fact cites the field that it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from aksess.addresses import NOBODY, AddressSet
from aksess.controllers.ingress_nginx import list_facts
from aksess.controllers.ingress_nginx.breakage import Breakage, cite_location
from aksess.controllers.ingress_nginx.client_address import real_ip_of
from aksess.controllers.ingress_nginx.configuration import LOOP_BACK, Alternative, Configuration
from aksess.controllers.ingress_nginx.demands import demand_at
from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.list_facts import IgnoredList, InvalidIngress, ReplacedList
from aksess.controllers.ingress_nginx.locations import Location
from aksess.controllers.ingress_nginx.servers import CATCH_ALL, Duplicate, Server
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.estate.kubernetes import Ingress
from aksess.rulings import Citation

__all__ = ["EarlyAnswer", "ExpressionHost", "Facts", "SatisfiedByAny", "Trust"]


@dataclass(frozen=True, slots=True)
class ExpressionHost:
    """A host whose paths are expressions because of some Ingresses.

    Attributes:
        host: The host.
        causes: What makes it so: annotations ``use-regex`` or ``rewrite-target``.
        changed: Paths with a list, of other Ingresses, that match in another way than they are written.
    """

    host: str
    causes: tuple[Citation, ...]
    changed: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class EarlyAnswer:
    """Something that is answered to everybody before a list is looked at."""

    kind: Literal["tls", "redirect", "app-root", "cors", "www", "slash"]
    host: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class SatisfiedByAny:
    """A list that credentials replace (``satisfy: any``)."""

    ingress: Ingress
    citation: Citation


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts about the client's address.

    Attributes:
        peers: The peers that are believed; nobody where no header and no PROXY line is read.
        header: The header that is read, empty where none is.
        proxy_line: Whether a PROXY line is expected.
        loop_back: Whether every HTTPS client is judged as 127.0.0.1, because the controller passes TLS through itself.
        citation: The setting that says so.
    """

    peers: AddressSet
    header: str
    proxy_line: bool
    loop_back: bool
    citation: Citation


class Facts:
    """What is worth knowing about one controller."""

    def __init__(
        self,
        configuration: Configuration,
        ingresses: tuple[Ingress, ...],
        rules: dict[tuple[str, str], IngressRules],
        speaker: Citation,
    ) -> None:
        """Take a controller.

        Args:
            configuration: Its configuration.
            ingresses: The Ingresses of its class, in the order of the input.
            rules: The meaning of those that it takes.
            speaker: Cites the controller.
        """
        self._configuration = configuration
        self._settings: Settings = configuration.settings
        self._ingresses = ingresses
        self._rules = [rules[each.key] for each in ingresses if each.key in rules]
        self._speaker = speaker

    @cached_property
    def _servers(self) -> tuple[Server, ...]:
        hosts = (*self._configuration.hosts, CATCH_ALL)
        return tuple(self._configuration.server(host) for host in hosts)

    @property
    def broken(self) -> tuple[Breakage, ...]:
        """Why nginx refuses the configuration; empty where it takes it."""
        return self._configuration.broken

    @cached_property
    def ignored_lists(self) -> tuple[IgnoredList, ...]:
        """Lists that are written and have no effect, in the order of the Ingresses."""
        return tuple(list_facts.ignored(self._rules, self.duplicates))

    @cached_property
    def invalid_lists(self) -> tuple[InvalidIngress, ...]:
        """Ingresses that answer 503 because of a list."""
        return tuple(list_facts.invalid(self._rules))

    @cached_property
    def replaced_lists(self) -> tuple[ReplacedList, ...]:
        """Lists of the whole controller that do not hold for an Ingress with lists of its own."""
        return tuple(list_facts.replaced(self._rules, self._settings, self._configuration.http_division.denied()))

    @cached_property
    def duplicates(self) -> tuple[Duplicate, ...]:
        """Paths without effect because an older Ingress has taken them."""
        return tuple(each for server in self._servers for each in server.duplicates)

    @property
    def canaries(self) -> tuple[Alternative, ...]:
        """The Services that canaries put beside primary ones."""
        return tuple(self._configuration.alternatives.values())

    @cached_property
    def expression_hosts(self) -> tuple[ExpressionHost, ...]:
        """Hosts whose paths are expressions, with the listed paths of other Ingresses that this changes."""
        found: list[ExpressionHost] = []
        for server in self._servers:
            if not server.locations.are_expressions:
                continue
            wanting = [each for each in server.locations.ordered if each.wants_expressions and each.rules is not None]
            owners = {id(each.rules.ingress) for each in wanting if each.rules is not None}
            causes = dict.fromkeys(_expression_citation(each) for each in wanting)
            changed = dict.fromkeys(
                cite_location(each, f"the path {each.written.path} is an expression")
                for each in server.locations.ordered
                if each.written is not None
                and each.path != "/"
                and _is_listed(each)
                and each.rules is not None
                and id(each.rules.ingress) not in owners
            )
            found.append(ExpressionHost(server.host, tuple(causes), tuple(changed)))
        return tuple(found)

    @cached_property
    def early_answers(self) -> tuple[EarlyAnswer, ...]:
        """What is answered to everybody on hosts with lists, before the lists."""
        return tuple(each for server in self._servers for each in self._early(server))

    def _early(self, server: Server) -> Iterator[EarlyAnswer]:
        listed = [
            each for each in server.locations.ordered if _is_listed(each) and each.rules and not each.rules.denial
        ]
        if not listed:
            return
        seen: set[tuple[str, int]] = set()
        for each in listed:
            for kind, citation in self._early_at(server, each):
                if (kind, id(each.rules)) not in seen:
                    seen.add((kind, id(each.rules)))
                    yield EarlyAnswer(kind, server.host, citation)
        if server.redirects_www is not None:
            rules = server.redirects_www
            yield EarlyAnswer("www", server.host, rules.cite_annotation(rules.key("from-to-www-redirect"), "redirects"))

    def _early_at(
        self, server: Server, location: Location
    ) -> Iterator[tuple[Literal["tls", "redirect", "app-root", "cors", "slash"], Citation]]:
        rules = location.rules
        if rules is None:
            return
        if rules.redirect is not None:
            yield "redirect", rules.cite_annotation(rules.redirect.key, "redirects everybody")
        elif rules.force_ssl_redirect or (rules.ssl_redirect and server.certificate):
            yield "tls", cite_location(location, "plain HTTP is redirected for everybody")
        if rules.app_root:
            yield "app-root", rules.cite_annotation(rules.key("app-root"), "/ is redirected for everybody")
        if rules.cors is not None:
            yield "cors", rules.cite_annotation(rules.key("enable-cors"), "pre-flight requests are answered")
        if location.path != "/" and location.path.endswith("/") and location.written is not None:
            slashed = location.written.path.endswith("/") and not server.locations.are_expressions
            if slashed:
                yield "slash", cite_location(location, "without the trailing slash everybody is redirected")

    @cached_property
    def satisfied_by_any(self) -> tuple[SatisfiedByAny, ...]:
        """Lists that credentials replace."""
        found: dict[int, SatisfiedByAny] = {}
        for server in self._servers:
            for each in server.locations.ordered:
                rules = each.rules
                if rules is None or rules.satisfy != "any" or not _is_listed(each):
                    continue
                if demand_at(each, self._settings) is not None:
                    cited = rules.cite_annotation(rules.key("satisfy"), "credentials replace the list")
                    found.setdefault(id(rules.ingress), SatisfiedByAny(rules.ingress, cited))
        return tuple(found.values())

    @cached_property
    def trust(self) -> Trust:
        """Whose word counts about the client's address."""
        settings = self._settings
        level = real_ip_of(settings)
        peers = level.trusted if level.trusted is not None else NOBODY
        read = settings.reads_header and not settings.use_proxy_protocol and level.header != "proxy_protocol"
        loops = settings.flags.ssl_passthrough and not (LOOP_BACK in peers and level.header == "proxy_protocol")
        key = (
            "use-proxy-protocol"
            if settings.use_proxy_protocol
            else "use-forwarded-headers"
            if settings.use_forwarded_headers
            else "enable-real-ip"
        )
        cited = settings.cite(key, "where the client address comes from") if settings.reads_header else self._speaker
        return Trust(peers, level.header if read else "", settings.use_proxy_protocol, loops, cited)

    @cached_property
    def passthrough_hosts(self) -> tuple[tuple[str, Citation], ...]:
        """Hosts whose TLS goes past nginx, with what says so."""
        return tuple(
            (server.host, rules.cite_annotation(rules.key("ssl-passthrough"), "TLS goes past every list"))
            for server in self._servers
            if (rules := server.ssl_passthrough) is not None and not server.host.startswith("*")
        )


def _is_listed(location: Location) -> bool:
    rules = location.rules
    return rules is not None and (rules.lists.allow is not None or rules.lists.deny is not None)


def _expression_citation(location: Location) -> Citation:
    rules = location.rules
    if rules is None:
        raise ValueError("only an Ingress makes paths expressions")
    name = "use-regex" if rules.use_regex else "rewrite-target"
    return rules.cite_annotation(rules.key(name), "makes every path of the host an expression")
