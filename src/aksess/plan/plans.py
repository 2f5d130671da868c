"""A plan: ordered changes, what they do to access, and what was refused on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aksess.access import comparison
from aksess.access.comparison import Difference
from aksess.plan.changes import Change
from aksess.plan.trials import State

__all__ = ["Plan", "Refusal"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a policy cannot be carried out.

    Attributes:
        policy: Its label.
        reason: What stands in the way.
        instead: The nearest way.
        guard: The slug with which ``--allow`` overrides it; empty where nothing does.
    """

    policy: str
    reason: str
    instead: str
    guard: str = ""


@dataclass(frozen=True)
class Plan:
    """What leads from an estate to its policies.

    Attributes:
        before: The estate as it is.
        after: The estate as it will be, with everything that reacts to the changes.
        policies: The labels of the policies.
        changes: The changes, in the order in which they are made; none where something is refused.
        refused: What is refused, and why.
        warnings: What people should know about the changes.
    """

    before: State
    after: State
    policies: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def access(self) -> Iterator[Difference]:
        """Per exposure, exactly who gains and who loses access."""
        return comparison.compare(self.before.exposures.values(), self.after.exposures.values())
