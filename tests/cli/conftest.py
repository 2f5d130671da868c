"""Running commands as a shell would, without a process each, and the demo estate to run them on."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import aksess.demo
from aksess.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``aksess WORDS`` and take its exit code and what it wrote."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def ran(*words: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        gc.enable()  # the command turns the collector off for its own process
        out, err = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, out, err)

    return ran


@pytest.fixture(scope="session")
def demo() -> str:
    """The folder of the demo estate."""
    return str(Path(next(iter(aksess.demo.__path__))))
