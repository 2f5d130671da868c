"""NetworkPolicy on the pods that a connection reaches: the controller's, or the application's own.

Policies add up: a pod that no policy selects accepts everything; one that any policy selects accepts what some rule of
some policy names. Ranges match the address that the pod sees (after source translation); selectors match pods. What is
dropped is a timeout for the client. Policies count only where an engine enforces them, which the cluster's network
profile says.

Source: kubernetes/api networking/v1 types.go; Microsoft Learn, "Secure traffic between pods using network policies".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aksess.addresses import EVERYONE, NOBODY, AddressSet, set_of
from aksess.addresses.parsing import kube_proxy_network
from aksess.errors import ParseError
from aksess.estate import Estate, wire
from aksess.estate.kubernetes import Container, NetworkPolicy
from aksess.rulings import Assumption, Citation, Effect, Layer, Partition, Ruling
from aksess.snapshot.unread import Reach

__all__ = ["Pods", "Standing", "admits_pods", "enforcement", "judge", "selecting"]

_ENGINES = {"azure", "calico", "cilium"}


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods that policies may select: their namespace, labels and containers (for named ports)."""

    namespace: str
    labels: Mapping[str, str]
    containers: Sequence[Container] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether policies count in a cluster, and what that takes for true."""

    enforced: bool
    assumptions: tuple[Assumption, ...] = ()


def enforcement(estate: Estate) -> Standing:
    """Whether an engine enforces policies; not known means not enforced, which is an upper bound (contract §10)."""
    cluster = estate.cluster
    if cluster is None:
        text = "no managed cluster in the input: network policies are not counted, so more may be let in than is"
        return Standing(False, (Assumption("network-policy-not-enforced", text),))
    network = cluster.network
    engine = (network.network_policy or "none").lower()
    return Standing(engine in _ENGINES or (network.network_dataplane or "").lower() == "cilium")


def selecting(estate: Estate, pods: Pods) -> list[NetworkPolicy]:
    """The policies that restrict what reaches the pods."""
    return [
        policy
        for policy in estate.policies
        if policy.namespace == pods.namespace and policy.restricts_ingress and _selects(policy.selector, pods.labels)
    ]


def judge(estate: Estate, pods: Pods, port: int | str, protocol: str) -> Partition | None:
    """What policies do with every address that the pods may see; None where no policy selects them.

    Args:
        estate: The estate.
        pods: The pods that are reached.
        port: Target port: number or name.
        protocol: ``TCP`` or ``UDP``.
    """
    policies = selecting(estate, pods)
    if not policies:
        return None
    cells: list[tuple[AddressSet, Ruling]] = []
    taken = NOBODY
    for policy, index, rule in _rules(policies, pods, port, protocol):
        admitted = _ranges(rule.peers, estate) - taken
        if admitted:
            cells.append((admitted, Ruling(_cite(policy, index, f"rule {index + 1} names this address"))))
            taken = taken | admitted
    names = ", ".join(policy.name for policy in policies)
    text = f"no rule of {names} names this address for port {port}"
    path = ("spec", "ingress") if policies[0].rules else ("spec",)
    refused = Ruling(_cite(policies[0], None, text, path), Effect.TIMEOUT)
    doubt = _unread(estate)
    if doubt:
        refused = Ruling(refused.citation, doubt=doubt)
    return Partition(refused, tuple(cells))


def admits_pods(estate: Estate, pods: Pods, port: int | str, protocol: str, callers: Pods) -> Ruling | None:
    """What policies on pods do with connections of other pods (a controller's); None where no policy selects them."""
    policies = selecting(estate, pods)
    if not policies:
        return None
    unsure = ""
    for policy, index, rule in _rules(policies, pods, port, protocol):
        if not rule.peers:
            return Ruling(_cite(policy, index, f"rule {index + 1} admits everybody"))
        for peer in rule.peers:
            admitted = _admits(peer, policy, callers, estate)
            if admitted:
                return Ruling(_cite(policy, index, f"rule {index + 1} admits pods of {callers.namespace}"))
            if admitted is None:
                rule_name = f"rule {index + 1} of NetworkPolicy {policy.name}"
                unsure = f"whether {rule_name} admits pods of {callers.namespace} is not in the input"
    text = f"no rule of {', '.join(policy.name for policy in policies)} admits pods of {callers.namespace}"
    citation = _cite(policies[0], None, text, ("spec",))
    unsure = unsure or _unread(estate)
    return Ruling(citation, doubt=unsure) if unsure else Ruling(citation, Effect.ANSWERED, status=504)


def _rules(
    policies: Iterable[NetworkPolicy], pods: Pods, port: int | str, protocol: str
) -> Iterable[tuple[NetworkPolicy, int, wire.PolicyIngressRule]]:
    for policy in policies:
        for index, rule in enumerate(policy.rules):
            if not rule.ports or any(_covers(each, port, protocol, pods.containers) for each in rule.ports):
                yield policy, index, rule


def _covers(rule: wire.PolicyPort, port: int | str, protocol: str, containers: Sequence[Container]) -> bool:
    if (rule.protocol or "TCP").upper() != protocol:
        return False
    if rule.port is None:
        return True
    number, wanted = _number(port, containers), _number(rule.port, containers)
    if number is None or wanted is None:
        return port == rule.port
    return wanted <= number <= (rule.end_port or wanted)


def _number(port: int | str, containers: Sequence[Container]) -> int | None:
    """The number of a port; a name is looked up in the containers."""
    if isinstance(port, int):
        return port
    if port.isascii() and port.isdigit() and len(port) <= 5:
        return int(port)
    return next((each.container_port for one in containers for each in one.ports if each.name == port), None)


def _ranges(peers: Sequence[wire.PolicyPeer] | None, estate: Estate) -> AddressSet:
    """The addresses that a rule names; pods that selectors name have the addresses that were read."""
    if not peers:
        return EVERYONE
    parts: list[AddressSet] = []
    for peer in peers:
        if peer.ip_block is not None:
            parts.append(_networks([peer.ip_block.cidr]) - _networks(peer.ip_block.exceptions or []))
        else:
            parts += [
                AddressSet.single(address)
                for pod in estate.pods.values()
                if not pod.host_network and _selects(peer.pod_selector, pod.labels)
                for address in pod.addresses
            ]
    return AddressSet.union_of(parts)


def _networks(texts: Sequence[str]) -> AddressSet:
    found = []
    for text in texts:
        try:
            found.append(kube_proxy_network(text))
        except ParseError:
            continue  # the API server refuses such a range, so none is stored
    return set_of(found)


def _admits(peer: wire.PolicyPeer, policy: NetworkPolicy, callers: Pods, estate: Estate) -> bool | None:
    """Whether a peer of a rule names the callers; None where their namespace's labels were not read."""
    if peer.ip_block is not None:
        block = _networks([peer.ip_block.cidr]) - _networks(peer.ip_block.exceptions or [])
        space = _pod_space(estate)
        if block.family(4) == EVERYONE.family(4) or (space and space <= block):
            return True
        return False if space and not space.overlaps(block) else None
    if peer.namespace_selector is None:
        return callers.namespace == policy.namespace and _selects(peer.pod_selector, callers.labels)
    if not _selects(peer.pod_selector, callers.labels):
        return False
    labels = estate.namespaces.get(callers.namespace)
    if labels is None:
        certain = {"kubernetes.io/metadata.name": callers.namespace}
        return True if _selects(peer.namespace_selector, certain) else _only_names(peer.namespace_selector)
    return _selects(peer.namespace_selector, labels)


def _pod_space(estate: Estate) -> AddressSet:
    """The addresses that pods get, empty where the input does not tell."""
    network = estate.cluster.network if estate.cluster else None
    ranges = (network.pod_cidrs or ([network.pod_cidr] if network.pod_cidr else [])) if network else []
    return _networks([*ranges, *(each for node in estate.nodes.values() for each in node.pod_ranges)])


def _only_names(selector: wire.LabelSelector) -> bool | None:
    """False where a selector asks for nothing but the namespace's name, None where it asks for labels unknown."""
    keys = {*(selector.match_labels or {}), *(each.key for each in selector.match_expressions or [])}
    return False if keys == {"kubernetes.io/metadata.name"} else None


def _selects(selector: wire.LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; the empty one matches everything."""
    if selector is None:
        return True
    if any(labels.get(key) != value for key, value in (selector.match_labels or {}).items()):
        return False
    return all(_holds(each, labels) for each in selector.match_expressions or [])


def _holds(expression: wire.LabelExpression, labels: Mapping[str, str]) -> bool:
    value = labels.get(expression.key)
    match expression.operator:
        case "In":
            return value is not None and value in (expression.values or [])
        case "NotIn":
            return value is None or value not in (expression.values or [])
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None


def _unread(estate: Estate) -> str:
    """Policies of kinds that are not modelled may admit what these do not."""
    for gap in estate.unread:
        if gap.reach == Reach.NETWORK_POLICY:
            return f"{gap.label} is not understood: {gap.reason}"
    return ""


def _cite(policy: NetworkPolicy, index: int | None, text: str, path: tuple[str | int, ...] = ()) -> Citation:
    where = path or (("spec", "ingress", index) if index is not None else ("spec",))
    return Citation(
        Layer.NETWORK_POLICY,
        "NetworkPolicy",
        policy.name,
        policy.namespace,
        path=where,
        place=policy.place,
        text=text,
    )
