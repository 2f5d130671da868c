"""Lanes: the security groups that traffic to a group of nodes passes, in order, and what names in them stand for.

Node groups with the same groups on subnet and interface share a lane, so a frontend over five pools in one subnet is
judged once; pools that rules tell apart by application security group do not. A lane knows where its groups come from:
read, predicted from the Services (the group that AKS manages was not in the input), or missing (named by the input and
not in it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from aksess.addresses import PLATFORM, AddressSet
from aksess.estate import Estate, NodeGroup
from aksess.estate.azure import DEFAULT_RULES, SecurityGroup, SecurityRule, security_rule
from aksess.layers import cloud_provider, nsg, virtual_network
from aksess.layers.cloud_provider import Prediction
from aksess.layers.nsg import Flow, Surroundings
from aksess.rulings import Assumption, Layer, Partition, Place, Ruling

__all__ = ["Guard", "Lane", "is_managed_name", "lane_of_subnet", "lanes_of"]

_MANAGED = re.compile(r"aks-agentpool-\d+-nsg", re.IGNORECASE)
_NO_ADMIN_RULE = SecurityRule("no security admin rule", 1 << 20, True, True, "*", ("*",), ("*",), ("*",), ("*",))


@dataclass(frozen=True)
class Guard:
    """One security group on a lane.

    Attributes:
        layer: Subnet or interface.
        group: The group; None where the input names it without holding it.
        identity: Its id.
        prediction: Set where the group is predicted.
        assumptions: What its use takes for true.
    """

    layer: Layer
    group: SecurityGroup | None
    identity: str = ""
    prediction: Prediction | None = None
    assumptions: tuple[Assumption, ...] = ()


@dataclass
class Lane:
    """What traffic to some node groups passes."""

    groups: tuple[NodeGroup, ...]
    guards: tuple[Guard, ...]
    surroundings: Surroundings
    admin: SecurityGroup | None = None
    assumptions: tuple[Assumption, ...] = ()
    _cache: dict[Flow, tuple[Partition, ...]] = field(default_factory=dict, repr=False)

    def partitions(self, flow: Flow) -> tuple[Partition, ...]:
        """What each guard does with every source of a flow, subnet before interface."""
        memberships = (each for group in self.groups for each in group.application_groups)
        flow = replace(flow, groups=tuple(dict.fromkeys(memberships)))
        if flow not in self._cache:
            self._cache[flow] = tuple(self._judge(guard, flow) for guard in self.guards)
        return self._cache[flow]

    def admin_split(self, flow: Flow, sources: AddressSet) -> Iterator[tuple[AddressSet, Ruling, bool]]:
        """What security admin rules do first: parts of the sources, their rulings, and whether these skip the groups.

        Source: Microsoft Learn, "Security admin rules in Azure Virtual Network Manager" (Deny, Allow, AlwaysAllow).
        """
        if self.admin is None:
            return
        always = {rule.name for rule in self.admin.rules if rule.always}
        for part, ruling in nsg.judge(self.admin, flow, self.surroundings, Layer.ADMIN_RULE).split(sources):
            yield part, ruling, ruling.passes and not ruling.doubt and ruling.citation.rule in always

    def _judge(self, guard: Guard, flow: Flow) -> Partition:
        if guard.group is None:
            return nsg.missing(guard.identity, guard.layer)
        if guard.prediction is None:
            return nsg.judge(guard.group, flow, self.surroundings, guard.layer)
        return _judge_predicted(guard.prediction, guard, flow, self.surroundings)

    def told_apart(self, flow: Flow) -> bool:
        """Whether some rule concerns a part of a flow's destinations only, so that they have to be asked singly."""
        return any(
            nsg.matches_some(rule, flow, self.surroundings)
            for guard in self.guards
            if guard.group is not None
            for rule in guard.group.rules
            if rule.inbound and not rule.default
        )

    def probe_stopped(self, flow: Flow) -> Ruling | None:
        """The ruling that surely stops a health probe; None where it passes, for sure or perhaps."""
        for guard in self.guards:
            if guard.group is None:
                continue
            ruling = nsg.first_rule(guard.group, replace(flow, probe=True), self.surroundings, PLATFORM)
            if ruling is not None and not ruling.passes:
                return replace(ruling, citation=replace(ruling.citation, layer=guard.layer))
        return None


def lanes_of(estate: Estate, prediction: Prediction) -> list[Lane]:
    """The lanes of a cluster, in the order of its node groups; at least one."""
    found: dict[tuple[object, ...], Lane] = {}
    members = _members(estate)
    admin = _admin(estate)
    for group in estate.node_groups:
        guards, assumptions = _guards(estate, group, prediction)
        meaning = virtual_network.expansion(estate, group)
        key = (
            tuple((each.layer, each.identity, each.prediction is not None) for each in guards),
            meaning.sure,
            meaning.perhaps,
            _named_groups(guards) & set(group.application_groups),
        )
        if key in found:
            found[key].groups = (*found[key].groups, group)
        else:
            surroundings = Surroundings(meaning, estate.tags, members)
            found[key] = Lane((group,), tuple(guards), surroundings, admin, tuple(assumptions))
    return list(found.values())


def _named_groups(guards: Iterable[Guard]) -> frozenset[str]:
    """The application security groups that rules of some guards aim at: members and others fare differently."""
    return frozenset(
        each
        for guard in guards
        if guard.group is not None
        for rule in guard.group.rules
        for each in rule.destination_groups
    )


def lane_of_subnet(estate: Estate, subnet: str, prediction: Prediction) -> Lane:
    """What traffic to something else than nodes in a subnet passes (a gateway's own instances)."""
    group = NodeGroup(subnet.rpartition("/")[2], subnet, "")
    guards, assumptions = _guards(estate, group, prediction)
    meaning = virtual_network.expansion(estate, group)
    return Lane((group,), tuple(guards), Surroundings(meaning, estate.tags, _members(estate)), None, tuple(assumptions))


def is_managed_name(name: str) -> bool:
    """Whether a group's name is one that AKS gives."""
    return _MANAGED.fullmatch(name.rpartition("/")[2]) is not None


def _guards(estate: Estate, group: NodeGroup, prediction: Prediction) -> tuple[list[Guard], list[Assumption]]:
    assumptions: list[Assumption] = []
    guards: list[Guard] = []
    subnet = _subnet_guard(estate, group, prediction)
    if isinstance(subnet, Assumption):
        assumptions.append(subnet)
    elif subnet is not None:
        guards.append(subnet)
    interface = _interface_guard(estate, group, prediction)
    if interface is not None:
        guards.append(interface)
    if not guards and not assumptions:
        text = "no network security group on subnet or interface: a standard load balancer may stop everybody by itself"
        assumptions.append(Assumption("no-security-group", text))
    return guards, assumptions


def _subnet_guard(estate: Estate, group: NodeGroup, prediction: Prediction) -> Guard | Assumption | None:
    subnet = estate.subnets.get(group.subnet)
    if subnet is not None and subnet.security_group:
        return _guard(estate, subnet.security_group, Layer.SUBNET_NSG, prediction)
    for each in estate.security_groups.values():
        if group.subnet and group.subnet in each.subnets:
            return Guard(Layer.SUBNET_NSG, each, each.key)
    if subnet is not None:
        return None
    name = group.subnet.rpartition("/")[2] or "the nodes"
    text = f"the subnet of {name} is not in the input: no security group is taken to hang on it"
    if group.subnet:
        text = f"subnet {name} is not in the input: no security group is taken to hang on it"
    return Assumption("no-subnet-nsg", text)


def _interface_guard(estate: Estate, group: NodeGroup, prediction: Prediction) -> Guard | None:
    if group.security_group:
        return _guard(estate, group.security_group, Layer.NIC_NSG, prediction)
    if group.security_group == "":
        return None
    managed = [each for each in estate.security_groups.values() if is_managed_name(each.name)]
    if len(managed) == 1:
        return Guard(Layer.NIC_NSG, managed[0], managed[0].key)
    return _predicted(Layer.NIC_NSG, "", prediction)


def _guard(estate: Estate, identity: str, layer: Layer, prediction: Prediction) -> Guard:
    group = estate.security_groups.get(identity) or _effective(estate, identity)
    if group is not None:
        return Guard(layer, group, identity)
    return _predicted(layer, identity, prediction) if is_managed_name(identity) else Guard(layer, None, identity)


def _predicted(layer: Layer, identity: str, prediction: Prediction) -> Guard:
    return Guard(layer, prediction.group, identity, prediction, (cloud_provider.ASSUMPTION,))


def _judge_predicted(prediction: Prediction, guard: Guard, flow: Flow, surroundings: Surroundings) -> Partition:
    """What a predicted group does: rules point at the Services they come from, what cannot be predicted is a doubt."""
    destinations = {str(first) for first, last in flow.destination.ranges() if first == last}
    places: dict[str, tuple[Place, tuple[str | int, ...]]] = {}
    for name, origins in prediction.origins.items():
        best = next((each for each in origins if each.destinations & destinations), origins[0])
        places[name] = (best.service.place, best.path)
    doubts = {rule: reason for (rule, destination), reason in prediction.doubts.items() if destination in destinations}
    judged = nsg.judge(prediction.group, flow, surroundings, guard.layer, places=places, doubts=doubts)
    whole = prediction.reason or next(
        (prediction.unsettled[each] for each in destinations if each in prediction.unsettled), ""
    )
    for each in prediction.refused:
        if destinations & {str(entry.address) for entry in each.service.load_balancer_addresses}:
            whole = (
                whole
                or f"the cloud provider refuses Service {each.service.namespace}/{each.service.name}: {each.error}"
            )
    for lost in prediction.unlocated:
        if flow.port in {port.node_port for port in lost.service.ports}:
            whole = whole or lost.reason
    return _assuming(_doubted(judged, whole) if whole else judged, guard.assumptions)


def _effective(estate: Estate, identity: str) -> SecurityGroup | None:
    """A group that only the effective-rules reply holds."""
    for told, item in estate.effective:
        reference = told.network_security_group
        if reference and (reference.id or "").lower() == identity and told.effective_security_rules:
            rules = tuple(
                replace(
                    found := security_rule(rule, ("effectiveSecurityRules", index)),
                    name=found.name.rpartition("/")[2],
                    default=found.name.lower().startswith("defaultsecurityrules/"),
                )
                for index, rule in enumerate(told.effective_security_rules)
            )
            known = {rule.name.lower() for rule in rules}
            rules += tuple(rule for rule in DEFAULT_RULES if rule.name.lower() not in known)
            return SecurityGroup(reference.id or "", identity.rpartition("/")[2], item.place, rules, (), ())
    return None


def _admin(estate: Estate) -> SecurityGroup | None:
    if not estate.admin_rules:
        return None
    _, item = estate.admin_rules[0]
    rules = (*(rule for rule, _ in estate.admin_rules), _NO_ADMIN_RULE)
    return SecurityGroup(item.id.rpartition("/rules/")[0], "security admin rules", item.place, rules, (), ())


def _members(estate: Estate) -> dict[str, AddressSet]:
    """Private addresses of the application security groups of node interfaces, where the nodes are known."""
    found: dict[str, list[AddressSet]] = {}
    for group in estate.node_groups:
        for each in group.application_groups:
            if group.addresses:
                found.setdefault(each, []).extend(map(AddressSet.single, group.addresses))
    return {each: AddressSet.union_of(addresses) for each, addresses in found.items()}


def _assuming(partition: Partition, assumptions: tuple[Assumption, ...]) -> Partition:
    if not assumptions:
        return partition

    def with_assumptions(ruling: Ruling) -> Ruling:
        return replace(ruling, assumptions=(*ruling.assumptions, *assumptions))

    cells = tuple((cell, with_assumptions(ruling)) for cell, ruling in partition.cells)
    return Partition(with_assumptions(partition.otherwise), cells)


def _doubted(partition: Partition, reason: str) -> Partition:
    def doubted(ruling: Ruling) -> Ruling:
        return replace(ruling, effect=None, doubt=ruling.doubt or reason)

    return Partition(doubted(partition.otherwise), tuple((cell, doubted(ruling)) for cell, ruling in partition.cells))
