"""Service tags: the named sets of Azure's public addresses.

Two shapes hold the same content: the weekly download (``changeNumber`` a number) and the reply of the discovery
API (``changeNumber`` a string). Names are compared without regard to case. A public file holds some three thousand
tags and a hundred thousand prefixes, so a tag is parsed when it is first asked for.

Source: Azure REST API `ServiceTagsListResult`; Microsoft Learn, "Virtual network service tags".
"""

from __future__ import annotations

from collections.abc import Mapping

from aksess.addresses.address_set import AddressSet
from aksess.addresses.parsing import azure_set

__all__ = ["INTERNET", "PLATFORM", "ServiceTags", "looks_like_tag"]

# Contract §9: `Internet` is every address but private-use and special ones; the VirtualNetwork expansion is
# taken away where it is known.
_SPECIAL = AddressSet.of(
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.168.0.0/16", "224.0.0.0/3", "::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8"),
)
INTERNET = ~_SPECIAL
"""Every public address, before any VirtualNetwork is taken away."""

PLATFORM = AddressSet.of("168.63.129.16/32")
"""The virtual address of the Azure host: the source of health probes (tag `AzureLoadBalancer`)."""


class ServiceTags:
    """The tags of one file; missing tags are None, never empty."""

    def __init__(self, prefixes: Mapping[str, list[str]] | None = None, *, change: str = "", cloud: str = "") -> None:
        self._prefixes = {name.lower(): values for name, values in (prefixes or {}).items()}
        self._names = {name.lower(): name for name in (prefixes or {})}
        self._sets: dict[str, AddressSet | None] = {}
        self.change = change
        self.cloud = cloud

    def __len__(self) -> int:
        return len(self._prefixes)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._prefixes

    def names(self) -> list[str]:
        """The tags as the file spells them."""
        return list(self._names.values())

    def get(self, name: str) -> AddressSet | None:
        """The addresses of a tag, or None where the file does not hold it or holds something unreadable in it."""
        key = name.lower()
        if key not in self._sets:
            self._sets[key] = self._parse(self._prefixes.get(key))
        return self._sets[key]

    def plain(self) -> dict[str, list[str]]:
        """Every tag with its prefixes as the file holds them."""
        return {self._names[key]: values for key, values in self._prefixes.items()}

    def merged(self, other: ServiceTags) -> ServiceTags:
        """These tags, with those of the other file where both hold one."""
        both = ServiceTags(change=other.change or self.change, cloud=other.cloud or self.cloud)
        both._prefixes = self._prefixes | other._prefixes
        both._names = self._names | other._names
        return both

    @staticmethod
    def _parse(prefixes: list[str] | None) -> AddressSet | None:
        if prefixes is None:
            return None
        found, unreadable = azure_set(prefixes)
        return None if unreadable else found


def looks_like_tag(text: str) -> bool:
    """Whether a text could be a service tag at all (`AzureFrontDoor.Backend`), rather than a broken address."""
    head = text[:1]
    return (
        head.isascii() and head.isalpha() and all(char.isascii() and (char.isalnum() or char in "._-") for char in text)
    )
