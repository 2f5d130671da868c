"""A world of 32 sources, 16 destinations, 8 ports and 2 protocols, in which every packet is tried.

Random pairs of security groups (one on the subnet, one on the interface) are written down in all the forms that Azure
has for a field, read as files are, and judged by the product. Beside it stands an oracle that knows nothing of sets,
sweeps or JSON: it has for each rule the plain numbers that the rule was made from, tries rules by priority, and asks
both levels. Where a rule names a tag that nobody resolved, the oracle tries both: whatever the tag holds must not
change a verdict that the product calls certain, and where it does change it the product must say so.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from aksess.access.arrivals import Stream
from aksess.access.evaluator import Evaluator
from aksess.addresses import EVERYONE, Address, AddressSet
from aksess.estate import Estate
from aksess.layers.nsg import Flow
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.snapshot import Snapshot

PAIRS = 20
"""Pairs of security groups that each test tries; there are twelve tests."""
INSIDE = 10 << 24
"""10.0.0.0: the first of the sixteen addresses of the virtual network, sources and destinations."""
OUTSIDE = (203 << 24) + (113 << 8) + 16
"""203.0.113.16: the first of sixteen public sources."""
PLACES = [INSIDE + number for number in range(16)]
SOURCES = [*PLACES, *(OUTSIDE + number for number in range(16))]
PORTS = range(8)
PROTOCOLS = ("tcp", "udp")
NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/tiny/subnets/all"
GROUP = f"{NETWORK}/applicationSecurityGroups/members"
OTHER_GROUP = f"{NETWORK}/applicationSecurityGroups/others"
MEMBER = INSIDE + 5
"""The one node, and so the one member of its application security group."""


# --- rules as plain numbers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """A rule as the oracle knows it: numbers, and which of them it perhaps holds."""

    priority: int
    allows: bool
    protocols: frozenset[str]
    sources: frozenset[int]
    perhaps: frozenset[int]
    destinations: frozenset[int]
    ports: frozenset[int]

    def concerns(self, destination: int, port: int, protocol: str) -> bool:
        return protocol in self.protocols and port in self.ports and destination in self.destinations


ALL = frozenset(SOURCES)
VNET = frozenset(PLACES)
PUBLIC = ALL - VNET
EVERY_PORT = frozenset(PORTS)
DEFAULTS = (
    Rule(65000, True, frozenset(PROTOCOLS), VNET, frozenset(), VNET, EVERY_PORT),
    Rule(65001, True, frozenset(PROTOCOLS), frozenset(), frozenset(), VNET, EVERY_PORT),  # probes are no clients
    Rule(65500, False, frozenset(PROTOCOLS), ALL, frozenset(), VNET, EVERY_PORT),
)


def level(rules: list[Rule], source: int, destination: int, port: int, protocol: str) -> str:
    """What one group does with one packet: first match by priority, every reading of uncertain rules tried.

    Rules come in the order of their priorities.
    """
    verdicts = set()
    for rule in rules:
        if not rule.concerns(destination, port, protocol):
            continue
        if source in rule.sources:
            verdicts.add(rule.allows)
            break
        if source in rule.perhaps:
            verdicts.add(rule.allows)  # and, where the tag does not hold it, whatever comes below
    if len(verdicts) > 1:
        return "doubt"
    return "allow" if verdicts == {True} else "deny"


def both(subnet: list[Rule], interface: list[Rule], *packet: Any) -> str:
    """What two groups one after the other do: a sure denial on either level decides, else a doubt on either."""
    found = {level(subnet, *packet), level(interface, *packet)}
    return "deny" if "deny" in found else "doubt" if "doubt" in found else "allow"


# --- the same rules as Azure writes them ------------------------------------------------------------------------------


class Writer:
    """Makes random rules, each as the oracle's numbers and as JSON in some form."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def group(self, name: str) -> tuple[list[Rule], dict[str, Any]]:
        """A group of up to eight inbound rules, with outbound ones that must not matter."""
        priorities = self.random.sample(range(100, 4097), self.random.randint(0, 8))
        made = [self.rule(f"r{number}", priority) for number, priority in enumerate(priorities)]
        written = [each for _, each in made]
        for number in range(self.random.randint(0, 2)):
            _, other = self.rule(f"out{number}", 100 + number)
            self.inner(other)["direction"] = self.random.choice(["Outbound", "outbound"])
            written.insert(self.random.randint(0, len(written)), other)
        properties: dict[str, Any] = {"securityRules": written}
        if self.random.random() < 0.5:
            properties["defaultSecurityRules"] = self.random.choice([[], None, [DENY_ALL]])
        body = {"id": f"{NETWORK}/networkSecurityGroups/{name}", "name": name}
        body["type"] = self.random.choice(
            ["Microsoft.Network/networkSecurityGroups", "microsoft.network/NETWORKsecurityGroups"]
        )
        rules = sorted((rule for rule, _ in made), key=lambda rule: rule.priority)
        return [*rules, *DEFAULTS], self.shaped(body, properties)

    def rule(self, name: str, priority: int) -> tuple[Rule, dict[str, Any]]:
        pick = self.random.choice
        allows = pick([True, True, False])
        protocol, protocols = pick(PROTOCOL_FORMS)
        sources, perhaps, source_fields = self.side("source")
        destinations, _, destination_fields = self.side("destination")
        ports, port_fields = self.ports("destination")
        _, source_ports = self.ports("source", every=True)
        properties = {
            "access": pick(["Allow", "allow", "ALLOW"] if allows else ["Deny", "deny", "DENY"]),
            "direction": pick(["Inbound", "inbound", "INBOUND"]),
            "priority": priority,
            "protocol": protocol,
            **source_fields,
            **destination_fields,
            **port_fields,
            **source_ports,
        }
        rule = Rule(priority, allows, protocols, sources, perhaps - sources, destinations & VNET, ports)
        return rule, self.shaped({"name": name}, properties)

    def side(self, name: str) -> tuple[frozenset[int], frozenset[int], dict[str, Any]]:
        """Addresses of one side: what it surely and perhaps holds, and the fields that say so."""
        one, several, groups = f"{name}AddressPrefix", f"{name}AddressPrefixes", f"{name}ApplicationSecurityGroups"
        if self.random.random() < 0.1:
            known = self.random.random() < 0.7 or name == "destination"
            members = frozenset({MEMBER}) if known else frozenset()
            # members of a group that was not read lie somewhere in private space
            return members, frozenset() if known else VNET, {groups: [{"id": GROUP if known else OTHER_GROUP}]}
        texts = [self.prefix(name) for _ in range(self.random.choice([1, 1, 1, 2, 3]))]
        sure = frozenset().union(*(each for _, each, _ in texts))
        perhaps = frozenset().union(*(each for _, _, each in texts))
        written = [text for text, _, _ in texts]
        if len(written) == 1 and self.random.random() < 0.6:
            return sure, perhaps, {one: written[0], **self.empty(several)}
        return sure, perhaps, {several: written, **self.empty(one, nothing=["", None])}

    def prefix(self, name: str) -> tuple[str, frozenset[int], frozenset[int]]:
        """One text of a side: a network of either sixteen addresses, an address, a tag or everything."""
        kind = self.random.choice(["network"] * 5 + ["address"] * 3 + ["all", "tag", "other family", "unknown"])
        nothing: frozenset[int] = frozenset()
        if kind == "all":
            return self.random.choice(["*", "Any", "any", "0.0.0.0/0"]), ALL, nothing
        if kind == "tag" and name == "source":
            text, held = self.random.choice(TAGS)
            return text, held, nothing
        if kind == "unknown" and name == "source":
            return self.random.choice(["NoSuchTag", "Storage.NoWhere"]), nothing, PUBLIC
        if kind == "other family":
            return self.random.choice(["2001:db8::/32", "::/0", "fd00::5"]), nothing, nothing
        start = self.random.choice([INSIDE, OUTSIDE] if name == "source" else [INSIDE])
        if kind == "address":
            number = start + self.random.randrange(16)
            return dotted(number) + self.random.choice(["", "/32"]), frozenset({number}), nothing
        bits = self.random.randint(0, 4)
        first = start + (self.random.randrange(16) >> bits << bits)
        return f"{dotted(first)}/{32 - bits}", frozenset(range(first, first + (1 << bits))), nothing

    def ports(self, name: str, *, every: bool = False) -> tuple[frozenset[int], dict[str, Any]]:
        """Ports in some form, singular or plural, as numbers or texts."""
        one, several = f"{name}PortRange", f"{name}PortRanges"
        forms: list[tuple[Any, range]] = []
        for _ in range(self.random.choice([1, 1, 2, 3])):
            first, last = sorted((self.random.randrange(8), self.random.randrange(8)))
            forms.append(
                self.random.choice(
                    [
                        ("*", range(8)),
                        ("0-65535", range(8)),
                        (str(first), range(first, first + 1)),
                        (first, range(first, first + 1)),
                        (f"{first}-{last}", range(first, last + 1)),
                    ]
                )
            )
        if every:
            forms = [self.random.choice([("*", range(8)), ("0-65535", range(8)), ("1024-65535", range(8))])]
        held = frozenset(number for _, ports in forms for number in ports)
        if len(forms) == 1 and self.random.random() < 0.6:
            return held, {one: forms[0][0], **self.empty(several)}
        return held, {several: [form for form, _ in forms], **self.empty(one, nothing=["", None])}

    def empty(self, field: str, nothing: Any = ([], None)) -> dict[str, Any]:
        """The field that is not used: missing, null or empty, which mean the same."""
        return {} if self.random.random() < 0.4 else {field: self.random.choice(list(nothing))}

    def shaped(self, body: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
        """As a REST reply nests it or as ``az`` flattens it."""
        return {**body, "properties": properties} if self.random.random() < 0.5 else {**body, **properties}

    @staticmethod
    def inner(written: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = written.get("properties", written)
        return found


BOTH = frozenset(PROTOCOLS)
NEITHER: frozenset[str] = frozenset()
PROTOCOL_FORMS = [
    *((text, frozenset({"tcp"})) for text in ("Tcp", "TCP", "tcp")),
    *((text, frozenset({"udp"})) for text in ("Udp", "UDP")),
    *((text, BOTH) for text in ("*", "*", "All", "Any")),
    *((text, NEITHER) for text in ("Icmp", "Esp", "Ah")),
]
TAGGED = frozenset({INSIDE + 3, OUTSIDE + 1, OUTSIDE + 2, OUTSIDE + 9})
TAGS = [
    ("Internet", PUBLIC),
    ("INTERNET", PUBLIC),
    ("VirtualNetwork", VNET),
    ("virtualnetwork", VNET),
    ("AzureLoadBalancer", frozenset[int]()),
    ("Tiny.Tag", TAGGED),
    ("tiny.tag", TAGGED),
]
DENY_ALL = {
    "name": "DenyAllInBound",
    "properties": {
        "priority": 65500,
        "direction": "Inbound",
        "access": "Deny",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
    },
}


def dotted(number: int) -> str:
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def surroundings() -> list[dict[str, Any]]:
    """The virtual network, the one machine on it with both groups, its node, and the tag that is known."""
    machine = f"{NETWORK}/x/virtualMachineScaleSets/aks-tiny/virtualMachines/0".replace("Network/x", "Compute")
    network = {
        "id": f"{NETWORK}/virtualNetworks/tiny",
        "name": "tiny",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/28"]},
            "subnets": [
                {
                    "id": SUBNET,
                    "properties": {
                        "addressPrefix": "10.0.0.0/28",
                        "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/edge"},
                    },
                }
            ],
        },
    }
    interface = {
        "id": f"{NETWORK}/networkInterfaces/nic",
        "properties": {
            "virtualMachine": {"id": machine},
            "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/own"},
            "ipConfigurations": [
                {
                    "properties": {
                        "privateIPAddress": dotted(MEMBER),
                        "subnet": {"id": SUBNET},
                        "applicationSecurityGroups": [{"id": GROUP}],
                    }
                }
            ],
        },
    }
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "aks-tiny-0"},
        "spec": {"providerID": f"azure://{machine}"},
        "status": {"addresses": [{"type": "InternalIP", "address": dotted(MEMBER)}]},
    }
    tags = {
        "changeNumber": 1,
        "values": [{"name": "Tiny.Tag", "properties": {"addressPrefixes": [dotted(each) for each in sorted(TAGGED)]}}],
    }
    return [network, interface, node, tags]


def estate_of(*values: dict[str, Any]) -> Estate:
    collector = Collector()
    for number, value in enumerate(values, 1):
        collector.take(value, StoredPlace("tiny.json", number))
    return Estate.of(Snapshot.of(collector))


# --- every packet -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", range(12))
def test_every_packet_of_random_pairs(batch: int) -> None:
    seen = set()
    for seed in range(batch * PAIRS, (batch + 1) * PAIRS):
        writer = Writer(seed)
        subnet, edge = writer.group("edge")
        interface, own = writer.group("own")
        estate = estate_of(*surroundings(), edge, own)
        assert not estate.unread, (seed, estate.unread)
        evaluator = Evaluator(estate)
        (lane,) = evaluator.lanes
        for destination, port, protocol in product(PLACES, PORTS, PROTOCOLS):
            # an address of no interface is a frontend, which rules for application groups do not aim at
            flow = Flow(AddressSet.single(Address(4, destination)), port, protocol, floating=destination != MEMBER)
            told = {}
            for detail in (True, False):
                fork = evaluator.ways.guarded(lane, flow, Stream(EVERYONE), detail)
                passing = AddressSet.union_of(each.sources for each in fork.streams if not each.doubt)
                perhaps = AddressSet.union_of(each.sources for each in fork.streams if each.doubt)
                told[detail] = passing, perhaps
            assert told[True] == told[False], seed
            for source in SOURCES:
                at = Address(4, source)
                said = "allow" if at in passing else "doubt" if at in perhaps else "deny"
                expected = both(subnet, interface, source, destination, port, protocol)
                assert said == expected, (seed, dotted(source), dotted(destination), port, protocol)
                seen.add(said)
    assert seen == {"allow", "doubt", "deny"}
