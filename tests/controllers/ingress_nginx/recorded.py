"""Recorded answers of the real controller: reading them, and comparing what the model says."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aksess.addresses import read_address
from aksess.controllers.ingress_nginx.client_address import folded
from aksess.controllers.interface import Request
from ingress_nginx.estates import Said, address

__all__ = ["differences", "estates", "expected_differences", "request_of"]

_OWN_STATUS = {"reached", "refused", "doubt"}


def estates(path: Path) -> Iterator[dict[str, Any]]:
    """The recorded estates of a file; files of other kinds (their estates have no ``args``) give none."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            estate = json.loads(line)
            if "args" in estate:
                yield estate


def expected_differences() -> dict[tuple[str, str, str], str]:
    """Questions whose recorded answer the model does not give, with the reason: estate, source and target each."""
    path = Path(__file__).with_name("expected_differences.json")
    return {(each["estate"], each["from"], each["to"]): each["reason"] for each in json.loads(path.read_text())}


def request_of(ask: dict[str, Any]) -> Request:
    """The request of one recorded question: nothing is sent but what it says."""
    scheme, _, rest = ask["to"].partition("://")
    name, slash, path = rest.partition("/")
    parts = urlsplit(f"//{name}")
    return Request(
        "https" if scheme == "https" else "http",
        parts.hostname or "",
        f"{slash}{path}" or "/",
        method=ask.get("method", "GET"),
        headers=tuple((ask.get("headers") or {}).items()),
        proxy_line=read_address(ask["proxy"]) if ask.get("proxy") else None,
        credentials=bool(ask.get("user")),
        exact=True,
        port=parts.port or 0,
    )


def differences(ask: dict[str, Any], said: Said) -> list[str]:
    """Where the model differs from what was recorded.

    A status is compared where the controller made it itself; what a Service answers is the Service's own.
    """
    found: list[str] = []
    if said.effect != ask["effect"]:
        found.append(f"effect {said.effect} instead of {ask['effect']}")
    status = said.ruling.status
    if status is None and said.effect not in _OWN_STATUS and ask.get("via") is None:
        found.append(f"no status instead of {ask['status']}")
    if status is not None and status != ask["status"]:
        found.append(f"status {status} instead of {ask['status']}")
    if said.backend != (ask["backend"] if ask["effect"] == "reached" else None):
        found.append(f"backend {said.backend} instead of {ask['backend']}")
    if ask["effect"] == "reached" and ask["seen"] and said.judged is not None:
        seen, judged = folded(address(ask["seen"])), folded(address(said.judged))
        if seen != judged:
            found.append(f"judged {judged} instead of {seen}")
    return found
