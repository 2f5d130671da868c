"""Names for sets: people read "Internet except 3 networks", never a wall of ranges."""

from __future__ import annotations

from collections.abc import Sequence

from aksess.addresses.address_set import EVERY_IPV4, EVERY_IPV6, EVERYONE, AddressSet
from aksess.addresses.tags import INTERNET, PLATFORM

__all__ = ["is_internet", "name_of"]

_FEW = 2


def is_internet(addresses: AddressSet, virtual_network: AddressSet | None = None) -> bool:
    """Whether every public address of at least one family is in the set.

    Args:
        addresses: The set.
        virtual_network: Public addresses that belong to the virtual network do not count as Internet.
    """
    inside = PLATFORM | (virtual_network or AddressSet())
    return any(public <= addresses for public in (INTERNET.family(4) - inside, INTERNET.family(6) - inside) if public)


def name_of(addresses: AddressSet, known: Sequence[tuple[str, AddressSet]] = (), *, nobody: str = "nobody") -> str:
    """A short human name for a set.

    Args:
        addresses: The set to name.
        known: Names and their sets (virtual network, tags, groups), the most telling first.
        nobody: What the empty set is called here.
    """
    if not addresses:
        return nobody
    if addresses == EVERYONE:
        return "everyone"
    for name, exact in known:
        if exact == addresses:
            return name
    parts, rest = _internet(addresses)
    for name, whole in known:
        # beside the Internet, a name stands for what it adds to it
        part = whole & rest
        if part and (whole <= rest or (parts and whole - INTERNET <= rest)):
            parts.append(name)
            rest = rest - part
    if rest >= PLATFORM and rest != PLATFORM:
        rest = rest - PLATFORM
        return _joined([*parts, *_counted(rest), "Azure platform"])
    if rest == PLATFORM:
        return _joined([*parts, "Azure platform"])
    return _joined([*parts, *_counted(rest)])


def _internet(rest: AddressSet) -> tuple[list[str], AddressSet]:
    """The Internet part of a set, by family, and what is left of the set without it."""
    found: list[str] = []
    families: list[tuple[int, AddressSet]] = []
    for family in (4, 6):
        public = INTERNET.family(family)
        missing = public - rest - PLATFORM
        # most of the Internet with holes is "Internet except …"; half of it is a list of networks
        if missing.size() * 4 <= public.size():
            families.append((family, missing))
    if not families:
        return found, rest
    missing = AddressSet.union_of(each for _, each in families)
    private = AddressSet.union_of((EVERY_IPV4 if family == 4 else EVERY_IPV6) - INTERNET for family, _ in families)
    name = "Internet"
    if private <= rest:
        name, rest = "everyone", rest - private
    only = "" if len(families) == 2 else f" (IPv{families[0][0]} only)"
    found.append(f"{name}{only}{_except(missing)}")
    for family, _ in families:
        rest = rest - INTERNET.family(family)
    return found, rest


def _except(missing: AddressSet) -> str:
    if not missing:
        return ""
    count = missing.cidr_count()
    return f" except {_short(missing.to_cidrs()[0])}" if count == 1 else f" except {count:,} networks"


def _counted(rest: AddressSet) -> list[str]:
    if not rest:
        return []
    count = rest.cidr_count()
    if count <= _FEW:
        return [_short(cidr) for cidr in rest.to_cidrs()]
    return [f"{count:,} networks ({_amount(rest.size())} addresses)"]


def _short(cidr: str) -> str:
    address, _, length = cidr.partition("/")
    return address if length == ("128" if ":" in address else "32") else cidr


def _amount(size: int) -> str:
    return f"{size:,}" if size < 1 << 40 else f"2^{size.bit_length() - 1}"


def _joined(parts: list[str]) -> str:
    return " + ".join(parts)
