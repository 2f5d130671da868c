"""A plan as values for the ingress-nginx chart: what it changes on the ConfigMap and the Services of the controller.

Objects of the chart are known by the labels that it puts on them. Ingresses belong to the charts of the applications,
so their changes are named and left out.

Values are merged key by key, so what is set here is added to what people set elsewhere. A key of a map cannot be taken
away by values: ``null`` does that only for keys in the defaults of the chart, and renders as the text ``<nil>`` for all
others, which the controller would read as a setting. So that is refused. The chart sends settings and annotations
through ``tpl``; a ``{{`` in them is written so that it comes out as it was.

Source: kubernetes/ingress-nginx charts/ingress-nginx (templates/controller-service.yaml,
controller-service-internal.yaml, controller-configmap.yaml, _helpers.tpl); helm.sh docs, "Values Files"; both as
rendered by helm 3.22 in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aksess.export.interface import Exported, Order
from aksess.export.wording import Identifiers, Step, commented, divided, header, refused, yaml_text
from aksess.plan.changes import Change, FieldPath
from aksess.plan.states import with_field
from aksess.snapshot import Snapshot

__all__ = ["files"]

_NAME, _INSTANCE, _CHART = "app.kubernetes.io/name", "app.kubernetes.io/instance", "helm.sh/chart"
_BESIDE = ("-metrics", "-admission", "-tcp", "-udp", "-custom-add-headers", "-custom-proxy-headers", "-defaultbackend")
"""How objects of the chart end that have values of their own elsewhere."""

_SERVICE_FIELDS: Mapping[FieldPath, Any] = {
    ("spec", "externalTrafficPolicy"): "",
    ("spec", "loadBalancerSourceRanges"): [],
}
"""The fields of a Service that have a value of the same name, and the value for which the chart leaves them out."""

_MADE_BY_CHART = {"allow-snippet-annotations", "add-headers", "proxy-set-headers", "ssl-dh-param"}
"""Settings that the chart writes from other values; here they would stand in the ConfigMap twice."""

_INSTEAD = "the nearest way: aksess export PLAN --as kubectl"
_AFTER = "Name it after your own values: helm upgrade RELEASE CHART -f YOURS.yaml -f"
_PLAIN = "Its objects do not name the chart: if they were applied without Helm, use aksess export PLAN --as kubectl."

Release = tuple[str, str]
"""Namespace and instance."""


def files(order: Order) -> Iterator[Exported]:
    """``values-ingress-nginx.yaml``, or one file for each release where there are several.

    Raises:
        ExportRefused: No change belongs to the chart, or one of them has no words in its values.
    """
    objects = _objects_of_chart(order.snapshot)
    where = "on objects of the ingress-nginx chart (known by their labels)"
    mine, left = divided(order, lambda each: _key(each) in objects, where)
    releases: dict[Release, list[Step]] = {}
    for step in mine:
        releases.setdefault(_release(step.change, objects[_key(step.change)]), []).append(step)
    names = Identifiers()
    for release, steps in releases.items():
        ending = "" if len(releases) == 1 else f"-{names.of('', '_'.join(release))}"
        name = f"values-ingress-nginx{ending}.yaml"
        others = [each for found in releases.values() if found is not steps for each in found]
        named_by_chart = any(_CHART in objects[_key(each.change)] for each in steps)
        yield Exported(name, _text(name, release, steps, _sorted([*left, *others]), named_by_chart))


def _text(name: str, release: Release, steps: Sequence[Step], left: Sequence[Step], named_by_chart: bool) -> str:
    values: dict[str, Any] = {}
    for step in steps:
        path, value = _value(step)
        values = with_field(values, path, value)
    what = f"What a plan of aksess changes on the ingress-nginx controller {'/'.join(filter(None, release))}."
    notes = [f"{_AFTER} {name}", *([] if named_by_chart else [_PLAIN]), *(f"  {each.text}" for each in steps)]
    return commented(header(what, left, *notes), "#") + yaml_text(values)


def _value(step: Step) -> tuple[FieldPath, Any]:
    """Where in the values a change goes, and as what."""
    change = step.change
    if change.resource.kind == "ConfigMap" and change.path[0] == "data" and len(change.path) == 2:
        key = str(change.path[1])
        if key in _MADE_BY_CHART:
            raise refused(step, "the chart writes this setting from another value", _INSTEAD)
        return ("controller", "config", key), _kept(step)
    service = ("controller", "service", "internal") if _is_internal(change) else ("controller", "service")
    if change.resource.kind == "Service" and change.path in _SERVICE_FIELDS:
        empty = _SERVICE_FIELDS[change.path]
        return (*service, str(change.path[1])), empty if change.after is None else change.after
    if change.resource.kind == "Service" and change.path[:2] == ("metadata", "annotations") and len(change.path) == 3:
        return (*service, "annotations", str(change.path[2])), _kept(step)
    raise refused(step, "the values of the ingress-nginx chart do not hold this field", _INSTEAD)


def _kept(step: Step) -> str:
    """A text as a template that renders to it."""
    if step.change.after is None:
        reason = "values add to each other and cannot take a key away"
        raise refused(step, reason, f"take it out of the values that set it; {_INSTEAD}")
    return str(step.change.after).replace("{{", '{{ "{{" }}')


def _objects_of_chart(snapshot: Snapshot) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    """The Services and the ConfigMap of controllers, by kind, namespace and name, with their labels."""
    found: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for item in snapshot.objects:
        if item.kind not in {"Service", "ConfigMap"} or item.group or item.name.endswith(_BESIDE):
            continue
        labels = (item.plain().get("metadata") or {}).get("labels") or {}
        if str(labels.get(_CHART, "")).startswith("ingress-nginx-") or labels.get(_NAME) == "ingress-nginx":
            found[item.kind, item.namespace or "default", item.name] = labels
    return found


def _key(change: Change) -> tuple[str, str, str]:
    return change.resource.kind, change.resource.namespace, change.resource.name


def _release(change: Change, labels: Mapping[str, Any]) -> Release:
    return change.resource.namespace, str(labels.get(_INSTANCE, ""))


def _is_internal(change: Change) -> bool:
    """Whether it is the second Service of the chart, for clients inside the virtual network."""
    return change.resource.name.endswith("-internal")


def _sorted(steps: Sequence[Step]) -> list[Step]:
    return sorted(steps, key=lambda each: each.number)
