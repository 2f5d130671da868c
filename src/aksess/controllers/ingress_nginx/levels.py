"""What raw configuration adds at each level: where the client address comes from, and what cannot be judged.

nginx reads the client address at the host and, where that found none, again at the location. A level that says
nothing inherits from the one around it.

Source: nginx src/http/modules/ngx_http_realip_module.c (both phases, inheritance of each directive on its own);
kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl (where each snippet stands).
"""

from __future__ import annotations

from dataclasses import replace

from aksess.addresses import AddressSet
from aksess.controllers.ingress_nginx.client_address import RealIp, real_ip_of
from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.locations import Location
from aksess.controllers.ingress_nginx.servers import Server
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.snippets import Snippet, read_snippet
from aksess.rulings import Citation, Effect, Ruling

__all__ = ["Levels"]


class Levels:
    """The levels of the configuration at one host."""

    def __init__(self, settings: Settings, server: Server) -> None:
        """Take a host."""
        self._settings = settings
        http, host = read_snippet(settings.http_snippet), read_snippet(settings.server_snippet)
        rules = server.server_snippet
        own = read_snippet(rules.server_snippet) if rules is not None else Snippet()
        base = real_ip_of(settings)
        if http.trusted is not None and base.trusted is not None:
            http = replace(http, trusted=http.trusted | base.trusted)
        self.host: RealIp = base.under(http).under(_together(own, host))
        """Where the client address comes from at the host."""
        self.opaque: Ruling | None = self._opaque(http, host, own, rules)
        """The doubt about everything that the host answers; None where there is none."""

    def real_ip(self, location: Location) -> RealIp:
        """Where the client address comes from at a location."""
        own = read_snippet(location.rules.snippet) if location.rules is not None else Snippet()
        return self.host.under(_together(own, read_snippet(self._settings.location_snippet)))

    def opaque_at(self, location: Location) -> Ruling | None:
        """The doubt about everything that a location answers; None where there is none."""
        rules = location.rules
        if rules is not None and (found := read_snippet(rules.snippet).opaque):
            key = rules.key("configuration-snippet")
            return _unknown(rules.cite_annotation(key, f"holds {found}"), key, found)
        found = read_snippet(self._settings.location_snippet).opaque
        if found:
            key = "location-snippet"
            return _unknown(self._settings.cite(key, f"holds {found}"), key, found)
        return None

    def _opaque(self, http: Snippet, host: Snippet, own: Snippet, rules: IngressRules | None) -> Ruling | None:
        for key, snippet in (("http-snippet", http), ("server-snippet", host)):
            if snippet.opaque:
                return _unknown(self._settings.cite(key, f"{key} holds {snippet.opaque}"), key, snippet.opaque)
        if own.opaque and rules is not None:
            key = rules.key("server-snippet")
            return _unknown(rules.cite_annotation(key, f"holds {own.opaque}"), key, own.opaque)
        return None


def _unknown(citation: Citation, key: str, what: str) -> Ruling:
    return Ruling(citation, Effect.UNKNOWN, f"{key} holds {what}, whose effect on access is not known")


def _together(one: Snippet, other: Snippet) -> Snippet:
    """Two snippets of one level, as far as they say where the client address comes from."""
    return Snippet(
        trusted=_joined(one.trusted, other.trusted),
        header=one.header or other.header,
        recursive=one.recursive if one.recursive is not None else other.recursive,
    )


def _joined(one: AddressSet | None, other: AddressSet | None) -> AddressSet | None:
    if one is None or other is None:
        return one if other is None else other
    return one | other
