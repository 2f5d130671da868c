"""The security rules that the cloud provider writes: their shape, their names and their limits.

`WrittenRule` keeps the singular and the plural form of a field apart, as Azure Resource Manager does, because the
provider sets one form and leaves the other alone.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securityrule.go and securitygroup.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import md5
from typing import NamedTuple

from aksess.estate.azure import SecurityRule
from aksess.layers.cloud_provider.behaviour import Behaviour

__all__ = [
    "FAMILIES",
    "FIRST_PRIORITY",
    "LAST_PRIORITY",
    "LIMIT",
    "PREFIX",
    "PROTOCOLS",
    "Usage",
    "WrittenRule",
    "allow_rule_name",
    "deny_rule_name",
    "is_owned",
]

PREFIX = "k8s-azure-lb"
"""How the names of the provider's rules begin."""

FIRST_PRIORITY = 500
LAST_PRIORITY = 4096
"""The priorities at which the provider takes rules for its own; the last one is never given to a new rule."""

FAMILIES = (4, 6)
PROTOCOLS = ("Tcp", "Udp", "*")
"""The families and protocols in the order in which the provider takes them; SCTP becomes ``*``."""
_ARM_PROTOCOLS = {"tcp": "Tcp", "udp": "Udp", "icmp": "Icmp", "esp": "Esp", "ah": "Ah", "*": "*"}


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A security rule as it stands in Azure Resource Manager, with the fields that decide what it does.

    Attributes:
        access: ``Allow`` or ``Deny``.
        protocol: As written: ``Tcp``, ``Udp``, ``*``.
        direction: ``Inbound`` or ``Outbound``.
        source_prefix: The singular field; None where it is missing. The same for the other pairs of fields.
        source_groups: Ids of application security groups. The same for destinations.
    """

    name: str
    priority: int
    access: str = "Allow"
    protocol: str = "*"
    direction: str = "Inbound"
    source_prefix: str | None = None
    source_prefixes: tuple[str, ...] = ()
    source_port: str | None = None
    source_ports: tuple[str, ...] = ()
    destination_prefix: str | None = None
    destination_prefixes: tuple[str, ...] = ()
    destination_port: str | None = None
    destination_ports: tuple[str, ...] = ()
    source_groups: tuple[str, ...] = ()
    destination_groups: tuple[str, ...] = ()
    description: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Both forms of the source together."""
        return self.source_prefixes if self.source_prefix is None else (self.source_prefix, *self.source_prefixes)

    @property
    def destinations(self) -> tuple[str, ...]:
        """Both forms of the destination together; an empty singular one does not count."""
        if not self.destination_prefix:
            return self.destination_prefixes
        return (self.destination_prefix, *self.destination_prefixes)

    @property
    def ports(self) -> tuple[str, ...]:
        """Both forms of the destination port together."""
        return (
            self.destination_ports
            if self.destination_port is None
            else (self.destination_port, *self.destination_ports)
        )

    def aimed_at(self, destinations: Iterable[str]) -> WrittenRule:
        """The rule with other destinations, without duplicates and in the order of texts.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securityrule.go
        `SetDestinationPrefixes`.
        """
        texts = tuple(sorted(set(destinations)))
        prefix, prefixes = (texts[0], ()) if len(texts) == 1 else (None, texts)
        if (prefix, prefixes) == (self.destination_prefix, self.destination_prefixes):
            return self
        return replace(self, destination_prefix=prefix, destination_prefixes=prefixes)

    def properties(self) -> dict[str, str | int | list[str]]:
        """The `properties` of the rule as Azure Resource Manager takes them; fields without a value are left out."""
        found: dict[str, str | int | list[str] | None] = {
            "priority": self.priority,
            "direction": self.direction,
            "access": self.access,
            "protocol": self.protocol,
            "sourceAddressPrefix": self.source_prefix,
            "sourceAddressPrefixes": list(self.source_prefixes) or None,
            "sourcePortRange": self.source_port,
            "sourcePortRanges": list(self.source_ports) or None,
            "destinationAddressPrefix": self.destination_prefix,
            "destinationAddressPrefixes": list(self.destination_prefixes) or None,
            "destinationPortRange": self.destination_port,
            "destinationPortRanges": list(self.destination_ports) or None,
            "description": self.description or None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def noun(self) -> SecurityRule:
        """The rule as the estate has it."""
        return SecurityRule(
            self.name,
            self.priority,
            inbound=self.direction.lower() == "inbound",
            allows=self.access.lower() == "allow",
            protocol=self.protocol.lower(),
            sources=tuple(dict.fromkeys(self.sources)),
            source_ports=self.source_ports if self.source_port is None else (self.source_port, *self.source_ports),
            destinations=self.destinations,
            destination_ports=tuple(dict.fromkeys(self.ports)),
            source_groups=self.source_groups,
            destination_groups=self.destination_groups,
            description=self.description,
        )

    @classmethod
    def of(cls, rule: SecurityRule) -> WrittenRule:
        """A rule of the estate as it would be written: one value in the singular field, several in the plural one."""
        source, sources = _forms(rule.sources)
        source_port, source_ports = _forms(rule.source_ports)
        destination, destinations = _forms(rule.destinations)
        port, ports = _forms(rule.destination_ports)
        return cls(
            rule.name,
            rule.priority,
            access="Allow" if rule.allows else "Deny",
            protocol=_ARM_PROTOCOLS.get(rule.protocol, rule.protocol),
            direction="Inbound" if rule.inbound else "Outbound",
            source_prefix=source,
            source_prefixes=sources,
            source_port=source_port,
            source_ports=source_ports,
            destination_prefix=destination,
            destination_prefixes=destinations,
            destination_port=port,
            destination_ports=ports,
            source_groups=rule.source_groups,
            destination_groups=rule.destination_groups,
            description=rule.description,
        )


class Usage(NamedTuple):
    """How much of what Azure accepts a group uses.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securitygroup.go `SecurityGroup`;
    Microsoft Learn, "Azure subscription and service limits" (networking limits).
    """

    rules: int
    sources: int
    destinations: int

    @classmethod
    def of(cls, rules: Iterable[WrittenRule]) -> Usage:
        """What a group of rules uses; a singular field counts as one entry."""
        count = sources = destinations = 0
        for rule in rules:
            count += 1
            sources += len(rule.source_prefixes) + (rule.source_prefix is not None)
            destinations += len(rule.destination_prefixes) + (rule.destination_prefix is not None)
        return cls(count, sources, destinations)

    def excess(self) -> str:
        """The provider's error text where it is more than Azure accepts; empty otherwise."""
        for name, used, limit in zip(_LIMITED, self, LIMIT, strict=True):
            if used > limit:
                return f"exceeds the maximum number of {name} ({used} > {limit})"
        return ""


_LIMITED = ("rules", "source IP addresses", "destination IP addresses")
LIMIT = Usage(rules=1000, sources=4000, destinations=4000)
"""The most that Azure accepts in one group."""


def allow_rule_name(protocol: str, family: int, sources: Iterable[str], ports: Iterable[int]) -> str:
    """The name of an allow rule: a hash of protocol, sources and ports, each list in the order of texts.

    Neither the destination nor the family is part of the hash, so Services with the same sources and ports share a
    rule, and the rules of both families have the same hash.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securityrule.go
    `GenerateAllowSecurityRuleName`.
    """
    told = f"{protocol}_{','.join(sorted(sources))}_{','.join(sorted(map(str, ports)))}"
    return f"{PREFIX}_allow_IPv{family}_{md5(told.encode(), usedforsecurity=False).hexdigest()}"


def deny_rule_name(family: int) -> str:
    """The name of the rule that denies everybody else; one a family for the whole cluster.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securityrule.go
    `GenerateDenyAllSecurityRuleName`.
    """
    return f"{PREFIX}_deny-all_IPv{family}"


def is_owned(rule: WrittenRule, behaviour: Behaviour) -> bool:
    """Whether a version of the provider takes a rule for its own, of either direction.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securityrule.go `IsManagedSecurityRule`;
    up to 1.30 securitygroup.go `RemoveDestinationFromRules`.
    """
    if not FIRST_PRIORITY <= rule.priority <= LAST_PRIORITY:
        return False
    return rule.name.startswith(PREFIX) or not behaviour.owns_by_name


def _forms(values: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    return (values[0], ()) if len(values) == 1 else (None, values)
