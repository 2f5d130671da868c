"""Exact sets of whole numbers, as sorted boundaries: the ground under addresses and ports.

A set is a flat tuple ``(a0, b0, a1, b1, …)`` of strictly increasing numbers and stands for
``[a0, b0) ∪ [a1, b1) ∪ …``. This form is canonical: two sets are equal exactly when the tuples are, so equality
and hashing come for free. A number lies inside when an odd count of boundaries is not greater than it.

Every function takes canonical tuples and returns one. Intersection and difference cost the size of the smaller
set times a binary search in the larger one: one list of fifty ranges against a network security group of forty
thousand prefixes touches only the neighbourhood of the fifty.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Boundaries = tuple[int, ...]

EMPTY: Boundaries = ()


def from_ranges(ranges: Iterable[tuple[int, int]]) -> Boundaries:
    """The union of half-open ranges ``(start, end)`` in any order; empty ranges add nothing."""
    flat: list[int] = []
    for start, end in sorted(ranges):
        if start >= end:
            continue
        if flat and start <= flat[-1]:
            flat[-1] = max(flat[-1], end)
        else:
            flat.append(start)
            flat.append(end)
    return tuple(flat)


def ranges(flat: Boundaries) -> Iterator[tuple[int, int]]:
    """The half-open ranges of a set, in increasing order."""
    pairs = iter(flat)
    return zip(pairs, pairs, strict=True)


def contains(flat: Boundaries, number: int) -> bool:
    """Whether the number lies in the set."""
    return bool(bisect_right(flat, number) & 1)


def blocks(flat: Boundaries) -> int:
    """How many aligned blocks (CIDRs) the set is made of at least.

    A range splits at its most aligned inner point; what lies left and right of that is made of one block for each bit
    of its length.
    """
    count = 0
    for start, end in ranges(flat):
        shift = (start ^ end).bit_length() - 1
        middle = end >> shift << shift
        count += (middle - start).bit_count() + (end - middle).bit_count()
    return count


def size(flat: Boundaries) -> int:
    """How many numbers the set holds."""
    return sum(flat[1::2]) - sum(flat[0::2])


def union(*sets: Boundaries) -> Boundaries:
    """What lies in any of the sets."""
    filled = [each for each in sets if each]
    if not filled:
        return EMPTY
    if len(filled) == 1:
        return filled[0]
    return from_ranges(pair for each in filled for pair in ranges(each))


def complement(flat: Boundaries, end: int) -> Boundaries:
    """What lies in ``[0, end)`` and not in the set."""
    if not flat:
        return (0, end)
    head: tuple[int, ...] = flat[1:] if flat[0] == 0 else (0, *flat)
    return head[:-1] if head[-1] == end else (*head, end)


def intersection(one: Boundaries, other: Boundaries) -> Boundaries:
    """What lies in both sets."""
    if len(one) > len(other):
        one, other = other, one
    if not one:
        return EMPTY
    if len(one) == 2 and one[0] <= other[0] and other[-1] <= one[1]:
        return other  # everybody, mostly; not worth a copy
    flat: list[int] = []
    for start, end in ranges(one):
        first = bisect_right(other, start)
        last = bisect_left(other, end, first)
        if first & 1:
            flat.append(start)
        flat.extend(other[first:last])
        if last & 1:
            flat.append(end)
    return tuple(flat)


def difference(one: Boundaries, other: Boundaries) -> Boundaries:
    """What lies in the first set and not in the second."""
    if not one or not other:
        return one
    flat: list[int] = []
    if len(one) <= len(other):
        for start, end in ranges(one):
            first = bisect_right(other, start)
            last = bisect_left(other, end, first)
            if not first & 1:
                flat.append(start)
            flat.extend(other[first:last])
            if not last & 1:
                flat.append(end)
        return tuple(flat)
    done = 0
    for start, end in ranges(other):
        first = bisect_left(one, start, done)
        last = bisect_right(one, end, first)
        flat.extend(one[done:first])
        if first & 1:
            flat.append(start)
        if last & 1:
            flat.append(end)
        done = last
    flat.extend(one[done:])
    return tuple(flat)


def overlaps(one: Boundaries, other: Boundaries) -> bool:
    """Whether the sets have a number in common."""
    if len(one) > len(other):
        one, other = other, one
    for start, end in ranges(one):
        first = bisect_right(other, start)
        if first & 1 or bisect_left(other, end, first) > first:
            return True
    return False


def covers(one: Boundaries, other: Boundaries) -> bool:
    """Whether the first set holds every number of the second."""
    for start, end in ranges(other):
        first = bisect_right(one, start)
        if not first & 1 or one[first] < end:
            return False
    return True
