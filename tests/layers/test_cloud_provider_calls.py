"""The groups that the running cloud provider, release 1.35.8, sent to Azure Resource Manager, Service by Service.

The recorded calls tell which Services there were (tags of public addresses) and where they were reachable; what each
of them said is written down here. The group after each Service is predicted to the priority, and so is the whole of it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from test_cloud_provider import service
from test_cloud_provider_prediction import estate

from aksess.estate.kubernetes import Service
from aksess.layers.cloud_provider import Annotation, Behaviour, predict
from aksess.layers.cloud_provider.rules import PREFIX, allow_rule_name
from shared import shared_path

RELEASE = Behaviour.of_version("1.35.8")
NODES = ("10.224.0.4", "10.224.0.5")
OFFICES = "198.51.100.0/24"

# in the order in which they were made, each with the number of groups that had been sent when it was done
STEPS: list[tuple[int, dict[str, Any]]] = [
    (1, {"name": "plain", "ports": ["TCP/80", "TCP/443"], "addresses": ["203.0.113.11"]}),
    (
        2,
        {
            "name": "allowedip",
            "notes": {Annotation.ALLOWED_IP_RANGES: "192.0.2.0/24, 198.51.100.7/32"},
            "addresses": ["203.0.113.12"],
        },
    ),
    (
        3,
        {
            "name": "denyall",
            "notes": {Annotation.DENY_ALL: "true"},
            "ranges": [OFFICES],
            "addresses": ["203.0.113.13"],
        },
    ),
    (4, {"name": "local", "externalTrafficPolicy": "Local", "addresses": ["203.0.113.14"]}),
    (
        5,
        {
            "name": "nofip",
            "ports": ["TCP/80/30464"],
            "notes": {Annotation.FLOATING_IP_OFF: "true"},
            "addresses": ["203.0.113.15"],
        },
    ),
    (5, {"name": "internal", "notes": {Annotation.INTERNAL: "true"}, "addresses": ["10.224.0.201"]}),
    (
        6,
        {
            "name": "internalranges",
            "notes": {Annotation.INTERNAL: "true"},
            "ranges": ["10.0.0.0/8"],
            "addresses": ["10.224.0.202"],
        },
    ),
    (
        7,
        {
            "name": "ranges",
            "ports": ["TCP/443", "TCP/80"],
            "ranges": [OFFICES, "203.0.113.0/25", "203.0.113.128/25"],
            "addresses": ["203.0.113.16"],
        },
    ),
    (
        8,
        {
            "name": "tags",
            "ports": ["TCP/443", "TCP/80"],
            "notes": {Annotation.ALLOWED_SERVICE_TAGS: "AzureFrontDoor.Backend,AzureCloud"},
            "addresses": ["203.0.113.17"],
        },
    ),
    (9, {"name": "udp", "ports": ["UDP/53"], "addresses": ["203.0.113.18"]}),
    (10, {"name": "mixed", "ports": ["UDP/53", "TCP/53"], "addresses": ["203.0.113.19"]}),
    (11, {"name": "dual", "ports": ["TCP/443"], "addresses": ["203.0.113.20", "2001:db8:ffff::b"]}),
    (12, {"name": "emptyann", "notes": {Annotation.ALLOWED_IP_RANGES: ""}, "addresses": ["203.0.113.21"]}),
    (
        12,
        {
            "name": "conflict",
            "notes": {Annotation.ALLOWED_IP_RANGES: "192.0.2.0/24"},
            "ranges": [OFFICES],
            "addresses": ["203.0.113.22"],
        },
    ),
    (
        13,
        {
            "name": "tagspec",
            "notes": {Annotation.ALLOWED_SERVICE_TAGS: "AzureFrontDoor.Backend"},
            "ranges": [OFFICES],
            "addresses": ["203.0.113.23"],
        },
    ),
    (13, {"name": "optout", "notes": {Annotation.SECURITY_RULES_OFF: "true"}, "addresses": ["203.0.113.24"]}),
]
EDITED_BY_HAND = {"198.51.100.99/32", "8443"}


@cache
def _sent(path: Path) -> list[dict[str, dict[str, Any]]]:
    """The accepted groups of the first run, in order: properties of rules by name."""
    groups = []
    for line in path.read_text().splitlines():
        call = json.loads(line)
        if call["method"] == "PUT" and "/networkSecurityGroups/" in call["path"] and call["status"] == 200:
            rules = call["body"]["properties"].get("securityRules") or []
            groups.append({rule["name"]: rule["properties"] for rule in rules})
    return groups


def _services(count: int) -> list[Service]:
    return [service(created=f"{number:02}", **told) for number, (_, told) in enumerate(STEPS[:count])]


def _bare(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "provisioningState" and value != []}


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_group_after_each_service(count: int) -> None:
    """Source: kubernetes-sigs/cloud-provider-azure 1.35.8, run against a recorder in place of Azure."""
    sent = _sent(shared_path("data", "ccm", "arm_calls.jsonl"))[STEPS[count - 1][0] - 1]
    found = predict(estate(*_services(count), nodes=NODES), behaviour=RELEASE)
    assert {rule.name: rule.properties() for rule in found.rules} == {name: _bare(rule) for name, rule in sent.items()}
    assert [each.service.name for each in found.refused] == (["conflict"] if count >= 14 else [])
    assert found.doubts == {}


def test_names_of_all_rules_that_were_sent() -> None:
    """Every allow rule bears the hash of its own fields, but for those that were edited by hand in the meantime."""
    edited = checked = 0
    for group in _sent(shared_path("data", "ccm", "arm_calls.jsonl")):
        for name, fields in group.items():
            if not name.startswith(f"{PREFIX}_allow_"):
                continue
            sources = fields.get("sourceAddressPrefixes") or [fields.get("sourceAddressPrefix") or ""]
            ports = [int(port) for port in fields["destinationPortRanges"]]
            expected = allow_rule_name(fields["protocol"], 6 if "_IPv6_" in name else 4, sources, ports)
            if EDITED_BY_HAND.intersection([*sources, *fields["destinationPortRanges"]]):
                edited += 1
                assert name != expected
            else:
                checked += 1
                assert name == expected
    assert (checked > 300, edited > 0) == (True, True)
