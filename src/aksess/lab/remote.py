"""A lab as a program outside sees it: it loads estates and sends probes, and it leaves nothing.

The lab lives in a process of its own, in namespaces of its own. Closing it, losing it to an error, an interrupt, or the
death of the process that holds it: each time the kernel takes everything back, because nothing was ever made outside.

Source: setpriv(1), --pdeathsig; unshare(1), --kill-child.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec

from aksess.errors import LabFailed, PartMissing
from aksess.lab.counters import Counted
from aksess.lab.ingress_config import Unplayed
from aksess.lab.inside import Answer, Request
from aksess.lab.namespaces import entering
from aksess.lab.parts import part
from aksess.lab.prober import Probe, Seen

__all__ = ["Loaded", "RemoteLab", "missing"]

_NEEDED: Final = ("setpriv", "unshare", "ip", "nft", "nginx")


def missing() -> str:
    """Why no lab can be built on this machine, with what to install; empty where one can."""
    for name in _NEEDED:
        try:
            part(name)
        except PartMissing as error:
            return str(error)
    tried = subprocess.run(entering(["true"]), capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"this user may not have namespaces of its own: {' '.join(tried.stderr.split())}"
    return ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a lab says of an estate: what it made up or leaves out, and what the quick form does not play."""

    notes: tuple[str, ...]
    unplayed: tuple[Unplayed, ...]


class RemoteLab:
    """A lab in namespaces of its own; use it as a context manager."""

    def __init__(self, *, real: bool = False) -> None:
        """Start it; nothing is built until an estate is loaded.

        Args:
            real: Whether the real kube-proxy runs on the nodes.

        Raises:
            LabFailed: A program is missing, or this user may not have namespaces.
        """
        self._real = real
        why = missing()
        if why:
            raise LabFailed(why)
        self._process = subprocess.Popen(
            [*part("setpriv").command, "--pdeathsig", "KILL", *entering([sys.executable, "-m", "aksess.lab.inside"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # an interrupt at the terminal is for the one who asks, who then closes this
        )

    def __enter__(self) -> RemoteLab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(self, *estate: str | Path, exclude: Sequence[str] = ()) -> Loaded:
        """Bring the lab into the state of an estate.

        Args:
            estate: Its files and folders.
            exclude: Globs of files to leave out.

        Raises:
            LabFailed: It could not be built.
        """
        answer = self._ask(Request(load=[str(each) for each in estate], exclude=list(exclude), real=self._real))
        return Loaded(tuple(answer.notes), tuple(answer.unplayed))

    def counted(self) -> list[Counted]:
        """How many packets met which rule, so far.

        Raises:
            LabFailed: The lab died.
        """
        return self._ask(Request(count=True)).counted

    def serve(
        self, objects: Sequence[dict[str, Any]], arguments: Sequence[str], namespace: str
    ) -> list[dict[str, Any]]:
        """Let the real ingress-nginx controller serve objects; returns them as they are stored.

        Raises:
            LabFailed: A part is missing, or something did not start.
        """
        return self._ask(Request(objects=list(objects), arguments=list(arguments), namespace=namespace)).stored

    def serve_estate(self, *estate: str | Path, controller: tuple[str, str], exclude: Sequence[str] = ()) -> None:
        """Let the real ingress-nginx controller stand in for one of an estate.

        Args:
            estate: Its files and folders.
            controller: Namespace and name of the controller's workload.
            exclude: Globs of files to leave out.

        Raises:
            LabFailed: A part is missing, or something did not start.
        """
        files = [str(each) for each in estate]
        self._ask(Request(load=files, exclude=list(exclude), controller=controller))

    def probe(self, probes: Sequence[Probe], *, at_once: int = 10_000, seconds: float = 0.3) -> list[Seen]:
        """What becomes of probes.

        Raises:
            LabFailed: The lab died.
        """
        return self._ask(Request(probes=list(probes), at_once=at_once, seconds=seconds)).seen

    def close(self) -> None:
        """End it; the kernel takes back everything it made."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _ask(self, request: Request) -> Answer:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise LabFailed("a lab without pipes")
        try:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            process.kill()
            raise LabFailed(f"the lab ended: {' '.join(process.stderr.read().decode(errors='replace').split())[-800:]}")
        answer = msgspec.json.decode(line, type=Answer)
        if answer.error:
            raise LabFailed(answer.error)
        return answer
