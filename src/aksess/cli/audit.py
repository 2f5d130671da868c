"""``aksess audit``: every exposure of an estate, and what the checks find."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from aksess.cli import printing
from aksess.cli.options import AsOf, Input, Strict
from aksess.cli.progress import working
from aksess.cli.reading import read

__all__ = ["audit"]


def audit(
    given: Input = Input(),  # noqa: B008 (frozen)
    *,
    output: Annotated[
        Literal["text", "json", "sarif", "markdown", "html"],
        Parameter(name=["--output", "-o"], help="Form of the result."),
    ] = "text",
    fail_on: Annotated[
        Literal["error", "warning", "note", "never"],
        Parameter(help="Exit with 2 where a finding is at least this severe."),
    ] = "error",
    caller: Annotated[
        str,
        Parameter(metavar="ADDRESS", help="Your own address: does the API server keep you in?", show_default=False),
    ] = "",
    strict: Strict = False,
    as_of: AsOf = None,
    everything: Annotated[
        bool, Parameter(name="--all", help="Show every exposure in text output, however many.", negative=())
    ] = False,
) -> int:
    """Every way into every application, who gets in, and what is wrong."""
    from aksess import library

    estate = read(given)
    with working("auditing"):
        found = library.audit(estate, strict=strict, as_of=as_of, caller=caller)
        names = library.names(estate)
    with working("writing"):
        if output == "json":
            from aksess.report import structured

            printing.plain(structured.encode(structured.audit(found.exposures, found.findings, found.unread, names)))
        elif output == "sarif":
            from aksess.report import sarif

            printing.plain(sarif.audit(found.findings))
        elif output == "markdown":
            from aksess.report import markdown

            printing.plain(markdown.audit(found, names))
        elif output == "html":
            from aksess.report import html

            printing.plain(html.audit(found, names))
        else:
            from aksess.report import text

            printing.page(*text.audit(found, names, everything=everything))
    return 2 if any(_counts(each.severity, fail_on) for each in found.findings) else 0


def _counts(severity: str, threshold: str) -> bool:
    order = ("error", "warning", "note")
    return threshold != "never" and order.index(severity) <= order.index(threshold)
