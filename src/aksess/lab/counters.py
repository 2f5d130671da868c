"""How many packets met which rule: read from the packet filters of a lab, where rules carry counters and comments.

A comment begins with the name of the hop that the rule stands for (``subnet``, ``interface``, ``admin``,
``kube-proxy``, ``policy``, ``balancer``); what follows names the rule.

Source: nft(8), libnftables-json(5).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aksess.lab.cabling import inside
from aksess.lab.parts import part
from aksess.lab.programs import run

__all__ = ["Counted", "read", "since"]


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """The counter of one rule.

    Attributes:
        node: The node before or on which the rule stands, empty for the balancer.
        hop: The hop that it stands for.
        rule: Its name.
        drops: Whether it drops what it meets.
        packets: How many packets met it.
    """

    node: str
    hop: str
    rule: str
    drops: bool
    packets: int


def read(namespaces: Iterable[tuple[str, str]]) -> list[Counted]:
    """The counters of some network namespaces, each given with the name of its node."""
    found: dict[tuple[str, str, str, bool], int] = {}
    for namespace, node in namespaces:
        listed = json.loads(run(*inside(namespace, *part("nft").command, "-j", "list", "ruleset")))
        for hop, rule, drops, packets in _rules(listed["nftables"]):
            key = (node, hop, rule, drops)
            found[key] = found.get(key, 0) + packets
    return [Counted(*key, packets) for key, packets in found.items()]


def since(before: Iterable[Counted], after: Iterable[Counted]) -> list[Counted]:
    """What was counted between two readings; rules that nothing met are left out."""
    known = {(each.node, each.hop, each.rule, each.drops): each.packets for each in before}
    found = []
    for each in after:
        packets = each.packets - known.get((each.node, each.hop, each.rule, each.drops), 0)
        if packets > 0:
            found.append(Counted(each.node, each.hop, each.rule, each.drops, packets))
    return found


def _rules(objects: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, bool, int]]:
    for each in objects:
        rule = each.get("rule")
        if rule is None or not rule.get("comment"):
            continue
        hop, _, name = rule["comment"].partition(" ")
        words = {key for statement in rule["expr"] for key in statement}
        for statement in rule["expr"]:
            if "counter" in statement and statement["counter"] is not None:
                yield hop, name, bool(words & {"drop", "reject"}), statement["counter"]["packets"]
