"""The cluster addresses of Services where no kube-proxy runs: each leads to the first endpoint.

ingress-nginx goes there itself where an Ingress hands TLS through to the application, or asks for it with the
annotation ``service-upstream``; everything else goes to endpoints.

Source: kubernetes/ingress-nginx internal/ingress/controller/nginx.go (the TCP proxy of passed-through hosts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

__all__ = ["rules"]

Object = dict[str, Any]
_TABLE: Final = "ip cluster-addresses"


def rules(stored: Sequence[Object]) -> str:
    """The nftables rules that lead to the endpoints of Services, as the API server holds both."""
    pairs = list(_pairs(stored))
    table = f"table {_TABLE}"
    lines = [f"add {table}", f"delete {table}"]
    if pairs:
        lines += [f"add {table}", f"add chain {_TABLE} output {{ type nat hook output priority -100; }}"]
        lines += [f"add rule {_TABLE} output dnat ip to ip daddr . tcp dport map {{ {', '.join(pairs)} }}"]
    return "\n".join(lines) + "\n"


def _pairs(stored: Sequence[Object]) -> Iterator[str]:
    slices = {
        (each["metadata"]["namespace"], (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name")): each
        for each in stored
        if each["kind"] == "EndpointSlice" and each["addressType"] == "IPv4" and each.get("endpoints")
    }
    for service in (each for each in stored if each["kind"] == "Service"):
        address = service["spec"].get("clusterIP") or "None"
        found = slices.get((service["metadata"]["namespace"], service["metadata"]["name"]))
        if found is None or address == "None":
            continue
        ports = {each.get("name") or "": each["port"] for each in found.get("ports") or ()}
        endpoint = found["endpoints"][0]["addresses"][0]
        for port in service["spec"].get("ports") or ():
            target = ports.get(port.get("name") or "")
            if target and port.get("protocol", "TCP") == "TCP":
                yield f"{address} . {port['port']} : {endpoint} . {target}"
