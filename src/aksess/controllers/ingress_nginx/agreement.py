"""Several ways in which a host may answer, put into one: what is the same in all of them is known, the rest is not.

Whoever gets in one way and not another is in doubt. Who stays out either way stays out, though perhaps with another
answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aksess.addresses import EVERYONE, AddressSet
from aksess.controllers.interface import Answers
from aksess.rulings import Effect, Partition, Ruling

__all__ = ["agreed"]


def agreed(ways: Sequence[Answers], doubt: str) -> Answers:
    """The answers that several ways have in common.

    Args:
        ways: The ways; at least one.
        doubt: Why it is not known which of them holds.
    """
    found = ways[0]
    for other in ways[1:]:
        if found.views != other.views:
            return replace(found, rulings=_all_in_doubt(found.rulings, doubt))
        if found.rulings is not other.rulings:
            found = replace(
                found,
                rulings=_joined(found.rulings, other.rulings, doubt),
                backend=found.backend or other.backend,
                application=found.application or other.application,
                assumptions=tuple(dict.fromkeys((*found.assumptions, *other.assumptions))),
            )
    return found


def _joined(one: Partition, other: Partition, doubt: str) -> Partition:
    cells: list[tuple[AddressSet, Ruling]] = []
    for cell, ruling in _everybody(one):
        cells.extend((part, _both(ruling, second, doubt)) for part, second in other.split(cell))
    return Partition(cells[-1][1], tuple(cells[:-1]))


def _both(one: Ruling, other: Ruling, doubt: str) -> Ruling:
    if one.doubt or other.doubt:
        return one if one.doubt else other
    if one.passes != other.passes:
        return Ruling(one.citation, Effect.UNKNOWN, doubt)
    if (one.effect, one.status) != (other.effect, other.status):
        return Ruling(one.citation, Effect.UNKNOWN)
    return replace(one, then=one.then or other.then)


def _everybody(partition: Partition) -> Iterator[tuple[AddressSet, Ruling]]:
    return partition.split(EVERYONE)


def _all_in_doubt(partition: Partition, doubt: str) -> Partition:
    return Partition.all(Ruling(partition.otherwise.citation, Effect.UNKNOWN, doubt))
