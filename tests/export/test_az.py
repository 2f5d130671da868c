"""Scripts for the Azure CLI: their text, and what an az gets that a real shell starts from them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
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
    object_change,
    order,
    ranges_change,
    rule,
    rule_change,
    texts,
    written,
)

from aksess.errors import ExportRefused
from aksess.export import az
from aksess.export.scripts import script
from aksess.export.wording import Step

APPLY = f"""\
#!/usr/bin/env bash
# Carries out what a plan of aksess changes in Azure.
# Needs az, logged in; commands name their subscription. May be run again.
#
# Not in here; steps are numbered as in the plan, carry them out in that order:
#   2. create Ingress shop/web metadata.annotations['nginx.ingress.kubernetes.io/whitelist-source-range'], \
for AccessPolicy shop/offices-only: aksess export PLAN --as kubectl
set -euo pipefail

# 1. create networkSecurityGroups edge securityRules.aksess-web, for AccessPolicy shop/offices-only
az network nsg rule create \\
  --subscription {SUBSCRIPTION} --resource-group shop-network --nsg-name edge --name aksess-web \\
  --priority 100 --direction Inbound --access Allow \\
  --protocol Tcp \\
  --source-address-prefixes 198.51.100.0/24 203.0.113.0/24 \\
  --source-port-ranges '*' \\
  --destination-address-prefixes 20.50.60.70 \\
  --destination-port-ranges 80 443 \\
  --description 'Berlin'"'"'s ${{x}}' \\
  --output none

# 3. update managedClusters shop apiServerAccessProfile.authorizedIPRanges, for AccessPolicy shop/offices-only
az aks update \\
  --subscription {SUBSCRIPTION} --resource-group shop --name shop \\
  --api-server-authorized-ip-ranges 203.0.113.0/24 \\
  --output none
"""

UNDO = f"""\
#!/usr/bin/env bash
# Takes back what apply.sh did, last step first.
# Needs az, logged in; commands name their subscription. May be run again.
#
# Not in here; steps are numbered as in the plan, carry them out in that order:
#   2. delete Ingress shop/web metadata.annotations['nginx.ingress.kubernetes.io/whitelist-source-range'], \
for AccessPolicy shop/offices-only: aksess export PLAN --as kubectl
set -euo pipefail

# 3. update managedClusters shop apiServerAccessProfile.authorizedIPRanges, for AccessPolicy shop/offices-only
az aks update \\
  --subscription {SUBSCRIPTION} --resource-group shop --name shop \\
  --api-server-authorized-ip-ranges 203.0.113.0/24,198.51.100.7/32 \\
  --output none

# 1. delete networkSecurityGroups edge securityRules.aksess-web, for AccessPolicy shop/offices-only
az network nsg rule delete \\
  --subscription {SUBSCRIPTION} --resource-group shop-network --nsg-name edge --name aksess-web \\
  --output none
"""

_END = "(end of this command)"
_RECORDER = f"""#!/bin/sh
printf '%s\\0' "$@" '{_END}' >> "$AZ_LOG"
"""
"""An az that writes down its arguments, each of them ended by the character that none of them can hold."""


def test_scripts_read_like_this() -> None:
    narrower = ranges_change(["203.0.113.0/24", "198.51.100.7/32"], ["203.0.113.0/24"])
    files = list(az.files(order(OPENED, LISTED, narrower)))
    assert [(each.path, each.executable) for each in files] == [("apply.sh", True), ("undo.sh", True)]
    assert files[0].text == APPLY
    assert files[1].text == UNDO


def test_apply_makes_and_undo_takes_back(tmp_path: Path) -> None:
    changes = [OPENED, NARROWED, CLOSED, RANGES]
    before = {_key(each): _plain(each.before) for each in changes}
    after = {_key(each): _plain(each.after) for each in changes}
    scripts = written(exported(az.files, order(*changes)), tmp_path)
    state = dict(before)
    for name, wanted in (("apply.sh", after), ("apply.sh", after), ("undo.sh", before), ("undo.sh", before)):
        for command in _run(scripts / name, tmp_path):
            _carry_out(command, state)
        assert state == wanted, name


@settings(max_examples=40)
@given(descriptions=st.lists(texts.filter(bool), min_size=1, max_size=12), label=texts)
def test_any_text_arrives_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, descriptions: list[str], label: str
) -> None:
    folder = tmp_path_factory.mktemp("az")
    changes = [
        rule_change(None, rule(f"rule-{number}", 100 + number, "*", description=each))
        for number, each in enumerate(descriptions)
    ]
    # the name of a resource goes into comments as well
    strange = object_change(azure("Microsoft.Network/networkSecurityGroups", label), ("metadata",), None, "x")
    text = script(label, [Step(1, each) for each in changes], [Step(2, strange)], "", az._command)
    commands = _run(written({"apply.sh": text}, folder) / "apply.sh", folder)
    assert [_literal(_options(each)["--description"][0]) for each in commands] == descriptions


@pytest.mark.parametrize("text", ["null", "??", "@/etc/passwd", "a=@/etc/passwd", "-x", "'quoted'", "it's"])
def test_words_that_az_would_not_take_as_text(text: str) -> None:
    said = az._literal(text)
    assert _literal(said) == text
    assert said not in {"null", "??"}
    assert not said.startswith(("@", "-"))
    assert not said.partition("=")[2].startswith("@") or said.startswith("'")


def test_groups_of_applications_stand_for_addresses() -> None:
    asg = azure("Microsoft.Network/applicationSecurityGroups", "web").id
    of_groups = {**rule("web", 100), "sourceApplicationSecurityGroups": [{"id": asg}]}
    script = exported(az.files, order(rule_change(None, of_groups)))["apply.sh"]
    assert f"--source-asgs {asg} \\\n" in script
    assert "--source-address-prefixes" not in script


def test_no_ranges_are_no_restriction() -> None:
    assert "--api-server-authorized-ip-ranges '' \\\n" in exported(az.files, order(RANGES))["undo.sh"]


NO_SOURCE = (
    "step 1. create networkSecurityGroups edge securityRules.web, for AccessPolicy shop/offices-only: "
    "the rule has no source (read the security group again, whole)"
)
NO_COMMAND = (
    "step 1. create networkSecurityGroups edge tags.a, for AccessPolicy shop/offices-only: "
    "there is no az command for it here (change it where the resource is described)"
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([LISTED], "the plan changes nothing in Azure (the nearest way: aksess export PLAN --as kubectl)"),
        ([], "the plan changes nothing in Azure (the estate is already as the policies ask)"),
        ([rule_change(None, rule("web", 100))], NO_SOURCE),
        ([object_change(group(), ("tags", "a"), None, "b")], NO_COMMAND),
    ],
)
def test_refusals(changes: list[Any], message: str) -> None:
    with pytest.raises(ExportRefused) as caught:
        list(az.files(order(*changes)))
    assert str(caught.value) == message


def _run(script: Path, folder: Path) -> list[list[str]]:
    """The commands that a script started."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    recorder = tools / "az"
    recorder.write_text(_RECORDER)
    recorder.chmod(0o755)
    log = folder / "log"
    log.write_bytes(b"")
    environment = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "AZ_LOG": str(log), "LC_ALL": "C.UTF-8"}
    subprocess.run(["bash", "-n", str(script)], check=True, env=environment)
    subprocess.run(["bash", str(script)], check=True, env=environment)
    commands: list[list[str]] = [[]]
    for word in log.read_bytes().decode().split("\0")[:-1]:
        if word == _END:
            commands.append([])
        else:
            commands[-1].append(word)
    return commands[:-1]


def _options(command: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"": []}
    name = ""
    for word in command:
        if word.startswith("--"):
            name = word
        found.setdefault(name, [])
        if word != name:
            found[name].append(word)
    return found


def _literal(said: str) -> str:
    """What the shorthand syntax of az makes of an argument that is text."""
    return said[1:-1].replace("'/", "'") if said.startswith("'") else said


def _carry_out(command: Sequence[str], state: dict[str, Any]) -> None:
    """What az would do: the recorded options, set in a state of rules and ranges."""
    options = _options(command)
    verb = " ".join(options[""])
    assert options["--subscription"] == [SUBSCRIPTION]
    if verb == "aks update":
        ranges = options["--api-server-authorized-ip-ranges"][0]
        state["shop"] = _plain(ranges.split(",") if ranges else None)
        return
    assert options["--resource-group"] == ["shop-network"]
    key = f"{options['--nsg-name'][0]}/{options['--name'][0]}"
    if verb == "network nsg rule delete":
        state[key] = _plain(None)
        return
    assert verb == "network nsg rule create"
    made: dict[str, Any] = {"name": options["--name"][0], "priority": int(options["--priority"][0])}
    for name in ("direction", "access", "protocol"):
        made[name] = options[f"--{name}"][0]
    made |= dict(_spelled(options))
    if "--description" in options:
        made["description"] = _literal(options["--description"][0])
    state[key] = _plain(made)


def _spelled(options: dict[str, list[str]]) -> Iterator[tuple[str, Any]]:
    for side in ("source", "destination"):
        for option, name, ending in (("address-prefixes", "AddressPrefix", "es"), ("port-ranges", "PortRange", "s")):
            values = options[f"--{side}-{option}"]
            yield (f"{side}{name}", values[0]) if len(values) == 1 else (f"{side}{name}{ending}", values)


def _key(change: Any) -> str:
    return "shop" if change.path[0] != "securityRules" else f"{change.resource.name}/{change.path[1]}"


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
