"""Answers as markdown for a pull-request comment: a headline, compact tables, and long lists folded away.

Everything that comes from the input is escaped, so that no name can change how the comment reads. A comment on GitHub
holds 65,536 characters; every list has a share of that and says what it left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aksess.access.comparison import Difference
from aksess.access.names import Names
from aksess.access.outcomes import Outcome
from aksess.access.questions import Explanation, Reach
from aksess.addresses import AddressSet, name_of
from aksess.checks.interface import Check, Finding, Severity
from aksess.layers.egress import Allowance, Requirement
from aksess.library import Audit, Egress
from aksess.report import groups
from aksess.report.gfm import bullets, code, details, fenced, prose, table
from aksess.report.groups import Problem, Way
from aksess.report.routes import CONDITIONS, LAYERS, Row, effect_text, headline, hidden, place_text, rows
from aksess.report.wording import command_of, count, visible
from aksess.rulings import Assumption, Citation, Verdict
from aksess.snapshot import Unread

__all__ = ["audit", "checks", "comparison", "egress", "explanation", "reach"]

_MARKS = {Verdict.ALLOWED: "✓", Verdict.DENIED: "✗", Verdict.INDETERMINATE: "?", Verdict.MIXED: "✓✗"}
_FEW_EXPOSURES = 50
_FEW_CIDRS = 200
_SHARE = {"problems": 26_000, "notes": 8_000, "ways": 16_000, "assumed": 4_000, "unread": 5_000, "route": 6_000}
"""How many characters a list may take; together they stay below what a comment holds."""
_WHOLE = 48_000
"""How many characters the one long list of an answer may take."""


def explanation(found: Explanation, findings: Sequence[Finding]) -> str:
    """The answer of ``aksess explain``."""
    several = len(found.outcomes) > 1
    parts = [
        f"## {_MARKS[found.verdict]} {prose(headline(found))}",
        f"{code(found.source.text)} → {code(found.target.text)}",
    ]
    shown, rest = _fitting([_route(each, headed=several) for each in found.outcomes], "outcome")
    parts += [*shown, rest]
    if found.seen and found.seen != found.source.addresses:
        parts.append(f"Judged as {prose(name_of(found.seen))}.")
    parts += _see_also(findings)
    parts += _assumed(found.assumptions)
    return _page(parts)


def reach(found: Reach, names: Names) -> str:
    """The answer of ``aksess who``."""
    standing = found.standing
    who = f"{name_of(standing.allowed, names)} get in" if standing.allowed else "nobody gets in"
    parts = [f"## {prose(who)}", code(found.target.text), *_cidrs("exact ranges", standing.allowed)]
    if standing.indeterminate:
        parts.append(f"**{prose(name_of(standing.indeterminate, names))}: cannot be known**")
        parts += _cidrs("ranges that cannot be known", standing.indeterminate)
    if found.narrowed:
        parts += ["### Narrowed by", *_narrowed(found.narrowed)]
    parts += _assumed(found.assumptions)
    return _page(parts)


def audit(found: Audit, names: Names) -> str:
    """The answer of ``aksess audit``."""
    found_by = groups.problems(found.findings)
    serious = [each for each in found_by if each.severity != Severity.NOTE]
    notes = [each for each in found_by if each.severity == Severity.NOTE]
    opened = sum(groups.is_open(each.allowed, names) for each in found.exposures)
    scope = f"{count(len(found.exposures), 'exposure')} of {count(groups.applications(found.exposures), 'application')}"
    parts = [
        f"## {groups.tally(found.findings) or 'No findings'}",
        f"{scope}, {f'{opened:,}' if opened else 'none'} open to the whole Internet.",
    ]
    if serious:
        parts += ["### Findings", *_findings(serious, _SHARE["problems"])]
    if notes:
        total = sum(len(each.findings) for each in notes)
        parts.append(details(count(total, "note"), _findings(notes, _SHARE["notes"])))
    if found.exposures:
        parts += ["### Exposures", *_ways(groups.ways(found.exposures), names)]
    parts += _assumed(each for exposure in found.exposures for each in exposure.assumptions)
    parts += _unread(found.unread, found.left_out)
    return _page(parts)


def comparison(found: Sequence[Difference], names: Names) -> str:
    """The answer of ``aksess diff``."""
    if not found:
        return _page(["## Nobody gains or loses access"])
    gaining, losing = sum(bool(each.gained) for each in found), sum(bool(each.lost) for each in found)
    shown, rest = _fitting(["\n".join(_changes(each, names)) for each in found], "exposure")
    legend = "`+` gets in now, `-` no longer gets in, `!` cannot be known; `-o json` holds the exact ranges."
    parts = [
        f"## {count(len(found), 'exposure')} changed",
        f"Somebody gains access at {gaining:,} and loses it at {losing:,}. {legend}",
        fenced("\n\n".join(shown), "diff"),
        rest,
    ]
    return _page(parts)


def egress(found: Egress) -> str:
    """The answer of ``aksess egress``."""
    refused = sum(each.verdict == Verdict.DENIED for each in found.requirements)
    unsure = sum(each.verdict == Verdict.INDETERMINATE for each in found.requirements)
    verdicts = [(refused, "denied"), (unsure, "cannot be known")]
    headline = ", ".join(f"{number:,} {word}" for number, word in verdicts if number) or "all allowed"
    heads = ("", "Requirement", "Destination", "Decided by")
    parts = [
        f"## {count(len(found.requirements), 'requirement')}: {headline}",
        *table(heads, map(_requirement, found.requirements), _WHOLE // 2, "requirement"),
    ]
    if found.allowances:
        parts += ["### Allowances that nothing here needs"]
        parts += table(("", "Rule", "Where"), map(_allowance, found.allowances), _WHOLE // 2, "allowance")
    return _page(parts)


def checks(known: Iterable[Check]) -> str:
    """The list of checks."""
    lines = (
        (code(each.slug), each.severity.value, prose(each.title)) for each in sorted(known, key=lambda one: one.slug)
    )
    return _page(["## Checks", *table(("Check", "Severity", "Finds"), lines, _WHOLE, "check")])


# --- routes -----------------------------------------------------------------------------------------------------------


def _route(outcome: Outcome, *, headed: bool) -> str:
    parts = [_outcome_head(outcome)] if headed else []
    parts += table(("", "Hop", "Rule", "Where"), map(_hop, rows(outcome)), _SHARE["route"], "hop")
    if outcome.reason:
        parts.append(f"Cannot be known: {prose(outcome.reason)}")
    return "\n\n".join(parts)


def _outcome_head(outcome: Outcome) -> str:
    head = f"### {_MARKS[outcome.verdict]} {outcome.verdict} · {prose(effect_text(outcome))}"
    words = [f"For **{prose(name_of(outcome.sources))}**"]
    if outcome.entry:
        words.append(f"at {code(outcome.entry)}")
    if outcome.condition:
        words.append(CONDITIONS[outcome.condition])
    return f"{head}\n\n{' '.join(words)}"


def _hop(row: Row) -> tuple[str, str, str, str]:
    mark, layer, text = _MARKS[row.verdict], row.layer, prose(row.text)
    if row.decides:
        mark, layer = f"▶&nbsp;{mark}", f"**{layer}**"
    return mark, layer, text, code(row.place)


def _see_also(findings: Sequence[Finding]) -> list[str]:
    worth = [each for each in findings if not hidden(each)]
    lines = (f"{code(each.check)} {prose(each.message)}" for each in worth)
    return ["### See also", *bullets(lines, _SHARE["notes"], "finding")] if worth else []


def _narrowed(citations: Iterable[Citation]) -> list[str]:
    lines = (
        (LAYERS[each.layer], prose(each.label or each.text), code(place_text(each)))
        for each in groups.distinct(citations)
    )
    return table(("Hop", "Resource", "Where"), lines, _SHARE["ways"], "hop")


# --- audit ------------------------------------------------------------------------------------------------------------


def _findings(found: Sequence[Problem], share: int) -> list[str]:
    heads = ("", "Check", "Finding", "Where")
    return table(heads, (row for each in found for row in _problem(each)), share, "finding")


def _problem(problem: Problem) -> Iterator[tuple[str, str, str, str]]:
    """Its findings; a fix that is the same for all of them stands at the first."""
    word = f"**{problem.severity}**" if problem.severity == Severity.ERROR else problem.severity.value
    for index, finding in enumerate(problem.findings):
        text = prose(finding.message)
        if finding.fix and not (problem.fix and index):
            command, remark = command_of(finding.fix)
            text += "<br>→ " + "; ".join(each for each in (code(command), prose(remark)) if each)
        yield word, code(problem.check), text, code(place_text(finding.citation))


def _ways(found: Sequence[Way], names: Names) -> list[str]:
    lines = [_way(each, names) for each in found[:_FEW_EXPOSURES]]
    parts = table(("Who gets in", "Where", "Application", "Narrowed by"), lines, _SHARE["ways"], "row")
    if len(found) > _FEW_EXPOSURES:
        parts.append(f"… {count(len(found) - _FEW_EXPOSURES, 'more row')} left out; `-o json` holds them.")
    return parts


def _way(way: Way, names: Names) -> tuple[str, str, str, str]:
    first = way.first
    who = [prose(name_of(first.allowed, names))] if first.allowed or not first.indeterminate else []
    if first.indeterminate:
        who.append(f"cannot be known: {prose(name_of(first.indeterminate, names))}")
    where = code(way.what)
    if way.entries:
        shown = ", ".join(map(code, way.entries[:3]))
        more = f" and {len(way.entries) - 3:,} more" if len(way.entries) > 3 else ""
        where += f" at {shown}{more}"
    return "<br>".join(who), where, prose(first.application.label), ", ".join(way.layers) or "–"


def _unread(unread: Sequence[Unread], left_out: int) -> list[str]:
    deciding = groups.deciding(unread)
    parts: list[str] = []
    if deciding:
        parts.append(f"### Not understood: {count(len(deciding), 'thing')} that could change denials above")
        lines = (f"{code(each.label)} {prose(each.reason)}" for each in deciding)
        parts += bullets(lines, _SHARE["unread"], "thing")
    quiet = groups.quiet(unread, left_out)
    return [*parts, prose(f"{quiet}.")] if quiet else parts


# --- changes and egress -----------------------------------------------------------------------------------------------


def _changes(each: Difference, names: Names) -> Iterator[str]:
    state = " (new)" if each.before is None else " (gone)" if each.after is None else ""
    yield f"# {visible(each.exposure)}{state}"
    for mark, addresses in (("+", each.gained), ("-", each.lost), ("!", each.uncertain)):
        if addresses:
            yield f"{mark} {visible(name_of(addresses, names))}"


def _requirement(each: Requirement) -> tuple[str, str, str, str]:
    need = each.need
    wanted = f"{code(need.destination)} {prose(need.protocol)} {need.port}"
    return _MARKS[each.verdict], prose(need.name), wanted, _decided(each)


def _decided(requirement: Requirement) -> str:
    if requirement.reason:
        return prose(requirement.reason)
    cited = requirement.citation
    return f"{prose(_named(cited))} {code(place_text(cited))}" if cited else "no rule stops it"


def _allowance(allowance: Allowance) -> tuple[str, str, str]:
    cited = allowance.citation
    word = "obsolete" if allowance.obsolete else "unused"
    return word, prose(f"{_named(cited)}: {cited.text}"), code(place_text(cited))


def _named(citation: Citation) -> str:
    return " · ".join(each for each in (citation.label, citation.rule) if each)


# --- small things -----------------------------------------------------------------------------------------------------


def _assumed(assumptions: Iterable[Assumption]) -> list[str]:
    found = groups.assumed(assumptions)
    if not found:
        return []
    lines = (
        f"{code(each.code)} {prose(each.texts[0])}"
        + (f" (and {len(each.texts) - 1:,} more of its kind)" if len(each.texts) > 1 else "")
        for each in found
    )
    return [details(f"Taken for true ({len(found):,})", bullets(lines, _SHARE["assumed"], "assumption"))]


def _cidrs(what: str, addresses: AddressSet) -> list[str]:
    found = addresses.to_cidrs(limit=_FEW_CIDRS)
    if not found:
        return []
    shown = [fenced("\n".join(found[:_FEW_CIDRS]), "text")]
    if len(found) > _FEW_CIDRS:
        shown.append(f"The first {_FEW_CIDRS}; `-o json` holds all.")
    return shown if len(found) <= 8 else [details(what.capitalize(), shown)]


def _fitting(blocks: Sequence[str], noun: str) -> tuple[list[str], str]:
    """As many blocks as the page has room for, and what is said about the rest."""
    shown: list[str] = []
    room = _WHOLE
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            return shown, f"… {count(len(blocks) - len(shown), f'more {noun}')} left out; `-o json` holds them."
        shown.append(block)
    return shown, ""


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(each for each in parts if each) + "\n"
