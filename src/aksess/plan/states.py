"""The estate after changes: the raw objects with each field set, and what the cloud provider makes of it.

A change never touches what was decoded: it sets a field of the raw object, and the estate is made anew. So what a plan
predicts is read the same way as what its exports will hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aksess.plan.changes import Change, FieldPath, Resource
from aksess.snapshot import Snapshot
from aksess.snapshot.items import AzureItem, KubernetesItem
from aksess.snapshot.places import StoredPlace

__all__ = ["changed", "with_field"]

_NEW = StoredPlace("", 0)


def changed(snapshot: Snapshot, changes: Sequence[Change]) -> Snapshot:
    """The snapshot with every change made, in their order; nothing else about it changes."""
    objects: dict[Resource, list[Change]] = {}
    resources: dict[str, list[Change]] = {}
    for each in changes:
        if each.resource.is_azure:
            resources.setdefault(each.resource.id.lower(), []).append(each)
        else:
            objects.setdefault(_named(each.resource), []).append(each)
    if not changes:
        return snapshot
    found = [_object(item, objects.get(_resource_of(item), ())) for item in snapshot.objects]
    known = {_resource_of(item) for item in snapshot.objects}
    new = [_made(resource, listed) for resource, listed in objects.items() if resource not in known]
    azure = [_resource(item, resources.get(item.id.lower(), ())) for item in snapshot.resources]
    return replace(snapshot, objects=(*found, *new), resources=tuple(azure))


def with_field(value: Any, path: FieldPath, after: Any) -> Any:
    """A copy of a plain value with one field set, or taken away for None; a mapping that is empty then goes too."""
    if not path:
        return after
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        listed = list(value or ())
        listed[step] = with_field(listed[step], rest, after)
        return listed
    found = dict(value or {})
    inner = with_field(found.get(step), rest, after)
    if inner is None or (rest and inner == {}):
        found.pop(step, None)
    else:
        found[step] = inner
    return found


def _named(resource: Resource) -> Resource:
    """An object without its version, which an object may be written in several of."""
    return replace(resource, api_version=resource.api_version.rpartition("/")[0])


def _resource_of(item: KubernetesItem) -> Resource:
    namespace = item.namespace
    if not namespace and item.kind in {"Ingress", "Service", "ConfigMap", "NetworkPolicy"}:
        namespace = "default"
    return Resource(item.kind, item.name, namespace, item.group)


def _object(item: KubernetesItem, changes: Iterable[Change]) -> KubernetesItem:
    value: Any = None
    for each in changes:
        value = with_field(item.plain() if value is None else value, each.path, each.after)
    return item if value is None else replace(item, value=value)


def _made(resource: Resource, changes: Sequence[Change]) -> KubernetesItem:
    value: Any = {}
    for each in changes:
        value = with_field(value, each.path, each.after)
    group, _, version = changes[0].resource.api_version.rpartition("/")
    return KubernetesItem(group, version, resource.kind, resource.namespace, resource.name, value, _NEW)


def _resource(item: AzureItem, changes: Iterable[Change]) -> AzureItem:
    value: Mapping[str, Any] = item.value
    for each in changes:
        if each.path[0] == "securityRules":
            value = {**value, "securityrules": _rules(value.get("securityrules") or [], str(each.path[1]), each.after)}
        else:
            path = tuple(step.lower() if isinstance(step, str) else step for step in each.path)
            value = with_field(value, path, each.after)
    return item if value is item.value else replace(item, value=value)


def _rules(rules: Sequence[Mapping[str, Any]], name: str, after: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Rules with one put in, put in another's place, or taken out; a snapshot holds keys in lower case."""
    new = {key.lower(): each for key, each in after.items()} if after is not None else None
    found: list[Mapping[str, Any]] = []
    for each in rules:
        if str(each.get("name", "")).lower() != name.lower():
            found.append(each)
        elif new is not None:
            found.append(new)
            new = None
    return found if new is None else [*found, new]
