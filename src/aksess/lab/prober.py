"""Sending thousands of real connections a second, each from an address of its own choosing, and saying what came back.

One process in one network namespace works through a list of probes with an epoll loop. It may take any source address:
the socket is transparent, and the namespace routes every reply back to itself. A connection that gets no answer at all
(dropped on the way) is told from one that is slow by two deadlines: a short one for the handshake, a long one for the
answer.

As a program (``python -m aksess.lab.prober``) it reads batches on standard input and writes results on standard output,
one message a line.

Source: Linux manual page ip(7), IP_TRANSPARENT, IP_BIND_ADDRESS_NO_PORT; RFC 9293 (a reset in answer is "refused").
"""

from __future__ import annotations

import errno
import resource
import select
import socket
import ssl
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import msgspec

__all__ = ["Batch", "Probe", "Seen", "probe_all"]

_IP_TRANSPARENT: Final = 19
_IPV6_TRANSPARENT: Final = 75
_IP_BIND_ADDRESS_NO_PORT: Final = 24
_RESET_ON_CLOSE: Final = b"\x01\x00\x00\x00\x00\x00\x00\x00"
_ANSWER_SECONDS: Final = 5.0
_TLS_AT_ONCE: Final = 24
_REFUSED: Final = {errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE, errno.EHOSTUNREACH, errno.ENETUNREACH}

Effect: TypeAlias = Literal["answered", "timeout", "refused", "closed", "unsendable"]


class Probe(msgspec.Struct, frozen=True, array_like=True):
    """One connection.

    Attributes:
        source: The address it comes from.
        destination: The address it goes to.
        port: The port it goes to.
        payload: What is sent once it stands; with TCP and nothing to send it is closed again.
        udp: Whether it is one datagram instead of a connection.
        source_port: The port it comes from; 0 for any.
        server_name: With a name, TLS is spoken and the name asked for; nobody's certificate is checked.
    """

    source: str
    destination: str
    port: int
    payload: bytes = b""
    udp: bool = False
    source_port: int = 0
    server_name: str = ""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """What came of a probe.

    Attributes:
        effect: ``answered``, ``timeout`` (no sign of life), ``refused`` (reset, or an ICMP error), ``closed`` (ended
            without an answer), ``unsendable`` (this host cannot send from that address).
        answer: What was answered, up to the end of an HTTP head.
    """

    effect: Effect
    answer: bytes = b""


class Batch(msgspec.Struct, array_like=True):
    """Probes to send, with how many at once and how long to wait for a first sign of life."""

    probes: list[Probe]
    at_once: int = 10_000
    seconds: float = 0.3


@dataclass(slots=True)
class _Flight:
    """A probe on its way."""

    index: int
    socket: socket.socket
    payload: bytes
    deadline: float
    sent: bool = False
    received: bytes = field(default=b"")


def probe_all(batch: Batch) -> list[Seen]:
    """Send every probe and wait for what becomes of it."""
    over_tls = [index for index, each in enumerate(batch.probes) if each.server_name]
    found = _Run(batch).finish()
    if over_tls:
        # libraries for TLS want a socket that waits; some threads are quick enough for the share that these have
        with ThreadPoolExecutor(_TLS_AT_ONCE) as pool:
            seen = pool.map(lambda index: _over_tls(batch.probes[index], batch.seconds), over_tls)
            for index, each in zip(over_tls, seen, strict=True):
                found[index] = each
    return found


def _over_tls(probe: Probe, seconds: float) -> Seen:
    """One probe over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        opened = _socket(probe)
    except OSError:
        return Seen("unsendable")
    received = b""
    with opened:
        try:
            opened.settimeout(seconds + 1)
            opened.connect((probe.destination, probe.port))
            opened.settimeout(_ANSWER_SECONDS)
            head, _, rest = (
                probe.payload.partition(b"\r\n") if probe.payload.startswith(b"PROXY ") else (b"", b"", probe.payload)
            )
            if head:
                opened.sendall(head + b"\r\n")
            with context.wrap_socket(opened, server_hostname=probe.server_name) as wrapped:
                wrapped.sendall(rest)
                while b"\r\n\r\n" not in received and (data := wrapped.recv(8192)):
                    received += data
        except TimeoutError:
            return Seen("timeout", received)
        except OSError as error:
            # a handshake that is answered with an alert or cut ends the connection without an answer
            return Seen("refused" if error.errno in _REFUSED else "closed", received)
    return Seen("answered" if received else "closed", received)


class _Run:
    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._found: list[Seen | None] = [None] * len(batch.probes)
        self._flights: dict[int, _Flight] = {}
        self._deadlines: deque[tuple[float, int, int]] = deque()
        self._poll = select.epoll()
        self._next = 0

    def finish(self) -> list[Seen]:
        total = len(self._batch.probes)
        while self._next < total or self._flights:
            while self._next < total and len(self._flights) < self._batch.at_once:
                if not self._batch.probes[self._next].server_name:
                    self._launch(self._next)
                self._next += 1
            self._events()
            self._expire()
        self._poll.close()
        return [each or Seen("timeout") for each in self._found]

    def _launch(self, index: int) -> None:
        probe = self._batch.probes[index]
        opened: socket.socket | None = None
        try:
            opened = _socket(probe)
            code = opened.connect_ex((probe.destination, probe.port))
        except OSError:
            code = errno.EADDRNOTAVAIL
        if opened is None or code not in {0, errno.EINPROGRESS}:
            self._found[index] = Seen("refused" if code in _REFUSED else "unsendable")
            if opened is not None:
                opened.close()
            return
        deadline = time.monotonic() + self._batch.seconds
        self._flights[opened.fileno()] = _Flight(index, opened, probe.payload, deadline)
        self._poll.register(opened, select.EPOLLOUT)
        self._deadlines.append((deadline, opened.fileno(), index))

    def _events(self) -> None:
        wait = 0.05
        if self._deadlines:
            wait = max(0.0, min(wait, self._deadlines[0][0] - time.monotonic()))
        for number, event in self._poll.poll(wait, 1024):
            flight = self._flights.get(number)
            if flight is None:
                continue
            try:
                self._step(number, flight, event)
            except OSError as error:
                self._land(number, Seen("refused" if error.errno in _REFUSED else "closed", flight.received))

    def _step(self, number: int, flight: _Flight, event: int) -> None:
        if not flight.sent:
            code = flight.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._land(number, Seen("refused" if code in _REFUSED else "timeout"))
            elif not flight.payload:
                self._land(number, Seen("answered"))
            else:
                flight.socket.send(flight.payload)
                flight.sent = True
                self._poll.modify(number, select.EPOLLIN)
            return
        if not event & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP):
            return
        data = flight.socket.recv(8192)
        flight.received += data
        if not data:
            self._land(number, Seen("answered" if flight.received else "closed", flight.received))
        elif self._batch.probes[flight.index].udp or b"\r\n\r\n" in flight.received:
            self._land(number, Seen("answered", flight.received))

    def _land(self, number: int, seen: Seen) -> None:
        flight = self._flights.pop(number)
        self._found[flight.index] = seen
        flight.socket.close()

    def _expire(self) -> None:
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, number, index = self._deadlines.popleft()
            flight = self._flights.get(number)
            if flight is None or flight.index != index:
                continue
            connected = flight.sent and not self._batch.probes[index].udp
            if connected and now < flight.deadline + _ANSWER_SECONDS:
                self._deadlines.append((now + 0.2, number, index))
            else:
                self._land(number, Seen("closed" if connected else "timeout", flight.received))


def _socket(probe: Probe) -> socket.socket:
    """A socket that will come from the probe's source; it is not looked up which addresses this host has."""
    six = ":" in probe.source
    kind = socket.SOCK_DGRAM if probe.udp else socket.SOCK_STREAM
    opened = socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind | socket.SOCK_NONBLOCK)
    try:
        if six:
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_TRANSPARENT, 1)
        else:
            opened.setsockopt(socket.SOL_IP, _IP_TRANSPARENT, 1)
        if not probe.source_port:
            opened.setsockopt(socket.SOL_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        else:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not probe.udp:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        opened.bind((probe.source, probe.source_port))
    except OSError:
        opened.close()
        raise
    return opened


def main() -> None:
    """Work through batches from standard input until it ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    decoder = msgspec.json.Decoder(Batch)
    encoder = msgspec.json.Encoder()
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(encoder.encode(probe_all(decoder.decode(line))) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
