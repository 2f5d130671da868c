"""Entries: every address and port of an estate that a client may connect to, and what stands behind it.

An entry is a frontend of a load balancer for a port of a Service, a node port or host port on a node, or a listener of
an application gateway. Frontends come from the status of Services, which is what the cloud provider reported; node
entries are only listed for nodes with public addresses, but any node address can be asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from aksess.addresses import Address
from aksess.estate import Estate
from aksess.estate.kubernetes import Node, Service, ServicePort
from aksess.rulings import Citation, Layer

__all__ = ["Entry", "EntryKind", "frontends", "host_ports", "node_ports", "public_node_entries"]


class EntryKind(StrEnum):
    """What an entry is."""

    FRONTEND = "frontend"
    NODE_PORT = "node-port"
    HOST_PORT = "host-port"
    GATEWAY = "application-gateway"


@dataclass(frozen=True, slots=True)
class Entry:
    """One address, port and protocol.

    Attributes:
        kind: What it is.
        address: The address that the client connects to.
        port: The port that the client connects to.
        protocol: ``TCP`` or ``UDP``.
        service: The Service behind it; None for a host port.
        service_port: The port of that Service.
        node: For node and host ports: the node.
        citation: What publishes it.
    """

    kind: EntryKind
    address: Address
    port: int
    protocol: str
    service: Service | None
    service_port: ServicePort | None
    node: Node | None
    citation: Citation

    @property
    def label(self) -> str:
        """``20.50.60.70:443``, ``[2001:db8::1]:443``."""
        return f"{self.address}:{self.port}" if self.address.family == 4 else f"[{self.address}]:{self.port}"


def frontends(estate: Estate) -> Iterator[Entry]:
    """The frontends of all LoadBalancer Services that have an address, in the order of the input."""
    for service in estate.services.values():
        if not service.is_load_balancer:
            continue
        for address in service.load_balancer_addresses:
            for index, port in enumerate(service.ports):
                yield Entry(
                    EntryKind.FRONTEND,
                    address.address,
                    port.port,
                    port.protocol,
                    service,
                    port,
                    None,
                    _cite(service, ("spec", "ports", index)),
                )


def node_ports(estate: Estate, nodes: Iterable[Node], addresses: str = "external") -> Iterator[Entry]:
    """The node ports of all Services on given nodes.

    Args:
        estate: The estate.
        nodes: The nodes.
        addresses: ``external`` or ``internal``: which addresses of the nodes.
    """
    for node in nodes:
        for address in node.external if addresses == "external" else node.internal:
            for service in estate.services.values():
                if service.type not in {"LoadBalancer", "NodePort"}:
                    continue
                for index, port in enumerate(service.ports):
                    if port.node_port:
                        yield Entry(
                            EntryKind.NODE_PORT,
                            address,
                            port.node_port,
                            port.protocol,
                            service,
                            port,
                            node,
                            _cite(service, ("spec", "ports", index, "nodePort")),
                        )


def health_check_ports(estate: Estate, node: Node) -> Iterator[Entry]:
    """The health check node ports of Services with policy Local, which kube-proxy answers on internal addresses."""
    for service in estate.services.values():
        if service.is_load_balancer and service.external_policy == "Local" and service.health_check_node_port:
            for address in node.internal:
                number, cited = service.health_check_node_port, _cite(service, ("spec", "healthCheckNodePort"))
                yield Entry(EntryKind.NODE_PORT, address, number, "TCP", service, service.ports[0], node, cited)


def host_ports(estate: Estate, nodes: Iterable[Node], addresses: str = "external") -> Iterator[Entry]:
    """The host ports of pods on given nodes; of host-network pods the declared container ports."""
    for node in nodes:
        for address in node.external if addresses == "external" else node.internal:
            for pod in estate.pods_by_node.get(node.name, []):
                for container in pod.containers:
                    for port in container.ports:
                        number = port.host_port or (port.container_port if pod.host_network else 0)
                        if number:
                            citation = Citation(
                                Layer.KUBE_PROXY,
                                "Pod",
                                pod.name,
                                pod.namespace,
                                path=("spec", "containers"),
                                place=pod.place,
                                text=f"hostPort {number}",
                            )
                            protocol = (port.protocol or "TCP").upper()
                            yield Entry(EntryKind.HOST_PORT, address, number, protocol, None, None, node, citation)


def public_node_entries(estate: Estate) -> list[Entry]:
    """Node and host ports on public addresses of nodes."""
    nodes = [node for node in estate.nodes.values() if node.external]
    return [*node_ports(estate, nodes), *host_ports(estate, nodes)] if nodes else []


def _cite(service: Service, path: tuple[str | int, ...]) -> Citation:
    return Citation(Layer.LOAD_BALANCER, "Service", service.name, service.namespace, path=path, place=service.place)
