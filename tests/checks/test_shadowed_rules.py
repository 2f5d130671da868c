"""Shadowed rules against rules tried one by one, in a world so small that every connection can be tried.

Three sources, three destinations, two ports and two protocols stand for everything that the rules tell apart; a rule
is shadowed where rules before it take all of its connections.
"""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import pytest

from checks.small_clusters import Item, findings, network, rule

SOURCES = {"203.0.113.0/26": {0}, "203.0.113.64/26": {1}, "203.0.113.0/25": {0, 1}, "*": {0, 1, 2}}
DESTINATIONS = {"20.50.60.70": {0}, "20.50.60.71": {1}, "20.50.60.70/31": {0, 1}, "*": {0, 1, 2}}
PORTS = {"80": {0}, "443": {1}, "80-443": {0, 1, 2}, "*": {0, 1, 2, 3}}
PROTOCOLS = {"Tcp": {0}, "Udp": {1}, "*": {0, 1, 2}}

Connection = tuple[int, ...]


def connections(item: Item) -> set[Connection]:
    """Every connection that a rule takes."""
    parts = (
        PROTOCOLS[item["protocol"]],
        SOURCES[item["sourceAddressPrefix"]],
        DESTINATIONS[item["destinationAddressPrefix"]],
        PORTS[item["destinationPortRange"]],
    )
    return set(product(*parts))


def shadowed(rules: list[Item]) -> set[str]:
    taken: set[Connection] = set()
    found: set[str] = set()
    for item in sorted(rules, key=lambda each: int(each["priority"])):
        mine = connections(item)
        if mine <= taken:
            found.add(item["name"])
        taken |= mine
    return found


def some_rules(chance: random.Random) -> list[Item]:
    return [
        rule(
            *(f"r{number}", priority),
            *(chance.choice(list(each)) for each in (SOURCES, DESTINATIONS, PORTS)),
            access=chance.choice(["Allow", "Deny"]),
            protocol=chance.choice(list(PROTOCOLS)),
        )
        for number, priority in enumerate(chance.sample(range(100, 4096), chance.randint(2, 8)))
    ]


@pytest.mark.parametrize("seed", range(60))
def test_as_rules_tried_one_by_one(seed: int, tmp_path: Path) -> None:
    rules = some_rules(random.Random(seed))
    said = {each.citation.rule for each in findings(network(*rules), tmp_path) if each.check == "nsg-rule-shadowed"}
    assert said == shadowed(rules)


def test_the_world_has_shadows() -> None:
    found = [len(shadowed(some_rules(random.Random(seed)))) for seed in range(60)]
    assert sum(map(bool, found)) > 20
    assert max(found) > 2
