"""``aksess diff``: who gains and who loses access from one estate to another."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from aksess.cli import printing
from aksess.cli.options import Input, Output, Strict
from aksess.cli.progress import working
from aksess.cli.reading import read

__all__ = ["diff"]


def diff(
    given: Input = Input(),  # noqa: B008 (frozen)
    *,
    to: Annotated[
        tuple[str, ...],
        Parameter(
            metavar="PATH", help="The estate to compare with: files or folders, like -f. Repeatable.", negative=()
        ),
    ] = (),
    output: Output = "text",
    detailed_exitcode: Annotated[bool, Parameter(help="Exit with 2 where anything differs.", negative=())] = False,
    strict: Strict = False,
) -> int:
    """Who gains and who loses access from one estate (-f) to another (--to)."""
    from aksess import library
    from aksess.errors import InputError

    if not to:
        raise InputError("nothing to compare with", hint="name the other estate with --to")
    before = read(given)
    after = read(Input(to, given.exclude))
    with working("comparing"):
        found = library.diff(before, after, strict=strict)
        names = library.names(after)
    if output == "json":
        from aksess.report import structured

        printing.plain(structured.encode(structured.comparison(found)))
    elif output == "markdown":
        from aksess.report import markdown

        printing.plain(markdown.comparison(found, names))
    elif output == "html":
        from aksess.report import html

        printing.plain(html.comparison(found, names))
    else:
        from aksess.report import text

        printing.page(*text.comparison(found, names))
    return 2 if detailed_exitcode and found else 0
