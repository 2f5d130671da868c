"""Envoy: the RBAC filter on each route; the client from ``X-Forwarded-For`` where the peer is a trusted proxy.

From the right the first address that is no trusted proxy counts. Hop counts (``xff_num_trusted_hops``) would believe
any peer, so trusted CIDRs are used. With the PROXY protocol filter a connection without a line is cut.

Source: Envoy documentation, "Role Based Access Control (RBAC) Filter", "HTTP header manipulation: x-forwarded-for";
envoyproxy/envoy api/envoy/extensions/http/original_ip_detection/xff/v3/xff.proto.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aksess.lab.proxies.interface import Setup, Site

__all__ = ["Envoy"]

Message = dict[str, Any]
_FILTERS = "type.googleapis.com/envoy.extensions.filters"
_RBAC = "envoy.filters.http.rbac"


class Envoy:
    """Envoy with RBAC on routes."""

    name = "envoy"

    def files(self, setup: Setup, folder: Path) -> dict[str, str]:
        """Its bootstrap."""
        del folder
        static = {
            "listeners": [_listener(setup, "0.0.0.0"), _listener(setup, "::")],
            "clusters": [_cluster(setup.application)],
        }
        return {"envoy.json": json.dumps({"static_resources": static})}

    def arguments(self, folder: Path) -> list[str]:
        """One worker is enough for a lab; another Envoy on this host is none of its business."""
        return ["-c", str(folder / "envoy.json"), "--concurrency", "1", "--use-dynamic-base-id", "-l", "warning"]


def _listener(setup: Setup, address: str) -> Message:
    manager: Message = {
        "@type": f"{_FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": list(_hosts(setup))},
        "http_filters": [
            {"name": _RBAC, "typed_config": {"@type": f"{_FILTERS}.http.rbac.v3.RBAC"}},
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_FILTERS}.http.router.v3.Router"}},
        ],
        **(_trusting(setup.trusted) if setup.trusted else {"use_remote_address": True}),
    }
    found: Message = {
        "address": {"socket_address": {"address": address, "port_value": setup.port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    if setup.proxy_protocol:
        line = {"@type": f"{_FILTERS}.listener.proxy_protocol.v3.ProxyProtocol"}
        found["listener_filters"] = [{"name": "envoy.filters.listener.proxy_protocol", "typed_config": line}]
    return found


def _trusting(trusted: Sequence[str]) -> Message:
    detection = {
        "@type": "type.googleapis.com/envoy.extensions.http.original_ip_detection.xff.v3.XffConfig",
        "xff_trusted_cidrs": {"cidrs": _cidrs(trusted)},
    }
    return {
        "use_remote_address": False,
        "original_ip_detection_extensions": [
            {"name": "envoy.http.original_ip_detection.xff", "typed_config": detection}
        ],
    }


def _hosts(setup: Setup) -> Iterator[Message]:
    for host in dict.fromkeys(each.host for each in setup.sites):
        routes = [_route(each) for each in setup.by_length if each.host == host]
        yield {"name": host, "domains": [host], "routes": routes}


def _route(site: Site) -> Message:
    match = {"prefix": "/"} if site.path == "/" else {"path_separated_prefix": site.path.rstrip("/")}
    found: Message = {"match": match, "route": {"cluster": "application"}}
    if site.allow or site.deny:
        policy = {"permissions": [{"any": True}], "principals": [{"and_ids": {"ids": list(_principals(site))}}]}
        rbac = {"rules": {"action": "ALLOW", "policies": {"list": policy}}}
        per_route = {"@type": f"{_FILTERS}.http.rbac.v3.RBACPerRoute", "rbac": rbac}
        found["typed_per_filter_config"] = {_RBAC: per_route}
    return found


def _principals(site: Site) -> Iterator[Message]:
    """Conditions that all have to hold."""
    for cidrs, admits in ((site.allow, True), (site.deny, False)):
        if cidrs:
            listed: Message = {"or_ids": {"ids": [{"remote_ip": each} for each in _cidrs(cidrs)]}}
            yield listed if admits else {"not_id": listed}


def _cidrs(texts: Sequence[str]) -> list[Message]:
    found = []
    for text in texts:
        prefix, _, length = text.partition("/")
        found.append({"address_prefix": prefix, "prefix_len": int(length or (128 if ":" in prefix else 32))})
    return found


def _cluster(application: str) -> Message:
    address, _, port = application.rpartition(":")
    endpoint = {"endpoint": {"address": {"socket_address": {"address": address, "port_value": int(port)}}}}
    assignment = {"cluster_name": "application", "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": "application", "type": "STATIC", "connect_timeout": "2s", "load_assignment": assignment}
