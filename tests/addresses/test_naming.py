"""Sets have names; nobody is shown a wall of ranges."""

from __future__ import annotations

import pytest

from aksess.addresses import EVERY_IPV4, EVERYONE, INTERNET, NOBODY, PLATFORM, AddressSet, is_internet, name_of

VNET = AddressSet.of("10.224.0.0/12", "168.63.129.16")


@pytest.mark.parametrize(
    ("addresses", "name"),
    [
        (NOBODY, "nobody"),
        (EVERYONE, "everyone"),
        (INTERNET, "Internet"),
        (INTERNET.family(4), "Internet (IPv4 only)"),
        (INTERNET | VNET, "Internet + VirtualNetwork"),
        (VNET, "VirtualNetwork"),
        (EVERYONE - AddressSet.of("192.0.2.0/24"), "everyone except 192.0.2.0/24"),
        (INTERNET - AddressSet.of("192.0.2.0/24", "5.5.5.5", "6.6.6.6"), "Internet except 3 networks"),
        (AddressSet.of("203.0.113.7"), "203.0.113.7"),
        (AddressSet.of("203.0.113.7", "198.51.100.0/24"), "198.51.100.0/24 + 203.0.113.7"),
        (AddressSet.of("203.0.113.7", "198.51.100.0/24", "192.0.2.1"), "3 networks (258 addresses)"),
        (AddressSet.of("203.0.113.7") | PLATFORM, "203.0.113.7 + Azure platform"),
        (PLATFORM, "Azure platform"),
    ],
)
def test_names(addresses: AddressSet, name: str) -> None:
    assert name_of(addresses, [("VirtualNetwork", VNET)]) == name


def test_half_the_internet_is_no_internet() -> None:
    half = INTERNET & AddressSet.of("0.0.0.0/1")
    assert "Internet" not in name_of(half)
    assert not is_internet(half)


def test_internet_means_all_of_one_family() -> None:
    assert is_internet(INTERNET.family(6))
    assert is_internet(EVERY_IPV4 - AddressSet.of("10.0.0.0/8"))
    assert not is_internet(INTERNET.family(4) - AddressSet.of("203.0.113.7"))


def test_public_addresses_of_the_network_itself_do_not_count_as_internet() -> None:
    inside = AddressSet.of("203.0.113.0/24")
    assert is_internet(INTERNET.family(4) - inside, inside)
