"""Finding policies in files: the objects of our group, each with its place, among whatever else the files hold.

Files are read as the estate's are (YAML streams, JSON, lists), so one file may hold an application and its policy. What
belongs to others is passed over. What cannot be told to be a policy or not is refused: it could have been one, and a
policy that is left out unnoticed cuts people off, or lets them in. So is a field that is written twice, of which
parsers take the last without a word.
"""

from __future__ import annotations

import glob
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from aksess.errors import ParseError, PolicyError
from aksess.policy.documents import API_VERSION, GROUP
from aksess.snapshot.items import KubernetesItem
from aksess.snapshot.json_text import looks_like_json, read_json
from aksess.snapshot.places import JsonPlace, SourceText, YamlPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.unread import Reach
from aksess.snapshot.yaml_text import MAX_BYTES, documents, load

__all__ = ["KINDS", "find"]

KINDS = ("AccessPolicy", "AddressGroup", "ClusterAccessPolicy")

_SUFFIXES = {".yaml", ".yml", ".json"}


def find(path: str | Path) -> list[KubernetesItem]:
    """The policies of a file, of a folder (its ``.yaml``, ``.yml`` and ``.json`` files), of a glob, or of ``-``.

    Raises:
        PolicyError: It cannot be read, holds something that may be a policy and is not understood, or holds none.
    """
    found = [item for file in _files(path) for item in _of_file(file)]
    if not found:
        raise PolicyError(
            "holds no policy", where=str(path), hint=f"give documents of apiVersion {API_VERSION}: {', '.join(KINDS)}"
        )
    return found


def _files(path: str | Path) -> Sequence[Path | None]:
    """The files; None stands for standard input."""
    if str(path) == "-":
        return [None]
    given = Path(path)
    try:
        if not given.exists() and glob.has_magic(str(path)):
            matches = sorted(map(Path, glob.glob(str(path), recursive=True)))
            return [file for match in matches for file in _files(match)]
        if not given.is_dir():
            return [given]
        return sorted(each for each in given.rglob("*") if each.suffix in _SUFFIXES and each.is_file())
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _of_file(file: Path | None) -> Iterator[KubernetesItem]:
    name = "-" if file is None else str(file)
    try:
        data = sys.stdin.buffer.read() if file is None else file.read_bytes()
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None
    if len(data) > MAX_BYTES:
        raise PolicyError(f"larger than {MAX_BYTES >> 20} MiB", where=name, hint="give policies in files of their own")
    collector = Collector()
    try:
        _take(name, text, collector)
    except ParseError as error:
        raise PolicyError(error.what, where=error.where or name, hint="mend the file") from None
    except RecursionError:
        raise PolicyError("nested too deep", where=name, hint="mend the file") from None
    for gap in collector.unread:
        if gap.reach is not Reach.NOTHING and (not gap.kind or gap.kind in KINDS):
            where = f"{gap.file}:{gap.line}" if gap.line else gap.file
            raise PolicyError(gap.reason, where=where, hint="a document has apiVersion, kind, metadata.name and spec")
    for item in collector.objects:
        if item.group == GROUP or item.kind in KINDS:
            _refuse_doubled(item)
            yield item


def _take(file: str, text: str, collector: Collector) -> None:
    if looks_like_json(text.encode()):
        try:
            read_json(SourceText(file, text.encode()), collector)
            return
        except ParseError:
            if collector.understood or collector.unread:
                raise
            # a YAML stream may begin with a bracket too; where it is none, its parser says what is wrong
    for document in documents(file, text):
        value = load(document)
        if value is not None:
            collector.take(value, YamlPlace(document))


def _unreadable(path: str | Path, error: Exception) -> PolicyError:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else "not UTF-8 text"
    return PolicyError(f"cannot be read: {reason}", where=str(path), hint="-p takes a file, a folder, a glob or -")


def _refuse_doubled(item: KubernetesItem) -> None:
    """Refuse an object in which a field is written twice."""
    place = item.place
    found: tuple[str, int] | None = None
    if isinstance(place, YamlPlace):
        if _cannot_be_doubled(item, place.document.text):
            return
        found = next(_doubled_yaml(_node(place)), None)
        line = place.document.first_line
    elif isinstance(place, JsonPlace):
        found = _doubled_json(place)
        line = place.line()
    if found is not None:
        name, further = found
        hint = "the last one would count; keep one of them"
        raise PolicyError(f"{name} is written twice", where=f"{place.file}:{line + further}", hint=hint)


def _cannot_be_doubled(item: KubernetesItem, text: str) -> bool:
    """Whether the text has no more colons than the object has keys: then each of them is that of another key.

    It spares most documents a second walk through their text. Aliases and keys after a question mark need no colon.
    """
    return not set("*?") & set(text) and text.count(":") == _keys(item.value)


def _keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0


def _node(place: YamlPlace) -> yaml.Node | None:
    node = place.document.root
    for step in place.path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
    return node


def _doubled_yaml(root: yaml.Node | None) -> Iterator[tuple[str, int]]:
    """Keys that stand twice in one mapping, with the line of the second below the beginning of the document."""
    waiting, seen = [root] if root is not None else [], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, _ in node.value:
                if key.value in names and key.value != "<<":
                    yield str(key.value), int(key.start_mark.line)
                names.add(str(key.value))
            waiting += (value for _, value in reversed(node.value))


def _doubled_json(place: JsonPlace) -> tuple[str, int] | None:
    start, end = place.span
    doubled: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in members]
        doubled.extend(name for name in names if names.count(name) > 1)

    json.loads(place.source.data[start:end], object_pairs_hook=pairs, strict=False)
    return (doubled[0], 0) if doubled else None
