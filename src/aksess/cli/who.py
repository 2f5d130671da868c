"""``aksess who``: the exact source set of one target."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from aksess.cli import printing
from aksess.cli.options import Input, Output, Strict
from aksess.cli.progress import working
from aksess.cli.reading import read

__all__ = ["who"]


def who(
    target: str,
    /,
    given: Input = Input(),  # noqa: B008 (frozen)
    *,
    output: Output = "text",
    entry: Annotated[
        str, Parameter(metavar="ADDRESS[:PORT]", help="Ask about one frontend only.", show_default=False)
    ] = "",
    strict: Strict = False,
) -> int:
    """Who exactly reaches a target, and what narrows that.

    Args:
        target: https://host/path, tcp://ADDRESS:PORT, udp://ADDRESS:PORT, tcp://NAMESPACE/SERVICE:PORT, or api-server.
    """
    from aksess import library

    estate = read(given)
    with working("answering"):
        found = library.who(estate, target, entry=entry, strict=strict)
        names = library.names(estate)
    if output == "json":
        from aksess.report import structured

        printing.plain(structured.encode(structured.reach(found, names)))
    elif output == "markdown":
        from aksess.report import markdown

        printing.plain(markdown.reach(found, names))
    elif output == "html":
        from aksess.report import html

        printing.plain(html.reach(found, names))
    else:
        from aksess.report import text

        printing.page(*text.reach(found, names))
    return 0
