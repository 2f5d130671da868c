"""What stands on each page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aksess.access.comparison import Difference
from aksess.access.names import Names
from aksess.access.questions import Explanation, Reach
from aksess.addresses import AddressSet
from aksess.checks.interface import Finding, Severity
from aksess.library import Audit, Egress
from aksess.report import groups, plans
from aksess.report.html.rendering import render
from aksess.report.html.views import Places, Sets, routes, shares, way_views
from aksess.report.routes import LAYERS, headline, hidden
from aksess.rulings import Citation, Verdict

__all__ = ["audit", "comparison", "egress", "explanation", "plan", "reach"]


def explanation(found: Explanation, findings: Sequence[Finding], names: Names) -> str:
    """The answer of ``aksess explain``: the way of each outcome, drawn hop by hop."""
    sets = Sets(names)
    related = [each for each in findings if not hidden(each)]
    cited = [ruling.citation for outcome in found.outcomes for ruling in outcome.trail]
    return render(
        "explanation.html.j2",
        found=found,
        headline=headline(found),
        routes=routes(found.outcomes, sets),
        seen=sets.of(found.seen) if found.seen != found.source.addresses else None,
        problems=groups.problems(related),
        assumed=groups.assumed(found.assumptions),
        places=Places.of([*cited, *(each.citation for each in related)]),
    )


def reach(found: Reach, names: Names) -> str:
    """The answer of ``aksess who``: the exact ranges, and what narrowed them."""
    sets = Sets(names)
    narrowed = groups.distinct(found.narrowed)
    return render(
        "reach.html.j2",
        found=found,
        allowed=sets.of(found.standing.allowed),
        indeterminate=sets.of(found.standing.indeterminate),
        narrowed=narrowed,
        assumed=groups.assumed(found.assumptions),
        places=Places.of(narrowed),
    )


def audit(found: Audit, names: Names) -> str:
    """The answer of ``aksess audit``: findings, exposures, and what was taken for true."""
    listed = way_views(found.exposures, Sets(names))
    used = {each.layer for exposure in found.exposures for each in exposure.narrowed}
    return render(
        "audit.html.j2",
        found=found,
        tally=groups.tally(found.findings),
        severities=[(each.value, sum(one.severity == each for one in found.findings)) for each in Severity],
        applications=groups.applications(found.exposures),
        opened=sum(groups.is_open(each.allowed, names) for each in found.exposures),
        shares=shares(found.exposures, names),
        problems=groups.problems(found.findings),
        ways=listed,
        used=[(each.value, name) for each, name in LAYERS.items() if each in used],
        assumed=groups.assumed(each for exposure in found.exposures for each in exposure.assumptions),
        deciding=groups.deciding(found.unread),
        quiet=groups.quiet(found.unread, found.left_out),
        places=Places.of(_cited(found)),
    )


def comparison(found: Sequence[Difference], names: Names) -> str:
    """The answer of ``aksess diff``: who gains and who loses access, exposure by exposure."""
    sets = Sets(names)
    return render(
        "comparison.html.j2",
        differences=[(each, [(word, sets.of(part)) for word, part in _parts(each) if part]) for each in found],
        gaining=sum(bool(each.gained) for each in found),
        losing=sum(bool(each.lost) for each in found),
        new=sum(each.before is None for each in found),
        gone=sum(each.after is None for each in found),
    )


def plan(found: dict[str, Any]) -> str:
    """A plan in its stored form: the changes in their order, and exactly who gains and who loses."""
    sets = Sets(())
    differences = []
    for each in found["access"]:
        parts = [(word, AddressSet.of(*each[word]["cidrs"])) for word in ("gained", "lost")]
        differences.append((each, [(word, sets.of(part)) for word, part in parts if part]))
    return render(
        "plan.html.j2",
        plan=found,
        headline=plans.headline(found),
        steps=[(each, *plans.step(each)) for each in found["changes"]],
        differences=differences,
        gaining=sum(bool(each["gained"]["cidrs"]) for each in found["access"]),
        losing=sum(bool(each["lost"]["cidrs"]) for each in found["access"]),
    )


def egress(found: Egress) -> str:
    """The answer of ``aksess egress``: what is needed, whether it may leave, and what nothing needs."""
    cited = [each.citation for each in found.requirements if each.citation]
    verdicts = (Verdict.ALLOWED, Verdict.DENIED, Verdict.INDETERMINATE)
    return render(
        "egress.html.j2",
        found=found,
        verdicts=[(each.value, sum(one.verdict == each for one in found.requirements)) for each in verdicts],
        sources=sorted({each.need.source for each in found.requirements}),
        places=Places.of([*cited, *(each.citation for each in found.allowances)]),
    )


def _parts(each: Difference) -> Iterable[tuple[str, AddressSet]]:
    return ("gained", each.gained), ("lost", each.lost), ("uncertain", each.uncertain)


def _cited(found: Audit) -> Iterator[Citation]:
    for finding in found.findings:
        yield finding.citation
    for exposure in found.exposures:
        yield exposure.application
        yield from exposure.narrowed
