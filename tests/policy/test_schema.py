"""The committed schema and custom resource definitions are those of the classes, and say what the classes say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aksess.policy.documents import AccessPolicy, AddressGroup, ClusterAccessPolicy, Entry, GroupEntry
from aksess.policy.schema import FOLDER, definitions, json_schema, write

FILES = [
    "aksess.schema.json",
    "crd-accesspolicies.yaml",
    "crd-addressgroups.yaml",
    "crd-clusteraccesspolicies.yaml",
]


def test_what_is_committed_is_what_is_generated(tmp_path: Path) -> None:
    write(tmp_path / "schemas")
    assert sorted(each.name for each in (tmp_path / "schemas").iterdir()) == FILES
    for name in FILES:
        again = "run python -m aksess.policy.schema"
        assert (FOLDER / name).read_text() == (tmp_path / "schemas" / name).read_text(), again


def test_a_definition_is_read_back_as_it_was() -> None:
    """No anchors and no aliases, and nothing that YAML reads as something else."""
    for name, definition in definitions().items():
        text = (FOLDER / name).read_text()
        assert yaml.safe_load(text) == definition
        assert not any(isinstance(each, yaml.AliasEvent) for each in yaml.parse(text))


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema."""
    yield value
    yield from (found for each in value.get("properties", {}).values() for found in parts(each))
    if "items" in value:
        yield from parts(value["items"])


@pytest.mark.parametrize("definition", definitions().values(), ids=definitions())
def test_a_definition_is_structural_and_bounded(definition: dict[str, Any]) -> None:
    (version,) = definition["spec"]["versions"]
    for each in parts(version["schema"]["openAPIV3Schema"]):
        assert "type" in each
        assert not {"$ref", "anyOf", "oneOf", "const", "title", "additionalProperties"} & set(each)
    for each in parts(version["schema"]["openAPIV3Schema"]["properties"]["spec"]):
        assert each["description"]
        if each["type"] == "array":
            assert each["maxItems"]
        if each["type"] == "string":
            assert each.get("maxLength") or each.get("enum") or each.get("format") or each.get("pattern")


@pytest.mark.parametrize("model", [AccessPolicy, AddressGroup, ClusterAccessPolicy])
def test_every_field_is_in_the_schema(model: type[AccessPolicy]) -> None:
    found = json_schema()["$defs"]
    assert set(found[model.__name__]["properties"]) == {each.alias for each in model.model_fields.values()}
    for entry in (Entry, GroupEntry):
        assert set(found[entry.__name__]["properties"]) == {each.alias for each in entry.model_fields.values()}
    assert found["AccessPolicy"]["required"] == ["apiVersion", "metadata", "kind", "spec"]


def test_the_schema_is_json_of_one_draft() -> None:
    schema = json.loads((FOLDER / "aksess.schema.json").read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    named = {each["$ref"].removeprefix("#/$defs/") for each in schema["oneOf"]}
    assert named == {"AccessPolicy", "AddressGroup", "ClusterAccessPolicy"} <= set(schema["$defs"])
