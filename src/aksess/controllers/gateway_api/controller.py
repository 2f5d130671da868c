"""One gateway of Gateway API: what it publishes and what it does with a request.

Two kinds of gateways are modelled. Those of AKS application routing (class `approuting-istio`) have no lists at all:
whoever reaches the gateway reaches its routes. Those of Envoy Gateway are judged by SecurityPolicies, on the peer's
address unless a ClientTrafficPolicy says otherwise, which is not modelled and leaves a doubt. A gateway of any
other class is recognised by name and answered with a doubt.

Source: Microsoft Learn, "Application routing Gateway API implementation" (no Istio custom resources);
envoyproxy/gateway site docs, "IP allowlist/denylist".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from aksess.addresses import AddressSet
from aksess.controllers.gateway_api import policies, routes, wire
from aksess.controllers.gateway_api.policies import Policy
from aksess.controllers.gateway_api.routes import Published, RouteRule
from aksess.controllers.interface import Answers, Backend, Request, Route, Stream, View
from aksess.estate.kubernetes import Service, ServicePort
from aksess.rulings import Assumption, Citation, Effect, Layer, Partition, Ruling
from aksess.snapshot.items import Located

__all__ = ["Gateway"]

Scheme = Literal["http", "https"]


@dataclass(eq=False)
class Gateway:
    """A Gateway with everything attached to it; implements `aksess.controllers.interface.Controller`.

    Attributes:
        kind: ``approuting-istio``, ``envoy-gateway`` or the class's controller name.
        unmodelled: Why its answers cannot be known; empty where they can.
    """

    kind: str
    namespace: str
    name: str
    place: Located
    listeners: tuple[wire.Listener, ...]
    services: Sequence[Service]
    attached: Sequence[Published]
    policies: Sequence[Policy] = ()
    unmodelled: str = ""
    assumptions: tuple[Assumption, ...] = ()
    pod_labels: dict[str, str] = field(default_factory=dict)
    _rules: dict[str, list[RouteRule]] = field(default_factory=dict, repr=False)

    @property
    def ingresses(self) -> tuple[()]:
        """None: a gateway serves routes."""
        return ()

    @property
    def citation(self) -> Citation:
        """The Gateway itself."""
        return Citation(Layer.CONTROLLER, "Gateway", self.name, self.namespace, path=("spec",), place=self.place)

    def listener(self, service: Service, port: ServicePort) -> Scheme | None:
        """HTTP or HTTPS by the listener of that port; None for ports no listener names (health, metrics)."""
        del service
        found = next((each for each in self.listeners if each.port == port.port), None)
        if found is None:
            return None
        return {"HTTP": "http", "HTTPS": "https"}.get(found.protocol)  # type: ignore[return-value]

    def serves(self, host: str) -> bool:
        """Whether some attached route takes the host."""
        return any(rule.host and routes.host_matches(rule.host, host) for rule in self._all())

    def judges(self) -> bool:
        """Whether any policy restricts addresses here."""
        return any(policy.spec.authorization for policy in self.policies)

    def routes(self) -> list[Route]:
        """Every match of every attached route, once a host."""
        found: dict[tuple[str, str, str, str], Route] = {}
        for rule in self._all():
            owner = rule.published
            key = (rule.host, rule.path, rule.kind, f"{owner.namespace}/{owner.name}")
            sample = rule.path if rule.kind != "RegularExpression" else "/"
            found.setdefault(key, Route(rule.host, rule.path, rule.kind, self._cite(rule), self._backend(rule), sample))
        return list(found.values())

    def streams(self) -> list[Stream]:
        """TCP routes are not read; none."""
        return []

    def answer(self, request: Request) -> Answers:
        """What it does with a request."""
        if self.unmodelled:
            return self._unknown(self.unmodelled, self.citation)
        listener = self._listener_of(request)
        if listener is None:
            text = f"no listener of Gateway {self.namespace}/{self.name} takes {request.host or 'this host'}"
            return _fixed(Ruling(replace(self.citation, text=text), Effect.NOT_FOUND, status=404))
        candidates = routes.best(self._on(listener), request.host, request.path)
        if not candidates:
            return _fixed(
                Ruling(replace(self.citation, text="no route takes this host and path"), Effect.NOT_FOUND, status=404)
            )
        if len(candidates) > 1 or candidates[0].conditional or candidates[0].kind == "RegularExpression":
            first = candidates[0]
            name = f"{first.published.namespace}/{first.published.name}"
            doubt = f"HTTPRoute {name} also matches by header, query, method or expression"
            return self._unknown(doubt, self._cite(first))
        return self._of_rule(candidates[0], listener)

    def _of_rule(self, matched: RouteRule, listener: wire.Listener) -> Answers:
        owner = matched.published
        spec = (owner.spec.rules or [])[matched.rule]
        application = self._cite(matched)
        policy, doubt = policies.governing(
            self.policies, (owner.namespace, owner.name), spec.name or "", (self.namespace, self.name), listener.name
        )
        if doubt:
            return self._unknown(doubt, application)
        judged = (
            policies.partition(policy)
            if policy
            else Partition.all(Ruling(replace(application, text="no policy restricts it")))
        )
        backend = self._backend(matched)
        ends = self._ends(spec, application, backend)
        if ends is not None:
            judged = _ended(judged, ends)
        return Answers((View(),), judged, application, None if ends else backend, self.assumptions)

    def _ends(self, spec: wire.Rule, application: Citation, backend: Backend | None) -> Ruling | None:
        """What answers instead of the application, after the policy has let a client pass."""
        for each in spec.filters or []:
            if each.type == "RequestRedirect":
                status = each.request_redirect.status_code if each.request_redirect else None
                return Ruling(replace(application, text="the route redirects"), Effect.REDIRECTED, status=status or 302)
            if each.type == "ExtensionRef":
                return Ruling(application, Effect.UNKNOWN, "the route uses an extension filter, which is not modelled")
        if backend is None:
            return Ruling(replace(application, text="the route has no backend"), Effect.ANSWERED, status=500)
        return None

    def _all(self) -> list[RouteRule]:
        return [rule for listener in self.listeners for rule in self._on(listener)]

    def _on(self, listener: wire.Listener) -> list[RouteRule]:
        if listener.name not in self._rules:
            self._rules[listener.name] = [
                rule
                for published in self.attached
                if (not published.sections or listener.name in published.sections) and self._admits(listener, published)
                for rule in _matches(published, listener.hostname or "")
            ]
        return self._rules[listener.name]

    def _admits(self, listener: wire.Listener, published: Published) -> bool:
        """Whether a listener takes routes of a route's namespace; without a word only those of its own."""
        allowed = listener.allowed_routes.namespaces if listener.allowed_routes else None
        origin = allowed.origin if allowed else None
        if origin == "All":
            return True
        if origin == "Selector" and allowed and allowed.selector:
            wanted = allowed.selector.match_labels or {}
            return all(published.namespace_labels.get(key) == value for key, value in wanted.items())
        return published.namespace == self.namespace

    def _listener_of(self, request: Request) -> wire.Listener | None:
        protocol = {"http": "HTTP", "https": "HTTPS"}[request.scheme]
        fitting = [
            each
            for each in self.listeners
            if each.protocol == protocol
            and (not request.port or each.port == request.port)
            and routes.host_matches(each.hostname or "", request.host)
        ]
        return max(fitting, key=lambda each: len(each.hostname or ""), default=None)

    def _backend(self, rule: RouteRule) -> Backend | None:
        spec = (rule.published.spec.rules or [])[rule.rule]
        for each in spec.backend_refs or []:
            if (each.kind or "Service") == "Service" and each.weight != 0:
                return Backend(each.namespace or rule.published.namespace, each.name, each.port or 0)
        return None

    def _cite(self, rule: RouteRule) -> Citation:
        owner = rule.published
        return Citation(Layer.CONTROLLER, "HTTPRoute", owner.name, owner.namespace, path=rule.field, place=owner.place)

    def _unknown(self, doubt: str, citation: Citation) -> Answers:
        return _fixed(Ruling(citation, Effect.UNKNOWN, doubt), citation)


def _fixed(ruling: Ruling, application: Citation | None = None) -> Answers:
    return Answers((View(),), Partition.all(ruling), application)


def _ended(judged: Partition, ends: Ruling) -> Partition:
    """A partition in which whoever passes meets another end."""
    cells: tuple[tuple[AddressSet, Ruling], ...] = tuple(
        (cell, ends if ruling.passes else ruling) for cell, ruling in judged.cells
    )
    return Partition(ends if judged.otherwise.passes else judged.otherwise, cells)


def _matches(published: Published, listener: str) -> list[RouteRule]:
    hosts = [
        overlap for name in published.spec.hostnames or [""] if (overlap := routes.overlap(listener, name)) is not None
    ]
    found: list[RouteRule] = []
    for index, rule in enumerate(published.spec.rules or []):
        for number, match in enumerate(rule.matches or [wire.Match()]):
            path = match.path or wire.PathMatch()
            conditional = bool(match.headers or match.query_params or (match.method or "GET") != "GET")
            found += [
                RouteRule(host, path.type or "PathPrefix", path.value or "/", conditional, index, number, published)
                for host in hosts
            ]
    return found
