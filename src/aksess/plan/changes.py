"""A change: one field of one object or resource, what it holds before and after, and which policy asks for it.

Everything that a plan does is a list of these. Exports write them down as files and commands, and the estate after a
plan is the estate before it with each of them set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from aksess.rulings import Layer, field_text

__all__ = ["Action", "Change", "FieldPath", "Resource"]

Action = Literal["create", "update", "delete"]
FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """What is changed: a Kubernetes object, or an Azure resource.

    Attributes:
        kind: Kubernetes kind, or Azure type as ``Microsoft.Network/networkSecurityGroups``.
        name: Its name.
        namespace: Namespace of a Kubernetes object; empty for others.
        api_version: ``networking.k8s.io/v1`` of a Kubernetes object; empty for Azure.
        id: Resource id of an Azure resource; empty for Kubernetes.
    """

    kind: str
    name: str
    namespace: str = ""
    api_version: str = ""
    id: str = ""

    @property
    def is_azure(self) -> bool:
        """Whether it is an Azure resource."""
        return bool(self.id)

    @property
    def label(self) -> str:
        """``Ingress shop/web``, ``networkSecurityGroups edge``."""
        if self.is_azure:
            return f"{self.kind.rpartition('/')[2]} {self.name}"
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def plain(self) -> dict[str, str]:
        """As JSON: Azure resources by type and id, Kubernetes objects as an object reference."""
        if self.is_azure:
            return {"type": self.kind, "id": self.id, "name": self.name}
        found = {"apiVersion": self.api_version, "kind": self.kind, "namespace": self.namespace, "name": self.name}
        return {key: value for key, value in found.items() if value}

    @classmethod
    def of(cls, value: Mapping[str, str]) -> Resource:
        """What `plain` gives, read back."""
        if "id" in value:
            return cls(value["type"], value["name"], id=value["id"])
        return cls(value["kind"], value["name"], value.get("namespace", ""), value["apiVersion"])


@dataclass(frozen=True, slots=True)
class Change:
    """One field, set or taken away.

    Attributes:
        layer: The layer that enforces it.
        resource: What is changed.
        path: The field. Of a security group ``("securityRules", NAME)``, with the whole rule as value: ``name`` and,
            side by side, its properties as the API of Azure names them (``priority``, ``sourceAddressPrefixes``, …).
        before: Its value; None where it is not there.
        after: Its value; None where it is taken away.
        because: The policies that ask for it, as ``AccessPolicy shop/offices-only``.
    """

    layer: Layer
    resource: Resource
    path: FieldPath
    before: Any
    after: Any
    because: tuple[str, ...] = ()

    @property
    def action(self) -> Action:
        """Whether the field is made, changed or taken away."""
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "update"

    @property
    def field(self) -> str:
        """The field as people write it."""
        return field_text(self.path)

    @property
    def id(self) -> str:
        """A stable name: the same change has the same in every plan."""
        value = [self.resource.plain(), self.path, self.after]
        return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:12]

    @property
    def undo(self) -> Change:
        """The change that puts back what was there."""
        return Change(self.layer, self.resource, self.path, self.after, self.before, self.because)
