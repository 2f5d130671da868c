"""Network security groups as packet filter rules in the fabric before each node.

One chain a group: the subnet's before the interface's. An accepted packet leaves only its chain and meets the next one,
a dropped one is gone: so both must allow. Replies pass because connections are tracked. Security admin rules stand
before both; what they always allow skips the groups.

This is a path of its own from rules to verdicts: it shares nothing with the evaluator but the reading of the files.

Source: Microsoft Learn, "How network security groups filter network traffic", "Virtual network service tags",
"Security admin rules in Azure Virtual Network Manager"; nft(8), verdict statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from aksess.addresses import INTERNET, PLATFORM, AddressSet
from aksess.addresses.parsing import azure_network, set_of
from aksess.estate import Estate
from aksess.estate.azure import SecurityRule
from aksess.lab.blueprint import Blueprint, LabNode
from aksess.lab.nftables import named_set

__all__ = ["Names", "statements"]

TABLE: Final = "inet guard"
_ANY: Final = {"*", "any"}
_SKIP: Final = 0x1


class Names:
    """What names in rules stand for at one node."""

    def __init__(self, estate: Estate, blueprint: Blueprint, node: LabNode) -> None:
        """Take the place; members of application security groups are the nodes that the lab built."""
        self._estate = estate
        self._blueprint = blueprint
        self._network = self._virtual_network(node)
        self.unknown: list[str] = []

    def resolve(self, texts: Sequence[str], groups: Sequence[str]) -> AddressSet | None:
        """The addresses of a field; None for everybody."""
        found: list[AddressSet] = []
        for text in texts:
            name = text.strip().lower()
            if name in _ANY:
                return None
            found.append(self._one(text, name))
        for group in groups:
            members = [each for each in self._blueprint.nodes if group.lower() in each.group.application_groups]
            found += [AddressSet.single(address) for each in members for address in each.addresses]
        return AddressSet.union_of(found)

    def _one(self, text: str, name: str) -> AddressSet:
        network = azure_network(text)
        if network is not None:
            return set_of([network])
        if name == "virtualnetwork":
            return self._network
        if name == "internet":
            return INTERNET - self._network
        if name == "azureloadbalancer":
            return PLATFORM
        known = self._estate.tags.get(text)
        if known is None:
            self.unknown.append(text)
            return AddressSet()
        return known

    def _virtual_network(self, node: LabNode) -> AddressSet:
        subnet = self._estate.subnets.get(node.group.subnet)
        network = self._estate.networks.get(subnet.network) if subnet is not None else None
        if subnet is None or network is None:
            return PLATFORM | AddressSet.of("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
        spaces = [network.space, PLATFORM]
        for peering in network.peerings:
            remote = self._estate.networks.get(peering.remote)
            spaces.append(peering.space or (remote.space if remote is not None else AddressSet()))
        routes = self._estate.route_tables.get(subnet.route_table) if subnet.route_table else None
        return AddressSet.union_of([*spaces, routes.space if routes is not None else AddressSet()])


def statements(estate: Estate, blueprint: Blueprint, node: LabNode, names: Names) -> Iterator[str]:
    """Everything that the fabric before a node does to packets."""
    yield from _turned_back(blueprint)
    groups = [(-10, "subnet", node.subnet_rules), (0, "interface", node.interface_rules)]
    if estate.admin_rules:
        admin = [rule for rule, _ in estate.admin_rules]
        yield from _chain(-20, "admin", sorted(admin, key=lambda each: each.priority), names, blueprint)
    for priority, name, rules in groups:
        if rules is not None:
            inbound = sorted((each for each in rules if each.inbound), key=lambda each: each.priority)
            yield from _chain(priority, name, inbound, names, blueprint)


def _turned_back(blueprint: Blueprint) -> Iterator[str]:
    """A frontend never leaves a node towards the network again; without this it would go round for ever."""
    frontends = AddressSet.union_of(AddressSet.single(each.address) for each in blueprint.frontends)
    yield f"add chain {TABLE} back {{ type filter hook forward priority -30; }}"
    for family, word in ((4, "ip"), (6, "ip6")):
        if frontends.family(family):
            yield from named_set(TABLE, f"frontends{family}", frontends, family)
            yield f'add rule {TABLE} back iifname "node" {word} daddr @frontends{family} drop'


def _chain(
    priority: int, name: str, rules: Sequence[SecurityRule], names: Names, blueprint: Blueprint
) -> Iterator[str]:
    yield f"add chain {TABLE} {name}"
    yield f"add rule {TABLE} {name} ct state established,related accept"
    yield f"add rule {TABLE} {name} meta mark and {_SKIP} == {_SKIP} accept"
    defaults = False
    for index, rule in enumerate(rules):
        if rule.default and not defaults:
            defaults = True
            yield from _between_nodes(name, blueprint)
        yield from _rule(f"{name}{index}", name, rule, names)
    yield f"add chain {TABLE} {name}-hook {{ type filter hook forward priority {priority}; }}"
    yield f'add rule {TABLE} {name}-hook oifname "node" jump {name}'


def _between_nodes(chain: str, blueprint: Blueprint) -> Iterator[str]:
    """Nodes reach pods whatever the default rules say of pod addresses: AKS runs with these defaults.

    Source: MicrosoftDocs/azure-aks-docs articles/aks/concepts-network-azure-cni-overlay.md (only custom deny rules need
    allow rules beside them).
    """
    for family, word in ((4, "ip"), (6, "ip6")):
        nodes = [str(each) for node in blueprint.nodes for each in node.addresses if each.family == family]
        pods = [each for node in blueprint.nodes for each in node.pods if (":" in each) == (family == 6)]
        if nodes and pods:
            own, below = ", ".join(nodes), ", ".join(dict.fromkeys(pods))
            yield f"add rule {TABLE} {chain} {word} saddr {{ {own} }} {word} daddr {{ {below} }} accept"


def _rule(identity: str, chain: str, rule: SecurityRule, names: Names) -> Iterator[str]:
    sources = names.resolve(rule.sources, rule.source_groups)
    destinations = names.resolve(rule.destinations, rule.destination_groups)
    for family, word in ((4, "ip"), (6, "ip6")):
        parts: list[str] = [f"meta nfproto ipv{family}"]
        empty = False
        for side, members in (("saddr", sources), ("daddr", destinations)):
            if members is None:
                continue
            if not members.family(family):
                empty = True
                break
            yield from named_set(TABLE, f"{identity}-{side}{family}", members, family)
            parts.append(f"{word} {side} @{identity}-{side}{family}")
        if not empty:
            parts += _transport(rule)
            parts.append("counter")
            parts.append(_verdict(rule))
            yield f'add rule {TABLE} {chain} {" ".join(parts)} comment "{chain} {rule.priority} {rule.name[:90]}"'


def _transport(rule: SecurityRule) -> list[str]:
    destination, source = _ports(rule.destination_ports), _ports(rule.source_ports)
    protocol = rule.protocol
    if protocol in {"icmp", "esp", "ah"}:
        return ["meta l4proto { icmp, ipv6-icmp }" if protocol == "icmp" else f"meta l4proto {protocol}"]
    if protocol == "*" and destination is None and source is None:
        return []
    found = ["meta l4proto { tcp, udp }" if protocol == "*" else f"meta l4proto {protocol}"]
    if source is not None:
        found.append(f"th sport {source}")
    if destination is not None:
        found.append(f"th dport {destination}")
    return found


def _ports(texts: Sequence[str]) -> str | None:
    """Ports as a set; None for all."""
    listed = [text.strip() for text in texts]
    if "*" in listed or "0-65535" in listed:
        return None
    return f"{{ {', '.join(dict.fromkeys(listed))} }}"


def _verdict(rule: SecurityRule) -> str:
    if rule.always and rule.allows:
        return f"meta mark set {_SKIP} accept"
    return "accept" if rule.allows else "drop"
