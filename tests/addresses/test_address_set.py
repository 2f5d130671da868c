"""Laws of the set algebra, with `ipaddress` and `netaddr` as oracles."""

from __future__ import annotations

import ipaddress

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksess.addresses import EVERYONE, NOBODY, Address, AddressSet

BITS = {4: 32, 6: 128}


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
