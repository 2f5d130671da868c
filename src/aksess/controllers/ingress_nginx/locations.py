"""The locations of one host, and which of them takes a request.

A host is read in one of two ways. Without expressions, an exact path wins, else the longest prefix that ends at a
slash; a path that lacks only the trailing slash of a location is redirected there. As soon as one location of the
host uses an expression or a rewrite, every path of the host becomes an expression without regard to case that
matches from the start, tried from the longest to the shortest.

Source: kubernetes/ingress-nginx internal/ingress/controller/location.go `updateServerLocations`,
template/template.go `buildLocation`, `enforceRegexModifier`, `needsRewrite`; nginx src/http/ngx_http_core_module.c
`ngx_http_core_find_location`, `ngx_http_core_find_static_location` (the redirect is made where a location passes
requests on and its name ends in a slash).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.upstreams import Upstream
from aksess.controllers.ingress_nginx.uris import as_location
from aksess.errors import ParseError
from aksess.estate.kubernetes import IngressPath

__all__ = ["Location", "Locations", "Match", "arranged", "expression", "pcre"]

_ONLY_PCRE = re.compile(r'\\[QEKRGXhHvVNpPCgkzZ]|\(\?[|R&0-9+\-]|\[\[:|\(\*|\{,|"|\\\\')
_QUANTIFIER = re.compile(r"[*+?]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\}", re.ASCII)
_MOST_CHOICES = 16
_MOST_LOOPS = 6
"""So many choices and repetitions without bound are tried in an instant, even where nothing matches in the end."""


@dataclass(frozen=True, slots=True)
class Location:
    """One location of a host.

    Attributes:
        path: Path of the location, one character a byte.
        exact: Whether only this path is meant.
        rules: The Ingress whose annotations hold here; None for the catch-all that nobody owns.
        upstream: Where it leads; None for the default backend.
        written: The path in the Ingress; None for the location that a host has without being told.
    """

    path: str
    exact: bool
    rules: IngressRules | None
    upstream: Upstream | None
    written: IngressPath | None = None

    @property
    def implicit(self) -> bool:
        """Whether nobody wrote this location: the ``/`` that comes with every host."""
        return self.written is None

    @property
    def needs_rewrite(self) -> bool:
        """Whether requests are rewritten to another path."""
        target = self.rules.rewrite_target if self.rules else ""
        return bool(target) and as_location(target) != self.path

    @property
    def wants_expressions(self) -> bool:
        """Whether the location makes its host read paths as expressions."""
        return self.needs_rewrite or (self.rules is not None and self.rules.use_regex)


@dataclass(frozen=True, slots=True)
class Match:
    """The location of a request.

    Attributes:
        location: The location; None for the built-in ones of the catch-all server.
        kind: ``location``, ``slash`` (a redirect that adds the trailing slash), ``health`` or ``status``.
    """

    location: Location | None
    kind: Literal["location", "slash", "health", "status"] = "location"


def arranged(locations: Iterable[Location]) -> tuple[Location, ...]:
    """The locations of a host in the order of the configuration, with those that a prefix adds.

    A prefix ``/foo`` is the location ``/foo/`` and the exact location ``/foo``, unless somebody wrote the latter.
    """
    ordered = sorted(locations, key=lambda each: each.path.encode("latin-1"), reverse=True)
    ordered.sort(key=lambda each: len(each.path), reverse=True)
    exact = {each.path for each in ordered if each.exact}
    found: list[Location] = []
    for each in ordered:
        if each.path == "/" or each.exact or each.wants_expressions:
            found.append(each)
            continue
        found.append(replace(each, path=each.path if each.path.endswith("/") else each.path + "/"))
        if each.path not in exact:
            found.append(replace(each, exact=True))
    return tuple(found)


class Locations:
    """The locations of one host, ready to be asked."""

    __slots__ = ("_exact", "_prefixes", "are_expressions", "health_path", "ordered")

    def __init__(self, ordered: tuple[Location, ...], health_path: str = "") -> None:
        """Take the locations.

        Args:
            ordered: The locations in the order of the configuration (see `arranged`).
            health_path: Path of the health answer, on the catch-all server only.
        """
        self.ordered = ordered
        self.health_path = health_path
        self.are_expressions = any(each.wants_expressions for each in ordered)
        """Whether the paths of the host are expressions."""
        self._exact = {each.path: each for each in reversed(ordered) if each.exact}
        self._prefixes = {each.path: each for each in reversed(ordered) if not each.exact}

    def find(self, path: str) -> Match:
        """The location of a path (see `uris.normal_path`).

        Raises:
            ParseError: An expression before the one that would match cannot be judged here.
        """
        return self._find_expression(path) if self.are_expressions else self._find_plain(path)

    def _built_in(self, path: str) -> tuple[str, Literal["health", "status"]] | None:
        if not self.health_path:
            return None
        if path.startswith(self.health_path):
            return self.health_path, "health"
        return ("/nginx_status", "status") if path.startswith("/nginx_status") else None

    def _find_expression(self, path: str) -> Match:
        for each in self.ordered:
            if expression(each.path).match(path):
                return Match(each)
        built_in = self._built_in(path)
        if built_in is None:
            raise ParseError("no location of the host matches")
        return Match(None, built_in[1])

    def _find_plain(self, path: str) -> Match:
        found = self._exact.get(path)
        if found is not None:
            return Match(found)
        for table in (self._prefixes, self._exact):
            longer = table.get(path + "/")
            if longer is not None and (longer.rules is None or longer.rules.denial is None):
                return Match(longer, "slash")
        built_in = self._built_in(path)
        best = self._longest_prefix(path)
        if built_in is not None and (best is None or len(built_in[0]) > len(best.path)):
            return Match(None, built_in[1])
        if best is None:
            raise ParseError("no location of the host matches")
        return Match(best)

    def _longest_prefix(self, path: str) -> Location | None:
        end = len(path)
        while (end := path.rfind("/", 0, end)) >= 0:
            found = self._prefixes.get(path[: end + 1])
            if found is not None:
                return found
        return None

    def duplicates(self) -> Sequence[Location]:
        """Locations that are there twice, which nginx refuses; expressions may be."""
        if self.are_expressions:
            return ()
        seen: set[tuple[str, bool]] = set()
        twice: list[Location] = []
        for each in self.ordered:
            key = (each.path, each.exact)
            if key in seen:
                twice.append(each)
            seen.add(key)
        return twice


def expression(path: str) -> re.Pattern[str]:
    """The expression that a path stands for: nginx ``~* "^path"``.

    Raises:
        ParseError: It cannot be judged here.
    """
    return pcre("^" + path)


@lru_cache(maxsize=4096)
def pcre(pattern: str, *, caseless: bool = True) -> re.Pattern[str]:
    """An expression of nginx.

    Args:
        pattern: The expression.
        caseless: Whether it has no regard to case.

    Raises:
        ParseError: It cannot be judged here: the two dialects differ, or it may never end.
    """
    text = pattern.replace("(?i)", "")
    if _may_hang(text):
        raise ParseError(f"the expression {pattern!r} repeats a repetition")
    if _ONLY_PCRE.search(text):
        raise ParseError(f"the expression {pattern!r} uses what only PCRE knows")
    text = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", text)
    try:
        return re.compile(text, re.ASCII | (re.IGNORECASE if caseless else re.NOFLAG))
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        raise ParseError(f"the expression {pattern!r} cannot be read: {error}") from None


def _may_hang(pattern: str) -> bool:
    """Whether trying may take for ever: a repetition or a choice is repeated without bound, or there are too many."""
    groups: list[tuple[int, int]] = [(0, 0)]  # choices and repetitions without bound, by open group
    index = 0
    in_class = False
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 2
            continue
        choices, loops = groups[-1]
        if in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            index += 1 if pattern[index + 1 : index + 2] in {"]", "^"} else 0
        elif char == "(":
            groups.append((0, 0))
            index += 1 if pattern[index + 1 : index + 2] == "?" else 0
        elif char == ")" and len(groups) > 1:
            inside = groups.pop()
            _, most = _repeats(pattern, index + 1)
            if most is None and any(inside):
                return True
            outer = groups[-1]
            groups[-1] = (outer[0] + inside[0] * (most or 0), outer[1] + inside[1] * (most or 0))
        elif char == "|":
            groups[-1] = (choices + 1, loops)
        else:
            least, most = _repeats(pattern, index)
            groups[-1] = (choices, loops + 1) if most is None else (choices + most - least, loops)
        index += 1
    return sum(each[0] for each in groups) > _MOST_CHOICES or sum(each[1] for each in groups) > _MOST_LOOPS


def _repeats(pattern: str, index: int) -> tuple[int, int | None]:
    """How often the quantifier that stands there repeats, at least and at most; once where there is none."""
    found = _QUANTIFIER.match(pattern, index)
    if found is None:
        return 1, 1
    if found[0] in {"*", "+"}:
        return 0, None
    if found[0] == "?":
        return 0, 1
    least = int(found["least"][:5] or "0")
    if not found["comma"]:
        return least, least
    return least, int(found["most"][:5]) if found["most"] else None
