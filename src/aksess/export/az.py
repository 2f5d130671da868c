"""A plan as two scripts for the Azure CLI: one that carries it out, one that takes it back.

Every command says the whole value that it sets, so a script that stopped half-way is run again. ``az network nsg rule
create`` is a PUT of the whole rule, whether or not there is one of that name; deleting a rule that is gone is no error.

Source: azure-cli 2.91: network/aaz/latest/network/nsg/rule/_create.py and _delete.py (methods, status codes),
acs/_help.py (``--api-server-authorized-ip-ranges ""`` takes the restriction away), core/aaz/_utils.py (shorthand
syntax: ``null``, ``??``, and what begins with a quote, are not text), core/commands/__init__.py (``@`` reads a file).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from aksess.export.interface import Exported, Order
from aksess.export.scripts import scripts
from aksess.export.security_rules import SecurityRule, Side, is_api_server_ranges, is_security_rule
from aksess.export.wording import AzureId, Step, refused

__all__ = ["files"]

_NEEDS = "Needs az, logged in; commands name their subscription. May be run again."


def files(order: Order) -> Iterator[Exported]:
    """``apply.sh`` and ``undo.sh``.

    Raises:
        ExportRefused: The plan changes nothing in Azure, or something other than security rules and API server ranges.
    """
    return scripts(order, lambda each: each.resource.is_azure, "in Azure", _NEEDS, _command)


def _command(step: Step) -> str:
    """One command over several lines, every word quoted for the shell."""
    change = step.change
    where = AzureId.of(change.resource)
    if is_security_rule(change):
        words = _rule_words(step, where)
    elif is_api_server_ranges(change):
        words = [
            ["az", "aks", "update"],
            [*_scope(where), "--name", where.name],
            ["--api-server-authorized-ip-ranges", ",".join(change.after or ())],
        ]
    else:
        raise refused(step, "there is no az command for it here", "change it where the resource is described")
    return " \\\n  ".join(shlex.join(line) for line in [*words, ["--output", "none"]]) + "\n"


def _rule_words(step: Step, group: AzureId) -> list[list[str]]:
    name = [*_scope(group), "--nsg-name", group.name, "--name", str(step.change.path[1])]
    if step.change.after is None:
        return [["az", "network", "nsg", "rule", "delete"], name]
    rule = SecurityRule.of(step)
    return [
        ["az", "network", "nsg", "rule", "create"],
        name,
        ["--priority", str(rule.priority), "--direction", rule.direction, "--access", rule.access],
        ["--protocol", rule.protocol],
        *_side_words("source", rule.source),
        *_side_words("destination", rule.destination),
        *([["--description", _literal(rule.description)]] if rule.description else []),
    ]


def _side_words(name: str, side: Side) -> Iterator[list[str]]:
    yield [f"--{name}-asgs", *side.groups] if side.groups else [f"--{name}-address-prefixes", *side.addresses]
    yield [f"--{name}-port-ranges", *side.ports]


def _scope(where: AzureId) -> list[str]:
    return ["--subscription", where.subscription, "--resource-group", where.group]


def _literal(text: str) -> str:
    """A text that the Azure CLI takes as it is: not for null, help, a file, an option, or its own quotes."""
    if text in {"null", "??"} or text[0] in "'-" or "@" in text:
        return "'" + text.replace("'", "'/") + "'"
    return text
