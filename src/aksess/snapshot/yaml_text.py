"""YAML streams: cut into documents, loaded one by one, with the guards that untrusted text needs.

A stream is cut at its document markers first, which the format allows at any
column-0 ``---``: one broken document then spoils only itself, and every document knows its first line.

Guards: a document that nests deeper than `MAX_DEPTH` is refused before anything walks it, because the C parser recurses
and would take the process with it; so is one whose lines, or whose aliases written out, hold more than `MAX_NODES`
values, because each costs the parser half a kilobyte.

Source: YAML 1.1 §4.2.1 (document markers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import yaml

from aksess.errors import ParseError
from aksess.snapshot.places import YamlDocument
from aksess.snapshot.yaml_loader import KubernetesLoader, PatientLoader, is_redefinition

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_DOCUMENTS", "MAX_NODES", "documents", "load"]

MAX_DEPTH = 200
MAX_NODES = 2_000_000
MAX_BYTES = 64 << 20
MAX_DOCUMENTS = 100_000

_MARKER = re.compile(r"^---(?=[ \t\r\n]|\Z)|^\.\.\.(?=[ \t\r]*$)", re.MULTILINE)
_DEEP_START = re.compile(rf"^[ ?\-]{{{MAX_DEPTH},}}", re.MULTILINE)
_CONTENT = re.compile(r"^[ \t]*[^#\s]", re.MULTILINE)


def documents(file: str, text: str) -> Iterator[YamlDocument]:
    """The documents of a stream that hold anything but comments, each with its first line (from 1)."""
    start, line = 0, 1
    for marker in chain(_MARKER.finditer(text), [None]):
        end = len(text) if marker is None else marker.start()
        body = text[start:end]
        # directives (%YAML) stand before their marker and belong to no document
        if _CONTENT.search(body) and not body.lstrip().startswith("%"):
            yield YamlDocument(file, body, line, start)
        if marker is not None:
            line += text.count("\n", start, marker.end())
            start = marker.end()


def load(document: YamlDocument) -> Any:
    """The value of a document: dicts, lists, strings, numbers, booleans and None.

    Raises:
        ParseError: With ``where`` holding file and line; broken, too deep, or an alias bomb.
    """
    text = document.text
    where = f"{document.file}:{document.first_line}"
    if text.count("\n") + text.count(",") > MAX_NODES:
        raise ParseError(f"more than {MAX_NODES:,} lines; give it as JSON", where=where)
    try:
        _guard_depth(text)
        value = _load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = document.first_line + (int(mark.line) if mark else 0)
        raise ParseError(_reason(text, error), where=f"{document.file}:{line}") from None
    except yaml.YAMLError as error:
        raise ParseError(str(error).splitlines()[0], where=where) from None
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise ParseError(f"not usable as YAML: {str(error).splitlines()[0]}", where=where) from None
    except ParseError as error:
        raise ParseError(error.what, where=where) from None
    if "*" in text and "&" in text and _unfolded(value, {}) > MAX_NODES:
        raise ParseError(f"aliases unfold to more than {MAX_NODES:,} values", where=where)
    return value


def _load(text: str) -> Any:
    try:
        return yaml.load(text, Loader=KubernetesLoader)
    except yaml.YAMLError as error:
        if not is_redefinition(error):
            raise
        return yaml.load(text, Loader=PatientLoader)


def _reason(text: str, error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "broken YAML"
    if "{{" in text or "{%" in text:
        return f"broken YAML ({problem}); it holds template text, render it first"
    return f"broken YAML ({problem})"


def _guard_depth(text: str) -> None:
    """Refuse a text that nests too deep; the exact walk is made only where the text could be deep at all."""
    if text.count("[") + text.count("{") < MAX_DEPTH and not _DEEP_START.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise ParseError(f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _unfolded(value: Any, known: dict[int, int]) -> int:
    """How many values there are when every alias is written out."""
    if not isinstance(value, dict | list):
        return 1
    size = known.get(id(value))
    if size is None:
        known[id(value)] = MAX_NODES  # a value inside itself is endless
        inner = value.values() if isinstance(value, dict) else value
        size = known[id(value)] = min(MAX_NODES + 1, 1 + sum(_unfolded(each, known) for each in inner))
    return size
