"""Status codes that are answered by an error page instead: another Service, or the default backend.

An error page is a location of its own. The lists of the Ingress do not hold there, but the rules of the host or of
the whole controller do: whom those deny gets the plain 403.

Source: kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl (``error_page``, ``CUSTOM_ERRORS``),
internal/ingress/controller/controller.go `shouldCreateUpstreamForLocationDefaultBackend`; nginx
src/http/ngx_http_special_response.c (``error_page`` is inherited only by a location without any of its own).
"""

from __future__ import annotations

from dataclasses import dataclass

from aksess.addresses import AddressSet
from aksess.controllers.ingress_nginx.access_rules import Division, divide, server_rules
from aksess.controllers.ingress_nginx.configuration import Configuration
from aksess.controllers.ingress_nginx.demands import demand_at
from aksess.controllers.ingress_nginx.locations import Location
from aksess.controllers.ingress_nginx.servers import Server
from aksess.rulings import Assumption, Citation, Effect, Partition, Ruling

__all__ = ["Answer", "ErrorPages", "effect_of"]

_EFFECTS = {401: Effect.UNAUTHORIZED, 403: Effect.FORBIDDEN, 404: Effect.NOT_FOUND, 502: Effect.UNAVAILABLE}


def effect_of(status: int) -> Effect:
    """What the client sees with a status that the controller makes itself."""
    if status in {502, 503, 504}:
        return Effect.UNAVAILABLE
    if 300 <= status < 400:
        return Effect.REDIRECTED
    return _EFFECTS.get(status, Effect.ANSWERED)


@dataclass(frozen=True, slots=True)
class Answer:
    """What some addresses get."""

    addresses: AddressSet
    ruling: Ruling


class ErrorPages:
    """The error pages of one host."""

    def __init__(self, configuration: Configuration, server: Server) -> None:
        self._configuration = configuration
        self._settings = configuration.settings
        own = server_rules(server.server_snippet, self._settings)
        self.inherited: Division = divide(own) if own else configuration.http_division
        """The rules of the host, or of the whole controller, which also hold on error pages."""
        self._denied = self.inherited.denied()

    def default_backend(self, citation: Citation) -> Ruling:
        """What the default backend answers: 404, unless a Service stands in for it.

        The controller's own default backend is a server of the same nginx. Where the ConfigMap asks for a page for 404
        it inherits that, lacks the page, and answers 500.
        """
        name = self._settings.flags.default_backend
        if name is not None:
            readiness = self._configuration.upstreams.first_port(*name)
            if not readiness.status:
                assumptions = (readiness.assumption,) if readiness.assumption else ()
                return Ruling(citation, Effect.ANSWERED, assumptions=assumptions)
        status = 500 if 404 in self._settings.errors else 404
        return Ruling(citation, effect_of(status), status=status)

    def own_backend(self, location: Location) -> tuple[Assumption, ...] | None:
        """Whether a Service of the Ingress stands in for errors of a location: what that takes for true, else None."""
        rules, upstreams = location.rules, self._configuration.upstreams
        if rules is None or not rules.default_backend or location.upstream is None:
            return None
        namespace = rules.ingress.namespace
        if not upstreams.exists(namespace, rules.default_backend):
            return None
        if not upstreams.readiness(location.upstream).status and not rules.errors:
            return None
        readiness = upstreams.first_port(namespace, rules.default_backend)
        if readiness.status:
            return None
        return (readiness.assumption,) if readiness.assumption else ()

    def ruling(self, status: int, location: Location | None, citation: Citation) -> tuple[Ruling, bool]:
        """What the client gets for a status, and whether that comes from an error page."""
        plain = Ruling(citation, effect_of(status), status=status)
        rules = location.rules if location is not None else None
        if rules is not None and rules.denial is None:
            demand = demand_at(location, self._settings) if location is not None else None
            if rules.errors is not None or (demand is not None and demand.signin):
                if status not in (rules.errors or ()):
                    return plain, False
                own = self.own_backend(location) if location is not None else None
                if own is not None:
                    return Ruling(citation, Effect.ANSWERED, assumptions=own), True
                return self.default_backend(citation), True
        if status in self._settings.errors:
            return self.default_backend(citation), True
        return plain, False

    def answers(
        self, status: int, location: Location | None, citation: Citation, addresses: AddressSet
    ) -> tuple[Answer, ...]:
        """What some addresses get for a status."""
        ruling, page = self.ruling(status, location, citation)
        if not page or not self._denied:
            return (Answer(addresses, ruling),)
        plain = Ruling(citation, Effect.FORBIDDEN, status=403)
        denied = addresses & self._denied
        found = (Answer(addresses - denied, ruling), Answer(denied, plain))
        return tuple(each for each in found if each.addresses)

    def everybody(self, status: int, location: Location | None, citation: Citation) -> Partition:
        """What everybody gets for a status."""
        ruling, page = self.ruling(status, location, citation)
        if not page or not self._denied:
            return Partition.all(ruling)
        return Partition.only(self._denied, Ruling(citation, Effect.FORBIDDEN, status=403), ruling)
