"""Who shall get in where: every exposure that a policy speaks of, with the set it asks for.

A policy names an object; what it publishes is governed. The closer word counts, as in Gateway API policy attachment: a
path before a host, a host before the whole object, an Ingress or route before the Service behind it, that before the
Gateway or the Service of a controller. Two policies that speak of one exposure equally closely contradict each other.

Source: Kubernetes Gateway API, GEP-713 (policy attachment: hierarchy and precedence).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aksess.access.exposures import Exposure
from aksess.addresses import INTERNET, PLATFORM, AddressSet
from aksess.errors import PolicyError
from aksess.policy import Allowed, Resolved, Target

__all__ = ["PUBLIC", "Goal", "goals_of", "is_api_server", "of_family", "ungoverned"]

PUBLIC = INTERNET - PLATFORM
"""Whom "everybody" names: the Internet. Private networks have ways of their own, and the platform asks for itself."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Who shall get in at one exposure.

    Attributes:
        exposure: The exposure as it is today.
        policy: What asks for it; None for `ClusterAccessPolicy`, which closes what no policy names.
        allowed: Who shall get in, of both families.
        because: The label of the policy.
    """

    exposure: Exposure
    policy: Allowed | None
    allowed: AddressSet
    because: str

    @property
    def is_public(self) -> bool:
        """Whether everybody shall get in, but for some."""
        return self.policy is not None and self.policy.public

    @property
    def is_everybody(self) -> bool:
        """Whether nobody is kept out, so that it does not matter whom the controller sees."""
        return self.is_public and self.policy is not None and not self.policy.denied

    @property
    def here(self) -> AddressSet:
        """The part of the set that can come to this exposure: clients of the family of its address."""
        return of_family(self.exposure, self.allowed)


def of_family(exposure: Exposure, addresses: AddressSet) -> AddressSet:
    """The part of a set that is of the family of an exposure's address; all of it where there is no address."""
    if not exposure.address:
        return addresses
    return addresses.family(6 if ":" in exposure.address else 4)


def goals_of(exposures: Sequence[Exposure], resolved: Resolved) -> dict[str, Goal]:
    """The goal of every exposure that a policy speaks of, by the id of the exposure.

    Raises:
        PolicyError: A target that nothing answers to, or two policies that contradict each other.
    """
    found: dict[str, tuple[int, Goal]] = {}
    for allowed in resolved.access:
        for target in allowed.targets:
            governed = list(_governed(exposures, allowed.namespace, target))
            if not governed:
                raise _nothing(exposures, allowed, target)
            for exposure, rank in governed:
                goal = Goal(exposure, allowed, allowed.allowed, allowed.label)
                before = found.get(exposure.id)
                if before is not None and before[0] == rank and before[1].policy is not allowed:
                    raise _contradiction(before[1], allowed, target, exposure)
                if before is None or before[0] < rank:
                    found[exposure.id] = (rank, goal)
    goals = {name: goal for name, (_, goal) in found.items()}
    if resolved.closes:
        for exposure in ungoverned(exposures, goals):
            goals[exposure.id] = Goal(exposure, None, resolved.always, resolved.cluster_label)
    return goals


def ungoverned(exposures: Iterable[Exposure], goals: dict[str, Goal]) -> list[Exposure]:
    """The exposures of applications that no policy speaks of."""
    return [each for each in exposures if each.id not in goals and not is_api_server(each)]


def is_api_server(exposure: Exposure) -> bool:
    """Whether an exposure is that of an API server, which a `ClusterAccessPolicy` speaks of."""
    return exposure.application.kind == "managedCluster"


def _governed(exposures: Iterable[Exposure], namespace: str, target: Target) -> Iterator[tuple[Exposure, int]]:
    narrowed = (target.host is not None) + 2 * (target.path is not None)
    for each in exposures:
        if target.host is not None and each.host != target.host:
            continue
        if target.path is not None and each.path != target.path:
            continue
        rank = _closeness(each, namespace, target)
        if rank is not None:
            yield each, rank * 4 + narrowed


def _closeness(exposure: Exposure, namespace: str, target: Target) -> int | None:
    """How closely a target names an exposure, the higher the closer; None where it does not."""
    named = (namespace, target.name)
    application = exposure.application
    if application.kind == target.kind and (application.namespace, application.name) == named:
        return 3 if target.kind != "Service" else 2
    if target.kind != "Service":
        return None
    backend = exposure.backend
    if backend is not None and (backend.namespace, backend.service) == named:
        return 2
    entry = exposure.entry
    if entry is not None and entry.service is not None and entry.service.key == named:
        return 1
    return None


def _nothing(exposures: Iterable[Exposure], allowed: Allowed, target: Target) -> PolicyError:
    what = f"{target.kind} {allowed.namespace}/{target.name}"
    whole = list(_governed(exposures, allowed.namespace, target.whole))
    if whole:
        hosts = sorted({f"{each.host}{each.path}" for each, _ in whole})
        section = " ".join(
            [f"host {target.host}"] * (target.host is not None) + [f"path {target.path}"] * (target.path is not None)
        )
        reason, hint = f"{what} publishes no {section}", f"it publishes {', '.join(hosts[:5])}"
    else:
        reason = f"{what} publishes nothing in this estate"
        hint = "name an Ingress, a route, a Service with a load balancer, or the Service behind one of them"
    return PolicyError(f"{target.field}: {reason}", where=target.where, hint=hint)


def _contradiction(before: Goal, allowed: Allowed, target: Target, exposure: Exposure) -> PolicyError:
    other = before.policy
    place = f", {other.written.where()}" if other is not None else ""
    return PolicyError(
        f"{target.field}: {allowed.label} and {before.because}{place} both speak of {exposure.id}",
        where=target.where,
        hint="keep one of them, or let one name a host or a path",
    )
