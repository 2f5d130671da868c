"""Terraform: its text, and what OpenTofu and the azurerm provider say about it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
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
    written,
)

from aksess.errors import ExportRefused
from aksess.export import terraform
from aksess.plan.changes import Change
from lab.parts_fixture import need

PLAN = f"""\
# What a plan of aksess changes in Azure.
# Needs the provider azurerm for subscription {SUBSCRIPTION}.
# No azurerm_network_security_group may hold these rules in line: they would undo each other.
# A rule that was imported is deleted when its resource goes; a removed block lets go of it instead.
#
# Not in here; steps are numbered as in the plan, carry them out in that order:
#   2. create Ingress shop/web metadata.annotations['nginx.ingress.kubernetes.io/whitelist-source-range'], \
for AccessPolicy shop/offices-only: aksess export PLAN --as kubectl

terraform {{
  required_version = ">= 1.5"
}}

# 1. create networkSecurityGroups edge securityRules.aksess-web, for AccessPolicy shop/offices-only
resource "azurerm_network_security_rule" "aksess_web" {{
  name                        = "aksess-web"
  resource_group_name         = "shop-network"
  network_security_group_name = "edge"
  priority                    = 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_address_prefixes = [
    "198.51.100.0/24",
    "203.0.113.0/24",
  ]
  source_port_range          = "*"
  destination_address_prefix = "20.50.60.70"
  destination_port_ranges = [
    "80",
    "443",
  ]
  description = "Berlin's $${{x}}"
}}

import {{
  to = azurerm_network_security_rule.web
  id = "/subscriptions/{SUBSCRIPTION}/resourceGroups/shop-network/providers/\
Microsoft.Network/networkSecurityGroups/edge/securityRules/web"
}}

# 3. update networkSecurityGroups edge securityRules.web, for AccessPolicy shop/offices-only
resource "azurerm_network_security_rule" "web" {{
  name                        = "web"
  resource_group_name         = "shop-network"
  network_security_group_name = "edge"
  priority                    = 110
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_address_prefix       = "VirtualNetwork"
  source_port_range           = "*"
  destination_address_prefix  = "20.50.60.70"
  destination_port_ranges = [
    "80",
    "443",
  ]
  depends_on = [azurerm_network_security_rule.aksess_web]
}}
"""

NASTY = ["${x}", "$${x}", "$$${x}", "%{if}", "%%{", "$", "%", "{", "\\${x}", '"', "\\", "\\n", "\n\r\t", "\0"]
NASTY += ["\u2028", "😀", "\u202e", "\U000e0001"]

_ESCAPE = re.compile(r"\\u(.{4})|\\U(.{8})|\\(.)|([$%])\4\{|([$%]\{)")
_SHORT = {"n": "\n", "r": "\r", "t": "\t"}


def test_a_plan_reads_like_this() -> None:
    assert exported(terraform.files, order(OPENED, LISTED, NARROWED)) == {"plan.tf": PLAN}


def test_a_plan_that_only_creates_needs_no_import() -> None:
    (text,) = exported(terraform.files, order(OPENED)).values()
    assert "import" not in text
    assert "required_version" not in text


def test_the_provider_takes_it(tmp_path: Path) -> None:
    asg = azure("Microsoft.Network/applicationSecurityGroups", "web").id
    of_groups = {**rule("Aksess.web", 105), "sourceApplicationSecurityGroups": [{"id": asg}]}
    changes = [
        OPENED,
        NARROWED,
        rule_change(None, of_groups, group("inner", group="other")),
        rule_change(None, rule("4th", 106, "10.0.0.0/8", sourcePortRange="", sourcePortRanges=["1-2", 3])),
        rule_change(None, rule("text", 107, "*", access="deny", direction="OUTBOUND", description="".join(NASTY[:5]))),
    ]
    folder = written(exported(terraform.files, order(*changes)), tmp_path)
    assert _validated(folder) == []
    _tofu(folder, "fmt", "-check", "-diff")


def test_the_provider_looks_at_it(tmp_path: Path) -> None:
    changes = [rule_change(None, rule("web", 99, "*", protocol="Sctp"))]
    assert len(_validated(written(exported(terraform.files, order(*changes)), tmp_path))) == 2


def test_a_string_stands_for_itself_as_tofu_reads_it(tmp_path: Path) -> None:
    said = "".join(f"  {number} = {terraform.quoted(each)}\n" for number, each in enumerate(NASTY))
    written({"texts.tf": f'output "texts" {{\nvalue = {{\n{said}}}\n}}\n'}, tmp_path)
    _tofu(tmp_path, "apply", "-auto-approve")
    read = json.loads(_tofu(tmp_path, "output", "-json"))["texts"]["value"]
    assert [read[str(number)] for number in range(len(NASTY))] == NASTY


@given(texts)
def test_a_string_stands_for_itself(text: str) -> None:
    said = terraform.quoted(text)
    assert _ESCAPE.sub(_character, said[1:-1]) == text
    assert len(said.splitlines()) == 1
    assert said.isprintable()


@given(st.lists(texts, min_size=2, max_size=6))
def test_every_resource_has_a_name_of_its_own(names: list[str]) -> None:
    changes = [rule_change(None, rule(f"{name}{number}", 100, "*")) for number, name in enumerate(names)]
    (text,) = exported(terraform.files, order(*changes)).values()
    heads = [line.split('"')[3] for line in text.splitlines() if line.startswith("resource ")]
    assert len({each.lower() for each in heads}) == len(names)
    assert all(each.isidentifier() and each.isascii() for each in heads)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([LISTED], "the plan changes nothing in Azure (the nearest way: aksess export PLAN --as kubectl)"),
        ([CLOSED], "Terraform says what is there, not what goes (the nearest way: aksess export PLAN --as az)"),
        ([RANGES], "Terraform cannot set one property of a managed cluster that is described elsewhere"),
        (
            [OPENED, rule_change(None, rule("a", 100, "*"), group("inner", subscription="other"))],
            "the plan changes security rules in 2 subscriptions",
        ),
    ],
)
def test_refusals(changes: list[Change], message: str) -> None:
    with pytest.raises(ExportRefused) as caught:
        list(terraform.files(order(*changes)))
    assert message in str(caught.value)


def _character(found: re.Match[str]) -> str:
    """What an escape sequence of HCL stands for."""
    four, eight, short, sign, evaluated = found.groups()
    assert not evaluated, f"evaluated: {evaluated}"
    if sign:
        return f"{sign}{{"
    return chr(int(four or eight, 16)) if four or eight else _SHORT.get(short, short)


def _validated(folder: Path) -> list[str]:
    """What the real provider has against a configuration."""
    provider = need("azurerm").folder
    (folder / "provider.tf").write_text('provider "azurerm" {\n  features {}\n}\n')
    overrides = f'dev_overrides {{\n    "hashicorp/azurerm" = "{provider}"\n  }}'
    (folder / "cli.tfrc").write_text(f"provider_installation {{\n  {overrides}\n}}\n")
    found: dict[str, Any] = json.loads(_tofu(folder, "validate", "-json", fails=True))
    return [each["summary"] for each in found["diagnostics"] if each["severity"] == "error"]


def _tofu(folder: Path, *words: str, fails: bool = False) -> str:
    settings = folder / "cli.tfrc"
    settings.touch()
    done = subprocess.run(
        [*need("opentofu").command, *words],
        cwd=folder,
        env={"HOME": str(folder), "TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert fails or done.returncode == 0, done.stdout + done.stderr
    return done.stdout
