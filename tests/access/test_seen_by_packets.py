"""Faults of the model that packets showed, each as the smallest estate that shows it; named after the symptom."""

from __future__ import annotations

from pathlib import Path

import aksess
from access.two_pools import FRONTEND, NODES, application_group, rule, write

CLIENT = "203.0.113.7"


def _outcomes(folder: Path, target: str) -> set[tuple[str, str]]:
    found = aksess.explain(aksess.read(folder), CLIENT, target)
    return {(outcome.verdict.value, outcome.effect.value) for outcome in found.outcomes}


def test_rule_for_another_pools_application_group_stopped_a_node(tmp_path: Path) -> None:
    """Both pools share subnet and groups; a rule for the group of pool 1 says nothing about the node of pool 0."""
    rules = [
        rule(100, "Deny", "*", application_group(1), "30080"),
        rule(200, "Allow", "*", "10.224.0.0/16", "30080"),
    ]
    write(tmp_path, [rules], policy="Local")
    assert _outcomes(tmp_path, f"tcp://{NODES[0]}:30080") == {("allowed", "reached")}
    assert _outcomes(tmp_path, f"tcp://{NODES[1]}:30080") == {("denied", "timeout")}


def test_tcp_rule_stopped_datagrams_between_nodes(tmp_path: Path) -> None:
    """A datagram that crosses to a pod of another node meets rules for UDP, not those for TCP."""
    port = {"name": "dns", "port": 53, "targetPort": 5353, "nodePort": 30053, "protocol": "UDP"}
    rules = [
        rule(100, "Allow", "*", FRONTEND, "*", "*"),
        rule(200, "Deny", "*", "10.244.0.0/16", "*", "Tcp"),
    ]
    write(tmp_path, [rules], ports=[port])
    assert _outcomes(tmp_path, f"udp://{FRONTEND}:53") == {("allowed", "reached")}
    rules[1] = rule(200, "Deny", "*", "10.244.0.0/16", "*", "Udp")
    write(tmp_path, [rules], ports=[port])
    assert _outcomes(tmp_path, f"udp://{FRONTEND}:53") == {("allowed", "reached"), ("denied", "timeout")}


def test_crossing_connection_met_the_rules_of_the_node_it_left(tmp_path: Path) -> None:
    """Between nodes the groups of the node that a connection goes to decide, not those of the one it comes from."""
    opens = rule(100, "Allow", "*", FRONTEND, "*", "*")
    shuts = rule(200, "Deny", "*", "10.244.0.0/16", "*", "*")
    write(tmp_path, [[opens, shuts], [opens]], endpoints=(1,))
    assert _outcomes(tmp_path, f"tcp://{FRONTEND}:80") == {("allowed", "reached")}
    write(tmp_path, [[opens, shuts], [opens]], endpoints=(0,))
    assert _outcomes(tmp_path, f"tcp://{FRONTEND}:80") == {("allowed", "reached"), ("denied", "timeout")}
