"""The snapshot archive (``.aksess``): one file with everything that was read, without secrets, to keep or to send.

It is gzip over one JSON line a thing: first a head (``{"aksess": "snapshot", "version": "1"}``), then objects and
resources with the file and line they came from, service tags, and what was unread. Reading an archive gives the same
answers as reading the files did; only the lines of single fields are lost.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

from aksess.addresses import ServiceTags
from aksess.errors import ParseError
from aksess.snapshot.items import AzureItem
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.unread import Unread

if TYPE_CHECKING:
    from aksess.snapshot.snapshot import Snapshot

__all__ = ["is_archive", "read", "write"]

_MAGIC = b"\x1f\x8b"
_VERSION = "1"
_MAX_BYTES = 1 << 30


class _Tags(msgspec.Struct, rename={"change": "changeNumber"}):
    values: dict[str, list[str]]
    change: str
    cloud: str


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One line after the head; exactly one of its kinds is there."""

    file: str = ""
    line: int = 0
    type: str = ""
    object: dict[str, Any] | None = None
    resource: dict[str, Any] | None = None
    effective: dict[str, Any] | None = None
    tags: _Tags | None = None
    unread: Unread | None = None


def is_archive(data: bytes) -> bool:
    """Whether a file begins as an archive does."""
    return data[:2] == _MAGIC


def write(collector: Collector | Snapshot) -> bytes:
    """The archive of what a collector took; the same content gives the same bytes."""
    encoder = msgspec.json.Encoder(order="deterministic")
    lines: list[Any] = [{"aksess": "snapshot", "version": _VERSION}]
    for item in collector.objects:
        api = f"{item.group}/{item.version}" if item.group else item.version
        value = {"apiVersion": api, "kind": item.kind, **item.plain()}
        lines.append({"object": value, "file": item.place.file, "line": item.place.line()})
    for kind, resources in (("resource", collector.resources), ("effective", collector.effective)):
        lines.extend(
            {kind: each.value, "type": each.type, "file": each.place.file, "line": each.place.line()}
            for each in resources
        )
    tags = collector.tags
    if len(tags):
        lines.append({"tags": {"changeNumber": tags.change, "cloud": tags.cloud, "values": tags.plain()}})
    lines.extend({"unread": each} for each in collector.unread)
    return gzip.compress(b"\n".join(encoder.encode(line) for line in lines), mtime=0)


def read(file: str, data: bytes, collector: Collector) -> None:
    """Take everything in an archive.

    Raises:
        ParseError: It is no archive of this product, it is broken, or a newer version wrote it.
    """
    try:
        stream = zlib.decompressobj(wbits=31)
        unpacked = stream.decompress(data, _MAX_BYTES)
        head, *lines = unpacked.split(b"\n")
        first = msgspec.json.decode(head)
        if not isinstance(first, dict) or first.get("aksess") != "snapshot":
            raise ParseError("a compressed file that is no snapshot of aksess", where=f"{file}:0")
        if first.get("version") != _VERSION:
            raise ParseError(
                f"a snapshot of version {first.get('version')}; this aksess reads {_VERSION}", where=f"{file}:0"
            )
        if not stream.eof:
            raise ParseError("a snapshot that is cut off, or larger than 1 GiB unpacked", where=f"{file}:0")
        for line in lines:
            _take(msgspec.json.decode(line, type=_Entry), file, collector)
    except (zlib.error, msgspec.MsgspecError, RecursionError, KeyError, TypeError, ValueError):
        raise ParseError("a broken snapshot", where=f"{file}:0") from None


def _take(entry: _Entry, file: str, collector: Collector) -> None:
    place = StoredPlace(entry.file or file, entry.line)
    if entry.object is not None:
        collector.take(entry.object, place)
    if entry.resource is not None:
        value = entry.resource
        identity, name = (msgspec.convert(value.get(key) or "", str) for key in ("id", "name"))
        collector.resources.append(AzureItem(entry.type, identity, name, value, place))
    if entry.effective is not None:
        collector.effective.append(AzureItem("effectivesecurityrules", "", "effective", entry.effective, place))
    if entry.tags is not None:
        tags = entry.tags
        collector.tags = collector.tags.merged(ServiceTags(tags.values, change=tags.change, cloud=tags.cloud))
    if entry.unread is not None:
        collector.unread.append(entry.unread)
