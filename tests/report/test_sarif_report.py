"""SARIF 2.1.0: what the schema and code scanning services ask for, and fingerprints that survive moving lines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from shops import audited, hostile_shop, ingress, read, shop

from aksess import library
from aksess.checks import pages
from aksess.checks.interface import Confidence, Finding, Severity
from aksess.errors import InputError
from aksess.report import sarif
from aksess.rulings import Citation, Layer

Json = dict[str, Any]

# What the official schema (OASIS, sarif-schema-2.1.0.json) allows in the objects that are written.
_ALLOWED = {
    "log": {"$schema", "version", "runs", "inlineExternalProperties", "properties"},
    "run": {"tool", "results", "invocations", "artifacts", "columnKind", "properties", "automationDetails"},
    "driver": {"name", "version", "semanticVersion", "informationUri", "rules", "organization", "fullName"},
    "rule": {
        "id",
        "name",
        "shortDescription",
        "fullDescription",
        "help",
        "helpUri",
        "defaultConfiguration",
        "properties",
    },
    "result": {
        *("ruleId", "ruleIndex", "kind", "level", "message", "locations", "relatedLocations", "fingerprints"),
        *("partialFingerprints", "properties", "guid", "fixes"),
    },
    "location": {"id", "physicalLocation", "logicalLocations", "message", "annotations", "properties"},
    "physical": {"artifactLocation", "region", "contextRegion", "address", "properties"},
    "artifact": {"uri", "uriBaseId", "index", "description", "properties"},
    "region": {"startLine", "startColumn", "endLine", "endColumn", "snippet", "message", "properties"},
    "logical": {"name", "fullyQualifiedName", "kind", "index", "parentIndex", "decoratedName", "properties"},
    "message": {"text", "markdown", "id", "arguments", "properties"},
}
_URI = re.compile(r"(file:///)?[A-Za-z0-9._~!$&'()*+,;=@%/-]+\Z")


def _log(findings: tuple[Finding, ...]) -> Json:
    return dict(json.loads(sarif.audit(findings)))


def _results(findings: tuple[Finding, ...]) -> list[Json]:
    return list(_log(findings)["runs"][0]["results"])


def _check(log: Json) -> None:
    """The essential rules of the schema, by hand."""
    assert set(log) <= _ALLOWED["log"]
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("/sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert set(run) <= _ALLOWED["run"]
    driver = run["tool"]["driver"]
    assert set(driver) <= _ALLOWED["driver"]
    assert driver["name"] == "aksess"
    assert re.fullmatch(r"\d+\.\d+\.\d+", driver["semanticVersion"])
    for rule in driver["rules"]:
        assert set(rule) <= _ALLOWED["rule"]
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
    for result in run["results"]:
        _check_result(result, driver["rules"])


def _check_result(result: Json, rules: list[Json]) -> None:
    assert set(result) <= _ALLOWED["result"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in {"none", "note", "warning", "error"}
    assert set(result["message"]) <= _ALLOWED["message"]
    assert result["message"]["text"]
    assert all(isinstance(each, str) and each for each in result["partialFingerprints"].values())
    for location in result["locations"]:
        assert set(location) <= _ALLOWED["location"]
        for logical in location.get("logicalLocations", ()):
            assert set(logical) <= _ALLOWED["logical"]
        if physical := location.get("physicalLocation"):
            assert set(physical) <= _ALLOWED["physical"]
            assert set(physical["artifactLocation"]) <= _ALLOWED["artifact"]
            assert _URI.match(physical["artifactLocation"]["uri"])
            if region := physical.get("region"):
                assert set(region) <= _ALLOWED["region"]
                assert region["startLine"] >= 1


def _finding(**changes: Any) -> Finding:
    citation = Citation(Layer.CONTROLLER, "Ingress", "web", "shop")
    made = Finding("open-to-internet", Severity.NOTE, Confidence.HIGH, "is open", citation, fix="close it")
    return replace(made, **changes)


class _At:
    def __init__(self, file: str, line: int) -> None:
        self.file = file
        self._line = line

    def line(self, path: tuple[str | int, ...] = ()) -> int:
        return self._line


def test_an_audit_has_the_shape_of_the_schema(tmp_path: Path) -> None:
    found = audited(shop(tmp_path, policy="Cluster"))
    log = _log(found.findings)
    _check(log)
    assert [each["ruleId"] for each in log["runs"][0]["results"]] == [each.check for each in found.findings]


def test_a_hostile_audit_has_the_shape_of_the_schema(tmp_path: Path) -> None:
    found = audited(hostile_shop(tmp_path))
    assert found.findings
    _check(_log(found.findings))


def test_no_findings_are_an_empty_run() -> None:
    log = _log(())
    _check(log)
    assert log["runs"][0]["results"] == []
    assert log["runs"][0]["tool"]["driver"]["rules"] == []


def test_only_rules_that_occur_are_listed_once_and_sorted(tmp_path: Path) -> None:
    found = audited(shop(tmp_path, policy="Cluster"))
    rules = [each["id"] for each in _log(found.findings)["runs"][0]["tool"]["driver"]["rules"]]
    assert rules == sorted({each.check for each in found.findings})


def test_results_say_what_is_wrong_what_to_do_and_where(tmp_path: Path) -> None:
    estate = read(tmp_path, ingress("admin", "admin.example.com", "10.0.0.0/8,,"), file="my shop ü.yaml")
    found = audited(estate)
    result = next(each for each in _results(found.findings) if each["ruleId"] == "allow-list-invalid")
    finding = next(each for each in found.findings if each.check == "allow-list-invalid")
    assert result["level"] == "error"
    assert result["message"]["text"] == f"{finding.message}\n\nFix: {finding.fix}"
    assert result["properties"] == {"confidence": finding.confidence.value, "fix": finding.fix}
    physical = result["locations"][0]["physicalLocation"]
    assert physical["region"]["startLine"] == finding.citation.line
    uri = physical["artifactLocation"]["uri"]
    assert uri.endswith("/my%20shop%20%C3%BC.yaml")
    assert unquote(uri.removeprefix("file://")) == finding.citation.file
    assert result["locations"][0]["logicalLocations"] == [
        {"name": "admin", "fullyQualifiedName": "Ingress/shop/admin", "kind": "resource"}
    ]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("deploy/shop.yaml", "deploy/shop.yaml"),
        ("./deploy/../deploy/a b.yaml", "deploy/a%20b.yaml"),
        ("50%.yaml", "50%25.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
        ("a#b?c.yaml", "a%23b%3Fc.yaml"),
        ("/elsewhere/shop.yaml", "file:///elsewhere/shop.yaml"),
        ("bad\udcff.yaml", "bad%FF.yaml"),
    ],
)
def test_paths_become_uris(file: str, uri: str) -> None:
    citation = Citation(Layer.CONTROLLER, "Ingress", "web", "shop", place=_At(file, 3))
    (result,) = _results((_finding(citation=citation),))
    assert result["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": uri}, "region": {"startLine": 3}}


def test_a_path_below_the_working_directory_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = audited(shop(tmp_path / "deploy"))
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in _results(found.findings)}
    assert uris == {"deploy/shop.yaml"}


def test_an_unknown_line_has_no_region_and_an_unknown_file_no_place() -> None:
    known = Citation(Layer.CONTROLLER, "Ingress", "web", "shop", place=_At("shop.yaml", 0))
    (one, other) = _results((_finding(citation=known), _finding()))
    assert one["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "shop.yaml"}}
    assert "physicalLocation" not in other["locations"][0]
    assert other["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "Ingress/shop/web"


def test_fingerprints_survive_moving_lines(tmp_path: Path) -> None:
    one = audited(shop(tmp_path / "one"))
    path = tmp_path / "two" / "shop.yaml"
    shop(tmp_path / "two")
    path.write_text("# a comment\n\n\n" + path.read_text())
    other = audited(library.read(path))
    before, after = _results(one.findings), _results(other.findings)
    assert [each["partialFingerprints"] for each in before] == [each["partialFingerprints"] for each in after]
    lines = [
        [each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in given] for given in (before, after)
    ]
    assert [line + 3 for line in lines[0]] == lines[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"check": "allow-list-ignored"},
        {"message": "is very open"},
        {"citation": Citation(Layer.CONTROLLER, "Ingress", "web", "other")},
        {"citation": Citation(Layer.CONTROLLER, "Ingress", "api", "shop")},
        {"citation": Citation(Layer.CONTROLLER, "Service", "web", "shop")},
        {"citation": Citation(Layer.CONTROLLER, "Ingress", "web", "shop", resource="/subscriptions/x")},
    ],
)
def test_other_findings_have_other_fingerprints(changes: Json) -> None:
    one, other = (each["partialFingerprints"]["aksess/v1"] for each in _results((_finding(), _finding(**changes))))
    assert one.endswith(":1")
    assert other.endswith(":1")
    assert one != other


def test_findings_that_are_told_alike_are_numbered() -> None:
    one, other = (each["partialFingerprints"]["aksess/v1"] for each in _results((_finding(), _finding(fix="other"))))
    assert one.partition(":")[0] == other.partition(":")[0]
    assert (one.partition(":")[2], other.partition(":")[2]) == ("1", "2")


def test_a_message_cannot_hold_a_link_or_hidden_characters() -> None:
    (result,) = _results((_finding(message="see [here](https://evil.example)\n\u202e"),))
    assert result["message"]["text"] == "see [here] (https://evil.example) \\u202e\n\nFix: close it"


def test_a_command_stands_on_a_line_of_its_own() -> None:
    fix = """kubectl patch service x -p '{"a":{"b":1}}'; first look"""
    (result,) = _results((_finding(fix=fix),))
    assert result["message"]["text"].splitlines()[2:] == [
        """Fix: kubectl patch service x -p '{"a":{"b":1}}'""",
        "first look",
    ]
    assert result["properties"]["fix"] == fix


def test_the_page_of_a_check_is_its_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "read", lambda slug: f"# {slug}\n")
    (rule,) = _log((_finding(),))["runs"][0]["tool"]["driver"]["rules"]
    assert rule["help"] == {"text": "# open-to-internet\n", "markdown": "# open-to-internet\n"}


def test_without_its_page_the_title_is_the_help(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(slug: str) -> str:
        raise InputError(f"no page of {slug}")

    monkeypatch.setattr(pages, "read", missing)
    (rule,) = _log((_finding(),))["runs"][0]["tool"]["driver"]["rules"]
    assert rule["help"] == {"text": "reachable from the whole Internet"}
    assert rule["shortDescription"] == {"text": "reachable from the whole Internet"}


def test_the_same_input_gives_the_same_text(tmp_path: Path) -> None:
    assert sarif.audit(audited(shop(tmp_path)).findings) == sarif.audit(audited(shop(tmp_path)).findings)
