"""What is worth trying: for each exposure, sources at the edges of what the evaluator says, each with one request.

An exposure that the lab cannot play is left out and said to be: another controller than ingress-nginx, an application
gateway, the API server, a public address of a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from aksess.access.entries import Entry, EntryKind
from aksess.access.evaluator import Evaluator
from aksess.access.exposures import Exposure
from aksess.addresses import Address, AddressSet
from aksess.controllers.interface import Controller, Request
from aksess.lab.prober import Probe
from aksess.rehearsal.outcomes import Expected
from aksess.rehearsal.prediction import Predictor

__all__ = ["LeftOut", "Trial", "from_somewhere", "probe_of", "trials_of"]

_PLAYED = {"ingress-nginx", "application-routing"}
_MOST = 40
_ANYWHERE = ("8.8.8.8", "203.0.113.7", "198.51.100.9", "2001:db8::7", "2a00:1450::5")
_NO_CLIENT = AddressSet.of(
    *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/3", "168.63.129.16/32"),
    *("::/96", "::ffff:0:0/96", "fe80::/10", "ff00::/8"),
)
"""Addresses that no socket can send from, or that hosts of the lab use among themselves."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One connection.

    Attributes:
        exposure: The exposure that it is about, by its id.
        entry: Where it goes.
        source: Where it comes from.
        expected: Every outcome that may happen; empty where the evaluator cannot know.
        controller: The controller that is asked, for HTTP.
        request: What is sent, for HTTP.
    """

    exposure: str
    entry: Entry
    source: Address
    expected: tuple[Expected, ...]
    controller: Controller | None = None
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is not rehearsed: an exposure, or what it is in the estate, and why."""

    what: str
    why: str


def trials_of(
    evaluator: Evaluator, exposures: Iterable[Exposure], chosen: AddressSet | None
) -> tuple[list[Trial], list[LeftOut]]:
    """The trials of an estate.

    Args:
        evaluator: Its evaluator.
        exposures: Its exposures.
        chosen: Sources to try; None to derive them from the answers.
    """
    predictor = Predictor(evaluator)
    taken = _taken(evaluator)
    trials: list[Trial] = []
    left_out: list[LeftOut] = []
    for exposure in exposures:
        why = _why_not(exposure)
        entry = exposure.entry
        if why or entry is None:
            left_out.append(LeftOut(exposure.id, why))
            continue
        listed = _edges(chosen) if chosen is not None else _derived(exposure)
        request = replace(exposure.request, exact=True) if exposure.request is not None else None
        for source in listed:
            if source.family == entry.address.family and source not in taken:
                expected = predictor.expected(source, entry, exposure.controller, request)
                trials.append(Trial(exposure.id, entry, source, tuple(expected), exposure.controller, request))
    return trials, left_out


def probe_of(trial: Trial, *, tls: bool = False) -> Probe:
    """The probe of a trial.

    Args:
        trial: The trial.
        tls: Whether ``https`` is spoken over TLS; the quick form speaks plain HTTP on every port.
    """
    entry, request = trial.entry, trial.request
    udp = entry.protocol == "UDP"
    name = ""
    payload = b"?" if udp else b"GET / HTTP/1.1\r\nHost: rehearsal\r\nConnection: close\r\n\r\n"
    if request is not None:
        host = request.host or "rehearsal.invalid"
        lines = [f"{request.method} {request.path or '/'} HTTP/1.1", f"Host: {host}", "Connection: close", "", ""]
        payload = "\r\n".join(lines).encode()
        name = host if tls and request.scheme == "https" else ""
    return Probe(str(trial.source), str(entry.address), entry.port, payload, udp, server_name=name)


def from_somewhere(trial: Trial, source: Address, destination: str, port: int) -> Probe:
    """The same request from and to other addresses: straight to a controller, as it sees the client."""
    probe = probe_of(trial, tls=True)
    return Probe(str(source), destination, port, probe.payload, probe.udp, server_name=probe.server_name)


def _why_not(exposure: Exposure) -> str:
    if exposure.entry is None:
        return "application gateways and API servers are not played"
    if exposure.entry.kind not in {EntryKind.FRONTEND, EntryKind.NODE_PORT}:
        return "ports of pods on the host's network are not played"
    if exposure.entry.kind == EntryKind.NODE_PORT:
        return "public addresses of nodes are not played"
    if exposure.entry.protocol not in {"TCP", "UDP"}:
        return f"{exposure.entry.protocol} is not played"
    if exposure.controller is not None and exposure.controller.kind not in _PLAYED:
        return f"the controller ({exposure.controller.kind}) is not played"
    return ""


def _taken(evaluator: Evaluator) -> AddressSet:
    """Addresses of hosts of the lab: they are no clients."""
    estate = evaluator.estate
    found = [AddressSet.single(each) for node in estate.nodes.values() for each in node.internal]
    found += [AddressSet.of(*node.pod_ranges) for node in estate.nodes.values()]
    found += [AddressSet.single(entry.address) for entry in evaluator.frontends]
    return AddressSet.union_of([_NO_CLIENT, *found])


def _derived(exposure: Exposure) -> list[Address]:
    """Sources at the edges of who gets in, of who cannot be told, and of what the controller's list admits."""
    found: list[Address] = []
    for each in (exposure.allowed, exposure.listed or AddressSet(), exposure.indeterminate):
        found += _edges(each)
    found += [address for text in _ANYWHERE for address, _ in AddressSet.of(text).ranges()]
    return list(dict.fromkeys(found))


def _edges(addresses: AddressSet) -> list[Address]:
    """Both edges of ranges and one beyond; of many ranges some, spread over all of them."""
    ranges = list(addresses.ranges())
    step = max(1, len(ranges) * 4 // _MOST)
    return [each for pair in ranges[::step] for each in _around(*pair)]


def _around(first: Address, last: Address) -> Iterator[Address]:
    bits = 32 if first.family == 4 else 128
    for number in dict.fromkeys((first.number - 1, first.number, last.number, last.number + 1)):
        if 0 <= number < 1 << bits:
            yield Address(first.family, number)
