"""Values as YAML text, such that every reader gets back what was meant.

Kubernetes, Helm, kustomize and Flux read YAML with different readers (1.1 and 1.2), so a text stands without quotes
only where none of them could take it for a number, a boolean, a date or nothing.

Source: YAML 1.1 §5.7 (escapes), §7.3.3 (plain style); the scalars of `aksess.snapshot.yaml_loader`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from aksess.snapshot.yaml_loader import KubernetesLoader

__all__ = ["block", "flow", "literal", "scalar"]

_PLAIN = re.compile(r"[A-Za-z0-9_./$(][ -~]*")
_UNPLAIN = re.compile(r": |:$| #| $")
_UNPLAIN_IN_FLOW = re.compile(r"[,\[\]{}:#&*!|>'\"%@`?]")
_UNPRINTABLE = re.compile("[\x7f-\x9f\xa0\u2028\u2029\ufeff\ufffe\uffff]")
_SINGLE_LINE = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]*")


def scalar(value: Any, quote: str = "", *, in_flow: bool = False) -> str:
    """A single value.

    Args:
        value: Text, number, boolean, or None.
        quote: The quote that is in use where it goes; empty to quote only what needs it.
        in_flow: Whether it goes between brackets.
    """
    if not isinstance(value, str):
        return json.dumps(value)
    if quote == "'" and _SINGLE_LINE.fullmatch(value):
        return "'" + value.replace("'", "''") + "'"
    if quote != '"' and _may_be_plain(value, in_flow=in_flow):
        return value
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def flow(value: Any, quote: str = "") -> str:
    """A value on one line, collections in brackets."""
    if isinstance(value, dict):
        members = (f"{scalar(key, in_flow=True)}: {flow(each, quote)}" for key, each in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(each, quote) for each in value) + "]"
    return scalar(value, quote, in_flow=True)


def block(value: Any, column: int, step: int, shift: int, quote: str = "") -> Iterator[str]:
    """The lines of a collection that holds something, without their line ends.

    Args:
        value: A mapping or list.
        column: The column of its keys or dashes.
        step: How much deeper the keys of an inner mapping stand.
        shift: How much deeper than its key the dashes of an inner list stand.
        quote: The quote of texts; empty to quote only what needs it.
    """
    if isinstance(value, dict):
        for key, each in value.items():
            name = " " * column + scalar(key) + ":"
            if isinstance(each, dict | list) and each:
                yield name
                yield from block(each, column + (step if isinstance(each, dict) else shift), step, shift, quote)
            else:
                yield f"{name} {flow(each) if isinstance(each, dict | list) else scalar(each, quote)}"
        return
    for each in value:
        if isinstance(each, dict | list) and each:
            first, *others = block(each, column + 2, step, shift, quote)
            yield " " * column + "- " + first[column + 2 :]
            yield from others
        else:
            yield " " * column + "- " + (flow(each) if isinstance(each, dict | list) else scalar(each, quote))


def literal(value: Any) -> tuple[str, list[str]] | None:
    """Mark and lines of a text of several lines below a ``|``; None for what cannot stand there just as it is."""
    if not isinstance(value, str) or "\n" not in value:
        return None
    lines = value.removesuffix("\n").split("\n")
    if not lines[0] or not lines[-1] or any(each != each.rstrip() for each in lines):
        return None
    if lines[0] != lines[0].lstrip() or not all(_SINGLE_LINE.fullmatch(each) for each in lines):
        return None
    return "|" if value.endswith("\n") else "|-", lines


def _may_be_plain(value: str, *, in_flow: bool) -> bool:
    if not _PLAIN.fullmatch(value) or _UNPLAIN.search(value) or (in_flow and _UNPLAIN_IN_FLOW.search(value)):
        return False
    return all(_is_text(value, loader) for loader in (KubernetesLoader, yaml.SafeLoader))


def _is_text(value: str, loader: type[yaml.CSafeLoader] | type[yaml.SafeLoader]) -> bool:
    resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = loader.yaml_implicit_resolvers
    return not any(pattern.match(value) for _, pattern in (*resolvers.get(value[0], ()), *resolvers.get(None, ())))
