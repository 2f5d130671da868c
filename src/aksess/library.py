"""The questions that aksess answers, as functions: what the command line calls, and what programs may call.

    >>> import aksess
    >>> estate = aksess.read("cluster/")
    >>> aksess.explain(estate, "203.0.113.7", "https://shop.example.com/admin").verdict

Each takes estates as `read` gives them. A few are kept warm: a second question about one costs only its own answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from aksess.access import comparison, questions
from aksess.access.comparison import Difference
from aksess.access.evaluator import Evaluator
from aksess.access.exposures import Exposure, exposures
from aksess.access.names import Names, names_of
from aksess.access.questions import Explanation, Reach, Sent
from aksess.access.sources import parse_source
from aksess.access.targets import parse_entry, parse_target
from aksess.addresses import Address, AddressSet, read_address
from aksess.checks import registry
from aksess.checks.interface import Audited, Finding
from aksess.errors import InputError, UsageError
from aksess.estate import Estate
from aksess.layers.egress import Allowance, Requirement
from aksess.snapshot import Unread, read_files

if TYPE_CHECKING:
    from aksess.plan.plans import Plan, Refusal
    from aksess.plan.today import Today
    from aksess.rehearsal.playing import Rehearsal

__all__ = [
    "Audit",
    "Egress",
    "Sent",
    "audit",
    "check_policies",
    "diff",
    "egress",
    "explain",
    "findings_about",
    "names",
    "plan",
    "read",
    "rehearse",
    "todays_policies",
    "who",
]


@dataclass(frozen=True)
class Egress:
    """What a cluster needs to send out, and what its rules let out that nothing needs."""

    requirements: tuple[Requirement, ...]
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True)
class Audit:
    """Everything that was found out about an estate.

    Attributes:
        exposures: Every way in, with who gets in.
        findings: What the checks found, the most severe first.
        unread: What was not understood.
        left_out: How many files of folders were left out because of their ending.
    """

    exposures: tuple[Exposure, ...]
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    left_out: int = 0


def read(*paths: str | Path, exclude: Sequence[str] = ()) -> Estate:
    """Read files, folders, globs or ``-`` (standard input).

    Args:
        paths: What to read.
        exclude: Globs of files to leave out on purpose.

    Raises:
        InputError: A path does not exist, or nothing in the input was understood.
    """
    return Estate.of(read_files(paths, exclude))


def audit(estate: Estate, *, strict: bool = False, as_of: dt.date | None = None, caller: str = "") -> Audit:
    """Every exposure with who gets in, and what the checks find.

    Args:
        estate: The estate.
        strict: Count what rests on an assumption as indeterminate.
        as_of: The day on which end-of-support dates are judged; today by default.
        caller: The address that commands are run from, for the check of the API server's ranges.

    Raises:
        UsageError: ``caller`` is no address.
    """
    evaluator = _evaluator(estate, strict)
    found = list(exposures(evaluator))
    audited = Audited(evaluator, found, as_of or dt.date.today(), _caller(caller))
    return Audit(tuple(found), tuple(registry.findings(audited)), tuple(estate.unread), estate.left_out)


def explain(
    estate: Estate, source: str, target: str, *, sent: Sent | None = None, entry: str = "", strict: bool = False
) -> Explanation:
    """What happens to a source at a target, and through which rules.

    Args:
        estate: The estate.
        source: An address, CIDR or service tag.
        target: ``https://host/path``, ``tcp://ADDRESS:PORT``, ``tcp://NAMESPACE/SERVICE:PORT``, ``api-server``.
        sent: Exactly what the client sends; None leaves it every choice it has.
        entry: Ask about one frontend only: ``ADDRESS[:PORT]``.
        strict: Count what rests on an assumption as indeterminate.

    Raises:
        SourceError: The source is none.
        TargetError: The target is malformed, or nothing in the estate answers to it.
    """
    return questions.explain(
        _evaluator(estate, strict),
        parse_source(source, estate),
        parse_target(target),
        sent=sent,
        entry=parse_entry(entry) if entry else None,
    )


def who(estate: Estate, target: str, *, entry: str = "", strict: bool = False) -> Reach:
    """The exact set of sources that reach a target.

    Raises:
        TargetError: The target is malformed, or nothing in the estate answers to it.
    """
    return questions.who(_evaluator(estate, strict), parse_target(target), entry=parse_entry(entry) if entry else None)


def diff(before: Estate, after: Estate, *, strict: bool = False) -> tuple[Difference, ...]:
    """Per exposure, the exact sources that gain and lose access from one estate to the other."""
    one, other = exposures(_evaluator(before, strict)), exposures(_evaluator(after, strict))
    return tuple(comparison.compare(one, other))


def findings_about(estate: Estate, found: Explanation, *, as_of: dt.date | None = None) -> tuple[Finding, ...]:
    """What the checks find about the exposures that an explanation is about; others are not worked out."""
    evaluator = _evaluator(estate, False)
    listed = list(exposures(evaluator, found.target))
    entries = {outcome.entry for outcome in found.outcomes if outcome.entry}
    touched = {each.id for each in listed if not entries or each.id.rpartition("@")[2] in entries}
    audited = Audited(evaluator, listed, as_of or dt.date.today())
    return tuple(each for each in registry.findings(audited) if touched & set(each.exposures))


def egress(estate: Estate) -> Egress:
    """What the cluster needs to send out, each with its verdict, and the allowances that nothing needs.

    Raises:
        InputError: The input holds no managed cluster.
    """
    if estate.cluster is None:
        raise InputError("no managed cluster in the input", hint="give the reply of `az aks show -o json` too")
    evaluator = _evaluator(estate, False)
    return Egress(tuple(evaluator.requirements), tuple(evaluator.allowances))


def rehearse(
    estate: Estate,
    files: Sequence[str | Path],
    *,
    exclude: Sequence[str] = (),
    sources: Sequence[str] = (),
    real: bool = False,
) -> Rehearsal:
    """Play an estate as real packets on this machine, beside what the evaluator says of each.

    Args:
        estate: The estate.
        files: The files and folders that it was read from.
        exclude: Globs of files that were left out.
        sources: Addresses, CIDRs or service tags to try the edges of; derived from the answers where there are none.
        real: Whether the real kube-proxy and the real ingress-nginx controller play.

    Raises:
        LabFailed: This machine lacks something that the lab needs; the message names it.
        SourceError: A source is none.
    """
    from aksess.rehearsal import playing  # noqa: PLC0415 (only this question needs the lab)

    chosen = AddressSet.union_of(parse_source(each, estate).addresses for each in sources) if sources else None
    evaluator = _evaluator(estate, False)
    return playing.rehearse(evaluator, files, exclude=exclude, chosen=chosen, real=real)


def todays_policies(*paths: str | Path, exclude: Sequence[str] = ()) -> tuple[Today, ...]:
    """Policies that describe today's access exactly; planning them changes nothing.

    Raises:
        InputError: A path does not exist, or nothing in the input was understood.
    """
    from aksess.plan.today import todays_policies as describe  # noqa: PLC0415 (plans load what other questions need not)
    from aksess.plan.trials import Trials  # noqa: PLC0415

    return tuple(describe(Trials.of(read_files(paths, exclude)).before))


def check_policies(
    policies: Sequence[str | Path], paths: Sequence[str | Path] = (), *, exclude: Sequence[str] = ()
) -> tuple[Refusal, ...]:
    """Validate policies; with an estate, also where it is not what they say, and who differs.

    Raises:
        PolicyError: A policy is wrong; the message names file, line and field.
        InputError: A path does not exist, or nothing in the input was understood.
    """
    from aksess.plan import objections  # noqa: PLC0415
    from aksess.plan.goals import goals_of  # noqa: PLC0415
    from aksess.plan.trials import Trials  # noqa: PLC0415
    from aksess.policy import check_references, read_policies, resolve  # noqa: PLC0415

    read_them = read_policies(policies)
    check_references(read_them, dt.date.today())
    if not paths:
        return ()
    state = Trials.of(read_files(paths, exclude)).before
    resolved = resolve(read_them, state.estate.tags, dt.date.today())
    found = list(objections.off_target(goals_of(list(state.exposures.values()), resolved), state))
    if resolved.sends:
        found += objections.egress_missing(state, resolved.cluster_label)
    return tuple(found)


def plan(
    paths: Sequence[str | Path],
    policies: Sequence[str | Path],
    *,
    exclude: Sequence[str] = (),
    caller: str = "",
    allow: Sequence[str] = (),
) -> Plan:
    """The smallest ordered list of changes that makes an estate what policies say, proved by evaluating its result.

    Args:
        paths: The estate: files and folders.
        policies: Files and folders of policies.
        exclude: Globs of files to leave out.
        caller: The address that commands are run from; it keeps its way to the API server.
        allow: Slugs of guards that are overridden.

    Raises:
        PolicyError: A policy is wrong; the message names file, line and field.
        InputError: A path does not exist, or nothing in the input was understood.
        UsageError: ``caller`` is no address.
    """
    from aksess.plan.making import make  # noqa: PLC0415
    from aksess.policy import read_policies, resolve  # noqa: PLC0415

    snapshot = read_files(paths, exclude)
    resolved = resolve(read_policies(policies), snapshot.tags, dt.date.today())
    return make(snapshot, resolved, caller=_caller(caller), allowed=allow)


def _caller(text: str) -> Address | None:
    address = read_address(text) if text else None
    if text and address is None:
        raise UsageError(f"{text!r} is no address", hint="--caller takes the address you come from")
    return address


def names(estate: Estate) -> Names:
    """The names that sets of addresses have in an estate."""
    return names_of(_evaluator(estate, False))


@lru_cache(maxsize=4)
def _evaluator(estate: Estate, strict: bool) -> Evaluator:
    return Evaluator(estate, strict)
