"""A plan on stdout, in the form that was asked for; what `plan` and `show` share."""

from __future__ import annotations

from typing import Any

from aksess.cli import printing

__all__ = ["write"]


def write(plan: dict[str, Any], output: str) -> None:
    """Write the stored form of a plan."""
    from aksess.report import plans

    if output == "json":
        from aksess.report import structured

        printing.plain(structured.encode(plan))
    elif output == "markdown":
        printing.plain(plans.markdown(plan))
    elif output == "html":
        from aksess.report import html

        printing.plain(html.plan(plan))
    else:
        printing.page(*plans.text(plan))
