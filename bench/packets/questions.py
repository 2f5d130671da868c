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
from aksess.access.outcomes import Alternative
from aksess.addresses import EVERYONE, Address, AddressSet, read_address
from aksess.controllers.interface import Request, Scheme
from aksess.lab.prober import Probe
from aksess.rulings import Effect, Verdict
from bench.packets.themes import Asked
from bench.packets.world import World

__all__ = ["Expected", "Model", "Question", "questions", "sources_of"]

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

    def __str__(self) -> str:
        what = f"{self.scheme}://{self.host}{self.path}" if self.host else self.protocol.lower()
        sent = " ".join(filter(None, (self.header, self.proxy_line and f"PROXY {self.proxy_line}")))
        return f"{self.source} → {self.address}:{self.port} {what} {sent}".strip()


@dataclass(frozen=True, slots=True)
class Expected:
    """One outcome that may happen: what the client sees, and which addresses may be judged."""

    effect: str
    status: int | None
    seen: AddressSet


def sources_of(world: World, rng: random.Random, count: int) -> list[str]:
    """Sources worth asking from: both edges of every prefix and one beyond, and some at random."""
    found: set[str] = set()
    for prefix in sorted(world.prefixes):
        network = ipaddress.ip_network(prefix)
        first, last = int(network.network_address), int(network.broadcast_address)
        kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        for number in (first - 1, first, last, last + 1):
            if 0 <= number < 1 << (32 if network.version == 4 else 128):
                found.add(str(kind(number)))
    found |= {str(ipaddress.IPv4Address(rng.randrange(11 << 24, 223 << 24))) for _ in range(8)}
    found |= {"2001:db8:ffff::1", "2a00:1::5", "10.225.3.3", "10.224.200.9", "51.105.1.1", "2603:1020:200::9"}
    owned = AddressSet.of("20.50.60.0/22", "2001:db8:fe::/48", *(world.node(i, f) for i in (0, 1) for f in (4, 6)))
    owned |= AddressSet.of("10.244.8.0/21", "10.244.16.0/21", "fd10:244:1::/64", "fd10:244:2::/64")
    usable = [each for each in found if (address := read_address(each)) and address not in _UNSENDABLE | owned]
    return rng.sample(sorted(usable), min(count, len(usable)))


def questions(asked: Sequence[Asked], sources: Sequence[str], rng: random.Random, count: int) -> Iterator[Question]:
    """Random questions about the configurations of an estate, the same number about each."""
    by_family = {family: [each for each in sources if (":" in each) == (family == 6)] for family in (4, 6)}
    for each in asked:
        for _ in range(count):
            ports = each.node_ports if each.node_ports and rng.random() < 0.1 else each.frontends
            address, port, protocol = rng.choice(ports)
            family = by_family[6 if ":" in address else 4]
            if not family:
                continue
            host, path, header, claim = "", "", "", ""
            if each.hosts:
                host, path = rng.choice(each.hosts)
                header = rng.choice(each.headers) if each.headers and rng.random() < 0.5 else ""
                claim = rng.choice(each.proxy_lines) if each.proxy_lines and rng.random() < 0.6 else ""
            yield Question(rng.choice(family), address, port, protocol, host, path, header, claim, each.theme)


@dataclass
class Model:
    """What the evaluator says, folded once for each entry and request and looked up for each source."""

    evaluator: Evaluator
    _entries: dict[tuple[str, int, str], Entry] = field(default_factory=dict)
    _folded: dict[tuple[object, ...], list[Alternative]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """List the entries: frontends, and node ports on node addresses."""
        estate = self.evaluator.estate
        nodes = entries.node_ports(estate, estate.nodes.values(), "internal")
        for each in (*self.evaluator.frontends, *nodes):
            self._entries.setdefault((str(each.address), each.port, each.protocol), each)

    def expected(self, question: Question) -> list[Expected]:
        """Every outcome that may happen; empty where the model cannot know."""
        address = read_address(question.source)
        if address is None:
            raise ValueError(question.source)
        found: list[Expected] = []
        for alternative in self._alternatives(question):
            for outcome in alternative.outcomes:
                if address in outcome.sources and not outcome.condition:
                    if outcome.verdict == Verdict.INDETERMINATE:
                        return []
                    found.append(Expected(outcome.effect.value, outcome.status, outcome.seen))
        return found or [Expected(Effect.TIMEOUT.value, None, EVERYONE)]

    def _alternatives(self, question: Question) -> list[Alternative]:
        entry = self._entries.get((question.address, question.port, question.protocol))
        if entry is None:
            return []
        key = (
            question.address,
            question.port,
            question.protocol,
            question.host,
            question.path,
            question.header,
            question.proxy_line,
        )
        if key not in self._folded:
            self._folded[key] = list(self._fold(entry, question))
        return self._folded[key]

    def _fold(self, entry: Entry, question: Question) -> Iterable[Alternative]:
        if not question.host:
            return [each.alternative for each in self.evaluator.transport(entry, detail=True)]
        name, _, value = question.header.partition(": ")
        headers = ((name, value),) if name else ()
        request = Request(
            question.scheme,
            question.host,
            question.path,
            headers=headers,
            proxy_line=_claimed(question.proxy_line),
            credentials=name == "Authorization",
            exact=True,
        )
        controller = self.evaluator.controllers[0]
        return [each.alternative for each in self.evaluator.http(entry, controller, request, detail=True)]


def _claimed(text: str) -> Address | None:
    return read_address(text) if text else None
