"""A plan as Terraform and OpenTofu configuration: security rules as resources of the azurerm provider.

A rule that is there already is adopted by an ``import`` block before it is changed. Resources depend on each other in
the order of the plan: without that they are written at once.

Source: hashicorp/terraform-provider-azurerm, internal/services/network/network_security_rule_resource.go (fields, which
exclude each other, import by id) and website/docs/r/network_security_rule.html.markdown (no rules in line beside it);
opentofu.org docs, "Import" and "Strings and Templates"; `hclwrite` for the layout (``tofu fmt`` changes nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aksess.errors import ExportRefused
from aksess.export.interface import Exported, Order
from aksess.export.security_rules import AZURE_WAY, Declared, SecurityRule, Side, declared
from aksess.export.wording import Identifiers, Step, commented, header

__all__ = ["files", "quoted"]

_TYPE = "azurerm_network_security_rule"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_IN_LINE = "No azurerm_network_security_group may hold these rules in line: they would undo each other."
_ADOPTED = "A rule that was imported is deleted when its resource goes; a removed block lets go of it instead."


def files(order: Order) -> Iterator[Exported]:
    """``plan.tf``.

    Raises:
        ExportRefused: The plan changes nothing in Azure, or something that Terraform cannot say (see `declared`), or
            resources of several subscriptions, each of which needs a provider of its own.
    """
    rules, left = declared(order, "Terraform")
    subscriptions = sorted({each.group.subscription.lower() for each in rules})
    if len(subscriptions) > 1:
        what = f"the plan changes security rules in {len(subscriptions)} subscriptions: {', '.join(subscriptions)}"
        raise ExportRefused(f"{what}; a provider of Terraform has one", hint=AZURE_WAY)
    yield Exported("plan.tf", _text(rules, left, subscriptions[0]))


def _text(rules: Sequence[Declared], left: Sequence[Step], subscription: str) -> str:
    adopts = any(each.step.change.action == "update" for each in rules)
    notes = [f"Needs the provider azurerm for subscription {subscription}.", _IN_LINE, *([_ADOPTED] if adopts else [])]
    parts = [commented(header("What a plan of aksess changes in Azure.", left, *notes), "#")]
    if adopts:
        parts.append(_block("terraform", [("required_version", quoted(">= 1.5"))]))
    names = Identifiers()
    before = ""
    for each in rules:
        name = names.of("", each.rule.name)
        if each.step.change.action == "update":
            identity = f"{each.group.text}/securityRules/{each.rule.name}"
            parts.append(_block("import", [("to", f"{_TYPE}.{name}"), ("id", quoted(identity))]))
        fields = [*_fields(each), *([("depends_on", f"[{_TYPE}.{before}]")] if before else [])]
        parts.append(commented([each.step.text], "#") + _block(f'resource "{_TYPE}" "{name}"', fields))
        before = name
    return "\n".join(parts)


def _fields(each: Declared) -> Iterator[tuple[str, str]]:
    rule: SecurityRule = each.rule
    yield "name", quoted(rule.name)
    yield "resource_group_name", quoted(each.group.group)
    yield "network_security_group_name", quoted(each.group.name)
    yield "priority", str(rule.priority)
    yield "direction", quoted(rule.direction)
    yield "access", quoted(rule.access)
    yield "protocol", quoted(rule.protocol)
    yield from _side("source", rule.source)
    yield from _side("destination", rule.destination)
    if rule.description:
        yield "description", quoted(rule.description)


def _side(name: str, side: Side) -> Iterator[tuple[str, str]]:
    if side.groups:
        yield f"{name}_application_security_group_ids", _listed(side.groups)
    else:
        yield _spelled(f"{name}_address_prefix", "es", side.addresses)
    yield _spelled(f"{name}_port_range", "s", side.ports)


def _spelled(name: str, ending: str, values: Sequence[str]) -> tuple[str, str]:
    return (name, quoted(values[0])) if len(values) == 1 else (name + ending, _listed(values))


def _listed(values: Sequence[str]) -> str:
    return "[\n" + "".join(f"    {quoted(each)},\n" for each in values) + "  ]"


def _block(head: str, fields: Sequence[tuple[str, str]]) -> str:
    """A block, the equals signs of neighbours below each other; a field over several lines has no neighbours."""
    lines: list[str] = []
    row: list[tuple[str, str]] = []
    for name, text in (*fields, ("", "\n")):
        if "\n" not in text:
            row.append((name, text))
            continue
        width = max((len(each) for each, _ in row), default=0)
        lines += [f"  {each:<{width}} = {said}\n" for each, said in row]
        row = []
        if name:
            lines.append(f"  {name} = {text}\n")
    return f"{head} {{\n{''.join(lines)}}}\n"


def quoted(text: str) -> str:
    """A string literal of one line that stands for exactly this text, with nothing in it evaluated."""
    escaped = "".join(_ESCAPES.get(each) or (each if each.isprintable() else _code(each)) for each in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _code(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
