"""The seam of proxies: what is published to whom, and how a proxy is started with it.

Whoever is not admitted gets 403, a host or path that nobody publishes 404. A proxy listens on one port of every address
of its host, IPv4 and IPv6.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aksess.lab.parts import part
from aksess.lab.programs import Program

__all__ = ["ListProxy", "Setup", "Site", "started"]


@dataclass(frozen=True, slots=True)
class Site:
    """One host and path with its lists.

    Attributes:
        host: Exact host name.
        path: Path prefix, matched element by element as Ingress does; ``/`` for all.
        allow: CIDRs that get in; empty for everybody.
        deny: CIDRs that do not, whatever `allow` says.
    """

    host: str
    path: str = "/"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """What a proxy is to do.

    Attributes:
        sites: What it publishes; of two paths of one host the longer counts.
        application: ``ADDRESS:PORT`` (IPv4) that every site leads to.
        port: The port it listens on.
        trusted: CIDRs of proxies in front whose ``X-Forwarded-For`` is believed; empty for none.
        proxy_protocol: Whether every connection begins with a PROXY protocol line.
    """

    sites: tuple[Site, ...]
    application: str
    port: int = 8080
    trusted: tuple[str, ...] = ()
    proxy_protocol: bool = False

    @property
    def by_length(self) -> list[Site]:
        """The sites, longer paths first."""
        return sorted(self.sites, key=lambda each: -len(each.path))


class ListProxy(Protocol):
    """One kind of proxy."""

    @property
    def name(self) -> str:
        """The name of the part that runs it."""
        ...

    def files(self, setup: Setup, folder: Path) -> Mapping[str, str]:
        """Its configuration: file names and texts; they will lie in a folder.

        Raises:
            LabFailed: It cannot say what is asked for.
        """
        ...

    def arguments(self, folder: Path) -> list[str]:
        """Its command line arguments, given the folder of its files."""
        ...


def started(proxy: ListProxy, setup: Setup, folder: Path) -> Program:
    """Start a proxy and wait until it listens; must run inside the namespaces of a lab.

    Raises:
        LabFailed: It cannot say what is asked for.
        PartMissing: It is not on this machine.
        ProgramFailed: It did not start.
    """
    folder.mkdir(parents=True)
    for name, text in proxy.files(setup, folder).items():
        (folder / name).write_text(text)
    program = Program(proxy.name, [*part(proxy.name).command, *proxy.arguments(folder)], folder / "log")
    program.wait(lambda: all(_publishes(setup, address) for address in ("127.0.0.1", "::1")))
    return program


def _publishes(setup: Setup, address: str) -> bool:
    """Whether the first site is known: a proxy may listen before it has read what it publishes."""
    site = setup.sites[0]
    line = "PROXY UNKNOWN\r\n" if setup.proxy_protocol else ""
    request = f"{line}GET {site.path} HTTP/1.1\r\nHost: {site.host}\r\nConnection: close\r\n\r\n"
    with suppress(OSError), socket.create_connection((address, setup.port), timeout=1) as connection:
        connection.sendall(request.encode())
        head = connection.recv(64)
        return head.startswith(b"HTTP/1.1 ") and not head.startswith(b"HTTP/1.1 404")
    return False
