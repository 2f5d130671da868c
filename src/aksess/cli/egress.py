"""``aksess egress``: what the cluster needs to send out, and whether it may."""

from __future__ import annotations

from aksess.cli import printing
from aksess.cli.options import Input, Output
from aksess.cli.progress import working
from aksess.cli.reading import read

__all__ = ["egress"]


def egress(
    given: Input = Input(),  # noqa: B008 (frozen)
    *,
    output: Output = "text",
) -> int:
    """What the cluster needs to send out, whether it may, and which allowances nothing needs."""
    from aksess import library

    estate = read(given)
    with working("answering"):
        found = library.egress(estate)
    if output == "json":
        from aksess.report import structured

        printing.plain(structured.encode(structured.egress(found.requirements, found.allowances)))
    elif output == "markdown":
        from aksess.report import markdown

        printing.plain(markdown.egress(found))
    elif output == "html":
        from aksess.report import html

        printing.plain(html.egress(found))
    else:
        from aksess.report import text

        printing.page(*text.egress(found))
    return 0
