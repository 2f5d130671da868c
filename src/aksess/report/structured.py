"""The JSON of the contract: answers as plain values in a stable order, so that the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from aksess.access.comparison import Difference
from aksess.access.exposures import Exposure
from aksess.access.outcomes import Outcome
from aksess.access.questions import Explanation, Reach
from aksess.addresses import AddressSet, is_internet, name_of
from aksess.checks.interface import Finding
from aksess.layers.egress import Allowance, Requirement
from aksess.rulings import Assumption, Citation, Ruling, Verdict
from aksess.snapshot.unread import Unread

__all__ = ["SCHEMA_VERSION", "audit", "comparison", "egress", "encode", "explanation", "reach"]

SCHEMA_VERSION = "1"
Names = Sequence[tuple[str, AddressSet]]
Json = dict[str, Any]


def encode(value: Any) -> str:
    """A value as indented JSON with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def explanation(found: Explanation, findings: Iterable[str] = ()) -> Json:
    """The answer of ``aksess explain``."""
    several = len(found.outcomes) > 1
    return {
        "schemaVersion": SCHEMA_VERSION,
        "source": found.source.text,
        "target": found.target.text,
        "verdict": found.verdict.value,
        "outcomes": [_outcome(each, hops=several) for each in found.outcomes],
        "hops": [_hop(each) for each in found.trail],
        "seenAs": found.seen.to_cidrs(),
        "assumptions": _assumptions(found.assumptions),
        "findings": sorted(set(findings)),
    }


def reach(found: Reach, names: Names = ()) -> Json:
    """The answer of ``aksess who``."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "target": found.target.text,
        "allowed": _allowed(found.standing.allowed, names),
        "indeterminate": _set(found.standing.indeterminate, names, "none"),
        "narrowedBy": _narrowed(found.narrowed),
        "assumptions": _assumptions(found.assumptions),
    }


def audit(
    exposures: Iterable[Exposure],
    findings: Iterable[Finding],
    unread: Iterable[Unread],
    names: Names = (),
) -> Json:
    """The answer of ``aksess audit``."""
    listed = list(exposures)
    assumptions = dict.fromkeys(each for exposure in listed for each in exposure.assumptions)
    return {
        "schemaVersion": SCHEMA_VERSION,
        "exposures": [_exposure(each, names) for each in listed],
        "findings": [_finding(each) for each in findings],
        "assumptions": _assumptions(assumptions),
        "unread": [_unread(each) for each in unread],
    }


def comparison(differences: Iterable[Difference]) -> list[Json]:
    """The answer of ``aksess diff``."""
    return [
        {
            "exposure": each.exposure,
            "gained": {"cidrs": each.gained.to_cidrs()},
            "lost": {"cidrs": each.lost.to_cidrs()},
            "uncertain": {"cidrs": each.uncertain.to_cidrs()},
        }
        for each in differences
    ]


def egress(requirements: Iterable[Requirement], allowances: Iterable[Allowance]) -> Json:
    """The answer of ``aksess egress``."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "requirements": [
            {
                "requirement": each.need.name,
                "destination": each.need.destination,
                "protocol": each.need.protocol,
                "port": each.need.port,
                "verdict": each.verdict.value,
                "rule": _cited(each.citation) if each.citation else None,
                "reason": each.reason or None,
                "source": each.need.source,
            }
            for each in requirements
        ],
        "allowances": [{"rule": _cited(each.citation), "obsolete": each.obsolete} for each in allowances],
    }


def _outcome(outcome: Outcome, *, hops: bool) -> Json:
    shown: Json = {
        "verdict": outcome.verdict.value,
        "effect": outcome.effect.value,
        "status": outcome.status,
        "sources": outcome.sources.to_cidrs(),
        "decidedBy": _cited(outcome.citation),
        "entry": outcome.entry or None,
        "condition": outcome.condition or None,
        "then": outcome.then or None,
        "reason": outcome.reason or None,
        "hops": [_hop(each) for each in outcome.trail] if hops else None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _hop(ruling: Ruling) -> Json:
    citation = ruling.citation
    verdict = Verdict.INDETERMINATE if ruling.doubt else Verdict.ALLOWED if ruling.passes else Verdict.DENIED
    shown: Json = {
        "layer": citation.layer.value,
        "verdict": verdict.value,
        "resource": citation.resource or citation.label,
        "rule": citation.rule or None,
        "priority": citation.priority,
        "text": citation.text or None,
        "file": citation.file or None,
        "line": citation.line or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _cited(citation: Citation) -> Json:
    shown: Json = {
        "layer": citation.layer.value,
        "kind": citation.kind or None,
        "namespace": citation.namespace or None,
        "name": citation.name or None,
        "resource": citation.resource or None,
        "rule": citation.rule or None,
        "priority": citation.priority,
        "field": citation.field_text or None,
        "file": citation.file or None,
        "line": citation.line or None,
        "text": citation.text or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _exposure(exposure: Exposure, names: Names) -> Json:
    backend = exposure.backend
    application = exposure.application
    return {
        "id": exposure.id,
        "entry": {"address": exposure.address, "port": exposure.port, "protocol": exposure.protocol},
        "host": exposure.host or None,
        "path": exposure.path or None,
        "pathType": exposure.path_type or None,
        "application": {
            "kind": application.kind,
            "namespace": application.namespace or None,
            "name": application.name,
        },
        "backend": {"namespace": backend.namespace, "service": backend.service, "port": backend.port}
        if backend
        else None,
        "allowed": _allowed(exposure.allowed, names),
        "indeterminate": _set(exposure.indeterminate, names, "none"),
        "narrowedBy": _narrowed(exposure.narrowed),
    }


def _finding(finding: Finding) -> Json:
    citation = finding.citation
    return {
        "check": finding.check,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "resource": {"kind": citation.kind, "namespace": citation.namespace or None, "name": citation.name},
        "file": citation.file or None,
        "line": citation.line or None,
        "exposures": list(finding.exposures),
        "fix": finding.fix,
    }


def _unread(gap: Unread) -> Json:
    return {"file": gap.file, "line": gap.line or None, "reason": gap.reason, "reach": gap.reach.value}


def _allowed(addresses: AddressSet, names: Names) -> Json:
    inside = next((each for name, each in names if name == "VirtualNetwork"), None)
    return {**_set(addresses, names, "nobody"), "internet": is_internet(addresses, inside)}


def _set(addresses: AddressSet, names: Names, nobody: str) -> Json:
    return {"text": name_of(addresses, names, nobody=nobody), "cidrs": addresses.to_cidrs()}


def _narrowed(citations: Iterable[Citation]) -> list[Json]:
    found = dict.fromkeys((each.layer.value, each.label or each.resource) for each in citations)
    return [{"layer": layer, "resource": resource} for layer, resource in found]


def _assumptions(assumptions: Iterable[Assumption]) -> list[Json]:
    return [{"code": code, "text": text} for code, text in sorted({(each.code, each.text) for each in assumptions})]
