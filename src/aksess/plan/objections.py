"""What speaks against a plan: goals that are missed, applications that no policy names, guards.

Guards are the checks of the product: what they newly find in the estate after the plan, it would have brought about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from aksess.access import comparison
from aksess.access.exposures import Exposure
from aksess.addresses import Address, AddressSet
from aksess.checks.interface import Audited, Finding
from aksess.checks.registry import check_of
from aksess.plan.goals import PUBLIC, Goal, is_api_server
from aksess.plan.plans import Refusal
from aksess.plan.trials import State
from aksess.rulings import Verdict

__all__ = ["beyond_policies", "egress_missing", "guards", "is_met", "off_target"]

_GUARDS = {
    "nsg-blocks-probes": "blocks-probes",
    "health-probe-fails": "blocks-probes",
    "nsg-blocks-cluster-traffic": "blocks-cluster-traffic",
    "acme-http01-blocked": "blocks-renewal",
    "limit-exceeded": "beyond-limits",
    "api-server-locks-out": "locks-out-cluster",
}
_SHOWN = 3


def is_met(goal: Goal, state: State) -> bool:
    """Whether exactly those get in at an exposure whom its policy names, and that is known for sure."""
    found = state.exposures.get(goal.exposure.id)
    return found is not None and not found.indeterminate and not _missing(goal, found) and not _excess(goal, found)


def _missing(goal: Goal, found: Exposure) -> AddressSet:
    """Who shall get in and does not. Of "everybody" that is the Internet: private networks have ways of their own."""
    wanted = goal.here & PUBLIC if goal.is_public else goal.here
    return wanted - found.allowed


def _excess(goal: Goal, found: Exposure) -> AddressSet:
    return found.allowed - goal.here


def off_target(goals: dict[str, Goal], after: State) -> Iterator[Refusal]:
    """Goals that are missed, with what stands in the way; one for each policy and reason."""
    seen = set()
    for goal in goals.values():
        if is_met(goal, after):
            continue
        reason, instead = _missed(goal, after.exposures.get(goal.exposure.id))
        if (goal.because, instead) not in seen:
            seen.add((goal.because, instead))
            yield Refusal(goal.because, f"{goal.exposure.id}: {reason}", instead)


def _missed(goal: Goal, found: Exposure | None) -> tuple[str, str]:
    if found is None:
        return "this way in is gone after the changes", "name what takes its place"
    if found.indeterminate:
        kind = found.controller.kind if found.controller is not None else ""
        what = f"who gets in cannot be told{f' ({kind})' if kind else ''}"
        return what, "run aksess audit: it says what was not read or is not modelled"
    missing, excess = _missing(goal, found), _excess(goal, found)
    if missing:
        hops = list(dict.fromkeys(each.label or each.kind for each in found.narrowed))
        where = f"; what narrows this way in: {', '.join(hops[:_SHOWN])}" if hops else ""
        return f"{_some(missing)} kept out{where}", "open that first, or leave them out"
    return f"{_some(excess)} let in all the same", "run aksess who on it: it names the ways that no list covers"


def beyond_policies(before: State, after: State, goals: dict[str, Goal]) -> Iterator[Refusal]:
    """Applications that no policy names and that would not stay as they are."""
    label = next((each.because for each in goals.values()), "")
    instead = "write a policy for it too (aksess policy init prints today's)"
    for each in comparison.compare(before.exposures.values(), after.exposures.values()):
        exposure = each.before or each.after
        if each.exposure in goals or exposure is None or is_api_server(exposure):
            continue
        if each.gained or each.uncertain:
            reason = f"{each.exposure}, which no policy names, would let in {_some(each.gained | each.uncertain)}"
            yield Refusal(label, reason, instead, "opens-more-than-policy")
        if each.lost:
            reason = f"{each.exposure}, which no policy names, would lose {_some(each.lost)}"
            yield Refusal(label, reason, instead, "cuts-without-policy")


def egress_missing(state: State, label: str) -> Iterator[Refusal]:
    """What the cluster needs to send out and surely may not; plans do not write outbound rules."""
    for each in state.evaluator.requirements:
        if each.verdict == Verdict.DENIED:
            by = f" (stopped by {each.citation.label} {each.citation.rule})" if each.citation else ""
            needed = f"{each.need.destination} {each.need.protocol} {each.need.port}"
            yield Refusal(label, f"egress: {each.need.name} to {needed} is not let out{by}", "allow it by hand first")


def guards(before: State, after: State, caller: Address | None) -> Iterator[Refusal]:
    """What checks newly find, and the caller's own way to the API server."""
    if before is after:
        return
    known = {(each.check, each.citation.label) for each in _findings(before)}
    for finding in _findings(after):
        if (finding.check, finding.citation.label) not in known:
            yield Refusal("", finding.message, finding.fix, _GUARDS[finding.check])
    if caller is None:
        return
    for name, found in after.exposures.items():
        had = before.exposures.get(name)
        if is_api_server(found) and had and caller in had.allowed and caller not in found.allowed:
            yield Refusal("", f"{caller} would be locked out of {name}", "put it under always", "locks-out-caller")


def _findings(state: State) -> list[Finding]:
    audited = Audited(state.evaluator, list(state.exposures.values()), dt.date.today())
    checks = [check for slug in _GUARDS if (check := check_of(slug)) is not None]
    return [finding for check in checks for finding in check.run(check, audited)]


def _some(addresses: AddressSet) -> str:
    listed = addresses.to_cidrs(_SHOWN)
    more = addresses.cidr_count() - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more > 0 else "")
