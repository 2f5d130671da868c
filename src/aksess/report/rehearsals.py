"""What a rehearsal showed: for a terminal, as markdown, as JSON.

One line an exposure with what its clients saw; then every connection that ended otherwise than the evaluator says; then
what was not rehearsed, and what the lab made up. Nothing that was left out is passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from aksess.rehearsal.outcomes import Expected
from aksess.rehearsal.playing import Played, Rehearsal
from aksess.rehearsal.trials import LeftOut
from aksess.report.gfm import bullets, code, details, prose, table
from aksess.report.structured import SCHEMA_VERSION
from aksess.report.wording import count

__all__ = ["Line", "expected_text", "headline", "lines", "markdown", "structured", "text"]

_SHARE = 20_000
_FEW = 40


@dataclass(frozen=True)
class Line:
    """One exposure of a rehearsal.

    Attributes:
        exposure: Its id.
        connections: How many were tried.
        seen: What clients saw, the most frequent first.
        differing: How many ended otherwise than the evaluator says.
        undecided: How many it cannot know.
    """

    exposure: str
    connections: int
    seen: tuple[tuple[str, int], ...]
    differing: int
    undecided: int


def headline(found: Rehearsal) -> str:
    """The answer in one line."""
    if not found.played:
        return "nothing was rehearsed"
    tally = found.tally
    many = count(len(found.played), "connection")
    if tally["differs"]:
        return f"{tally['differs']:,} of {many} ended otherwise than foreseen"
    if tally["undecided"]:
        return f"{many}: none ended otherwise than foreseen, {tally['undecided']:,} could not be foreseen"
    return f"{many}: every one ended as foreseen"


def lines(found: Rehearsal) -> list[Line]:
    """A line for each exposure, in order."""
    by_exposure: dict[str, list[Played]] = {}
    for each in found.played:
        by_exposure.setdefault(each.trial.exposure, []).append(each)
    return [_line(exposure, played) for exposure, played in by_exposure.items()]


def _line(exposure: str, played: Sequence[Played]) -> Line:
    seen = Counter(_effect(each) for each in played)
    results = Counter(each.result for each in played)
    return Line(exposure, len(played), tuple(seen.most_common()), results["differs"], results["undecided"])


def _effect(played: Played) -> str:
    status = f" {played.shown.status}" if played.shown.status and played.shown.effect != "reached" else ""
    return f"{played.shown.effect}{status}"


def expected_text(expected: Iterable[Expected]) -> str:
    """What was foreseen: ``reached or timeout``."""
    return " or ".join(dict.fromkeys(str(each) for each in expected)) or "not known"


def text(found: Rehearsal) -> Iterator[RenderableType]:
    """The answer for a terminal."""
    form = "the real kube-proxy and ingress-nginx" if found.real else "the quick form"
    tone = "bold red" if found.differences else "bold green" if found.played else "bold yellow"
    yield Text.assemble((headline(found), tone), (f"  ({form})", "dim"))
    yield Text()
    grid = _grid(3)
    for each in lines(found):
        seen = " · ".join(f"{name} {number:,}" for name, number in each.seen)
        mark = Text("✗", style="red") if each.differing else Text("✓", style="green")
        grid.add_row(mark, each.exposure, Text(seen, style="dim"))
    yield grid
    if found.differences:
        yield Text()
        yield _heading(count(len(found.differences), "difference"))
        differing = _grid(3)
        for played in found.differences[:_FEW]:
            trial = played.trial
            what = Text.assemble(f"{trial.exposure}\n", (f"foreseen {expected_text(trial.expected)}", "dim"))
            differing.add_row(f"  {trial.source}", Text(str(played.shown), style="red"), what)
        yield differing
        if len(found.differences) > _FEW:
            yield Text(f"  and {len(found.differences) - _FEW:,} more: -o json holds all", style="dim")
    if found.left_out:
        yield Text()
        yield _heading("Not rehearsed")
        left = _grid(2)
        for why, kept_out in _by_reason(found.left_out):
            left.add_row(f"  {kept_out}", Text(why, style="dim"))
        yield left
    if found.notes:
        yield Text()
        yield _heading("Made up to play it")
        for note in found.notes:
            yield Text(f"  {note}")


def markdown(found: Rehearsal) -> str:
    """The answer for a pull request."""
    mark = "✗" if found.differences else "✓"
    parts = [f"## {mark} {prose(headline(found))}"]
    if found.differences:
        rows = [
            (
                code(str(each.trial.source)),
                code(each.trial.exposure),
                prose(expected_text(each.trial.expected)),
                prose(str(each.shown)),
            )
            for each in found.differences
        ]
        parts += ["\n".join(table(("Source", "Exposure", "Foreseen", "Seen"), rows, _SHARE, "difference"))]
    rows_of_all = [
        (code(each.exposure), f"{each.connections:,}", prose(" · ".join(f"{name} {n:,}" for name, n in each.seen)))
        for each in lines(found)
    ]
    listed = table(("Exposure", "Connections", "Seen"), rows_of_all, _SHARE, "exposure")
    parts.append(details(count(len(rows_of_all), "exposure"), ["\n".join(listed)]))
    if found.left_out:
        left = [f"{prose(what)}: {prose(why)}" for why, what in _by_reason(found.left_out)]
        parts.append(details("Not rehearsed", ["\n".join(bullets(left, _SHARE, "exposure"))]))
    if found.notes:
        notes = bullets([prose(each) for each in found.notes], _SHARE, "note")
        parts.append(details("Made up to play it", ["\n".join(notes)]))
    return "\n\n".join(parts) + "\n"


def structured(found: Rehearsal) -> dict[str, Any]:
    """The answer as JSON values."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "form": "real" if found.real else "quick",
        "connections": len(found.played),
        "differences": len(found.differences),
        "undecided": found.tally["undecided"],
        "trials": [_trial(each) for each in found.played],
        "notRehearsed": [{"what": each.what, "why": each.why} for each in found.left_out],
        "notes": list(found.notes),
        "hops": [
            {
                "frontend": frontend,
                "node": each.node,
                "hop": each.hop,
                "rule": each.rule,
                "drops": each.drops,
                "packets": each.packets,
            }
            for frontend, counted in found.hops.items()
            for each in counted
        ],
    }


def _trial(played: Played) -> dict[str, Any]:
    shown = played.shown
    return {
        "exposure": played.trial.exposure,
        "source": str(played.trial.source),
        "foreseen": [
            {"effect": effect, "status": status}
            for effect, status in dict.fromkeys((each.effect, each.status) for each in played.trial.expected)
        ],
        "seen": {
            "effect": shown.effect,
            "status": shown.status,
            "judgedAs": str(shown.judged) if shown.judged is not None else None,
        },
        "result": played.result,
    }


def _by_reason(left_out: Iterable[LeftOut]) -> list[tuple[str, str]]:
    """Reasons with what they keep out: the first, and how many more."""
    found: dict[str, list[str]] = {}
    for each in left_out:
        found.setdefault(each.why, []).append(each.what)
    return [(why, what[0] + (f" and {len(what) - 1:,} more" if len(what) > 1 else "")) for why, what in found.items()]


def _heading(title: str) -> RenderableType:
    return Rule(Text(title, style="bold"), align="left", style="dim")


def _grid(columns: int) -> Table:
    made = Table.grid(padding=(0, 2, 0, 0))
    for index in range(columns):
        made.add_column(overflow="fold", ratio=1 if index == columns - 1 else None)
    return made
