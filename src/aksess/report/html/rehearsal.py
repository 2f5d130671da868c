"""The page of a rehearsal: the walk to each frontend with the packets that met each hop, then every connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aksess.lab.counters import Counted
from aksess.rehearsal.playing import Played, Rehearsal
from aksess.report import rehearsals
from aksess.report.html.rendering import render

__all__ = ["rehearsal"]

_HOPS = {
    "admin": "Security admin rules",
    "subnet": "Subnet NSG",
    "interface": "Interface NSG",
    "kube-proxy": "kube-proxy",
    "policy": "Network policy",
}
_TONES = {"reached": "allowed", "timeout": "denied", "refused": "denied", "forbidden": "denied"}
_FEW_RULES = 12


@dataclass(frozen=True)
class Hop:
    """One hop on one node: how many packets passed, how many it dropped, and by which rules."""

    name: str
    passed: int
    dropped: int
    rules: tuple[Counted, ...]
    more: int


@dataclass(frozen=True)
class Walk:
    """The way to one frontend.

    Attributes:
        frontend: Its address and port.
        exposures: What is published there.
        connections: How many were tried.
        balanced: How many packets the balancer took.
        nodes: The hops of each node that got any.
        seen: What clients saw, with a tone.
        differing: How many connections ended otherwise than foreseen.
    """

    frontend: str
    exposures: tuple[str, ...]
    connections: int
    balanced: int
    nodes: tuple[tuple[str, tuple[Hop, ...]], ...]
    seen: tuple[tuple[str, int, str], ...]
    differing: int


def rehearsal(found: Rehearsal) -> str:
    """The answer of ``aksess rehearse``: the walks with their counters, and what differs."""
    return render(
        "rehearsal.html.j2",
        found=found,
        headline=rehearsals.headline(found),
        walks=list(_walks(found)),
        differing=[(each, rehearsals.expected_text(each.trial.expected)) for each in found.differences],
        tally=found.tally,
        exposures=rehearsals.lines(found),
    )


def _walks(found: Rehearsal) -> Iterator[Walk]:
    by_frontend: dict[str, list[Played]] = {}
    for each in found.played:
        by_frontend.setdefault(each.trial.entry.label, []).append(each)
    for frontend, played in by_frontend.items():
        counted = found.hops.get(frontend, ())
        seen = Counter((each.shown.effect, each.shown.status) for each in played)
        yield Walk(
            frontend,
            tuple(dict.fromkeys(each.trial.exposure.rpartition("@")[0] for each in played)),
            len(played),
            sum(each.packets for each in counted if each.hop == "balancer"),
            tuple(_nodes(counted)),
            tuple(
                (
                    f"{effect} {status}" if status and effect != "reached" else effect,
                    number,
                    _TONES.get(effect, "plain"),
                )
                for (effect, status), number in seen.most_common()
            ),
            sum(each.result == "differs" for each in played),
        )


def _nodes(counted: Sequence[Counted]) -> Iterator[tuple[str, tuple[Hop, ...]]]:
    for node in dict.fromkeys(each.node for each in counted if each.node):
        hops = tuple(_hops([each for each in counted if each.node == node]))
        if hops:
            yield node, hops


def _hops(counted: Iterable[Counted]) -> Iterator[Hop]:
    listed = list(counted)
    for word, name in _HOPS.items():
        own = sorted((each for each in listed if each.hop == word), key=lambda each: -each.packets)
        if own:
            dropped = sum(each.packets for each in own if each.drops)
            passed = sum(each.packets for each in own if not each.drops)
            yield Hop(name, passed, dropped, tuple(own[:_FEW_RULES]), max(0, len(own) - _FEW_RULES))
