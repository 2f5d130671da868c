"""The model against 17,785 recorded answers of the real controller (1.11.0 and a few commits) with real nginx.

Every question must get the same effect, status, Service and judged address. Estates marked ``stale`` were loaded over
an older configuration that stayed in force because nginx refused the new one; from their objects alone nobody can know
what that was, so the right answer there is a doubt with the reason that nginx refuses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aksess.controllers.ingress_nginx import find
from ingress_nginx.estates import address, estate_of, one
from ingress_nginx.recorded import differences, estates, expected_differences, request_of
from shared import shared_path


def _files() -> Iterator[Path]:
    yield shared_path("data", "ingress-nginx", "answers.jsonl.gz")
    for name in filter(None, os.environ.get("AKSESS_ANSWERS", "").split(":")):
        yield Path(name)


def _compared(estate: dict[str, Any], known: dict[tuple[str, str, str], str]) -> list[str]:
    read = estate_of(estate["objects"])
    assert not read.unread, [each.reason for each in read.unread]
    found = find(read)
    assert len(found) == 1
    wrong: list[str] = []
    for ask in estate["asks"]:
        said = one(found[0].answer(request_of(ask)), ask["from"])
        if estate.get("stale"):
            differing = [] if said.effect == "doubt" and found[0].broken else [f"{said!r} instead of a doubt"]
        else:
            differing = differences(ask, said)
        if differing and (estate["id"], ask["from"], ask["to"]) not in known:
            wrong.append(f"{estate['id']} {ask}: {'; '.join(differing)}")
    return wrong


def test_recorded_answers_ingress_nginx() -> None:
    known = expected_differences()
    compared = 0
    wrong: list[str] = []
    for file in _files():
        for estate in estates(file):
            compared += len(estate["asks"])
            wrong.extend(_compared(estate, known))
    assert compared >= 17_785
    assert not wrong, f"{len(wrong)} of {compared} differ:\n" + "\n".join(wrong[:20])


def test_the_comparison_notices_differences() -> None:
    """The comparison itself can fail: an answer with one thing changed differs."""
    file = next(_files())
    estate = next(each for each in estates(file) if each["family"] == "lists")
    controller = find(estate_of(estate["objects"]))[0]
    ask = next(each for each in estate["asks"] if each["effect"] == "reached")
    said = one(controller.answer(request_of(ask)), ask["from"])
    assert not differences(ask, said)
    assert differences({**ask, "effect": "forbidden"}, said)
    assert differences({**ask, "backend": "web/nobody"}, said)
    assert differences({**ask, "seen": "192.0.2.99"}, said)
    refused = next(each for each in estate["asks"] if each["effect"] == "forbidden")
    stopped = one(controller.answer(request_of(refused)), refused["from"])
    assert not differences(refused, stopped)
    assert differences({**refused, "status": 503}, stopped)
    assert address(ask["from"]) != address("192.0.2.99")
