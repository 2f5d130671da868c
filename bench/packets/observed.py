"""What packets answered about one estate: enough to judge any model again, without packets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aksess.lab.prober import Seen
from aksess.rehearsal.outcomes import Expected, Shown, agrees, shown
from bench.packets.comparing import Mismatch
from bench.packets.figures import Figures
from bench.packets.questions import Question

__all__ = ["Model", "Observed", "answered", "judge"]


class Model(Protocol):
    """Something that says what packets will show."""

    def expected(self, question: Question) -> list[Expected]:
        """Every outcome that may happen; empty where the model cannot know."""
        ...


@dataclass
class Observed(ABC):
    """Questions about an estate, with what packets answered.

    Attributes:
        seed: What the estate was drawn from.
        folder: Its files.
        answers: The questions, each with its answer.
    """

    seed: int
    folder: Path
    answers: list[tuple[Question, Shown]]

    @abstractmethod
    def model(self) -> Model:
        """The model of this estate, as the evaluator is now."""

    @abstractmethod
    def afresh(self, questions: Sequence[Question]) -> Observed:
        """Some questions asked again, with more patience, of the same estate in a lab that has seen nothing else."""

    def contradictions(self, figures: Figures | None = None) -> Iterator[Mismatch]:
        """The answers that the model had not foreseen."""
        model = self.model()
        for question, found in self.answers:
            expected = model.expected(question)
            if figures is not None:
                figures.outcomes[found.effect] += 1
                figures.undecided += not expected
            if expected and not agrees(expected, found):
                yield Mismatch(question, tuple(expected), found)

    def first_contradiction(self) -> Mismatch | None:
        """One answer that the model had not foreseen."""
        return next(self.contradictions(), None)

    def forget(self, wrong: Sequence[Mismatch]) -> None:
        """Leave answers out: packets that were lost once, and agreed when they were sent again."""
        left_out = {each.question for each in wrong}
        self.answers = [each for each in self.answers if each[0] not in left_out]


def answered(questions: Sequence[Question], seen: Sequence[Seen]) -> list[tuple[Question, Shown]]:
    """Questions with what became of their probes; what no socket can send is left out."""
    found = [(question, shown(each)) for question, each in zip(questions, seen, strict=True)]
    return [each for each in found if each[1].effect != "unsendable"]


def judge(observed: Observed, figures: Figures) -> list[Mismatch]:
    """The answers that the model had not foreseen and that packets give again; others are forgotten.

    A health check that was lost, say, changes the answers about a whole Service; real programs, seldom, keep something
    of an object that was replaced under its name. So the estate is built again first, where nothing was before it.
    """
    figures.probes += len(observed.answers)
    wrong = list(observed.contradictions(figures))
    if not wrong:
        return []
    left = list(observed.afresh([each.question for each in wrong]).contradictions())
    lasting = {each.question for each in left}
    observed.forget([each for each in wrong if each.question not in lasting])
    return left
