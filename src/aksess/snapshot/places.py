"""Where an object was found: file and line, of the object or of a field in it.

Finding a line costs a walk through the text, so it is done when somebody reads it, and only through the one object
it is asked of. Paths are given as the product names fields. Azure writes one field in several shapes (nested in
``properties`` or not, ``authorizedIPRanges`` or ``authorizedIpRanges``), so a step that is not found under its own
name is looked for without regard to case and inside ``properties``. A step that cannot be found at all ends the
walk: the line is then that of the nearest object around it.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

import yaml

from aksess.snapshot.yaml_loader import compose

__all__ = ["JsonPlace", "SourceText", "StoredPlace", "YamlDocument", "YamlPlace"]

Path = tuple[str | int, ...]
_SPACE = " \t\r\n"


class SourceText:
    """The bytes of one file, with the line of any offset."""

    def __init__(self, file: str, data: bytes) -> None:
        self.file = file
        self.data = data

    @cached_property
    def _ends(self) -> list[int]:
        ends: list[int] = []
        position = self.data.find(b"\n")
        while position >= 0:
            ends.append(position)
            position = self.data.find(b"\n", position + 1)
        return ends

    def line_at(self, offset: int) -> int:
        """The line, from 1, that holds the byte at an offset."""
        return bisect_right(self._ends, offset - 1) + 1


class JsonPlace:
    """An object inside a JSON text, between two byte offsets."""

    __slots__ = ("_end", "_source", "_start")

    def __init__(self, source: SourceText, start: int, end: int) -> None:
        self._source = source
        self._start = start
        self._end = end

    @property
    def file(self) -> str:
        """The path as the user named it."""
        return self._source.file

    @property
    def source(self) -> SourceText:
        """The file that holds it."""
        return self._source

    @property
    def span(self) -> tuple[int, int]:
        """The byte offsets, in the file, of its beginning and of what comes after it."""
        return self._start, self._end

    def line(self, path: Path = ()) -> int:
        """The line of the object, or of a field in it."""
        line = self._source.line_at(self._start)
        if path:
            text = self._text
            line += text.count("\n", 0, _walk(text, path)[0])
        return line

    def inside(self, path: Path) -> JsonPlace:
        """The place of an object inside this one."""
        text = self._text
        start = _walk(text, path)[1]
        _, end = _DECODER.raw_decode(text, start)
        before = len(text[:start].encode())
        return JsonPlace(self._source, self._start + before, self._start + before + len(text[start:end].encode()))

    def elements(self, path: Path) -> list[JsonPlace]:
        """The places of the elements of a list inside this object, found in one pass."""
        text = self._text
        places: list[JsonPlace] = []
        position = _walk(text, path)[1]
        if text[position : position + 1] != "[":
            return places
        byte, counted = self._start, 0
        position = _skip(text, position + 1)
        while text[position] != "]":
            _, end = _DECODER.raw_decode(text, position)
            byte += len(text[counted:position].encode())
            length = len(text[position:end].encode())
            places.append(JsonPlace(self._source, byte, byte + length))
            byte, counted = byte + length, end
            position = _skip(text, end)
            if text[position] == ",":
                position = _skip(text, position + 1)
        return places

    @property
    def _text(self) -> str:
        return self._source.data[self._start : self._end].decode()


_DECODER = json.JSONDecoder(strict=False)


def _walk(text: str, path: Path) -> tuple[int, int]:
    """Offsets of the key (or element) and of the value that a path leads to, or of the last step found."""
    found = (0, 0)
    for step in path:
        try:
            further = _json_step(text, found[1], step)
        except RecursionError:  # something beside the path nests deeper than Python's reader follows
            break
        if further is None:
            break
        found = further
    return found


def _json_step(text: str, value: int, step: str | int) -> tuple[int, int] | None:
    """Key offset and value offset of one step below the value at an offset."""
    if isinstance(step, int):
        return _json_element(text, value, step)
    if text[value : value + 1] != "{":
        return None
    members = list(_json_members(text, value))
    for match in (step.__eq__, lambda key: key.lower() == step.lower()):
        for key, key_at, value_at in members:
            if match(key):
                return key_at, value_at
    for key, _, value_at in members:
        if key.lower() == "properties":
            return _json_step(text, value_at, step)
    return None


def _json_members(text: str, value: int) -> list[tuple[str, int, int]]:
    members: list[tuple[str, int, int]] = []
    position = _skip(text, value + 1)
    while text[position] == '"':
        key, after = json.decoder.scanstring(text, position + 1, False)  # type: ignore[attr-defined]
        value_at = _skip(text, _skip(text, after) + 1)
        members.append((key, position, value_at))
        _, end = _DECODER.raw_decode(text, value_at)
        position = _skip(text, end)
        if text[position] != ",":
            break
        position = _skip(text, position + 1)
    return members


def _json_element(text: str, value: int, index: int) -> tuple[int, int] | None:
    if text[value : value + 1] != "[":
        return None
    position = _skip(text, value + 1)
    for _ in range(index):
        if text[position] == "]":
            return None
        _, end = _DECODER.raw_decode(text, position)
        position = _skip(text, end)
        if text[position] != ",":
            return None
        position = _skip(text, position + 1)
    return None if text[position] == "]" else (position, position)


def _skip(text: str, position: int) -> int:
    while text[position] in _SPACE:
        position += 1
    return position


class YamlDocument:
    """One document of a YAML file: its text, the line it begins at, and its offset (in characters) in the file."""

    def __init__(self, file: str, text: str, first_line: int, start: int = 0) -> None:
        self.file = file
        self.text = text
        self.first_line = first_line
        self.start = start

    @cached_property
    def root(self) -> yaml.Node | None:
        """The node tree with marks, made when a line is first asked for."""
        return compose(self.text)


class YamlPlace:
    """An object inside a YAML document, at a path from its root."""

    __slots__ = ("_document", "_prefix")

    def __init__(self, document: YamlDocument, prefix: Path = ()) -> None:
        self._document = document
        self._prefix = prefix

    @property
    def file(self) -> str:
        """The path as the user named it."""
        return self._document.file

    @property
    def document(self) -> YamlDocument:
        """The document that holds it."""
        return self._document

    @property
    def path(self) -> Path:
        """The path that leads to it from the root of the document."""
        return self._prefix

    def line(self, path: Path = ()) -> int:
        """The line of the object, or of a field in it."""
        node = self._document.root
        if node is None:
            return self._document.first_line
        line = node.start_mark.line
        for step in (*self._prefix, *path):
            found = _yaml_step(node, step)
            if found is None:
                break
            line, node = found
        return self._document.first_line + int(line)

    def inside(self, path: Path) -> YamlPlace:
        """The place of an object inside this one."""
        return YamlPlace(self._document, (*self._prefix, *path))

    def elements(self, path: Path) -> list[YamlPlace]:
        """The places of the elements of a list inside this object."""
        node = self._document.root
        for step in (*self._prefix, *path):
            found = _yaml_step(node, step) if node is not None else None
            node = found[1] if found else None
        count = len(node.value) if isinstance(node, yaml.SequenceNode) else 0
        return [self.inside((*path, index)) for index in range(count)]


def _yaml_step(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(step, int):
        if not isinstance(node, yaml.SequenceNode) or step >= len(node.value):
            return None
        child: yaml.Node = node.value[step]
        return child.start_mark.line, child
    if not isinstance(node, yaml.MappingNode):
        return None
    members: Sequence[tuple[yaml.Node, yaml.Node]] = node.value
    for match in (step.__eq__, lambda key: str(key).lower() == step.lower()):
        for key, value in members:
            if match(key.value):
                return key.start_mark.line, value
    for key, value in members:
        if str(key.value).lower() == "properties":
            return _yaml_step(value, step)
    return None


class StoredPlace:
    """An object from an archive: file and line as they were when it was written."""

    __slots__ = ("_line", "file")

    def __init__(self, file: str, line: int) -> None:
        self.file = file
        self._line = line

    def line(self, path: Path = ()) -> int:
        """The line of the object; an archive does not keep the lines of fields."""
        del path
        return self._line

    def inside(self, path: Path) -> StoredPlace:
        """The place of an object inside this one."""
        del path
        return self

    def elements(self, path: Path) -> list[StoredPlace]:
        """An archive holds objects one by one, so there are no elements to place."""
        del path
        return []
