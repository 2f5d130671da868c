"""The acceptance scenarios as packets: what is expected, what the model says and what packets show are one.

The expectations themselves are checked by the scenarios' own runner; here every exposure is tried at the edges of every
set that the model foresees. What cannot be played is listed below with its reason.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import aksess
from aksess.library import rehearse
from lab.parts_fixture import need, need_namespaces
from shared import shared_path

REAL_ONLY = {
    "19-ssl-passthrough": "the flag --enable-ssl-passthrough is played by the real controller only",
    "21-canary-list-ignored": "canaries are played by the real controller only",
    "25-regex-host": "paths that are regular expressions are played by the real controller only",
}
NOTHING_TO_PLAY = {"27-api-ranges-miss-the-nat-gateway": "it is about the API server; there is no load balancer"}
IN_FULL = os.environ.get("AKSESS_REAL_SCENARIOS") == "all"
REAL = ("19-ssl-passthrough", "21-canary-list-ignored", "25-regex-host", "29-dual-stack-one-family")


def _scenarios() -> list[Path]:
    try:
        root = shared_path("scenarios")
    except pytest.skip.Exception:
        return []
    return sorted(each.parent for each in root.glob("*/*/estate"))


def test_the_scenarios_are_here() -> None:
    assert shared_path("scenarios").is_dir()


@pytest.mark.parametrize("scenario", _scenarios(), ids=lambda each: each.name)
def test_quick(scenario: Path) -> None:
    for name in ("nft", "nginx", "setpriv"):
        need(name)
    need_namespaces()
    _assert_as_foreseen(scenario, real=False, unplayed={**REAL_ONLY, **NOTHING_TO_PLAY})


@pytest.mark.parametrize(
    "scenario", [each for each in _scenarios() if IN_FULL or each.name in REAL], ids=lambda each: each.name
)
def test_real(scenario: Path) -> None:
    """Four by default, all of them with AKSESS_REAL_SCENARIOS=all."""
    for name in ("kube-apiserver", "kube-proxy", "ingress-nginx", "nft", "nginx", "nginx-lua", "setpriv"):
        need(name)
    need_namespaces()
    _assert_as_foreseen(scenario, real=True, unplayed=NOTHING_TO_PLAY)


def _assert_as_foreseen(scenario: Path, *, real: bool, unplayed: dict[str, str]) -> None:
    files = [scenario / "estate"]
    found = rehearse(aksess.read(*files), files, real=real)
    assert [f"{each.trial.source} {each.trial.exposure}: {each.shown}" for each in found.differences] == []
    assert bool(found.played) != (scenario.name in unplayed)
