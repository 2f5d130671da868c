"""The quick bench: random estates as packets in the lab's quick form, thousands of configurations a minute."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from aksess.access.evaluator import Evaluator
from aksess.estate import Estate
from aksess.lab.prober import Seen
from aksess.lab.remote import RemoteLab
from aksess.snapshot import read_files
from bench.packets.figures import Figures
from bench.packets.observed import Observed, answered
from bench.packets.questions import Question, WholeModel, questions
from bench.packets.themes import random_world

__all__ = ["NAME", "Packets", "observations", "observe"]

NAME = "quick lab"
SIZE = 48
"""Configurations in one estate."""
QUESTIONS = 220
"""Questions about each."""


class Packets(Observed):
    """Packets through the whole path of an estate."""

    def model(self) -> WholeModel:
        """The evaluator, on the files of the estate."""
        return WholeModel(Evaluator(Estate.of(read_files([self.folder]))))

    def ask_again(self, lab: RemoteLab, questions: Sequence[Question]) -> list[Seen]:
        """The same of an estate that is built again."""
        lab.load(self.folder)
        return super().ask_again(lab, questions)


def observe(lab: RemoteLab, seed: int, folder: Path, figures: Figures) -> Packets:
    """Build one random estate, ask packets, and keep the answers."""
    world, asked = random_world(seed, SIZE)
    world.write(folder)
    rng = random.Random(seed + 1)
    listed = list(questions(world, asked, rng, QUESTIONS))
    rng.shuffle(listed)
    lab.load(folder)
    began = time.monotonic()
    seen = lab.probe([each.probe() for each in listed])
    figures.probing += time.monotonic() - began
    figures.configurations += SIZE
    return Packets(seed, folder, answered(listed, seen))


def observations(lab: RemoteLab, seed: int, folder: Path, figures: Figures) -> Iterator[Packets]:
    """Random estates, one after the other, for ever."""
    for number in range(1_000_000):
        yield observe(lab, seed + number, folder / str(number), figures)
