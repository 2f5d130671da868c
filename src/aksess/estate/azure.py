"""The Azure nouns that decide access: security groups, subnets, virtual networks, node pools, load balancers, clusters.

Ids are compared in lower case everywhere, because Azure writes one id in many cases. Values inside security rules stay
as written; `aksess.layers.nsg` gives them their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from aksess.addresses import Address, AddressSet, read_address
from aksess.addresses.parsing import azure_set
from aksess.estate import azure_wire
from aksess.snapshot.items import Located

__all__ = [
    "Frontend",
    "LoadBalancer",
    "LoadBalancingRule",
    "ManagedCluster",
    "NatGateway",
    "Probe",
    "PublicAddress",
    "RouteTable",
    "SecurityGroup",
    "SecurityRule",
    "Subnet",
    "VirtualNetwork",
]


@dataclass(frozen=True, slots=True)
class _Resource:
    """What every resource has."""

    id: str
    name: str
    place: Located = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        """The id for comparing."""
        return self.id.lower()


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One security rule; singular and plural fields are one list, protocol and direction are in lower case.

    Attributes:
        protocol: ``tcp``, ``udp``, ``icmp``, ``esp``, ``ah`` or ``*``.
        sources: Prefixes, tags or ``*``, as written; empty where application security groups stand instead.
        path: Where the rule stands in its group.
    """

    name: str
    priority: int
    inbound: bool
    allows: bool
    protocol: str
    sources: tuple[str, ...]
    source_ports: tuple[str, ...]
    destinations: tuple[str, ...]
    destination_ports: tuple[str, ...]
    source_groups: tuple[str, ...] = ()
    destination_groups: tuple[str, ...] = ()
    default: bool = False
    always: bool = False
    """Security admin rules only: AlwaysAllow, which ends the evaluation."""
    path: tuple[str | int, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroup(_Resource):
    """A network security group, its inbound and outbound rules by priority, user rules before default rules."""

    rules: tuple[SecurityRule, ...]
    subnets: tuple[str, ...]
    interfaces: tuple[str, ...]
    predicted: bool = False

    def inbound(self) -> list[SecurityRule]:
        """The inbound rules in the order in which they are tried."""
        return sorted((rule for rule in self.rules if rule.inbound), key=lambda rule: rule.priority)

    def outbound(self) -> list[SecurityRule]:
        """The outbound rules in the order in which they are tried."""
        return sorted((rule for rule in self.rules if not rule.inbound), key=lambda rule: rule.priority)

    def rules_are_those_of(self, other: SecurityGroup) -> bool:
        """Whether the rules say the same, wherever they stand in their files."""
        mine, theirs = ({replace(rule, path=(), description="") for rule in each.rules} for each in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Subnet(_Resource):
    """A subnet: its ranges and what hangs on it (ids in lower case, empty for none)."""

    network: str
    prefixes: AddressSet
    security_group: str
    route_table: str
    nat_gateway: str


@dataclass(frozen=True, slots=True)
class Peering:
    """A peering that carries traffic: the remote network's id and space (None where the input does not say)."""

    name: str
    remote: str
    space: AddressSet | None


@dataclass(frozen=True, slots=True)
class VirtualNetwork(_Resource):
    """A virtual network: its space and its working peerings."""

    space: AddressSet
    peerings: tuple[Peering, ...]


@dataclass(frozen=True, slots=True)
class PublicAddress(_Resource):
    """A public address; None while none is assigned."""

    address: Address | None
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class NatGateway(_Resource):
    """A NAT gateway: ids of its public addresses, prefixes and subnets, in lower case."""

    addresses: tuple[str, ...]
    prefixes: tuple[str, ...]
    subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A health probe; protocol ``tcp``, ``http`` or ``https``."""

    name: str
    protocol: str
    port: int
    path: str
    field: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class LoadBalancingRule:
    """A load-balancing rule; protocol ``tcp``, ``udp`` or ``all``."""

    name: str
    protocol: str
    frontend_port: int
    backend_port: int
    floating: bool
    probe: Probe | None
    pools: tuple[str, ...]
    """Backend pool ids in lower case."""
    field: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Frontend:
    """A frontend of a load balancer with its rules; the address is None where its public address was not read."""

    name: str
    address: Address | None
    public: bool
    rules: tuple[LoadBalancingRule, ...]


@dataclass(frozen=True, slots=True)
class LoadBalancer(_Resource):
    """A load balancer."""

    frontends: tuple[Frontend, ...]
    pools: dict[str, tuple[str, ...]]
    """Members of each backend pool: ids of ip configurations or plain addresses, in lower case."""


@dataclass(frozen=True, slots=True)
class ManagedCluster(_Resource):
    """An AKS cluster; the wire structure is kept, since most fields are read in one place only."""

    wire: azure_wire.ManagedCluster

    @property
    def network(self) -> azure_wire.ClusterNetworkProfile:
        """The network profile, empty where there is none."""
        return self.wire.network_profile or azure_wire.ClusterNetworkProfile()

    @property
    def api_server(self) -> azure_wire.ApiServerProfile:
        """The API server access profile, empty where there is none."""
        return self.wire.api_server_access_profile or azure_wire.ApiServerProfile()

    @property
    def version(self) -> str:
        """The Kubernetes version that runs."""
        return self.wire.current_kubernetes_version or self.wire.kubernetes_version or ""


def security_group(identity: str, name: str, item: azure_wire.SecurityGroup, place: Located) -> SecurityGroup:
    """A network security group from the azure_wire.

    Raises:
        ValueError: A rule lacks what every rule has, or two rules of one direction have one priority.
    """
    rules = [security_rule(rule, ("securityRules", index)) for index, rule in enumerate(item.security_rules or [])]
    ranks = [(rule.inbound, rule.priority) for rule in rules]
    if len(set(ranks)) < len(ranks):
        twice = next(rule for rule in rules if ranks.count((rule.inbound, rule.priority)) > 1)
        raise ValueError(f"security rule {twice.name} shares its priority {twice.priority} with another")
    rules += [
        security_rule(rule, ("defaultSecurityRules", index), default=True)
        for index, rule in enumerate(item.default_security_rules or [])
    ]
    known = {rule.name.lower() for rule in rules if rule.default}
    rules += [rule for rule in DEFAULT_RULES if rule.name.lower() not in known]
    return SecurityGroup(
        identity,
        name,
        place,
        rules=tuple(rules),
        subnets=_ids(item.subnets),
        interfaces=_ids(item.network_interfaces),
    )


_MAX_PRIORITY = 65535
_PROTOCOLS = frozenset({"tcp", "udp", "icmp", "icmpv6", "esp", "ah", "*", "all", "any"})


def security_rule(item: azure_wire.SecurityRule, path: tuple[str | int, ...], *, default: bool = False) -> SecurityRule:
    """A security rule from the azure_wire.

    Raises:
        ValueError: Priority, direction, access, protocol or a side is missing, or one that Azure does not know.
    """
    name = item.name or ""
    access, direction = (item.access or "").lower(), (item.direction or "").lower()
    if (
        item.priority is None
        or not 0 < item.priority <= _MAX_PRIORITY
        or access not in {"allow", "deny", "alwaysallow"}
        or direction not in {"inbound", "outbound"}
    ):
        raise ValueError(f"security rule {name or path[-1]} lacks a usable priority, access or direction")
    protocol = (item.protocol or "*").lower()
    if protocol not in _PROTOCOLS:
        raise ValueError(f"security rule {name or path[-1]} has no protocol that Azure knows")
    rule = SecurityRule(
        name,
        item.priority,
        inbound=direction == "inbound",
        allows=access != "deny",
        protocol="*" if protocol in {"all", "any"} else protocol,
        sources=_both(item.source_address_prefix, item.source_address_prefixes, item.sources),
        source_ports=_both(item.source_port_range, item.source_port_ranges),
        destinations=_both(item.destination_address_prefix, item.destination_address_prefixes, item.destinations),
        destination_ports=_both(item.destination_port_range, item.destination_port_ranges),
        source_groups=_ids(item.source_application_security_groups),
        destination_groups=_ids(item.destination_application_security_groups),
        default=default,
        always=access == "alwaysallow",
        path=path,
        description=item.description or "",
    )
    sides = ((rule.sources or rule.source_groups), (rule.destinations or rule.destination_groups))
    if not all((*sides, rule.source_ports, rule.destination_ports)):
        # Azure knows no such rule; taken as written it would match nothing
        raise ValueError(f"security rule {name or path[-1]} lacks sources, destinations or ports")
    return rule


def _default(name: str, priority: int, *, inbound: bool, allows: bool, source: str, destination: str) -> SecurityRule:
    return SecurityRule(name, priority, inbound, allows, "*", (source,), ("*",), (destination,), ("*",), default=True)


DEFAULT_RULES: tuple[SecurityRule, ...] = (
    _default(
        "AllowVnetInBound", 65000, inbound=True, allows=True, source="VirtualNetwork", destination="VirtualNetwork"
    ),
    _default(
        "AllowAzureLoadBalancerInBound", 65001, inbound=True, allows=True, source="AzureLoadBalancer", destination="*"
    ),
    _default("DenyAllInBound", 65500, inbound=True, allows=False, source="*", destination="*"),
    _default(
        "AllowVnetOutBound", 65000, inbound=False, allows=True, source="VirtualNetwork", destination="VirtualNetwork"
    ),
    _default("AllowInternetOutBound", 65001, inbound=False, allows=True, source="*", destination="Internet"),
    _default("DenyAllOutBound", 65500, inbound=False, allows=False, source="*", destination="*"),
)
"""The rules that every group has and nobody can delete (Microsoft Learn, "Network security groups")."""


def subnet(identity: str, name: str, network: str, item: azure_wire.Subnet, place: Located) -> Subnet:
    """A subnet from the azure_wire. Raises ValueError for a prefix that is none."""
    return Subnet(
        identity,
        name,
        place,
        network=network.lower(),
        prefixes=_space([*([item.address_prefix] if item.address_prefix else []), *(item.address_prefixes or [])]),
        security_group=_id(item.network_security_group),
        route_table=_id(item.route_table),
        nat_gateway=_id(item.nat_gateway),
    )


def virtual_network(identity: str, name: str, item: azure_wire.VirtualNetwork, place: Located) -> VirtualNetwork:
    """A virtual network from the wire; only peerings that are connected and allow access count (contract §10).

    Raises:
        ValueError: A prefix that is none; without it the network would be smaller, and with it who gets in.
    """
    peerings: list[Peering] = []
    for each in item.virtual_network_peerings or []:
        if (each.peering_state or "").lower() != "connected" or each.allow_virtual_network_access is False:
            continue
        spaces = [each.remote_virtual_network_address_space, each.remote_address_space]
        prefixes = next((space.address_prefixes for space in spaces if space and space.address_prefixes), None)
        peerings.append(
            Peering(each.name or "", _id(each.remote_virtual_network), None if prefixes is None else _space(prefixes))
        )
    return VirtualNetwork(
        identity,
        name,
        place,
        space=_space(item.address_space.address_prefixes or [] if item.address_space else []),
        peerings=tuple(peerings),
    )


def load_balancer(
    identity: str, name: str, item: azure_wire.LoadBalancer, public: dict[str, PublicAddress], place: Located
) -> LoadBalancer:
    """A load balancer from the wire, its frontends joined with their public addresses.

    Raises:
        ValueError: A rule has a protocol or port that Azure does not know, or names no frontend of the load balancer.
    """
    probes = {
        (each.id or f"{identity}/probes/{each.name}").lower(): Probe(
            each.name or "",
            (each.protocol or "tcp").lower(),
            each.port or 0,
            each.request_path or "/",
            ("probes", index),
        )
        for index, each in enumerate(item.probes or [])
    }
    rules: dict[str, list[LoadBalancingRule]] = {}
    for index, rule in enumerate(item.load_balancing_rules or []):
        if (rule.protocol or "tcp").lower() not in {"tcp", "udp", "all"} or not 0 <= (rule.frontend_port or 0) < 65536:
            raise ValueError(f"load-balancing rule {rule.name or index} has no protocol or port that Azure knows")
        pools = _ids(
            [*([rule.backend_address_pool] if rule.backend_address_pool else []), *(rule.backend_address_pools or [])]
        )
        rules.setdefault(_id(rule.frontend_ip_configuration), []).append(
            LoadBalancingRule(
                rule.name or "",
                (rule.protocol or "tcp").lower(),
                rule.frontend_port or 0,
                rule.backend_port or 0,
                floating=bool(rule.enable_floating_ip),
                probe=probes.get(_id(rule.probe)),
                pools=pools,
                field=("loadBalancingRules", index),
            )
        )
    frontends: list[Frontend] = []
    for each in item.frontend_ip_configurations or []:
        key = (each.id or f"{identity}/frontendIPConfigurations/{each.name}").lower()
        address = read_address(each.private_ip_address) if each.private_ip_address else None
        is_public = each.public_ip_address is not None or each.public_ip_prefix is not None
        if is_public:
            found = public.get(_id(each.public_ip_address))
            address = found.address if found else None
        frontends.append(Frontend(each.name or "", address, is_public, tuple(rules.get(key, ()))))
    known = {
        (each.id or f"{identity}/frontendIPConfigurations/{each.name}").lower()
        for each in item.frontend_ip_configurations or []
    }
    for key, astray in rules.items():
        if key not in known:
            raise ValueError(f"load-balancing rule {astray[0].name} names no frontend of the load balancer")
    members = {
        (pool.id or f"{identity}/backendAddressPools/{pool.name}").lower(): (
            *_ids(pool.backend_ip_configurations),
            *(each.ip_address.lower() for each in pool.load_balancer_backend_addresses or [] if each.ip_address),
        )
        for pool in item.backend_address_pools or []
    }
    return LoadBalancer(identity, name, place, frontends=tuple(frontends), pools=members)


def _space(prefixes: list[str]) -> AddressSet:
    """The union of plain prefixes. Raises ValueError for a text that is none."""
    held, others = azure_set(prefixes)
    if others:
        raise ValueError(f"{others[0]!r} is no address prefix")
    return held


@dataclass(frozen=True, slots=True)
class RouteTable:
    """User routes.

    Attributes:
        space: The addresses that their prefixes hold.
        named: Prefixes that are names of service tags.
    """

    space: AddressSet
    named: tuple[str, ...]


def route_table(item: azure_wire.RouteTable) -> RouteTable:
    """A route table from the wire."""
    held, named = azure_set([each.address_prefix for each in item.routes or [] if each.address_prefix])
    return RouteTable(held, tuple(named))


def space_of(prefixes: list[str]) -> AddressSet:
    """The union of plain prefixes; texts that are none add nothing."""
    return azure_set(prefixes)[0]


def _both(
    one: str | int | None,
    several: list[str] | list[str | int] | None,
    items: list[azure_wire.AddressItem] | None = None,
) -> tuple[str, ...]:
    texts = [str(one)] if one not in (None, "") else []
    texts += [str(each) for each in several or []]
    texts += [each.address_prefix for each in items or [] if each.address_prefix]
    return tuple(dict.fromkeys(text.strip() for text in texts))


def _id(reference: azure_wire.Reference | None) -> str:
    return (reference.id or "").lower() if reference else ""


def _ids(references: list[azure_wire.Reference] | None) -> tuple[str, ...]:
    return tuple(reference.id.lower() for reference in references or [] if reference.id)


Side = Literal["subnet", "nic"]
