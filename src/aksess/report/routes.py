"""The way of a connection as people read it: one row a hop, the deciding one marked, the rule cited.

Text, markdown and HTML all show these rows; only their dress differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from aksess.access.outcomes import Outcome
from aksess.access.questions import Explanation
from aksess.addresses import AddressSet
from aksess.checks.interface import Finding, Severity
from aksess.rulings import Citation, Layer, Ruling, Verdict

__all__ = [
    "CONDITIONS",
    "LAYERS",
    "Row",
    "effect_text",
    "headline",
    "hidden",
    "place_text",
    "rows",
    "summary",
]

CONDITIONS = {
    "forged-header": "if the client forges the header",
    "proxy-line": "if the client sends a PROXY line",
    "source-port": "if the client picks its source port",
}
"""What a client may choose, in words."""

_Standing = tuple[AddressSet, AddressSet]
"""Domain of an alternative, and who of it gets in."""

LAYERS = {
    Layer.FRONT_DOOR: "front door",
    Layer.APPLICATION_GATEWAY: "application gateway",
    Layer.LOAD_BALANCER: "load balancer",
    Layer.ADMIN_RULE: "admin rule",
    Layer.SUBNET_NSG: "subnet NSG",
    Layer.NIC_NSG: "interface NSG",
    Layer.KUBE_PROXY: "kube-proxy",
    Layer.NETWORK_POLICY: "network policy",
    Layer.CONTROLLER: "controller",
    Layer.API_SERVER: "API server",
}
"""What people call each layer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One hop on paper.

    Attributes:
        layer: The kind of hop, in words.
        verdict: Whether it lets the connection on.
        decides: Whether this hop decides.
        text: Resource, rule and what it says.
        place: ``file:line``, empty for what was not read.
        resource: The resource alone.
        rule: The rule or field in it alone, with its priority where it has one.
        said: What it says alone.
    """

    layer: str
    verdict: Verdict
    decides: bool
    text: str
    place: str
    resource: str = ""
    rule: str = ""
    said: str = ""


def rows(outcome: Outcome) -> list[Row]:
    """The rows of one outcome. Rulings of one resource that say the same are one row.

    Where the outcome cannot be known, the hop that decides does not say that it stops anything.
    """
    trail = outcome.trail
    shown = [ruling for ruling, after in pairwise(trail) if ruling.citation != after.citation] + list(trail[-1:])
    found = [_row(each, decides=each is trail[-1]) for each in shown if each.citation.label or each.citation.text]
    if outcome.verdict != Verdict.INDETERMINATE:
        return found
    return [replace(each, verdict=outcome.verdict) if each.decides else each for each in found]


def effect_text(outcome: Outcome) -> str:
    """What the client sees: ``403 forbidden``, ``timeout``, ``reached, then authentication``."""
    if outcome.verdict == Verdict.INDETERMINATE:
        return "cannot be known"
    shown = f"{outcome.status} {outcome.effect}" if outcome.status else str(outcome.effect)
    return f"{shown}, then {outcome.then}" if outcome.then else shown


def place_text(citation: Citation) -> str:
    """``file:line`` of what is cited, ``file`` where there is no line, empty where nothing was read."""
    if not citation.file:
        return ""
    return f"{citation.file}:{citation.line}" if citation.line else citation.file


def summary(found: Explanation) -> str:
    """The verdict in words; says what makes outcomes differ."""
    if found.verdict != Verdict.MIXED:
        return str(found.verdict)
    if _differs_for_one(found):
        return "mixed: intermittent, the same client gets in or not by what it cannot choose"
    return "mixed: it depends on the source"


def headline(found: Explanation) -> str:
    """The verdict with what the client sees, or with what it must do where only a choice of its own gets it in."""
    conditions = {each.condition for each in found.outcomes if each.verdict == Verdict.ALLOWED}
    if found.verdict == Verdict.ALLOWED and conditions and "" not in conditions:
        return f"{summary(found)} · {', or '.join(CONDITIONS[each] for each in sorted(conditions))}"
    if len(found.outcomes) == 1:
        return f"{summary(found)} · {effect_text(found.outcomes[0])}"
    return summary(found)


def _differs_for_one(found: Explanation) -> bool:
    """Whether some address gets in by one alternative and not by another."""
    standings = [(each.domain, each.standing.allowed) for each in found.alternatives]
    return any(
        bool((one_in & domain) - inside) or bool((inside & one) - one_in)
        for (one, one_in), (domain, inside) in _pairs(standings)
    )


def _pairs(items: Sequence[_Standing]) -> list[tuple[_Standing, _Standing]]:
    return [(items[0], each) for each in items[1:]]


def _row(ruling: Ruling, *, decides: bool) -> Row:
    citation = ruling.citation
    verdict = Verdict.INDETERMINATE if ruling.doubt else Verdict.ALLOWED if ruling.passes else Verdict.DENIED
    rule = citation.rule
    if rule and citation.priority is not None:
        rule += f" ({citation.priority})"
    named = f"{citation.label} · {rule}" if rule else citation.label
    said = ruling.doubt if ruling.doubt and decides else citation.text
    text = f"{named}: {said}" if named and said else named or said
    return Row(LAYERS[citation.layer], verdict, decides, text, place_text(citation), citation.label, rule, said)


def hidden(finding: Finding) -> bool:
    """Whether a finding is no news beside an explanation: a note, which the explanation shows or need not show."""
    return finding.severity == Severity.NOTE
