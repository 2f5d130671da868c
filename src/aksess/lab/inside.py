"""The program that runs a lab inside its namespaces: one request a line on standard input, one answer a line back.

``python -m aksess.lab.inside`` is started by `aksess.lab.remote` through `aksess.lab.namespaces.entering`. When its
standard input ends, or its parent dies, it ends, and with it everything that it made.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from aksess.errors import AksessError
from aksess.estate import Estate
from aksess.lab.controller_lab import ControllerLab
from aksess.lab.lab import Lab
from aksess.lab.prober import Probe, Seen
from aksess.snapshot import read_files

__all__ = ["Answer", "Request"]


class Request(msgspec.Struct):
    """What is asked: to load an estate, or to send probes.

    Attributes:
        load: Folder or file of an estate; empty for none.
        objects: Objects for the real controller instead of an estate.
        settings: Its ConfigMap.
        arguments: Its command line arguments.
        real: Whether the real kube-proxy runs on the nodes; the first load decides.
        probes: Probes to send.
        at_once: How many at once.
        seconds: How long to wait for a first sign of life.
    """

    load: str = ""
    objects: list[dict[str, Any]] = []
    settings: dict[str, str] = {}
    arguments: list[str] = []
    real: bool = False
    probes: list[Probe] = []
    at_once: int = 10_000
    seconds: float = 0.3


class Answer(msgspec.Struct):
    """What came of it: notes about an estate, objects as stored, what was seen of probes; an error in its place."""

    notes: list[str] = []
    stored: list[dict[str, Any]] = []
    seen: list[Seen] = []
    error: str = ""


def main() -> None:
    """Answer requests until there are no more."""
    requests = msgspec.json.Decoder(Request)
    lab: Lab | ControllerLab | None = None
    for line in sys.stdin.buffer:
        answer = Answer()
        try:
            request = requests.decode(line)
            if request.load:
                snapshot = read_files([request.load])
                estate = Estate.of(snapshot)
                built = lab if isinstance(lab, Lab) else Lab.build(estate, real=request.real)
                answer.notes = built.load(estate, snapshot.objects)
                lab = built
            elif request.objects:
                started = lab if isinstance(lab, ControllerLab) else ControllerLab.build()
                answer.stored = started.load(request.objects, request.settings, request.arguments)
                lab = started
            if request.probes and lab is not None:
                answer.seen = lab.probe(request.probes, at_once=request.at_once, seconds=request.seconds)
        except AksessError as error:
            answer.error = str(error)
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
