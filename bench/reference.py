"""The plain way: rules one after the other with `ipaddress`, subtracting networks from what is left."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any

__all__ = ["source_set"]

Ranges = list[tuple[int, int]]


def source_set(rules: Iterable[dict[str, Any]]) -> Ranges:
    """The IPv4 sources that security rules let in, as sorted half-open ranges; the last rule is "deny all"."""
    left: Ranges = [(0, 1 << 32)]
    allowed: Ranges = []
    for rule in sorted(rules, key=lambda each: int(each["properties"]["priority"])):
        properties = rule["properties"]
        texts = properties.get("sourceAddressPrefixes") or [properties["sourceAddressPrefix"]]
        for text in texts:
            network = ipaddress.ip_network(text)
            taken = _take(left, int(network.network_address), int(network.broadcast_address) + 1)
            if properties["access"] == "Allow":
                allowed += taken
    return _joined(allowed)


def _take(left: Ranges, start: int, end: int) -> Ranges:
    """Cut a range out of what is left, and return what was there of it."""
    first = bisect_right(left, (start, start))
    if first and left[first - 1][1] > start:
        first -= 1
    last = bisect_left(left, (end, end))
    touched = left[first:last]
    kept = (
        [(low, high) for low, high in ((touched[0][0], start), (end, touched[-1][1])) if low < high] if touched else []
    )
    left[first:last] = kept
    return [(max(low, start), min(high, end)) for low, high in touched]


def _joined(ranges: Ranges) -> Ranges:
    found: Ranges = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found
