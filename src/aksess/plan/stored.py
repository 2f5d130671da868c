"""A plan as a file: everything that reviewers and later commands need, bound to the estate that it was made from.

The file names what was read and the digest of what stood there. Whoever carries the plan out, or looks at the estate
after it, reads the same files again; an estate that has changed since is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from aksess.errors import PlanRefused
from aksess.plan.changes import Change, Resource
from aksess.plan.plans import Plan
from aksess.rulings import Layer
from aksess.snapshot import Snapshot, read_files

__all__ = ["StoredPlan", "document", "load"]

_SCHEMA = "1"
Json = dict[str, Any]


def document(plan: Plan, files: Sequence[str], exclude: Sequence[str]) -> Json:
    """The plan as JSON (contract §11), with what it takes to read the estate again."""
    return {
        "schemaVersion": _SCHEMA,
        "kind": "aksess-plan",
        "estate": plan.before.snapshot.digest,
        "files": list(files),
        "exclude": list(exclude),
        "policies": list(plan.policies),
        "changes": [_change(each) for each in plan.changes],
        "access": [
            {
                "exposure": each.exposure,
                "gained": {"cidrs": each.gained.to_cidrs()},
                "lost": {"cidrs": each.lost.to_cidrs()},
            }
            for each in plan.access
        ],
        "refused": [
            {"policy": each.policy, "reason": each.reason, "instead": each.instead}
            | ({"guard": each.guard} if each.guard else {})
            for each in plan.refused
        ],
        "warnings": list(plan.warnings),
    }


def _change(change: Change) -> Json:
    return {
        "id": change.id,
        "layer": change.layer.value,
        "action": change.action,
        "resource": change.resource.plain(),
        "field": change.field,
        "path": list(change.path),
        "before": change.before,
        "after": change.after,
        "because": list(change.because),
    }


@dataclass(frozen=True)
class StoredPlan:
    """A plan that was read from a file.

    Attributes:
        document: It, as JSON.
        file: Where it was read from.
    """

    document: Json
    file: str

    @property
    def changes(self) -> list[Change]:
        """Its changes, in order."""
        return [
            Change(
                Layer(each["layer"]),
                Resource.of(each["resource"]),
                tuple(each["path"]),
                each["before"],
                each["after"],
                tuple(each["because"]),
            )
            for each in self.document["changes"]
        ]

    def estate(self) -> Snapshot:
        """The estate that it was made from, read again.

        Raises:
            PlanRefused: It has changed since.
            InputError: It is not there any more.
        """
        snapshot = read_files(self.document["files"], self.document["exclude"])
        if snapshot.digest != self.document["estate"]:
            what = "the estate is not the one that this plan was made from"
            raise PlanRefused(what, where=self.file, hint="plan again")
        return snapshot


def load(path: str) -> StoredPlan:
    """A plan from its file.

    Raises:
        PlanRefused: It cannot be read, or is no plan.
    """
    try:
        value = msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        raise PlanRefused(f"cannot be read: {error.strerror}", where=path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise PlanRefused("is no plan", where=path, hint="aksess plan --out writes one") from None
    if not _is_plan(value):
        raise PlanRefused("is no plan", where=path, hint="aksess plan --out writes one")
    if value["schemaVersion"] != _SCHEMA:
        raise PlanRefused(f"is a plan of version {value['schemaVersion']}; this aksess reads {_SCHEMA}", where=path)
    found = StoredPlan(value, path)
    try:
        identities = [each.id for each in found.changes]
    except (KeyError, TypeError, ValueError):
        identities = []
    if identities != [each.get("id") for each in value["changes"]]:
        raise PlanRefused("its changes are not what was planned", where=path, hint="plan again")
    return found


def _is_plan(value: Any) -> bool:
    lists = ("files", "exclude", "policies", "changes", "access", "refused", "warnings")
    return (
        isinstance(value, Mapping)
        and value.get("kind") == "aksess-plan"
        and isinstance(value.get("estate"), str)
        and isinstance(value.get("schemaVersion"), str)
        and all(isinstance(value.get(name), list) for name in lists)
        and all(isinstance(each, Mapping) for each in value["changes"])
    )
