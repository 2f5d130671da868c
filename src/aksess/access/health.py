"""Which nodes get connections: those behind the frontend that answer the load balancer's health probe.

The probe comes from 168.63.129.16 and goes to the node's own address, so it passes the same security groups as any
other traffic to the node; then kube-proxy (Local policy), a pod's socket or the controller itself answers it. Where no
node answers, everybody's connection times out, whatever the rules for clients say.

Source: Microsoft Learn, "Azure Load Balancer health probes"; Azure/AKS CHANGELOG (probe protocol by appProtocol since
1.24).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aksess.access.lanes import Lane
from aksess.addresses import AddressSet
from aksess.estate import Estate
from aksess.estate.kubernetes import Node, Service, ServicePort
from aksess.layers import kube_proxy
from aksess.layers.kube_proxy import Endpoints
from aksess.layers.load_balancer import Forwarding, HealthProbe
from aksess.layers.nsg import Flow
from aksess.rulings import Effect, Ruling

__all__ = ["Health", "Unhealthy", "every_node", "health_of"]

Answering = Callable[[HealthProbe], Ruling | None]
"""What an HTTP probe is answered by the application behind: a ruling where that is surely not 200, else None."""


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """Why some nodes do not answer the probe."""

    nodes: tuple[Node | None, ...]
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Health:
    """The lanes that get connections, with their nodes.

    Attributes:
        lanes: Lanes and the healthy nodes in them; None stands for a node that was not read.
        unhealthy: The others, with the reason.
    """

    lanes: tuple[tuple[Lane, tuple[Node | None, ...]], ...]
    unhealthy: tuple[Unhealthy, ...] = ()

    @property
    def reason(self) -> Ruling:
        """Why nobody is served, where no lane is left: a timeout, whatever the probe met."""
        found = self.unhealthy[0].ruling
        return replace(found, effect=Effect.TIMEOUT, status=None)


def every_node(lanes: Sequence[Lane], nodes: Sequence[Node]) -> Health:
    """No probe is asked: the given nodes, or all lanes where no node was read."""
    found = []
    for lane in lanes:
        members = tuple(node for group in lane.groups for node in group.nodes if node in nodes)
        if members or not nodes:
            found.append((lane, members or (None,)))
    return Health(tuple(found))


def health_of(
    estate: Estate,
    lanes: Sequence[Lane],
    service: Service,
    port: ServicePort,
    forwarding: Forwarding,
    endpoints: Endpoints,
    family: int,
    answering: Answering,
) -> Health:
    """Which nodes get connections of a Service port."""
    behind = forwarding.nodes if forwarding.nodes is not None else tuple(estate.nodes.values())
    everybody = every_node(lanes, behind)
    probe = forwarding.probe
    if probe is None:
        return everybody
    found: list[tuple[Lane, tuple[Node | None, ...]]] = []
    unhealthy: list[Unhealthy] = []
    application = None if probe.local or probe.protocol == "tcp" else answering(probe)
    for lane, nodes in everybody.lanes:
        stopped = _stopped(lane, nodes, probe)
        if isinstance(stopped, Ruling):
            unhealthy.append(Unhealthy(nodes, stopped))
            continue
        healthy: list[Node | None] = []
        for node in nodes:
            ruling = stopped.get(node.name) if node is not None and stopped else None
            ruling = ruling or application or _silent(service, port, probe, endpoints, node, family)
            if ruling is None:
                healthy.append(node)
            else:
                unhealthy.append(Unhealthy((node,), ruling))
        if healthy:
            found.append((lane, tuple(healthy)))
    return Health(tuple(found), tuple(unhealthy))


def _stopped(lane: Lane, nodes: Sequence[Node | None], probe: HealthProbe) -> Ruling | dict[str, Ruling]:
    """The ruling that stops probes to all nodes of a lane, or rulings by node where rules tell nodes apart."""
    known = {node.name: AddressSet.single(node.internal[0]) for node in nodes if node is not None and node.internal}
    together = AddressSet.union_of(known.values()) or lane.surroundings.virtual_network.perhaps.family(4)
    ruling = lane.probe_stopped(Flow(together, probe.port))
    if ruling is not None:
        return ruling
    if not lane.told_apart(Flow(together, probe.port)):
        return {}
    return {
        name: found
        for name, address in known.items()
        if (found := lane.probe_stopped(Flow(address, probe.port))) is not None
    }


def _silent(
    service: Service, port: ServicePort, probe: HealthProbe, endpoints: Endpoints, node: Node | None, family: int
) -> Ruling | None:
    """Why a node does not answer, for what kube-proxy knows; None where it answers or that cannot be told."""
    if probe.local:
        told = kube_proxy.health(service, node, endpoints, family)
        return None if told.status == 200 else replace(told, effect=Effect.TIMEOUT, status=None)
    if probe.port != port.node_port:
        return None
    if not endpoints.usable(port, family):
        text = "no ready endpoint: the probe of the node port is refused, so no node is healthy"
        return Ruling(replace(probe.citation, text=text), Effect.TIMEOUT)
    return None
