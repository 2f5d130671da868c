"""The bench of the real ingress-nginx controller: hundreds of hosts in one load, thousands of questions to it."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import time
from collections.abc import Iterator, Sequence
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
from aksess.rehearsal.outcomes import Expected
from aksess.rulings import Effect
from aksess.snapshot import read_files
from bench.packets.figures import Figures
from bench.packets.observed import Observed, answered
from bench.packets.questions import Question, sources_of
from bench.packets.sites import Site, random_settings, random_sites
from bench.packets.world import World

__all__ = ["NAME", "Asked", "Served", "observations", "observe", "rebuilt"]

NAME = "real ingress-nginx"

SIZE = 220
QUESTIONS = 250
FRONTEND = "20.50.60.70"
_SERVED = {"Secret", "Service", "EndpointSlice", "Ingress"}
_ARGUMENTS = ("--enable-annotation-validation=true", "--configmap=bench/settings")


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


class Served(Observed):
    """What the controller served and answered."""

    def model(self) -> ControllerModel:
        """The model of the controller, as it is now."""
        return ControllerModel(Evaluator(Estate.of(read_files([self.folder]))).controllers[0])

    def afresh(self, questions: Sequence[Question]) -> Served:
        """The same questions to a controller of their own; what is stored then, ages among it, lies beside."""
        folder = self.folder.with_name(f"{self.folder.name}-afresh")
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        with RemoteLab() as lab:
            return rebuilt(lab, folder, questions)


class ControllerModel:
    """What the evaluator says of the controller alone."""

    def __init__(self, controller: Controller) -> None:
        """Take the controller; what it answers to a request is asked once."""
        self._controller = controller
        self._known: dict[Request, Answers] = {}

    def expected(self, question: Question) -> list[Expected]:
        """Every outcome that may happen; empty where the model cannot know."""
        if not isinstance(question, Asked):
            raise TypeError(type(question))
        request = question.request()
        if request not in self._known:
            self._known[request] = self._controller.answer(request)
        source = read_address(question.source)
        if source is None:
            raise ValueError(question.source)
        found: list[Expected] = []
        for finish in requests.finishes(Fork([Stream(EVERYONE)]), self._known[request], detail=True):
            for end in finish.ends:
                if source not in end.stream.sources or end.condition:
                    continue
                if end.ruling.doubt:
                    return []
                effect = Effect.REACHED if end.ruling.passes else end.ruling.effect or Effect.UNKNOWN
                status = None if end.ruling.passes else end.ruling.status
                found.append(Expected(effect.value, status, end.judged))
        return found


def observe(lab: RemoteLab, seed: int, folder: Path, figures: Figures, *, questions: int = QUESTIONS) -> Served:
    """Let the controller serve random sites and ask it."""
    rng = random.Random(seed)
    world = World(rng)
    world.settings = random_settings(rng, world)
    objects, sites = random_sites(world, SIZE)
    stored = _served(lab, objects, world.settings)
    _write(folder, world, stored)
    listed = list(_questions(sites, sources_of(world, rng, 400), rng, questions))
    rng.shuffle(listed)
    began = time.monotonic()
    seen = lab.probe([each.probe() for each in listed], at_once=400, seconds=2.0)
    figures.probing += time.monotonic() - began
    figures.configurations += SIZE
    return Served(seed, folder, answered(listed, seen))


def observations(lab: RemoteLab, seed: int, folder: Path, figures: Figures) -> Iterator[Served]:
    """Random loads, one after the other, for ever."""
    for number in range(1_000_000):
        yield observe(lab, seed + number, folder / str(number), figures)


def _questions(sites: list[Site], sources: list[str], rng: random.Random, count: int) -> Iterator[Asked]:
    for site in sites:
        for _ in range(count):
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
    world.objects += [_without_data(value) for value in stored]
    world.write(folder)
    (folder / "azure.json").unlink()


def rebuilt(lab: RemoteLab, folder: Path, questions: Sequence[Question]) -> Served:
    """Serve the objects of a folder, write down how they are stored, and ask some questions with patience."""
    file = folder / "objects.json"
    items: list[dict[str, Any]] = json.loads(file.read_text())["items"]
    settings = next(each.get("data", {}) for each in items if each["kind"] == "ConfigMap")
    chosen = [each for each in items if each["metadata"].get("namespace") == "bench" and each["kind"] in _SERVED]
    chosen.sort(key=lambda each: str(each["metadata"].get("creationTimestamp")))
    stored = _served(lab, chosen, settings)
    known = {(each["kind"], each["metadata"]["name"]): _without_data(each) for each in stored}
    items = [known.get((each["kind"], each["metadata"]["name"]), each) for each in items]
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    seen = lab.probe([each.probe() for each in questions], at_once=50, seconds=2.0)
    return Served(0, folder, answered(questions, seen))


def _served(lab: RemoteLab, objects: Sequence[dict[str, Any]], settings: dict[str, str]) -> list[dict[str, Any]]:
    """Serve objects under the class and with the ConfigMap of a bench; returns them as they are stored."""
    spec = {"controller": "k8s.io/ingress-nginx"}
    named = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}, "spec": spec}
    metadata = {"name": "settings", "namespace": "bench"}
    settings_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": settings}
    stored = lab.serve([named, settings_map, *objects], _ARGUMENTS, "bench")
    return [each for each in stored if each["kind"] in _SERVED]


def _without_data(value: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key != "data"} if value["kind"] == "Secret" else value
