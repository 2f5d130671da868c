"""The order of changes: at no step is anybody let in who is in neither before nor after, or cut who is in both.

Client addresses are kept before new lists judge them; where keeping them would let an old list admit or cut somebody,
that list is written first. Changes of different applications do not meet, so states between the groups are what counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from aksess.plan.changes import Change
from aksess.plan.goals import Goal
from aksess.plan.plans import Refusal
from aksess.plan.trials import State, Trials

__all__ = ["ordered"]

_FINELY = 24
"""Up to so many changes every single step is looked at."""


def ordered(trials: Trials, changes: Sequence[Change], goals: dict[str, Goal]) -> tuple[list[Change], list[Refusal]]:
    """The changes in an order that cuts nobody and lets nobody in on the way; a refusal where there is none."""
    shared = [each for each in changes if each.path == ("spec", "externalTrafficPolicy")]
    others = [each for each in changes if each not in shared]
    early = _early(trials, shared, changes, goals) if shared and others else set()
    first = [each for each in others if (each.resource.kind, each.resource.namespace, each.resource.name) in early]
    groups = [first, shared, [each for each in others if each not in first]]
    listed = [each for group in groups for each in group]
    fault = _fault(trials, _steps(groups, len(changes)), listed, goals)
    if not fault:
        return listed, []
    because = changes[0].because[0] if changes and changes[0].because else ""
    return listed, [Refusal(because, fault, "make the changes in two plans, the lists first")]


def _early(
    trials: Trials, shared: Sequence[Change], changes: Sequence[Change], goals: dict[str, Goal]
) -> set[tuple[str, str, str]]:
    """The applications whose old lists would judge wrongly once client addresses are kept: theirs are written first."""
    before, between, after = trials.before, trials.after(shared), trials.after(changes)
    applications = (goal.exposure.application for name, goal in goals.items() if _between(name, before, between, after))
    return {(each.kind, each.namespace, each.name) for each in applications}


def _steps(groups: Sequence[Sequence[Change]], count: int) -> list[int]:
    """After how many changes a state is looked at."""
    if count <= _FINELY:
        return list(range(1, count))
    return [each for each in accumulate(len(group) for group in groups) if 0 < each < count]


def _fault(trials: Trials, steps: Sequence[int], changes: Sequence[Change], goals: dict[str, Goal]) -> str:
    before, after = trials.before, trials.after(changes)
    for step in steps:
        between = trials.after(changes[:step])
        for name in goals:
            found = _between(name, before, between, after)
            if found:
                return f"after {changes[step - 1].resource.label} {changes[step - 1].field}, {found} at {name}"
    return ""


def _between(name: str, before: State, between: State, after: State) -> str:
    one, mid, other = (state.exposures.get(name) for state in (before, between, after))
    if one is None or mid is None or other is None:
        return ""
    if not mid.allowed <= one.allowed | other.allowed | one.indeterminate:
        return "somebody would be let in for a while"
    if not one.allowed & other.allowed <= mid.allowed | mid.indeterminate:
        return "somebody would be cut off for a while"
    return ""
