"""Reading policies from files: every mistake with file, line and field, in one line.

Other objects in the same files are passed over; a file without any policy is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from aksess.errors import ParseError, PolicyError
from aksess.policy.documents import GROUP, AccessPolicy, AddressGroup, ClusterAccessPolicy
from aksess.rulings import field_text
from aksess.snapshot.places import YamlPlace
from aksess.snapshot.yaml_text import documents, load

__all__ = ["Policies", "Written", "read_policies"]

Step = str | int
Document_co = TypeVar("Document_co", bound=BaseModel, covariant=True)
_ENDINGS = {".yaml", ".yml", ".json"}
_KINDS: dict[str, type[AccessPolicy] | type[AddressGroup] | type[ClusterAccessPolicy]] = {
    "AccessPolicy": AccessPolicy,
    "AddressGroup": AddressGroup,
    "ClusterAccessPolicy": ClusterAccessPolicy,
}


@dataclass(frozen=True)
class Written(Generic[Document_co]):
    """A document and where it stands."""

    document: Document_co
    label: str
    place: YamlPlace = field(repr=False)

    def where(self, *path: Step) -> str:
        """``FILE:LINE`` of a field."""
        return f"{self.place.file}:{self.place.line(path)}"

    def refuse(self, what: str, hint: str, *path: Step) -> PolicyError:
        """The error that names one field of it."""
        return PolicyError(f"{(field_text(path) or 'document')}: {what}", where=self.where(*path), hint=hint)


@dataclass(frozen=True)
class Policies:
    """Everything that was read, in the order of the files."""

    access: tuple[Written[AccessPolicy], ...] = ()
    groups: tuple[Written[AddressGroup], ...] = ()
    cluster: Written[ClusterAccessPolicy] | None = None


def read_policies(paths: Sequence[str | Path]) -> Policies:
    """The policies in files and folders.

    Raises:
        PolicyError: A path cannot be read, a document is wrong, or two have one name.
    """
    found: dict[str, Written[Any]] = {}
    for path in paths:
        for written in _of_path(Path(path)):
            before = found.get(written.label)
            if before is not None:
                raise PolicyError(
                    f"{written.label} is given twice, first in {before.where()}",
                    where=written.where(),
                    hint="keep one of them",
                )
            found[written.label] = written
    listed = list(found.values())
    clusters = [each for each in listed if isinstance(each.document, ClusterAccessPolicy)]
    if len(clusters) > 1:
        what = f"a second ClusterAccessPolicy beside {clusters[0].where()}"
        raise PolicyError(what, where=clusters[1].where(), hint="a cluster has one")
    return Policies(
        tuple(each for each in listed if isinstance(each.document, AccessPolicy)),
        tuple(each for each in listed if isinstance(each.document, AddressGroup)),
        clusters[0] if clusters else None,
    )


def _of_path(path: Path) -> list[Written[Any]]:
    try:
        files = sorted(each for each in path.rglob("*") if each.suffix in _ENDINGS) if path.is_dir() else [path]
        texts = [(file, file.read_text(encoding="utf-8")) for file in files]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text"
        raise PolicyError(f"cannot be read: {reason}", where=str(path)) from None
    found = [written for file, text in texts for written in _of_text(str(file), text)]
    if not found:
        raise PolicyError("holds no policy", where=str(path), hint=f"documents of apiVersion {GROUP}/v1alpha1")
    return found


def _of_text(file: str, text: str) -> Iterator[Written[Any]]:
    for document in documents(file, text):
        try:
            value = load(document)
        except ParseError as error:
            raise PolicyError(error.what, where=error.where) from None
        place = YamlPlace(document)
        if isinstance(value, dict) and value.get("kind") == "List" and isinstance(value.get("items"), list):
            for index, each in enumerate(value["items"]):
                yield from _of_value(each, place.inside(("items", index)))
        else:
            yield from _of_value(value, place)


def _of_value(value: Any, place: YamlPlace) -> Iterator[Written[Any]]:
    if not isinstance(value, dict) or not str(value.get("apiVersion", "")).startswith(f"{GROUP}/"):
        return
    kind = _KINDS.get(str(value.get("kind")))
    if kind is None:
        raise PolicyError(
            f"kind: {value.get('kind')} is none of {', '.join(_KINDS)}", where=f"{place.file}:{place.line(('kind',))}"
        )
    try:
        document = kind.model_validate(value)
    except ValidationError as error:
        raise _wrong(error, place) from None
    named = document.metadata
    name = f"{named.namespace}/{named.name}" if isinstance(document, AccessPolicy) else named.name
    yield Written(document, f"{document.kind} {name}", place)


def _wrong(error: ValidationError, place: YamlPlace) -> PolicyError:
    """The first mistake, as a line about a field."""
    first = error.errors(include_url=False)[0]
    path: tuple[Step, ...] = tuple(first["loc"])
    what = str(first.get("ctx", {}).get("error") or first["msg"])
    if first["type"] == "extra_forbidden":
        what = "there is no such field"
    elif first["type"] == "missing":
        what = "is missing"
    what = " ".join(what[:1].lower() + what[1:] if not what[:2].isupper() else what for what in [what])
    more = error.error_count() - 1
    hint = f"and {more} more mistake{'s' if more > 1 else ''} in this document" if more else ""
    return PolicyError(
        f"{(field_text(path) or 'document')}: {what}", where=f"{place.file}:{place.line(path)}", hint=hint
    )
