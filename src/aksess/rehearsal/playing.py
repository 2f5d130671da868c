"""Playing an estate: the lab builds it, trials become connections, what came of them stands beside what was foreseen.

In the quick form everything is the lab's own. In the real form packets go through the real kube-proxy up to the pods
of the controller, which say which address they see; then the real controller, given the estate's own objects, is asked
from that address. An answer that differs is built and asked again before it counts: one lost packet is no difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aksess.access.evaluator import Evaluator
from aksess.access.exposures import exposures
from aksess.addresses import AddressSet
from aksess.controllers.interface import Controller
from aksess.lab import counters
from aksess.lab.counters import Counted
from aksess.lab.ingress_config import Unplayed
from aksess.lab.remote import RemoteLab
from aksess.rehearsal.outcomes import Shown, agrees, shown
from aksess.rehearsal.trials import LeftOut, Trial, from_somewhere, probe_of, trials_of

__all__ = ["Played", "Rehearsal", "rehearse"]

Result = Literal["agrees", "differs", "undecided"]
_PATIENCE = 1.2
_CONTROLLER = {4: "20.50.60.70", 6: "::1"}
"""The address at which the real controller is asked, by family: any of IPv4 is its own there."""


@dataclass(frozen=True, slots=True)
class Played:
    """A trial with what packets showed."""

    trial: Trial
    shown: Shown

    @property
    def result(self) -> Result:
        """Whether packets agree with the evaluator; undecided where that cannot know."""
        if not self.trial.expected:
            return "undecided"
        return "agrees" if agrees(self.trial.expected, self.shown) else "differs"


@dataclass(frozen=True)
class Rehearsal:
    """What was played.

    Attributes:
        real: Whether the real parts played.
        played: The trials with what packets showed.
        left_out: What is not rehearsed, and why.
        notes: What the lab made up to play the estate.
        hops: How many packets met which rule, by the frontend that they were for.
    """

    real: bool
    played: tuple[Played, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    hops: dict[str, tuple[Counted, ...]]

    @property
    def differences(self) -> list[Played]:
        """Trials that ended otherwise than the evaluator says."""
        return [each for each in self.played if each.result == "differs"]

    @property
    def tally(self) -> Counter[Result]:
        """How many trials agree, differ, and are undecided."""
        return Counter(each.result for each in self.played)


def rehearse(
    evaluator: Evaluator,
    files: Sequence[str | Path],
    *,
    exclude: Sequence[str] = (),
    chosen: AddressSet | None = None,
    real: bool = False,
) -> Rehearsal:
    """Play an estate.

    Args:
        evaluator: Its evaluator.
        files: The files and folders that it was read from.
        exclude: Globs of files that were left out.
        chosen: Sources to try; None to derive them from the answers.
        real: Whether the real kube-proxy and the real ingress-nginx controller play.

    Raises:
        LabFailed: A part is missing, or the lab could not be built.
    """
    trials, left_out = trials_of(evaluator, exposures(evaluator), chosen)
    if not trials:
        return Rehearsal(real, (), tuple(left_out), (), {})
    with RemoteLab(real=real) as lab:
        loaded = lab.load(*files, exclude=exclude)
        if not real:
            trials, unplayed = _playable(trials, loaded.unplayed)
            left_out += unplayed
        seen, hops = _sent(lab, trials)
        found = [Played(trial, each) for trial, each in zip(trials, seen, strict=True)]
        doubtful = [each.trial for each in found if each.result == "differs"]
        if doubtful:
            lab.load(*files, exclude=exclude)
            again = lab.probe([probe_of(each) for each in doubtful], at_once=100, seconds=_PATIENCE)
            better = {id(trial): shown(each) for trial, each in zip(doubtful, again, strict=True)}
            found = [Played(each.trial, better.get(id(each.trial), each.shown)) for each in found]
    if real:
        found, unknown = _asked_of_controllers(found, files, exclude)
        left_out += unknown
    kept = tuple(each for each in found if each.shown.effect != "unsendable")
    return Rehearsal(real, kept, tuple(left_out), loaded.notes, hops)


def _sent(lab: RemoteLab, trials: Sequence[Trial]) -> tuple[list[Shown], dict[str, tuple[Counted, ...]]]:
    """What clients saw, frontend by frontend, with the packets that met each rule on the way to it."""
    seen: dict[int, Shown] = {}
    hops: dict[str, tuple[Counted, ...]] = {}
    before = lab.counted()
    for label in dict.fromkeys(each.entry.label for each in trials):
        own = [each for each in trials if each.entry.label == label]
        for trial, each in zip(own, lab.probe([probe_of(each) for each in own]), strict=True):
            seen[id(trial)] = shown(each)
        after = lab.counted()
        hops[label] = tuple(counters.since(before, after))
        before = after
    return [seen[id(each)] for each in trials], hops


def _playable(trials: Iterable[Trial], unplayed: Iterable[Unplayed]) -> tuple[list[Trial], list[LeftOut]]:
    """Trials that the quick form can play, and what keeps it from the others."""
    ingresses = {(each.namespace, each.name): each.what for each in unplayed if each.kind == "Ingress"}
    workloads = {(each.namespace, each.name): each.what for each in unplayed if each.kind != "Ingress"}
    left_out: dict[str, LeftOut] = {}
    kept: list[Trial] = []
    for trial in trials:
        why = _unplayable(trial, ingresses, workloads)
        if why:
            left_out[trial.exposure] = LeftOut(trial.exposure, f"{why} is played with --real only")
        else:
            kept.append(trial)
    return kept, list(left_out.values())


def _unplayable(trial: Trial, ingresses: dict[tuple[str, str], str], workloads: dict[tuple[str, str], str]) -> str:
    if trial.controller is None or trial.request is None:
        return ""
    cited = trial.controller.citation
    if (cited.namespace, cited.name) in workloads:
        return f"{workloads[cited.namespace, cited.name]} of {cited.label}"
    for ingress in trial.controller.ingresses:
        about = trial.request.host in ingress.hosts or not ingress.hosts or trial.request.host == ""
        if about and ingress.key in ingresses:
            return f"{ingresses[ingress.key]} of Ingress {ingress.namespace}/{ingress.name}"
    return ""


def _asked_of_controllers(
    played: Sequence[Played], files: Sequence[str | Path], exclude: Sequence[str]
) -> tuple[list[Played], list[LeftOut]]:
    """Everything that reached a controller, answered by the real one, asked from the address that it saw."""
    found = {id(each.trial): each for each in played}
    left_out: list[LeftOut] = []
    arrived: dict[int, list[Played]] = {}
    known: dict[int, Controller] = {}
    for each in played:
        if each.trial.controller is not None and each.shown.effect == "reached" and each.shown.judged is not None:
            known[id(each.trial.controller)] = each.trial.controller
            arrived.setdefault(id(each.trial.controller), []).append(each)
    for identity, members in arrived.items():
        cited = known[identity].citation
        if not cited.namespace or cited.kind not in {"Deployment", "DaemonSet"}:
            left_out += [LeftOut(name, "the workload of its controller was not read") for name in _names(members)]
            for each in members:
                del found[id(each.trial)]
            continue
        for trial, answer in _asked(members, (cited.namespace, cited.name), files, exclude):
            found[id(trial)] = Played(trial, answer)
    return list(found.values()), left_out


def _asked(
    members: Sequence[Played], controller: tuple[str, str], files: Sequence[str | Path], exclude: Sequence[str]
) -> Iterable[tuple[Trial, Shown]]:
    probes = [
        from_somewhere(each.trial, each.shown.judged, _CONTROLLER[each.shown.judged.family], _port(each.trial))
        for each in members
        if each.shown.judged is not None
    ]
    with RemoteLab() as lab:
        lab.serve_estate(*files, controller=controller, exclude=exclude)
        seen = lab.probe(probes, at_once=200, seconds=_PATIENCE)
    return [(each.trial, shown(answer)) for each, answer in zip(members, seen, strict=True)]


def _port(trial: Trial) -> int:
    return 443 if trial.request is not None and trial.request.scheme == "https" else 80


def _names(members: Iterable[Played]) -> list[str]:
    return list(dict.fromkeys(each.trial.exposure for each in members))
