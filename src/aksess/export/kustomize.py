"""A plan as a Kustomize overlay: one patch for each object that changes, files for objects that are new.

Fields are set by strategic merge patches: they make what is missing on the way, ``null`` takes a field away, and
Kustomize stops where the object is not in the base. Elements of lists, and values in which objects would be merged
instead of replaced, are set by JSON patches (RFC 6902); those are silent where nothing matches, so they come only where
nothing else will do.

Source: kubectl.docs.kubernetes.io, Kustomize reference, "patches"; RFC 6902, RFC 6901 (``~1`` for a slash); the
behaviour as kustomize 5.8 shows it in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aksess.export.interface import Exported, Order
from aksess.export.wording import Identifiers, Step, commented, divided, header, yaml_text
from aksess.plan.changes import FieldPath, Resource
from aksess.plan.states import with_field
from aksess.snapshot import Snapshot

__all__ = ["files"]

_BASE = "Let resources lead to the kustomization of the manifests that the plan was made from."
_AT_ONCE = "All of it is applied at once. Where the order counts, use aksess export PLAN --as kubectl."


def files(order: Order) -> Iterator[Exported]:
    """``kustomization.yaml``, and beside it a file for each object.

    Raises:
        ExportRefused: The plan changes nothing in Kubernetes.
    """
    mine, left = divided(order, lambda each: not each.resource.is_azure, "in Kubernetes")
    objects: dict[Resource, list[Step]] = {}
    for step in mine:
        objects.setdefault(step.change.resource, []).append(step)
    there = _there(order.snapshot)
    names = Identifiers()
    resources, patches = ["../base"], list[dict[str, Any]]()
    written: list[Exported] = []
    for resource, steps in objects.items():
        new = _key(resource) not in there
        stem = names.of(resource.kind.lower(), f"{resource.namespace}_{resource.name}").replace("_", "-")
        name = f"{'new' if new else 'patch'}-{stem}.yaml"
        body: Any
        if new:
            body = _whole(resource, steps)
            resources.append(name)
        elif any(not _merges(each) for each in steps):
            body = [_operation(each) for each in steps]
            patches.append({"path": name, "target": _target(resource)})
        else:
            body = _merged(resource, steps)
            patches.append({"path": name})
        written.append(Exported(name, commented([each.text for each in steps], "#") + yaml_text(body)))
    overlay = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}
    notes = [_BASE, *([_AT_ONCE] if len(mine) > 1 else [])]
    top = commented(header("What a plan of aksess changes in Kubernetes.", left, *notes), "#")
    yield Exported("kustomization.yaml", top + yaml_text(overlay | ({"patches": patches} if patches else {})))
    yield from written


def _there(snapshot: Snapshot) -> set[tuple[str, str, str]]:
    return {(item.kind, item.namespace or "default", item.name) for item in snapshot.objects}


def _key(resource: Resource) -> tuple[str, str, str]:
    return resource.kind, resource.namespace or "default", resource.name


def _merges(step: Step) -> bool:
    """Whether a strategic merge patch sets exactly the value: nothing in it or on the way to it is merged by a key."""
    change = step.change
    values = change.after if isinstance(change.after, list) else [change.after]
    plain = not any(isinstance(each, Mapping | list) for each in values)
    return plain and all(isinstance(each, str) for each in change.path)


def _merged(resource: Resource, steps: Sequence[Step]) -> dict[str, Any]:
    """The strategic merge patch of an object, ``null`` where a field goes."""
    patch = _identity(resource)
    for step in steps:
        if not step.change.path:  # the object as a whole goes
            return {"$patch": "delete", **_identity(resource)}
        inner: dict[str, Any] = patch
        for key in step.change.path[:-1]:
            inner = inner.setdefault(str(key), {})
        inner[str(step.change.path[-1])] = step.change.after
    return patch


def _operation(step: Step) -> dict[str, Any]:
    """The operation of a JSON patch that sets a field."""
    change = step.change
    pointer = _pointer(change.path)
    if change.after is None:
        return {"op": "remove", "path": pointer}
    # "add" to an object sets the key whether or not it is there; to a list it would shift the elements
    at_element = bool(change.path) and isinstance(change.path[-1], int)
    return {"op": "replace" if at_element else "add", "path": pointer, "value": change.after}


def _pointer(path: FieldPath) -> str:
    """A path as a JSON pointer."""
    return "".join("/" + str(each).replace("~", "~0").replace("/", "~1") for each in path)


def _whole(resource: Resource, steps: Sequence[Step]) -> dict[str, Any]:
    """An object that is not there yet, out of the changes that make it."""
    value: dict[str, Any] = {}
    for step in steps:
        value = with_field(value, step.change.path, step.change.after)
    identity = _identity(resource)
    return {**identity, **value, "metadata": {**identity["metadata"], **(value.get("metadata") or {})}}


def _identity(resource: Resource) -> dict[str, Any]:
    metadata = {"name": resource.name, **({"namespace": resource.namespace} if resource.namespace else {})}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}


def _target(resource: Resource) -> dict[str, str]:
    """What a JSON patch is for. Names are regular expressions there; an object may leave out the default namespace."""
    group, _, version = resource.api_version.rpartition("/")
    namespace = "" if resource.namespace == "default" else re.escape(resource.namespace)
    found = {"group": group, "version": version, "kind": resource.kind}
    found |= {"name": re.escape(resource.name), "namespace": namespace}
    return {key: value for key, value in found.items() if value}
