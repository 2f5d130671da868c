"""A lab without packets, in place of the real one: it answers probes as it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from aksess.lab.counters import Counted
from aksess.lab.ingress_config import Unplayed
from aksess.lab.prober import Probe, Seen
from aksess.lab.remote import Loaded
from aksess.rehearsal import playing

__all__ = ["REACHED", "TIMEOUT", "FakeLabs", "reached_as"]

REACHED = Seen("answered", b"HTTP/1.1 200 OK\r\nX-Reached: shop/web:80\r\n\r\n")
TIMEOUT = Seen("timeout")

Answers = Callable[[Probe, int], Seen]


def reached_as(address: str) -> Seen:
    """An answer of an application that saw an address."""
    return Seen("answered", f"HTTP/1.1 200 OK\r\nX-Reached: a\r\nX-Judged: {address}\r\n\r\n".encode())


@dataclass
class FakeLabs:
    """Every lab that was started: what it was asked, and what all of them answer.

    Attributes:
        answers: What becomes of a probe, by how often its lab was loaded.
        unplayed: What the quick form says that it does not play.
        counts: The counters of each reading, the last one for all further ones.
        done: What was asked of labs, in order.
        asked: The probes of the labs, in order.
    """

    answers: Answers
    unplayed: tuple[Unplayed, ...] = ()
    counts: list[list[Counted]] = field(default_factory=lambda: [[]])
    done: list[str] = field(default_factory=list)
    asked: list[list[Probe]] = field(default_factory=list)
    stood_in_for: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def instead(cls, monkeypatch: pytest.MonkeyPatch, answers: Answers, **more: Any) -> FakeLabs:
        """Put it in place of the real one."""
        made = cls(answers, **more)
        monkeypatch.setattr(playing, "RemoteLab", made)
        return made

    def __call__(self, *, real: bool = False) -> _Lab:
        self.done.append("real" if real else "started")
        return _Lab(self)


@dataclass
class _Lab:
    labs: FakeLabs
    loads: int = 0

    def __enter__(self) -> _Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.labs.done.append("ended")

    def load(self, *estate: object, exclude: Sequence[str] = ()) -> Loaded:
        self.loads += 1
        self.labs.done.append("load")
        return Loaded(("made up",), self.labs.unplayed)

    def serve_estate(self, *estate: object, controller: tuple[str, str], exclude: Sequence[str] = ()) -> None:
        self.labs.stood_in_for.append(controller)
        self.loads = -1

    def counted(self) -> list[Counted]:
        counts = self.labs.counts
        return counts.pop(0) if len(counts) > 1 else counts[0]

    def probe(self, probes: Sequence[Probe], *, at_once: int = 0, seconds: float = 0) -> list[Seen]:
        self.labs.asked.append(list(probes))
        return [self.labs.answers(each, self.loads) for each in probes]
