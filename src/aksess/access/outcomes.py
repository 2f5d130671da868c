"""Outcomes: what happens to which sources at the end of a path, and what several of them come to together.

One question has several outcomes: sources differ, a load balancer chooses between nodes, the client chooses what it
sends. An `Alternative` is one way that nobody asking chooses (an entry, a node, an endpoint); its outcomes divide the
sources completely. A client's own choices are outcomes with a condition: they count in its favour, so sources are
allowed as soon as one choice reaches the application (contract §10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aksess.addresses import NOBODY, AddressSet
from aksess.rulings import Assumption, Citation, Effect, Ruling, Verdict

__all__ = ["Alternative", "Outcome", "Standing", "verdict_of"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of the way for some sources.

    Attributes:
        sources: The sources it speaks of.
        verdict: `Verdict.ALLOWED`, `DENIED` or `INDETERMINATE`.
        effect: What the client sees.
        citation: What decides.
        status: HTTP status, where there is one.
        condition: The client's own choice that leads here; empty for the honest way.
        then: What it is asked for next (``authentication``).
        reason: Why it cannot be known, for an indeterminate verdict.
        entry: Label of the entry it came in by.
        seen: The addresses that the controller or application judges.
        trail: The rulings on the way, in order of travel, the deciding one last.
        assumptions: What it takes for true.
    """

    sources: AddressSet
    verdict: Verdict
    effect: Effect
    citation: Citation
    status: int | None = None
    condition: str = ""
    then: str = ""
    reason: str = ""
    entry: str = ""
    seen: AddressSet = field(default=NOBODY, repr=False)
    trail: tuple[Ruling, ...] = field(default=(), repr=False)
    assumptions: tuple[Assumption, ...] = ()

    def merged_key(self) -> tuple[object, ...]:
        """What two outcomes must share to be one outcome for more sources."""
        return (
            self.verdict,
            self.effect,
            self.status,
            self.citation,
            self.condition,
            self.then,
            self.reason,
            self.entry,
        )


@dataclass(frozen=True)
class Standing:
    """Which sources are allowed and which cannot be known; everybody else of the domain is denied."""

    allowed: AddressSet
    indeterminate: AddressSet

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Standing:
        """The standing of one alternative: a choice that reaches the application wins, a doubt comes next."""
        allowed: list[AddressSet] = []
        unsure: list[AddressSet] = []
        for outcome in outcomes:
            if outcome.verdict == Verdict.ALLOWED:
                allowed.append(outcome.sources)
            elif outcome.verdict == Verdict.INDETERMINATE:
                unsure.append(outcome.sources)
        inside = AddressSet.union_of(allowed)
        return cls(inside, AddressSet.union_of(unsure) - inside)

    @classmethod
    def any_of(cls, standings: Sequence[Standing]) -> Standing:
        """The standing over several alternatives: who gets in by any of them, and who might."""
        inside = AddressSet.union_of(each.allowed for each in standings)
        return cls(inside, AddressSet.union_of(each.indeterminate for each in standings) - inside)


@dataclass(frozen=True)
class Alternative:
    """One way that the client does not choose; its outcomes divide the domain."""

    entry: str
    domain: AddressSet
    outcomes: tuple[Outcome, ...]

    @cached_property
    def standing(self) -> Standing:
        """Who gets in this way."""
        return Standing.of(self.outcomes)


def verdict_of(alternatives: Sequence[Alternative]) -> Verdict:
    """The verdict over all alternatives: one that all agree on, else mixed; indeterminate if any is (contract §3)."""
    found: set[Verdict] = set()
    for each in alternatives:
        standing = each.standing
        if standing.indeterminate & each.domain:
            return Verdict.INDETERMINATE
        inside = each.domain & standing.allowed
        if inside:
            found.add(Verdict.ALLOWED)
        if each.domain - standing.allowed:
            found.add(Verdict.DENIED)
    if not found:
        return Verdict.INDETERMINATE
    return found.pop() if len(found) == 1 else Verdict.MIXED
