"""What the cloud provider knows of the cluster around one Service: the other Services, and the nodes.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer_accesscontrol.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from aksess.addresses import Address
from aksess.estate import Estate
from aksess.estate.kubernetes import Name, Node
from aksess.layers.cloud_provider.access_control import AccessControl
from aksess.layers.cloud_provider.reconcile import Step

__all__ = ["Cluster", "backend_addresses", "managed_addresses"]

_MANAGED = "kubernetes.azure.com/managed"
_EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The Services and nodes of a cluster as the provider sees them.

    Attributes:
        controls: The access control of every Service, whatever its type.
        known: Every address that a Service or node has, as often as it is listed.
        backends: The addresses of the nodes that load balancers lead to.
    """

    controls: dict[Name, AccessControl]
    known: Counter[str]
    backends: tuple[Address, ...] = ()
    _by_address: dict[Address, list[AccessControl]] = field(default_factory=dict, repr=False)
    _node_ports: dict[str, Counter[int]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, controls: Iterable[AccessControl], addresses: Iterable[Address] = (), backends: Sequence[Address] = ()
    ) -> Cluster:
        """A cluster.

        Args:
            controls: Every Service.
            addresses: The internal addresses of the nodes that the provider manages.
            backends: The addresses of the nodes behind load balancers.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer_accesscontrol.go
        `listAvailableSecurityGroupDestinations`.
        """
        by_name = {control.service.key: control for control in controls}
        known: Counter[str] = Counter()
        by_address: dict[Address, list[AccessControl]] = {}
        node_ports: dict[str, Counter[int]] = {}
        for control in by_name.values():
            status = control.status_addresses
            known.update(str(address) for address in (*control.additional, *status))
            for address in dict.fromkeys(status):
                by_address.setdefault(address, []).append(control)
            if not control.floating:
                _count(control, node_ports)
        known.update(str(address) for address in addresses)
        return cls(by_name, known, tuple(backends), by_address, node_ports)

    @classmethod
    def of_estate(cls, estate: Estate) -> Cluster:
        """The cluster of an estate."""
        nodes = list(estate.nodes.values())
        controls = (AccessControl.of(service) for service in estate.services.values())
        return cls.of(controls, managed_addresses(nodes), backend_addresses(nodes))

    def step(
        self,
        control: AccessControl,
        frontends: tuple[Address, ...] | None = None,
        backends: tuple[Address, ...] | None = None,
        *,
        wanted: bool = True,
    ) -> Step:
        """What a reconcile of a Service looks at.

        Args:
            control: The Service.
            frontends: The addresses of its load balancer; None for those in its status.
            backends: The addresses of the nodes behind it; None for those of the cluster.
            wanted: Whether it is to have a load balancer; False where it is being deleted.
        """
        step = Step(
            control,
            control.frontends if frontends is None else frontends,
            self.backends if backends is None else backends,
            known=self.known,
            wanted=wanted,
        )
        return replace(step, retained=self.retained(control, step.destinations))

    def retained(self, control: AccessControl, destinations: Iterable[Address]) -> dict[str, Counter[int]]:
        """By protocol, the ports that other Services need at some destinations, as often as they need them.

        With floating IP these are the Services with one of the destinations in their status; without it, all other
        Services without floating IP.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer_accesscontrol.go
        `listSharedIPPortMapping`.
        """
        if not control.floating:
            return self._node_ports_but(control)
        others = {other.service.key: other for address in destinations for other in self._by_address.get(address, ())}
        others.pop(control.service.key, None)
        found: dict[str, Counter[int]] = {}
        for other in others.values():
            _count(other, found)
        return found

    def _node_ports_but(self, control: AccessControl) -> dict[str, Counter[int]]:
        mine: dict[str, Counter[int]] = {}
        listed = self.controls.get(control.service.key)
        if listed is not None and not listed.floating:
            _count(listed, mine)
        left = {protocol: ports - mine.get(protocol, Counter()) for protocol, ports in self._node_ports.items()}
        return {protocol: ports for protocol, ports in left.items() if ports}


def managed_addresses(nodes: Iterable[Node]) -> tuple[Address, ...]:
    """The internal addresses of the nodes that the provider manages.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure.go `updateNodeCaches`.
    """
    return tuple(address for node in nodes if _is_managed(node) for address in node.internal)


def backend_addresses(nodes: Iterable[Node]) -> tuple[Address, ...]:
    """The internal addresses of the nodes that load balancers lead to: managed, and not excluded by their label.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure.go `ShouldNodeExcludedFromLoadBalancer`.
    """
    return tuple(
        address for node in nodes if _is_managed(node) and _EXCLUDED not in node.labels for address in node.internal
    )


def _is_managed(node: Node) -> bool:
    return node.labels.get(_MANAGED, "").lower() != "false"


def _count(control: AccessControl, into: dict[str, Counter[int]]) -> None:
    for protocol, ports in control.ports.items():
        into.setdefault(protocol, Counter()).update(ports)
