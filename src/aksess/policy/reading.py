"""Reading policies from files: every mistake with file, line and field, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from aksess.errors import PolicyError
from aksess.policy.documents import API_VERSION, AccessPolicy, AddressGroup, ClusterAccessPolicy, shown
from aksess.policy.finding import KINDS, find
from aksess.policy.wording import first_mistake
from aksess.rulings import field_text
from aksess.snapshot.items import KubernetesItem, Located

__all__ = ["Policies", "Written", "read_policies"]

Step = str | int
Document_co = TypeVar("Document_co", bound=BaseModel, covariant=True)
Model = type[AccessPolicy] | type[AddressGroup] | type[ClusterAccessPolicy]

_MODELS: dict[str, Model] = dict(zip(KINDS, (AccessPolicy, AddressGroup, ClusterAccessPolicy), strict=True))


@dataclass(frozen=True)
class Written(Generic[Document_co]):
    """A document and where it stands.

    Attributes:
        document: The document.
        label: ``AccessPolicy shop/offices-only``.
        place: Where it was found.
    """

    document: Document_co
    label: str
    place: Located = field(repr=False)

    def where(self, *path: Step) -> str:
        """``FILE:LINE`` of the document, or of a field in it."""
        return f"{self.place.file}:{self.place.line(path)}"

    def refuse(self, what: str, hint: str, *path: Step) -> PolicyError:
        """The error that names one field of it."""
        return _refusal(self.place, path, what, hint)


@dataclass(frozen=True)
class Policies:
    """Everything that was read, in the order of the files."""

    access: tuple[Written[AccessPolicy], ...] = ()
    groups: tuple[Written[AddressGroup], ...] = ()
    cluster: Written[ClusterAccessPolicy] | None = None


def read_policies(paths: Sequence[str | Path]) -> Policies:
    """The policies in files, folders and globs; other objects beside them are passed over.

    A policy without a namespace is in ``default``, as kubectl has it.

    Raises:
        PolicyError: A path cannot be read or holds no policy, a document is wrong, or two have one name.
    """
    found: dict[str, Written[Any]] = {}
    read: set[Path] = set()
    for path in paths:
        items = [(Path(item.place.file).absolute(), item) for item in find(path)]
        for file, item in items:
            if file in read:  # it was named before: by itself and by its folder
                continue
            written = _written(item)
            before = found.setdefault(written.label, written)
            if before is not written:
                what = f"{written.label} is given twice, first in {before.where()}"
                raise PolicyError(f"metadata.name: {what}", where=written.where("metadata", "name"), hint=_KEEP_ONE)
        read |= {file for file, _ in items}
    clusters = _of(ClusterAccessPolicy, found)
    if len(clusters) > 1:
        what = f"a second ClusterAccessPolicy beside {clusters[0].where()}"
        raise clusters[1].refuse(what, f"a cluster has one; {_KEEP_ONE}", "metadata", "name")
    return Policies(_of(AccessPolicy, found), _of(AddressGroup, found), clusters[0] if clusters else None)


_KEEP_ONE = "keep one of them"


def _of(model: type[Document_co], found: dict[str, Written[Any]]) -> tuple[Written[Document_co], ...]:
    return tuple(each for each in found.values() if isinstance(each.document, model))


def _written(item: KubernetesItem) -> Written[Any]:
    """One object as a document.

    Raises:
        PolicyError: It is none of ours, or wrong.
    """
    value = item.plain()
    model = _MODELS.get(item.kind)
    if model is None:
        raise _refusal(item.place, ("kind",), f"{shown(item.kind)} is not one of {', '.join(KINDS)}", "correct it")
    if value["apiVersion"] != API_VERSION:
        hint = "correct it, or keep what belongs to another product out of the policies"
        raise _refusal(item.place, ("apiVersion",), f"{shown(value['apiVersion'])} is not {API_VERSION}", hint)
    try:
        document = model.model_validate(value)
    except ValidationError as error:
        path, what, hint = first_mistake(error, model)
        raise _refusal(item.place, path, what, hint) from None
    named = document.metadata
    name = f"{named.namespace}/{named.name}" if isinstance(document, AccessPolicy) else named.name
    return Written(document, f"{item.kind} {name}", item.place)


def _refusal(place: Located, path: tuple[Step, ...], what: str, hint: str) -> PolicyError:
    text = f"{field_text(path)}: {what}" if path else what
    return PolicyError(text, where=f"{place.file}:{place.line(path)}", hint=hint)
