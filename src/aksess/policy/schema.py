"""JSON Schema and custom resource definitions, made from the documents' own classes.

The files stand in ``schemas/`` beside this module: ``aksess.schema.json`` for editors and pipelines, one ``crd-*.yaml``
for each kind. ``python -m aksess.policy.schema`` writes them; a test holds them to what is generated. What the classes
say in Python beyond types (one form an entry, a network without host bits) is said here once more: to editors in the
keywords of JSON Schema, to the API server in CEL.

Sources: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions" (structural schemas, validation rules);
"Common Expression Language in Kubernetes" (the IP address and CIDR libraries, of which custom resources have the use
from Kubernetes 1.31 on); JSON Schema 2020-12.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from aksess.policy.documents import (
    GROUP,
    VERSION,
    AccessPolicy,
    AccessSpec,
    AddressGroup,
    ClusterAccessPolicy,
    Entry,
    GroupEntry,
)

__all__ = ["FOLDER", "MOST_ENTRIES", "definitions", "json_schema", "write"]

Schema = dict[str, Any]

FOLDER = Path(__file__).with_name("schemas")
MOST_ENTRIES = 5_000
"""Members of a list in a custom resource; the API server bounds what its rules may cost by it."""


class _Kind(NamedTuple):
    model: type[BaseModel]
    plural: str
    scope: str
    columns: tuple[tuple[str, str, str], ...]
    """Name, type and path of what ``kubectl get`` shows."""


_READY = ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status')
_AGE = ("Age", "date", ".metadata.creationTimestamp")
_KINDS = (
    _Kind(
        AccessPolicy,
        "accesspolicies",
        "Namespaced",
        (("Targets", "string", ".spec.targetRefs[*].name"), ("Public", "boolean", ".spec.public"), _READY, _AGE),
    ),
    _Kind(AddressGroup, "addressgroups", "Cluster", (_READY, _AGE)),
    _Kind(
        ClusterAccessPolicy,
        "clusteraccesspolicies",
        "Cluster",
        (
            ("Without policy", "string", ".spec.withoutPolicy"),
            ("Egress", "string", ".spec.egress.baseLine"),
            _READY,
            _AGE,
        ),
    ),
)


@dataclass(frozen=True)
class _Law:
    """What a class says in Python, for those who read a schema.

    Attributes:
        rules: CEL rules with what is said where they do not hold, for the API server.
        keywords: Keywords of JSON Schema that say it, for editors.
        both: Keywords that structural schemas have too.
    """

    rules: tuple[tuple[str, str], ...] = ()
    keywords: Schema = field(default_factory=dict)
    both: Schema = field(default_factory=dict)


def _one_of(forms: Sequence[str]) -> _Law:
    names = [to_camel(each) for each in forms]
    has = ", ".join(f"has(self.{name})" for name in names)
    return _Law(
        ((f"[{has}].exists_one(given, given)", f"say exactly one of {', '.join(names)}"),),
        {"oneOf": [{"required": [name]} for name in names]},
    )


_FEED_LAWS = (
    (
        "has(self.url) ? has(self.sha256) != has(self.refresh) : !has(self.sha256) && !has(self.refresh)",
        "a url comes with exactly one of sha256 and refresh, which belong to nothing else",
    ),
    (
        "!has(self.refresh) || has(self.expires) && has(self.owner) && self.owner != ''",
        "a feed that is signed off needs owner and expires",
    ),
)
_PLAIN_ADDRESS = "isIP(self) && !self.contains('%')"
_PLAIN_NETWORK = "isCIDR(self) && cidr(self) == cidr(self).masked()"

_LAWS: dict[type[BaseModel], _Law] = {
    Entry: _one_of(Entry.FORMS),
    GroupEntry: _Law(
        _one_of(GroupEntry.FORMS).rules + _FEED_LAWS,
        {
            **_one_of(GroupEntry.FORMS).keywords,
            "dependentRequired": {"sha256": ["url"], "refresh": ["url", "owner", "expires"]},
            "if": {"required": ["url"]},
            "then": {"oneOf": [{"required": ["sha256"]}, {"required": ["refresh"]}]},
        },
    ),
    AccessSpec: _Law(
        (
            (
                "(has(self.allow) && size(self.allow) > 0) != (has(self.public) && self.public)",
                "say exactly one of allow, with somebody in it, and public: true",
            ),
        ),
        {
            "oneOf": [
                {"required": ["allow"], "properties": {"allow": {"minItems": 1}, "public": {"const": False}}},
                {"required": ["public"], "properties": {"allow": {"maxItems": 0}, "public": {"const": True}}},
            ]
        },
    ),
}
"""By class."""

_FIELD_LAWS: dict[str, _Law] = {
    "cidr": _Law(
        (
            (
                f"self.contains('/') ? {_PLAIN_NETWORK} : {_PLAIN_ADDRESS}",
                "write a network without bits beyond its prefix, as 203.0.113.0/24, or an address",
            ),
        )
    ),
    "address": _Law(((_PLAIN_ADDRESS, "write an address as 203.0.113.7 or 2001:db8::7"),)),
    "serviceTag": _Law(both={"pattern": "^[A-Za-z][A-Za-z0-9._-]*$"}),
    "url": _Law(both={"pattern": r"^https://[^/\s]+(/\S*)?$"}),
    "dns": _Law(both={"pattern": r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$"}),
}
"""By field of an entry."""


def json_schema() -> Schema:
    """One JSON Schema (2020-12) that accepts the documents of all three kinds."""
    kinds = [each.model for each in _KINDS]
    _, whole = models_json_schema([(each, "validation") for each in kinds])
    names = {each.__name__: law for each, law in _LAWS.items()}
    parts = {name: _clean(part, names.get(name, _Law()).keywords) for name, part in sorted(whole["$defs"].items())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{GROUP}/{VERSION}",
        "description": "Who may reach what on a cluster: the documents that aksess reads.",
        "oneOf": [{"$ref": f"#/$defs/{each.__name__}"} for each in kinds],
        "$defs": parts,
    }


def definitions() -> dict[str, Schema]:
    """The custom resource definitions, by the names of their files."""
    return {f"crd-{each.plural}.yaml": _definition(each) for each in _KINDS}


def write(folder: Path = FOLDER) -> None:
    """Write the schema and the definitions into a folder; it is made."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    (folder / "aksess.schema.json").write_text(text + "\n", encoding="utf-8")
    for name, definition in definitions().items():
        text = yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=110)
        (folder / name).write_text(f"# written by python -m aksess.policy.schema\n{text}", encoding="utf-8")


def _definition(kind: _Kind) -> Schema:
    name = kind.model.__name__
    columns = [{"name": column, "type": form, "jsonPath": path} for column, form, path in kind.columns]
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _resource(kind.model)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": columns,
    }
    names = {"kind": name, "listKind": f"{name}List", "plural": kind.plural, "singular": name.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": kind.scope,
            "names": {**names, "categories": ["aksess"]},
            "versions": [version],
        },
    }


def _resource(model: type[BaseModel]) -> Schema:
    """The structural schema of a kind: everything in place, no references, no unknown fields."""
    whole = model.model_json_schema()
    spec = _structural(whole["properties"]["spec"], whole["$defs"])
    return {
        "type": "object",
        "description": whole["description"],
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": _STATUS,
        },
    }


def _structural(schema: Mapping[str, Any], parts: Mapping[str, Schema]) -> Schema:
    """A schema as the API server takes it; fields that are not named are refused or pruned by the server itself."""
    reference = str(schema.get("$ref", "")).rpartition("/")[2]
    law = next((law for model, law in _LAWS.items() if model.__name__ == reference), _Law())
    found = _clean({**parts.get(reference, {}), **schema}, {})
    for keyword in ("$ref", "additionalProperties"):
        found.pop(keyword, None)
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if found.get("type") == "array":
        found["maxItems"] = MOST_ENTRIES
        found["items"] = _structural(found["items"], parts)
    if "properties" in found:
        found["properties"] = {
            name: _ruled(_structural(each, parts), _FIELD_LAWS.get(name, _Law()).rules)
            for name, each in found["properties"].items()
        }
    return _ruled(found, law.rules)


def _ruled(schema: Schema, rules: Sequence[tuple[str, str]]) -> Schema:
    if rules:
        schema["x-kubernetes-validations"] = [{"rule": rule, "message": message} for rule, message in rules]
    return schema


def _clean(schema: Mapping[str, Any], keywords: Schema) -> Schema:
    """A schema of pydantic without what says nothing: titles, the null of optional fields, empty defaults."""
    found = {key: value for key, value in schema.items() if key not in {"title", "default", "anyOf"}}
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            found = {**choice, **found}
    if schema.get("default") and not isinstance(schema["default"], dict | list):
        found["default"] = schema["default"]
    if "properties" in found:
        found["properties"] = {
            name: {**_clean(each, {}), **_FIELD_LAWS.get(name, _Law()).both}
            for name, each in found["properties"].items()
        }
    return {**found, **keywords}


_TEXT = {"type": "string", "maxLength": 32768}
_CONDITION = {
    "type": "object",
    "required": ["type", "status", "lastTransitionTime", "reason", "message"],
    "properties": {
        "type": {"type": "string", "maxLength": 316},
        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
        "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
        "lastTransitionTime": {"type": "string", "format": "date-time"},
        "reason": {"type": "string", "minLength": 1, "maxLength": 1024},
        "message": _TEXT,
    },
}
_STATUS = {
    "type": "object",
    "description": "What the operator found.",
    "properties": {
        "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
        "conditions": {
            "type": "array",
            "items": _CONDITION,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    },
}
"""As `metav1.Condition` of Kubernetes has it."""


if __name__ == "__main__":
    write()
