"""Files, folders, globs and standard input: from the paths on the command line to a `Snapshot`.

Of a folder, like kubectl, the files ending in ``.yaml``, ``.yml``, ``.json`` and ``.aksess`` are read, recursively;
others are counted as left out. A file that is named itself is read whatever it is called.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aksess.errors import InputError, NothingUnderstood, ParseError
from aksess.snapshot import archive, yaml_text
from aksess.snapshot.json_text import looks_like_json, read_json
from aksess.snapshot.places import SourceText, YamlPlace
from aksess.snapshot.recognition import Collector, refuse
from aksess.snapshot.snapshot import Snapshot
from aksess.snapshot.unread import Unread

__all__ = ["SUFFIXES", "read_files"]

SUFFIXES = (".yaml", ".yml", ".json", ".aksess")
MAX_BYTES = 1 << 30


def read_files(paths: Sequence[str | Path], exclude: Sequence[str] = ()) -> Snapshot:
    """Everything under the paths.

    Args:
        paths: Files, folders, globs, or ``-`` for standard input.
        exclude: Globs of files that are left out on purpose; they are no gap.

    Raises:
        InputError: A path does not exist, or no path was given.
        NothingUnderstood: Something was read, and nothing in it was understood.
    """
    if not paths:
        raise InputError("no input was given", hint="name files or folders with -f")
    collector = Collector()
    left_out = 0
    for file in _files(paths):
        if _excluded(file, exclude):
            continue
        if file is not None and not (file.named or file.error) and not file.path.name.endswith(SUFFIXES):
            left_out += 1
            continue
        try:
            data = _standard_input() if file is None else _bytes(file)
        except OSError as error:
            collector.unread.append(Unread(_shown(file), 0, f"cannot be read: {error.strerror or error}"))
            continue
        try:
            _take(_shown(file), data, collector)
        except RecursionError:
            collector.unread.append(Unread(_shown(file), 0, "nested too deep"))
        except MemoryError:
            collector.unread.append(Unread(_shown(file), 0, "needs more memory than there is"))
    if not collector.understood:
        raise _nothing(paths, collector, left_out)
    return Snapshot.of(collector, left_out)


class _File:
    __slots__ = ("error", "named", "path")

    def __init__(self, path: Path, named: bool, error: str = "") -> None:
        self.path = path
        self.named = named
        self.error = error
        """Why it cannot even be looked at, for a folder below the one that was given."""


def _files(paths: Iterable[str | Path]) -> Iterator[_File | None]:
    seen: set[str] = set()
    for given in paths:
        text = str(given)
        if text == "-":
            yield None
            continue
        path = Path(text)
        try:
            is_folder, exists = path.is_dir(), path.exists()
        except OSError as error:  # a name that is too long
            raise InputError(f"{text} cannot be opened: {error.strerror or error}") from None
        if is_folder:
            found = _inside(path)
        elif exists:
            found = [_File(path, named=True)]
        else:
            matches = sorted(glob.glob(text, recursive=True)) if glob.has_magic(text) else []
            if not matches:
                raise InputError(f"{text} does not exist", hint="-f takes a file, a folder, a glob or -")
            found = []
            for match in map(Path, matches):
                found += _inside(match) if match.is_dir() else [_File(match, named=True)]
        for file in found:
            key = str(file.path.absolute())
            if key not in seen:
                seen.add(key)
                yield file


def _inside(folder: Path) -> list[_File]:
    """Everything below a folder but folders, in order; like kubectl, links to folders are not followed."""
    found: list[_File] = []

    def refused(error: OSError) -> None:
        found.append(_File(Path(error.filename), named=False, error=error.strerror or str(error)))

    for root, folders, names in os.walk(folder, onerror=refused):
        links = [name for name in folders if Path(root, name).is_symlink()]
        found += [_File(Path(root, name), named=False) for name in (*names, *links)]
    return sorted(found, key=lambda file: file.path)


def _excluded(file: _File | None, exclude: Sequence[str]) -> bool:
    if file is None:
        return False
    text = file.path.as_posix()
    return any(
        fnmatch.fnmatch(text, pattern)
        or fnmatch.fnmatch(file.path.name, pattern)
        or fnmatch.fnmatch(text, f"*/{pattern}")
        for pattern in exclude
    )


def _shown(file: _File | None) -> str:
    """How a file is named; bytes in its name that are no text are replaced, because JSON cannot hold them."""
    return "-" if file is None else os.fsencode(file.path.as_posix()).decode(errors="replace")


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError(0, "it is closed")
    return sys.stdin.buffer.read()


def _bytes(file: _File) -> bytes:
    if file.error:
        raise OSError(0, file.error)
    if not file.path.is_file():
        raise OSError(0, "not a regular file")
    if file.path.stat().st_size > MAX_BYTES:
        raise OSError(0, "larger than 1 GiB")
    return file.path.read_bytes()


def _take(file: str, data: bytes, collector: Collector) -> None:
    if archive.is_archive(data):
        try:
            archive.read(file, data, collector)
        except ParseError as error:
            collector.unread.append(refuse(error, file))
        return
    if b"\0" in data[:4096]:
        collector.unread.append(Unread(file, 0, "a binary file"))
        return
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        collector.unread.append(Unread(file, data.count(b"\n", 0, error.start) + 1, "not UTF-8 text"))
        return
    if "\0" in text:
        collector.unread.append(Unread(file, text.count("\n", 0, text.index("\0")) + 1, "a binary file"))
        return
    if text.lstrip().startswith("{{"):
        collector.unread.append(Unread(file, 1, "a template that was not rendered; render it first"))
        return
    if looks_like_json(data):
        try:
            read_json(SourceText(file, data), collector)
        except ParseError as error:
            if _take_yaml(file, text, collector, quietly=True):
                return
            collector.unread.append(refuse(error, file))
        return
    _take_yaml(file, text, collector)


def _take_yaml(file: str, text: str, collector: Collector, *, quietly: bool = False) -> bool:
    """Take the documents of a YAML stream; with ``quietly`` only if all of them are whole."""
    if len(text) > yaml_text.MAX_BYTES:
        if quietly:
            return False
        collector.unread.append(Unread(file, 0, "YAML larger than 64 MiB; give it as JSON"))
        return True
    found = []
    for number, document in enumerate(yaml_text.documents(file, text)):
        if number == yaml_text.MAX_DOCUMENTS:
            reason = f"more than {number:,} documents; from here on they were not read"
            collector.unread.append(Unread(file, document.first_line, reason))
            break
        try:
            found.append((document, yaml_text.load(document)))
        except ParseError as error:
            if quietly:
                return False
            collector.unread.append(refuse(error, file))
    for document, value in found:
        if value is not None:
            collector.take(value, YamlPlace(document))
        else:
            collector.empty += 1
    return True


def _nothing(paths: Sequence[str | Path], collector: Collector, left_out: int) -> NothingUnderstood:
    where = str(paths[0]) if len(paths) == 1 else f"{len(paths)} paths"
    if collector.unread:
        first = collector.unread[0]
        more = f"; {len(collector.unread) - 1} more" if len(collector.unread) > 1 else ""
        return NothingUnderstood(
            f"nothing here is a Kubernetes object or an Azure reply: {first.label}: {first.reason}{more}", where=where
        )
    what = f"only {left_out} files of other kinds" if left_out else "empty"
    return NothingUnderstood(what, where=where, hint="give manifests, `kubectl get … -o yaml` or `az … -o json` output")
