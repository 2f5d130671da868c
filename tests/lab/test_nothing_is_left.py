"""A rehearsal leaves nothing behind: whatever ends it, the kernel takes back what it made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Set
from pathlib import Path

import pytest

from lab.parts_fixture import need, need_namespaces

_PROGRAM = "import sys; from aksess.cli import main; main()"
_PATIENCE = 10.0


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    for name in ("nft", "nginx", "setpriv"):
        need(name)
    need_namespaces()
    folder = tmp_path / "estate"
    subprocess.run([sys.executable, "-c", _PROGRAM, "demo", "--to", str(folder)], capture_output=True, check=True)
    return folder


def _started(estate: Path, temporary: Path, *words: str, **environment: str) -> subprocess.Popen[bytes]:
    temporary.mkdir()
    # the mark is inherited by everything that a rehearsal starts, so nothing of it can hide
    own = {"TMPDIR": str(temporary), "AKSESS_TEST_MARK": str(temporary), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "rehearse", "-f", str(estate), "-o", "json", *words],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _marked(temporary: Path) -> list[Path]:
    """The processes that carry the mark of a run; nginx writes over its environment and is found by `_inside`."""
    mark = f"AKSESS_TEST_MARK={temporary}".encode()
    return [each for each in Path("/proc").glob("[0-9]*") if mark in _read(each / "environ").split(b"\0")]


def _inside(namespaces: Set[str]) -> list[str]:
    """The command lines of processes in some process namespaces."""
    return [
        _read(each / "cmdline").replace(b"\0", b" ").decode()
        for each in Path("/proc").glob("[0-9]*")
        if _namespace(each) in namespaces
    ]


def _labs(temporary: Path) -> set[str]:
    """The process namespaces of the labs of a run that have begun to work."""
    own = _namespace(Path("/proc/self"))
    working = [each for each in _marked(temporary) if b"aksess.lab.inside" in _read(each / "cmdline")]
    return {_namespace(each) for each in working} - {own, ""}


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it ended while we looked
        return b""


def _namespace(process: Path) -> str:
    try:
        return str((process / "ns/pid").readlink())
    except OSError:
        return ""


def _world() -> dict[str, object]:
    """What a lab could leave on the host: named namespaces, mounts, files, tables."""
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False).stdout
    return {
        "namespaces": _names("/run/netns"),
        "mounts": sorted(Path("/proc/self/mounts").read_text().splitlines()),
        "run": _names("/run"),
        "links": _names("/sys/class/net"),
        "tables": tables,
    }


def _names(folder: str) -> list[str]:
    return sorted(each.name for each in Path(folder).iterdir()) if Path(folder).is_dir() else []


def _working(temporary: Path) -> frozenset[str]:
    """Wait until a lab is at work: several processes are in its namespace."""
    assert _until(lambda: len(_inside(_labs(temporary))) > 3), "the lab did not start"
    return frozenset(_labs(temporary))


def _until(happened: Callable[[], bool], seconds: float = _PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.05)
    return happened()


def _assert_nothing_left(temporary: Path, before: dict[str, object], labs: frozenset[str] = frozenset()) -> None:
    assert _until(lambda: not _marked(temporary) and not _inside(labs)), _inside(labs)
    assert list(temporary.iterdir()) == []
    assert _world() == before


def test_after_a_run(estate: Path, tmp_path: Path) -> None:
    before, temporary = _world(), tmp_path / "temporary"
    running = _started(estate, temporary)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 0, said.decode()
    _assert_nothing_left(temporary, before)


def test_after_a_failure(estate: Path, tmp_path: Path) -> None:
    before, temporary = _world(), tmp_path / "temporary"
    programs = tmp_path / "programs"
    programs.mkdir()
    broken = programs / "nginx"
    broken.write_text("#!/bin/sh\nexec sleep 30\n")
    broken.chmod(0o755)
    failing = programs / "nft"
    failing.write_text("#!/bin/sh\necho no rules today >&2\nexit 1\n")
    failing.chmod(0o755)
    running = _started(estate, temporary, PATH=f"{programs}:{os.environ['PATH']}")
    _, said = running.communicate(timeout=120)
    assert running.returncode == 1
    assert "no rules today" in said.decode()
    assert "Traceback" not in said.decode()
    _assert_nothing_left(temporary, before)


def test_after_an_interrupt(estate: Path, tmp_path: Path) -> None:
    before, temporary = _world(), tmp_path / "temporary"
    running = _started(estate, temporary)
    labs = _working(temporary)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode != 0
    assert "Traceback" not in said.decode()
    _assert_nothing_left(temporary, before, labs)


@pytest.mark.parametrize("form", ["quick", "real"])
def test_after_the_parent_was_killed(estate: Path, tmp_path: Path, form: str) -> None:
    if form == "real":
        for name in ("kube-apiserver", "kube-proxy", "ingress-nginx"):
            need(name)
    before, temporary = _world(), tmp_path / "temporary"
    running = _started(estate, temporary, *(["--real"] if form == "real" else []))
    labs = _working(temporary)
    running.kill()
    running.wait()
    _assert_nothing_left(temporary, before, labs)
