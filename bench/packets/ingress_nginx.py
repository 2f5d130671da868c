"""The bench of the real ingress-nginx controller: hundreds of hosts in one load, thousands of questions to it."""

from __future__ import annotations

import dataclasses
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from aksess.access import requests
from aksess.access.arrivals import Fork, Stream
from aksess.access.evaluator import Evaluator
from aksess.addresses import EVERYONE, read_address
from aksess.controllers.interface import Answers, Controller, Request, Scheme
from aksess.estate import Estate
from aksess.lab.prober import Probe
from aksess.lab.remote import RemoteLab
from aksess.rulings import Effect
from aksess.snapshot import read_files
from bench.packets.comparing import Mismatch, Shown, agrees, shown
from bench.packets.questions import Expected, Question, sources_of
from bench.packets.quick import Figures
from bench.packets.sites import Site, random_settings, random_sites
from bench.packets.world import World

__all__ = ["Asked", "Served", "observe", "run"]

SIZE = 220
QUESTIONS = 250
FRONTEND = "20.50.60.70"
_FLAGS = ("--enable-annotation-validation=true",)


@dataclasses.dataclass(frozen=True, slots=True)
class Asked(Question):
    """A question to the controller alone."""

    method: str = "GET"

    def probe(self) -> Probe:
        """The probe; over TLS on 443."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {self.host}", "Connection: close"]
        payload = "\r\n".join([*lines, *([self.header] if self.header else []), "", ""]).encode()
        return Probe(self.source, self.address, self.port, payload, server_name=self.host if self.port == 443 else "")

    def request(self) -> Request:
        """The same for the model."""
        scheme: Scheme = "https" if self.port == 443 else "http"
        name, _, value = self.header.partition(": ")
        right = self.header == "Authorization: Basic bGFiOmxhYg=="
        return Request(
            scheme,
            self.host,
            self.path,
            method=self.method,
            headers=((name, value),) if name else (),
            credentials=right,
            exact=True,
        )


@dataclasses.dataclass
class Served:
    """What the controller served and answered: enough to judge any model again, without it."""

    seed: int
    folder: Path
    answers: list[tuple[Asked, Shown]]

    def controller(self) -> Controller:
        """The model of the controller as it is now."""
        return Evaluator(Estate.of(read_files([self.folder]))).controllers[0]


def observe(lab: RemoteLab, seed: int, folder: Path, figures: Figures) -> Served:
    """Let the controller serve random sites and ask it."""
    rng = random.Random(seed)
    world = World(rng)
    world.settings = random_settings(rng, world)
    objects, sites = random_sites(world, SIZE)
    stored = lab.serve(objects, world.settings, _FLAGS)
    _write(folder, world, stored)
    listed = list(_questions(sites, sources_of(world, rng, 400), rng))
    rng.shuffle(listed)
    began = time.monotonic()
    seen = lab.probe([each.probe() for each in listed], at_once=400, seconds=2.0)
    figures.probing += time.monotonic() - began
    figures.configurations += SIZE
    answers = [(question, shown(found)) for question, found in zip(listed, seen, strict=True)]
    return Served(seed, folder, [each for each in answers if each[1].effect != "unsendable"])


def _questions(sites: list[Site], sources: list[str], rng: random.Random) -> Any:
    for site in sites:
        for _ in range(QUESTIONS):
            host, path = rng.choice(site.asked)
            source = rng.choice(sources)
            if ":" in source:
                continue
            port = 443 if site.tls and rng.random() < 0.25 else 80
            header = rng.choice(site.headers) if site.headers and rng.random() < 0.5 else ""
            yield Asked(source, FRONTEND, port, "TCP", host, path, header, "", site.theme, rng.choice(site.methods))


def _write(folder: Path, world: World, stored: list[dict[str, Any]]) -> None:
    """The estate as the API server stores it, around a Service that leads to the controller."""
    ports = [{"name": name, "port": port, "targetPort": port} for name, port in (("http", 80), ("https", 443))]
    world.service("controller", ports, [FRONTEND], selector={"app.kubernetes.io/name": "ingress-nginx"})
    world.objects += [
        {key: each for key, each in value.items() if key != "data"} if value["kind"] == "Secret" else value
        for value in stored
    ]
    world.write(folder)
    (folder / "azure.json").unlink()
    (folder / "stored.txt").write_text(json.dumps(stored))


def expected(controller: Controller, question: Asked, known: dict[Request, Answers]) -> list[Expected]:
    """What the model says; empty where it cannot know."""
    request = question.request()
    if request not in known:
        known[request] = controller.answer(request)
    answers = known[request]
    source = read_address(question.source)
    if source is None:
        raise ValueError(question.source)
    found: list[Expected] = []
    for finish in requests.finishes(Fork([Stream(EVERYONE)]), answers, detail=True):
        for end in finish.ends:
            if source not in end.stream.sources or end.condition:
                continue
            if end.ruling.doubt:
                return []
            effect = Effect.REACHED if end.ruling.passes else end.ruling.effect or Effect.UNKNOWN
            status = None if end.ruling.passes else end.ruling.status
            found.append(Expected(effect.value, status, end.judged))
    return found


def judge(served: Served, figures: Figures, lab: RemoteLab | None = None) -> list[Mismatch]:
    """Questions whose answer the model had not foreseen; with a lab, only those that are answered so again."""
    controller, known = served.controller(), {}  # type: ignore[var-annotated]
    wrong: list[tuple[Asked, Shown, list[Expected]]] = []
    for question, found in served.answers:
        said = expected(controller, question, known)
        figures.outcomes[found.effect] += 1
        if not said:
            figures.undecided += 1
        elif not agrees(said, found):
            wrong.append((question, found, said))
    figures.probes += len(served.answers)
    if wrong and lab is not None:
        again = lab.probe([question.probe() for question, _, _ in wrong], at_once=50, seconds=2.0)
        wrong = [
            (question, shown(seen), said)
            for (question, _, said), seen in zip(wrong, again, strict=True)
            if not agrees(said, shown(seen))
        ]
    return [Mismatch(question, tuple(said), found) for question, found, said in wrong]


def run(seconds: float, seed: int) -> Figures:
    """Loads until the time is over."""
    figures = Figures("real ingress-nginx")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, RemoteLab() as lab:
        number = 0
        while time.monotonic() - began < seconds:
            number += 1
            served = observe(lab, seed + number, Path(name) / str(number), figures)
            figures.mismatches += [(seed + number, each) for each in judge(served, figures, lab)]
    figures.seconds = time.monotonic() - began
    return figures
