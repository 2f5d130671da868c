"""What one host does with a request: everything that answers before the lists, the lists, and what comes after.

nginx works in phases, and much of it answers before any list is looked at: redirects, pre-flight replies, locations
that are shut (503), Services that nobody is behind. Only then the rules divide the addresses, together with the
credentials that the location asks for; and only who gets past both is handed to the Service.

Source: kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl, rootfs/etc/nginx/lua/lua_ingress.lua
`redirect_to_https`, lua/balancer.lua `rewrite`; nginx src/http/ngx_http_core_module.c (phases, ``satisfy``);
openresty/lua-nginx-module (its rewrite handler runs after those of nginx).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aksess.addresses import EVERYONE, NOBODY, AddressSet
from aksess.controllers.ingress_nginx.breakage import cite_location
from aksess.controllers.ingress_nginx.client_address import RealIp
from aksess.controllers.ingress_nginx.configuration import Configuration
from aksess.controllers.ingress_nginx.error_pages import Answer, ErrorPages, effect_of
from aksess.controllers.ingress_nginx.judgement import Judgement
from aksess.controllers.ingress_nginx.levels import Levels
from aksess.controllers.ingress_nginx.locations import Location, Match, pcre
from aksess.controllers.ingress_nginx.servers import Server
from aksess.controllers.ingress_nginx.snippets import read_snippet
from aksess.controllers.ingress_nginx.source_ranges import nginx_set
from aksess.controllers.ingress_nginx.upstreams import Readiness
from aksess.controllers.ingress_nginx.uris import normal_path
from aksess.controllers.interface import Backend, Request
from aksess.errors import ParseError
from aksess.rulings import Assumption, Citation, Effect, Partition, Ruling

__all__ = ["HostAnswers", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a host does with a request, once it is known whether it came over TLS.

    Attributes:
        rulings: What each address gets.
        location: The location that decides; None where it does not come that far.
        backend: Where a request that passes goes.
        levels: Where the client address comes from, at the host and at the location.
        assumptions: What is taken for true.
        to_tls: Whether everybody is sent to TLS first.
    """

    rulings: Partition
    location: Location | None = None
    backend: Backend | None = None
    levels: tuple[RealIp, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    to_tls: bool = False


class HostAnswers:
    """What one host does with requests."""

    def __init__(self, configuration: Configuration, server: Server, speaker: Citation) -> None:
        """Take a host.

        Args:
            configuration: The configuration that it belongs to.
            server: The host.
            speaker: Cites the controller, for what no Ingress decides.
        """
        self._configuration = configuration
        self._settings = configuration.settings
        self._server = server
        self._speaker = speaker
        self._pages = ErrorPages(configuration, server)
        self._levels = Levels(configuration.settings, server)
        self._judgement = Judgement(configuration, server, self._pages, speaker)

    # --- before any location ------------------------------------------------------------------------------------------

    def decide(self, request: Request, scheme: str, certificate: bool | None) -> Outcome:
        """What happens to a request.

        Args:
            request: The request.
            scheme: The scheme that the controller takes it for.
            certificate: Whether the requested name has a certificate; None where that is not known.
        """
        if request.method in {"TRACE", "CONNECT"}:
            return self._everybody(Ruling(self._speaker, Effect.ANSWERED, status=405))
        refused = self._certificate_refusal(request)
        if refused is not None:
            return refused
        if not request.path:  # a route of which no request path was found (see `samples`)
            text = "no request path was found that this route takes"
            return self._everybody(Ruling(self._said(text), Effect.UNKNOWN, text))
        try:
            path = normal_path(request.path)
        except ParseError as error:
            cited = self._said(f"nginx cannot read the path: {error.what}")
            return self._everybody(Ruling(cited, Effect.ANSWERED, status=400))
        return self._in_server(request, path, scheme, certificate)

    def _certificate_refusal(self, request: Request) -> Outcome | None:
        """Mutual TLS: without a certificate 400, before anything else."""
        rules = self._server.client_certificate
        demand = rules.client_certificate if rules is not None else None
        if rules is None or demand is None or demand.missing:
            return None
        if request.scheme == "https" and demand.required and request.exact and not request.credentials:
            cited = rules.cite_annotation(demand.key, "a client certificate is asked for")
            return self._everybody(Ruling(cited, Effect.ANSWERED, status=400))
        return None

    def _in_server(self, request: Request, path: str, scheme: str, certificate: bool | None) -> Outcome:
        blocked = self._blocked_header(request)
        if blocked is not None:
            return blocked
        rules = self._server.client_certificate
        demand = rules.client_certificate if rules is not None else None
        if rules is not None and demand is not None:
            if demand.missing:
                cited = rules.cite_annotation(demand.key, "the certificates of the client cannot be read")
                return self._refused(403, None, cited)
            if demand.match_name and request.scheme == "http":
                cited = rules.cite_annotation(rules.key("auth-tls-match-cn"), "no client certificate without TLS")
                return self._refused(403, None, cited)
        if self._levels.opaque is not None:
            return self._everybody(self._levels.opaque)
        if path == "/":
            for each in self._server.locations.ordered:
                if each.rules is not None and each.rules.app_root:
                    cited = each.rules.cite_annotation(each.rules.key("app-root"), "/ is redirected for everybody")
                    return self._everybody(Ruling(cited, Effect.REDIRECTED, status=302), each)
        try:
            match = self._server.locations.find(path)
        except ParseError as error:
            return self._everybody(Ruling(self._said(error.what), Effect.UNKNOWN, error.what))
        if match.location is None:
            return self._built_in(match)
        if match.kind == "slash":
            cited = cite_location(match.location, "the path lacks the trailing slash: everybody is redirected")
            return self._everybody(Ruling(cited, Effect.REDIRECTED, status=301), match.location)
        return self._at(match.location, request, scheme, certificate)

    def _blocked_header(self, request: Request) -> Outcome | None:
        """``block-user-agents`` and ``block-referers``: a client sends what it likes, so only one request is judged."""
        if not request.exact:
            return None
        for key, name, values in (
            ("block-user-agents", "user-agent", self._settings.block_user_agents),
            ("block-referers", "referer", self._settings.block_referers),
        ):
            sent = next((value for header, value in request.headers if header.lower() == name), "")
            try:
                blocked = any(_map_matches(each, sent) for each in values)
            except ParseError as error:
                cited = self._settings.cite(key, "an expression that cannot be judged")
                return self._everybody(Ruling(cited, Effect.UNKNOWN, error.what))
            if blocked:
                return self._refused(403, None, self._settings.cite(key, f"{key} holds {sent!r}"))
        return None

    def _built_in(self, match: Match) -> Outcome:
        if match.kind == "health":
            return self._everybody(
                Ruling(self._said("the health answer is given to everybody"), Effect.ANSWERED, status=200)
            )
        try:
            readers = nginx_set(self._settings.status_readers)
        except ParseError:
            readers = NOBODY
        cited = self._said("the status page of nginx is for the controller itself")
        pages = self._pages.answers(403, None, cited, EVERYONE - readers)
        return self._outcome(
            [Answer(readers, Ruling(cited, Effect.ANSWERED, status=200)), *pages], None, (self._levels.host,)
        )

    # --- at a location, before its rules ------------------------------------------------------------------------------

    def _at(self, location: Location, request: Request, scheme: str, certificate: bool | None) -> Outcome:
        rules = location.rules
        if rules is not None and rules.denial is not None:
            cited = rules.cite_annotation(rules.denial.key, f"{rules.denial.reason}: 503 for everybody")
            return self._refused(503, location, cited, self._assumed(location))
        if rules is not None and request.exact and request.method == "OPTIONS" and rules.cors is not None:
            origin = next((value for name, value in request.headers if name.lower() == "origin"), "")
            if rules.cors.answers(origin):
                cited = rules.cite_annotation(rules.key("enable-cors"), "pre-flight requests are answered to everybody")
                return self._everybody(Ruling(cited, Effect.ANSWERED, status=204), location)
        opaque = self._levels.opaque_at(location)
        if opaque is not None:
            return self._everybody(opaque, location)
        if rules is not None and rules.redirect is not None:
            cited = rules.cite_annotation(rules.redirect.key, "everybody is redirected")
            return self._everybody(Ruling(cited, Effect.REDIRECTED, status=rules.redirect.code), location)
        return self._after_rewrite(location, request, scheme, certificate)

    def _after_rewrite(self, location: Location, request: Request, scheme: str, certificate: bool | None) -> Outcome:
        redirects = self._redirects_to_tls(location, scheme, certificate)
        if redirects:
            cited = self._tls_citation(location)
            ruling = Ruling(cited, effect_of(self._settings.redirect_code), status=self._settings.redirect_code)
            return Outcome(Partition.all(ruling), location, levels=(self._levels.host,), to_tls=True)
        reached = self._at_rules(location, request)
        if redirects is None:
            doubt = "whether the certificate of the host names this alias is not known, so a redirect may come first"
            unknown = Ruling(self._tls_citation(location), Effect.UNKNOWN, doubt)
            passing = [(cell, unknown if ruling.passes else ruling) for cell, ruling in reached.rulings.cells]
            rest = unknown if reached.rulings.otherwise.passes else reached.rulings.otherwise
            return Outcome(Partition(rest, tuple(passing)), location, levels=reached.levels)
        return reached

    def _at_rules(self, location: Location, request: Request) -> Outcome:
        if self._configuration.denies_itself:
            return self._shut_out(location)
        readiness = self._readiness(location)
        if readiness.status == 503 and self._pages.own_backend(location) is None:
            cited = cite_location(location, f"{readiness.reason}: 503 for everybody")
            return self._refused(503, location, cited, self._assumed(location))
        levels = (self._levels.host, self._levels.real_ip(location))
        return self._outcome(self._judgement.answers(location, request, readiness), location, levels)

    def _shut_out(self, location: Location) -> Outcome:
        text = "the http level denies 127.0.0.1, so the controller cannot tell its nginx about Services: 503"
        key = "block-cidrs" if not read_snippet(self._settings.http_snippet).lines else "http-snippet"
        assumption = Assumption(
            "controller-defaults", "the controller was started since 127.0.0.1 is denied at http level"
        )
        cited = self._settings.cite(key, text)
        return self._refused(503, location, cited, (assumption,))

    def _redirects_to_tls(self, location: Location, scheme: str, certificate: bool | None) -> bool | None:
        """Whether a request is sent to TLS; None where that is not known."""
        rules = location.rules
        if rules is None or scheme != "http" or location.path.startswith(self._settings.no_redirect):
            return False
        if rules.force_ssl_redirect:
            return True
        return certificate if rules.ssl_redirect else False

    def _tls_citation(self, location: Location) -> Citation:
        rules = location.rules
        if rules is None:
            return self._speaker
        for name in ("force-ssl-redirect", "ssl-redirect"):
            if rules.key(name) in rules.ingress.annotations:
                return rules.cite_annotation(rules.key(name), "plain HTTP is redirected for everybody")
        if rules.ingress.tls:
            return rules.cite(("spec", "tls"), "plain HTTP is redirected for everybody")
        return cite_location(location, "plain HTTP is redirected for everybody")

    # --- what the answers are made of ---------------------------------------------------------------------------------

    def _outcome(self, answers: Iterable[Answer], location: Location | None, levels: tuple[RealIp, ...]) -> Outcome:
        cells = [(each.addresses, each.ruling) for each in answers if each.addresses]
        backend = None
        if location is not None and location.upstream is not None and any(ruling.passes for _, ruling in cells):
            upstream = location.upstream
            backend = Backend(upstream.namespace, upstream.service, upstream.port)
        return Outcome(_partition(cells), location, backend, levels, self._assumed(location))

    def _everybody(self, ruling: Ruling, location: Location | None = None) -> Outcome:
        return Outcome(Partition.all(ruling), location, levels=(self._levels.host,))

    def _refused(
        self, status: int, location: Location | None, citation: Citation, assumptions: tuple[Assumption, ...] = ()
    ) -> Outcome:
        """A status for everybody, or the error page that stands for it."""
        rulings = self._pages.everybody(status, location, citation)
        return Outcome(rulings, location, levels=(self._levels.host,), assumptions=assumptions)

    def _said(self, text: str) -> Citation:
        speaker = self._speaker
        return Citation(*(speaker.layer, speaker.kind, speaker.name, speaker.namespace), place=speaker.place, text=text)

    def _readiness(self, location: Location) -> Readiness:
        if location.upstream is None:
            return Readiness()
        return self._configuration.upstreams.readiness(location.upstream)

    def _assumed(self, location: Location | None) -> tuple[Assumption, ...]:
        if location is None or location.rules is None:
            return ()
        assumption = self._readiness(location).assumption if location.rules.denial is None else None
        return (*location.rules.assumptions, *((assumption,) if assumption else ()))


def _partition(cells: list[tuple[AddressSet, Ruling]]) -> Partition:
    """Cells that cover everybody, the last ones as the rest."""
    if not cells:
        raise ValueError("a partition covers somebody")
    return Partition(cells[-1][1], tuple(cells[:-1]))


def _map_matches(value: str, text: str) -> bool:
    """Whether a value of nginx ``map`` fits a text."""
    if value.startswith("~*"):
        return pcre(value[2:]).search(text) is not None
    if value.startswith("~"):
        return pcre(value[1:], caseless=False).search(text) is not None
    return value.strip("\"'").lower() == text.lower()
