"""Counters of packet filters: which rules are read, how they are named, and what two readings say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aksess.lab import counters
from aksess.lab.counters import Counted, read, since


def rule(comment: str | None, *statements: dict[str, Any], packets: int | None = 0) -> dict[str, Any]:
    counting = [] if packets is None else [{"counter": {"packets": packets, "bytes": 60 * packets}}]
    return {"rule": {"table": "guard", "expr": [*counting, *statements], **({"comment": comment} if comment else {})}}


@pytest.fixture
def rulesets(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """What nft lists in each namespace."""
    listed: dict[str, list[dict[str, Any]]] = {}

    def run(*command: str, text: str = "") -> str:
        assert command[-4:] == ("nft", "-j", "list", "ruleset")
        namespace = command[1].rpartition("/")[2]
        return json.dumps({"nftables": [{"metainfo": {}}, {"chain": {"name": "x"}}, *listed[namespace]]})

    class Nft:
        command = ("nft",)

    monkeypatch.setattr(counters, "run", run)
    monkeypatch.setattr(counters, "part", lambda name: Nft)
    return listed


def test_a_rule_is_known_by_its_comment(rulesets: dict[str, list[dict[str, Any]]]) -> None:
    rulesets["fabric-0"] = [
        rule("subnet 100 deny all", {"drop": None}, packets=7),
        rule("interface 500 k8s", {"accept": None}, packets=3),
    ]
    assert read([("fabric-0", "node-a")]) == [
        Counted("node-a", "subnet", "100 deny all", True, 7),
        Counted("node-a", "interface", "500 k8s", False, 3),
    ]


@pytest.mark.parametrize(
    ("statement", "drops"), [({"drop": None}, True), ({"reject": None}, True), ({"jump": {"target": "x"}}, False)]
)
def test_what_stops_a_packet_drops_it(
    rulesets: dict[str, list[dict[str, Any]]], statement: dict[str, Any], drops: bool
) -> None:
    rulesets["node-0"] = [rule("kube-proxy shop/web: x", statement, packets=1)]
    assert [each.drops for each in read([("node-0", "a")])] == [drops]


def test_rules_without_a_name_or_a_counter_are_nobodys(rulesets: dict[str, list[dict[str, Any]]]) -> None:
    rulesets["node-0"] = [
        rule(None, {"accept": None}, packets=5),
        rule("subnet 100 a", {"drop": None}, packets=None),
        {"rule": {"comment": "subnet 100 b", "expr": [{"counter": None}, {"drop": None}]}},
    ]
    assert read([("node-0", "a")]) == []


def test_one_rule_of_both_families_is_one_counter_and_nodes_are_told_apart(
    rulesets: dict[str, list[dict[str, Any]]],
) -> None:
    rulesets["fabric-0"] = [rule("subnet 100 a", packets=2), rule("subnet 100 a", packets=3)]
    rulesets["fabric-1"] = [rule("subnet 100 a", packets=10)]
    rulesets["balancer"] = [rule("balancer frontends", packets=15)]
    assert read([("balancer", ""), ("fabric-0", "a"), ("fabric-1", "b")]) == [
        Counted("", "balancer", "frontends", False, 15),
        Counted("a", "subnet", "100 a", False, 5),
        Counted("b", "subnet", "100 a", False, 10),
    ]


def test_between_two_readings_only_what_was_met_counts() -> None:
    before = [Counted("a", "subnet", "1", False, 4), Counted("a", "subnet", "2", True, 4)]
    after = [
        Counted("a", "subnet", "1", False, 9),
        Counted("a", "subnet", "2", True, 4),
        Counted("b", "subnet", "2", True, 6),
        Counted("a", "policy", "new", False, 1),
        Counted("a", "policy", "never met", False, 0),
    ]
    assert since(before, after) == [
        Counted("a", "subnet", "1", False, 5),
        Counted("b", "subnet", "2", True, 6),
        Counted("a", "policy", "new", False, 1),
    ]


def test_counters_that_began_anew_are_not_below_nothing() -> None:
    assert since([Counted("a", "subnet", "1", False, 9)], [Counted("a", "subnet", "1", False, 2)]) == []
