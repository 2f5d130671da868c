"""``aksess show``: a stored plan, as it was printed."""

from __future__ import annotations

from aksess.cli import plan_pages
from aksess.cli.options import Output

__all__ = ["show"]


def show(plan: str, *, output: Output = "text") -> int:
    """Print a stored plan; the estate is not read."""
    from aksess.plan import stored

    plan_pages.write(stored.load(plan).document, output)
    return 0
