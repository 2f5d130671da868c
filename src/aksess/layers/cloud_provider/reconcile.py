"""One reconcile: what the cloud provider makes of the security group when it looks at one Service.

Clean, patch, retain, drop, count: the Service's destinations are taken out of the rules whose ports no other Service
there needs, the rules that the Service asks for are written, destinations that nobody in the cluster has are taken
out, and what aims nowhere any more is dropped. A group that would grow beyond what Azure accepts is not written.

Some of what follows from that is odd, and kept, because it is what stands in real groups:

* Two lists are compared by length after taking from the second what the first holds, duplicates included. So a port
  that two other Services need makes the provider split a rule for nothing, into one that names the port twice. And a
  destination that is listed twice hides one that nobody has: a Service's own address is always listed twice, so a
  foreign destination beside it goes only with the reconcile of another Service.
* The rule that denies everybody is cleared of the destinations without a look at what TCP and UDP need, so of two
  Services at one address, one of which denies everybody, the one that was reconciled last decides.
* Rules with ``*`` or a range of ports are never cleared of a destination, unless they deny.
* The group is cleared of every rule that aims nowhere, whoever made it.

The provider walks its rules in no order, so where one reconcile splits several rules their priorities may be swapped.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer.go `reconcileSecurityGroup`,
pkg/provider/securitygroup/securitygroup.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aksess.addresses import Address, read_address
from aksess.estate.kubernetes import Service
from aksess.layers.cloud_provider.access_control import AccessControl, Annotation
from aksess.layers.cloud_provider.behaviour import CURRENT, Behaviour
from aksess.layers.cloud_provider.rules import (
    FAMILIES,
    FIRST_PRIORITY,
    LAST_PRIORITY,
    PROTOCOLS,
    Usage,
    WrittenRule,
    allow_rule_name,
    is_owned,
)
from aksess.layers.cloud_provider.wanted import WantedRule, wanted

__all__ = ["Cause", "Refusal", "Step", "reconcile"]


class Cause(StrEnum):
    """Why the provider gives up on a Service."""

    CONFLICT = "conflict"
    NO_ADDRESS = "no-address"
    ADDITIONAL_ADDRESSES = "additional-addresses"
    LIMIT = "limit"
    AZURE = "azure"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The provider gives up on a Service and leaves the group as it is.

    Attributes:
        error: Its error text; for `Cause.ADDITIONAL_ADDRESSES` without what the parser adds at the end, and for
            `Cause.AZURE`, where Azure is expected to refuse the group, our own words.
    """

    service: Service
    cause: Cause
    error: str


@dataclass(frozen=True, slots=True)
class Step:
    """Everything that one reconcile of a Service looks at, but the group itself.

    Attributes:
        control: The Service.
        frontends: The addresses of its load balancer.
        backends: The addresses of the nodes behind its load balancer.
        retained: By protocol, the ports that other Services need at its destinations, as often as they need them.
        known: Every address that a Service or node of the cluster has, as often as it is listed.
        wanted: Whether the Service is to have a load balancer; False where it is being deleted.
    """

    control: AccessControl
    frontends: tuple[Address, ...]
    backends: tuple[Address, ...] = ()
    retained: Mapping[str, Counter[int]] = field(default_factory=dict)
    known: Mapping[str, int] = field(default_factory=dict)
    wanted: bool = True

    @property
    def destinations(self) -> tuple[Address, ...]:
        """Where the rules of the Service aim: its additional addresses, and its frontends or else the nodes."""
        return self.control.additional + (self.frontends if self.control.floating else self.backends)

    def of_family(self, family: int) -> list[str]:
        """The destinations of one family as rules name them."""
        return [str(address) for address in self.destinations if address.family == family]

    @property
    def families(self) -> tuple[int, ...]:
        """The families of its destinations."""
        present = {address.family for address in self.destinations}
        return tuple(family for family in FAMILIES if family in present)

    def rules(self, behaviour: Behaviour) -> list[WantedRule]:
        """The rules that the reconcile writes."""
        if not self.wanted or (self.control.opted_out and behaviour.opt_out):
            return []
        return wanted(self.control, self.families, behaviour)


def reconcile(
    rules: Sequence[WrittenRule], step: Step, behaviour: Behaviour = CURRENT
) -> tuple[WrittenRule, ...] | Refusal:
    """The rules of the group after one reconcile, by priority; or why the provider gives up.

    Args:
        rules: The rules of the group before, default rules left out.
        step: The Service and what the provider knows around it.
        behaviour: The version of the provider. An opt-out that depends on an unknown patch release is not honoured.
    """
    refused = _refused(step)
    if refused is not None:
        return refused
    group = _Group(rules, behaviour)
    group.clean(step)
    for rule in step.rules(behaviour):
        group.write(rule, step.of_family(rule.family))
    if behaviour.owns_by_name:
        extra = [*step.frontends, *step.control.additional]
        group.retain(step.known, Counter(str(address) for address in extra))
    group.drop()
    excess = group.usage().excess()
    if excess:
        error = f"unable to apply access control configuration to security group: {excess}"
        return Refusal(step.control.service, Cause.LIMIT, error)
    return group.sorted()


def _refused(step: Step) -> Refusal | None:
    control = step.control
    service = control.service
    if step.wanted and not step.frontends:
        error = f"no load balancer IP for setting up security rules for service {service.name}"
        return Refusal(service, Cause.NO_ADDRESS, error)
    if step.wanted and control.additional_invalid is not None:
        key = Annotation.ADDITIONAL_PUBLIC_IPS
        error = f"unable to get additional public IPs: invalid service annotation {key}:{service.annotations[key]}: "
        return Refusal(service, Cause.ADDITIONAL_ADDRESSES, error + f"invalid CIDR `{control.additional_invalid.text}`")
    if control.conflict:
        return Refusal(service, Cause.CONFLICT, control.conflict)
    return None


class _Group:
    """The rules of a group while they are edited, by name."""

    def __init__(self, rules: Iterable[WrittenRule], behaviour: Behaviour) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self.behaviour = behaviour
        self.priorities = {rule.priority for rule in self.rules.values()}

    def clean(self, step: Step) -> None:
        """Take the Service's destinations out of the rules whose ports nobody else needs there."""
        texts = {family: step.of_family(family) for family in FAMILIES}
        mine = {text for family in FAMILIES for text in texts[family]}
        names: dict[str, list[str]] = {}
        for rule in self.rules.values():
            concerned = rule.access == "Deny" or not mine.isdisjoint(rule.destinations)
            if concerned and is_owned(rule, self.behaviour):
                names.setdefault(rule.protocol, []).append(rule.name)
        for protocol in PROTOCOLS:
            retained = step.retained.get(protocol, Counter())
            for family in FAMILIES:
                for name in names.get(protocol, ()):
                    self._clean_rule(self.rules[name], texts[family], retained)

    def _clean_rule(self, rule: WrittenRule, mine: list[str], retained: Counter[int]) -> None:
        if rule.access == "Deny" and not retained:
            self.rules[rule.name] = rule.aimed_at(_without(rule, mine))
            return
        ports = _numbers(rule.ports)
        if ports is None or sum(retained[port] for port in set(ports)) == len(ports):
            return
        left = _without(rule, mine)
        if len(left) == len(rule.destinations):
            return
        self.rules[rule.name] = rule.aimed_at(left)
        kept = tuple(port for port in sorted(set(ports)) for _ in range(retained[port]))
        if kept:
            address = read_address(mine[0])
            family = address.family if address else 4
            name = allow_rule_name(rule.protocol, family, rule.sources, kept)
            self.write(WantedRule(name, True, family, rule.protocol, tuple(sorted(rule.sources)), kept, ()), mine)

    def write(self, wanted_rule: WantedRule, destinations: list[str]) -> None:
        """Write a rule, or put an existing one of its name right; its priority and description stay.

        Only the form of the source that is used is set, the other one is left as it is.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securitygroup.go `addAllowRule`,
        `AddRuleForDenyAll`.
        """
        rule = self.rules.get(wanted_rule.name)
        if rule is None:
            rule = WrittenRule(wanted_rule.name, self._free_priority(from_start=wanted_rule.allows))
            self.priorities.add(rule.priority)
        sources = wanted_rule.sources
        ports = tuple(sorted(str(port) for port in wanted_rule.ports))
        rule = replace(
            rule,
            access="Allow" if wanted_rule.allows else "Deny",
            protocol=wanted_rule.protocol,
            direction="Inbound",
            source_prefix=sources[0] if len(sources) == 1 else rule.source_prefix,
            source_prefixes=rule.source_prefixes if len(sources) == 1 else sources,
            source_port="*",
            destination_port=None if wanted_rule.allows else "*",
            destination_ports=ports,
        )
        self.rules[rule.name] = rule.aimed_at([*rule.destinations, *destinations])

    def _free_priority(self, *, from_start: bool) -> int:
        """The lowest or highest priority that no rule has, of either direction, the last one left out.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securitygroup.go `nextRulePriority`.
        """
        candidates = range(FIRST_PRIORITY, LAST_PRIORITY)
        return next(p for p in (candidates if from_start else reversed(candidates)) if p not in self.priorities)

    def retain(self, known: Mapping[str, int], extra: Mapping[str, int]) -> None:
        """Take out destinations that the cluster does not know, unless duplicates hide them."""
        for rule in list(self.rules.values()):
            if not is_owned(rule, self.behaviour):
                continue
            destinations = rule.destinations
            unique = destinations if len(destinations) == 1 else dict.fromkeys(destinations)
            count = sum(known.get(text, 0) + extra.get(text, 0) for text in unique)
            if count != len(destinations):
                self.rules[rule.name] = rule.aimed_at(text for text in unique if text in known or text in extra)

    def drop(self) -> None:
        """Drop what aims nowhere, whoever made it; an application security group is an aim."""
        for rule in list(self.rules.values()):
            if not rule.destinations and not rule.destination_groups:
                del self.rules[rule.name]

    def usage(self) -> Usage:
        """How much of what Azure accepts the group uses."""
        return Usage.of(self.rules.values())

    def sorted(self) -> tuple[WrittenRule, ...]:
        """The rules by priority."""
        return tuple(sorted(self.rules.values(), key=lambda rule: rule.priority))


def _without(rule: WrittenRule, taken: Sequence[str]) -> list[str]:
    gone = set(taken)
    return [text for text in rule.destinations if text not in gone]


def _numbers(ports: Sequence[str]) -> list[int] | None:
    """The ports as numbers; None where one is ``*`` or a range."""
    if all(text.isascii() and text.isdigit() and len(text) <= 5 for text in ports):
        return [int(text) for text in ports]
    return None
