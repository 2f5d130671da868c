"""Laws of the set algebra, with `ipaddress` and `netaddr` as oracles."""

from __future__ import annotations

import ipaddress
import random
from itertools import pairwise

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksess.addresses import EVERYONE, NOBODY, Address, AddressSet, intervals

BITS = {4: 32, 6: 128}
WORLD = 24


@st.composite
def networks(draw: st.DrawFn, family: int | None = None) -> str:
    chosen = family or draw(st.sampled_from([4, 6]))
    bits = BITS[chosen]
    length = draw(st.sampled_from([0, 1, 8, 24, bits - 3, bits - 1, bits]))
    number = draw(st.integers(0, (1 << bits) - 1)) if draw(st.booleans()) else draw(st.integers(0, 63))
    cls = ipaddress.IPv4Network if chosen == 4 else ipaddress.IPv6Network
    return str(cls((number, length), strict=False))


sets = st.lists(networks(), max_size=6).map(lambda texts: AddressSet.of(*texts))


def oracle(texts: list[str]) -> netaddr.IPSet:
    return netaddr.IPSet(texts)


def same(mine: AddressSet, theirs: netaddr.IPSet) -> bool:
    ours = {ipaddress.ip_network(cidr) for cidr in mine.to_cidrs()}
    return ours == {ipaddress.ip_network(str(cidr)) for cidr in theirs.iter_cidrs()}


@given(st.lists(networks(), max_size=6), st.lists(networks(), max_size=6))
def test_agrees_with_netaddr(one: list[str], other: list[str]) -> None:
    a, b = AddressSet.of(*one), AddressSet.of(*other)
    x, y = oracle(one), oracle(other)
    assert same(a, x)
    assert same(a | b, x | y)
    assert same(a & b, x & y)
    assert same(a - b, x - y)
    assert (a <= b) == (x <= y)
    assert a.overlaps(b) == bool(x & y)
    assert a.size() == sum(cidr.size for cidr in x.iter_cidrs())


@given(sets, sets, sets)
def test_laws(a: AddressSet, b: AddressSet, c: AddressSet) -> None:
    assert a | b == b | a
    assert a & b == b & a
    assert a | (b | c) == (a | b) | c
    assert a & (b | c) == (a & b) | (a & c)
    assert a - b == a & ~b
    assert ~~a == a
    assert ~(a | b) == ~a & ~b
    assert a | ~a == EVERYONE
    assert a & ~a == NOBODY
    assert (a - b) | (a & b) == a
    assert a & b <= a <= a | b


@given(sets, sets)
def test_equal_sets_are_equal_values(a: AddressSet, b: AddressSet) -> None:
    if a <= b <= a:
        assert a == b
        assert hash(a) == hash(b)
    rebuilt = AddressSet.of(*a.to_cidrs())
    assert rebuilt == a
    assert hash(rebuilt) == hash(a)


@given(sets)
def test_cidrs_are_minimal_and_in_order(a: AddressSet) -> None:
    texts = [ipaddress.ip_network(text) for text in a.to_cidrs()]
    four = [each for each in texts if each.version == 4]
    six = [each for each in texts if each.version == 6]
    assert texts == four + six
    assert four == sorted(four)
    assert six == sorted(six)
    assert list(ipaddress.collapse_addresses(four)) == four
    assert list(ipaddress.collapse_addresses(six)) == six


@given(sets, networks())
def test_membership_is_containment_of_one(a: AddressSet, text: str) -> None:
    network = ipaddress.ip_network(text)
    for number in (int(network[0]), int(network[-1])):
        address = Address(network.version, number)
        assert (address in a) == (AddressSet.single(address) <= a)


@given(sets)
def test_witness_and_ranges(a: AddressSet) -> None:
    witness = a.witness()
    assert (witness is None) == (not a)
    if witness is not None:
        assert witness in a
    assert sum(last.number - first.number + 1 for first, last in a.ranges()) == a.size()
    assert a.networks() == len(list(a.ranges()))


@pytest.mark.parametrize("text", ["0.0.0.0", "255.255.255.255", "1.2.3.4", "::", "::1", "2001:db8::", "ffff::ffff"])
def test_addresses_are_written_as_ipaddress_writes_them(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert str(Address(address.version, int(address))) == str(address)


def test_limit_stops_early() -> None:
    many = AddressSet.of(*(f"10.0.{number}.1/32" for number in range(200)))
    assert 5 < len(many.to_cidrs(limit=5)) < 10
    assert len(many.to_cidrs()) == 200


# --- canonical form ---------------------------------------------------------------------------------------------------

pairs = st.tuples(st.integers(0, WORLD), st.integers(0, WORLD))
ranges = st.lists(pairs, max_size=8)


def numbers(given_ranges: list[tuple[int, int]]) -> frozenset[int]:
    return frozenset(number for start, end in given_ranges for number in range(start, end))


@given(ranges, st.randoms(use_true_random=False))
def test_one_set_has_one_form(given_ranges: list[tuple[int, int]], chance: random.Random) -> None:
    """However a set is put together, its boundaries are the same: strictly increasing, an even count."""
    whole = AddressSet.from_ranges(given_ranges)
    assert len(whole.ipv4) % 2 == 0
    assert all(one < other for one, other in pairwise(whole.ipv4))
    singles = [(number, number + 1) for number in numbers(given_ranges)]
    chance.shuffle(singles)
    again = [*singles, *given_ranges[: chance.randint(0, len(given_ranges))]]
    for rebuilt in (AddressSet.from_ranges(again), AddressSet.union_of(AddressSet.from_ranges([one]) for one in again)):
        assert rebuilt.ipv4 == whole.ipv4
        assert rebuilt == whole
        assert hash(rebuilt) == hash(whole)


def test_a_set_is_no_other_value() -> None:
    assert AddressSet() != ()
    assert AddressSet((1, 2)) != AddressSet((), (1, 2)), "the families are told apart"
    assert {AddressSet((1, 2)): "x"}[AddressSet.from_ranges([(1, 2)])] == "x"


@given(ranges, ranges)
def test_every_operation_on_every_number_of_a_small_world(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    """Python's own sets as oracle; sizes differ, so both ways of `difference` and `intersection` are taken."""
    a, b = AddressSet.from_ranges(one), AddressSet.from_ranges(other)
    x, y = numbers(one), numbers(other)
    for mine, theirs in ((a | b, x | y), (a & b, x & y), (a - b, x - y), (b - a, y - x)):
        assert frozenset(number for number in range(-1, WORLD + 2) if Address(4, number) in mine) == theirs
        assert mine.size() == len(theirs)
    inside = frozenset(number for number in range(WORLD) if Address(4, number) in ~a)
    assert inside == frozenset(range(WORLD)) - x
    assert (a <= b) == (x <= y)
    assert (b <= a) == (y <= x)
    assert a.overlaps(b) == b.overlaps(a) == bool(x & y)
    assert bool(a) == bool(x)


@given(st.lists(st.integers(0, 400), max_size=120), st.lists(st.integers(0, 400), max_size=3))
def test_a_large_set_and_a_small_one(many: list[int], few: list[int]) -> None:
    """One side of fifty ranges, the other of three: each operation takes its other way."""
    a, b = (AddressSet.from_ranges((number, number + 2) for number in each) for each in (many, few))
    x, y = ({each + at for each in given_numbers for at in (0, 1)} for given_numbers in (many, few))
    for mine, theirs in ((a - b, x - y), (b - a, y - x), (a & b, x & y), (a | b, x | y)):
        assert [number for number in range(403) if Address(4, number) in mine] == sorted(theirs)
    assert a.overlaps(b) == bool(x & y)
    assert (b <= a) == (y <= x)


@given(sets)
def test_the_two_ends_of_the_number_line(a: AddressSet) -> None:
    """Nothing is lost or added at the first and the last address of a family."""
    for family, bits in BITS.items():
        for number in (0, (1 << bits) - 1):
            assert (Address(family, number) in a) != (Address(family, number) in ~a)
    assert (~a).size() == EVERYONE.size() - a.size()
    assert ~NOBODY == EVERYONE
    assert ~EVERYONE == NOBODY


# --- lists of networks ------------------------------------------------------------------------------------------------


@given(st.lists(networks(), max_size=8))
def test_cidrs_are_what_netaddr_merges_to(texts: list[str]) -> None:
    """`netaddr.cidr_merge`: exact and as few as possible, IPv4 before IPv6."""
    merged = netaddr.cidr_merge(texts)
    expected = [ipaddress.ip_network(str(each)) for version in (4, 6) for each in merged if each.version == version]
    assert [ipaddress.ip_network(text) for text in AddressSet.of(*texts).to_cidrs()] == expected


@given(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1))
def test_cidrs_of_one_range_are_what_netaddr_spans(one: int, other: int) -> None:
    first, last = sorted((one, other))
    expected = netaddr.iprange_to_cidrs(netaddr.IPAddress(first, 4), netaddr.IPAddress(last, 4))
    assert AddressSet.from_ranges([(first, last + 1)]).to_cidrs() == [str(each) for each in expected]


@given(sets, st.integers(0, 6))
def test_a_limit_gives_the_beginning_of_the_list(a: AddressSet, limit: int) -> None:
    whole, cut = a.to_cidrs(), a.to_cidrs(limit=limit)
    assert whole[: len(cut)] == cut
    assert cut == whole or len(cut) > limit


# --- one address of a set ---------------------------------------------------------------------------------------------


@given(sets)
def test_the_witness_is_the_lowest_address(a: AddressSet) -> None:
    witness = a.witness()
    if witness is None:
        assert a == NOBODY
        return
    below = AddressSet.from_ranges([(0, witness.number)]) if witness.family == 4 else AddressSet.of("0.0.0.0/0")
    assert not a & below
    rest = a - AddressSet.single(witness)
    assert rest <= a
    assert rest.size() == a.size() - 1
    assert a.only() == (witness if a.size() == 1 else None)


@given(sets)
def test_the_families_are_the_whole(a: AddressSet) -> None:
    assert a.family(4) | a.family(6) == a
    assert not a.family(4) & a.family(6)
    assert [first.family for first, _ in a.ranges()] == sorted(first.family for first, _ in a.ranges())


@given(st.lists(sets, max_size=6))
def test_a_union_of_many_is_one_after_the_other(many: list[AddressSet]) -> None:
    together = NOBODY
    for each in many:
        together |= each
    assert AddressSet.union_of(many) == together
    assert intervals.union(*(each.ipv4 for each in many)) == together.ipv4
