"""The bench of the real kube-proxy: Services of the API server, judged by packets, in both of its modes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

from aksess.lab.kube_proxy import Mode
from aksess.lab.remote import RemoteLab
from bench.packets import themes
from bench.packets.figures import Figures
from bench.packets.observed import answered
from bench.packets.questions import questions
from bench.packets.quick import Packets
from bench.packets.world import World

__all__ = ["NAME", "observations", "observe"]

NAME = "real kube-proxy"
SIZE = 60
QUESTIONS = 60
_THEMES = (themes.source_ranges, themes.placement, themes.placement, themes.datagrams, themes.rules_to_nodes)
_IN_ONE_MODE = 3
"""Estates before the mode changes, for which every kube-proxy starts anew."""


def observe(lab: RemoteLab, seed: int, mode: Mode, folder: Path, figures: Figures) -> Packets:
    """One random estate of Services, and what packets answered."""
    rng = random.Random(seed)
    world = World(rng, mode=mode)
    asked = [themes.drawn(world, rng.choice(_THEMES), number) for number in range(SIZE)]
    themes.open_tails(world)
    world.write(folder)
    listed = list(questions(world, asked, rng, QUESTIONS))
    rng.shuffle(listed)
    lab.load(folder)
    began = time.monotonic()
    # an IPv6 refusal shows only when the connection is tried again, after a second
    seen = lab.probe([each.probe() for each in listed], at_once=4000, seconds=1.3)
    figures.probing += time.monotonic() - began
    figures.configurations += SIZE
    return Packets(seed, folder, answered(listed, seen), real=True)


def observations(lab: RemoteLab, seed: int, folder: Path, figures: Figures) -> Iterator[Packets]:
    """Random estates, some in one mode, then some in the other, for ever."""
    for number in range(1_000_000):
        mode: Mode = "iptables" if number // _IN_ONE_MODE % 2 else "nftables"
        yield observe(lab, seed + number, mode, folder / str(number), figures)
