"""First match over many sets at once: which rule decides each address, by one sweep over all boundaries.

Rules are tried in order and the first that holds an address decides it. Instead of carving set after set, all
boundaries of all rules cut the number line into elementary cells, and the rules are painted over the cells from the
last to the first; what shows at the end is what decides. A list of a thousand rules with tens of thousands of prefixes
costs one sort and one pass a rule.

A rule may be known only in part: it surely holds some addresses and perhaps others (a service tag that no file
resolves). An address that a rule perhaps holds is decided by that rule or by what lies below it, so a cell carries the
list of its candidates, in order; all but the last are uncertain.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from aksess.addresses import intervals
from aksess.addresses.address_set import AddressSet
from aksess.addresses.intervals import Boundaries

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Candidates", "first_match"]

Candidates = tuple[int, ...]
"""Indices of the rules that may decide a cell, in order; all but the last are uncertain."""

_LARGE = 4096
"""From so many boundaries on, NumPy pays for its import."""


def first_match(rules: Sequence[tuple[AddressSet, AddressSet]]) -> dict[Candidates, AddressSet]:
    """Which rules decide which addresses.

    Args:
        rules: For each rule, in order, the addresses it surely holds and those it perhaps holds.

    Returns:
        Disjoint sets that cover every address, by their candidates; the empty tuple stands for "no rule".
    """
    ipv4 = _paint([(sure.ipv4, perhaps.ipv4) for sure, perhaps in rules], 1 << 32)
    ipv6 = _paint([(sure.ipv6, perhaps.ipv6) for sure, perhaps in rules], 1 << 128)
    return {key: AddressSet(ipv4.get(key, ()), ipv6.get(key, ())) for key in {**ipv4, **ipv6}}


def _paint(rules: Sequence[tuple[Boundaries, Boundaries]], end: int) -> dict[Candidates, Boundaries]:
    relevant: list[tuple[int, Boundaries, Boundaries]] = []
    for index, (sure, perhaps) in enumerate(rules):
        if sure or perhaps:
            relevant.append((index, sure, () if perhaps == sure else intervals.difference(perhaps, sure)))
            if sure == (0, end):
                break  # nothing below can show
    total = sum(len(sure) + len(perhaps) for _, sure, perhaps in relevant)
    if total >= _LARGE and end == 1 << 32:
        return _paint_large(relevant, end)
    points = sorted({0, end, *(point for _, sure, perhaps in relevant for point in (*sure, *perhaps))})
    states: list[Candidates] = [()] * (len(points) - 1)
    for index, sure, perhaps in reversed(relevant):
        for first, last in _cells(points, perhaps):
            for cell in range(first, last):
                states[cell] = (index, *states[cell])
        for first, last in _cells(points, sure):
            states[first:last] = [(index,)] * (last - first)
    found: dict[Candidates, list[int]] = {}
    for cell, state in enumerate(states):
        flat = found.setdefault(state, [])
        if flat and flat[-1] == points[cell]:
            flat[-1] = points[cell + 1]
        else:
            flat += (points[cell], points[cell + 1])
    return {state: tuple(flat) for state, flat in found.items()}


def _cells(points: list[int], flat: Boundaries) -> Iterable[tuple[int, int]]:
    position = 0
    for start, end in intervals.ranges(flat):
        first = bisect_left(points, start, position)
        position = bisect_left(points, end, first)
        yield first, position


def _paint_large(relevant: Sequence[tuple[int, Boundaries, Boundaries]], end: int) -> dict[Candidates, Boundaries]:
    """The same for very many boundaries; numbers are 64-bit, which holds IPv4."""
    import numpy as np  # noqa: PLC0415 (a tenth of a second that small estates need not spend)

    flats = [flat for _, sure, perhaps in relevant for flat in (sure, perhaps)]
    numbers = np.fromiter(chain((0, end), *flats), np.int64, 2 + sum(map(len, flats)))
    points, cells = np.unique(numbers, return_inverse=True)
    lasts = np.cumsum([2, *map(len, flats)]).tolist()
    states = np.zeros(len(points) - 1, np.int64)
    names: list[Candidates] = [()]
    known: dict[Candidates, int] = {(): 0}

    def number(state: Candidates) -> int:
        if state not in known:
            known[state] = len(names)
            names.append(state)
        return known[state]

    for position in reversed(range(len(relevant))):
        index = relevant[position][0]
        sure, perhaps = (cells[lasts[at] : lasts[at + 1]] for at in (2 * position, 2 * position + 1))
        if len(perhaps):
            inside = _mask(perhaps, len(states))
            for below in np.unique(states[inside]).tolist():
                states[inside & (states == below)] = number((index, *names[below]))
        state = number((index,))
        if len(sure) <= 16:
            pairs = iter(sure.tolist())
            for first, last in zip(pairs, pairs, strict=True):
                states[first:last] = state
        else:
            states[_mask(sure, len(states))] = state
    return _runs(points, states, names)


def _mask(cells: np.ndarray, count: int) -> np.ndarray:
    """Which cells lie inside boundaries that were turned into cell numbers."""
    import numpy as np  # noqa: PLC0415

    steps = np.zeros(count + 1, np.int64)
    steps[cells[0::2]] += 1
    steps[cells[1::2]] -= 1
    inside: np.ndarray = np.cumsum(steps[:-1]) > 0
    return inside


def _runs(points: np.ndarray, states: np.ndarray, names: list[Candidates]) -> dict[Candidates, Boundaries]:
    """Neighbouring cells of one state joined, and the joined runs sorted by state."""
    import numpy as np  # noqa: PLC0415

    firsts = np.flatnonzero(np.concatenate([[True], states[1:] != states[:-1]]))
    starts = points[firsts]
    ends = points[np.concatenate([firsts[1:], [len(states)]])]
    run_states = states[firsts]
    order = np.argsort(run_states, kind="stable")
    present, at = np.unique(run_states[order], return_index=True)
    flat = np.stack([starts[order], ends[order]], axis=1)
    parts = np.split(flat, at[1:])
    return {names[state]: tuple(part.ravel().tolist()) for state, part in zip(present.tolist(), parts, strict=True)}
