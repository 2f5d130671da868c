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
from aksess.lab import controller_objects, ingress_config
from aksess.lab.controller_lab import APPLICATION, ControllerLab
from aksess.lab.counters import Counted
from aksess.lab.ingress_config import Unplayed
from aksess.lab.lab import Lab
from aksess.lab.prober import Probe, Seen
from aksess.snapshot import read_files

__all__ = ["Answer", "Request"]


class Request(msgspec.Struct):
    """What is asked: to load an estate, or to send probes.

    Attributes:
        load: Folders and files of an estate; empty for none.
        exclude: Globs of files to leave out.
        objects: Objects for the real controller instead of an estate.
        arguments: Its command line arguments.
        namespace: Its own namespace.
        controller: The workload of an estate's controller, as namespace and name: the real one serves the estate then.
        real: Whether the real kube-proxy runs on the nodes; the first load decides.
        probes: Probes to send.
        at_once: How many at once.
        seconds: How long to wait for a first sign of life.
        count: Whether to say how many packets met which rule.
    """

    load: list[str] = []
    exclude: list[str] = []
    objects: list[dict[str, Any]] = []
    arguments: list[str] = []
    namespace: str = ""
    controller: tuple[str, str] | None = None
    real: bool = False
    probes: list[Probe] = []
    at_once: int = 10_000
    seconds: float = 0.3
    count: bool = False


class Answer(msgspec.Struct):
    """What came of it: notes about an estate, objects as stored, what was seen of probes; an error in its place."""

    notes: list[str] = []
    unplayed: list[Unplayed] = []
    counted: list[Counted] = []
    stored: list[dict[str, Any]] = []
    seen: list[Seen] = []
    error: str = ""


def serve_estate(lab: ControllerLab, request: Request) -> None:
    """Let the real controller serve the objects of an estate, with the flags of its workload."""
    snapshot = read_files(request.load, request.exclude)
    estate = Estate.of(snapshot)
    chosen = next(
        each
        for each in ingress_config.controllers(estate)
        if (each.workload.namespace, each.workload.name) == request.controller
    )
    objects = controller_objects.objects_of(estate, chosen, snapshot.objects, APPLICATION)
    lab.load(objects, controller_objects.arguments_of(chosen), chosen.workload.namespace)


def main() -> None:
    """Answer requests until there are no more."""
    requests = msgspec.json.Decoder(Request)
    lab: Lab | ControllerLab | None = None
    for line in sys.stdin.buffer:
        answer = Answer()
        try:
            request = requests.decode(line)
            if request.controller is not None:
                started = lab if isinstance(lab, ControllerLab) else ControllerLab.build()
                serve_estate(started, request)
                lab = started
            elif request.load:
                snapshot = read_files(request.load, request.exclude)
                estate = Estate.of(snapshot)
                built = lab if isinstance(lab, Lab) else Lab.build(estate, real=request.real)
                answer.notes = built.load(estate, snapshot.objects)
                answer.unplayed = built.unplayed
                lab = built
            elif request.objects:
                started = lab if isinstance(lab, ControllerLab) else ControllerLab.build()
                answer.stored = started.load(request.objects, request.arguments, request.namespace)
                lab = started
            if request.probes and lab is not None:
                answer.seen = lab.probe(request.probes, at_once=request.at_once, seconds=request.seconds)
            if request.count and isinstance(lab, Lab):
                answer.counted = lab.counted()
        except AksessError as error:
            answer.error = str(error)
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
