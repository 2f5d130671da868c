"""The nginx of each host in the lab: ingress controllers, applications, health answers and UDP services in one process.

An application answers 200 and says which Service it belongs to, which address it saw and what it was asked. A
controller adds the address that it judged. Everything that answers carries a header that tells who it was, so that a
403 of a list is told from one of an application.

Source: nginx documentation (http, stream); nginx restarts in the time that a reload needs to begin.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aksess.addresses import Address
from aksess.errors import ProgramFailed
from aksess.lab.cabling import inside
from aksess.lab.ingress_config import PASSWORDS, Controller, http_level, server_blocks
from aksess.lab.namespaces import STATE
from aksess.lab.parts import part
from aksess.lab.programs import run, until

__all__ = ["Host", "Listener", "Nginx", "socket_text"]

_STREAM: Final = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


@dataclass(frozen=True, slots=True)
class Listener:
    """Something that listens: a controller, an application, or an answer to health checks.

    Attributes:
        address: Its address; None for every address of the host.
        port: Its port.
        udp: Whether it takes datagrams.
        says: For an application the Service port, for a health answer the status.
        health_path: For what stands in for a controller: the path that it answers health checks on; other requests that
            name no host are answered as its catch-all does.
    """

    address: Address | None
    port: int
    udp: bool
    says: str
    health_path: str = ""


@dataclass
class Host:
    """What runs on one host of the lab.

    Attributes:
        namespace: Its network namespace.
        listeners: Applications and health answers.
        controllers: Controllers, each with where it listens and what is spoken there.
        known: Services with endpoints, which a controller can hand requests to.
    """

    namespace: str
    listeners: list[Listener] = field(default_factory=list)
    controllers: list[tuple[Controller, list[tuple[str, str]]]] = field(default_factory=list)
    known: frozenset[str] = frozenset()


def socket_text(address: Address | None, port: int) -> str:
    """``ADDRESS:PORT`` as nginx writes it."""
    if address is None:
        return f"{port}"
    return f"{address}:{port}" if address.family == 4 else f"[{address}]:{port}"


class Nginx:
    """The nginx of one host: stopped, or running with one configuration."""

    def __init__(self, namespace: str) -> None:
        """Take a host; nothing runs yet."""
        self._namespace = namespace
        self._folder = STATE / f"nginx-{namespace}"
        self._folder.mkdir(parents=True, exist_ok=True)

    def serve(self, host: Host) -> None:
        """Start over with what runs on the host now.

        Raises:
            ProgramFailed: nginx refuses the configuration, or does not start.
        """
        self.stop()
        file = self._folder / "nginx.conf"
        file.write_text("\n".join(_configuration(host, self._folder)))
        run(*inside(self._namespace, *part("nginx").command, "-c", str(file), "-e", str(self._folder / "error.log")))
        if not until(self._runs, 5):
            raise ProgramFailed(f"nginx of {self._namespace} did not start")

    def stop(self) -> None:
        """End it at once; connections of probes are over by then."""
        number = self._number()
        if number is None:
            return
        os.kill(number, signal.SIGTERM)
        if not until(lambda: not Path(f"/proc/{number}").exists() or self._number() is None, 5):
            os.kill(number, signal.SIGKILL)

    def _number(self) -> int | None:
        try:
            return int((self._folder / "pid").read_text())
        except (OSError, ValueError):
            return None

    def _runs(self) -> bool:
        number = self._number()
        if number is None:
            return False
        try:
            return bool(Path(f"/proc/{number}/task/{number}/children").read_text().split())
        except OSError:
            return False


def _configuration(host: Host, folder: Path) -> Iterator[str]:
    yield "user root; worker_processes 1; worker_rlimit_nofile 20000;"
    if _STREAM.exists():
        yield f"load_module {_STREAM};"
    yield f"pid {folder}/pid; error_log {folder}/error.log crit;"
    yield "events { worker_connections 8192; }"
    yield "http {"
    yield "access_log off; server_names_hash_max_size 8192; server_names_hash_bucket_size 256;"
    yield "merge_slashes on; default_type text/plain; reset_timedout_connection on; keepalive_timeout 0;"
    for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi"):
        yield f"{kind}_temp_path {folder}/{kind};"
    yield from _applications(host, folder)
    for controller, listen in host.controllers:
        # settings of http level hold for one controller; a host of the lab runs one
        yield from http_level(controller)
        yield from server_blocks(controller, listen, host.known)
    yield "}"
    datagrams = [each for each in host.listeners if each.udp]
    if datagrams:
        yield "stream {"
        for each in datagrams:
            told = f"X-Reached: {each.says}\\r\\nX-Judged: $remote_addr\\r\\n\\r\\n"
            yield f'server {{ listen {socket_text(each.address, each.port)} udp; return "{told}"; }}'
        yield "}"


def _applications(host: Host, folder: Path) -> Iterator[str]:
    reached = 'add_header X-Reached "$http_x_target" always; add_header X-Forwarded "$http_x_forwarded_for" always;'
    yield f"upstream application {{ server unix:{folder}/application.sock; keepalive 32; }}"
    yield f"upstream nobody {{ server unix:{folder}/nobody.sock; }}"
    yield f"server {{ listen unix:{folder}/application.sock; {reached} location / {{ return 200; }} }}"
    yield f"server {{ listen unix:{folder}/nobody.sock; location / {{ return 404; }} }}"
    for each in host.listeners:
        if each.udp:
            continue
        where = socket_text(each.address, each.port)
        if each.says.isdigit():
            yield f"server {{ listen {where}; location / {{ return {each.says}; }} }}"
        else:
            told = f'add_header X-Reached "{each.says}" always; add_header X-Judged $remote_addr always;'
            yield f"server {{ listen {where}; {told} location / {{ return 200; }} }}"
            if each.health_path:
                rest = f"location {each.health_path} {{ return 200; }} location / {{ return 404; }}"
                yield f'server {{ listen {where}; server_name "~^[0-9.:\\[\\]]+$"; {rest} }}'


def write_passwords(pairs: Sequence[tuple[str, str]]) -> None:
    """Who may pass basic authentication in the lab: names with passwords in the clear, which nginx takes too."""
    Path(PASSWORDS).write_text("".join(f"{name}:{{PLAIN}}{word}\n" for name, word in pairs))
