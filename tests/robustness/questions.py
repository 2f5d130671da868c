"""Everything that can be asked of an estate, asked: the verdicts, or the one line of the error.

Any exception that is no `AksessError` goes through, and so does a case that takes too long: both are what the tests of
this folder look for.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

import aksess
from aksess import library
from aksess.access.outcomes import Standing
from aksess.addresses import read_address
from aksess.errors import AksessError
from aksess.estate import Estate
from aksess.report import structured, text
from aksess.rulings import Verdict
from robustness.small_estates import SmallEstate

__all__ = ["LIMIT", "TookTooLong", "agree", "asked", "everything_asked", "limited", "reached", "read"]

LIMIT = 20.0
"""Seconds that one damaged estate may take; small estates take some hundredths of one."""
TODAY = dt.date(2026, 7, 1)


class TookTooLong(Exception):
    """A case went over its limit."""


@contextmanager
def limited(seconds: float = LIMIT) -> Iterator[None]:
    """Stop with `TookTooLong` after so many seconds."""

    def stop(_signal: int, _frame: object) -> None:
        raise TookTooLong(f"no answer after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read(folder: Path) -> Estate | AksessError:
    """The estate of a folder, or the error, whose message is one line."""
    try:
        return aksess.read(folder)
    except AksessError as error:
        return _one_line(error)


def asked(estate: Estate, source: str, target: str, *, shown: bool = True) -> Verdict | AksessError:
    """The verdict on one source, shown as text and as JSON, or the error."""
    try:
        found = library.explain(estate, source, target)
    except AksessError as error:
        return _one_line(error)
    if not shown:
        return found.verdict
    findings = library.findings_about(estate, found, as_of=TODAY)
    json.loads(structured.encode(structured.explanation(found, (each.check for each in findings))))
    _shown(*text.explanation(found, findings, library.names(estate)))
    return found.verdict


def reached(estate: Estate, target: str) -> Standing | AksessError:
    """Who reaches a target, shown as text and as JSON, or the error."""
    try:
        found = library.who(estate, target)
    except AksessError as error:
        return _one_line(error)
    names = library.names(estate)
    json.loads(structured.encode(structured.reach(found, names)))
    _shown(*text.reach(found, names))
    return found.standing


def everything_asked(estate: Estate, whole: SmallEstate) -> dict[tuple[str, str], Verdict | AksessError]:
    """The verdicts on all questions of an estate, after an audit; shown as text and as JSON, of the verdicts the first.

    What is asked in two ways has to give one answer: a source is where `who` puts it.
    """
    for gap in estate.unread:
        assert len(gap.reason.splitlines()) == 1, gap
    audit = library.audit(estate, as_of=TODAY, caller="198.51.100.9")
    names = library.names(estate)
    json.loads(structured.encode(structured.audit(audit.exposures, audit.findings, audit.unread, names)))
    _shown(*text.audit(audit, names, everything=True))
    if estate.cluster is not None:
        _shown(*text.egress(library.egress(estate)))
    standings = {target: reached(estate, target) for target in whole.targets}
    verdicts = {
        each: asked(estate, *each, shown=not number) for number, each in enumerate((*whole.allowed, *whole.denied))
    }
    for (source, target), verdict in verdicts.items():
        assert agree(verdict, source, standings[target]), (source, target, verdict, standings[target])
    return verdicts


def agree(verdict: Verdict | AksessError, source: str, standing: Standing | AksessError) -> bool:
    """Whether what `explain` says of an address is what `who` says of it."""
    if isinstance(verdict, AksessError) or isinstance(standing, AksessError):
        return isinstance(verdict, AksessError) == isinstance(standing, AksessError)
    address = read_address(source)
    assert address is not None
    inside, unsure = address in standing.allowed, address in standing.indeterminate
    return {
        Verdict.ALLOWED: inside,
        Verdict.MIXED: inside,
        Verdict.INDETERMINATE: inside or unsure,
        Verdict.DENIED: not inside and not unsure,
    }[verdict]


def _shown(*parts: object) -> None:
    console = Console(file=io.StringIO(), width=120, highlight=False, emoji=False, markup=False)
    for part in parts:
        console.print(part)


def _one_line(error: AksessError) -> AksessError:
    message = str(error)
    assert message.strip(), "an error without a message"
    assert len(message.splitlines()) == 1, f"more than one line: {message!r}"
    return error
