"""What an estate comes to in the lab: nodes, frontends, endpoints and listeners, as plain values.

The lab reads the estate on its own: nothing here asks the evaluator. What the estate leaves out is made up in the
simplest way that fits it, and written down in `Blueprint.notes`: two nodes where none was read, a ready endpoint on
every node for a Service without EndpointSlices. What cannot be played is written down too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aksess.addresses import Address, AddressSet, read_address
from aksess.estate import Estate, NodeGroup
from aksess.estate.azure import LoadBalancingRule, SecurityRule
from aksess.estate.kubernetes import Name, Service, ServicePort
from aksess.lab.managed_group import managed_rules

__all__ = ["Blueprint", "Endpoint", "Frontend", "HealthCheck", "LabNode", "draw"]

_MOST_NODES: Final = 6
_NOTE: Final = "service.beta.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class LabNode:
    """A node of the lab.

    Attributes:
        index: Its number.
        name: Its name in the estate.
        addresses: Its own addresses.
        pods: The addresses of pods that live on it, as CIDRs: its pod ranges and what lies outside them.
        group: The group it belongs to.
        subnet_rules: The rules of the security group of its subnet; None for no group.
        interface_rules: The rules of the security group of its interface; None for no group.
        bridges: The addresses that pods see of masqueraded connections; empty where they see the node's own.
    """

    index: int
    name: str
    addresses: tuple[Address, ...]
    pods: tuple[str, ...]
    group: NodeGroup
    subnet_rules: tuple[SecurityRule, ...] | None
    interface_rules: tuple[SecurityRule, ...] | None
    bridges: tuple[Address, ...] = ()

    def address(self, family: int) -> Address | None:
        """Its first address of a family."""
        return next((each for each in self.addresses if each.family == family), None)

    def bridge(self, family: int) -> Address | None:
        """The address towards its pods, where it has one of its own there."""
        return next((each for each in self.bridges if each.family == family), None)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How the balancer asks a node: protocol, port, path, and whether kube-proxy answers for local endpoints."""

    protocol: Literal["tcp", "http"]
    port: int
    path: str = "/"
    local: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Frontend:
    """One port of one address of a load balancer.

    Attributes:
        address: The address.
        service: The Service behind it.
        port: Its port.
        floating: Whether the packet keeps the frontend as its destination.
        backend_port: The port on the node, without floating IP.
        check: How nodes are asked; None where all count as healthy.
    """

    address: Address
    service: Service
    port: ServicePort
    floating: bool
    backend_port: int
    check: HealthCheck | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of one Service port."""

    address: Address
    port: int
    node: int
    ready: bool = True
    serving: bool = True
    terminating: bool = False


@dataclass
class Blueprint:
    """Everything that is to be built.

    Attributes:
        nodes: The nodes.
        frontends: The frontends that the balancer takes.
        endpoints: Endpoints by Service and port.
        pod_space: The network of the pods, where it is known.
        mode: How kube-proxy runs; iptables is the default of AKS.
        notes: What was made up, and what cannot be played.
    """

    nodes: tuple[LabNode, ...]
    frontends: tuple[Frontend, ...]
    endpoints: dict[tuple[Name, ServicePort], tuple[Endpoint, ...]]
    pod_space: AddressSet = field(default_factory=AddressSet)
    mode: Literal["iptables", "nftables"] = "iptables"
    notes: list[str] = field(default_factory=list)

    def of(self, service: Service, port: ServicePort, family: int) -> list[Endpoint]:
        """The endpoints of a Service port in one family."""
        return [each for each in self.endpoints.get((service.key, port), ()) if each.address.family == family]


def draw(estate: Estate) -> Blueprint:
    """The blueprint of an estate."""
    return _Draughtsman(estate).draw()


class _Draughtsman:
    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.notes: list[str] = []
        self.hosts = self._hosts()
        self.made_up = 0

    def draw(self) -> Blueprint:
        endpoints = {
            (service.key, port): tuple(self._endpoints(service, port))
            for service in self.estate.services.values()
            if service.type in {"LoadBalancer", "NodePort"}
            for port in service.ports
        }
        nodes = tuple(self._node(index, *host, endpoints.values()) for index, host in enumerate(self.hosts))
        return Blueprint(
            nodes, tuple(self._frontends()), endpoints, self._pod_space(), self._mode(), list(dict.fromkeys(self.notes))
        )

    def _pod_space(self) -> AddressSet:
        profile = self.estate.cluster.network if self.estate.cluster is not None else None
        texts = (profile.pod_cidrs or ([profile.pod_cidr] if profile.pod_cidr else [])) if profile else []
        texts = texts or [each for node in self.estate.nodes.values() for each in node.pod_ranges]
        return AddressSet.of(*texts)

    def _mode(self) -> Literal["iptables", "nftables"]:
        profile = self.estate.cluster.network if self.estate.cluster is not None else None
        asked = (profile.kube_proxy_config.mode or "") if profile and profile.kube_proxy_config else ""
        if asked.lower() == "ipvs":
            self.notes.append("kube-proxy in IPVS mode is not played; iptables mode is, in its place")
        return "nftables" if asked.lower() == "nftables" else "iptables"

    # --- nodes --------------------------------------------------------------------------------------------------------

    def _hosts(self) -> list[tuple[str, tuple[Address, ...], NodeGroup]]:
        groups = self.estate.node_groups
        found = [(node.name, node.internal, group) for group in groups for node in group.nodes if node.internal]
        if len(found) > _MOST_NODES:
            used = {each.node for slices in self.estate.slices.values() for one in slices for each in one.endpoints}
            found.sort(key=lambda host: host[0] not in used)
            self.notes.append(f"{_MOST_NODES} of {len(found)} nodes are built, those with endpoints first")
        if not found:
            self.notes.append("no node was read: two are made up")
            space = self._node_space(groups[0])
            found = [
                (f"node-{number}", tuple(Address(f, start + 100 + number) for f, start in space), groups[0])
                for number in (0, 1)
            ]
        return found[:_MOST_NODES]

    def _node_space(self, group: NodeGroup) -> list[tuple[int, int]]:
        """Where addresses of nodes that were not read may lie: first numbers of their subnet, by family."""
        subnet = self.estate.subnets.get(group.subnet)
        prefixes = subnet.prefixes if subnet is not None else AddressSet.of("10.224.0.0/16")
        found = {first.family: first.number for first, _ in prefixes.ranges()}
        if any(6 in each.families for each in self.estate.services.values()):
            made_up, _ = next(iter(AddressSet.of("fd00:224::/64").ranges()))
            found.setdefault(6, made_up.number)
        return list(found.items())

    def _node(
        self,
        index: int,
        name: str,
        addresses: tuple[Address, ...],
        group: NodeGroup,
        endpoints: Iterable[Sequence[Endpoint]],
    ) -> LabNode:
        lone = {each.address for listed in endpoints for each in listed if each.node == index} - set(addresses)
        ranges = self.estate.nodes[name].pod_ranges if name in self.estate.nodes else ()
        inside = AddressSet.of(*ranges)
        pods = (*ranges, *(str(each) for each in sorted(lone) if each not in inside))
        groups = self.estate.security_groups
        subnet = self.estate.subnets.get(group.subnet)
        hanging = groups.get(subnet.security_group) if subnet and subnet.security_group else None
        hanging = hanging or next(
            (each for each in groups.values() if group.subnet and group.subnet in each.subnets), None
        )
        return LabNode(
            index,
            name,
            addresses,
            pods,
            group,
            hanging.rules if hanging is not None else None,
            self._interface_rules(group),
            self._bridges(name),
        )

    def _interface_rules(self, group: NodeGroup) -> tuple[SecurityRule, ...] | None:
        """The rules of the interface; where AKS keeps the group and it was not read, as AKS would write it."""
        if group.security_group == "":
            return None
        groups = self.estate.security_groups
        found = groups.get(group.security_group) if group.security_group else None
        managed = [each for each in groups.values() if _is_managed(each.name)]
        if found is None and not group.security_group and len(managed) == 1:
            found = managed[0]
        if found is not None:
            return found.rules
        if group.security_group and not _is_managed(group.security_group.rpartition("/")[2]):
            self.notes.append(f"security group {group.security_group} was not read and is not played")
            return None
        self.notes.append("the security group that AKS keeps was not read: it is played as AKS would write it")
        return managed_rules(self.estate, tuple(str(each) for _, addresses, _ in self.hosts for each in addresses))

    def _bridges(self, name: str) -> tuple[Address, ...]:
        """With kubenet, the first address of a node's pod range is that of its bridge."""
        cluster = self.estate.cluster
        node = self.estate.nodes.get(name)
        if cluster is None or node is None or (cluster.network.network_plugin or "").lower() != "kubenet":
            return ()
        starts = [AddressSet.of(each).witness() for each in node.pod_ranges]
        return tuple(Address(each.family, each.number + 1) for each in starts if each is not None)

    # --- endpoints ----------------------------------------------------------------------------------------------------

    def _endpoints(self, service: Service, port: ServicePort) -> Iterator[Endpoint]:
        slices = self.estate.slices.get(service.key)
        if slices is None:
            yield from self._assumed(service, port)
            return
        index = {name: number for number, (name, _, _) in enumerate(self.hosts)}
        for each in slices:
            number = each.ports.get((port.name, port.protocol))
            for endpoint in each.endpoints if number else ():
                address = read_address(endpoint.addresses[0]) if endpoint.addresses else None
                if address is None or number is None or endpoint.node not in index:
                    self.notes.append(f"an endpoint of Service {service.namespace}/{service.name} is left out")
                    continue
                yield Endpoint(
                    address, number, index[endpoint.node], endpoint.ready, endpoint.serving, endpoint.terminating
                )

    def _assumed(self, service: Service, port: ServicePort) -> Iterator[Endpoint]:
        """One ready endpoint on every node, in a pod range that nobody else uses."""
        if not any("no EndpointSlices" in note for note in self.notes):
            self.notes.append("Services without EndpointSlices get one ready endpoint on every node")
        number = port.target_port if isinstance(port.target_port, int) else self._container_port(service, port)
        self.made_up += 1
        for index, (name, addresses, _) in enumerate(self.hosts):
            for family in service.families:
                start = self._pod_start(name, addresses, family, index)
                if start is not None:
                    yield Endpoint(Address(family, start + self.made_up), number, index)

    def _pod_start(self, name: str, addresses: tuple[Address, ...], family: int, index: int) -> int | None:
        """Below made-up pods of a node: in its pod range, else in that of the cluster, else beside the node."""
        node = self.estate.nodes.get(name)
        ranges = [AddressSet.of(each) for each in node.pod_ranges] if node is not None else []
        for space in (*ranges, self._pod_space()):
            flat = space.ipv4 if family == 4 else space.ipv6
            if flat:
                return flat[0] + 128 + (0 if space in ranges else index << 8)
        own = next((each for each in addresses if each.family == family), None)
        return own.number + (index + 1 << 10) if own is not None else None

    def _container_port(self, service: Service, port: ServicePort) -> int:
        """The number of a named target port, from the workload that the Service selects; the Service's own else."""
        for workload in self.estate.workloads:
            if service.selector and service.selector.items() <= workload.pod_labels.items():
                for container in workload.containers:
                    for each in container.ports:
                        if each.name == port.target_port:
                            return each.container_port
        return port.port

    # --- frontends ----------------------------------------------------------------------------------------------------

    def _frontends(self) -> Iterator[Frontend]:
        for service in self.estate.services.values():
            if not service.is_load_balancer:
                continue
            for entry in service.load_balancer_addresses:
                for port in service.ports:
                    found = self._frontend(service, port, entry.address)
                    if found is not None:
                        yield found

    def _frontend(self, service: Service, port: ServicePort, address: Address) -> Frontend | None:
        rules = self._rules_of(address)
        if rules is None:
            notes = service.annotations
            if notes.get(f"{_NOTE}port_{port.port}_no_lb_rule", "").lower() == "true":
                return None
            internal = notes.get(_NOTE + "azure-load-balancer-internal", "").lower() == "true"
            off = notes.get(_NOTE + "azure-disable-load-balancer-floating-ip", "").lower() == "true"
            floating = not off and not (internal and address.family == 6)
            return Frontend(address, service, port, floating, port.node_port, _planned(service, port))
        for rule in rules:
            if rule.protocol in {"all", port.protocol.lower()} and rule.frontend_port in {0, port.port}:
                backend = rule.backend_port if rule.frontend_port else port.port
                return Frontend(address, service, port, rule.floating, backend, _read_check(rule, service))
        return None

    def _rules_of(self, address: Address) -> tuple[LoadBalancingRule, ...] | None:
        for balancer in self.estate.load_balancers.values():
            for frontend in balancer.frontends:
                if frontend.address == address:
                    return tuple(frontend.rules)
        return None


def _is_managed(name: str) -> bool:
    return name.lower().startswith("aks-agentpool-") and name.lower().endswith("-nsg")


def _planned(service: Service, port: ServicePort) -> HealthCheck | None:
    """The probe that AKS sets up for a port.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer_healthprobe.go.
    """
    notes = service.annotations
    own = f"{_NOTE}port_{port.port}_health-probe_"
    if notes.get(f"{_NOTE}port_{port.port}_no_probe_rule", "").lower() == "true":
        return None
    if service.external_policy == "Local" and service.health_check_node_port and own + "port" not in notes:
        return HealthCheck("http", service.health_check_node_port, "/healthz", local=True)
    if port.protocol != "TCP":
        return None
    asked = (
        notes.get(own + "protocol")
        or port.app_protocol
        or notes.get(_NOTE + "azure-load-balancer-health-probe-protocol")
    )
    path = notes.get(own + "request-path") or notes.get(_NOTE + "azure-load-balancer-health-probe-request-path") or "/"
    web = (asked or "").lower() in {"http", "https"}
    return HealthCheck("http" if web else "tcp", port.node_port, path)


def _read_check(rule: LoadBalancingRule, service: Service) -> HealthCheck | None:
    if rule.probe is None:
        return None
    local = bool(service.health_check_node_port) and rule.probe.port == service.health_check_node_port
    web = rule.probe.protocol in {"http", "https"}
    return HealthCheck("http" if web else "tcp", rule.probe.port, rule.probe.path or "/", local)
