"""Making a plan: from what policies ask for to the smallest ordered list of changes that surely brings it about.

Each object that an off-target exposure hangs on gets the simplest way to say its set; where the evaluated result is not
the policy's, the next way is tried. Client addresses are kept where lists would judge nodes else. What is not needed is
taken out again. A result that is not exactly the policy, or that touches what no policy names, is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aksess.access.entries import EntryKind
from aksess.access.exposures import Exposure
from aksess.addresses import EVERYONE, NOBODY, Address, AddressSet
from aksess.controllers.ingress_nginx import IngressNginx
from aksess.estate.kubernetes import Name, Service
from aksess.layers import api_server
from aksess.plan import levers, objections
from aksess.plan.changes import Change
from aksess.plan.goals import Goal, goals_of
from aksess.plan.order import ordered
from aksess.plan.plans import Plan, Refusal
from aksess.plan.trials import State, Trials
from aksess.policy import Resolved
from aksess.snapshot import Snapshot

__all__ = ["make"]

_Owner = tuple[str, Name]


def make(snapshot: Snapshot, resolved: Resolved, *, caller: Address | None = None, allowed: Iterable[str] = ()) -> Plan:
    """The plan that makes an estate what policies say.

    Args:
        snapshot: The estate, raw.
        resolved: The policies with their meaning.
        caller: The address that commands are run from: it keeps its way to the API server.
        allowed: Slugs of guards that are overridden.

    Raises:
        PolicyError: A target that nothing answers to, or policies that contradict each other.
    """
    maker = _Maker(Trials.of(snapshot), resolved, caller, warnings=list(resolved.notes))
    return maker.plan(frozenset(allowed))


@dataclass
class _Work:
    """One object that is written: the goals that it serves, and the ways to say them that are left."""

    goals: list[Goal]
    ways: Iterator[tuple[Change, ...]]
    way: tuple[Change, ...] = ()

    def advance(self) -> bool:
        """Take the next way; False where there is none."""
        found = next(self.ways, None)
        if found is not None:
            self.way = found
        return found is not None


@dataclass
class _Maker:
    trials: Trials
    resolved: Resolved
    caller: Address | None
    refused: list[Refusal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def plan(self, allowed: frozenset[str]) -> Plan:
        before = self.trials.before
        labels = [*(each.label for each in self.resolved.access), self.resolved.cluster_label]
        policies = tuple(each for each in dict.fromkeys(labels) if each)
        goals = goals_of(list(before.exposures.values()), self.resolved)
        kept = self._keeping(goals)
        works = self._works(goals, kept)
        kept = self._settled(goals, works, kept)
        changes = [*kept, *_of(works.values())]
        changes = self._needed(goals, changes)
        of_api = self._api_server()
        after = self.trials.after([*changes, *of_api])
        self.refused += objections.off_target(goals, after)
        if self.resolved.sends:
            self.refused += objections.egress_missing(after, self.resolved.cluster_label)
        self.refused += objections.beyond_policies(before, after, goals)
        steps, fault = ordered(self.trials, changes, goals)
        steps += of_api
        self.refused += fault
        self.refused += objections.guards(before, after, self.caller)
        standing = tuple(each for each in self.refused if each.guard not in allowed)
        self.warnings += [f"--allow {each.guard}: {each.reason}" for each in self.refused if each.guard in allowed]
        if standing:
            return Plan(before, before, policies, (), standing, tuple(self.warnings))
        return Plan(before, after, policies, tuple(steps), (), tuple(self.warnings))

    # --- what is written ----------------------------------------------------------------------------------------------

    def _works(self, goals: dict[str, Goal], kept: Sequence[Change]) -> dict[_Owner, _Work]:
        """The objects behind exposures that are not as their policy says, today or once client addresses are kept."""
        states = [self.trials.before, self.trials.after(kept)]
        owned: dict[_Owner, list[Goal]] = {}
        for goal in goals.values():
            owner = _owner(goal.exposure)
            if owner is not None:
                owned.setdefault(owner, []).append(goal)
        # what publishes something that no policy speaks of, besides what one does
        half_named = {_owner(each) for each in self.trials.before.exposures.values() if each.id not in goals}
        found: dict[_Owner, _Work] = {}
        for owner, members in owned.items():
            if all(objections.is_met(each, state) for each in members for state in states):
                continue
            if len({each.allowed for each in members}) > 1 or owner in half_named:
                self.refused.append(_divided(owner, members))
                continue
            work = _Work(members, self._ways(owner, members[0]))
            if work.advance():
                found[owner] = work
        return found

    def _ways(self, owner: _Owner, goal: Goal) -> Iterator[tuple[Change, ...]]:
        kind, name = owner
        estate = self.trials.before.estate
        if kind == "Service":
            return levers.service_ranges(estate.services[name], goal)
        controller = goal.exposure.controller
        if not isinstance(controller, IngressNginx):
            return iter(())
        return levers.ingress_lists(controller, estate.ingresses[name], goal)

    # --- what is tried ------------------------------------------------------------------------------------------------

    def _keeping(self, goals: dict[str, Goal]) -> list[Change]:
        """The changes that would let controllers see clients instead of nodes."""
        services: dict[Name, tuple[Service, list[str]]] = {}
        for goal in goals.values():
            entry = goal.exposure.entry
            if goal.exposure.route is None or goal.is_everybody or entry is None or entry.service is None:
                continue
            if entry.service.external_policy == "Cluster":
                services.setdefault(entry.service.key, (entry.service, []))[1].append(goal.because)
        return [
            levers.keep_client_address(service, list(dict.fromkeys(because))) for service, because in services.values()
        ]

    def _settled(self, goals: dict[str, Goal], works: dict[_Owner, _Work], kept: list[Change]) -> list[Change]:
        """Try ways until nothing gets better; returns the changes that keep client addresses, if they are needed."""
        if kept:
            today = self.trials.before
            off = {owner: work for owner, work in works.items() if not _all_met(work.goals, today)}
            without = self.trials.after(_of(off.values()))
            if _count(goals, self.trials.after([*kept, *_of(works.values())])) >= _count(goals, without):
                kept = []
                for owner in works.keys() - off.keys():
                    del works[owner]
        while True:
            state = self.trials.after([*kept, *_of(works.values())])
            missed = [each for each in works.values() if not _all_met(each.goals, state)]
            if not [each for each in missed if each.advance()]:
                break
        self.warnings += [
            f"{each.resource.label} becomes Local: only nodes with a ready pod of it get connections, so run pods on "
            "several nodes; its health probe asks kube-proxy then"
            for each in kept
        ]
        return kept

    def _needed(self, goals: dict[str, Goal], changes: list[Change]) -> list[Change]:
        """Changes without those that are not missed: lists that what is shared makes superfluous, single fields."""
        base = [each for each in changes if each.resource.kind != "Ingress"]
        if base and len(base) < len(changes):
            state = self.trials.after(base)
            off = {_owner(goal.exposure) for goal in goals.values() if not objections.is_met(goal, state)}
            changes = [each for each in changes if each in base or _written(each) in off]
        count = _count(goals, self.trials.after(changes))
        fields = Counter(each.resource for each in changes)
        several = [each for each in changes if fields[each.resource] > 1]
        for each in (*several, *(each for each in base if each not in several)):
            fewer = [other for other in changes if other != each]
            if _count(goals, self.trials.after(fewer)) <= count and fewer != changes:
                changes = fewer
        return changes

    def _api_server(self) -> list[Change]:
        """Authorized ranges, with the cluster's own way and the caller's kept."""
        wanted = self.resolved.api_server
        if wanted is None:
            return []
        found = []
        estate = self.trials.before.estate
        for cluster in estate.clusters:
            if cluster.api_server.enable_private_cluster:
                self.warnings.append(f"{cluster.name} is private: it has no authorized ranges")
                continue
            own = api_server.outbound(cluster, estate)
            held = api_server.ranges(cluster, estate)
            today = EVERYONE if held is None else held.sure
            # the ways that the cluster and the caller have today stay theirs
            caller = AddressSet.single(self.caller) if self.caller is not None else NOBODY
            needed = wanted | (caller & today) | (NOBODY if own.implicit else own.addresses & today)
            if held is not None and held.sure == needed.family(4) and not held.unreadable:
                continue
            if not own.implicit and own.unknown:
                reason = f"where {cluster.name} sends from is not in the input ({', '.join(own.unknown)})"
                instead = "give the NAT gateway's or firewall's public addresses with -f"
                self.refused.append(Refusal(self.resolved.cluster_label, reason, instead, "locks-out-cluster"))
            found.append(levers.api_server_ranges(cluster, needed, (self.resolved.cluster_label,)))
        return found


def _owner(exposure: Exposure) -> _Owner | None:
    """The object that is written to restrict an exposure."""
    application = exposure.application
    if exposure.route is not None:
        return (application.kind, (application.namespace, application.name)) if application.kind == "Ingress" else None
    entry = exposure.entry
    if entry is None or entry.service is None or entry.kind != EntryKind.FRONTEND or exposure.controller is not None:
        return None
    return "Service", entry.service.key


def _written(change: Change) -> _Owner:
    """The object that a change is about."""
    return change.resource.kind, (change.resource.namespace, change.resource.name)


def _of(works: Iterable[_Work]) -> list[Change]:
    return [change for each in works for change in each.way]


def _all_met(goals: Iterable[Goal], state: State) -> bool:
    return all(objections.is_met(each, state) for each in goals)


def _count(goals: dict[str, Goal], state: State) -> int:
    return sum(not objections.is_met(each, state) for each in goals.values())


def _divided(owner: _Owner, goals: Sequence[Goal]) -> Refusal:
    kind, (namespace, name) = owner
    what = "its ports" if kind == "Service" else "its hosts and paths"
    return Refusal(
        goals[0].because,
        f"{kind} {namespace}/{name} has one list for all of {what}, and policies ask for different ones",
        f"split it into {'Services' if kind == 'Service' else 'Ingresses'} of their own, or say the same for all of it",
    )
