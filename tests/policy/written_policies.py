"""Policies for tests, as people write them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from aksess.addresses import ServiceTags
from aksess.policy import Policies, read_policies

TODAY = dt.date(2026, 11, 25)
TAGS = ServiceTags({"AzureFrontDoor.Backend": ["147.243.0.0/16", "2a01:111:2050::/44"]})
HEAD = "apiVersion: aksess.dev/v1alpha1\n"
TARGET = "  targetRefs: [{kind: Ingress, name: web}]\n"


def access(spec: str, name: str = "offices", target: str = TARGET) -> str:
    """An AccessPolicy of the namespace shop; its spec begins at line 4, what is given at line 6."""
    return f"{HEAD}kind: AccessPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n{target}{spec}"


def group(name: str, *entries: str) -> str:
    """An AddressGroup; its first entry stands at line 6."""
    listed = "".join(f"  - {{{each}}}\n" for each in entries)
    return f"{HEAD}kind: AddressGroup\nmetadata: {{name: {name}}}\nspec:\n  entries:\n{listed}"


def cluster(spec: str) -> str:
    """A ClusterAccessPolicy; its spec begins at line 5."""
    return f"{HEAD}kind: ClusterAccessPolicy\nmetadata: {{name: cluster}}\nspec:\n{spec}"


def written(folder: Path, *documents: str) -> Policies:
    """Policies read from one file."""
    file = folder / "p.yaml"
    file.write_text("---\n".join(documents))
    return read_policies([file])
