"""Every recorded reconcile of the real cloud provider, predicted exactly.

The steps were recorded from the Go code of kubernetes-sigs/cloud-provider-azure: random scenarios of several Services,
one reconcile after another, and the cases of its own test of `reconcileSecurityGroup`. A further file of either form
can be named in the environment variable AKSESS_CCM_STEPS (paths joined by ``:``).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aksess.addresses import Address, read_address
from aksess.estate import kubernetes, wire
from aksess.layers.cloud_provider.access_control import AccessControl
from aksess.layers.cloud_provider.behaviour import CURRENT
from aksess.layers.cloud_provider.cluster import Cluster
from aksess.layers.cloud_provider.reconcile import Refusal, Step, reconcile
from aksess.layers.cloud_provider.rules import WrittenRule
from aksess.snapshot.places import StoredPlace
from shared import shared_path

_RECORDED = ("reconcile_steps.jsonl", "upstream_reconcile_cases.json")
Case = dict[str, Any]


def _control(item: Any) -> AccessControl:
    decoded = msgspec.convert(item, type=wire.Service)
    return AccessControl.of(kubernetes.service(decoded, StoredPlace("recorded", 1)))


def _addresses(texts: list[str] | None) -> tuple[Address, ...]:
    found = tuple(read_address(text) for text in texts or [])
    assert None not in found, texts
    return tuple(address for address in found if address is not None)


def _rule(item: Any) -> WrittenRule:
    fields = item["properties"]
    return WrittenRule(
        item["name"],
        fields["priority"],
        access=fields["access"],
        protocol=fields["protocol"],
        direction=fields["direction"],
        source_prefix=fields.get("sourceAddressPrefix"),
        source_prefixes=tuple(fields.get("sourceAddressPrefixes") or ()),
        source_port=fields.get("sourcePortRange"),
        source_ports=tuple(fields.get("sourcePortRanges") or ()),
        destination_prefix=fields.get("destinationAddressPrefix"),
        destination_prefixes=tuple(fields.get("destinationAddressPrefixes") or ()),
        destination_port=fields.get("destinationPortRange"),
        destination_ports=tuple(fields.get("destinationPortRanges") or ()),
        source_groups=_ids(fields.get("sourceApplicationSecurityGroups")),
        destination_groups=_ids(fields.get("destinationApplicationSecurityGroups")),
        description=fields.get("description") or "",
    )


def _ids(items: list[dict[str, str]] | None) -> tuple[str, ...]:
    return tuple(item["id"] for item in items or [])


def _rules(group: Any) -> list[WrittenRule]:
    return [_rule(item) for item in group["properties"].get("securityRules") or []]


def _told(case: Case) -> Step:
    """A case that tells what the provider knew: ports of others and known destinations as they were recorded."""
    retained = {protocol: Counter(ports) for protocol, ports in (case.get("retainPorts") or {}).items()}
    return Step(
        _control(case["service"]),
        _addresses(case["lbIPs"]),
        _addresses(case.get("backendIPv4")) + _addresses(case.get("backendIPv6")),
        retained,
        Counter(case.get("availableDestinations") or []),
        case["wantLb"],
    )


def _derived(case: Case) -> Step:
    """The same from the Services and nodes of the cluster, where the case has them."""
    nodes = _addresses(case["nodes"]["ipv4"]) + _addresses(case["nodes"]["ipv6"])
    cluster = Cluster.of([_control(item) for item in case["allServices"] or []], nodes, nodes)
    return cluster.step(_control(case["service"]), _addresses(case["lbIPs"]), wanted=case["wantLb"])


def _assert_predicted(case: Case, step: Step) -> None:
    before = _rules(case["sgBefore"])
    outcome = reconcile(before, step, CURRENT)
    if "error" in case:
        assert isinstance(outcome, Refusal)
        assert case["error"].startswith(outcome.error)
        if outcome.cause != "additional-addresses":  # the parser's own words at the end are left out
            assert outcome.error == case["error"]
        return
    assert not isinstance(outcome, Refusal), outcome.error
    after = {rule.name: rule for rule in _rules(case["sgAfter"])}
    assert {rule.name: rule.properties() for rule in outcome} == {
        name: rule.properties() for name, rule in after.items()
    }
    assert {rule.name: rule for rule in outcome} == after
    if "updated" in case:
        assert case["updated"] == ({rule.name: rule for rule in before} != after)


def _files() -> list[Path]:
    named = [Path(name) for name in os.environ.get("AKSESS_CCM_STEPS", "").split(":") if name]
    try:
        return [shared_path("data", "ccm", name) for name in _RECORDED] + named
    except pytest.skip.Exception:
        if named:
            return named
        raise


def _cases(path: Path) -> Iterator[Case]:
    text = path.read_text()
    if text.lstrip().startswith("["):
        yield from json.loads(text)
        return
    for line in text.splitlines():
        if line.strip():
            yield json.loads(line)


def test_recorded_steps() -> None:
    """Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer.go `reconcileSecurityGroup`."""
    counted: Counter[str] = Counter()
    for path in _files():
        for number, case in enumerate(_cases(path)):
            where = f"{path.name}[{number}] {case.get('test') or (case.get('scenario'), case.get('step'))}"
            try:
                if "retainPorts" in case or "error" in case:
                    _assert_predicted(case, _told(case))
                    counted["told"] += 1
                if "allServices" in case:
                    derived = _derived(case)
                    if "retainPorts" in case:
                        told = _told(case)
                        assert (derived.retained, derived.known) == (told.retained, told.known)
                    _assert_predicted(case, derived)
                    counted["derived"] += 1
            except AssertionError as error:
                raise AssertionError(f"{where}: {error}") from error
    assert counted["told"], "no recorded case was found in the files"
