"""Feeds and names as they are asked for outside: over https only, bounded, and never another error than OSError."""

from __future__ import annotations

import io
import socket
import urllib.request
from typing import Any

import pytest

from aksess.policy import feeds

URL = "https://feeds.example.com/"


class Opener:
    """Gives one content for every request."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def open(self, request: urllib.request.Request, timeout: float) -> io.BytesIO:
        assert (request.full_url, timeout) == (URL, 20)
        return io.BytesIO(self.content)


def test_a_feed_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    opener = Opener(b"x" * feeds.MAX_BYTES)
    monkeypatch.setattr(urllib.request, "build_opener", lambda *_: opener)
    assert len(feeds.fetch(URL)) == feeds.MAX_BYTES
    opener.content += b"x"
    with pytest.raises(OSError, match="it is larger than 8 MiB"):
        feeds.fetch(URL)


def test_a_redirect_stays_on_https() -> None:
    handler = feeds._OnlyHttps()
    given: tuple[Any, ...] = (urllib.request.Request(URL), None, 302, "Found", {})
    with pytest.raises(OSError, match=r"it redirects to http://a\.example/, which is not https"):
        handler.redirect_request(*given, "http://a.example/")
    assert handler.redirect_request(*given, "https://a.example/").full_url == "https://a.example/"


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(OSError, match="refused"):
        feeds.fetch("https://127.0.0.1:1/")
    with pytest.raises(OSError, match="nonnumeric port"):
        feeds.fetch("https://127.0.0.1:port/")


def test_a_name_is_asked_for_once_and_in_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(name: str, port: None, **asked: int) -> list[tuple[Any, ...]]:
        found = [("2001:db8::1", 0, 0, 0), ("192.0.2.1", 0), ("192.0.2.1", 0)]
        return [(0, asked["type"], 0, "", address) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert feeds.look_up("vpn.example.com") == ["192.0.2.1", "2001:db8::1"]


def test_a_name_that_cannot_be_asked_for() -> None:
    with pytest.raises(OSError, match="no name that can be asked for"):
        feeds.look_up("a" * 70 + ".example.com")
