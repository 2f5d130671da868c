"""Results on stdout: plain text of any kind, or pages for the terminal with colour where it belongs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["page", "plain"]


def plain(text: str) -> None:
    """Write a text as it is."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.stdout.write(text)
    sys.stdout.flush()


def page(*parts: RenderableType) -> None:
    """Write a page: as wide as the terminal, at most 120 columns; coloured on a terminal unless NO_COLOR is set."""
    from rich.console import Console

    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=False)
    console = Console(highlight=False, emoji=False, markup=False, width=min(console.width, 120))
    for part in parts:
        console.print(part)
