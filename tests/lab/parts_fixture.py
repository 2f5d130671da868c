"""Asking for real programs in tests: what is not here is a skip with its reason, or a failure where it is required."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from aksess.errors import PartMissing
from aksess.lab.namespaces import entering
from aksess.lab.parts import Part, part

_REQUIRED = "AKSESS_REQUIRE_PARTS"
_OF_EXPORTS = {"helm", "kustomize", "opentofu", "azurerm"}
SCENES = Path(__file__).with_name("scenes.py")


def need(name: str) -> Part:
    """The part; without it the test is skipped, or fails under AKSESS_REQUIRE_PARTS=1.

    Tools that only exports are checked with take ten minutes to build: they are required by name,
    AKSESS_REQUIRE_EXPORT_PARTS=1.
    """
    try:
        return part(name)
    except PartMissing as missing:
        _do_without(str(missing), "AKSESS_REQUIRE_EXPORT_PARTS" if name in _OF_EXPORTS else _REQUIRED)


def need_namespaces() -> None:
    """Skip the test, or fail it, where this user cannot have namespaces of its own."""
    need("unshare")
    need("ip")
    reason = _why_no_namespaces()
    if reason:
        _do_without(f"no user namespaces here: {reason}")


def scene(name: str, *words: str, **environment: str) -> Any:
    """Play a scene of scenes.py in namespaces of its own and return what it saw."""
    need_namespaces()
    played = subprocess.run(
        entering([sys.executable, str(SCENES), name, *words]),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert played.returncode == 0, played.stderr
    return json.loads(played.stdout)


@functools.cache
def _why_no_namespaces() -> str:
    tried = subprocess.run(entering(["true"]), capture_output=True, text=True, check=False)
    return (
        ""
        if tried.returncode == 0
        else f"{tried.stderr.strip()} (see user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
    )


def _do_without(reason: str, required: str = _REQUIRED) -> NoReturn:
    if os.environ.get(required) == "1":
        pytest.fail(f"{reason}; {required}=1 asks for it", pytrace=False)
    pytest.skip(reason)
