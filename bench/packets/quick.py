"""The quick bench: random estates as packets in the lab's quick form, thousands of configurations a minute."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aksess.access.evaluator import Evaluator
from aksess.estate import Estate
from aksess.lab.remote import RemoteLab
from aksess.snapshot import read_files
from bench.packets.figures import Figures
from bench.packets.observed import Observed, answered
from bench.packets.questions import Question, WholeModel, questions
from bench.packets.themes import random_world

__all__ = ["NAME", "Packets", "asked", "observations", "observe"]

NAME = "quick lab"
SIZE = 48
"""Configurations in one estate."""
QUESTIONS = 220
"""Questions about each."""


@dataclass
class Packets(Observed):
    """Packets through the whole path of an estate.

    Attributes:
        real: Whether the real kube-proxy ran on the nodes.
    """

    real: bool = False

    def model(self) -> WholeModel:
        """The evaluator, on the files of the estate."""
        return WholeModel(Evaluator(Estate.of(read_files([self.folder]))))

    def afresh(self, questions: Sequence[Question]) -> Packets:
        """The same questions in a lab of their own."""
        with RemoteLab(real=self.real) as lab:
            return asked(lab, self.folder, questions)


def asked(lab: RemoteLab, folder: Path, questions: Sequence[Question]) -> Packets:
    """Build the estate of a folder, and ask some questions with patience."""
    lab.load(folder)
    seen = lab.probe([each.probe() for each in questions], at_once=100, seconds=1.2)
    return Packets(0, folder, answered(questions, seen))


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
