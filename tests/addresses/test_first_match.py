"""First match by one sweep equals trying the rules one after another, on a tiny world enumerated completely."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksess.addresses import EVERYONE, Address, AddressSet, first_match

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


@pytest.mark.parametrize("large", [False, True], ids=["lists", "numpy"])
@given(given_rules=rules)
def test_every_address_of_a_tiny_world(large: bool, given_rules: list[tuple[set[int], set[int]]]) -> None:
    before = first_match._LARGE
    first_match._LARGE = 0 if large else 1 << 30
    try:
        decided = first_match.first_match([(small(sure), small(perhaps)) for sure, perhaps in given_rules])
    finally:
        first_match._LARGE = before
    assert AddressSet.union_of(decided.values()) == EVERYONE
    assert sum(cell.size() for cell in decided.values()) == EVERYONE.size()
    for number in range(WORLD):
        holders = [key for key, cell in decided.items() if Address(4, number) in cell]
        assert holders == [one_by_one(given_rules, number)]


def test_a_rule_for_everyone_hides_all_below() -> None:
    decided = first_match.first_match([(EVERYONE, EVERYONE), (small({1}), small({1}))])
    assert decided == {(0,): EVERYONE}
