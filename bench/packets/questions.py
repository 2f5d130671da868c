"""Questions about a configuration, each with what the model says and the probe that asks the packets the same.

A question is one connection: who, where to, and for HTTP what is sent. The model answers with every outcome that may
happen (nobody asks which node the balancer picks), so an answer is a set; packets must show one of it. All sources are
answered at once, by one fold for each entry and request, and looked up one by one.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aksess.access import entries
from aksess.access.entries import Entry
from aksess.access.evaluator import Evaluator
from aksess.addresses import EVERYONE, AddressSet, read_address
from aksess.controllers.interface import Request, Scheme
from aksess.lab.prober import Probe
from aksess.rehearsal.outcomes import Expected
from aksess.rehearsal.prediction import Predictor
from aksess.rulings import Effect
from bench.packets.themes import Asked
from bench.packets.world import World

__all__ = ["Question", "WholeModel", "questions", "sources_of"]

_UNSENDABLE = AddressSet.of(
    *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "168.63.129.16", "::/96", "::ffff:0:0/96"),
    *("fe80::/10", "ff00::/8"),
)
"""What no socket can send from, and what hosts of the lab use themselves."""


@dataclass(frozen=True, slots=True)
class Question:
    """One connection and, for HTTP, what is sent over it."""

    source: str
    address: str
    port: int
    protocol: str
    host: str = ""
    path: str = ""
    header: str = ""
    proxy_line: str = ""
    theme: str = ""

    @property
    def scheme(self) -> Scheme:
        """By the port: the lab speaks plain HTTP on both."""
        return "https" if self.port == 443 else "http"

    def probe(self) -> Probe:
        """The probe that asks the packets."""
        udp = self.protocol == "UDP"
        payload = b"?" if udp else b"GET / HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"
        if self.host:
            lines = [f"GET {self.path} HTTP/1.1", f"Host: {self.host}", "Connection: close"]
            payload = "\r\n".join([*lines, *([self.header] if self.header else []), "", ""]).encode()
        if self.proxy_line:
            family = "TCP6" if ":" in self.proxy_line else "TCP4"
            other = "2001:db8::1" if ":" in self.proxy_line else "192.0.2.1"
            payload = f"PROXY {family} {self.proxy_line} {other} 5555 80\r\n".encode() + payload
        return Probe(self.source, self.address, self.port, payload, udp)

    def request(self) -> Request:
        """The same for the model: one request, with nothing sent but this."""
        name, _, value = self.header.partition(": ")
        return Request(
            self.scheme,
            self.host,
            self.path,
            headers=((name, value),) if name else (),
            proxy_line=read_address(self.proxy_line) if self.proxy_line else None,
            credentials=name == "Authorization",
            exact=True,
        )

    def __str__(self) -> str:
        what = f"{self.scheme}://{self.host}{self.path}" if self.host else self.protocol.lower()
        sent = " ".join(filter(None, (self.header, self.proxy_line and f"PROXY {self.proxy_line}")))
        return f"{self.source} → {self.address}:{self.port} {what} {sent}".strip()


def sources_of(world: World, rng: random.Random, count: int) -> list[str]:
    """Sources worth asking from: both edges of every prefix and one beyond, and some at random."""
    found = _edges(world.prefixes)
    found |= {str(ipaddress.IPv4Address(rng.randrange(11 << 24, 223 << 24))) for _ in range(8)}
    found |= {"2001:db8:ffff::1", "2a00:1::5", "10.225.3.3", "10.224.200.9", "51.105.1.1", "2603:1020:200::9"}
    usable = _sendable(found, world)
    return rng.sample(usable, min(count, len(usable)))


def _edges(prefixes: Iterable[str]) -> set[str]:
    """Both edges of every prefix, and one beyond."""
    found: set[str] = set()
    for prefix in set(prefixes):
        network = ipaddress.ip_network(prefix)
        first, last = int(network.network_address), int(network.broadcast_address)
        kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        for number in (first - 1, first, last, last + 1):
            if 0 <= number < 1 << network.max_prefixlen:
                found.add(str(kind(number)))
    return found


def _sendable(found: Iterable[str], world: World) -> list[str]:
    """What a client may have for an address: nothing that hosts of the lab have, nothing that no socket takes."""
    owned = AddressSet.of("20.50.60.0/22", "2001:db8:fe::/48", *(world.node(i, f) for i in (0, 1) for f in (4, 6)))
    owned |= AddressSet.of("10.244.8.0/21", "10.244.16.0/21", "fd10:244:1::/64", "fd10:244:2::/64")
    taken = _UNSENDABLE | owned
    return [each for each in sorted(found) if (address := read_address(each)) and address not in taken]


def questions(world: World, asked: Sequence[Asked], rng: random.Random, count: int) -> Iterator[Question]:
    """Random questions about the configurations of an estate: half from around what each wrote, half from anywhere."""
    anywhere = _by_family(sources_of(world, rng, 400))
    for each in asked:
        near = _by_family(_sendable(_edges(each.prefixes), world))
        for _ in range(count):
            ports = each.node_ports if each.node_ports and rng.random() < 0.1 else each.frontends
            address, port, protocol = rng.choice(ports)
            family = 6 if ":" in address else 4
            sources = near[family] if near[family] and rng.random() < 0.5 else anywhere[family]
            if not sources:
                continue
            host, path, header, claim = "", "", "", ""
            if each.hosts:
                host, path = rng.choice(each.hosts)
                header = rng.choice(each.headers) if each.headers and rng.random() < 0.5 else ""
                claim = rng.choice(each.proxy_lines) if each.proxy_lines and rng.random() < 0.6 else ""
            yield Question(rng.choice(sources), address, port, protocol, host, path, header, claim, each.theme)


def _by_family(sources: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {4: [], 6: []}
    for each in sources:
        found[6 if ":" in each else 4].append(each)
    return found


@dataclass
class WholeModel:
    """What the evaluator says of an estate, from the frontend to the application."""

    evaluator: Evaluator
    _entries: dict[tuple[str, int, str], Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """List the entries: frontends, and node ports on node addresses."""
        self._predictor = Predictor(self.evaluator)
        estate = self.evaluator.estate
        nodes = entries.node_ports(estate, estate.nodes.values(), "internal")
        for each in (*self.evaluator.frontends, *nodes):
            self._entries.setdefault((str(each.address), each.port, each.protocol), each)

    def expected(self, question: Question) -> list[Expected]:
        """Every outcome that may happen; empty where the model cannot know."""
        source = read_address(question.source)
        if source is None:
            raise ValueError(question.source)
        entry = self._entries.get((question.address, question.port, question.protocol))
        if entry is None:
            return [Expected(Effect.TIMEOUT.value, None, EVERYONE)]
        if not question.host:
            return self._predictor.expected(source, entry)
        return self._predictor.expected(source, entry, self.evaluator.controllers[0], question.request())
