"""Running real programs: one that ends, and one that stays until it is stopped.

A program that stays writes what it says into a file. Where it does not get ready, or dies, the error carries the last
lines of that file: in a namespace that is gone a moment later, nobody can look them up.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aksess.errors import ProgramFailed

__all__ = ["Program", "run", "until"]

_PAUSE = 0.02


def run(*command: str, text: str = "") -> str:
    """Run a command to its end.

    Args:
        command: The command line.
        text: What it reads on standard input.

    Returns:
        What it wrote on standard output.

    Raises:
        ProgramFailed: It ended with an error.
    """
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise ProgramFailed(f"{' '.join(command)} ended with {done.returncode}: {said[-800:]}")
    return done.stdout


def until(ready: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again until the answer is yes; False where it was not within so many seconds."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE)
    return True


class Program:
    """A program that stays.

    Attributes:
        name: What to call it in errors.
        log: The file that holds what it says.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it.

        Args:
            name: What to call it in errors.
            command: The command line.
            log: The file for what it says.
            environment: What is set for it besides the environment of this process.
        """
        self.name = name
        self.log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )

    @property
    def runs(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def wait(self, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until it is ready.

        Raises:
            ProgramFailed: It died, or was not ready within so many seconds.
        """
        if not until(lambda: not self.runs or ready(), seconds):
            raise ProgramFailed(f"{self.name} was not ready within {seconds:g} s; it said: {self.said()}")
        if not self.runs:
            raise ProgramFailed(f"{self.name} ended with {self._process.returncode}; it said: {self.said()}")

    def stop(self, seconds: float = 10) -> None:
        """End it; with force where it does not end by itself."""
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def said(self, lines: int = 12) -> str:
        """The last lines that it said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
