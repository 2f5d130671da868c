"""What the templates show: sets with their ranges, places, exposures and hops, prepared so that templates only place.

Sets repeat: most exposures of an estate share a handful of them. Each is named and spelt out once.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aksess.access.exposures import Exposure
from aksess.access.names import Names
from aksess.access.outcomes import Outcome
from aksess.addresses import AddressSet, name_of
from aksess.report import groups
from aksess.report.groups import Way
from aksess.report.routes import LAYERS, Row, place_text, rows
from aksess.rulings import Assumption, Citation, Verdict

__all__ = ["Place", "Places", "RangedSet", "Route", "Sets", "Share", "WayView", "routes", "shares", "way_views"]

_FEW_CIDRS = 200
_AUDIENCES = {
    "internet": "open to the Internet",
    "some": "some networks",
    "private": "private addresses only",
    "nobody": "nobody",
    "unknown": "cannot be known",
}


@dataclass(frozen=True)
class RangedSet:
    """A set of addresses: its name, its first ranges, and how many more there are."""

    name: str
    cidrs: tuple[str, ...]
    more: int

    def __bool__(self) -> bool:
        return bool(self.cidrs)


@dataclass
class Sets:
    """Sets by their names in one estate."""

    names: Names
    _known: dict[AddressSet, RangedSet] = field(default_factory=dict, repr=False)

    def of(self, addresses: AddressSet) -> RangedSet:
        """A set with its name and ranges."""
        if addresses not in self._known:
            cidrs = addresses.to_cidrs()
            shown = tuple(cidrs[:_FEW_CIDRS])
            self._known[addresses] = RangedSet(name_of(addresses, self.names), shown, len(cidrs) - len(shown))
        return self._known[addresses]


@dataclass(frozen=True)
class Place:
    """Where something stands: the folder shown faintly, the file, the line, and all of it in full."""

    folder: str
    name: str
    line: str
    whole: str


@dataclass(frozen=True)
class Places:
    """Places of one page, shortened by the folder that all of them share where paths are absolute."""

    root: str = ""

    @classmethod
    def of(cls, citations: Iterable[Citation]) -> Places:
        """The places of everything that a page cites."""
        files = {each.file for each in citations if each.file}
        if not files or not all(map(posixpath.isabs, files)):
            return cls()
        root = posixpath.commonpath([posixpath.dirname(each) for each in files])
        return cls("" if root == "/" else root)

    def of_text(self, text: str) -> Place | None:
        """A place from ``file:line``; None for none."""
        if not text:
            return None
        shown = text[len(self.root) + 1 :] if self.root and text.startswith(f"{self.root}/") else text
        folder, slash, name = shown.rpartition("/")
        file, _, line = name.rpartition(":")
        return (
            Place(folder + slash, file, line, text)
            if file and line.isdigit()
            else Place(folder + slash, name, "", text)
        )

    def of_citation(self, citation: Citation) -> Place | None:
        """Where what is cited stands; None where nothing was read."""
        return self.of_text(place_text(citation))


@dataclass(frozen=True)
class WayView:
    """One row of the exposures.

    Attributes:
        way: The exposures that the row stands for.
        audience: Who gets in, as one of a few words for the icon.
        word: The same for people.
        allowed: Who gets in.
        indeterminate: Who cannot be told.
        layers: Names of the layers that narrow it.
        codes: Slugs of those layers, for the filter.
        narrowed: What narrows it, each resource once.
        assumed: What it takes for true.
    """

    way: Way
    audience: str
    word: str
    allowed: RangedSet
    indeterminate: RangedSet
    layers: tuple[str, ...]
    codes: str
    narrowed: tuple[Citation, ...]
    assumed: tuple[Assumption, ...]


@dataclass(frozen=True)
class Share:
    """A part of the bar that says who gets in: a word, how many exposures, and where it begins."""

    audience: str
    word: str
    number: int
    start: int


@dataclass(frozen=True)
class Route:
    """The way of one outcome."""

    outcome: Outcome
    sources: RangedSet
    seen: RangedSet
    rows: tuple[Row, ...]

    @property
    def reached(self) -> bool:
        """Whether the application is reached."""
        return self.outcome.verdict == Verdict.ALLOWED


def way_views(exposures: Sequence[Exposure], sets: Sets) -> list[WayView]:
    """Every row of the exposures."""
    return [_way_view(each, sets) for each in groups.ways(exposures)]


def shares(exposures: Sequence[Exposure], names: Names) -> list[Share]:
    """How many exposures are open to whom, the widest first."""
    found = [groups.audience(each, names) for each in exposures]
    return list(_shares([(each, found.count(each)) for each in _AUDIENCES]))


def routes(outcomes: Iterable[Outcome], sets: Sets) -> list[Route]:
    """The ways of all outcomes."""
    return [Route(each, sets.of(each.sources), sets.of(each.seen), tuple(rows(each))) for each in outcomes]


def _way_view(way: Way, sets: Sets) -> WayView:
    first = way.first
    audience = groups.audience(first, sets.names)
    codes = dict.fromkeys(each.layer for each in first.narrowed)
    return WayView(
        way,
        audience,
        _AUDIENCES[audience],
        sets.of(first.allowed),
        sets.of(first.indeterminate),
        tuple(LAYERS[each] for each in codes),
        " ".join(each.value for each in codes),
        tuple(groups.distinct(first.narrowed)),
        first.assumptions,
    )


def _shares(counted: Iterable[tuple[str, int]]) -> Iterator[Share]:
    start = 0
    for audience, number in counted:
        if number:
            yield Share(audience, _AUDIENCES[audience], number, start)
            start += number
