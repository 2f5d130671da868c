"""What the tag VirtualNetwork stands for at one subnet, as far as the input tells.

The tag holds the space of the virtual network, that of its connected peers, the prefixes of the routes that users put
into the subnet's route table, and the virtual address of the host. A default route therefore widens it to everything,
and with it the default rules. Azure expands the tag itself; its effective-rules reply says exactly what to, and is
taken where the input holds one.

Source: Microsoft Learn, "Virtual network service tags" (VirtualNetwork) and "Effective security rules".
"""

from __future__ import annotations

from dataclasses import dataclass

from aksess.addresses import EVERYONE, INTERNET, NOBODY, PLATFORM, AddressSet
from aksess.addresses.parsing import azure_network
from aksess.estate import Estate, NodeGroup
from aksess.estate.azure import Peering, space_of
from aksess.rulings import Assumption

__all__ = ["PRIVATE", "Expansion", "expansion"]

PRIVATE = AddressSet.of("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Where a virtual network lies whose space was not read."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """The addresses of a tag: those that are surely in it, and those that may be.

    Attributes:
        sure: Surely in it.
        perhaps: In it as far as the input tells; holds ``sure``.
        doubt: What is missing, where the two differ.
        assumptions: What the expansion takes for true.
    """

    sure: AddressSet
    perhaps: AddressSet
    doubt: str = ""
    assumptions: tuple[Assumption, ...] = ()

    @classmethod
    def exact(cls, addresses: AddressSet) -> Expansion:
        """A set that is known."""
        return cls(addresses, addresses)


def expansion(estate: Estate, group: NodeGroup) -> Expansion:
    """The VirtualNetwork of a node group's subnet."""
    told = _effective(estate, group.subnet)
    if told is not None:
        return Expansion.exact(told)
    subnet = estate.subnets.get(group.subnet)
    network = estate.networks.get(subnet.network) if subnet else None
    if subnet is None or network is None:
        return _unknown(estate, group)
    sure, perhaps = network.space | PLATFORM, NOBODY
    missing: list[str] = []
    for peering in network.peerings:
        space = _peer_space(estate, peering)
        if space is None:
            perhaps, missing = perhaps | PRIVATE, [*missing, f"the space of the peered network {_name(peering.remote)}"]
        else:
            sure |= space
    if subnet.route_table:
        routes = estate.route_tables.get(subnet.route_table)
        if routes is None:
            perhaps, missing = EVERYONE, [*missing, f"the route table {_name(subnet.route_table)}"]
        else:
            sure |= routes.space
        for name in routes.named if routes is not None else ():
            # whether Azure counts a service tag among the prefixes of user routes is not documented
            perhaps |= estate.tags.get(name) or INTERNET
            missing.append(f"whether {name} of the route table {_name(subnet.route_table)} counts is")
    text = f"VirtualNetwork = {network.name}, its connected peers and the user routes of subnet {subnet.name}"
    return Expansion(
        sure,
        sure | perhaps,
        f"{' and '.join(missing)} not in the input" if missing else "",
        (Assumption("virtual-network-computed", text),),
    )


def _unknown(estate: Estate, group: NodeGroup) -> Expansion:
    """No network was read: it lies somewhere in private space, around the nodes and the internal frontends."""
    inside = [address for each in estate.node_groups for address in each.addresses]
    inside += [
        entry.address
        for service in estate.services.values()
        for entry in service.load_balancer_addresses
        if AddressSet.single(entry.address) <= PRIVATE
    ]
    sure = AddressSet.union_of([PLATFORM, *map(AddressSet.single, inside)])
    named = f"the virtual network of {_name(group.subnet)}" if group.subnet else "the virtual network of the nodes"
    text = f"{named} was not read; it is taken to lie in private address space"
    return Expansion(
        sure, sure | PRIVATE, f"{named} is not in the input", (Assumption("virtual-network-computed", text),)
    )


def _effective(estate: Estate, subnet: str) -> AddressSet | None:
    """The expansion as Azure itself told it, for this subnet or for the only one told."""
    found: list[tuple[str, AddressSet]] = []
    for group, _ in estate.effective:
        told = group.tag_map.get("virtualnetwork") if isinstance(group.tag_map, dict) else None
        association = group.association
        where = (association.subnet.id or "").lower() if association and association.subnet else ""
        if isinstance(told, list) and told and all(isinstance(each, str) and azure_network(each) for each in told):
            found.append((where, space_of(told)))
    exact = [space for where, space in found if where and where == subnet]
    if exact:
        return exact[0]
    spaces = {space for _, space in found}
    return spaces.pop() if len(spaces) == 1 else None


def _peer_space(estate: Estate, peering: Peering) -> AddressSet | None:
    if peering.space is not None:
        return peering.space
    remote = estate.networks.get(peering.remote)
    return remote.space if remote else None


def _name(identity: str) -> str:
    return identity.rpartition("/")[2] or "without a name"
