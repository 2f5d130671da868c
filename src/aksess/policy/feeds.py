"""What lies outside the documents: lists of addresses behind a URL, and the addresses of DNS names.

Both are asked for when a plan is made, once, and by functions that a caller may replace (`Fetch`, `LookUp`): a test
gives its own, a plan in a pipeline without a way out gives one that refuses.
"""

from __future__ import annotations

import hashlib
import json
import socket
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from typing import Any

from aksess.addresses import AddressSet, set_of
from aksess.addresses.parsing import Network, cloud_provider_network, plain_source, read_address
from aksess.errors import ParseError
from aksess.policy.documents import shown

__all__ = ["MAX_BYTES", "Fetch", "LookUp", "addresses_of", "fetch", "look_up", "read_feed"]

Fetch = Callable[[str], bytes]
"""The content behind an https URL; OSError where it cannot be had."""
LookUp = Callable[[str], Sequence[str]]
"""The addresses of a DNS name; OSError where it has none."""

MAX_BYTES = 8 << 20
_SECONDS = 20


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only where it stays on https."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.lower().startswith("https://"):
            raise OSError(f"it redirects to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(url: str) -> bytes:
    """The content behind a URL, over https with a verified certificate, and at most `MAX_BYTES` of it.

    Raises:
        OSError: It cannot be had.
    """
    opener = urllib.request.build_opener(_OnlyHttps)
    request = urllib.request.Request(url, headers={"User-Agent": "aksess"})
    try:
        with opener.open(request, timeout=_SECONDS) as reply:
            content: bytes = reply.read(MAX_BYTES + 1)
    except (HTTPException, ValueError) as error:
        raise OSError(str(error) or type(error).__name__) from None
    if len(content) > MAX_BYTES:
        raise OSError(f"it is larger than {MAX_BYTES >> 20} MiB")
    return content


def look_up(name: str) -> Sequence[str]:
    """The addresses of a DNS name, of both families, as this machine resolves it.

    Raises:
        OSError: It does not resolve.
    """
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"no name that can be asked for: {error}") from None
    return sorted({str(address[0]) for *_, address in found})


def addresses_of(texts: Sequence[str]) -> AddressSet:
    """The set of what a look-up gave.

    Raises:
        ParseError: Nothing, or something that is no address.
    """
    if not texts:
        raise ParseError("it has no addresses")
    for text in texts:
        if read_address(text) is None:
            raise ParseError(f"{shown(text)} is no address")
    return set_of([plain_source(text) for text in texts])


def read_feed(content: bytes, digest: str | None) -> AddressSet:
    """The addresses of a feed: a text with one address or CIDR a line (``#`` begins a remark), or a JSON list of texts.

    Args:
        content: The feed.
        digest: The SHA-256 digest that it must have; None for any.

    Raises:
        ParseError: Another digest, no text, an empty feed, or a line that is neither an address nor a CIDR: of a feed
            that is not understood as a whole, nothing is taken.
    """
    found = hashlib.sha256(content).hexdigest()
    if digest is not None and found != digest:
        raise ParseError(f"its SHA-256 digest is {found}, not {digest}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ParseError("it is no UTF-8 text") from None
    networks = [
        _network(value, place) for value, place in (_listed(text) if text.lstrip()[:1] == "[" else _lines(text))
    ]
    if not networks:
        raise ParseError("it holds no address")
    return set_of(networks)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        value = line.partition("#")[0].strip()
        if value:
            yield value, f"line {number}"


def _listed(text: str) -> Iterator[tuple[str, str]]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise ParseError("it is broken JSON") from None
    for number, value in enumerate(values, 1):
        if not isinstance(value, str):
            raise ParseError(f"element {number}: {shown(value)} is no text")
        yield value, f"element {number}"


def _network(text: str, place: str) -> Network:
    try:
        return cloud_provider_network(text) if "/" in text else plain_source(text)
    except ParseError as error:
        raise ParseError(f"{place}: {error.what}") from None
