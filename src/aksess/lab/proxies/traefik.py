"""Traefik: the ipAllowList middleware; the client from ``X-Forwarded-For`` by excluded addresses.

There are no deny lists. With excluded addresses the header alone is looked at: from the right the first address that is
not excluded counts, and without one, so also for a client that comes straight, the answer is 403. The entry point takes
the header away from peers that it does not trust.

Source: Traefik documentation, "IPAllowList" (ipStrategy.excludedIPs), "EntryPoints" (forwardedHeaders, proxyProtocol);
traefik/traefik pkg/ip/strategy.go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aksess.errors import LabFailed
from aksess.lab.proxies.interface import Setup, Site

__all__ = ["Traefik"]


class Traefik:
    """Traefik with allow lists."""

    name = "traefik"

    def files(self, setup: Setup, folder: Path) -> dict[str, str]:
        """Its static configuration, and the routers in a file of their own; YAML, of which JSON is a part."""
        entry: dict[str, Any] = {"address": f":{setup.port}"}
        if setup.trusted:
            entry["forwardedHeaders"] = {"trustedIPs": list(setup.trusted)}
        if setup.proxy_protocol:
            entry["proxyProtocol"] = {"insecure": True}
        static = {
            "entryPoints": {"in": entry},
            "providers": {"file": {"filename": str(folder / "routers.yaml")}},
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        }
        return {"traefik.yaml": json.dumps(static), "routers.yaml": json.dumps({"http": _http(setup)})}

    def arguments(self, folder: Path) -> list[str]:
        """The static configuration."""
        return [f"--configFile={folder / 'traefik.yaml'}"]


def _http(setup: Setup) -> dict[str, Any]:
    routers: dict[str, Any] = {}
    middlewares: dict[str, Any] = {}
    for number, site in enumerate(setup.sites):
        router: dict[str, Any] = {"rule": _rule(site), "service": "application", "priority": 1 + len(site.path)}
        if site.deny:
            raise LabFailed(
                f"Traefik has no deny lists ({site.host}{site.path})",
                hint="take the denied ranges out of the allow list",
            )
        if site.allow:
            listed: dict[str, Any] = {"sourceRange": list(site.allow)}
            if setup.trusted:
                listed["ipStrategy"] = {"excludedIPs": list(setup.trusted)}
            middlewares[f"list{number}"] = {"ipAllowList": listed}
            router["middlewares"] = [f"list{number}"]
        routers[f"site{number}"] = router
    balancer = {"servers": [{"url": f"http://{setup.application}"}]}
    found: dict[str, Any] = {"routers": routers, "services": {"application": {"loadBalancer": balancer}}}
    return {**found, "middlewares": middlewares} if middlewares else found


def _rule(site: Site) -> str:
    host = f"Host(`{site.host}`)"
    if site.path == "/":
        return host
    path = site.path.rstrip("/")
    return f"{host} && (Path(`{path}`) || PathPrefix(`{path}/`))"
