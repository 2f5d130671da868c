"""The rules of a location and the credentials it asks for, together: who is refused, who is asked, who gets through.

With ``satisfy all`` (the default) a denied address gets 403 whatever it knows, and an allowed one is asked. With
``satisfy any`` an allowed address is not asked, and everybody else gets in with credentials. Whoever gets through is
answered by the Service of the rule, or by what stands in for it.

Source: nginx src/http/ngx_http_core_module.c `ngx_http_core_access_phase`, `ngx_http_core_post_access_phase`,
src/http/modules/ngx_http_access_module.c, ngx_http_auth_basic_module.c, ngx_http_auth_request_module.c;
kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl.
"""

from __future__ import annotations

from aksess.addresses import EVERYONE, AddressSet
from aksess.controllers.ingress_nginx.access_rules import Rule, divide, location_rules
from aksess.controllers.ingress_nginx.breakage import cite_location
from aksess.controllers.ingress_nginx.configuration import Configuration
from aksess.controllers.ingress_nginx.demands import Demand, demand_at
from aksess.controllers.ingress_nginx.error_pages import Answer, ErrorPages
from aksess.controllers.ingress_nginx.locations import Location
from aksess.controllers.ingress_nginx.servers import Server
from aksess.controllers.ingress_nginx.snippets import read_snippet
from aksess.controllers.ingress_nginx.upstreams import Readiness
from aksess.controllers.interface import Request
from aksess.rulings import Citation, Effect, Ruling

__all__ = ["Judgement"]


class Judgement:
    """What the locations of one host do with the addresses they judge."""

    def __init__(self, configuration: Configuration, server: Server, pages: ErrorPages, speaker: Citation) -> None:
        """Take a host.

        Args:
            configuration: The configuration that it belongs to.
            server: The host.
            pages: Its error pages.
            speaker: Cites the controller, for what no Ingress decides.
        """
        self._settings = configuration.settings
        self._server = server
        self._pages = pages
        self._speaker = speaker

    def answers(self, location: Location, request: Request, readiness: Readiness) -> list[Answer]:
        """What every address gets at a location.

        Args:
            location: The location.
            request: The request.
            readiness: Whether anybody answers behind its Service port.
        """
        rules = location.rules
        own = location_rules(rules, self._settings, read_snippet(self._settings.location_snippet))
        division = divide(own) if own else self._pages.inherited
        demand = demand_at(location, self._settings)
        content = self._content(location, readiness)
        found: list[Answer] = []
        for cell, rule in division.cells:
            found.extend(self._judged(cell, rule, location, demand, request, content))
        rest = EVERYONE
        for cell, _ in division.cells:
            rest = rest - cell
        if rest:
            found.extend(self._judged(rest, division.otherwise, location, demand, request, content))
        return found

    def _judged(
        self,
        addresses: AddressSet,
        rule: Rule | None,
        location: Location,
        demand: Demand | None,
        request: Request,
        content: Ruling,
    ) -> tuple[Answer, ...]:
        """What addresses get that one rule decides, or that no rule fits."""
        anyone = location.rules is not None and location.rules.satisfy == "any"
        if rule is not None and rule.action == "deny" and not (anyone and demand is not None):
            return self._pages.answers(403, location, rule.citation, addresses)
        free = anyone and rule is not None and rule.action == "allow"
        asked = demand is not None and not free
        cited = rule.citation if rule is not None else content.citation
        if asked and demand is not None and request.exact and not request.credentials:
            if demand.signin:
                return (Answer(addresses, Ruling(demand.citation, Effect.REDIRECTED, status=302)),)
            return self._pages.answers(401, location, demand.citation, addresses)
        if not content.passes:
            return self._unreached(addresses, location, content)
        certificate = self._asks_for_certificate(request)
        then = "authentication" if not request.exact and (asked or certificate) else ""
        return (Answer(addresses, Ruling(cited, then=then, assumptions=content.assumptions)),)

    def _unreached(self, addresses: AddressSet, location: Location, content: Ruling) -> tuple[Answer, ...]:
        if content.status == 502:
            return self._pages.answers(502, location, content.citation, addresses)
        return (Answer(addresses, content),)

    def _asks_for_certificate(self, request: Request) -> bool:
        rules = self._server.client_certificate
        demand = rules.client_certificate if rules is not None else None
        return request.scheme == "https" and demand is not None and demand.required

    def _content(self, location: Location, readiness: Readiness) -> Ruling:
        """What answers in the end: a ruling that passes for a Service of a rule."""
        if location.upstream is None:
            cited = cite_location(location, "no rule leads anywhere here") if location.rules else self._speaker
            return self._pages.default_backend(cited)
        if readiness.status == 503:
            own = self._pages.own_backend(location) or ()
            cited = cite_location(location, f"{readiness.reason}: the default backend of the Ingress answers")
            return Ruling(cited, Effect.ANSWERED, assumptions=own)
        if readiness.status:
            return Ruling(cite_location(location, readiness.reason), Effect.UNAVAILABLE, status=readiness.status)
        return Ruling(cite_location(location, "no list holds here: open to everybody"))
