"""Network security groups: which rule decides which sources, for one flow.

Rules are tried by priority, user rules before default rules; the first that matches protocol, ports, destination and
source decides. One sweep over all of them (`aksess.addresses.first_match`) gives the whole answer for one destination
and port. A rule of which the input does not tell what it holds (a service tag without a tag file, an application
security group without its members) may match or not: where that changes the answer the answer is a doubt, where every
reading gives the same it stands.

Readings: an IPv4 prefix never matches an IPv6 source; ``*`` and tags cover both families. The tag `AzureLoadBalancer`
is the source of health probes, not of connections to a frontend, so it matches probe flows only.

Source: Microsoft Learn, "How network security groups filter network traffic", "Virtual network service tags".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aksess.addresses import EVERYONE, INTERNET, NOBODY, PLATFORM, AddressSet, PortSet, ServiceTags
from aksess.addresses.first_match import Candidates, first_match
from aksess.addresses.parsing import azure_set
from aksess.addresses.tags import looks_like_tag
from aksess.errors import ParseError
from aksess.estate.azure import SecurityGroup, SecurityRule
from aksess.layers.virtual_network import PRIVATE, Expansion
from aksess.rulings import Assumption, Citation, Effect, Layer, Partition, Place, Ruling

__all__ = [
    "Flow",
    "Meaning",
    "Surroundings",
    "describe",
    "destination_of",
    "first_rule",
    "judge",
    "matches_some",
    "meaning",
    "missing",
    "source_of",
    "sweep",
]

_PUBLIC_TAG = INTERNET | PLATFORM
"""Where the addresses of any service tag lie."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What a security group sees of a connection, apart from its source.

    Attributes:
        destination: The destination address, or all that it may be.
        port: Destination port.
        protocol: ``tcp`` or ``udp``.
        source_port: A source port that stands for all that the rules do not tell apart.
        probe: Whether this is a health probe of the load balancer.
        groups: Application security groups of the interface that the flow arrives at, in lower case.
        floating: Whether the destination stays a frontend of the load balancer. No interface has that address, so rules
            for application security groups do not aim at it.
    """

    destination: AddressSet
    port: int
    protocol: str = "tcp"
    source_port: int = 50000
    probe: bool = False
    groups: tuple[str, ...] = ()
    floating: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What names in rules stand for at one place.

    Attributes:
        virtual_network: Expansion of VirtualNetwork there.
        tags: Service tags that were read.
        members: Private addresses of application security groups whose members are known, by id in lower case.
        cache: Meanings of texts and rules that were looked up already.
        kept: The rules whose meanings are cached.
        rulings: Rulings of single rules, by rule, layer and group.
        sweeps: Which rules decide, by the sources of the rules that concern a flow.
    """

    virtual_network: Expansion
    tags: ServiceTags
    members: Mapping[str, AddressSet] = field(default_factory=dict)
    cache: dict[object, Meaning] = field(default_factory=dict, compare=False, repr=False)
    kept: list[SecurityRule] = field(default_factory=list, compare=False, repr=False)
    rulings: dict[tuple[int, Layer, str], Ruling] = field(default_factory=dict, compare=False, repr=False)
    sweeps: dict[tuple[tuple[AddressSet, AddressSet], ...], dict[Candidates, AddressSet]] = field(
        default_factory=dict, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class Meaning:
    """The addresses of a field: surely, perhaps (holds ``sure``), and why the two differ."""

    sure: AddressSet
    perhaps: AddressSet
    doubt: str = ""
    assumptions: tuple[Assumption, ...] = ()


def judge(
    group: SecurityGroup,
    flow: Flow,
    surroundings: Surroundings,
    layer: Layer,
    *,
    inbound: bool = True,
    places: Mapping[str, tuple[Place, tuple[str | int, ...]]] | None = None,
    doubts: Mapping[str, str] | None = None,
) -> Partition:
    """What a group does with every source of a flow.

    Args:
        group: The security group.
        flow: Destination, port and protocol.
        surroundings: What tags and groups stand for here.
        layer: `Layer.SUBNET_NSG` or `Layer.NIC_NSG`.
        inbound: Direction. For outbound flows the roles are the same: ``destination`` is where the flow goes.
        places: Where to point instead of into the group, by rule name (for predicted groups).
        doubts: Why a rule may not be there for this flow, by rule name (for predicted groups).
    """
    relevant: list[tuple[SecurityRule, Meaning]] = []
    for rule in group.inbound() if inbound else group.outbound():
        aimed = _aims(rule, flow, surroundings)
        if aimed is None:
            continue
        aimed = aimed or (doubts or {}).get(rule.name, "")
        source = source_of(rule, surroundings, probe=flow.probe)
        doubt = "; ".join(filter(None, (aimed, source.doubt)))
        sure = NOBODY if aimed else source.sure
        if source.perhaps:
            relevant.append((rule, Meaning(sure, source.perhaps, doubt, source.assumptions)))
        if sure == EVERYONE:
            break
    decided = sweep([(each.sure, each.perhaps) for _, each in relevant], surroundings)
    rulings = {
        key: _known_ruling(group, [relevant[index] for index in key], layer, places or {}, surroundings)
        for key in decided
    }
    everyone = max(decided, key=lambda key: (key[-1] if key else -1, decided[key].networks()))
    cells = tuple((decided[key], rulings[key]) for key in decided if key != everyone)
    return Partition(rulings[everyone], cells)


def sweep(sources: Sequence[tuple[AddressSet, AddressSet]], surroundings: Surroundings) -> dict[Candidates, AddressSet]:
    """`first_match` over the sources of some rules; flows that the same rules concern share it."""
    key = tuple(sources)
    found = surroundings.sweeps.get(key)
    if found is None:
        found = surroundings.sweeps[key] = first_match(key)
    return found


def missing(identity: str, layer: Layer) -> Partition:
    """A group that the input names but does not hold: whatever it decides cannot be known (contract §10)."""
    name = identity.rpartition("/")[2]
    citation = Citation(layer, "networkSecurityGroup", name, resource=identity, text="not in the input")
    return Partition.all(Ruling(citation, doubt=f"network security group {name} is not in the input"))


def meaning(texts: Sequence[str], groups: Sequence[str], surroundings: Surroundings, *, probe: bool = False) -> Meaning:
    """The addresses that a source or destination field stands for."""
    sure: list[AddressSet] = []
    perhaps: list[AddressSet] = []
    doubts: list[str] = []
    assumptions: list[Assumption] = []
    plain, named = azure_set(texts)
    for text in named:
        found = surroundings.cache.get((text, probe))
        if found is None:
            found = surroundings.cache[text, probe] = _named(text, surroundings, probe)
        sure.append(found.sure)
        perhaps.append(found.perhaps)
        doubts += [found.doubt] if found.doubt else []
        assumptions += found.assumptions
    for group in groups:
        members = surroundings.members.get(group)
        if members is None:
            doubts.append(f"the members of application security group {group.rpartition('/')[2]} are not in the input")
            perhaps.append(PRIVATE)
        else:
            sure.append(members)
    held = AddressSet.union_of([plain, *sure])
    return Meaning(held, AddressSet.union_of([held, *perhaps]), "; ".join(dict.fromkeys(doubts)), tuple(assumptions))


def first_rule(group: SecurityGroup, flow: Flow, surroundings: Surroundings, source: AddressSet) -> Ruling | None:
    """The ruling on sources that all fare alike, found rule by rule; None where it cannot be known or they differ.

    The same answer as `judge` gives, without the sweep: cheaper where one source is asked about.
    """
    for rule in group.inbound():
        aimed = _aims(rule, flow, surroundings)
        if aimed is None:
            continue
        held = source_of(rule, surroundings, probe=flow.probe)
        if not source.overlaps(held.perhaps):
            continue
        if aimed or not source <= held.sure:
            return None
        return _ruling(group, [(rule, held)], Layer.NIC_NSG, {})
    return None


def source_of(rule: SecurityRule, surroundings: Surroundings, *, probe: bool = False) -> Meaning:
    """The meaning of a rule's sources, worked out once."""
    return _side(rule, "source", rule.sources, rule.source_groups, surroundings, probe)


def destination_of(
    rule: SecurityRule, surroundings: Surroundings, *, probe: bool = False, groups: Sequence[str] | None = None
) -> Meaning:
    """The meaning of a rule's destinations, worked out once; ``groups`` in place of its application groups."""
    given = rule.destination_groups if groups is None else groups
    return _side(rule, f"destination {','.join(given)}", rule.destinations, given, surroundings, probe)


def _side(
    rule: SecurityRule, side: str, texts: Sequence[str], groups: Sequence[str], surroundings: Surroundings, probe: bool
) -> Meaning:
    """One side of a rule from the cache; the rule is kept so that its identity stays its own."""
    key = (id(rule), side, probe)
    found = surroundings.cache.get(key)
    if found is None:
        found = surroundings.cache[key] = meaning(texts, groups, surroundings, probe=probe)
        surroundings.kept.append(rule)
    return found


def matches_some(rule: SecurityRule, flow: Flow, surroundings: Surroundings) -> bool:
    """Whether a rule concerns a flow to some of its destinations, but not or not surely to all of them."""
    return bool(_aims(rule, flow, surroundings))


def describe(rule: SecurityRule) -> str:
    """A rule in one line: ``Allow tcp from 81.2.69.0/24 to 20.50.60.70 port 443``."""
    source = _listed(rule.sources, rule.source_groups)
    destination = _listed(rule.destinations, rule.destination_groups)
    ports = ",".join(rule.destination_ports)
    protocol = "any" if rule.protocol == "*" else rule.protocol
    port = "" if ports == "*" else f" port {ports}"
    return f"{'Allow' if rule.allows else 'Deny'} {protocol} from {source} to {destination}{port}"


def _aims(rule: SecurityRule, flow: Flow, surroundings: Surroundings) -> str | None:
    """None where a rule does not concern a flow; else why that is uncertain, empty where it is certain."""
    if rule.protocol not in {"*", flow.protocol}:
        return None
    try:
        ports, source_ports = PortSet.parse(rule.destination_ports), PortSet.parse(rule.source_ports)
    except ParseError as error:
        return f"rule {rule.name}: {error.what}"
    if flow.port not in ports or flow.source_port not in source_ports:
        return None
    groups: list[str] = []
    if not flow.floating:
        groups = [group for group in rule.destination_groups if group not in flow.groups]
        if len(groups) < len(rule.destination_groups):
            return ""
    found = destination_of(rule, surroundings, probe=flow.probe, groups=groups)
    if flow.destination <= found.sure:
        return ""
    if not flow.destination.overlaps(found.perhaps):
        return None
    return found.doubt or "the destination address is not in the input"


def _named(text: str, surroundings: Surroundings, probe: bool) -> Meaning:
    name = text.lower()
    network = surroundings.virtual_network
    if name in {"*", "any"}:
        return Meaning(EVERYONE, EVERYONE)
    if name == "virtualnetwork":
        return Meaning(network.sure, network.perhaps, network.doubt, network.assumptions)
    if name == "internet":
        return Meaning(INTERNET - network.perhaps, INTERNET - network.sure, network.doubt)
    if name == "azureloadbalancer":
        # probes aim at node addresses; the platform opens no connections of its own to frontends
        return Meaning(PLATFORM, PLATFORM) if probe else Meaning(NOBODY, NOBODY)
    known = surroundings.tags.get(text)
    if known is not None:
        return Meaning(known, known)
    if looks_like_tag(text):
        return Meaning(NOBODY, _PUBLIC_TAG, f"service tag {text} is in no tag file of the input")
    return Meaning(NOBODY, EVERYONE, f"{text!r} is no address, range or service tag")


def _ruling(
    group: SecurityGroup,
    candidates: Sequence[tuple[SecurityRule, Meaning]],
    layer: Layer,
    places: Mapping[str, tuple[Place, tuple[str | int, ...]]],
) -> Ruling:
    """What the rules that may decide a cell come to together."""
    if not candidates:
        citation = Citation(layer, "networkSecurityGroup", group.name, resource=group.id, place=group.place)
        return Ruling(citation, doubt=f"no rule of {group.name} matches, not even a default rule")
    rule, last = candidates[-1]
    agreed = len({each.allows for each, _ in candidates}) == 1
    place, path = places.get(rule.name, (group.place, rule.path))
    citation = Citation(
        layer,
        "networkSecurityGroup",
        group.name,
        resource=group.id,
        rule=rule.name,
        priority=rule.priority,
        path=path,
        place=place,
        text=describe(rule),
    )
    if not agreed:
        doubts = dict.fromkeys(each.doubt for _, each in candidates[:-1] if each.doubt)
        return Ruling(citation, doubt="; ".join(doubts), assumptions=last.assumptions)
    return Ruling(citation, None if rule.allows else Effect.TIMEOUT, assumptions=last.assumptions)


def _known_ruling(
    group: SecurityGroup,
    candidates: Sequence[tuple[SecurityRule, Meaning]],
    layer: Layer,
    places: Mapping[str, tuple[Place, tuple[str | int, ...]]],
    surroundings: Surroundings,
) -> Ruling:
    """`_ruling`, kept where one rule decides for sure: it says the same of every flow."""
    if len(candidates) != 1 or places or candidates[0][1].doubt:
        return _ruling(group, candidates, layer, places)
    key = (id(candidates[0][0]), layer, group.key)
    found = surroundings.rulings.get(key)
    if found is None:
        found = surroundings.rulings[key] = _ruling(group, candidates, layer, places)
    return found


def _listed(texts: Sequence[str], groups: Sequence[str]) -> str:
    names = [*texts, *(group.rpartition("/")[2] for group in groups)]
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return ", ".join(names) or "nothing"
