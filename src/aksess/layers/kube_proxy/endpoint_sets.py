"""Endpoints of one Service port, kept by node and handed out as views.

A Service with a thousand endpoints is handled on a hundred nodes, and every node divides them differently: its own and
all the others. The others are a view on one and the same mapping, so a hundred nodes cost a hundred look-ups and not a
hundred lists of a thousand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from aksess.addresses import Address
from aksess.estate.kubernetes import Name
from aksess.rulings import Assumption

__all__ = ["AssumedEndpoints", "Endpoint", "EndpointSet", "KnownEndpoints", "UsableEndpoints"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of a Service port.

    Attributes:
        address: Its address; None where the endpoint is only taken for true.
        port: Its port number, or the name where that could not be resolved.
        node: The node that it runs on, empty where that is not known.
        pod: Namespace and name of the pod behind it, if it is one that is known.
        host_network: Whether its address is that of its node.
    """

    address: Address | None
    port: int | str
    node: str = ""
    pod: Name | None = None
    host_network: bool = False


class EndpointSet(Protocol):
    """Endpoints by the node they are on."""

    def on(self, node: str) -> Collection[Endpoint]:
        """Those of one node."""
        ...

    def off(self, node: str) -> Collection[Endpoint]:
        """Those of all other nodes."""
        ...

    def everywhere(self) -> Collection[Endpoint]:
        """All of them."""
        ...

    def __bool__(self) -> bool:
        """Whether there is any."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class KnownEndpoints:
    """Endpoints that were read."""

    by_node: Mapping[str, tuple[Endpoint, ...]]
    total: int

    @classmethod
    def of(cls, by_node: Mapping[str, tuple[Endpoint, ...]]) -> KnownEndpoints:
        """From the endpoints of each node."""
        return cls(by_node, sum(len(each) for each in by_node.values()))

    def on(self, node: str) -> tuple[Endpoint, ...]:
        """Those of one node."""
        return self.by_node.get(node, ())

    def off(self, node: str) -> _Elsewhere:
        """A view on those of all other nodes."""
        return _Elsewhere(self, node)

    def everywhere(self) -> _Elsewhere:
        """A view on all of them."""
        return _Elsewhere(self, None)

    def __bool__(self) -> bool:
        return self.total > 0


@dataclass(frozen=True, slots=True)
class _Elsewhere(Collection[Endpoint]):
    """The endpoints that are not on one node, without a list of them; with None all endpoints."""

    all: KnownEndpoints
    node: str | None

    def __len__(self) -> int:
        return self.all.total - (len(self.all.on(self.node)) if self.node is not None else 0)

    def __iter__(self) -> Iterator[Endpoint]:
        for node, endpoints in self.all.by_node.items():
            if node != self.node:
                yield from endpoints

    def __contains__(self, item: object) -> bool:
        return isinstance(item, Endpoint) and item.node != self.node and item in self.all.on(item.node)


@dataclass(frozen=True, slots=True)
class AssumedEndpoints:
    """Endpoints that are taken for true: one on each node, unless there is only the one node."""

    port: int | str
    alone: bool

    def on(self, node: str) -> tuple[Endpoint, ...]:
        """The one of the node."""
        return (Endpoint(None, self.port, node),)

    def off(self, node: str) -> tuple[Endpoint, ...]:
        """The one of some other node, if there may be another."""
        return () if self.alone and node else (Endpoint(None, self.port),)

    def everywhere(self) -> tuple[Endpoint, ...]:
        """One, on some node."""
        return (Endpoint(None, self.port),)

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class UsableEndpoints:
    """The endpoints of one port in one family.

    Attributes:
        ready: Those that are ready.
        terminating: Those that still serve while they terminate.
        assumptions: What is taken for true about them.
    """

    ready: EndpointSet
    terminating: EndpointSet
    assumptions: tuple[Assumption, ...] = ()

    @property
    def cluster(self) -> EndpointSet:
        """What the Cluster policy chooses from."""
        return self.ready if self.ready else self.terminating

    def local(self, node: str) -> Collection[Endpoint]:
        """What the Local policy chooses from on a node."""
        return self.ready.on(node) or self.terminating.on(node)

    def only_local(self, node: str | None) -> EndpointSet:
        """The same as a set of its own; with None, where the node is not known, what the cluster has."""
        if node is None:
            return self.cluster
        chosen = tuple(self.local(node))
        return KnownEndpoints.of({node: chosen} if chosen else {})

    def __bool__(self) -> bool:
        return bool(self.ready) or bool(self.terminating)
