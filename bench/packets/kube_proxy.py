"""The bench of the real kube-proxy: Services of the API server, judged by packets, in both of its modes."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from aksess.lab.kube_proxy import Mode
from aksess.lab.remote import RemoteLab
from bench.packets import themes
from bench.packets.comparing import shown
from bench.packets.questions import questions, sources_of
from bench.packets.quick import Figures, Observed, judge
from bench.packets.world import World

__all__ = ["observe", "run"]

SIZE = 60
QUESTIONS = 60
_THEMES = (themes.source_ranges, themes.placement, themes.placement, themes.datagrams, themes.rules_to_nodes)


def observe(lab: RemoteLab, seed: int, mode: Mode, folder: Path, figures: Figures) -> Observed:
    """One random estate of Services, and what packets answered."""
    rng = random.Random(seed)
    world = World(rng, mode=mode)
    asked = [rng.choice(_THEMES)(world, number) for number in range(SIZE)]
    themes.open_tails(world)
    world.write(folder)
    listed = list(questions(asked, sources_of(world, rng, 300), rng, QUESTIONS))
    rng.shuffle(listed)
    lab.load(folder)
    began = time.monotonic()
    # an IPv6 refusal shows only when the connection is tried again, after a second
    seen = lab.probe([each.probe() for each in listed], at_once=4000, seconds=1.3)
    figures.probing += time.monotonic() - began
    figures.configurations += SIZE
    answers = [(question, shown(found)) for question, found in zip(listed, seen, strict=True)]
    return Observed(seed, folder, asked, [each for each in answers if each[1].effect != "unsendable"])


def run(seconds: float, seed: int) -> Figures:
    """Half of the time in each mode."""
    figures = Figures("real kube-proxy")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, RemoteLab(real=True) as lab:
        number = 0
        for part, mode in enumerate(("nftables", "iptables"), 1):
            while time.monotonic() - began < seconds * part / 2:
                number += 1
                observed = observe(lab, seed + number, mode, Path(name) / str(number), figures)  # type: ignore[arg-type]
                figures.mismatches += [(seed + number, each) for each in judge(observed, figures, lab)]
    figures.seconds = time.monotonic() - began
    return figures
