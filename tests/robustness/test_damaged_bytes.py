"""Files cut anywhere and bytes changed: an answer or one line of error, and no denial that the damage could have made.

A cut JSON file never reads as a whole one, so nothing is denied any more. A cut YAML file may read as a shorter one
that means something else; only where something in it was not understood may nothing be denied. Beside the file that is
damaged all others stay whole, as when one of many files is broken.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aksess.errors import AksessError
from aksess.rulings import Verdict
from robustness.questions import everything_asked, limited, read
from robustness.random_cases import bounded
from robustness.small_estates import ESTATES, SmallEstate, text_of
from shared import shared_path

FILES = [(name, file) for name, each in ESTATES.items() for file in each.files]
SCENARIOS = ("estates", "azure", "controllers")


def answered(whole: SmallEstate, file: str, content: bytes) -> tuple[bool, list[tuple[str, str]]]:
    """Whether a gap reaches everything in the damaged estate, and which questions it answers with a denial."""
    with tempfile.TemporaryDirectory() as folder, limited():
        estate = read(whole.write(Path(folder), {**whole.files, file: content}))
        if isinstance(estate, AksessError):
            return True, []
        found = everything_asked(estate, whole)
        return bool(estate.gaps()), [each for each, verdict in found.items() if verdict == Verdict.DENIED]


def certain(question: tuple[str, str]) -> bool:
    """Whether a question can be denied whatever is not understood: an IPv6 client of an IPv4 address."""
    source, target = question
    return ":" in source and target.startswith(("tcp://", "udp://"))


@pytest.mark.parametrize(("name", "file"), FILES, ids=[f"{name}-{file}" for name, file in FILES])
@given(data=st.data())
@bounded(12)
def test_a_cut_file_denies_nobody(name: str, file: str, data: st.DataObject) -> None:
    whole = ESTATES[name]
    content = text_of(file, whole.files[file]).encode()
    end = data.draw(st.integers(1, len(content) - 2))
    gap, denied = answered(whole, file, content[:end])
    if file.endswith(".json"):
        assert gap, "a cut JSON file is no whole one"
    if gap:
        assert all(certain(each) for each in denied)


@pytest.mark.parametrize(("name", "file"), FILES, ids=[f"{name}-{file}" for name, file in FILES])
@given(data=st.data())
@bounded(12)
def test_changed_bytes_end_properly(name: str, file: str, data: st.DataObject) -> None:
    whole = ESTATES[name]
    content = bytearray(text_of(file, whole.files[file]).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from(NASTY) | st.integers(0, 255))
    gap, denied = answered(whole, file, bytes(content))
    if gap:
        assert all(certain(each) for each in denied)


NASTY = list(b"\x00\t\n\r '\"#%&*,-:<>?@[]`{|}!~\xc3\xff0")


def scenarios() -> list[Path]:
    """The recorded scenarios, if they are here."""
    try:
        return sorted(each for kind in SCENARIOS for each in shared_path("scenarios", kind).iterdir() if each.is_dir())
    except pytest.skip.Exception:
        return []


def of_scenario(folder: Path) -> SmallEstate:
    """A recorded scenario as an estate with questions."""
    expected: dict[str, Any] = yaml.safe_load((folder / "expect.yaml").read_text())
    asked = [(str(each["from"]), each["to"], each["verdict"]) for each in expected.get("explain") or []]
    files = {str(each.relative_to(folder / "estate")): each.read_bytes() for each in (folder / "estate").rglob("*.*")}
    allowed, denied = (
        tuple((source, target) for source, target, verdict in asked if verdict == wanted and "/" not in source)
        for wanted in ("allowed", "denied")
    )
    return SmallEstate(folder.name, files, allowed[:4], denied[:2])


NOWHERE = pytest.param(None, marks=pytest.mark.skip("no recorded scenarios here"), id="none")
FOLDERS = [pytest.param(each, id=f"{each.parent.name}-{each.name}") for each in scenarios()]


@pytest.mark.parametrize("folder", FOLDERS or [NOWHERE])
@given(data=st.data())
@bounded(2)
def test_scenarios_with_a_cut_or_changed_file(folder: Path, data: st.DataObject) -> None:
    whole = of_scenario(folder)
    file = data.draw(st.sampled_from(sorted(whole.files)))
    content = whole.files[file]
    at = data.draw(st.integers(1, len(content) - 2))
    changed = content[:at] if data.draw(st.booleans()) else content[:at] + b"\x00[" + content[at + 1 :]
    gap, denied = answered(whole, file, changed)
    if gap:
        assert all(certain(each) for each in denied)
