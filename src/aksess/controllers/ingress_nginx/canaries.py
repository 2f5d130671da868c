"""Which Service one request goes to where a canary stands beside the primary.

A canary never changes who gets in: its Ingress has no lists of its own here. It only decides the backend.

Source: kubernetes/ingress-nginx rootfs/etc/nginx/lua/balancer.lua `route_to_alternative_balancer`.
"""

from __future__ import annotations

from collections.abc import Iterable

from aksess.controllers.ingress_nginx.configuration import Configuration
from aksess.controllers.ingress_nginx.ingress_rules import Canary
from aksess.controllers.ingress_nginx.locations import pcre
from aksess.controllers.ingress_nginx.upstreams import Upstream
from aksess.controllers.interface import Backend, Request
from aksess.errors import ParseError

__all__ = ["chosen", "goes_to_canary"]


def chosen(backend: Backend, primary: Upstream, configuration: Configuration, request: Request) -> Backend:
    """The backend of one request; the primary where chance decides."""
    alternative = configuration.alternatives.get(primary)
    if alternative is None or configuration.upstreams.readiness(alternative.upstream).status:
        return backend
    if not goes_to_canary(alternative.canary, request):
        return backend
    taken = alternative.upstream
    return Backend(taken.namespace, taken.service, taken.port)


def goes_to_canary(canary: Canary, request: Request) -> bool:
    """Whether a request surely goes to the canary."""
    name = canary.header.lower()
    sent = next((value for key, value in request.headers if key.lower() == name), None) if name else None
    if sent is not None:
        if canary.header_value:
            if sent == canary.header_value:
                return True
        elif canary.header_pattern:
            try:
                return pcre(canary.header_pattern, caseless=False).search(sent) is not None
            except ParseError:
                return False
        elif sent in {"always", "never"}:
            return sent == "always"
    cookie = _cookie(request.headers, canary.cookie)
    if cookie in {"always", "never"}:
        return cookie == "always"
    return canary.weight >= max(canary.total, 100)


def _cookie(headers: Iterable[tuple[str, str]], name: str) -> str:
    for key, value in headers:
        if key.lower() == "cookie":
            for part in value.split(";"):
                given, _, content = part.strip().partition("=")
                if name and given == name:
                    return content
    return ""
