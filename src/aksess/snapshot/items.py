"""What a snapshot holds: Kubernetes objects and Azure resources, raw, each with where it was found.

A value stays in the shape it came in (bytes of JSON, or plain dicts from YAML) until the estate asks for it as a
typed structure, so an input of ten thousand objects costs only what is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from aksess.errors import ParseError
from aksess.rulings import Place

__all__ = ["AzureItem", "KubernetesItem", "Located"]

Wire = TypeVar("Wire", bound=msgspec.Struct)
Shape = type[Wire]

_SHOWN = 200
"""Characters of a message that are shown; it may quote a value of any length."""


class Located(Place, Protocol):
    """A place that also knows the places of the objects inside it."""

    def inside(self, path: tuple[str | int, ...]) -> Located:
        """The place of an object inside this one."""
        ...

    def elements(self, path: tuple[str | int, ...]) -> Sequence[Located]:
        """The places of the elements of a list inside this object."""
        ...


@dataclass(frozen=True, slots=True)
class KubernetesItem:
    """One Kubernetes object.

    Attributes:
        group: API group, empty for the core group.
        version: API version inside the group.
        kind: Kind.
        namespace: Namespace; empty where the object names none.
        name: Name.
        value: The object as JSON bytes or as plain dicts.
        place: Where it was found.
    """

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    value: bytes | Mapping[str, Any] = field(repr=False)
    place: Located = field(repr=False)

    def decode(self, wire: Shape[Wire]) -> Wire:
        """The object as a typed structure; unknown fields are ignored.

        Raises:
            ParseError: A field that the structure knows has another type than it should.
        """
        return _decode(self.value, wire)

    def plain(self) -> dict[str, Any]:
        """The object as plain dicts and lists."""
        return _plain(self.value)

    @property
    def label(self) -> str:
        """``Service shop/web``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class AzureItem:
    """One Azure resource, its keys in lower case and its ``properties`` lifted up (see `azure_shape`).

    Attributes:
        type: Resource type in lower case, ``microsoft.network/networksecuritygroups``.
        id: Resource id as it was written.
        name: Resource name.
        value: The normalised resource.
        place: Where it was found.
    """

    type: str
    id: str
    name: str
    value: Mapping[str, Any] = field(repr=False)
    place: Located = field(repr=False)

    def decode(self, wire: Shape[Wire]) -> Wire:
        """The resource as a typed structure; unknown fields are ignored.

        Raises:
            ParseError: A field that the structure knows has another type than it should.
        """
        return _decode(self.value, wire)


def _decode(value: bytes | Mapping[str, Any], wire: Shape[Wire]) -> Wire:
    try:
        if isinstance(value, bytes):
            return msgspec.json.decode(value, type=wire)
        return msgspec.convert(value, type=wire)
    except (msgspec.MsgspecError, RecursionError, OverflowError) as error:
        raise ParseError(readable(error)) from None


def _plain(value: bytes | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(value, bytes):
        decoded: dict[str, Any] = msgspec.json.decode(value)
        return decoded
    return dict(value)


def readable(error: Exception) -> str:
    """A msgspec message as ``spec.ports[0].port: expected int, got str``."""
    text = " ".join(str(error).replace("`", "").split())
    what, at, path = text.partition(" - at $")
    what = what[:1].lower() + what[1:]
    what = what if len(what) <= _SHOWN else f"{what[:_SHOWN]}…"
    return f"{path.lstrip('.')}: {what}" if at and path.strip(".") else what
