"""Findings as SARIF 2.1.0, which code scanning services show beside the lines of a pull request.

One rule a check that found something, one result a finding. Results carry a fingerprint of what is wrong with which
resource, so that moving lines neither closes an alert nor opens it again.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01".
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from aksess import __version__
from aksess.checks import pages, registry
from aksess.checks.interface import Finding, Severity
from aksess.errors import InputError
from aksess.report.wording import command_of, visible
from aksess.rulings import Citation

__all__ = ["audit"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_FINGERPRINT = "aksess/v1"


class _Message(msgspec.Struct, omit_defaults=True):
    text: str
    markdown: str | UnsetType = UNSET


class _Configuration(msgspec.Struct):
    level: str


class _Rule(msgspec.Struct, rename="camel"):
    id: str
    short_description: _Message
    help: _Message
    default_configuration: _Configuration
    properties: dict[str, list[str]]


class _Driver(msgspec.Struct, rename="camel"):
    name: str
    semantic_version: str
    rules: list[_Rule]


class _Tool(msgspec.Struct):
    driver: _Driver


class _Region(msgspec.Struct, rename="camel"):
    start_line: int


class _ArtifactLocation(msgspec.Struct):
    uri: str


class _PhysicalLocation(msgspec.Struct, rename="camel", omit_defaults=True):
    artifact_location: _ArtifactLocation
    region: _Region | UnsetType = UNSET


class _LogicalLocation(msgspec.Struct, rename="camel"):
    name: str
    fully_qualified_name: str
    kind: str = "resource"


class _Location(msgspec.Struct, rename="camel", omit_defaults=True):
    logical_locations: list[_LogicalLocation]
    physical_location: _PhysicalLocation | UnsetType = UNSET


class _Result(msgspec.Struct, rename="camel"):
    rule_id: str
    rule_index: int
    level: str
    message: _Message
    locations: list[_Location]
    partial_fingerprints: dict[str, str]
    properties: dict[str, str]


class _Run(msgspec.Struct):
    tool: _Tool
    results: list[_Result]


class _Log(msgspec.Struct):
    schema: str = msgspec.field(name="$schema")
    version: str
    runs: list[_Run]


def audit(findings: Sequence[Finding]) -> str:
    """The findings of ``aksess audit``: one run, results in the order of the findings.

    A finding about something that no file holds has no physical location, only the name of the resource.
    """
    index = {slug: number for number, slug in enumerate(sorted({each.check for each in findings}))}
    seen: Counter[str] = Counter()
    results = [_result(each, index[each.check], seen) for each in findings]
    run = _Run(_Tool(_Driver("aksess", __version__, [_rule(slug) for slug in index])), results)
    encoded = msgspec.json.encode(_Log(_SCHEMA, "2.1.0", [run]))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _rule(slug: str) -> _Rule:
    check = registry.check_of(slug)
    title, level = (check.title, check.severity) if check else (slug, Severity.WARNING)
    return _Rule(slug, _Message(title), _help(slug, title), _Configuration(level.value), {"tags": ["security"]})


def _help(slug: str, title: str) -> _Message:
    try:
        page = pages.read(slug)
    except InputError:
        return _Message(title)
    return _Message(page, page)


def _result(finding: Finding, index: int, seen: Counter[str]) -> _Result:
    identity = _identity(finding)
    seen[identity] += 1
    properties = {"confidence": finding.confidence.value}
    if finding.fix:
        properties["fix"] = finding.fix
    return _Result(
        finding.check,
        index,
        finding.severity.value,
        _Message(_told(finding)),
        [_location(finding.citation)],
        {_FINGERPRINT: f"{identity}:{seen[identity]}"},
        properties,
    )


def _told(finding: Finding) -> str:
    """What is wrong, and what to do.

    Braces stay single although the standard doubles them: a message without arguments has no placeholders, no viewer
    that people use turns doubled ones back, and a fix is there to be copied. ``](`` would be a link, so it is parted.
    """
    told = visible(finding.message)
    if finding.fix:
        command, remark = command_of(visible(finding.fix))
        told += "\n\nFix: " + "\n".join(each for each in (command, remark) if each)
    return told.replace("](", "] (")


def _location(citation: Citation) -> _Location:
    parts = [each for each in (citation.kind, citation.namespace, citation.name) if each]
    named = [_LogicalLocation(visible(citation.name or citation.label), visible("/".join(parts)))] if parts else []
    if not citation.file:
        return _Location(named)
    line = citation.line
    return _Location(
        named,
        _PhysicalLocation(_ArtifactLocation(_uri(citation.file)), _Region(line) if line else UNSET),
    )


def _uri(file: str) -> str:
    """A path as a URI reference: relative to the working directory where the file lies below it."""
    path = posixpath.normpath(file)
    if not posixpath.isabs(path):
        return quote(os.fsencode(path))
    here = Path.cwd()
    if Path(path).is_relative_to(here):
        return quote(os.fsencode(Path(path).relative_to(here)))
    return "file://" + quote(os.fsencode(path))


def _identity(finding: Finding) -> str:
    """What a finding is about, without where it stands."""
    citation = finding.citation
    told = (finding.check, citation.kind, citation.resource, citation.namespace, citation.name, finding.message)
    return hashlib.sha256("\0".join(told).encode(errors="surrogatepass")).hexdigest()[:32]
