"""Exact sets of addresses and ports, and the ways in which systems read them. Pure; imports nothing else of aksess.

`AddressSet` and `PortSet` are the values; `parsing` reads texts as each system does; `tags` holds Azure's service
tags; `naming` gives sets the names that people read.
"""

from __future__ import annotations

from aksess.addresses.address_set import (
    EVERY_IPV4,
    EVERY_IPV6,
    EVERYONE,
    NOBODY,
    Address,
    AddressSet,
    format_address,
)
from aksess.addresses.naming import is_internet, name_of
from aksess.addresses.parsing import Network, read_address, set_of
from aksess.addresses.port_set import EVERY_PORT, PortSet
from aksess.addresses.tags import INTERNET, PLATFORM, ServiceTags

__all__ = [
    "EVERYONE",
    "EVERY_IPV4",
    "EVERY_IPV6",
    "EVERY_PORT",
    "INTERNET",
    "NOBODY",
    "PLATFORM",
    "Address",
    "AddressSet",
    "Network",
    "PortSet",
    "ServiceTags",
    "format_address",
    "is_internet",
    "name_of",
    "read_address",
    "set_of",
]
