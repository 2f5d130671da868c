"""Whether a request counts as one over TLS, and whether its name has a certificate: together they decide redirects.

Source: kubernetes/ingress-nginx rootfs/etc/nginx/lua/lua_ingress.lua `rewrite`, lua/certificate.lua
`configured_for_current_request`, internal/ingress/controller/nginx.go `configureCertificates`.
"""

from __future__ import annotations

from collections.abc import Set

from aksess.controllers.ingress_nginx.configuration import Configuration
from aksess.controllers.ingress_nginx.servers import CATCH_ALL, Server
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.interface import Request
from aksess.estate.kubernetes import Name

__all__ = ["has_certificate", "scheme_of"]


def scheme_of(request: Request, settings: Settings) -> str:
    """The scheme that the controller takes a request for: what it came over, unless a header or a PROXY line says more.

    The header counts whoever sends it; the line counts by the port that it names.
    """
    scheme: str = request.scheme
    if not request.exact:
        return scheme
    if settings.use_forwarded_headers:
        sent = (value for name, value in request.headers if name.lower() == "x-forwarded-proto")
        scheme = next(sent, scheme)
    if settings.use_proxy_protocol and request.proxy_line is not None:
        port = request.port or (443 if request.scheme == "https" else 80)
        scheme = "https" if port == 443 else scheme
    return scheme


def has_certificate(host: str, server: Server, configuration: Configuration, secrets: Set[Name] | None) -> bool | None:
    """Whether the controller holds a certificate for a name; None where the content of a Secret decides.

    Args:
        host: The name that is asked for.
        server: The host that takes it.
        configuration: The configuration of the controller.
        secrets: Names of the Secrets that were read, None where none were.
    """
    if configuration.denies_itself:
        return False  # the certificates, too, are handed over through the controller's own nginx
    shares = configuration.shares
    for name in (host, f"*.{host.partition('.')[2]}"):
        if name in shares and configuration.server(name).certificate:
            return True
    if not server.certificate or server.host == CATCH_ALL or host == server.host.lower():
        return False
    named = [
        (share.rules.ingress.namespace, secret)
        for share in shares.get(server.host, ())
        for _, secret in share.rules.ingress.tls
        if secret
    ]
    # without a Secret the controller shows its own certificate, which names no alias
    return None if any(secrets is None or each in secrets for each in named) else False
