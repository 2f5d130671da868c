"""Exactly one request, from the options that say what is sent."""

from __future__ import annotations

from aksess.addresses import read_address
from aksess.errors import UsageError
from aksess.library import Sent

__all__ = ["sent_of"]


def sent_of(headers: tuple[str, ...], proxy_line: str, credentials: bool, method: str, exact: bool) -> Sent | None:
    """What is sent; None where no option says so and the client keeps every choice.

    Raises:
        UsageError: A header has no colon, or the PROXY line names no address.
    """
    if not (headers or proxy_line or credentials or method or exact):
        return None
    address = read_address(proxy_line) if proxy_line else None
    if proxy_line and address is None:
        raise UsageError(f"{proxy_line!r} is no address", where="--proxy-line")
    return Sent(tuple(map(_header, headers)), address, credentials, (method or "GET").upper())


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"{text!r} is no header", where="--header", hint="'NAME: VALUE'")
    return name.strip(), value.strip()
