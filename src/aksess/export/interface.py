"""The seam of exports: what every format is given, and what it hands back.

A format turns the changes of a plan into files that carry them out, in the order of the plan. It computes nothing about
access: what it writes is read back and evaluated by its tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aksess.plan.changes import Change
from aksess.snapshot import Snapshot

__all__ = ["Exported", "Format", "Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """What a format is given.

    Attributes:
        changes: The changes, in the order in which they are made.
        snapshot: The estate before them, raw.
        files: The files that it was read from, as they were named.
        roots: What was given with ``-f``: exported copies of files keep their place below it.
    """

    changes: Sequence[Change]
    snapshot: Snapshot
    files: Sequence[Path]
    roots: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Exported:
    """One file that carries out a plan.

    Attributes:
        path: Where it goes, below the folder of the export.
        text: What it holds.
        executable: Whether it is a script.
    """

    path: str
    text: str
    executable: bool = False


class Format(Protocol):
    """One way to write down a plan."""

    def __call__(self, order: Order) -> Iterator[Exported]:
        """The files.

        Raises:
            ExportRefused: The format cannot say one of the changes; the message names it and the nearest way.
        """
        ...
