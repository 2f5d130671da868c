"""Sources: whom a question is about: an address, a CIDR, a service tag, or a named group of addresses."""

from __future__ import annotations

from dataclasses import dataclass

from aksess.addresses import INTERNET, PLATFORM, AddressSet, set_of
from aksess.addresses.parsing import plain_source
from aksess.addresses.tags import looks_like_tag
from aksess.errors import ParseError, SourceError
from aksess.estate import Estate
from aksess.layers import virtual_network

__all__ = ["Source", "parse_source"]


@dataclass(frozen=True, slots=True)
class Source:
    """A source: its text and the addresses it stands for."""

    text: str
    addresses: AddressSet


def parse_source(text: str, estate: Estate) -> Source:
    """A source from its text.

    Raises:
        SourceError: It is no address, no CIDR and no tag that can be resolved.
    """
    try:
        return Source(text, set_of([plain_source(text)]))
    except ParseError:
        pass
    name = text.lower()
    if name == "internet":
        space = virtual_network.expansion(estate, estate.node_groups[0])
        return Source(text, INTERNET - space.sure)
    if name == "azureloadbalancer":
        return Source(text, PLATFORM)
    if name == "virtualnetwork":
        return Source(text, virtual_network.expansion(estate, estate.node_groups[0]).sure)
    found = estate.tags.get(text)
    if found is not None:
        return Source(text, found)
    if looks_like_tag(text) and "." not in text.rstrip("."):
        hint = (
            "give the weekly file or the service-tags reply with -f" if not len(estate.tags) else "check its spelling"
        )
        raise SourceError(f"service tag {text} is in no tag file of the input", hint=hint)
    raise SourceError(f"{text!r} is no source", hint="an address, a CIDR or a service tag")
