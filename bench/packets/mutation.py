"""Whether packets notice every fault: ``python -m bench.packets.mutation``.

Packets are observed once, in all three benches, with seeds that never change; then each mutant judges them in a process
of its own. One that no observation contradicts survives, and the run fails: the rule that it breaks is not proved.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aksess.lab.kube_proxy import Mode
from aksess.lab.remote import RemoteLab
from bench.packets import ingress_nginx, kube_proxy, quick
from bench.packets.comparing import Mismatch
from bench.packets.figures import Figures
from bench.packets.mutants import MUTANTS, Mutant
from bench.packets.observed import Observed, judge

_SEED = 4242
_QUICK = range(7014, 7036)
"""Seeds of whole estates: among them are those with nodes behind one group of which a rule keeps off one probe."""
_SERVICES = 4
_LOADS = (3, 4242, 4243)
"""Seeds of the loads; the first has custom errors for 404."""
_LISTED = 60


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: the observation that contradicts it; empty where it survived."""

    mutant: Mutant
    contradiction: str
    error: str = ""


def observations(folder: Path) -> tuple[list[Path], list[Path]]:
    """Observe and write down: packets of whole estates, and answers of the controller.

    Raises:
        SystemExit: The model without a fault is contradicted already.
    """
    packets: list[Path] = []
    answers: list[Path] = []
    for observed in _observed(folder):
        file = folder / f"observed-{len(packets) + len(answers)}.pickle"
        file.write_bytes(pickle.dumps(observed))
        (answers if isinstance(observed, ingress_nginx.Served) else packets).append(file)
    return packets, answers


def _observed(folder: Path) -> Iterator[Observed]:
    figures = Figures("mutants")
    with RemoteLab() as lab:
        for seed in _QUICK:
            observed = quick.observe(lab, seed, folder / f"quick-{seed}", figures)
            yield _agreeing(observed, judge(observed, figures))
    with RemoteLab(real=True) as lab:
        for number in range(_SERVICES):
            mode: Mode = "nftables" if number < _SERVICES // 2 else "iptables"
            observed = kube_proxy.observe(lab, _SEED + number, mode, folder / f"services-{number}", figures)
            yield _agreeing(observed, judge(observed, figures))
    with RemoteLab() as lab:
        for seed in _LOADS:
            served = ingress_nginx.observe(lab, seed, folder / f"load-{seed}", figures, questions=_LISTED)
            yield _agreeing(served, judge(served, figures))


def _agreeing(observed: Observed, wrong: Sequence[Mismatch]) -> Observed:
    if wrong:
        raise SystemExit(f"the model itself is contradicted (run `make bench-packets`): {wrong[0]}")
    return observed


def fates(packets: Sequence[Path], answers: Sequence[Path], mutants: Sequence[Mutant]) -> Iterator[Fate]:
    """What becomes of each mutant, two at once."""

    def judged(mutant: Mutant) -> Fate:
        of_controller = mutant.module.startswith("controllers.")
        files = [*answers, *packets] if of_controller else [*packets, *answers]
        command = [sys.executable, "-m", "bench.packets.judging", mutant.name, *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return Fate(mutant, done.stdout.strip(), done.stderr.strip() if done.returncode else "")

    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        yield from pool.map(judged, mutants)


def main() -> None:
    """Observe, judge, and end with one line."""
    parser = argparse.ArgumentParser(description="Whether packets notice every fault of the evaluator.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these mutants alone")
    parser.add_argument("--verbose", action="store_true", help="show what contradicts each")
    given = parser.parse_args()
    chosen = [each for each in MUTANTS if not given.only or each.name in given.only]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        packets, answers = observations(Path(name))
        caught = 0
        for fate in fates(packets, answers, chosen):
            caught += bool(fate.contradiction)
            if fate.error:
                print(f"BROKEN   {fate.mutant.name}: {fate.error.splitlines()[-1]}")
            elif not fate.contradiction:
                print(f"SURVIVED {fate.mutant.name}: {fate.mutant.breaks}")
            elif given.verbose:
                print(f"caught   {fate.mutant.name}: {fate.contradiction}")
    print(f"{caught} of {len(chosen)} mutants caught, in {time.monotonic() - began:.0f} s")
    sys.exit(0 if caught == len(chosen) else 1)


if __name__ == "__main__":
    main()
