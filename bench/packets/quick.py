"""The quick bench: random estates as packets in the lab's quick form, thousands of configurations a minute."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aksess.access.evaluator import Evaluator
from aksess.estate import Estate
from aksess.lab.remote import RemoteLab
from aksess.snapshot import read_files
from bench.packets.comparing import Mismatch, Shown, agrees, shown
from bench.packets.questions import Model, Question, questions, sources_of
from bench.packets.themes import Asked, random_world

__all__ = ["Figures", "Observed", "observe", "run"]

SIZE = 48
"""Configurations in one estate."""
QUESTIONS = 220
"""Questions about each."""


@dataclass
class Figures:
    """What a bench did."""

    name: str
    probes: int = 0
    configurations: int = 0
    undecided: int = 0
    seconds: float = 0.0
    probing: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    mismatches: list[tuple[int, Mismatch]] = field(default_factory=list)

    def __str__(self) -> str:
        rate = self.probes / self.seconds if self.seconds else 0
        sent = self.probes / self.probing if self.probing else 0
        minute = self.configurations / self.seconds * 60 if self.seconds else 0
        return (
            f"{self.name}: {self.probes:,} probes, {len(self.mismatches)} mismatches, {sent:,.0f} probes/s "
            f"({rate:,.0f}/s over the whole run), {self.configurations:,} configurations ({minute:,.0f}/min), "
            f"{self.undecided:,} not decided by the model"
        )


@dataclass
class Observed:
    """An estate with what packets answered: enough to judge any model again, without packets."""

    seed: int
    folder: Path
    asked: list[Asked]
    answers: list[tuple[Question, Shown]]

    def model(self) -> Model:
        """The model of this estate as it is now."""
        return Model(Evaluator(Estate.of(read_files([self.folder]))))


def observe(lab: RemoteLab, seed: int, folder: Path, figures: Figures) -> Observed:
    """Build one random estate, ask packets, and keep the answers."""
    world, asked = random_world(seed, SIZE)
    world.write(folder)
    rng = random.Random(seed + 1)
    listed = list(questions(asked, sources_of(world, rng, 400), rng, QUESTIONS))
    rng.shuffle(listed)
    lab.load(folder)
    began = time.monotonic()
    seen = lab.probe([each.probe() for each in listed])
    figures.probing += time.monotonic() - began
    answers = [(question, shown(found)) for question, found in zip(listed, seen, strict=True)]
    return Observed(seed, folder, asked, [each for each in answers if each[1].effect != "unsendable"])


def judge(observed: Observed, figures: Figures, lab: RemoteLab | None = None) -> Iterator[Mismatch]:
    """Questions whose answer the model had not foreseen; with a lab, only those that packets answer so again."""
    model = observed.model()
    wrong: list[tuple[Question, Shown]] = []
    for question, found in observed.answers:
        expected = model.expected(question)
        figures.outcomes[found.effect] += 1
        if not expected:
            figures.undecided += 1
        elif not agrees(expected, found):
            wrong.append((question, found))
    figures.probes += len(observed.answers)
    if wrong and lab is not None:
        again = lab.probe([question.probe() for question, _ in wrong], at_once=200, seconds=1.2)
        wrong = [
            (question, shown(seen))
            for (question, _), seen in zip(wrong, again, strict=True)
            if not agrees(model.expected(question), shown(seen))
        ]
    for question, found in wrong:
        yield Mismatch(question, tuple(model.expected(question)), found)


def run(seconds: float, seed: int) -> Figures:
    """Random estates until the time is over."""
    figures = Figures("quick lab")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, RemoteLab() as lab:
        for number in range(1_000_000):
            if time.monotonic() - began > seconds:
                break
            observed = observe(lab, seed + number, Path(name) / str(number), figures)
            figures.configurations += SIZE
            figures.mismatches += [(seed + number, each) for each in judge(observed, figures, lab)]
    figures.seconds = time.monotonic() - began
    return figures
