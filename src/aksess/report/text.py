"""Answers as pages for a terminal: rich renderables that wrap at its width, coloured where it has colours.

The way of a connection reads like a route, one line a hop with the deciding one marked. Sets have names. Long lists are
cut with what was left out said, and what to type to see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from aksess.access.comparison import Difference
from aksess.access.exposures import Exposure
from aksess.access.names import Names
from aksess.access.outcomes import Outcome
from aksess.access.questions import Explanation, Reach
from aksess.addresses import AddressSet, is_internet, name_of
from aksess.checks.interface import Check, Finding
from aksess.layers.egress import Requirement
from aksess.library import Audit, Egress
from aksess.report.groups import Problem, Way, applications, assumed, deciding, distinct, problems, quiet, tally, ways
from aksess.report.routes import CONDITIONS, Row, effect_text, headline, hidden, place_text, rows
from aksess.report.wording import count
from aksess.rulings import Assumption, Citation, Verdict
from aksess.snapshot import Unread

__all__ = ["audit", "checks", "comparison", "egress", "explanation", "reach"]

_STYLES = {"allowed": "green", "denied": "red", "indeterminate": "yellow", "mixed": "yellow"}
_MARKS = {Verdict.ALLOWED: "✓", Verdict.DENIED: "✗", Verdict.INDETERMINATE: "?"}
_SEVERITIES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_FEW_CIDRS = 24
_NAMED_CIDRS = 2
_FEW_EXPOSURES = 60


def explanation(found: Explanation, findings: Sequence[Finding], names: Names) -> Iterator[RenderableType]:
    """The answer of ``aksess explain``."""
    yield Text.assemble((found.source.text, "bold"), " → ", (found.target.text, "bold"))
    several = len(found.outcomes) > 1
    yield Text(headline(found), style=f"bold {_STYLES[found.verdict]}")
    for outcome in found.outcomes:
        yield Text()
        if several:
            yield _outcome_head(outcome, names)
        yield _route(rows(outcome))
        if outcome.reason:
            yield Padding(Text(f"cannot be known: {outcome.reason}", style="yellow"), (0, 0, 0, 2))
    if found.seen and found.seen != found.source.addresses:
        yield Text()
        yield Text(f"judged as {name_of(found.seen, names)}", style="dim")
    yield from _assumed(found.assumptions)
    yield from _see_also(findings)


def reach(found: Reach, names: Names) -> Iterator[RenderableType]:
    """The answer of ``aksess who``."""
    yield Text(found.target.text, style="bold")
    standing = found.standing
    yield Text(
        f"{name_of(standing.allowed, names)} get in" if standing.allowed else "nobody gets in", style="bold green"
    )
    yield from _cidrs(standing.allowed)
    if standing.indeterminate:
        yield Text(f"{name_of(standing.indeterminate, names)}: cannot be known", style="bold yellow")
        yield from _cidrs(standing.indeterminate)
    if found.narrowed:
        yield Text()
        yield Text("narrowed by", style="bold")
        yield _cited(found.narrowed)
    yield from _assumed(found.assumptions)


def audit(found: Audit, names: Names, *, everything: bool = False) -> Iterator[RenderableType]:
    """The answer of ``aksess audit``: exposures, findings, and what was taken for true."""
    listed = ways(found.exposures)
    shown = listed if everything else listed[:_FEW_EXPOSURES]
    yield _heading(
        f"{count(len(found.exposures), 'exposure')} of {count(applications(found.exposures), 'application')}"
    )
    yield _exposures(shown, names)
    if len(shown) < len(listed):
        yield Text(f"  … {len(listed) - len(shown):,} more (--all shows them, -o json holds them)", style="dim")
    yield Text()
    yield _heading(tally(found.findings) or "No findings")
    for problem in problems(found.findings):
        yield from _problem(problem)
    yield from _assumed(each for exposure in found.exposures for each in exposure.assumptions)
    yield from _unread(found.unread, found.left_out)


def comparison(found: Sequence[Difference], names: Names) -> Iterator[RenderableType]:
    """The answer of ``aksess diff``."""
    if not found:
        yield Text("nobody gains or loses access", style="bold green")
        return
    for each in found:
        state = " (new)" if each.before is None else " (gone)" if each.after is None else ""
        yield Text(f"{each.exposure}{state}", style="bold")
        table = _grid(3)
        for mark, word, addresses, style in (
            ("+", "gained", each.gained, "green"),
            ("-", "lost", each.lost, "red"),
            ("?", "uncertain", each.uncertain, "yellow"),
        ):
            if addresses:
                table.add_row(Text(f"  {mark}", style=style), Text(word, style=style), _named(addresses, names))
        yield table
    yield Text()
    yield Text(count(len(found), "exposure") + " changed", style="bold")


def egress(found: Egress) -> Iterator[RenderableType]:
    """The answer of ``aksess egress``."""
    yield _heading(count(len(found.requirements), "requirement"))
    table = _grid(4)
    for each in found.requirements:
        table.add_row(_mark(each.verdict), each.need.name, _wanted(each), Text(_decided(each), style="dim"))
    yield table
    if found.allowances:
        yield Text()
        yield _heading("Allowances that nothing here needs")
        unused = _grid(2)
        for allowance in found.allowances:
            cited = allowance.citation
            text = f"{cited.label} · {cited.rule}: {cited.text}"
            unused.add_row("  obsolete" if allowance.obsolete else "  unused", _with_place(text, place_text(cited)))
        yield unused


def checks(known: Iterable[Check]) -> Iterator[RenderableType]:
    """The list of checks."""
    table = _grid(3)
    for each in sorted(known, key=lambda one: one.slug):
        table.add_row(
            Text(each.slug, style="bold"), Text(each.severity.value, style=_SEVERITIES[each.severity]), each.title
        )
    yield table
    yield Text()
    yield Text("aksess checks SLUG shows the page of one", style="dim")


# --- routes and citations ---------------------------------------------------------------------------------------------


def _outcome_head(outcome: Outcome, names: Names) -> Text:
    head = Text(f"{outcome.verdict} · {effect_text(outcome)}", style=f"bold {_STYLES[outcome.verdict]}")
    head.append(f"  {name_of(outcome.sources, names)}", style="not bold default")
    if outcome.entry:
        head.append(f"  at {outcome.entry}", style="not bold default")
    if outcome.condition:
        head.append(f"  {CONDITIONS[outcome.condition]}", style="italic not bold")
    return head


def _route(found: Sequence[Row]) -> Table:
    table = _grid(4)
    for row in found:
        style = f"bold {_STYLES[row.verdict]}" if row.decides else _STYLES[row.verdict]
        table.add_row(
            Text("▶" if row.decides else " ", style=style),
            Text(row.layer, style="bold" if row.decides else ""),
            Text(_MARKS[row.verdict], style=style),
            _with_place(row.text, row.place),
        )
    return table


def _cited(citations: Iterable[Citation]) -> Table:
    table = _grid(2)
    for each in distinct(citations):
        table.add_row(Text(f"  {each.layer.value}"), _with_place(each.label or each.text, place_text(each)))
    return table


def _with_place(text: str, place: str) -> Text:
    shown = Text(text)
    if place:
        shown.append(f"  {place}", style="dim")
    return shown


# --- audit ------------------------------------------------------------------------------------------------------------


def _exposures(listed: Iterable[Way], names: Names) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    for way in listed:
        first = way.first
        where = Text(way.what, style="bold")
        where.append(f"\n  {first.application.label}", style="not bold dim")
        where.append(f" @{', '.join(way.entries)}" if way.entries else "", style="not bold dim")
        who = Text(name_of(first.allowed, names), style=_tone(first))
        if first.indeterminate:
            who.append(f"; cannot be known: {name_of(first.indeterminate, names)}", style="yellow")
        who.append(f"\n{', '.join(way.layers)}" if way.layers else "", style="not bold dim")
        table.add_row(where, who)
    return table


def _tone(exposure: Exposure) -> str:
    """Green for a closed circle, red for nobody, plain for the Internet: it may be meant."""
    return "" if is_internet(exposure.allowed) else "green" if exposure.allowed else "red"


def _problem(problem: Problem) -> Iterator[RenderableType]:
    yield Text()
    yield Text.assemble((problem.severity.value, _SEVERITIES[problem.severity]), " ", (problem.check, "bold"))
    for each in problem.findings:
        body = [_with_place(each.message, place_text(each.citation))]
        if each.fix and not problem.fix:
            body.append(Text(f"→ {each.fix}", style="green"))
        yield Padding(Group(*body), (0, 0, 0, 2))
    if problem.fix:
        yield Padding(Text(f"→ {problem.fix}", style="green"), (0, 0, 0, 2))


def _unread(unread: Sequence[Unread], left_out: int) -> Iterator[RenderableType]:
    told = deciding(unread)
    if told:
        yield Text()
        yield _heading(f"Not understood: {count(len(told), 'thing')} that could change denials above")
        for each in told[:_FEW_CIDRS]:
            yield Padding(Text(f"{each.label}: {each.reason}"), (0, 0, 0, 2))
        if len(told) > _FEW_CIDRS:
            yield Text(f"  … {len(told) - _FEW_CIDRS} more (-o json holds them)", style="dim")
    if rest := quiet(unread, left_out):
        yield Text()
        yield Text(rest, style="dim")


# --- small things -----------------------------------------------------------------------------------------------------


def _assumed(assumptions: Iterable[Assumption]) -> Iterator[RenderableType]:
    listed = assumed(assumptions)
    if not listed:
        return
    yield Text()
    yield Text("taken for true", style="bold")
    table = _grid(2)
    for each in listed:
        more = f" (and {len(each.texts) - 1} more of its kind)" if len(each.texts) > 1 else ""
        table.add_row(Text(f"  {each.code}", style="yellow"), f"{each.texts[0]}{more}")
    yield table


def _see_also(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    worth = [each for each in findings if not hidden(each)]
    if not worth:
        return
    yield Text()
    yield Text("see also", style="bold")
    table = _grid(2)
    for each in worth:
        table.add_row(Text(f"  {each.check}", style=_SEVERITIES[each.severity]), each.message)
    yield table


def _cidrs(addresses: AddressSet) -> Iterator[RenderableType]:
    """Every range, where the name of the set does not show them already and they are not too many."""
    count = addresses.cidr_count()
    if count > _FEW_CIDRS:
        yield Text("  (-o json holds the exact ranges)", style="dim")
    elif count > _NAMED_CIDRS:
        yield from (Text(f"  {each}") for each in addresses.to_cidrs())


def _named(addresses: AddressSet, names: Names) -> Text:
    return Text(name_of(addresses, names))


def _mark(verdict: Verdict) -> Text:
    return Text(f"  {_MARKS[verdict]}", style=_STYLES[verdict])


def _wanted(requirement: Requirement) -> str:
    need = requirement.need
    return f"{need.destination} {need.protocol} {need.port}"


def _decided(requirement: Requirement) -> str:
    if requirement.reason:
        return requirement.reason
    cited = requirement.citation
    return f"{cited.label} · {cited.rule}" if cited else "no rule stops it"


def _heading(text: str) -> RenderableType:
    return Rule(Text(text, style="bold"), align="left", style="dim")


def _grid(columns: int) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for index in range(columns):
        last = index == columns - 1
        table.add_column(overflow="fold", ratio=1 if last else None, no_wrap=False)
    return table
