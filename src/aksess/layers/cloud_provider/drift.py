"""Where the group that is there differs from the one that the cloud provider would have written.

An edit of a rule that the provider owns stays until the next reconcile of a Service that uses the rule: a change of
that Service, a node that comes or goes, a restart of the provider; time alone does not bring it back. Priorities and
descriptions are kept by the provider, so they are no drift, and neither is a rule made by hand that the provider does
not own.

Names of rules are compared first. Where Services share an address, the order of reconciles can leave one permission
in rules of other names, so a rule is only missing where no other rule of the provider permits the same, and only stale
where it permits something that is not predicted. What the prediction leaves open is not judged, and nothing is where
no Service was read at all.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securitygroup.go `addAllowRule`,
pkg/provider/azure_standard.go `getSecurityRuleName` (the names up to 1.28).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from aksess.addresses import PortSet
from aksess.addresses.parsing import azure_network
from aksess.errors import ParseError
from aksess.estate import Estate
from aksess.estate.azure import SecurityGroup, SecurityRule
from aksess.estate.kubernetes import Service
from aksess.layers.cloud_provider.cluster import Cluster
from aksess.layers.cloud_provider.prediction import Prediction, predict
from aksess.layers.cloud_provider.reconcile import Refusal, reconcile
from aksess.layers.cloud_provider.rules import PREFIX, WrittenRule, is_owned

__all__ = ["Difference", "Drift", "Kind", "drift", "is_legacy_name"]

_LEGACY = re.compile(r"(a[0-9a-f]{31}|shared)-(TCP|UDP|SCTP)-\d+-.+", re.ASCII)

_Key = tuple[bool, str, frozenset[str]]
_Coverage = dict[_Key, dict[str, PortSet]]
"""Ports by destination, for each access, protocol and set of sources."""


class Kind(StrEnum):
    """What is wrong with a rule.

    `EDITED`: it differs from what the provider writes, which comes back at the next reconcile of one of its Services.
    `MISSING`: the provider writes it, and it is not there. `STALE`: it carries a name of the provider, and no Service
    asks for it. `UNOWNED`: it was made by hand, and this version of the provider takes it for its own and clears it.
    """

    EDITED = "edited"
    MISSING = "missing"
    STALE = "stale"
    UNOWNED = "unowned"


class Difference(NamedTuple):
    """One field that differs, by the name that Azure gives it: what it holds, and what the provider writes."""

    field: str
    live: tuple[str, ...]
    predicted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """One rule that differs.

    Attributes:
        group: The group that was compared.
        rule: The rule as it is; where it is missing, as the provider writes it.
        differences: What was edited.
        destinations: The destinations that are concerned.
        services: The Services that need the rule; for an `UNOWNED` rule, those whose reconcile clears it.
    """

    kind: Kind
    group: SecurityGroup
    rule: SecurityRule
    differences: tuple[Difference, ...] = ()
    destinations: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()


def is_legacy_name(name: str) -> bool:
    """Whether a rule bears a name that the provider gave up to 1.28; later versions leave such a rule alone.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_standard.go `getSecurityRuleName`.
    """
    return _LEGACY.fullmatch(name) is not None


def drift(estate: Estate, group: SecurityGroup, prediction: Prediction | None = None) -> list[Drift]:
    """What differs in the AKS-managed group, by priority.

    Args:
        estate: The Services and nodes of the cluster.
        group: The group that AKS manages.
        prediction: The prediction for the estate from an empty group, where the caller has it already.
    """
    prediction = prediction or predict(estate)
    if prediction.reason or not estate.services:
        return []
    comparison = _Comparison(group, prediction)
    found = [*comparison.expected_rules(), *comparison.other_rules()]
    if not prediction.behaviour.owns_by_name:
        found += _cleared_by_hand(estate, group, prediction)
    return sorted(found, key=lambda each: (each.rule.priority, each.rule.name))


class _Comparison:
    """A group beside its prediction."""

    def __init__(self, group: SecurityGroup, prediction: Prediction) -> None:
        self.group = group
        self.prediction = prediction
        self.live = {rule.name: rule for rule in group.rules if not rule.default}
        self.expected = {rule.name: rule for rule in prediction.group.rules if not rule.default}
        self.live_coverage = _coverage(rule for rule in self.live.values() if rule.name.startswith(PREFIX))
        self.expected_coverage = _coverage(self.expected.values())

    def expected_rules(self) -> list[Drift]:
        """The predicted rules that are missing or edited."""
        found: list[Drift] = []
        for rule in self.expected.values():
            firm = [each for each in rule.destinations if self._is_firm(rule.name, each)]
            live = self.live.get(rule.name)
            if not firm:
                continue
            if live is None:
                lacking = [each for each in firm if not _covers(self.live_coverage, rule, each)]
                if lacking:
                    found.append(self._drift(Kind.MISSING, rule, lacking))
                continue
            differences, concerned = self._differences(live, rule, firm)
            if differences:
                found.append(self._drift(Kind.EDITED, live, concerned, differences))
        return found

    def other_rules(self) -> list[Drift]:
        """The rules with a name of the provider that are not predicted."""
        found: list[Drift] = []
        for rule in self.live.values():
            owned = rule.name.startswith(PREFIX)
            if rule.name in self.expected or not (owned or is_legacy_name(rule.name)):
                continue
            places = [_place(each) for each in rule.destinations]
            if any(place in self.prediction.unsettled for place in places):
                continue
            if owned and (self._is_open(rule.name) or self._is_predicted_otherwise(rule, places)):
                continue
            found.append(Drift(Kind.STALE, self.group, rule, destinations=rule.destinations))
        return found

    def _is_firm(self, name: str, destination: str) -> bool:
        return not self.prediction.doubt(name, destination) and destination not in self.prediction.unsettled

    def _is_open(self, name: str) -> bool:
        """Whether a Service whose destinations are not known may have put anything into a rule of this name."""
        return any(each.names is None or name in each.names for each in self.prediction.unlocated)

    def _is_predicted_otherwise(self, rule: SecurityRule, places: list[str]) -> bool:
        if not rule.inbound or not places:
            return False
        return all(_covers(self.expected_coverage, rule, place) for place in places)

    def _differences(
        self, live: SecurityRule, rule: SecurityRule, firm: list[str]
    ) -> tuple[list[Difference], list[str]]:
        """The fields that differ, and the destinations that this concerns."""
        told = [
            Difference(name, ours, theirs)
            for name, ours, theirs, same in (
                ("access", (_access(live),), (_access(rule),), live.allows == rule.allows),
                ("direction", (_direction(live),), (_direction(rule),), live.inbound == rule.inbound),
                ("protocol", (live.protocol,), (rule.protocol,), live.protocol == rule.protocol),
                (
                    "sourceAddressPrefixes",
                    live.sources + live.source_groups,
                    rule.sources,
                    _places(live.sources) == _places(rule.sources) and not live.source_groups,
                ),
                ("sourcePortRanges", live.source_ports, rule.source_ports, live.source_ports == rule.source_ports),
                (
                    "destinationPortRanges",
                    live.destination_ports,
                    rule.destination_ports,
                    _ports(live) == _ports(rule),
                ),
            )
            if not same
        ]
        here = _places(live.destinations)
        concerned = [
            each for each in firm if each not in here and (told or not _covers(self.live_coverage, rule, each))
        ]
        if not self._is_open(rule.name):
            concerned += sorted(
                each
                for each in here - set(rule.destinations)
                if each not in self.prediction.unsettled and not _covers(self.expected_coverage, rule, each)
            )
        if concerned or live.destination_groups:
            held = live.destinations + live.destination_groups
            told.append(Difference("destinationAddressPrefixes", held, rule.destinations))
        return told, concerned or firm

    def _drift(
        self, kind: Kind, rule: SecurityRule, destinations: list[str], differences: Iterable[Difference] = ()
    ) -> Drift:
        services = self.prediction.services(rule.name, destinations) or self.prediction.services(rule.name)
        return Drift(kind, self.group, rule, tuple(differences), tuple(destinations), tuple(services))


def _cleared_by_hand(estate: Estate, group: SecurityGroup, prediction: Prediction) -> list[Drift]:
    """The rules made by hand that a version which owns by priority clears of a Service's address."""
    cluster = Cluster.of_estate(estate)
    steps = [cluster.step(control) for control in cluster.controls.values() if control.provided]
    found: list[Drift] = []
    for rule in group.rules:
        written = WrittenRule.of(rule)
        if rule.default or rule.name.startswith(PREFIX) or is_legacy_name(rule.name):
            continue
        if not is_owned(written, prediction.behaviour):
            continue
        services: list[Service] = []
        lost: set[str] = set()
        for step in steps:
            outcome = reconcile([written], step, prediction.behaviour)
            if isinstance(outcome, Refusal):
                continue
            left = next((each.destinations for each in outcome if each.name == rule.name), ())
            if len(left) < len(written.destinations):
                services.append(step.control.service)
                lost.update(set(written.destinations) - set(left))
        if services:
            found.append(Drift(Kind.UNOWNED, group, rule, (), tuple(sorted(lost)), tuple(services)))
    return found


def _coverage(rules: Iterable[SecurityRule]) -> _Coverage:
    found: _Coverage = {}
    for rule in rules:
        if rule.inbound and set(rule.source_ports) <= {"*"} and not rule.source_groups:
            by_destination = found.setdefault(_key(rule), {})
            for each in _places(rule.destinations):
                by_destination[each] = by_destination.get(each, PortSet()) | _ports(rule)
    return found


def _covers(coverage: _Coverage, rule: SecurityRule, destination: str) -> bool:
    return _ports(rule) <= coverage.get(_key(rule), {}).get(destination, PortSet())


def _key(rule: SecurityRule) -> _Key:
    return (rule.allows, rule.protocol, _places(rule.sources))


def _ports(rule: SecurityRule) -> PortSet:
    try:
        return PortSet.parse(rule.destination_ports)
    except ParseError:
        return PortSet()


def _places(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(_place(text) for text in texts)


def _place(text: str) -> str:
    """An address, network or tag in one spelling; a network of one address is that address."""
    network = azure_network(text)
    if network is None:
        return text.lower()
    return str(network).removesuffix("/32" if network.family == 4 else "/128")


def _access(rule: SecurityRule) -> str:
    return "Allow" if rule.allows else "Deny"


def _direction(rule: SecurityRule) -> str:
    return "Inbound" if rule.inbound else "Outbound"
