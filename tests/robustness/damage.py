"""Ways to damage an estate, each described by plain values so that a failing case can be read and repeated.

One value of one file is replaced, dropped or written twice. Paths are tuples of keys and indices from the top of a
file's value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from robustness.small_estates import Files, text_of

__all__ = ["ODD", "WRONG", "Damage", "Doubled", "Dropped", "Replaced", "paths", "value_at", "wrong_types"]

Path = tuple[str | int, ...]

_NESTED: Any = "x"
for _ in range(70):
    _NESTED = [_NESTED]

ODD: dict[str, Any] = {
    "null": None,
    "empty text": "",
    "empty list": [],
    "empty mapping": {},
    "minus one": -1,
    "zero": 0,
    "huge number": 10**40,
    "beyond 64 bits": 2**64,
    "true": True,
    "fraction": 1.5,
    "long text": "x" * 5000,
    "long digits": "9" * 5000,
    "nested lists": _NESTED,
    "NUL": "a\0b",
    "emoji and newlines": "🚀\r\n\tx\u2028y",
    "superscript digit": "²",
    "digit of another script": "٣",
    "lone key": {"": ""},
    "list of null": [None],
    "list of text": ["x"],
    "list of lists": [[]],
    "mapping of mappings": {"x": {"y": 1}},
    "list of mappings": [{"x": 1}],
    "host bits": "203.0.113.7/0",
    "no such address": "999.1.1.1/33",
    "negative length": "10.0.0.0/-1",
    "absurd length": "10.0.0.0/99999999999999999999",
    "two slashes": "0.0.0.0/0/0",
    "IPv6 too long": "::/129",
    "zone": "fe80::1%eth0",
    "everything": "*",
    "a tag": "VirtualNetwork",
    "an unknown tag": "NoSuchTag",
    "range upside down": "9-1",
    "template": "{{ .Values.x }}",
    "variable": "${VALUE}",
    "negative zero": "-0",
    "comma": ",",
    "slash": "/",
    "regular expression": "(((((a+)+)+)+)+)$",
}
"""What a value may be replaced by, by name."""

WRONG: dict[type, tuple[Any, ...]] = {
    str: (["x"], {"x": 1}, [None]),
    bool: (["x"], {"x": 1}, "maybe"),
    int: (["x"], {"x": 1}, [1]),
    list: ("x", 5, {"x": 1}),
    dict: ("x", 5, [1]),
}
"""Values that no reader could take for a value of the given type."""


@dataclass(frozen=True)
class Replaced:
    """One value of a file replaced by another."""

    file: str
    path: Path
    by: Any

    def on(self, files: Files) -> Files:
        """The damaged files; what they were given as is changed."""
        files[self.file] = _with(files[self.file], self.path, self.by)
        return files


@dataclass(frozen=True)
class Dropped:
    """One key or element of a file left out."""

    file: str
    path: Path

    def on(self, files: Files) -> Files:
        """The damaged files; what they were given as is changed."""
        del value_at(files[self.file], self.path[:-1])[self.path[-1]]
        return files


@dataclass(frozen=True)
class Doubled:
    """One key of a file written twice, the second time with another value."""

    file: str
    path: Path
    second: Any

    def on(self, files: Files) -> Files:
        """The damaged files; the file with the doubled key is written out as bytes."""
        holder = value_at(files[self.file], self.path[:-1])
        key = self.path[-1]
        # a marker key at its place in the text, turned into the same key again
        changed = {name: each for old, value in holder.items() for name, each in _twice(old, value, key, self.second)}
        whole = _with(files[self.file], self.path[:-1], changed)
        text = text_of(self.file, whole)
        files[self.file] = text.replace(json.dumps(_MARK), json.dumps(key)).replace(_MARK, str(key)).encode()
        return files


Damage = Replaced | Dropped | Doubled
_MARK = "writtenOnceMore"


def _twice(old: Any, value: Any, key: Any, second: Any) -> Iterator[tuple[Any, Any]]:
    yield old, value
    if old == key:
        yield _MARK, second


def paths(value: Any, before: Path = ()) -> Iterator[Path]:
    """The path of every value inside a value, outer ones first; not of the value itself."""
    children = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*before, key)
        yield from paths(child, (*before, key))


def value_at(value: Any, path: Path) -> Any:
    """The value that a path leads to."""
    for step in path:
        value = value[step]
    return value


def wrong_types(value: Any) -> tuple[Any, ...]:
    """Values of types that cannot stand where a value stands."""
    return WRONG.get(type(value), ())


def _with(value: Any, path: Path, by: Any) -> Any:
    if not path:
        return by
    value_at(value, path[:-1])[path[-1]] = by
    return value
