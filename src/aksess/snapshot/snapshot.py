"""A snapshot: everything that was read, sorted but not yet understood, and everything that was not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from aksess.addresses import ServiceTags
from aksess.snapshot.items import AzureItem, KubernetesItem
from aksess.snapshot.recognition import Collector
from aksess.snapshot.unread import Unread

__all__ = ["Snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """What was read, in the order in which it was found.

    Attributes:
        objects: Kubernetes objects.
        resources: Azure resources.
        effective: Replies of the effective-security-rules API.
        tags: Service tags of all tag files, later ones before earlier ones.
        unread: What was not understood.
        left_out: How many files of a folder were left out because of their ending.
    """

    objects: tuple[KubernetesItem, ...] = ()
    resources: tuple[AzureItem, ...] = ()
    effective: tuple[AzureItem, ...] = ()
    tags: ServiceTags = field(default_factory=ServiceTags)
    unread: tuple[Unread, ...] = ()
    left_out: int = 0

    @classmethod
    def of(cls, collector: Collector, left_out: int = 0) -> Snapshot:
        """The snapshot of what a collector took."""
        return cls(
            tuple(collector.objects),
            tuple(collector.resources),
            tuple(collector.effective),
            collector.tags,
            tuple(collector.unread),
            left_out,
        )

    @cached_property
    def digest(self) -> str:
        """``sha256:…`` over the content; where the files lie and in which order they were read does not count."""
        encoder = msgspec.json.Encoder(order="deterministic")
        parts: list[bytes] = []
        parts.extend(encoder.encode([item.group, item.plain()]) for item in self.objects)
        parts.extend(encoder.encode([item.type, item.value]) for item in (*self.resources, *self.effective))
        parts.extend(encoder.encode([each.reason, each.kind, each.namespace, each.name]) for each in self.unread)
        parts.append(encoder.encode(self.tags.plain()))
        total = hashlib.sha256()
        for part in sorted(hashlib.sha256(part).digest() for part in parts):
            total.update(part)
        return f"sha256:{total.hexdigest()}"
