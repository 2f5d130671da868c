"""Envoy Gateway's SecurityPolicy: which client addresses it admits on a gateway or route.

The first rule that names the client decides, else the default action (Deny). A policy on a route replaces the one on
its gateway entirely. A range that Envoy Gateway cannot use makes the policy invalid, and its target answers 500 to
everybody. Whatever else a policy may ask of a client (tokens, headers, merging) is not modelled: it leaves a doubt.

Source: envoyproxy/gateway api/v1alpha1/{securitypolicy,authorization}_types.go; behaviour seen with Envoy Gateway 1.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aksess.addresses import NOBODY, AddressSet, set_of
from aksess.addresses.parsing import go_network
from aksess.controllers.gateway_api import wire
from aksess.errors import ParseError
from aksess.rulings import Citation, Effect, Layer, Partition, Ruling
from aksess.snapshot.items import Located

__all__ = ["Policy", "governing", "partition"]


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A SecurityPolicy with its place."""

    namespace: str
    name: str
    spec: wire.SecurityPolicySpec
    place: Located

    def targets(self, kind: str, namespace: str, name: str) -> list[wire.PolicyTarget]:
        """The targets that name an object."""
        given = [*(self.spec.target_refs or []), *([self.spec.target_ref] if self.spec.target_ref else [])]
        return [each for each in given if each.kind == kind and each.name == name and self.namespace == namespace]


def governing(
    policies: Sequence[Policy], route: tuple[str, str], rule: str, gateway: tuple[str, str], listener: str
) -> tuple[Policy | None, str]:
    """The policy that decides for a rule of a route on a listener, and a doubt where that cannot be told.

    Args:
        policies: All policies.
        route: Namespace and name of the route.
        rule: Name of its rule, empty where it has none.
        gateway: Namespace and name of the gateway.
        listener: Name of the listener.
    """
    if any(policy.spec.target_selectors for policy in policies):
        return None, "a SecurityPolicy selects its targets by labels, which is not modelled"
    for kind, target, section in (("HTTPRoute", route, rule), ("Gateway", gateway, listener)):
        named: list[Policy] = []
        whole: list[Policy] = []
        for policy in policies:
            for each in policy.targets(kind, *target):
                if not each.section_name:
                    whole.append(policy)
                elif each.section_name == section:
                    named.append(policy)
        for found in (named, whole):
            if len(found) > 1:
                return None, f"{len(found)} SecurityPolicies target {kind} {'/'.join(target)}; only one of them counts"
            if found:
                policy = found[0]
                return policy, "its mergeType is not modelled" if policy.spec.merge_type else ""
    return None, ""


def partition(policy: Policy) -> Partition:
    """What a policy does with every client address."""
    spec = policy.spec
    then = "authentication" if any((spec.basic_auth, spec.jwt, spec.oidc, spec.ext_auth, spec.api_key_auth)) else ""
    authorization = spec.authorization
    if authorization is None:
        return Partition.all(Ruling(_cite(policy, ("spec",), "no authorization by address"), then=then))
    cells: list[tuple[AddressSet, Ruling]] = []
    taken = NOBODY
    for index, rule in enumerate(authorization.rules or []):
        path = ("spec", "authorization", "rules", index)
        principal = rule.principal
        unmodelled = rule.operation or principal is None or principal.jwt or principal.headers or principal.source_cidrs
        if unmodelled or principal is None or not principal.client_cidrs:
            named_rule = f"rule {rule.name or index} of SecurityPolicy {policy.namespace}/{policy.name}"
            doubt = f"{named_rule} asks for more than addresses"
            return Partition(Ruling(_cite(policy, path, "a rule that is not modelled"), doubt=doubt), tuple(cells))
        try:
            named = set_of([go_network(text) for text in principal.client_cidrs])
        except ParseError as error:
            text = f"{error.what}: the policy is invalid and its target answers 500 to everybody"
            return Partition.all(Ruling(_cite(policy, path, text), Effect.ANSWERED, status=500))
        part = named - taken
        if part:
            cells.append((part, _action(rule.action, _cite(policy, path, f"rule {rule.name or index}"), then)))
            taken = taken | part
    default = _cite(policy, ("spec", "authorization"), "no rule names this address")
    return Partition(_action(authorization.default_action or "Deny", default, then), tuple(cells))


def _action(action: str, citation: Citation, then: str) -> Ruling:
    return Ruling(citation, then=then) if action == "Allow" else Ruling(citation, Effect.FORBIDDEN, status=403)


def _cite(policy: Policy, path: tuple[str | int, ...], text: str) -> Citation:
    return Citation(
        Layer.CONTROLLER, "SecurityPolicy", policy.name, policy.namespace, path=path, place=policy.place, text=text
    )
