"""Network policies as packet filter rules where the pods of a node live.

They stand behind everything that kube-proxy does, so they judge the address that the pod sees. Every pod that a policy
selects gets what some rule of some policy names, and nothing else; what is dropped never comes back.

Source: kubernetes/api networking/v1 types.go; nft(8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aksess.addresses import Address, AddressSet
from aksess.estate import Estate, wire
from aksess.estate.kubernetes import Container, NetworkPolicy, Service
from aksess.lab.blueprint import Blueprint, LabNode
from aksess.lab.nftables import named_set

__all__ = ["TABLE", "enforced", "statements"]

TABLE: Final = "inet policies"
_ENGINES: Final = {"azure", "calico", "cilium"}


@dataclass(frozen=True)
class _Pod:
    """A pod behind an endpoint: what policies may know of it."""

    address: Address
    namespace: str
    labels: Mapping[str, str]
    containers: Sequence[Container]


def enforced(estate: Estate) -> bool:
    """Whether the cluster has an engine that enforces policies."""
    network = estate.cluster.network if estate.cluster is not None else None
    engines = {(network.network_policy or "").lower(), (network.network_dataplane or "").lower()} if network else set()
    return bool(engines & _ENGINES)


def statements(estate: Estate, blueprint: Blueprint, node: LabNode) -> Iterator[str]:
    """Everything that policies do to the pods of a node."""
    yield f"add chain {TABLE} pods {{ type filter hook input priority 0; }}"
    yield f"add rule {TABLE} pods ct state established,related accept"
    if not enforced(estate):
        return
    for number, pod in enumerate(_pods(estate, blueprint, node)):
        policies = [
            each
            for each in estate.policies
            if each.namespace == pod.namespace and each.restricts_ingress and _matches(each.selector, pod.labels)
        ]
        if policies:
            yield from _pod(f"pod{number}", pod, policies, estate)


def _pods(estate: Estate, blueprint: Blueprint, node: LabNode) -> Iterator[_Pod]:
    seen: set[Address] = set()
    for (key, _), endpoints in blueprint.endpoints.items():
        service = estate.services[key]
        for endpoint in endpoints:
            here = endpoint.node == node.index and endpoint.address not in node.addresses
            if here and endpoint.address not in seen:
                seen.add(endpoint.address)
                yield _pod_of(estate, service, endpoint.address)


def _pod_of(estate: Estate, service: Service, address: Address) -> _Pod:
    """The pod itself where it was read, else what a workload makes, else what the Service selects."""
    for pod in estate.pods.values():
        if address in pod.addresses:
            return _Pod(address, pod.namespace, pod.labels, pod.containers)
    for workload in estate.workloads:
        if workload.namespace == service.namespace and service.selector.items() <= workload.pod_labels.items():
            return _Pod(address, service.namespace, workload.pod_labels, workload.containers)
    return _Pod(address, service.namespace, service.selector, ())


def _pod(identity: str, pod: _Pod, policies: Sequence[NetworkPolicy], estate: Estate) -> Iterator[str]:
    family = pod.address.family
    word = "ip" if family == 4 else "ip6"
    to_pod = f"{word} daddr {pod.address}"
    for at, policy in enumerate(policies):
        for index, rule in enumerate(policy.rules):
            parts = [to_pod]
            sources = _named(rule, policy, estate)
            if sources is not None:
                if not sources.family(family):
                    continue
                name = f"{identity}-{at}-{index}"
                yield from named_set(TABLE, name, sources, family)
                parts.append(f"{word} saddr @{name}")
            told = f'counter accept comment "policy {policy.name} rule {index + 1}"'
            for transport in _transports(rule, pod.containers):
                yield f"add rule {TABLE} pods {' '.join([*parts, *transport])} {told}"
    refusing = ", ".join(each.name for each in policies)[:90]
    yield f'add rule {TABLE} pods {to_pod} counter drop comment "policy {refusing}"'


def _named(rule: wire.PolicyIngressRule, policy: NetworkPolicy, estate: Estate) -> AddressSet | None:
    """The addresses that a rule names; None for everybody."""
    if not rule.peers:
        return None
    found: list[AddressSet] = []
    for peer in rule.peers:
        if peer.ip_block is not None:
            found.append(AddressSet.of(peer.ip_block.cidr) - AddressSet.of(*(peer.ip_block.exceptions or ())))
            continue
        for pod in estate.pods.values():
            at_home = pod.namespace == policy.namespace
            if peer.namespace_selector is not None:
                labels = {**estate.namespaces.get(pod.namespace, {}), "kubernetes.io/metadata.name": pod.namespace}
                at_home = _matches(peer.namespace_selector, labels)
            if at_home and _matches(peer.pod_selector, pod.labels):
                found += [AddressSet.single(address) for address in pod.addresses]
    return AddressSet.union_of(found)


def _transports(rule: wire.PolicyIngressRule, containers: Sequence[Container]) -> Iterator[list[str]]:
    if not rule.ports:
        yield []
    for each in rule.ports or ():
        protocol = (each.protocol or "TCP").lower()
        number: int | None
        if isinstance(each.port, str):
            listed = [one for container in containers for one in container.ports if one.name == each.port]
            number = listed[0].container_port if listed else -1
        else:
            number = each.port
        if number is None:
            yield [f"meta l4proto {protocol}"]
        elif number > 0:
            yield [f"{protocol} dport {number}" + (f"-{each.end_port}" if each.end_port else "")]


def _matches(selector: wire.LabelSelector | None, labels: Mapping[str, str]) -> bool:
    if selector is None:
        return True
    wanted = (selector.match_labels or {}).items()
    if not all(labels.get(key) == value for key, value in wanted):
        return False
    for each in selector.match_expressions or ():
        value, values = labels.get(each.key), each.values or []
        there = value is not None
        holds = {
            "In": value in values,
            "NotIn": not there or value not in values,
            "Exists": there,
            "DoesNotExist": not there,
        }
        if not holds[each.operator]:
            return False
    return True
