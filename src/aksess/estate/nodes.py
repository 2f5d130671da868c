"""Node groups: the nodes that share a subnet and a network interface configuration, and so the same security groups.

A connection that a load balancer hands to a node meets the rules of that node's group, so a frontend over two groups
has two answers. Groups come from scale sets and interfaces where the input holds them, else from the agent pools of
the cluster, else all nodes are one group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aksess.addresses import Address, AddressSet, read_address
from aksess.estate import azure_wire
from aksess.estate.azure import ManagedCluster, Subnet
from aksess.estate.kubernetes import Node

__all__ = ["Machines", "NodeGroup", "node_groups"]

_SCALE_SET = re.compile(r"/virtualmachinescalesets/([^/]+)/virtualmachines/(\d+)", re.IGNORECASE)
_Key = tuple[str, str, str | None, tuple[str, ...]]
_MACHINE = re.compile(r"/virtualmachines/([^/]+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Machines:
    """A scale set or a single interface, as far as it tells where nodes hang.

    Attributes:
        name: Name of the scale set or machine, in lower case.
        resource_group: Its resource group, in lower case.
        subnet: Subnet id in lower case, empty if not said.
        security_group: Id of the group on the interface, in lower case, empty for none.
        groups: Ids of application security groups, in lower case.
        address: Private address, for a single interface.
        public: Whether instances get public addresses of their own.
    """

    name: str
    resource_group: str
    subnet: str
    security_group: str
    groups: tuple[str, ...] = ()
    address: Address | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes behind the same security groups.

    Attributes:
        name: Scale set, machine, agent pool, or ``nodes``.
        subnet: Subnet id in lower case; empty where the input does not say.
        security_group: Id of the group on the interfaces in lower case; empty where there is none; None where the
            input holds no interface (AKS hangs its own group there).
        nodes: The nodes.
        application_groups: Ids of application security groups of the interfaces, in lower case.
    """

    name: str
    subnet: str
    security_group: str | None
    nodes: tuple[Node, ...] = ()
    application_groups: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The private addresses of the nodes."""
        return tuple(address for node in self.nodes for address in node.internal)


def machines_of_scale_set(identity: str, name: str, item: azure_wire.ScaleSet) -> Machines | None:
    """What a scale set says of its instances' primary interface."""
    profile = item.virtual_machine_profile
    interfaces = (
        profile.network_profile.network_interface_configurations if profile and profile.network_profile else None
    )
    if not interfaces:
        return None
    interface = interfaces[0]
    configurations = interface.ip_configurations or []
    first = configurations[0] if configurations else azure_wire.IpConfiguration()
    return Machines(
        name.lower(),
        _resource_group(identity),
        (first.subnet.id or "").lower() if first.subnet else "",
        (interface.network_security_group.id or "").lower() if interface.network_security_group else "",
        _groups(configurations),
        public=any(each.public_ip_address_configuration for each in configurations),
    )


def machines_of_interface(identity: str, item: azure_wire.NetworkInterface) -> Machines | None:
    """What a single interface says: of a virtual machine, or of one instance of a scale set."""
    configurations = item.ip_configurations or []
    if not configurations:
        return None
    first = configurations[0]
    owner = item.virtual_machine.id or "" if item.virtual_machine else ""
    scale_set = _SCALE_SET.search(owner) or _SCALE_SET.search(identity)
    machine = _MACHINE.search(owner)
    name = scale_set.group(1) if scale_set else machine.group(1) if machine else ""
    if not name:
        return None
    return Machines(
        name.lower(),
        _resource_group(identity),
        (first.subnet.id or "").lower() if first.subnet else "",
        (item.network_security_group.id or "").lower() if item.network_security_group else "",
        _groups(configurations),
        address=read_address(first.private_ip_address) if first.private_ip_address else None,
        public=first.public_ip_address is not None,
    )


def node_groups(
    nodes: Sequence[Node], machines: Sequence[Machines], cluster: ManagedCluster | None, subnets: Mapping[str, Subnet]
) -> tuple[NodeGroup, ...]:
    """The node groups of a cluster, in a stable order; at least one.

    Args:
        nodes: The Kubernetes nodes that were read.
        machines: The scale sets and interfaces that were read, scale sets first.
        cluster: The AKS cluster, if it was read.
        subnets: All subnets by id in lower case.
    """
    by_name: dict[str, Machines] = {}
    for each in _of_cluster(machines, cluster):
        by_name.setdefault(each.name, each)
    pools = _pools(cluster)
    members: dict[_Key, list[Node]] = {}
    for node in nodes:
        owner = by_name.get(_owner(node))
        pool = node.labels.get("kubernetes.azure.com/agentpool") or node.labels.get("agentpool") or ""
        key: _Key
        if owner is not None:
            key = (owner.name, owner.subnet or pools.get(pool, ""), owner.security_group, owner.groups)
        else:
            key = (pool or "nodes", pools.get(pool, "") or _subnet_of(node, subnets), None, ())
        members.setdefault(key, []).append(node)
    if not members:
        for each in by_name.values():
            members[(each.name, each.subnet, each.security_group, each.groups)] = []
    if not members:
        for pool, subnet in pools.items():
            members[(pool, subnet, None, ())] = []
    if not members:
        only = next(iter(subnets)) if len(subnets) == 1 else ""
        members[("nodes", only, None, ())] = []
    return tuple(
        NodeGroup(name, subnet, group, tuple(found), application)
        for (name, subnet, group, application), found in members.items()
    )


def _resource_group(identity: str) -> str:
    return identity.lower().partition("/resourcegroups/")[2].partition("/")[0]


def _of_cluster(machines: Sequence[Machines], cluster: ManagedCluster | None) -> list[Machines]:
    """The machines of the cluster: those of its node resource group, else those that AKS named, else all."""
    named = (cluster.wire.node_resource_group or "").lower() if cluster else ""
    for wanted in (
        [each for each in machines if named and each.resource_group == named],
        [each for each in machines if each.name.startswith("aks-")],
    ):
        if wanted:
            return wanted
    return list(machines)


def _owner(node: Node) -> str:
    found = _SCALE_SET.search(node.provider_id) or _MACHINE.search(node.provider_id)
    return found.group(1).lower() if found else ""


def _pools(cluster: ManagedCluster | None) -> dict[str, str]:
    if cluster is None:
        return {}
    return {pool.name or "": (pool.vnet_subnet_id or "").lower() for pool in cluster.wire.agent_pool_profiles or []}


def _subnet_of(node: Node, subnets: Mapping[str, Subnet]) -> str:
    for key, subnet in subnets.items():
        if node.internal and AddressSet.single(node.internal[0]) <= subnet.prefixes:
            return key
    return ""


def _groups(configurations: Sequence[azure_wire.IpConfiguration]) -> tuple[str, ...]:
    found = [
        group.id.lower() for each in configurations for group in each.application_security_groups or [] if group.id
    ]
    return tuple(dict.fromkeys(found))
