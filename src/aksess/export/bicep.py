"""A plan as Bicep: security rules as children of the groups that are there.

A deployment goes to one resource group, so a plan becomes one file for each run of steps in the same group. Azure
deploys independent resources at once; here every rule depends on the one before, which keeps the order of the plan and
the writes of one group apart.

Source: Azure/bicep docs/spec/bicep.md (string literals), Bicep reference for
Microsoft.Network/networkSecurityGroups/securityRules, "Define resource dependencies", "Existing resources".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from aksess.export.interface import Exported, Order
from aksess.export.security_rules import Declared, SecurityRule, Side, declared
from aksess.export.wording import Identifiers, Step, commented, header

__all__ = ["files", "quoted"]

_VERSION = "2024-05-01"
_GROUP = f"Microsoft.Network/networkSecurityGroups@{_VERSION}"
_RULE = f"Microsoft.Network/networkSecurityGroups/securityRules@{_VERSION}"
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

Value = str | int | Sequence["Value"] | Mapping[str, "Value"]


def files(order: Order) -> Iterator[Exported]:
    """``plan.bicep``, or ``plan-1-GROUP.bicep``, … where the steps are in several resource groups.

    Raises:
        ExportRefused: The plan changes nothing in Azure, or something that Bicep cannot say (see `declared`).
    """
    rules, left = declared(order, "Bicep")
    runs = [list(run) for _, run in itertools.groupby(rules, _target)]
    for number, run in enumerate(runs, 1):
        name = "plan.bicep" if len(runs) == 1 else f"plan-{number}-{Identifiers().of('', run[0].group.group)}.bicep"
        more = [f"It is file {number} of {len(runs)}: deploy them in this order."] if len(runs) > 1 else []
        yield Exported(name, _text(name, run, left, more))


def _target(each: Declared) -> tuple[str, str]:
    return each.group.subscription.lower(), each.group.group.lower()


def _text(name: str, rules: Sequence[Declared], left: Sequence[Step], more: Sequence[str]) -> str:
    where = rules[0].group
    command = f"az deployment group create --subscription {where.subscription} -g {where.group} -f {name}"
    lines = header("What a plan of aksess changes in Azure.", left, f"Deploy it with: {command}", *more)
    names = Identifiers()
    groups: dict[str, str] = {}
    parts = [commented(lines, "//")]
    before = ""
    for each in rules:
        key = each.group.name.lower()
        if key not in groups:
            groups[key] = names.of("group", each.group.name)
            parts.append(_resource(groups[key], _GROUP, "existing ", {"name": quoted(each.group.name)}))
        symbol = names.of("rule", each.rule.name)
        body = {
            "parent": groups[key],
            "name": quoted(each.rule.name),
            "properties": _said(_properties(each.rule), 1),
            **({"dependsOn": f"[\n    {before}\n  ]"} if before else {}),
        }
        parts.append(commented([each.step.text], "//") + _resource(symbol, _RULE, "", body))
        before = symbol
    return "\n".join(parts)


def _resource(symbol: str, kind: str, existing: str, body: Mapping[str, str]) -> str:
    inner = "".join(f"  {key}: {text}\n" for key, text in body.items())
    return f"resource {symbol} {quoted(kind)} {existing}= {{\n{inner}}}\n"


def _properties(rule: SecurityRule) -> dict[str, Value]:
    """The properties as the API names them."""
    return {
        "priority": rule.priority,
        "direction": rule.direction,
        "access": rule.access,
        "protocol": rule.protocol,
        **dict(_side("source", rule.source)),
        **dict(_side("destination", rule.destination)),
        **({"description": rule.description} if rule.description else {}),
    }


def _side(name: str, side: Side) -> Iterator[tuple[str, Value]]:
    if side.groups:
        yield f"{name}ApplicationSecurityGroups", [{"id": each} for each in side.groups]
    else:
        yield _spelled(f"{name}AddressPrefix", "es", side.addresses)
    yield _spelled(f"{name}PortRange", "s", side.ports)


def _spelled(name: str, ending: str, values: Sequence[str]) -> tuple[str, Value]:
    return (name, values[0]) if len(values) == 1 else (name + ending, values)


def _said(value: Value, depth: int) -> str:
    """A value, its brackets closing at a depth."""
    pad = "  " * (depth + 1)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        inner = "".join(f"{pad}{key}: {_said(each, depth + 1)}\n" for key, each in value.items())
        return f"{{\n{inner}{'  ' * depth}}}"
    inner = "".join(f"{pad}{_said(each, depth + 1)}\n" for each in value)
    return f"[\n{inner}{'  ' * depth}]"


def quoted(text: str) -> str:
    """A string literal of one line that stands for exactly this text."""
    escaped = "".join(_ESCAPES.get(each) or (each if each.isprintable() else f"\\u{{{ord(each):x}}}") for each in text)
    return "'" + escaped.replace("${", "\\${") + "'"
