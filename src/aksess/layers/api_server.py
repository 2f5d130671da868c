"""The API server of the cluster: who reaches it over the network.

A public API server answers everybody until it has authorized ranges; then it answers those, the outbound addresses of
the cluster's own load balancer (which AKS adds without showing them) and itself. A private one answers only from inside
its network. Ranges speak for the public endpoint alone: run command goes round them through Azure, and a cluster whose
API server sits in its own network is reached there by the private way.

Source: Microsoft Learn, "Secure access to the API server using authorized IP address ranges", "Create a private AKS
cluster", "API Server VNet Integration", "Access a private AKS cluster with command invoke".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aksess.addresses import EVERYONE, INTERNET, NOBODY, AddressSet
from aksess.addresses.parsing import azure_network, set_of
from aksess.addresses.tags import looks_like_tag
from aksess.estate import Estate
from aksess.estate.azure import ManagedCluster
from aksess.layers.virtual_network import PRIVATE
from aksess.rulings import Assumption, Citation, Effect, Layer, Partition, Ruling

__all__ = ["MAX_RANGES", "MAX_RANGES_INTEGRATED", "Outbound", "cite", "judge", "outbound", "ranges"]

MAX_RANGES = 200
MAX_RANGES_INTEGRATED = 2000
_PATH = ("properties", "apiServerAccessProfile", "authorizedIPRanges")
_NOBODY_ELSE = "0.0.0.0/32"


@dataclass(frozen=True, slots=True)
class Outbound:
    """The addresses that a cluster's own traffic comes from.

    Attributes:
        addresses: Those that the input tells.
        unknown: Ids or ways whose addresses it does not tell.
        implicit: Whether AKS admits them to the API server by itself (the cluster's own load balancer).
    """

    addresses: AddressSet
    unknown: tuple[str, ...]
    implicit: bool


@dataclass(frozen=True, slots=True)
class Ranges:
    """The authorized ranges: what they hold for sure, what they may hold, and entries that nobody can read."""

    sure: AddressSet
    perhaps: AddressSet
    unreadable: tuple[str, ...]


def ranges(cluster: ManagedCluster, estate: Estate) -> Ranges | None:
    """The authorized ranges of a cluster; None where it has none, so that everybody is admitted."""
    texts = [text.strip() for text in cluster.api_server.authorized_ip_ranges or [] if text.strip()]
    if not texts:
        return None
    networks, sure, perhaps, unreadable = [], [], [], []
    for text in texts:
        network = azure_network(text)
        if text == _NOBODY_ELSE:
            continue
        if network is not None:
            networks.append(network)
            continue
        tag = estate.tags.get(text)
        if tag is not None:
            sure.append(tag)
        else:
            perhaps.append(INTERNET if looks_like_tag(text) else EVERYONE)
            unreadable.append(text)
    held = AddressSet.union_of([set_of(networks), *sure])
    return Ranges(held, AddressSet.union_of([held, *perhaps]), tuple(unreadable))


def outbound(cluster: ManagedCluster, estate: Estate) -> Outbound:
    """Where the cluster's own traffic comes from, by its outbound type."""
    network = cluster.network
    kind = (network.outbound_type or "loadBalancer").lower()
    if kind == "loadbalancer":
        profile = network.load_balancer_profile
        listed = [each.id for each in profile.effective_outbound_ips or [] if each.id] if profile else []
        if profile and profile.outbound_ips:
            listed += [each.id for each in profile.outbound_ips.public_ips or [] if each.id]
        for prefixes in (profile.outbound_ip_prefixes, profile.outbound_ips) if profile else ():
            listed += [each.id for each in (prefixes.public_ip_prefixes if prefixes else None) or [] if each.id]
        return _resolved(dict.fromkeys(each.lower() for each in listed), estate, implicit=True, nothing="load balancer")
    if kind in {"managednatgateway", "userassignednatgateway", "managednatgatewayv2"}:
        profile_nat = network.nat_gateway_profile
        listed = [each.id for each in (profile_nat.effective_outbound_ips if profile_nat else None) or [] if each.id]
        subnets = {group.subnet for group in estate.node_groups if group.subnet}
        for gateway in estate.nat_gateways.values():
            attached = {
                key for key in subnets if (found := estate.subnets.get(key)) and found.nat_gateway == gateway.key
            }
            if attached or subnets & set(gateway.subnets):
                listed += [*gateway.addresses, *gateway.prefixes]
        return _resolved(dict.fromkeys(each.lower() for each in listed), estate, implicit=False, nothing="NAT gateway")
    return Outbound(NOBODY, (f"outbound type {network.outbound_type}",), implicit=False)


def judge(cluster: ManagedCluster, estate: Estate) -> Partition:
    """What the API server's address does with every source; a denial is a timeout (contract §10)."""
    profile = cluster.api_server
    public = (cluster.wire.public_network_access or "enabled").lower() != "disabled"
    if profile.enable_private_cluster or not public:
        return _private(cluster, estate)
    admitted = ranges(cluster, estate)
    if admitted is None:
        return Partition.all(Ruling(cite(cluster, "no authorized ranges: everybody reaches it", ("properties",))))
    own = outbound(cluster, estate)
    listed = Ruling(cite(cluster, "authorized ranges name this address", _PATH))
    cells = [(admitted.sure, listed)]
    assumptions: tuple[Assumption, ...] = ()
    if own.implicit:
        implicit = own.addresses - admitted.sure
        cells.append((implicit, Ruling(cite(cluster, "the cluster's own outbound address, which AKS admits", _PATH))))
        if own.unknown:
            text = f"the outbound addresses of {cluster.name} are not in the input; AKS admits them too"
            assumptions = (Assumption("outbound-addresses-unknown", text),)
    if profile.enable_vnet_integration:
        inside = _network(cluster, estate) - AddressSet.union_of(cell for cell, _ in cells)
        cells.append((inside, Ruling(cite(cluster, "reached inside the virtual network", ("properties",)))))
    doubtful = admitted.perhaps - AddressSet.union_of(cell for cell, _ in cells)
    if doubtful:
        doubt = f"{', '.join(admitted.unreadable)} in the authorized ranges is not resolved"
        cells.append((doubtful, Ruling(cite(cluster, "authorized ranges", _PATH), doubt=doubt)))
    refused = Ruling(cite(cluster, "not in the authorized ranges", _PATH), Effect.TIMEOUT, assumptions=assumptions)
    return Partition(refused, tuple((cell, ruling) for cell, ruling in cells if cell))


def _private(cluster: ManagedCluster, estate: Estate) -> Partition:
    field = ("properties", "apiServerAccessProfile", "enablePrivateCluster")
    inside = _network(cluster, estate)
    cells = []
    if inside:
        cells.append((inside, Ruling(cite(cluster, "private cluster: reached inside its network", field))))
    elsewhere = PRIVATE - inside
    doubt = "a private address outside the networks of the input may have a way to the private endpoint"
    cells.append((elsewhere, Ruling(cite(cluster, "private cluster", field), doubt=doubt)))
    refused = Ruling(cite(cluster, "private cluster: no public address reaches it", field), Effect.TIMEOUT)
    return Partition(refused, tuple(cells))


def _network(cluster: ManagedCluster, estate: Estate) -> AddressSet:
    """The space of the cluster's own virtual networks."""
    ids: Iterable[str] = [(pool.vnet_subnet_id or "").lower() for pool in cluster.wire.agent_pool_profiles or []]
    subnets = [estate.subnets.get(each) for each in (*ids, (cluster.api_server.subnet_id or "").lower())]
    networks = {subnet.network for subnet in subnets if subnet}
    if not networks:
        networks = {subnet.network for group in estate.node_groups if (subnet := estate.subnets.get(group.subnet))}
    return AddressSet.union_of(estate.networks[each].space for each in networks if each in estate.networks)


def _resolved(ids: Iterable[str], estate: Estate, *, implicit: bool, nothing: str) -> Outbound:
    found: list[AddressSet] = []
    unknown: list[str] = []
    for each in ids:
        public, prefix = estate.public_addresses.get(each), estate.public_prefixes.get(each)
        if public is not None and public.address is not None:
            found.append(AddressSet.single(public.address))
        elif prefix is not None:
            found.append(prefix)
        else:
            unknown.append(each)
    if not found and not unknown:
        unknown.append(nothing)
    return Outbound(AddressSet.union_of(found), tuple(unknown), implicit)


def cite(cluster: ManagedCluster, text: str, path: tuple[str | int, ...]) -> Citation:
    """A citation of a cluster's API server access profile, or of another field of the cluster."""
    return Citation(
        Layer.API_SERVER, "managedCluster", cluster.name, resource=cluster.id, path=path, place=cluster.place, text=text
    )
