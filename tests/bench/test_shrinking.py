"""Making a failing estate small: nothing that matters is lost, little that does not matter is kept."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PACKETS = Path(__file__).resolve().parents[2] / "bench" / "packets"
FOREVER = 60.0


@pytest.fixture(scope="module")
def shrinking() -> ModuleType:
    """bench/packets/shrinking.py; the bench is no part of what is installed."""
    spec = importlib.util.spec_from_file_location("bench_shrinking", PACKETS / "shrinking.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def estate(size: int) -> dict[str, Any]:
    """Two files, with numbered objects and rules, and a little inside each."""
    return {
        "objects.json": {
            "kind": "List",
            "items": [
                {
                    "name": f"object-{number}",
                    "metadata": {"annotations": {"a": "1", "b": "2"}},
                    "spec": {"ports": [1, 2]},
                }
                for number in range(size)
            ],
        },
        "azure.json": [{"properties": {"securityRules": [{"name": f"rule-{number}"} for number in range(size)]}}],
    }


def objects(files: Any) -> set[str]:
    return {each["name"] for each in files["objects.json"]["items"]}


def rules(files: Any) -> set[str]:
    return {each["name"] for each in files["azure.json"][0]["properties"]["securityRules"]}


def needing(*names: str) -> Callable[[Any], bool]:
    """Fails as before as long as these objects and rules are there."""
    return lambda files: set(names) <= objects(files) | rules(files)


@pytest.mark.parametrize(
    "needed",
    [(), ("object-0",), ("object-19",), ("rule-7",), ("object-3", "object-16", "rule-0", "rule-19")],
    ids=lambda each: "+".join(each) or "nothing",
)
def test_what_is_left_is_what_is_needed(shrinking: ModuleType, needed: tuple[str, ...]) -> None:
    found = shrinking.smallest(estate(20), needing(*needed), FOREVER)
    assert objects(found) | rules(found) == set(needed)


def test_it_is_the_same_estate_that_still_fails(shrinking: ModuleType) -> None:
    """Every answer is about what is returned in the end, not about some other combination of pieces."""
    asked: list[Any] = []

    def odd(files: Any) -> bool:
        holds = len(objects(files)) % 2 == 1 and "rule-2" in rules(files)
        if holds:
            asked.append(files)
        return holds

    found = shrinking.smallest(estate(9), odd, FOREVER)
    assert odd(found)
    assert found in asked
    assert (len(objects(found)), rules(found)) == (1, {"rule-2"})


def test_pieces_that_need_each_other_go_together(shrinking: ModuleType) -> None:
    """Two halves of a pair can only be left out at once: many at once are tried before each alone."""

    def paired(files: Any) -> bool:
        return ("object-0" in objects(files)) == ("object-1" in objects(files))

    assert objects(shrinking.smallest(estate(4), paired, FOREVER)) == set()


def test_what_objects_hold_is_made_small_too(shrinking: ModuleType) -> None:
    def still(files: Any) -> bool:
        kept = [each for each in files["objects.json"]["items"] if each["name"] == "object-5"]
        return bool(kept) and "b" in kept[0]["metadata"]["annotations"] and 2 in kept[0]["spec"]["ports"]

    found = shrinking.smallest(estate(8), still, FOREVER)
    assert found["objects.json"] == {
        "kind": "List",
        "items": [{"name": "object-5", "metadata": {"annotations": {"b": "2"}}, "spec": {"ports": [2]}}],
    }


def test_it_is_quick_about_what_does_not_matter(shrinking: ModuleType) -> None:
    """Of a thousand pieces of which one matters, not a thousand questions are asked."""
    asked = 0

    def still(files: Any) -> bool:
        nonlocal asked
        asked += 1
        return "rule-777" in rules(files)

    found = shrinking.smallest(estate(1000), still, FOREVER)
    assert (objects(found), rules(found)) == (set(), {"rule-777"})
    assert asked < 100


def test_when_the_time_is_over_what_is_left_still_fails(shrinking: ModuleType) -> None:
    def slow(files: Any) -> bool:
        time.sleep(0.02)
        return needing("object-3", "rule-8")(files)

    began = time.monotonic()
    found = shrinking.smallest(estate(200), slow, 0.1)
    assert time.monotonic() - began < 2
    assert needing("object-3", "rule-8")(found)
    assert shrinking.smallest(estate(3), slow, 0) == estate(3)


def test_what_was_given_stays_as_it_was(shrinking: ModuleType) -> None:
    given = estate(5)
    shrinking.smallest(given, needing("object-1"), FOREVER)
    assert given == estate(5)


# Pieces.


def test_pieces_are_elements_of_lists_and_of_maps_under_certain_keys(shrinking: ModuleType) -> None:
    files = {"a.json": {"items": [{"spec": {"ports": [80]}}, "x"], "other": [1], "annotations": {"k": "v"}}}
    assert list(shrinking.pieces(files, {"items"})) == [("a.json", "items", 0), ("a.json", "items", 1)]
    assert list(shrinking.pieces(files, {"ports", "annotations"})) == [
        ("a.json", "items", 0, "spec", "ports", 0),
        ("a.json", "annotations", "k"),
    ]
    assert list(shrinking.pieces({"items": [1]}, {"items"})) == [("items", 0)]


def test_without_some_pieces_the_others_stay_in_their_order(shrinking: ModuleType) -> None:
    files = {"a": {"items": ["p", {"ports": [1, 2, 3]}, "q"], "n": None}}
    gone = [("a", "items", 0), ("a", "items", 1, "ports", 1)]
    assert shrinking.without(files, gone) == {"a": {"items": [{"ports": [1, 3]}, "q"], "n": None}}
    assert shrinking.without(files, []) == files


def test_an_estate_is_written_in_place_of_what_was_there(shrinking: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "estate"
    shrinking.write({"old.json": [1], "kept.json": {"a": "ä"}}, folder)
    (folder / "notes.txt").write_text("mine")
    assert shrinking.write({"kept.json": {"b": [None, True]}}, folder) == folder
    assert shrinking.read(folder) == {"kept.json": {"b": [None, True]}}
    assert (folder / "notes.txt").read_text() == "mine"
