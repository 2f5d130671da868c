"""Targets: what a question is about, as people write it.

``https://host/path``, ``http://host/path``, ``tcp://ADDRESS:PORT``, ``udp://ADDRESS:PORT``,
``tcp://NAMESPACE/SERVICE:PORT`` and ``api-server[/CLUSTER]`` (contract §2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from aksess.addresses import Address, read_address
from aksess.errors import TargetError

__all__ = ["AddressTarget", "ApiServerTarget", "HttpTarget", "ServiceTarget", "Target", "parse_target"]

_HINT = "https://host/path, tcp://ADDRESS:PORT, udp://ADDRESS:PORT, tcp://NAMESPACE/SERVICE:PORT or api-server"
_HOST = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """A host and path over HTTP; ``port`` is the frontend port that the scheme stands for, or the one written."""

    text: str
    scheme: Literal["http", "https"]
    host: str
    path: str
    port: int


@dataclass(frozen=True, slots=True)
class AddressTarget:
    """A frontend, node or other address with a port."""

    text: str
    protocol: Literal["TCP", "UDP"]
    address: Address
    port: int


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """A port of a Service, over all frontends that lead to it."""

    text: str
    protocol: Literal["TCP", "UDP"]
    namespace: str
    service: str
    port: int


@dataclass(frozen=True, slots=True)
class ApiServerTarget:
    """The API server of a cluster; of all clusters in the input where none is named."""

    text: str
    cluster: str


Target = HttpTarget | AddressTarget | ServiceTarget | ApiServerTarget


def parse_target(text: str) -> Target:
    """A target from its text.

    Raises:
        TargetError: It has none of the forms, with the forms named.
    """
    head, _, name = text.partition("/")
    if head == "api-server":
        return ApiServerTarget(text, name)
    scheme, found, rest = text.partition("://")
    if not found:
        raise TargetError(f"{text!r} is no target", hint=_HINT)
    if scheme in {"http", "https"}:
        return _http(text, scheme, rest)
    if scheme in {"tcp", "udp"}:
        return _transport(text, "TCP" if scheme == "tcp" else "UDP", rest)
    raise TargetError(f"{scheme!r} is no scheme of a target", hint=_HINT)


def parse_entry(text: str) -> tuple[Address, int | None]:
    """An entry, as ``--entry`` takes it: ``ADDRESS[:PORT]``.

    Raises:
        TargetError: It is neither.
    """
    address = read_address(text.strip("[]"))
    if address is not None:
        return address, None
    body, port = _split_port(text)
    address = read_address(body.strip("[]"))
    if address is None or port is None:
        raise TargetError(f"{text!r} is no entry", hint="ADDRESS or ADDRESS:PORT, [IPv6]:PORT")
    return address, port


def _http(text: str, scheme: str, rest: str) -> HttpTarget:
    authority, slash, path = rest.partition("/")
    body, port = _split_port(authority)
    if not body or (not _HOST.match(body) and read_address(body.strip("[]")) is None):
        raise TargetError(f"{text!r} names no host", hint="https://host/path")
    if port is None and authority != body:
        raise TargetError(f"{text!r} has no usable port", hint="1 to 65535")
    path = (slash + path).partition("#")[0].partition("?")[0] or "/"
    if any(char.isspace() or not char.isprintable() for char in path):
        raise TargetError(f"{text!r} has blanks or control characters in its path", hint="write them as %20")
    default = 443 if scheme == "https" else 80
    literal: Literal["http", "https"] = "https" if scheme == "https" else "http"
    return HttpTarget(text, literal, body.lower(), path, port or default)


def _transport(text: str, protocol: Literal["TCP", "UDP"], rest: str) -> AddressTarget | ServiceTarget:
    body, port = _split_port(rest.rstrip("/"))
    if port is None:
        raise TargetError(f"{text!r} has no port", hint="tcp://ADDRESS:PORT or tcp://NAMESPACE/SERVICE:PORT")
    address = read_address(body.strip("[]"))
    if address is not None:
        return AddressTarget(text, protocol, address, port)
    namespace, slash, service = body.partition("/")
    if slash and _NAME.match(namespace) and _NAME.match(service):
        return ServiceTarget(text, protocol, namespace, service, port)
    raise TargetError(
        f"{text!r} names no address and no Service", hint="tcp://ADDRESS:PORT or tcp://NAMESPACE/SERVICE:PORT"
    )


def _split_port(text: str) -> tuple[str, int | None]:
    """Host and port; the port is None where there is none or it is no port."""
    if text.startswith("["):
        body, _, tail = text.partition("]")
        body, tail = body + "]", tail.removeprefix(":") if tail.startswith(":") else ""
    else:
        body, colon, tail = text.rpartition(":")
        if not colon:
            return text, None
        if ":" in body:
            return text, None  # a bare IPv6 address
    valid = tail.isascii() and tail.isdigit() and len(tail) <= 5 and 0 < int(tail) < 65536
    return body, int(tail) if valid else None
