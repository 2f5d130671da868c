"""HTTP requests at a controller: views and rulings put together with the streams that arrive.

A controller says how it comes to an address to judge (`View`) and what it does with each address (`Partition`). Here
the two meet the sources. What the client chooses (a header, a PROXY line) adds an end with a condition to the same
alternative; what nobody chooses (which node address stands for the client) makes another alternative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from aksess.access.arrivals import Fork, Stream
from aksess.addresses import AddressSet
from aksess.controllers.interface import Answers, View
from aksess.rulings import Citation, Partition, Ruling

__all__ = ["End", "Finish", "finishes", "told_by"]


@dataclass(frozen=True, slots=True)
class End:
    """The end of the way of some sources at a controller.

    Attributes:
        stream: The sources, with the way they came.
        ruling: What the controller does; a ruling that passes hands the request to the application.
        condition: The client's own choice, empty for the honest way.
        judged: The address or addresses that were judged.
    """

    stream: Stream
    ruling: Ruling
    condition: str
    judged: AddressSet


@dataclass
class Finish:
    """One alternative: all ends of a fork, and what stopped before the controller."""

    fork: Fork
    ends: list[End] = field(default_factory=list)
    narrowed: list[Citation] = field(default_factory=list)


def finishes(fork: Fork, answers: Answers, *, detail: bool) -> Iterator[Finish]:
    """The alternatives that a fork comes to at a controller.

    Args:
        fork: What arrives.
        answers: What the controller does with the request.
        detail: Whether ends that stop are kept; doubts always are.
    """
    options = [list(_options(stream, answers, detail)) for stream in fork.streams]
    width = max((len(each) for each in options), default=1)
    arrived = AddressSet.union_of(stream.sources for stream in fork.streams)
    for index in range(width):
        finish = Finish(fork, narrowed=list(fork.narrowed))
        for each in options:
            if each:
                finish.ends += each[min(index, len(each) - 1)]
        if AddressSet.union_of(end.stream.sources for end in finish.ends if end.ruling.passes) != arrived:
            finish.narrowed.append(answers.application or answers.rulings.otherwise.citation)
        yield finish


def told_by(answers: Answers, proxies: AddressSet) -> Answers | None:
    """The answers to requests that proxies forward with the client's address, where the controller believes them.

    None where it judges the proxies themselves. A client whose own address is trusted may still forge what stands
    before it in the header, so the conditional views stay.
    """
    believed = [view for view in answers.views if view.condition == "forged-header" and proxies <= view.peers]
    return replace(answers, views=(View(), *believed)) if believed else None


def _options(stream: Stream, answers: Answers, detail: bool) -> Iterator[list[End]]:
    """The ends of one stream, once for each thing that nobody chooses."""
    if stream.seen is None:
        yield from _by_own_address(stream, answers, detail)
        return
    for view in answers.views:
        seen = stream.seen & view.peers
        if view.condition or not seen:
            continue
        if view.stop is not None:
            yield [End(stream, view.stop, "", seen), *_chosen(stream, seen, answers)]
            continue
        for judged, ruling in answers.rulings.split(seen if view.judged is None else view.judged):
            peers = judged if view.judged is None else seen
            yield [End(stream, ruling, "", judged), *_chosen(stream, peers, answers)]


def _by_own_address(stream: Stream, answers: Answers, detail: bool) -> Iterator[list[End]]:
    """Clients that show their own addresses."""
    fixed: list[list[End]] = []
    ends: list[End] = []
    for view in answers.views:
        part = stream.sources & view.peers
        if not part:
            continue
        narrowed = replace(stream, sources=part)
        if view.stop is not None:
            if detail or view.condition or view.stop.doubt:
                ends.append(End(narrowed, view.stop, view.condition, part))
        elif view.condition:
            ends += _choices(narrowed, view, answers.rulings)
        elif view.judged is None:
            for cell, ruling in answers.rulings.split(part) if detail else _relevant(answers.rulings, part):
                ends.append(End(replace(stream, sources=cell), ruling, "", cell))
        else:
            fixed.append([End(narrowed, ruling, "", judged) for judged, ruling in answers.rulings.split(view.judged)])
    width = max((len(each) for each in fixed), default=1)
    for index in range(width):
        yield [*ends, *(each[min(index, len(each) - 1)] for each in fixed if each)]


def _chosen(stream: Stream, peers: AddressSet, answers: Answers) -> list[End]:
    """The client's own choices, for clients behind one of the given peers."""
    found: list[End] = []
    for view in answers.views:
        if view.condition and view.peers.overlaps(peers):
            if view.stop is not None:
                found.append(End(stream, view.stop, view.condition, peers))
            elif view.judged is None:
                found += [End(stream, ruling, view.condition, cell) for cell, ruling in answers.rulings.split(peers)][
                    :1
                ]
            else:
                found.append(_best(stream, view, answers.rulings.split(view.judged)))
    return found


def _choices(stream: Stream, view: View, rulings: Partition) -> list[End]:
    """What a client gets by its own choice: the best there is, or for its own address whatever that is."""
    if view.judged is None:
        return [
            End(replace(stream, sources=cell), ruling, view.condition, cell)
            for cell, ruling in rulings.split(stream.sources)
        ]
    return [_best(stream, view, rulings.split(view.judged))]


def _best(stream: Stream, view: View, options: Iterator[tuple[AddressSet, Ruling]]) -> End:
    ranked = sorted(options, key=lambda each: (not each[1].passes, bool(each[1].doubt)))
    judged, ruling = ranked[0]
    return End(stream, ruling, view.condition, judged)


def _relevant(rulings: Partition, part: AddressSet) -> Iterator[tuple[AddressSet, Ruling]]:
    """Cells that pass or leave a doubt; everybody else is denied."""
    yield from rulings.passing(part)
    if any(ruling.doubt and not ruling.passes for ruling in (rulings.otherwise, *(each for _, each in rulings.cells))):
        for cell, ruling in rulings.split(part):
            if ruling.doubt and not ruling.passes:
                yield cell, ruling
