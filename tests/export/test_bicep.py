"""Bicep: its text, and what a small reader of it finds. No Bicep compiler is at hand; the reader knows its literals.

Source of the reader: Azure/bicep docs/spec/bicep.md, "Literals" (escape sequences; objects and arrays end their
elements with lines).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orders import (
    CLOSED,
    LISTED,
    NARROWED,
    OPENED,
    RANGES,
    SUBSCRIPTION,
    azure,
    exported,
    group,
    order,
    rule,
    rule_change,
    texts,
)

from aksess.errors import ExportRefused
from aksess.export import bicep
from aksess.plan.changes import Change

PLAN = f"""\
// What a plan of aksess changes in Azure.
// Deploy it with: az deployment group create --subscription {SUBSCRIPTION} -g shop-network -f plan.bicep
//
// Not in here; steps are numbered as in the plan, carry them out in that order:
//   2. create Ingress shop/web metadata.annotations['nginx.ingress.kubernetes.io/whitelist-source-range'], \
for AccessPolicy shop/offices-only: aksess export PLAN --as kubectl

resource group_edge 'Microsoft.Network/networkSecurityGroups@2024-05-01' existing = {{
  name: 'edge'
}}

// 1. create networkSecurityGroups edge securityRules.aksess-web, for AccessPolicy shop/offices-only
resource rule_aksess_web 'Microsoft.Network/networkSecurityGroups/securityRules@2024-05-01' = {{
  parent: group_edge
  name: 'aksess-web'
  properties: {{
    priority: 100
    direction: 'Inbound'
    access: 'Allow'
    protocol: 'Tcp'
    sourceAddressPrefixes: [
      '198.51.100.0/24'
      '203.0.113.0/24'
    ]
    sourcePortRange: '*'
    destinationAddressPrefix: '20.50.60.70'
    destinationPortRanges: [
      '80'
      '443'
    ]
    description: 'Berlin\\'s \\${{x}}'
  }}
}}

// 3. update networkSecurityGroups edge securityRules.web, for AccessPolicy shop/offices-only
resource rule_web 'Microsoft.Network/networkSecurityGroups/securityRules@2024-05-01' = {{
  parent: group_edge
  name: 'web'
  properties: {{
    priority: 110
    direction: 'Inbound'
    access: 'Allow'
    protocol: 'Tcp'
    sourceAddressPrefix: 'VirtualNetwork'
    sourcePortRange: '*'
    destinationAddressPrefix: '20.50.60.70'
    destinationPortRanges: [
      '80'
      '443'
    ]
  }}
  dependsOn: [
    rule_aksess_web
  ]
}}
"""


def test_a_plan_reads_like_this() -> None:
    assert exported(bicep.files, order(OPENED, LISTED, NARROWED)) == {"plan.bicep": PLAN}


@given(texts)
def test_a_string_stands_for_itself(text: str) -> None:
    said = bicep.quoted(text)
    assert _string(said) == text
    assert len(said.splitlines()) == 1


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_rules_read_back_are_the_rules(names: list[tuple[str, str]]) -> None:
    changes = [
        rule_change(None, rule(f"{name}{number}", 100 + number, "*", **({"description": said} if said else {})))
        for number, (name, said) in enumerate(names)
    ]
    (text,) = exported(bicep.files, order(*changes)).values()
    resources = _resources(text)
    assert [{"name": each["name"], **each["properties"]} for each in resources[1:]] == [each.after for each in changes]
    symbols = [each["symbol"] for each in resources]
    assert len({each.lower() for each in symbols}) == len(symbols)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", each) for each in symbols)
    assert [each.get("dependsOn", []) for each in resources[1:]] == [[], *([each] for each in symbols[1:-1])]
    assert {each["parent"] for each in resources[1:]} == {symbols[0]}


def test_a_file_for_each_run_of_a_resource_group() -> None:
    there, other = group(), group("inner", group="shop.other")
    changes = [
        rule_change(None, rule("a", 100, "*"), there),
        rule_change(None, rule("b", 101, "*"), there),
        rule_change(None, rule("c", 100, "*"), other),
        rule_change(None, rule("d", 102, "*"), there),
    ]
    files = exported(bicep.files, order(*changes))
    assert list(files) == ["plan-1-shop_network.bicep", "plan-2-shop_other.bicep", "plan-3-shop_network.bicep"]
    assert [[each["name"] for each in _resources(text)] for text in files.values()] == [
        ["edge", "a", "b"],
        ["inner", "c"],
        ["edge", "d"],
    ]
    assert "// It is file 2 of 3: deploy them in this order.\n" in files["plan-2-shop_other.bicep"]
    assert "-g shop.other -f plan-2-shop_other.bicep\n" in files["plan-2-shop_other.bicep"]


def test_groups_of_applications_stand_for_addresses() -> None:
    asg = azure("Microsoft.Network/applicationSecurityGroups", "web").id
    of_groups = {**rule("web", 100), "sourceApplicationSecurityGroups": [{"id": asg}]}
    del of_groups["sourceAddressPrefixes"]
    (text,) = exported(bicep.files, order(rule_change(None, of_groups))).values()
    assert {"name": "web", **_resources(text)[1]["properties"]} == of_groups


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([LISTED], "the plan changes nothing in Azure (the nearest way: aksess export PLAN --as kubectl)"),
        ([OPENED, CLOSED], "Bicep says what is there, not what goes (the nearest way: aksess export PLAN --as az)"),
        ([RANGES], "Bicep cannot set one property of a managed cluster that is described elsewhere"),
        ([NARROWED, NARROWED], "step 1 writes the same rule, and Bicep holds one state of it"),
    ],
)
def test_refusals(changes: list[Change], message: str) -> None:
    with pytest.raises(ExportRefused) as caught:
        list(bicep.files(order(*changes)))
    assert message in str(caught.value)


_TOKEN = re.compile(r"//[^\n]*|'(?:[^'\\\n]|\\.)*'|[\w.]+|[{}\[\]:=\n]")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))|(\$\{)")
_SHORT = {"n": "\n", "r": "\r", "t": "\t"}


def _string(said: str) -> str:
    """The text of a string literal without expressions."""

    def one(found: re.Match[str]) -> str:
        code, short, expression = found.groups()
        assert not expression, "an expression"
        if code:
            return chr(int(code, 16))
        assert short in "\\'nrt$", f"no escape sequence: {short}"
        return _SHORT.get(short, short)

    return _ESCAPE.sub(one, said[1:-1])


def _resources(text: str) -> list[dict[str, Any]]:
    """The resources of a file, with the symbol of each; what is left over is no Bicep."""
    assert not _TOKEN.sub("", text).strip(" "), _TOKEN.sub("", text)
    tokens = [each for each in _TOKEN.findall(text) if not each.startswith("//")]
    found: list[dict[str, Any]] = []
    position = 0
    while position < len(tokens):
        if tokens[position] == "\n":
            position += 1
            continue
        assert tokens[position] == "resource"
        symbol, start = tokens[position + 1], tokens.index("=", position) + 1
        value, position = _value(tokens, start)
        assert tokens[position] == "\n"
        found.append({"symbol": symbol, **value})
    return found


def _value(tokens: list[str], position: int) -> tuple[Any, int]:
    token = tokens[position]
    if token.startswith("'"):
        return _string(token), position + 1
    if token not in "{[":
        return int(token) if token.isdigit() else token, position + 1
    assert tokens[position + 1] == "\n"
    position += 2
    keyed: dict[str, Any] = {}
    listed: list[Any] = []
    while tokens[position] not in "}]":
        if token == "{":
            key = tokens[position]
            assert tokens[position + 1] == ":"
            keyed[key], position = _value(tokens, position + 2)
        else:
            value, position = _value(tokens, position)
            listed.append(value)
        assert tokens[position] == "\n"
        position += 1
    return keyed if token == "{" else listed, position + 1
