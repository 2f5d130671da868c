"""``aksess rehearse`` as a command: exit codes, forms, and what it refuses before or instead of building a lab."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from aksess.errors import LabFailed
from aksess.lab import parts, remote
from aksess.lab.prober import Probe, Seen
from cli.conftest import Run
from rehearsal.fake_lab import REACHED, FakeLabs, reached_as

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "ports": [{"port": 80, "nodePort": 30080}],
        "loadBalancerSourceRanges": ["203.0.113.0/24"],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "20.50.60.70"}]}},
}
EXPOSURE = "tcp://shop/web:80@20.50.60.70:80"


@pytest.fixture
def estate(tmp_path: Path) -> str:
    """One Service that admits one range."""
    file = tmp_path / "estate" / "service.json"
    file.parent.mkdir()
    file.write_text(json.dumps(SERVICE))
    return str(file.parent)


def _as_foreseen(probe: Probe, loads: int) -> Seen:
    return reached_as(probe.source) if probe.source.startswith("203.0.113.") else Seen("timeout")


def _only_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Let the lab find every program but one."""
    found = parts.Part(missing, Path("/usr/bin/true"))
    monkeypatch.setattr(parts, "_in_path", lambda name: None if name == missing else found)


# Exit codes and forms.


def test_it_ends_with_zero_where_packets_go_as_foreseen(run: Run, estate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeLabs.instead(monkeypatch, _as_foreseen)
    told = run("rehearse", "-f", estate)
    assert told.code == 0
    assert "every one ended as foreseen" in told.out
    assert EXPOSURE in told.out
    assert not told.err


def test_it_ends_with_two_where_one_goes_another_way(run: Run, estate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaking(probe: Probe, loads: int) -> Seen:
        return REACHED if probe.source == "203.0.114.0" else _as_foreseen(probe, loads)

    FakeLabs.instead(monkeypatch, leaking)
    told = run("rehearse", "-f", estate)
    assert told.code == 2
    assert "1 of 7 connections ended otherwise than foreseen" in told.out.splitlines()[0]
    assert "203.0.114.0" in told.out[told.out.index("1 difference") :]


@pytest.mark.parametrize(
    ("form", "begins"), [("json", "{"), ("markdown", "## ✗ "), ("html", "<!doctype html>"), ("text", "7 of 7")]
)
def test_every_form_has_the_same_exit_code(
    run: Run, estate: str, monkeypatch: pytest.MonkeyPatch, form: str, begins: str
) -> None:
    FakeLabs.instead(monkeypatch, lambda probe, loads: Seen("refused"))
    told = run("rehearse", "-f", estate, "-o", form)
    assert told.code == 2
    assert told.out.startswith(begins)
    assert told.out.endswith("\n")
    if form == "json":
        found = json.loads(told.out)
        assert (found["schemaVersion"], found["differences"], len(found["trials"])) == ("1", 7, 7)


def test_undecided_connections_are_nothing_to_act_on(run: Run, estate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(estate, "service.json").write_text(
        json.dumps(
            SERVICE
            | {
                "metadata": {
                    **SERVICE["metadata"],  # type: ignore[dict-item]
                    "annotations": {"service.beta.kubernetes.io/azure-disable-load-balancer-nsg-rule": "true"},
                }
            }
        )
    )
    FakeLabs.instead(monkeypatch, _as_foreseen)
    told = run("rehearse", "-f", estate, "--from", "203.0.113.7")
    assert told.code == 0
    assert "3 could not be foreseen" in told.out


def test_real_asks_for_the_real_parts(run: Run, estate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    labs = FakeLabs.instead(monkeypatch, _as_foreseen)
    assert "the quick form" in run("rehearse", "-f", estate).out
    assert labs.done[0] == "started"
    labs.done.clear()
    assert "the real kube-proxy" in run("rehearse", "-f", estate, "--real").out
    assert labs.done[0] == "real"


def test_sources_can_be_named(run: Run, estate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    labs = FakeLabs.instead(monkeypatch, _as_foreseen)
    run("rehearse", "-f", estate, "--from", "198.51.100.0/31", "--from", "203.0.113.7")
    assert [each.source for each in labs.asked[0]] == [
        *("198.51.99.255", "198.51.100.0", "198.51.100.1", "198.51.100.2"),
        *("203.0.113.6", "203.0.113.7", "203.0.113.8"),
    ]


def test_files_that_are_left_out_are_left_out_of_the_lab_too(
    run: Run, estate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    def remember(lab: object, *files: object, exclude: Sequence[str] = ()) -> object:
        asked.append([*map(str, files), *exclude])
        raise LabFailed("enough")

    labs = FakeLabs.instead(monkeypatch, _as_foreseen)
    monkeypatch.setattr(type(labs()), "load", remember)
    told = run("rehearse", "-f", estate, "--exclude", "*.yaml", "--exclude", "old/*")
    assert (told.code, asked) == (1, [[estate, "*.yaml", "old/*"]])


# What it refuses.


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-f", "-"), "an estate from standard input cannot be rehearsed"),
        (("-f", "ESTATE", "-f", "-"), "an estate from standard input cannot be rehearsed"),
        (("-f", "ESTATE", "--from", "300.1.1.1"), "'300.1.1.1' is no source"),
        (("-f", "ESTATE", "--from", "203.0.113.7", "--from", "banana!"), "'banana!' is no source"),
        (("-f", "ESTATE", "--from", "Sql"), "service tag Sql is in no tag file of the input"),
        (("-f", "no/such/folder"), "no/such/folder does not exist"),
        ((), "no input was given"),
    ],
)
def test_a_wrong_question_starts_no_lab(
    run: Run, estate: str, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    labs = FakeLabs.instead(monkeypatch, _as_foreseen)
    told = run("rehearse", *(estate if each == "ESTATE" else each for each in words))
    assert told.code == 1
    assert message in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert not told.out
    assert labs.done == []


@pytest.mark.parametrize("name", ["nft", "nginx", "unshare", "setpriv", "ip"])
def test_without_a_program_it_names_what_is_missing(
    run: Run, estate: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    _only_missing(monkeypatch, name)
    monkeypatch.setattr(remote.subprocess, "Popen", _nothing_may_start)
    told = run("rehearse", "-f", estate)
    assert told.code == 1
    assert told.err.startswith("aksess: ")
    assert re.search(rf"\b{name}", told.err)
    assert len(told.err.strip().splitlines()) == 1
    assert not told.out


def test_without_a_path_it_names_what_is_missing(
    run: Run, estate: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(parts, "_SYSTEM_FOLDERS", "")
    told = run("rehearse", "-f", estate)
    assert told.code == 1
    assert "setpriv" in told.err
    assert "Traceback" not in told.err


def test_without_namespaces_it_says_so(run: Run, estate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "unshare: unshare failed:\nOperation not permitted\n")

    monkeypatch.setattr(parts, "_in_path", lambda name: parts.Part(name, Path("/usr/bin", name)))
    monkeypatch.setattr(remote.subprocess, "run", refused)
    monkeypatch.setattr(remote.subprocess, "Popen", _nothing_may_start)
    told = run("rehearse", "-f", estate)
    assert told.code == 1
    assert told.err == (
        "aksess: this user may not have namespaces of its own: unshare: unshare failed: Operation not permitted\n"
    )


def _nothing_may_start(*_: object, **__: object) -> object:
    raise AssertionError("something was started")
