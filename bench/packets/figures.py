"""What a bench did, in one line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bench.packets.comparing import Mismatch

__all__ = ["Figures"]


@dataclass
class Figures:
    """What a bench did.

    Attributes:
        name: Its name.
        probes: Questions asked.
        configurations: Configurations they were about.
        undecided: Questions that the model cannot answer.
        seconds: How long it took.
        probing: How long of that questions were on their way.
        outcomes: What clients saw.
        mismatches: Answers that the model had not foreseen, each with the seed of its estate.
    """

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
