"""JSON texts: one value, several after one another, or a long list that is kept as bytes.

A list of Kubernetes objects is cut into the bytes of its items without building them; each item is then found again
in the text, one after the other, which gives its offset (and with it the line) at the speed of a memory compare.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from aksess.errors import ParseError
from aksess.snapshot.places import JsonPlace, SourceText
from aksess.snapshot.recognition import Collector
from aksess.snapshot.unread import Reach

__all__ = ["MAX_CONTAINERS", "MAX_CUT", "MAX_VALUES", "looks_like_json", "read_json"]

MAX_CONTAINERS = 5_000_000
"""Lists and mappings that are built from one text; each costs some hundred bytes."""
MAX_CUT = 20_000_000
"""Mappings in a list that is cut into bytes; only the bytes of its items are kept."""
MAX_VALUES = 100_000
"""Values after one another in one text."""

_LIST_FROM = 64
"""Lists longer than this are cut into bytes instead of being built."""


class _Meta(msgspec.Struct):
    name: str | None = None
    namespace: str | None = None


class _Head(msgspec.Struct, rename="camel"):
    kind: str | None = None
    api_version: str | None = None
    metadata: _Meta | None = None


class _ListMeta(msgspec.Struct, rename={"more": "continue"}):
    more: str | None = None


class _ObjectList(msgspec.Struct, rename="camel"):
    kind: str
    api_version: str
    items: list[msgspec.Raw]
    metadata: _ListMeta | None = None


def looks_like_json(data: bytes) -> bool:
    """Whether a text begins as JSON does."""
    return data.lstrip()[:1] in {b"{", b"["}


def read_json(source: SourceText, collector: Collector) -> None:
    """Take everything in a JSON text.

    Raises:
        ParseError: The text is no JSON; ``where`` holds file and line.
    """
    data = source.data
    if data.lstrip()[:1] == b"{" and _take_long_list(source, collector):
        return
    if data.count(b"{") + data.count(b"[") > MAX_CONTAINERS:
        raise ParseError(f"more than {MAX_CONTAINERS:,} lists and mappings", where=f"{source.file}:1")
    try:
        value = msgspec.json.decode(data)
    except RecursionError:
        raise ParseError("nested too deep", where=f"{source.file}:1") from None
    except (msgspec.DecodeError, ValueError) as error:
        if "trailing characters" in str(error):
            _take_several(source, collector)
            return
        raise ParseError(f"broken JSON ({_reason(error)})", where=f"{source.file}:{_line(source, error)}") from None
    collector.take(value, JsonPlace(source, _start(data), len(data)))


def _take_long_list(source: SourceText, collector: Collector) -> bool:
    data = source.data
    if data.count(b"{") > MAX_CUT:
        return False
    try:
        found = msgspec.json.decode(data, type=_ObjectList)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return False
    if not found.kind.endswith("List") or len(found.items) < _LIST_FROM:
        return False
    if found.metadata is not None and found.metadata.more:
        return False
    position = data.find(b'"items"')
    for raw in found.items:
        text = bytes(raw)
        position = data.find(text, position)
        place = JsonPlace(source, position, position + len(text))
        position += len(text)
        try:
            head = msgspec.json.decode(text, type=_Head)
        except (msgspec.MsgspecError, RecursionError):
            head = _Head()
        meta = head.metadata
        if head.kind and head.api_version and meta is not None and meta.name and not head.kind.endswith("List"):
            collector.take_object(head.api_version, head.kind, meta.namespace or "", meta.name, text, place)
        else:
            _take_odd(text, found, place, collector)
    return True


def _take_odd(text: bytes, listed: _ObjectList, place: JsonPlace, collector: Collector) -> None:
    """An item whose head is not plain: let the general way say what it is."""
    try:
        value: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        collector.gap(place, "nested too deep", Reach.EVERYTHING)
        return
    if isinstance(value, dict) and "kind" not in value and listed.kind != "List":
        value = {**value, "kind": listed.kind.removesuffix("List"), "apiVersion": listed.api_version}
    collector.take(value, place)


def _take_several(source: SourceText, collector: Collector) -> None:
    """Several JSON values after one another, as kubectl accepts them; all of them, or none where one is broken.

    A text that is no JSON from the second value on may still be YAML (``---`` between the values), which is then read
    from its beginning.
    """
    text = source.data.decode()
    decoder = json.JSONDecoder(strict=False)
    found: list[tuple[Any, JsonPlace]] = []
    position, byte, counted = 0, 0, 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        if len(found) == MAX_VALUES:
            line = text.count("\n", 0, position) + 1
            raise ParseError(f"more than {MAX_VALUES:,} JSON values after one another", where=f"{source.file}:{line}")
        try:
            _, end = decoder.raw_decode(text, position)
            value = msgspec.json.decode(text[position:end])
        except (json.JSONDecodeError, msgspec.DecodeError, RecursionError) as error:
            line = text.count("\n", 0, getattr(error, "pos", position)) + 1
            raise ParseError("broken JSON (after one or more whole values)", where=f"{source.file}:{line}") from None
        byte += len(text[counted:position].encode())
        length = len(text[position:end].encode())
        found.append((value, JsonPlace(source, byte, byte + length)))
        byte, counted, position = byte + length, end, end
    for value, place in found:
        collector.take(value, place)


def _start(data: bytes) -> int:
    return len(data) - len(data.lstrip())


def _reason(error: Exception) -> str:
    text = str(error).partition(" (byte ")[0]
    return text.removeprefix("JSON is malformed: ").strip() or "not readable"


def _line(source: SourceText, error: Exception) -> int:
    _, found, rest = str(error).rpartition("(byte ")
    digits = rest.rstrip(")")
    offset = int(digits) if found and digits.isdigit() else len(source.data)
    return source.line_at(min(offset, max(len(source.data) - 1, 0)))
