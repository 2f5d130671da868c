"""What a controller publishes: one route for every path that has effect, with a request path that it takes.

A path that an older Ingress has taken, or that belongs to a canary, has no location and is no route. The backend of an
Ingress for everything else is one, at ``/`` of each host that the Ingress made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aksess.controllers.ingress_nginx.configuration import Configuration
from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.locations import Location
from aksess.controllers.ingress_nginx.samples import sample_of
from aksess.controllers.ingress_nginx.servers import CATCH_ALL, Server
from aksess.controllers.interface import Backend, Route
from aksess.estate.kubernetes import IngressPath

__all__ = ["published"]


def published(configuration: Configuration, rules: Sequence[IngressRules]) -> Iterator[Route]:
    """The routes of a controller, in the order of the given Ingresses."""
    locations: dict[int, tuple[Server, Location]] = {}
    roots: dict[int, list[tuple[Server, Location]]] = {}
    for host in (*configuration.hosts, CATCH_ALL):
        for server in configuration.servers(host):
            for each in server.written:
                if each.written is not None:
                    locations.setdefault(id(each.written), (server, each))
            for each in server.locations.ordered:
                if each.implicit and each.upstream is not None and each.rules is not None:
                    roots.setdefault(id(each.rules.ingress), []).append((server, each))
    for one in rules:
        for path in one.ingress.paths:
            found = locations.get(id(path))
            if found is not None:
                yield _route(*found, path)
        for server, location in roots.get(id(one.ingress), ()):
            yield _route(server, location, None)


def _route(server: Server, location: Location, path: IngressPath | None) -> Route:
    rules, upstream = location.rules, location.upstream
    if rules is None or upstream is None:
        raise ValueError("a route leads from an Ingress to a Service")
    name = f"Ingress {rules.ingress.namespace}/{rules.ingress.name}"
    host = "" if server.host == CATCH_ALL else server.host
    backend = Backend(upstream.namespace, upstream.service, upstream.port)
    if path is None:
        cited = rules.cite(("spec", "defaultBackend"), name)
        return Route(host, "/", "Prefix", cited, backend, sample_of(server, None, "/"))
    return Route(host, path.path, path.type, rules.cite(path.field, name), backend, sample_of(server, path, path.path))
