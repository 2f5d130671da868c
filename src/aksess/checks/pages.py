"""The page of a check: ``docs/checks/SLUG.md``, which an installed package carries with it."""

from __future__ import annotations

from pathlib import Path

from aksess.errors import InputError

__all__ = ["read"]

_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "pages", _HERE.parents[2] / "docs" / "checks")
"""Where pages lie in an installed package, and in a working copy."""


def read(slug: str) -> str:
    """The page of a check, as markdown.

    Raises:
        InputError: The installation does not hold it.
    """
    for folder in _FOLDERS:
        path = folder / f"{slug}.md"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise InputError(f"the page of {slug} is not in this installation", hint="it stands in docs/checks of the source")
