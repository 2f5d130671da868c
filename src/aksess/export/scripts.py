"""A plan as two shell scripts, one that carries it out and one that takes it back: what az and kubectl share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aksess.export.interface import Exported, Order
from aksess.export.wording import Step, commented, divided, header
from aksess.plan.changes import Change

__all__ = ["script", "scripts"]


def scripts(
    order: Order, ours: Callable[[Change], bool], where: str, needs: str, command: Callable[[Step], str]
) -> Iterator[Exported]:
    """``apply.sh`` and ``undo.sh``.

    Args:
        order: What is to be exported.
        ours: Whether a change is one that the scripts carry out.
        where: Where it is carried out: ``in Azure``.
        needs: What the scripts need, in a sentence.
        command: The command of a step, ending in a line break.

    Raises:
        ExportRefused: There is nothing to carry out.
    """
    steps, left = divided(order, ours, where)
    apply = script(f"Carries out what a plan of aksess changes {where}.", steps, left, needs, command)
    undo = script("Takes back what apply.sh did, last step first.", _undone(steps), _undone(left), needs, command)
    yield Exported("apply.sh", apply, executable=True)
    yield Exported("undo.sh", undo, executable=True)


def script(what: str, steps: Sequence[Step], left: Sequence[Step], needs: str, command: Callable[[Step], str]) -> str:
    """One script: what it does, what is not in it, then each command below the line that says which step it is."""
    top = f"#!/usr/bin/env bash\n{commented(header(what, left, needs), '#')}set -euo pipefail\n"
    return "\n".join([top, *(commented([each.text], "#") + command(each) for each in steps)])


def _undone(steps: Sequence[Step]) -> list[Step]:
    return [each.undo for each in reversed(steps)]
