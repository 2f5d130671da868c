"""Telling what a document is, by its content: a Kubernetes object, an Azure reply, service tags, or a gap.

File names decide nothing. A Kubernetes object has ``apiVersion`` and ``kind``; an Azure resource has an id below a
subscription or a Microsoft type; replies wrap resources in ``value`` (ARM, with ``nextLink`` where there is more) or
``data`` (Resource Graph, with ``$skipToken``); service tags come in ``values``. Everything else is written down as
unread, with the reason and with how far the gap reaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aksess.addresses import ServiceTags
from aksess.errors import ParseError
from aksess.snapshot import azure_shape
from aksess.snapshot.items import AzureItem, KubernetesItem, Located
from aksess.snapshot.unread import Reach, Unread

__all__ = ["Collector"]

_SECRET_FIELDS = ("apiVersion", "kind", "type")


@dataclass(slots=True)
class Collector:
    """Takes documents one after another and sorts them."""

    objects: list[KubernetesItem] = field(default_factory=list)
    resources: list[AzureItem] = field(default_factory=list)
    effective: list[AzureItem] = field(default_factory=list)
    tags: ServiceTags = field(default_factory=ServiceTags)
    unread: list[Unread] = field(default_factory=list)
    empty: int = 0
    """Replies and lists that were understood and hold nothing."""

    @property
    def understood(self) -> int:
        """How many things were understood."""
        return len(self.objects) + len(self.resources) + len(self.effective) + len(self.tags) + self.empty

    def gap(self, place: Located, reason: str, reach: Reach = Reach.EVERYTHING, **named: str) -> None:
        """Write down something that was not understood."""
        self.unread.append(Unread(place.file, place.line(), reason, reach, **named))

    def take(self, value: Any, place: Located) -> None:
        """Sort one document."""
        if isinstance(value, list):
            self._take_each(value, place, ())
        elif not isinstance(value, Mapping):
            self.gap(place, f"a plain {_kind_of(value)}, no Kubernetes object and no Azure reply")
        elif isinstance(value.get("kind"), str) and isinstance(value.get("apiVersion"), str):
            self._take_kubernetes(value, place)
        elif azure_shape.is_resource(value):
            self._take_azure(value, place)
        else:
            self._take_reply(value, place)

    def take_object(self, api_version: str, kind: str, namespace: str, name: str, value: Any, place: Located) -> None:
        """Take one Kubernetes object whose head is known already.

        Args:
            api_version: ``group/version`` or ``version``.
            kind: Kind.
            namespace: Namespace, empty where there is none.
            name: Name.
            value: JSON bytes or plain dicts.
            place: Where it was found.
        """
        group, slash, version = api_version.rpartition("/")
        if kind == "Secret" and not group:
            value = {"metadata": {"name": name, "namespace": namespace}}
        self.objects.append(KubernetesItem(group if slash else "", version, kind, namespace, name, value, place))

    def _take_each(self, values: Sequence[Any], place: Located, path: tuple[str | int, ...]) -> None:
        if not values:
            self.empty += 1
            return
        inner = [index for index, each in enumerate(values) if isinstance(each, (dict, list))]
        plain = len(values) - len(inner)
        if plain:  # one gap for all of them: a list of a million numbers is one thing that was not understood
            first = next(each for each in values if not isinstance(each, (dict, list)))
            more = f" (and {plain - 1:,} more like it)" if plain > 1 else ""
            self.gap(place, f"a plain {_kind_of(first)}, no Kubernetes object and no Azure reply{more}")
        places = place.elements(path) if inner else []
        for index in inner:
            self.take(values[index], places[index] if index < len(places) else place)

    def _take_kubernetes(self, value: Mapping[str, Any], place: Located) -> None:
        kind, api_version = value["kind"], value["apiVersion"]
        if kind.endswith("List") and "items" in value and isinstance(value["items"], list | None):
            self._take_list(value, place)
            return
        metadata = value.get("metadata")
        if not isinstance(metadata, Mapping):
            self.gap(place, f"{kind} without metadata", kind=kind)
            return
        name, namespace = metadata.get("name"), metadata.get("namespace")
        if name is None and isinstance(metadata.get("generateName"), str):
            name = metadata["generateName"] + "…"
        if name is None and kind == "Kustomization":
            name = "kustomization"
        if not isinstance(name, str) or not name:
            self.gap(place, f"{kind} without a name", kind=kind)
            return
        if namespace is not None and not isinstance(namespace, str):
            self.gap(place, f"{kind} {name}: metadata.namespace is no text", kind=kind, name=name)
            return
        self.take_object(api_version, kind, namespace or "", name, value, place)

    def _take_list(self, value: Mapping[str, Any], place: Located) -> None:
        items = value.get("items") or []
        metadata = value.get("metadata")
        if isinstance(metadata, Mapping) and metadata.get("continue"):
            self.gap(place, "a partial list (metadata.continue is set): the rest was not read")
        if not items:
            self.empty += 1
            return
        places = place.elements(("items",))
        element = value["kind"][: -len("List")]
        for index, item in enumerate(items):
            at = places[index] if index < len(places) else place
            if isinstance(item, Mapping) and "kind" not in item and element:
                item = {**item, "kind": element, "apiVersion": value["apiVersion"]}  # noqa: PLW2901
            self.take(item, at)

    def _take_azure(self, value: Mapping[str, Any], place: Located) -> None:
        try:
            resource = azure_shape.normal(value)
        except RecursionError as error:
            self.gap(place, str(error))
            return
        identity, kind, name = (resource.get(key) for key in ("id", "type", "name"))
        if any(each is not None and not isinstance(each, str) for each in (identity, kind, name)):
            self.gap(place, "an Azure resource whose id, type or name is no text")
            return
        identity = identity or ""
        kind = kind.lower() if kind and "/" in kind else azure_shape.type_of_id(identity)
        name = name or identity.rstrip("/").rpartition("/")[2]
        if not kind or not name:
            self.gap(place, "an Azure resource without a usable type and name")
            return
        if kind == "microsoft.network/locations/servicetags" or ("values" in resource and "changenumber" in resource):
            self._take_tags(resource, place)
            return
        self.resources.append(AzureItem(kind, identity, name, resource, place))

    def _take_reply(self, value: Mapping[str, Any], place: Located) -> None:
        keys = {str(key) for key in value}
        values, data = value.get("value"), value.get("data")
        if isinstance(values, list):
            if value.get("nextLink"):
                self.gap(place, "a partial reply (nextLink is set): the other pages were not read")
            if any(isinstance(each, Mapping) and "effectiveSecurityRules" in each for each in values):
                self._take_effective(value, place)
            else:
                self._take_each(values, place, ("value",))
        elif "effectiveSecurityRules" in keys:
            self._take_effective({"value": [value]}, place)
        elif isinstance(value.get("values"), list):
            self._take_tags(azure_shape.normal(value), place)
        elif isinstance(data, list) and keys & {"count", "totalRecords", "resultTruncated"}:
            if value.get("$skipToken") or value.get("skipToken") or str(value.get("resultTruncated")).lower() == "true":
                self.gap(place, "a partial reply (the Resource Graph result is truncated)")
            self._take_each(data, place, ("data",))
        elif isinstance(data, Mapping) and isinstance(data.get("rows"), list):
            self.gap(place, "a Resource Graph reply as a table; ask for resultFormat objectArray")
        elif isinstance(value.get("error"), Mapping):
            code = value["error"].get("code")
            self.gap(place, f"an error reply of Azure ({code if isinstance(code, str) else 'no code'}), not a resource")
        elif "$schema" in keys and "resources" in keys:
            self.gap(place, "an ARM template, which is not rendered; give the deployed resources instead")
        elif not value:
            self.empty += 1
        elif (
            keys <= {"status", "startTime", "endTime", "name", "id", "percentComplete", "properties", "error"}
            and "status" in keys
        ):
            self.gap(place, "the status of an Azure operation, not a resource", Reach.NOTHING)
        else:
            self.gap(place, "no Kubernetes object and no Azure reply")

    def _take_effective(self, value: Mapping[str, Any], place: Located) -> None:
        reply = azure_shape.normal(value)
        self.effective.append(AzureItem("effectivesecurityrules", "", "effective", reply, place))

    def _take_tags(self, value: Mapping[str, Any], place: Located) -> None:
        prefixes: dict[str, list[str]] = {}
        broken = 0
        values = value.get("values")
        for tag in values if isinstance(values, list) else []:
            name = tag.get("name") if isinstance(tag, Mapping) else None
            texts = tag.get("addressprefixes") if isinstance(tag, Mapping) else None
            if isinstance(name, str) and isinstance(texts, list) and all(isinstance(each, str) for each in texts):
                prefixes[name] = texts
            else:
                broken += 1
        if broken or not prefixes:
            # a tag that is missing stays unresolved, which no rule can turn into a denial
            self.gap(place, f"service tags: {broken} entries without a name and prefixes", Reach.NOTHING)
        change, cloud = value.get("changenumber"), value.get("cloud")
        self.tags = self.tags.merged(
            ServiceTags(prefixes, change=str(change or ""), cloud=cloud if isinstance(cloud, str) else "")
        )


def _kind_of(value: Any) -> str:
    return {str: "text", bool: "boolean", int: "number", float: "number", type(None): "null"}.get(type(value), "value")


def refuse(error: ParseError, file: str) -> Unread:
    """A text that could not be parsed, as an entry of `unread`."""
    name, _, line = error.where.rpartition(":")
    return Unread(name or file, int(line) if line.isdigit() else 0, error.what)
