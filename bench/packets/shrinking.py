"""From an estate that contradicts the model to a small one that still does.

An estate is files of JSON. Pieces of it are left out, first many at once, then fewer, as long as the same question is
still answered against the model: objects and rules first, then what they hold.

Source: A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), the greedy half of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Files", "pieces", "read", "smallest", "without", "write"]

Files = Mapping[str, Any]
Trail = tuple[str | int, ...]
_COARSE = {"items", "securityRules"}
_FINE = {*_COARSE, "rules", "paths", "endpoints", "ports", "annotations", "data", "loadBalancerSourceRanges", "ingress"}


def read(folder: Path) -> Files:
    """The files of an estate."""
    return {file.name: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def write(files: Files, folder: Path) -> Path:
    """Write an estate, in place of whatever the folder held."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value, indent=1))
    return folder


def smallest(files: Files, still: Callable[[Files], bool], seconds: float) -> Files:
    """The smallest estate that is found in time.

    Args:
        files: The estate; ``still`` holds for it.
        still: Whether an estate still contradicts the model.
        seconds: When to be content with what there is.
    """
    end = time.monotonic() + seconds
    for keys in (_COARSE, _FINE):
        files = _reduced(files, keys, still, end)
    return files


def _reduced(files: Files, keys: set[str], still: Callable[[Files], bool], end: float) -> Files:
    left = list(pieces(files, keys))
    size = max(len(left) // 2, 1)
    gone: list[Trail] = []
    while size:
        at = 0
        while at < len(left) and time.monotonic() < end:
            tried = left[at : at + size]
            if still(without(files, [*gone, *tried])):
                gone += tried
                del left[at : at + size]
            else:
                at += size
        size //= 2
    return without(files, gone)


def pieces(files: Files, keys: set[str]) -> Iterator[Trail]:
    """Everything that may be left out: elements of lists, and of maps, under certain keys."""
    yield from _pieces(files, (), keys)


def _pieces(value: Any, trail: Trail, keys: set[str]) -> Iterator[Trail]:
    if isinstance(value, dict):
        for key, each in value.items():
            if trail and trail[-1] in keys:
                yield (*trail, key)
            yield from _pieces(each, (*trail, key), keys)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            if trail and trail[-1] in keys:
                yield (*trail, index)
            yield from _pieces(each, (*trail, index), keys)


def without(files: Files, gone: Sequence[Trail]) -> Files:
    """The files without some pieces."""
    found: Files = _without(files, (), set(gone))
    return found


def _without(value: Any, trail: Trail, gone: set[Trail]) -> Any:
    if isinstance(value, dict):
        return {k: _without(each, (*trail, k), gone) for k, each in value.items() if (*trail, k) not in gone}
    if isinstance(value, list):
        return [_without(each, (*trail, i), gone) for i, each in enumerate(value) if (*trail, i) not in gone]
    return value
