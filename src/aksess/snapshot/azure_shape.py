"""The shapes in which Azure resources come, brought to one.

A REST reply nests fields in ``properties``, ``az`` flattens them, Resource Graph lowers types, and names differ in
case between them (``authorizedIPRanges``, ``authorizedIpRanges``). The normal form: every key in lower case, every
``properties`` lifted into the object that holds it, nothing else changed. The type comes from the resource or, where
a reply leaves it out, from its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["is_resource", "normal", "type_of_id"]

_MAX_DEPTH = 60


def is_resource(value: Any) -> bool:
    """Whether a value has what every Azure resource has: an id below a subscription, or a Microsoft type."""
    if not isinstance(value, Mapping):
        return False
    lowered = {str(key).lower(): each for key, each in value.items()}
    identity, kind = lowered.get("id"), lowered.get("type")
    if (
        isinstance(identity, str)
        and identity.lower().startswith("/subscriptions/")
        and "/providers/" in identity.lower()
    ):
        return True
    return isinstance(kind, str) and kind.lower().startswith("microsoft.") and "/" in kind and "name" in lowered


def normal(value: Any, depth: int = 0) -> Any:
    """The normal form of a resource or of any part of one.

    Raises:
        RecursionError: Nested deeper than any Azure reply.
    """
    if depth > _MAX_DEPTH:
        raise RecursionError("nested deeper than any Azure reply")
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        inner: dict[str, Any] = {}
        for key, each in value.items():
            lowered = str(key).lower()
            if lowered == "properties" and isinstance(each, Mapping):
                inner = normal(each, depth + 1)
            else:
                flat[lowered] = normal(each, depth + 1)
        for key, each in inner.items():
            if flat.get(key) is None:
                flat[key] = each
        return flat
    if isinstance(value, list):
        if value and isinstance(value[0], str) and all(isinstance(each, str) for each in value):
            return value
        return [normal(each, depth + 1) for each in value]
    return value


def type_of_id(identity: str) -> str:
    """The resource type in an id, in lower case; empty where the id names no provider."""
    _, found, rest = identity.lower().rpartition("/providers/")
    parts = [part for part in rest.split("/") if part]
    if not found or len(parts) < 3:
        return ""
    return "/".join([parts[0], *parts[1::2]])
