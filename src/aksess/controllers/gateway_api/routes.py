"""HTTPRoutes: which of them answers a request on a gateway, by host, path and what else it asks for.

Hosts: an exact name before a wildcard, the longer wildcard first; a route without hostnames takes those of its
listener. Paths: Exact before PathPrefix, the longer prefix first, whole elements (`/api` holds `/api/x`, not `/apix`);
on a tie the older route, then the first by namespace and name. A match on headers, query or a regular expression is the
client's to make or not modelled here, so it leaves a doubt where it would be preferred.

Source: kubernetes-sigs/gateway-api apis/v1/httproute_types.go (precedence of matches).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aksess.controllers.gateway_api import wire
from aksess.snapshot.items import Located

__all__ = ["Published", "RouteRule", "best", "host_matches", "overlap", "prefix_matches"]


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One match of one rule of a route, on one host.

    Attributes:
        host: Host it takes, maybe with a leading ``*.``; empty for any.
        kind: ``Exact``, ``PathPrefix`` or ``RegularExpression``.
        path: Path of the match.
        conditional: Whether it also asks for headers, query parameters or another method than GET.
    """

    host: str
    kind: str
    path: str
    conditional: bool
    rule: int
    match: int
    published: Published

    @property
    def field(self) -> tuple[str | int, ...]:
        """Where the rule stands in the route."""
        return ("spec", "rules", self.rule)


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """A route as it names one gateway: the object, the sections it names (none for all), its namespace's labels."""

    namespace: str
    name: str
    created: str
    spec: wire.RouteSpec
    place: Located
    sections: tuple[str, ...]
    namespace_labels: dict[str, str]


def overlap(listener: str, route: str) -> str | None:
    """The host that a listener's and a route's hostname have in common; empty for any, None for none."""
    if not listener or not route:
        return listener or route
    if listener == route:
        return route
    if listener.startswith("*.") and route.removeprefix("*").endswith(listener[1:]) and len(route) > len(listener) - 1:
        return route
    if route.startswith("*.") and listener.removeprefix("*").endswith(route[1:]) and len(listener) > len(route) - 1:
        return listener
    return None


def host_matches(pattern: str, host: str) -> bool:
    """Whether a hostname, maybe with a wildcard (any number of labels), takes a host."""
    if not pattern:
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern == host


def prefix_matches(prefix: str, path: str) -> bool:
    """Element-wise prefix match."""
    bare = prefix.rstrip("/")
    return path == bare or path.startswith(bare + "/") or not bare


def best(rules: Iterable[RouteRule], host: str, path: str) -> Sequence[RouteRule]:
    """The rules that may answer a request: first those that are preferred but conditional, last the one that is not."""
    named = [rule for rule in rules if host_matches(rule.host, host)]
    if not named:
        return ()
    closest = max(_host_rank(rule.host) for rule in named)
    fitting = [
        rule
        for rule in named
        if _host_rank(rule.host) == closest
        and (
            rule.kind == "RegularExpression"
            or (rule.path == path if rule.kind == "Exact" else prefix_matches(rule.path, path))
        )
    ]
    ordered = sorted(fitting, key=_preference)
    found: list[RouteRule] = []
    for rule in ordered:
        found.append(rule)
        if not rule.conditional and rule.kind != "RegularExpression":
            break
    return found


def _host_rank(host: str) -> tuple[int, int]:
    return (0 if not host else 1 if host.startswith("*.") else 2, len(host))


def _preference(rule: RouteRule) -> tuple[int, int, int, str, str, str, int]:
    # a regular expression may be preferred or not, by implementation: it is looked at first, as a doubt
    kind = {"RegularExpression": 0, "Exact": 1}.get(rule.kind, 2)
    owner = rule.published
    return (kind, -len(rule.path), 0 if rule.conditional else 1, owner.created, owner.namespace, owner.name, rule.rule)
