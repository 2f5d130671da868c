"""Print every figure: what was measured, how long it took, its goal, and the ratio to the plain reference."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aksess
from aksess import library
from aksess.access import questions
from aksess.access.evaluator import Evaluator
from aksess.access.sources import parse_source
from aksess.access.targets import parse_target
from aksess.addresses import AddressSet, ServiceTags
from aksess.estate.azure import DEFAULT_RULES, SecurityGroup, SecurityRule
from aksess.layers import nsg
from aksess.layers.nsg import Flow, Surroundings
from aksess.layers.virtual_network import Expansion
from aksess.rulings import NOWHERE, Layer
from bench import estates, reference

COMMAND = [sys.executable, "-c", "from aksess.cli import main; main()"]


def row(what: str, seconds: float, goal: float | None = None, more: str = "") -> None:
    """One figure on a line of its own."""
    shown = f"{seconds * 1000:10.1f} ms" if seconds < 1 else f"{seconds:10.2f} s "
    wanted = "" if goal is None else f"goal {goal * 1000:6.0f} ms  " if goal < 1 else f"goal {goal:6.0f} s   "
    print(f"{what:58}{shown}  {wanted:18}{more}", flush=True)


def best(act: Callable[[], Any], times: int = 5) -> float:
    """The shortest of several runs."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return min(found)


_LAUNCHER = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(json.dumps([time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, code]))
"""
"""A small process in between: a child's peak memory begins at that of the process that forks it."""


def command(*words: str) -> tuple[float, int]:
    """Seconds and peak memory (MiB) of one run of the program, the better of three."""
    found = []
    for _ in range(3):
        run = [sys.executable, "-c", _LAUNCHER, *COMMAND, *words]
        seconds, memory, code = json.loads(subprocess.run(run, capture_output=True, check=True).stdout)
        if code not in {0, 2}:
            raise SystemExit(f"aksess {' '.join(words)} ended with {code}")
        found.append((seconds, memory))
    return min(found)


def security_group() -> None:
    """The source set through 1,000 rules of which 10 hold 4,000 prefixes, against the plain reference."""
    rules = estates.big_rules(random.Random(7))
    group = SecurityGroup("", "bench", NOWHERE, (*map(_typed, rules), *DEFAULT_RULES), (), ())  # type: ignore[arg-type]
    flow = Flow(AddressSet.of(estates.FRONTEND), 443)

    def fresh() -> Surroundings:
        return Surroundings(Expansion.exact(AddressSet.of("10.224.0.0/12")), ServiceTags())

    warm = fresh()
    nsg.judge(group, flow, warm, Layer.SUBNET_NSG)

    def swept() -> AddressSet:
        warm.sweeps.clear()
        judged = nsg.judge(group, flow, warm, Layer.SUBNET_NSG)
        return AddressSet.union_of(cell for cell, ruling in judged.cells if ruling.passes)

    began = time.perf_counter()
    plain = reference.source_set(rules)
    slow = time.perf_counter() - began
    known = AddressSet.from_ranges(plain)
    if swept() & AddressSet.of("0.0.0.0/0") - AddressSet.of("10.224.0.0/12") != known - AddressSet.of("10.224.0.0/12"):
        raise SystemExit("the evaluator and the plain reference differ")
    quick = best(swept)
    row("NSG: 1,000 rules, 10 of them with 4,000 prefixes", quick, 0.020, f"{slow / quick:,.0f} times the reference")
    row("  the same, prefixes read from text first", best(lambda: nsg.judge(group, flow, fresh(), Layer.SUBNET_NSG)))
    row("  plain ipaddress, rule by rule", slow)


def _typed(rule: dict[str, Any]) -> SecurityRule:
    properties = rule["properties"]
    sources = properties.get("sourceAddressPrefixes") or [properties["sourceAddressPrefix"]]
    return SecurityRule(
        rule["name"],
        properties["priority"],
        True,
        properties["access"] == "Allow",
        "tcp",
        tuple(sources),
        ("*",),
        (properties["destinationAddressPrefix"],),
        tuple(properties["destinationPortRanges"]),
    )


def audits(folder: Path) -> None:
    """Whole commands on estates of 1,000 and 10,000 applications."""
    for count, goal in ((1_000, 1.0), (10_000, 10.0)):
        estate = folder / str(count)
        estates.write(estate, count)
        seconds, memory = command("audit", "-f", str(estate), "-o", "json", "--fail-on", "never")
        row(f"audit of {count:,} applications, whole command", seconds, goal, f"{memory} MiB at most")


def questions_in_process(folder: Path) -> None:
    """One question, and one question after a list has changed, where the estate is read already."""
    estate = aksess.read(folder / "1000")
    evaluator = Evaluator(estate)
    target = parse_target("https://app-00500.example.com/")
    source = parse_source("203.0.113.7", estate)
    questions.explain(evaluator, source, target)
    row("explain in process", best(lambda: questions.explain(evaluator, source, target), 50), 0.001)
    questions.who(evaluator, target)
    key = ("apps", "app-00500")
    changed = dataclasses.replace(
        estate.ingresses[key],
        annotations={"nginx.ingress.kubernetes.io/whitelist-source-range": "203.0.113.0/24"},
    )
    after = dataclasses.replace(estate, ingresses={**estate.ingresses, key: changed})

    def again() -> None:
        found = questions.who(evaluator.after(after), target)
        if found.standing.allowed.to_cidrs() != ["203.0.113.0/24"]:
            raise SystemExit("the changed list was not seen")

    row("one changed list of 1,000 re-evaluated", best(again), 0.050)
    row("reading 1,000 applications", best(lambda: library.read(folder / "1000")))


def commands(folder: Path) -> None:
    """What people wait for at a prompt."""
    subprocess.run([*COMMAND, "demo", "--to", str(folder / "demo")], stdout=subprocess.DEVNULL, check=True)
    words = ("explain", "203.0.113.7", "https://shop.example.com/admin", "-f", str(folder / "demo"))
    seconds, memory = command(*words)
    row("explain as a command", seconds, 0.300, f"{memory} MiB at most")
    seconds, memory = command("--help")
    row("--help", seconds, 0.150, f"{memory} MiB at most")


def main() -> None:
    """Every figure."""
    print(f"aksess {aksess.__version__}, Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    security_group()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        audits(folder)
        questions_in_process(folder)
        commands(folder)


if __name__ == "__main__":
    main()
