"""Exact sets of TCP and UDP ports (0–65535), immutable, hashable and canonical like `AddressSet`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from aksess.addresses import intervals
from aksess.addresses.intervals import Boundaries
from aksess.errors import ParseError

__all__ = ["EVERY_PORT", "PortSet"]

_END = 65536


class PortSet:
    """A set of ports."""

    __slots__ = ("flat",)

    flat: Boundaries

    def __init__(self, flat: Boundaries = ()) -> None:
        """Take boundaries that are canonical already; use `of` or `parse` for anything else."""
        self.flat = flat

    @classmethod
    def of(cls, *ports: int) -> PortSet:
        """The set of the given ports."""
        return cls(intervals.from_ranges((port, port + 1) for port in ports))

    @classmethod
    def parse(cls, texts: Iterable[str]) -> PortSet:
        """The union of Azure's port forms: ``*``, ``443`` and ``8000-8100`` (inclusive).

        Source: Azure security rule model, `destinationPortRange(s)`; ports run from 0 to 65535.

        Raises:
            ParseError: A text is none of these forms.
        """
        return _parsed(tuple(texts))

    def __contains__(self, port: int) -> bool:
        return intervals.contains(self.flat, port)

    def __or__(self, other: PortSet) -> PortSet:
        return PortSet(intervals.union(self.flat, other.flat))

    def __and__(self, other: PortSet) -> PortSet:
        return PortSet(intervals.intersection(self.flat, other.flat))

    def __sub__(self, other: PortSet) -> PortSet:
        return PortSet(intervals.difference(self.flat, other.flat))

    def __le__(self, other: PortSet) -> bool:
        return intervals.covers(other.flat, self.flat)

    def __bool__(self) -> bool:
        return bool(self.flat)

    def __eq__(self, other: object) -> bool:
        return self.flat == other.flat if isinstance(other, PortSet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.flat)

    def __repr__(self) -> str:
        return f"PortSet({self})"

    def __str__(self) -> str:
        if self == EVERY_PORT:
            return "*"
        return ",".join(
            str(start) if end == start + 1 else f"{start}-{end - 1}" for start, end in intervals.ranges(self.flat)
        )


EVERY_PORT = PortSet((0, _END))


@lru_cache(maxsize=4096)
def _parsed(texts: tuple[str, ...]) -> PortSet:
    found: list[tuple[int, int]] = []
    for text in texts:
        value = text.strip()
        if value == "*":
            found.append((0, _END))
            continue
        first, dash, last = value.partition("-")
        first, last = first.strip(), last.strip() if dash else first.strip()
        if not (_is_port(first) and _is_port(last)) or int(first) > int(last):
            raise ParseError(f"{text!r} is not a port, a port range or *")
        found.append((int(first), int(last) + 1))
    return PortSet(intervals.from_ranges(found))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < _END
