"""The whole security group as the cloud provider would have written it for today's Services.

Every Service is reconciled in the order of creation, from an empty group or from the group that is there. Nearly all
of the outcome does not depend on that order. What does is found by reconciling the Services that share a destination
once more, and marked as doubtful, because nobody knows which of them was reconciled last. The rest that cannot be
known is said, never guessed: rules of a Service that the provider refuses stay as they were, whatever that was;
Services without floating IP aim at nodes that the input may not hold; opting out depends on the patch release.

Services of another load balancer class are not the provider's. Services that were deleted, or that the input does not
hold, cannot be known.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer.go `reconcileSecurityGroup`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aksess.estate import Estate
from aksess.estate.azure import DEFAULT_RULES, SecurityGroup
from aksess.estate.kubernetes import Name, Service
from aksess.layers.cloud_provider.access_control import AccessControl, Annotation, Path
from aksess.layers.cloud_provider.behaviour import Behaviour
from aksess.layers.cloud_provider.cluster import Cluster
from aksess.layers.cloud_provider.order import order_doubts
from aksess.layers.cloud_provider.reconcile import Cause, Refusal, Step, reconcile
from aksess.layers.cloud_provider.rules import FAMILIES, PREFIX, WrittenRule
from aksess.layers.cloud_provider.wanted import WantedRule, wanted
from aksess.rulings import Assumption
from aksess.snapshot.places import StoredPlace

__all__ = ["ASSUMPTION", "Origin", "Prediction", "Unlocated", "behaviour_of", "predict", "reconciled"]

ASSUMPTION = Assumption(
    "aks-nsg-predicted",
    "the AKS-managed network security group was not read: it holds what the cloud provider writes for today's Services",
)
"""What is taken for true where a prediction stands in for the group."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A Service that a rule comes from: the field that asks for it, and the destinations that it brings."""

    service: Service
    path: Path
    destinations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unlocated:
    """A Service of which the input does not tell where its rules aim: no address yet, or unknown nodes or node ports.

    Attributes:
        names: The names of its rules; None where they are not known: node ports are part of them, and a Service that
            the provider refuses keeps its old rules.
    """

    service: Service
    reason: str
    names: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The predicted group, and what is to be known about it.

    Attributes:
        group: The group. It holds doubtful rules and destinations too; `doubt` tells them.
        rules: Its rules as they are written, default rules left out.
        origins: The Services that each rule comes from, by the name of the rule.
        behaviour: The version of the provider.
        refused: The Services that the provider gives up on.
        unlocated: Services whose rules aim at unknown places; the group does not hold these rules.
        doubts: Why a rule may hold a destination or not, by name of the rule and destination.
        unsettled: Why it is not known which rules hold a destination, by destination.
        reason: Why nothing is predicted at all, so that nothing can be read from the group; empty where something is.
    """

    group: SecurityGroup
    rules: tuple[WrittenRule, ...] = ()
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict)
    behaviour: Behaviour = field(default_factory=Behaviour)
    refused: tuple[Refusal, ...] = ()
    unlocated: tuple[Unlocated, ...] = ()
    doubts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    unsettled: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    def doubt(self, rule: str, destination: str) -> str:
        """Why it cannot be known whether a rule, by its name, holds a destination; empty where it can."""
        return self.doubts.get((rule, destination), "")

    def services(self, rule: str, destinations: Iterable[str] = ()) -> list[Service]:
        """The Services that a rule, by its name, comes from; given destinations, those that bring one of them."""
        asked = set(destinations)
        return [each.service for each in self.origins.get(rule, ()) if not asked or asked & each.destinations]


def behaviour_of(estate: Estate) -> Behaviour:
    """The behaviour of the provider that runs in the cluster of an estate; a current one where it was not read.

    Source: Azure/AKS CHANGELOG.md (component updates): the provider's minor version is that of the cluster.
    """
    return Behaviour.of_cluster(estate.cluster.version if estate.cluster is not None else "")


def predict(estate: Estate, start: SecurityGroup | None = None, behaviour: Behaviour | None = None) -> Prediction:
    """The group as the provider would have written it for today's Services.

    Args:
        estate: Services, nodes and the version of the cluster.
        start: The group to begin with; None for an empty one. What is not the provider's stays in it.
        behaviour: The version of the provider; None for that of the cluster.
    """
    behaviour = behaviour or behaviour_of(estate)
    there = [WrittenRule.of(rule) for rule in start.rules if not rule.default] if start else []
    if not behaviour.predicted:
        reason = f"the cloud provider of Kubernetes {behaviour.version} names and shares its rules in an older way"
        return Prediction(_group(start, there), tuple(there), behaviour=behaviour, reason=reason)
    run = _Run(estate, behaviour)
    run.reconcile(there)
    run.trace()
    run.doubt_order()
    rules = tuple(sorted(run.rules.values(), key=lambda rule: rule.priority))
    return Prediction(
        _group(start, rules),
        rules,
        {name: tuple(origins) for name, origins in run.origins.items()},
        behaviour,
        tuple(run.refused),
        tuple(run.unlocated),
        run.doubts,
        run.unsettled,
    )


def reconciled(estate: Estate, group: SecurityGroup, services: Collection[Name]) -> tuple[WrittenRule, ...]:
    """The rules of the group that is there once some Services, by name, were reconciled, the oldest first.

    Nothing but a change of a Service makes the provider look at the group, so rules of others stay as they are. What it
    refuses or what cannot be told leaves the group as it is.
    """
    behaviour = behaviour_of(estate)
    rules: Sequence[WrittenRule] = [WrittenRule.of(rule) for rule in group.rules if not rule.default]
    if behaviour.predicted:
        for step in _Run(estate, behaviour).steps:
            if step.control.service.key in services:
                outcome = reconcile(rules, step, behaviour)
                rules = rules if isinstance(outcome, Refusal) else outcome
    return tuple(rules)


def _group(start: SecurityGroup | None, rules: Iterable[WrittenRule]) -> SecurityGroup:
    written = tuple(rule.noun() for rule in rules)
    if start is None:
        nowhere = StoredPlace("", 0)
        return SecurityGroup("", "of AKS (predicted)", nowhere, (*written, *DEFAULT_RULES), (), (), predicted=True)
    return replace(start, rules=(*written, *(rule for rule in start.rules if rule.default)), predicted=True)


class _Run:
    """One prediction while it is made."""

    def __init__(self, estate: Estate, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.rules: dict[str, WrittenRule] = {}
        self.origins: dict[str, list[Origin]] = {}
        self.refused: list[Refusal] = []
        self.unlocated: list[Unlocated] = []
        self.doubts: dict[tuple[str, str], str] = {}
        self.unsettled: dict[str, str] = {}
        self.steps: list[Step] = []
        self.cluster = Cluster.of_estate(estate)
        for control in sorted(self.cluster.controls.values(), key=_age):
            if control.provided:
                self._plan(control)

    def _plan(self, control: AccessControl) -> None:
        """Put a Service in the row, unless it cannot be told what its reconcile writes."""
        step = self.cluster.step(control)
        ports_known = all(port for ports in control.ports.values() for port in ports)
        reason = self._open_reason(step, ports_known=ports_known)
        if reason:
            self._leave_open(control, reason, ports_known=ports_known)
            if control.conflict:
                self._refuse(step, Refusal(control.service, Cause.CONFLICT, control.conflict))
        elif "" in control.tags:
            error = f"an empty tag in {Annotation.ALLOWED_SERVICE_TAGS}, which Azure is expected to refuse"
            self._refuse(step, Refusal(control.service, Cause.AZURE, error))
        else:
            self.steps.append(step)

    def _open_reason(self, step: Step, *, ports_known: bool) -> str:
        if not step.frontends:
            return "has no address yet"
        if step.control.floating or (self.cluster.backends and ports_known):
            return ""
        return f"has floating IP off, and its node {'ports' if self.cluster.backends else 'addresses'} are not known"

    def _leave_open(self, control: AccessControl, reason: str, *, ports_known: bool) -> None:
        reason = f"{control.label} {reason}"
        names = None
        if ports_known and not control.conflict:
            names = frozenset(each.name for each in wanted(control, FAMILIES, self.behaviour))
        self.unlocated.append(Unlocated(control.service, reason, names))
        self.unsettled.update((str(address), reason) for address in control.additional)

    def _refuse(self, step: Step, refusal: Refusal) -> None:
        self.refused.append(refusal)
        reason = f"the cloud provider refuses {step.control.label}, so the rules of its address stay as they were"
        self.unsettled.update((str(address), f"{reason}: {refusal.error}") for address in step.destinations)

    def reconcile(self, rules: Sequence[WrittenRule]) -> None:
        """Reconcile every Service of the row, one after another; those that are refused leave it."""
        done: list[Step] = []
        for step in self.steps:
            outcome = reconcile(rules, step, self.behaviour)
            if isinstance(outcome, Refusal):
                self._refuse(step, outcome)
            else:
                rules = outcome
                done.append(step)
        self.steps = done
        self.rules = {rule.name: rule for rule in rules}

    def trace(self) -> None:
        """Find the Services behind each rule, and the destinations that only doubtful wishes bring."""
        wishes: list[tuple[WantedRule, Origin]] = []
        sure: set[tuple[str, str]] = set()
        unsure: dict[tuple[str, str], str] = {}
        families = {step.control.internal: set[int]() for step in self.steps}
        for step in self.steps:
            families[step.control.internal].update(address.family for address in step.frontends)
        for step in self.steps:
            for rule in step.rules(self.behaviour):
                brought = frozenset(step.of_family(rule.family))
                reason = self._doubt(step, rule, families[step.control.internal])
                for destination in brought:
                    if reason:
                        unsure.setdefault((rule.name, destination), reason)
                    else:
                        sure.add((rule.name, destination))
                wishes.append((rule, Origin(step.control.service, rule.path, brought)))
                self.origins.setdefault(rule.name, []).append(wishes[-1][1])
        self.doubts.update((cell, reason) for cell, reason in unsure.items() if cell not in sure)
        self._trace_split(wishes)

    def _trace_split(self, wishes: Sequence[tuple[WantedRule, Origin]]) -> None:
        """A rule that the provider split off comes from the Services that ask for the same with more ports."""
        for name, rule in self.rules.items():
            if name in self.origins or not name.startswith(PREFIX):
                continue
            for wish, origin in wishes:
                same = wish.allows and (wish.protocol, wish.sources) == (rule.protocol, rule.sources)
                shared = origin.destinations.intersection(rule.destinations)
                if same and shared and not set(rule.ports).isdisjoint(map(str, wish.ports)):
                    self.origins.setdefault(name, []).append(replace(origin, destinations=shared))

    def _doubt(self, step: Step, rule: WantedRule, families: set[int]) -> str:
        control = step.control
        if control.opted_out and self.behaviour.opt_out is None:
            return (
                f"{control.label} opts out of security rules, which only later patch releases of the cloud "
                "provider honour"
            )
        if not control.floating and rule.family not in families:
            return (
                f"{control.label} has floating IP off, and no frontend of its load balancer is "
                f"IPv{rule.family}: whether such node addresses are behind it is not known"
            )
        return ""

    def doubt_order(self) -> None:
        """Add what another order of reconciles would leave, as doubtful rules and destinations."""
        self.rules, doubts = order_doubts(self.rules, self.steps, self.behaviour)
        self.doubts.update(doubts)


def _age(control: AccessControl) -> tuple[bool, str, Name]:
    service = control.service
    return (not service.created, service.created, service.key)
