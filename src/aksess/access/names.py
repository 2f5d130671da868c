"""Names of sets in one estate: the virtual network, and the service tags that its rules and Services speak of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aksess.access.evaluator import Evaluator
from aksess.addresses import AddressSet
from aksess.addresses.tags import looks_like_tag

__all__ = ["Names", "names_of"]

Names = Sequence[tuple[str, AddressSet]]
"""Names and their sets, the most telling first; what `aksess.addresses.name_of` takes."""

_KEYWORDS = {"internet", "azureloadbalancer", "virtualnetwork"}


def names_of(evaluator: Evaluator) -> Names:
    """The names that answers about an estate may use; of two names for one set the first stands."""
    found: dict[AddressSet, str] = {}
    for lane in evaluator.lanes:
        found.setdefault(lane.surroundings.virtual_network.sure, "VirtualNetwork")
    for tag in _spoken_of(evaluator):
        addresses = evaluator.estate.tags.get(tag)
        if addresses:
            found.setdefault(addresses, tag)
    return [(name, addresses) for addresses, name in found.items()]


def _spoken_of(evaluator: Evaluator) -> Iterator[str]:
    """Every service tag that a security rule names, once, as it is written."""
    seen = set(_KEYWORDS)
    for lane in evaluator.lanes:
        for guard in lane.guards:
            for rule in guard.group.rules if guard.group else ():
                for text in rule.sources:
                    if text.lower() not in seen and looks_like_tag(text):
                        seen.add(text.lower())
                        yield text
