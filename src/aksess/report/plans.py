"""A plan for people: what changes, in order, then exactly who gains and who loses access, then what was refused.

Reports are made from the stored form of a plan, so that `aksess show` says what `aksess plan` said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from rich.console import RenderableType
from rich.text import Text

from aksess.addresses import AddressSet, name_of
from aksess.plan.changes import Resource
from aksess.plan.plans import Refusal
from aksess.plan.today import Today
from aksess.report.gfm import bullets, code, prose, table
from aksess.report.structured import SCHEMA_VERSION
from aksess.report.wording import count, cut

__all__ = ["checked", "headline", "held", "markdown", "policies", "step", "text"]

Json = dict[str, Any]
_MARKS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}
_ROOM = 20_000
_LONG = 96


def headline(plan: Json) -> str:
    """The answer in one line."""
    if plan["refused"]:
        return f"refused: {count(len(plan['refused']), 'reason')}"
    if not plan["changes"]:
        return "nothing to do: the estate is what the policies say"
    gaining = sum(bool(each["gained"]["cidrs"]) for each in plan["access"])
    losing = sum(bool(each["lost"]["cidrs"]) for each in plan["access"])
    changes = count(len(plan["changes"]), "change")
    return f"{changes}; somebody gains access at {count(gaining, 'exposure')}, loses it at {losing:,}"


def text(plan: Json) -> Iterator[RenderableType]:
    """For a terminal."""
    for each in plan["changes"]:
        mark, style = _MARKS[each["action"]]
        resource, before, after = step(each)
        yield Text.assemble((f"{mark} ", style), (resource, "bold"), f"  {each['field']}")
        for word, value in (("from", before), ("to", after)):
            if value:
                yield Text(f"    {word:<5}{value}", style="dim" if word == "from" else "")
        yield Text(f"    because {', '.join(each['because'])}", style="dim")
    if plan["access"]:
        yield Text()
        yield Text("who gains and who loses", style="bold")
    for each in plan["access"]:
        yield Text(f"  {each['exposure']}")
        for word, mark, style in (("gained", "+", "green"), ("lost", "-", "red")):
            if each[word]["cidrs"]:
                yield Text.assemble((f"    {mark} {word:<7}", style), _named(each[word]["cidrs"]))
    for each in plan["refused"]:
        yield Text.assemble(("✗ ", "red"), each["reason"])
        if each["instead"]:
            yield Text(f"    instead: {each['instead']}")
        if each.get("guard"):
            yield Text(f"    or, knowing this: --allow {each['guard']}", style="dim")
    for each in plan["warnings"]:
        yield Text.assemble(("! ", "yellow"), each)
    if plan["changes"] or plan["access"] or plan["refused"] or plan["warnings"]:
        yield Text()
    yield Text(headline(plan), style="bold red" if plan["refused"] else "bold")


def markdown(plan: Json) -> str:
    """For a review."""
    parts = [f"## Plan: {prose(headline(plan))}", ""]
    if plan["changes"]:
        rows = [
            [
                str(number),
                each["action"],
                code(resource),
                code(each["field"]),
                code(before) if before else "",
                code(after) if after else "",
            ]
            for number, each in enumerate(plan["changes"], 1)
            for resource, before, after in [step(each)]
        ]
        parts += [*table(("", "What", "Resource", "Field", "From", "To"), rows, _ROOM, "change"), ""]
    if plan["access"]:
        rows = [
            [code(each["exposure"]), prose(_named(each["gained"]["cidrs"])), prose(_named(each["lost"]["cidrs"]))]
            for each in plan["access"]
        ]
        parts += ["### Access", "", *table(("Exposure", "Gains", "Loses"), rows, _ROOM, "exposure"), ""]
    if plan["refused"]:
        listed = [f"{prose(each['reason'])} Instead: {prose(each['instead'])}" for each in plan["refused"]]
        parts += ["### Refused", "", *bullets(listed, _ROOM, "reason"), ""]
    if plan["warnings"]:
        parts += ["### Good to know", "", *bullets([prose(each) for each in plan["warnings"]], _ROOM, "remark"), ""]
    return "\n".join(parts).rstrip() + "\n"


def held(found: Sequence[Refusal]) -> Json:
    """Whether an estate is what policies say, as JSON."""
    differing = [{"policy": each.policy, "reason": each.reason, "instead": each.instead} for each in found]
    return {"schemaVersion": SCHEMA_VERSION, "holds": not differing, "differences": differing}


def checked(found: Sequence[Refusal], *, estate: bool) -> Iterator[RenderableType]:
    """The answer of ``aksess policy check``."""
    for each in found:
        yield Text.assemble(("✗ ", "red"), (each.policy, "bold"), f"  {each.reason}")
    if found:
        yield Text()
        yield Text("the estate is not what the policies say: aksess plan says what to change", style="bold red")
    else:
        said = "the estate is what the policies say" if estate else "the policies are well formed"
        yield Text(said, style="bold green")


def policies(found: Sequence[Today]) -> str:
    """Policies as YAML; what cannot be said is a comment in its place."""
    parts = []
    for each in found:
        remark = "".join(f"# {line}\n" for line in each.remark.splitlines())
        body = yaml.safe_dump(each.document, sort_keys=False, allow_unicode=True, width=120) if each.document else ""
        parts.append(f"{remark}{body}")
    return "---\n".join(parts)


def step(change: Json) -> tuple[str, str, str]:
    """The resource, and the value before and after, as people read them; empty for none."""
    before, after = (_value(each) if each is not None else "" for each in (change["before"], change["after"]))
    return Resource.of(change["resource"]).label, before, after


def _value(value: Any) -> str:
    said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return cut(said, _LONG)


def _named(cidrs: Sequence[str]) -> str:
    return name_of(AddressSet.of(*cidrs), nobody="")
