"""The packet bench: ``make bench-packets SECONDS=600 SEED=7``.

Three benches share the time: the quick lab, the real kube-proxy, the real ingress-nginx controller. Each ends with one
line of figures. An answer that the model had not foreseen is asked again, its estate is made small, and both are
printed with the seed; then the run fails.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aksess.errors import AksessError
from aksess.lab.remote import RemoteLab
from aksess.rehearsal.outcomes import agrees
from bench.packets import ingress_nginx, kube_proxy, quick, shrinking
from bench.packets.comparing import Mismatch
from bench.packets.figures import Figures
from bench.packets.observed import Observed, judge
from bench.packets.questions import Question

_KEPT = Path("build/packets")
_SHRINKING = 90.0
_ASKED_AGAIN = 8


@dataclass(frozen=True)
class Bench:
    """One of the benches.

    Attributes:
        name: Its name.
        share: Its share of the time.
        real: Whether the real kube-proxy runs on the nodes.
        observations: Observes one estate after the other.
        asked: Asks some questions about an estate that was written to a folder.
    """

    name: str
    share: float
    real: bool
    observations: Callable[[RemoteLab, int, Path, Figures], Iterator[Observed]]
    asked: Callable[[RemoteLab, Path, Sequence[Question]], Observed]


BENCHES = (
    Bench(quick.NAME, 0.4, False, quick.observations, quick.asked),
    Bench(kube_proxy.NAME, 0.25, True, kube_proxy.observations, quick.asked),
    Bench(ingress_nginx.NAME, 0.35, False, ingress_nginx.observations, ingress_nginx.rebuilt),
)


def run(bench: Bench, seconds: float, seed: int) -> Figures:
    """Observe and judge until the time is over; at least one estate."""
    figures = Figures(bench.name)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, RemoteLab(real=bench.real) as lab:
        for observed in bench.observations(lab, seed, Path(name), figures):
            wrong = judge(observed, figures)
            figures.mismatches += [(observed.seed, each) for each in wrong]
            figures.seconds = time.monotonic() - began
            if wrong:
                _show(bench, lab, observed, wrong[0])
                break
            if figures.seconds >= seconds:
                break
    return figures


def _show(bench: Bench, lab: RemoteLab, observed: Observed, wrong: Mismatch) -> None:
    """Print a contradiction, with a small estate that holds it."""
    print(f"{bench.name}, seed {observed.seed}: {wrong}", flush=True)
    kept = _KEPT / f"{bench.name.replace(' ', '-')}-{observed.seed}"

    def still(files: shrinking.Files) -> bool:
        folder = shrinking.write(files, kept)
        try:
            again = bench.asked(lab, folder, [wrong.question] * _ASKED_AGAIN)
            model = again.model()
            expected = model.expected(wrong.question)
        except (AksessError, LookupError):
            return False  # too much was left out to build it, or to ask
        return bool(expected) and any(not agrees(expected, found) for _, found in again.answers)

    files = shrinking.smallest(shrinking.read(observed.folder), still, _SHRINKING)
    shrinking.write(files, kept)
    objects = len(files["objects.json"]["items"])
    print(f"  the same with {objects} objects in {kept}", flush=True)


def main() -> None:
    """Run the benches, one after the other, and fail on a mismatch."""
    parser = argparse.ArgumentParser(description="Real packets against the model.")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None, help="default: a fresh one")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="benches whose name holds one of these")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000_000)
    print(f"seed {seed}", flush=True)
    failed = False
    chosen = [each for each in BENCHES if not given.only or any(word in each.name for word in given.only)]
    whole = sum(each.share for each in chosen)
    for bench in chosen:
        figures = run(bench, given.seconds * bench.share / whole, seed)
        failed = failed or bool(figures.mismatches)
        print(figures, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
