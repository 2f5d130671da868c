"""Comparing two estates: per exposure, the exact sources that gain and lose access.

Exposures are matched by their id. One that is only in one of the estates gains or loses everybody who gets in there.
Sources that cannot be known on either side are told apart from those that surely change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aksess.access.exposures import Exposure
from aksess.addresses import NOBODY, AddressSet

__all__ = ["Difference", "compare"]


@dataclass(frozen=True)
class Difference:
    """What changes at one exposure.

    Attributes:
        exposure: Its id.
        gained: Sources that surely get in after and surely did not before.
        lost: Sources that surely got in before and surely do not after.
        uncertain: Sources that cannot be known before or after, and are not the same on both sides.
        before: The exposure before, None where it is new.
        after: The exposure after, None where it is gone.
    """

    exposure: str
    gained: AddressSet
    lost: AddressSet
    uncertain: AddressSet
    before: Exposure | None
    after: Exposure | None

    @property
    def changes(self) -> bool:
        """Whether anything changes or may change."""
        return bool(self.gained or self.lost or self.uncertain)


def compare(before: Iterable[Exposure], after: Iterable[Exposure]) -> Iterator[Difference]:
    """Every exposure at which something changes, in the order of ids."""
    one = {each.id: each for each in before}
    other = {each.id: each for each in after}
    for identity in sorted({**one, **other}):
        found = _difference(identity, one.get(identity), other.get(identity))
        if found.changes:
            yield found


def _difference(identity: str, before: Exposure | None, after: Exposure | None) -> Difference:
    had, unsure_before = (before.allowed, before.indeterminate) if before else (NOBODY, NOBODY)
    has, unsure_after = (after.allowed, after.indeterminate) if after else (NOBODY, NOBODY)
    return Difference(
        identity,
        has - had - unsure_before,
        had - has - unsure_after,
        (unsure_before - unsure_after) | (unsure_after - unsure_before),
        before,
        after,
    )
