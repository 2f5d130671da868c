"""``aksess checks``: the list of checks, or the page of one."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from aksess.cli import printing

__all__ = ["checks"]


def checks(
    slug: Annotated[str, Parameter(show_default=False)] = "",
    /,
    *,
    output: Annotated[
        Literal["text", "json", "markdown"], Parameter(name=["--output", "-o"], help="Form of the result.")
    ] = "text",
) -> int:
    """What audit looks for: the list, or the page of one check.

    Args:
        slug: The check whose page is shown; all are listed without it.
    """
    from aksess.checks import pages, registry
    from aksess.errors import UsageError

    if not slug:
        return _list(output)
    if registry.check_of(slug) is None:
        from difflib import get_close_matches

        near = get_close_matches(slug, [each.slug for each in registry.CHECKS], 1)
        raise UsageError(f"no check {slug}", hint=f"did you mean {near[0]}?" if near else "`aksess checks` lists them")
    page = pages.read(slug)
    if output == "json":
        from aksess.report import structured

        printing.plain(structured.encode({"schemaVersion": structured.SCHEMA_VERSION, "check": slug, "page": page}))
    elif output == "markdown":
        printing.plain(page)
    else:
        from rich.markdown import Markdown

        printing.page(Markdown(page, code_theme="ansi_light", hyperlinks=False))
    return 0


def _list(output: str) -> int:
    from aksess.checks import registry

    if output == "json":
        from aksess.report import structured

        listed = [
            {"check": each.slug, "severity": each.severity.value, "title": each.title} for each in registry.CHECKS
        ]
        printing.plain(structured.encode({"schemaVersion": structured.SCHEMA_VERSION, "checks": listed}))
    elif output == "markdown":
        from aksess.report import markdown

        printing.plain(markdown.checks(registry.CHECKS))
    else:
        from aksess.report import text

        printing.page(*text.checks(registry.CHECKS))
    return 0
