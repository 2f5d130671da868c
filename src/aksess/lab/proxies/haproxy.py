"""HAProxy: ``http-request deny`` on source lists; ``set-src`` takes the client from a trusted proxy's header.

Of several addresses in ``X-Forwarded-For`` the last one counts, and where that is none the peer stays. With
``accept-proxy`` a connection without a PROXY line is cut.

Source: HAProxy Configuration Manual (http-request deny, http-request set-src, req.hdr_ip, bind accept-proxy).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aksess.lab.proxies.interface import Setup, Site

__all__ = ["HAProxy"]


class HAProxy:
    """HAProxy with source lists."""

    name = "haproxy"

    def files(self, setup: Setup, folder: Path) -> dict[str, str]:
        """Its one file."""
        del folder
        return {"haproxy.cfg": "\n".join(_lines(setup)) + "\n"}

    def arguments(self, folder: Path) -> list[str]:
        """In the foreground."""
        return ["-db", "-f", str(folder / "haproxy.cfg")]


def _lines(setup: Setup) -> Iterator[str]:
    yield from ("defaults", "  mode http", "  timeout client 5s", "  timeout server 5s", "  timeout connect 5s")
    yield from ("frontend in", f"  bind :::{setup.port} v4v6{' accept-proxy' if setup.proxy_protocol else ''}")
    if setup.trusted:
        yield f"  http-request set-src req.hdr_ip(x-forwarded-for,-1) if {{ src {' '.join(setup.trusted)} }}"
    for number, site in enumerate(setup.by_length):
        yield from _site(number, site)
    yield from ("  http-request return status 404", "backend application", f"  server application {setup.application}")


def _site(number: int, site: Site) -> Iterator[str]:
    """Lists of a site, then the way to the application; what follows is for others."""
    yield f"  acl host{number} hdr(host),lower -m str {site.host}"
    if site.path == "/":
        yield f"  acl path{number} path_beg /"
    else:
        yield f"  acl path{number} path {site.path}"
        yield f"  acl path{number} path_beg {site.path.rstrip('/')}/"
    here = f"host{number} path{number}"
    if site.deny:
        yield f"  http-request deny deny_status 403 if {here} {{ src {' '.join(site.deny)} }}"
    if site.allow:
        yield f"  http-request deny deny_status 403 if {here} !{{ src {' '.join(site.allow)} }}"
    yield f"  use_backend application if {here}"
    yield f"  http-request allow if {here}"
