"""The group that is there beside its prediction: what counts as drift, and what does not.

Source of the kinds: the product's contract (readings on drift); of what the provider keeps and puts back:
kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securitygroup.go, seen with release 1.35.8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cloud_provider import HTTP, clusters, service
from test_cloud_provider_prediction import DENY, estate

from aksess.estate import Estate
from aksess.estate.azure import DEFAULT_RULES, SecurityGroup, SecurityRule
from aksess.layers.cloud_provider import Annotation, Behaviour, Cluster, Drift, Refusal, drift, predict, reconcile
from aksess.layers.cloud_provider.drift import is_legacy_name
from aksess.layers.cloud_provider.rules import WrittenRule, allow_rule_name

HTTPS = allow_rule_name("Tcp", 4, ["Internet"], [443])
RANGED = allow_rule_name("Tcp", 4, ["198.51.100.0/24"], [80])
LEGACY = "a" + "0123456789abcdef" * 2
WEB = service()
API = service("api", ["TCP/443"], addresses=["20.1.1.2"])


def rule(name: str, priority: int = 500, **changes: Any) -> SecurityRule:
    """The rule that lets the Internet in to port 80 of 20.1.1.1, with changes."""
    plain = WrittenRule(
        name, priority, "Allow", "Tcp", source_prefix="Internet", source_port="*", destination_prefix="20.1.1.1"
    )
    return replace(replace(plain, destination_ports=("80",)).noun(), **changes)


def group(*rules: SecurityRule) -> SecurityGroup:
    """A live group."""
    return replace(predict(Estate()).group, id="/nsg", rules=(*rules, *DEFAULT_RULES), predicted=False)


def told(found: Iterable[Drift]) -> list[tuple[str, str]]:
    return [(each.kind.value, each.rule.name) for each in found]


def test_predicted_group_has_no_drift() -> None:
    given_estate = estate(WEB, API, service("x", ranges=["bad"], addresses=["20.1.1.3"]))
    assert drift(given_estate, predict(given_estate).group) == []


@pytest.mark.parametrize(
    ("changes", "field", "live", "predicted"),
    [
        ({"allows": False}, "access", ("Deny",), ("Allow",)),
        ({"inbound": False}, "direction", ("Outbound",), ("Inbound",)),
        ({"protocol": "*"}, "protocol", ("*",), ("tcp",)),
        ({"sources": ("81.2.69.0/24",)}, "sourceAddressPrefixes", ("81.2.69.0/24",), ("Internet",)),
        ({"sources": ("*",)}, "sourceAddressPrefixes", ("*",), ("Internet",)),
        ({"sources": (), "source_groups": ("/asg",)}, "sourceAddressPrefixes", ("/asg",), ("Internet",)),
        ({"source_ports": ("1024-65535",)}, "sourcePortRanges", ("1024-65535",), ("*",)),
        ({"destination_ports": ("80", "8080")}, "destinationPortRanges", ("80", "8080"), ("80",)),
        ({"destination_ports": ("*",)}, "destinationPortRanges", ("*",), ("80",)),
        ({"destinations": ("20.9.9.9",)}, "destinationAddressPrefixes", ("20.9.9.9",), ("20.1.1.1",)),
        ({"destinations": ("*",)}, "destinationAddressPrefixes", ("*",), ("20.1.1.1",)),
        (
            {"destinations": ("20.1.1.1", "20.9.9.9")},
            "destinationAddressPrefixes",
            ("20.1.1.1", "20.9.9.9"),
            ("20.1.1.1",),
        ),
    ],
)
def test_edits(changes: dict[str, Any], field: str, live: tuple[str, ...], predicted: tuple[str, ...]) -> None:
    (found,) = drift(estate(WEB), group(rule(HTTP, **changes)))
    assert (found.kind, found.rule.name, [each.name for each in found.services]) == ("edited", HTTP, ["web"])
    assert (field, live, predicted) in found.differences


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": 700},
        {"priority": 300},
        {"description": "ours"},
        {"sources": ("INTERNET",)},
        {"destinations": ("20.1.1.1/32",)},
        {"destination_ports": ("80", "80")},
    ],
)
def test_no_edits(changes: dict[str, Any]) -> None:
    """Priority and description are kept by the provider; other spellings permit the same."""
    assert drift(estate(WEB), group(rule(HTTP, **changes))) == []


def test_missing_rule_names_its_services() -> None:
    (found,) = drift(estate(WEB, API), group(rule(HTTP)))
    assert told([found]) == [("missing", HTTPS)]
    assert [each.name for each in found.services] == ["api"]
    assert found.destinations == ("20.1.1.2",)


def test_shared_rule_that_lacks_one_service() -> None:
    (found,) = drift(estate(WEB, service("blog", addresses=["20.1.1.3"])), group(rule(HTTP)))
    assert told([found]) == [("edited", HTTP)]
    assert found.destinations == ("20.1.1.3",)
    assert [each.name for each in found.services] == ["blog"]


def test_changed_ranges_leave_one_missing_and_one_stale() -> None:
    changed = service(ranges=["203.0.113.0/24"])
    found = drift(estate(changed), group(rule(RANGED, sources=("198.51.100.0/24",))))
    assert {each.kind.value for each in found} == {"missing", "stale"}


@pytest.mark.parametrize(
    ("name", "stale"),
    [
        ("k8s-azure-lb_allow_IPv4_00000000000000000000000000000000", True),
        ("k8s-azure-lb_mine", True),
        (f"{LEGACY[:32]}-TCP-443-Internet", True),
        (f"{LEGACY[:32]}-UDP-53-198.51.100.0_24", True),
        (f"{LEGACY[:32]}-TCP-443-2001.db8.._32-IPv6", True),
        ("shared-TCP-80-Internet", True),
        ("a-TCP-443-Internet", False),
        ("allow-https", False),
        ("k8s-azure", False),
    ],
)
def test_stale_names(name: str, stale: bool) -> None:
    """Source: securitygroup/securityrule.go; up to 1.28 azure_standard.go `getSecurityRuleName`."""
    extra = rule(name, 600, destinations=("20.9.9.9",))
    assert told(drift(estate(WEB), group(rule(HTTP), extra))) == ([("stale", name)] if stale else [])
    assert is_legacy_name(name) is (stale and not name.startswith("k8s"))


def test_denial_of_a_service_that_no_longer_asks() -> None:
    denial = rule(DENY, 4095, allows=False, protocol="*", sources=("*",), destination_ports=("*",))
    assert told(drift(estate(WEB), group(rule(HTTP), denial))) == [("stale", DENY)]


def test_rules_of_refused_services_are_not_judged() -> None:
    """Conflicting ranges leave the old rules where they were, whatever they were."""
    stuck = service(
        "stuck", ranges=["10.0.0.0/8"], notes={Annotation.ALLOWED_IP_RANGES: "11.0.0.0/8"}, addresses=["20.1.1.9"]
    )
    old = rule(RANGED, 501, sources=("198.51.100.0/24",), destinations=("20.1.1.9",))
    shared = rule(HTTP, destinations=("20.1.1.1", "20.1.1.9"))
    assert drift(estate(WEB, stuck), group(shared, old)) == []
    assert told(drift(estate(WEB, stuck), group(shared, replace(old, destinations=("20.9.9.9",))))) == [
        ("stale", RANGED)
    ]


def test_conflict_without_an_address_leaves_every_rule_of_the_provider_open() -> None:
    notes = {Annotation.ALLOWED_IP_RANGES: "11.0.0.0/8"}
    stuck = service("stuck", ranges=["10.0.0.0/8"], notes=notes, addresses=[])
    assert drift(estate(stuck), group(rule(RANGED, sources=("198.51.100.0/24",)))) == []
    assert [each.service.name for each in predict(estate(stuck)).refused] == ["stuck"]


def test_services_without_an_address_are_not_expected_and_explain_rules() -> None:
    """Manifests without a status beside a live group: their rules are there, their addresses are not known."""
    waiting = service("waiting", addresses=[])
    assert drift(estate(waiting, API), group(rule(HTTPS, destinations=("20.1.1.2",), destination_ports=("443",)))) == []
    assert drift(estate(waiting), group(rule(HTTP, destinations=("20.7.7.7",)))) == []
    assert drift(estate(waiting, WEB), group(rule(HTTP, destinations=("20.1.1.1", "20.7.7.7")))) == []
    assert told(drift(estate(waiting), group(rule(HTTPS)))) == [("stale", HTTPS)]


def test_unknown_node_ports_leave_every_rule_of_the_provider_open() -> None:
    off = service("off", notes={Annotation.FLOATING_IP_OFF: "true"})
    assert drift(estate(off), group(rule(HTTPS))) == []


def test_nothing_is_judged_without_services_or_an_understood_version() -> None:
    assert drift(Estate(), group(rule(HTTP))) == []
    assert drift(estate(WEB, version="1.28.14"), group(rule("shared-TCP-80-Internet"))) == []


def test_doubtful_denial_is_right_both_ways() -> None:
    """Of two Services at one address the one that was reconciled last decides."""
    strict = service("strict", ["TCP/443"], ranges=["10.0.0.0/8"], notes={Annotation.DENY_ALL: "true"})
    both = estate(strict, WEB)
    predicted = predict(both).group
    without = [each for each in predicted.rules if not each.default and each.name != DENY]
    assert drift(both, predicted) == []
    assert drift(both, group(*without)) == []


@pytest.mark.parametrize("there", [True, False])
def test_opting_out_with_an_unknown_patch_release_is_right_both_ways(there: bool) -> None:
    out = service(notes={Annotation.SECURITY_RULES_OFF: "true"})
    assert drift(estate(out, version="1.36.0"), group(*([rule(HTTP)] if there else []))) == []


def test_permission_under_another_name_is_neither_missing_nor_stale() -> None:
    """A rule that was split for nothing names its port twice. Source: `removeDestinationFromRule`."""
    split = rule(allow_rule_name("Tcp", 4, ["Internet"], [80, 80]), destination_ports=("80",))
    assert drift(estate(WEB), group(split)) == []
    assert (
        drift(estate(WEB, service("b", addresses=["20.1.1.3"])), group(rule(HTTP, destinations=("20.1.1.3",)), split))
        == []
    )
    wider = replace(split, destination_ports=("80", "81"))
    assert told(drift(estate(WEB), group(rule(HTTP), wider))) == [("stale", split.name)]


def test_permission_that_is_predicted_under_another_name_is_no_edit() -> None:
    """The prediction holds a split rule; in the group that is there the Service was reconciled after the split."""
    given_estate = estate(
        service("a", created="1"),
        service("b", addresses=["2001:db8::1"], created="2"),
        service("c", addresses=["20.1.1.3"], created="3"),
        service("dual", ["TCP/8080"], addresses=["20.1.1.1", "2001:db8::1"], created="4"),
    )
    predicted = predict(given_estate).group
    split = allow_rule_name("Tcp", 4, ["Internet"], [80, 80])
    live = [
        replace(each, destinations=("20.1.1.1", "20.1.1.3")) if each.name == HTTP else each
        for each in predicted.rules
        if not each.default and each.name != split
    ]
    assert len(live) == len(predicted.rules) - len(DEFAULT_RULES) - 1
    assert drift(given_estate, group(*live)) == []


@pytest.mark.parametrize(
    ("version", "changes", "cleared"),
    [
        ("1.30.4", {"destination_ports": ("22",)}, True),
        ("1.31.4", {"destination_ports": ("22",)}, False),
        ("1.30.4", {"destination_ports": ("22",), "priority": 499}, False),
        ("1.30.4", {"destination_ports": ("22",), "destinations": ("20.9.9.9",)}, False),
        ("1.30.4", {"destination_ports": ("*",)}, False),
        ("1.30.4", {"destination_ports": ("*",), "allows": False}, True),
        ("1.30.4", {"destination_ports": ("22",), "inbound": False}, True),
    ],
)
def test_rules_made_by_hand_that_old_versions_clear(version: str, changes: dict[str, Any], cleared: bool) -> None:
    """Up to 1.30 the provider owns by priority. Source: securitygroup.go `RemoveDestinationFromRules` of 1.30."""
    custom = replace(rule("custom", 600), **changes)
    found = drift(estate(WEB, version=version), group(rule(HTTP), custom))
    assert told(found) == ([("unowned", "custom")] if cleared else [])
    if cleared:
        assert (found[0].destinations, [each.name for each in found[0].services]) == (("20.1.1.1",), ["web"])


@settings(max_examples=200)
@given(clusters(), st.lists(st.integers(0, 3), max_size=6), st.sampled_from(("1.30", "1.34", "1.36", "1.37")))
def test_no_history_of_reconciles_is_drift(cluster: Cluster, order: list[int], version: str) -> None:
    """However often and in whatever order the Services were reconciled, the outcome is what is expected."""
    behaviour = Behaviour.of_version(version)
    controls = list(cluster.controls.values())
    given_estate = estate(*(each.service for each in controls), nodes=("10.224.0.4,fd00::4",), version=version)
    rules: tuple[WrittenRule, ...] = ()
    for control in (*controls, *(controls[number % len(controls)] for number in order)):
        outcome = reconcile(rules, cluster.step(control), behaviour)
        if not isinstance(outcome, Refusal):
            rules = outcome
    assert drift(given_estate, group(*(each.noun() for each in rules))) == []
