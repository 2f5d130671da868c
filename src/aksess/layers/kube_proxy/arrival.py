"""The words of the question and of the answer: an arrival on a node, and what becomes of its sources.

An arrival is one connection as a node gets it, without its source. The answer is a list of cells: disjoint sets of
sources of the arrival's family that together hold all of them. Each cell has alternatives; which of them happens is
not for the client to choose, because kube-proxy picks the endpoint.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, NamedTuple

from aksess.addresses import EVERY_IPV4, EVERY_IPV6, Address, AddressSet
from aksess.estate.kubernetes import Node
from aksess.layers.kube_proxy.endpoint_sets import Endpoint
from aksess.rulings import Assumption, Citation, Ruling

__all__ = ["Alternatives", "Arrival", "Caller", "Cell", "Delivery", "Handling", "Kind"]

Kind = Literal["frontend", "external-ip", "node-port", "cluster-ip", "health-check-node-port"]
Caller = Literal["outside", "pod", "node"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One connection as a node gets it.

    Attributes:
        kind: What it is addressed to: an address in the Service's load-balancer status (``frontend``) or in its
            ``externalIPs``, a node port, the cluster IP, or the health check node port.
        family: 4 or 6.
        address: The address it is sent to. None stands for the address that the Service has (or will have) of this
            kind, and for the node's primary address.
        caller: Who calls: somebody outside the cluster, a pod, or a node itself.
        home: The node that the calling pod or node is; empty for the one that handles the connection.
    """

    kind: Kind
    family: int = 4
    address: Address | None = None
    caller: Caller = "outside"
    home: str = ""

    def starts_on(self, node: Node | None) -> bool:
        """Whether the caller is the node that handles the connection, or a pod of it."""
        return self.caller != "outside" and (not self.home or (node is not None and self.home == node.name))

    @property
    def sources(self) -> AddressSet:
        """Every source there can be: all addresses of the family."""
        return EVERY_IPV4 if self.family == 4 else EVERY_IPV6


@dataclass(frozen=True, slots=True)
class Delivery:
    """The connection reaches one of some endpoints, all the same to the client.

    Attributes:
        endpoints: The endpoints; at least one.
        seen: The addresses that the endpoint may see as the source after masquerading; None where the source is kept.
        crosses: Whether the endpoint is on another node than the one that handled the connection.
        citation: What decides that the source is kept or not.
        assumptions: What is taken for true.
    """

    endpoints: Collection[Endpoint]
    seen: AddressSet | None
    crosses: bool
    citation: Citation
    assumptions: tuple[Assumption, ...] = ()


Alternatives = tuple[Delivery | Ruling, ...]
"""What may happen. A ruling with an effect ends the way; one without lets the connection leave the node as it came."""


class Cell(NamedTuple):
    """Sources that fare alike."""

    sources: AddressSet
    alternatives: Alternatives


Handling = tuple[Cell, ...]
"""Disjoint, non-empty cells that together hold every source of the arrival's family."""
