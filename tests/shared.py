"""Where the recorded data of the team lies: beside the repository, or where AKSESS_SHARED says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_path(*parts: str) -> Path:
    """A path inside the shared data; skips the test, with the reason, where it is not there."""
    named = os.environ.get("AKSESS_SHARED")
    root = Path(named) if named else Path(__file__).resolve().parent.parent.parent / "shared"
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"recorded data not here: {'/'.join(parts)} (set AKSESS_SHARED to the folder that holds it)")
    return path
