"""Exact sets of IPv4 and IPv6 addresses: immutable, hashable and canonical.

`AddressSet` is what every hop takes and returns. It knows nothing of networks or names; it holds the sorted
boundaries of both families (see `intervals`), so equality is ``==`` and no two spellings of one set differ.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import NamedTuple

from aksess.addresses import intervals
from aksess.addresses.intervals import Boundaries

__all__ = ["EVERYONE", "EVERY_IPV4", "EVERY_IPV6", "NOBODY", "Address", "AddressSet", "format_address"]

_BITS = {4: 32, 6: 128}
_END = {4: 1 << 32, 6: 1 << 128}


class Address(NamedTuple):
    """One address: its family (4 or 6) and its number."""

    family: int
    number: int

    def __str__(self) -> str:
        return format_address(self.family, self.number)


def format_address(family: int, number: int) -> str:
    """The usual text of an address (RFC 5952 for IPv6)."""
    if family == 4:
        return inet_ntoa(number.to_bytes(4, "big"))
    if number >> 32 == 0:  # inet_ntop writes these with a dotted tail, which no other tool here does
        return str(ipaddress.IPv6Address(number))
    return inet_ntop(AF_INET6, number.to_bytes(16, "big"))


class AddressSet:
    """A set of addresses of both families.

    Build it with `of`, `from_ranges` or the parsers of `aksess.addresses.parsing`; combine it with ``|``, ``&``,
    ``-`` and ``~``; ask it with ``in``, ``<=``, `overlaps` and ``bool``.
    """

    __slots__ = ("_hash", "ipv4", "ipv6")

    ipv4: Boundaries
    ipv6: Boundaries

    def __init__(self, ipv4: Boundaries = (), ipv6: Boundaries = ()) -> None:
        """Take boundaries that are canonical already; use `from_ranges` for anything else."""
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self._hash = 0

    @classmethod
    def from_ranges(cls, ipv4: Iterable[tuple[int, int]] = (), ipv6: Iterable[tuple[int, int]] = ()) -> AddressSet:
        """The union of half-open ranges of numbers, in any order."""
        return cls(intervals.from_ranges(ipv4), intervals.from_ranges(ipv6))

    @classmethod
    def of(cls, *members: str) -> AddressSet:
        """The union of addresses and CIDRs written the usual way; host bits are cleared.

        Raises:
            ValueError: A member is neither an address nor a CIDR.
        """
        found: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for member in members:
            network = ipaddress.ip_network(member, strict=False)
            start = int(network.network_address)
            found[network.version].append((start, start + network.num_addresses))
        return cls.from_ranges(found[4], found[6])

    @classmethod
    def single(cls, address: Address) -> AddressSet:
        """The set of one address."""
        flat = (address.number, address.number + 1)
        return cls(flat) if address.family == 4 else cls((), flat)

    @classmethod
    def union_of(cls, sets: Iterable[AddressSet]) -> AddressSet:
        """What lies in any of the sets."""
        given = list(sets)
        return cls(intervals.union(*(each.ipv4 for each in given)), intervals.union(*(each.ipv6 for each in given)))

    def __or__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.union(self.ipv4, other.ipv4), intervals.union(self.ipv6, other.ipv6))

    def __and__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.intersection(self.ipv4, other.ipv4), intervals.intersection(self.ipv6, other.ipv6))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.difference(self.ipv4, other.ipv4), intervals.difference(self.ipv6, other.ipv6))

    def __invert__(self) -> AddressSet:
        return AddressSet(intervals.complement(self.ipv4, _END[4]), intervals.complement(self.ipv6, _END[6]))

    def __contains__(self, address: Address) -> bool:
        return intervals.contains(self.ipv4 if address.family == 4 else self.ipv6, address.number)

    def __le__(self, other: AddressSet) -> bool:
        return intervals.covers(other.ipv4, self.ipv4) and intervals.covers(other.ipv6, self.ipv6)

    def __bool__(self) -> bool:
        return bool(self.ipv4 or self.ipv6)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AddressSet):
            return NotImplemented
        return self.ipv4 == other.ipv4 and self.ipv6 == other.ipv6

    def __hash__(self) -> int:
        if not self._hash:
            self._hash = hash((self.ipv4, self.ipv6)) or 1
        return self._hash

    def __repr__(self) -> str:
        shown = self.to_cidrs(limit=4)
        return f"AddressSet({', '.join(shown[:4])}{', …' if len(shown) > 4 else ''})"

    def overlaps(self, other: AddressSet) -> bool:
        """Whether the sets have an address in common."""
        return intervals.overlaps(self.ipv4, other.ipv4) or intervals.overlaps(self.ipv6, other.ipv6)

    def family(self, number: int) -> AddressSet:
        """The part of one family (4 or 6)."""
        return AddressSet(self.ipv4) if number == 4 else AddressSet((), self.ipv6)

    def size(self) -> int:
        """How many addresses the set holds, both families together."""
        return intervals.size(self.ipv4) + intervals.size(self.ipv6)

    def cidr_count(self) -> int:
        """How many CIDRs `to_cidrs` gives."""
        return intervals.blocks(self.ipv4) + intervals.blocks(self.ipv6)

    def networks(self) -> int:
        """How many separate ranges the set has, both families together."""
        return (len(self.ipv4) + len(self.ipv6)) // 2

    def witness(self) -> Address | None:
        """One address of the set, the lowest IPv4 one before IPv6; None for the empty set."""
        if self.ipv4:
            return Address(4, self.ipv4[0])
        return Address(6, self.ipv6[0]) if self.ipv6 else None

    def only(self) -> Address | None:
        """The address of a set of exactly one; None for every other set."""
        flat = (*self.ipv4, *self.ipv6) if len(self.ipv4) + len(self.ipv6) == 2 else ()
        return self.witness() if flat and flat[1] - flat[0] == 1 else None

    def ranges(self) -> Iterator[tuple[Address, Address]]:
        """First and last address of every range, IPv4 before IPv6, in increasing order."""
        for family, flat in ((4, self.ipv4), (6, self.ipv6)):
            for start, end in intervals.ranges(flat):
                yield Address(family, start), Address(family, end - 1)

    def to_cidrs(self, limit: int | None = None) -> list[str]:
        """The smallest list of CIDRs that is exactly this set, IPv4 first, in numeric order.

        Args:
            limit: Stop once more than this many are found (the list is then longer than the limit by one
                range at most); None for all.
        """
        cidrs: list[str] = []
        for family, flat in ((4, self.ipv4), (6, self.ipv6)):
            bits = _BITS[family]
            for first, end in intervals.ranges(flat):
                start = first
                while start < end:
                    step = start & -start or 1 << bits
                    if step > end - start:
                        step = 1 << (end - start).bit_length() - 1
                    cidrs.append(f"{format_address(family, start)}/{bits + 1 - step.bit_length()}")
                    start += step
                if limit is not None and len(cidrs) > limit:
                    return cidrs
        return cidrs


NOBODY = AddressSet()
EVERY_IPV4 = AddressSet((0, _END[4]))
EVERY_IPV6 = AddressSet((), (0, _END[6]))
EVERYONE = AddressSet((0, _END[4]), (0, _END[6]))
