"""Trying changes out: the estate after them, evaluated, as often as a plan in the making asks.

Nothing about access is worked out here or anywhere else in the plan: the one evaluator answers for each state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aksess.access.evaluator import Evaluator
from aksess.access.exposures import Exposure, exposures
from aksess.estate import Estate
from aksess.plan import reactions
from aksess.plan.changes import Change
from aksess.snapshot import Snapshot

__all__ = ["State", "Trials"]

_OF_CONTROLLERS = frozenset({"Ingress", "ConfigMap"})


@dataclass(frozen=True)
class State:
    """An estate after some changes.

    Attributes:
        snapshot: It, raw.
        evaluator: Its evaluator.
    """

    snapshot: Snapshot
    evaluator: Evaluator

    @cached_property
    def exposures(self) -> dict[str, Exposure]:
        """Every way in, by its id."""
        return {each.id: each for each in exposures(self.evaluator)}

    @property
    def estate(self) -> Estate:
        """It, as typed nouns."""
        return self.evaluator.estate


@dataclass
class Trials:
    """The states of one estate after changes; each is worked out once."""

    before: State
    _known: dict[tuple[str, ...], State] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Trials:
        """Trials on a snapshot."""
        return cls(State(snapshot, Evaluator(Estate.of(snapshot))))

    def after(self, changes: Sequence[Change]) -> State:
        """The state after changes and everything that reacts to them."""
        if not changes:
            return self.before
        key = tuple(each.id for each in changes)
        if key not in self._known:
            snapshot = reactions.after(self.before.snapshot, list(changes))
            estate = Estate.of(snapshot)
            light = all(each.resource.kind in _OF_CONTROLLERS for each in changes)
            evaluator = self.before.evaluator.after(estate) if light else Evaluator(estate)
            self._known[key] = State(snapshot, evaluator)
        return self._known[key]
