"""An answer of packets that the model had not foreseen."""

from __future__ import annotations

from dataclasses import dataclass

from aksess.rehearsal.outcomes import Expected, Shown
from bench.packets.questions import Question

__all__ = ["Mismatch"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A question whose answer the model had not foreseen."""

    question: Question
    expected: tuple[Expected, ...]
    shown: Shown

    def __str__(self) -> str:
        foreseen = " or ".join(f"{each} as {each.seen!r}" for each in self.expected)
        return f"[{self.question.theme}] {self.question}: packets {self.shown}, model {foreseen}"
