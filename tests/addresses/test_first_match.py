"""First match by one sweep equals trying the rules one after another.

On a tiny world every address is tried; on the whole number line those at every boundary and beside it, which is where
an answer can change. Both ways of painting the cells have to say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksess.addresses import EVERYONE, NOBODY, Address, AddressSet, first_match

WORLD = 16
members = st.sets(st.integers(0, WORLD - 1))
rules = st.lists(st.tuples(members, members), max_size=7)


def small(numbers: set[int]) -> AddressSet:
    return AddressSet.from_ranges([(number, number + 1) for number in numbers])


def one_by_one(given_rules: list[tuple[set[int], set[int]]], number: int) -> tuple[int, ...]:
    candidates: list[int] = []
    for index, (sure, perhaps) in enumerate(given_rules):
        if number in sure:
            return (*candidates, index)
        if number in perhaps:
            candidates.append(index)
    return tuple(candidates)


@contextmanager
def painted(large: bool) -> Iterator[None]:
    """Paint with NumPy, or without it, however many boundaries there are."""
    before = first_match._LARGE
    first_match._LARGE = 0 if large else 1 << 30
    try:
        yield
    finally:
        first_match._LARGE = before


@pytest.mark.parametrize("large", [False, True], ids=["lists", "numpy"])
@given(given_rules=rules)
def test_every_address_of_a_tiny_world(large: bool, given_rules: list[tuple[set[int], set[int]]]) -> None:
    with painted(large):
        decided = first_match.first_match([(small(sure), small(perhaps)) for sure, perhaps in given_rules])
    assert AddressSet.union_of(decided.values()) == EVERYONE
    assert sum(cell.size() for cell in decided.values()) == EVERYONE.size()
    for number in range(WORLD):
        holders = [key for key, cell in decided.items() if Address(4, number) in cell]
        assert holders == [one_by_one(given_rules, number)]


def test_a_rule_for_everyone_hides_all_below() -> None:
    decided = first_match.first_match([(EVERYONE, EVERYONE), (small({1}), small({1}))])
    assert decided == {(0,): EVERYONE}


# --- the whole number line --------------------------------------------------------------------------------------------

ENDS = {4: 1 << 32, 6: 1 << 128}


@st.composite
def wide(draw: st.DrawFn) -> AddressSet:
    """A set with boundaries anywhere, the two ends of both families included; everyone and nobody too."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([EVERYONE, NOBODY]))
    found: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    for family, end in ENDS.items():
        points = st.sampled_from([0, 1, end - 1, end]) | st.integers(0, end) | st.integers(0, 40)
        found[family] = [tuple(sorted(pair)) for pair in draw(st.lists(st.tuples(points, points), max_size=3))]
    return AddressSet.from_ranges(found[4], found[6])


wide_rules = st.lists(st.tuples(wide(), st.just(NOBODY) | wide()), max_size=6)


def tried(given_rules: list[tuple[AddressSet, AddressSet]], address: Address) -> tuple[int, ...]:
    """The candidates of one address, found rule by rule."""
    found: list[int] = []
    for index, (sure, perhaps) in enumerate(given_rules):
        if address in sure:
            return (*found, index)
        if address in perhaps:
            found.append(index)
    return tuple(found)


def beside_boundaries(given_rules: list[tuple[AddressSet, AddressSet]]) -> Iterator[Address]:
    for family, end in ENDS.items():
        points = {0, end}
        for rule in given_rules:
            for each in rule:
                points.update(each.ipv4 if family == 4 else each.ipv6)
        for number in {point + step for point in points for step in (-1, 0, 1)}:
            if 0 <= number < end:
                yield Address(family, number)


@given(given_rules=wide_rules)
def test_beside_every_boundary_of_the_number_line(given_rules: list[tuple[AddressSet, AddressSet]]) -> None:
    decided = []
    for large in (False, True):
        with painted(large):
            decided.append(first_match.first_match(given_rules))
    assert decided[0] == decided[1]
    found = decided[0]
    assert all(found.values()), "no cell is empty"
    assert AddressSet.union_of(found.values()) == EVERYONE
    assert sum(cell.size() for cell in found.values()) == EVERYONE.size(), "no two cells overlap"
    for address in beside_boundaries(given_rules):
        assert [key for key, cell in found.items() if address in cell] == [tried(given_rules, address)], address


@given(given_rules=wide_rules, extra=wide())
def test_a_rule_that_holds_nothing_new_changes_nothing(
    given_rules: list[tuple[AddressSet, AddressSet]], extra: AddressSet
) -> None:
    """A rule below one that surely holds all of its addresses decides none of them."""
    before = first_match.first_match([*given_rules, (extra, NOBODY)])
    after = first_match.first_match([*given_rules, (extra, NOBODY), (extra, extra)])
    assert before == after


def test_many_boundaries_take_the_other_way() -> None:
    """A list long enough to be painted with NumPy by itself, and the same list painted without it."""
    every_other = AddressSet.from_ranges([(4 * number, 4 * number + 2) for number in range(3000)])
    shifted = AddressSet.from_ranges([(4 * number + 1, 4 * number + 3) for number in range(3000)])
    given_rules = [(every_other, shifted), (NOBODY, every_other), (shifted, NOBODY)]
    assert sum(len(each.ipv4) for rule in given_rules for each in rule) >= first_match._LARGE
    found = first_match.first_match(given_rules)
    with painted(large=False):
        assert first_match.first_match(given_rules) == found
    assert set(found) == {(0,), (0, 2), ()}
