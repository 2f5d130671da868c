"""kube-proxy in its quick form: Services as packet filter rules on a node.

Written after what kube-proxy does, in the lab's own words: source ranges drop new connections to a frontend before
anything else; policy Cluster marks them for masquerading and picks any usable endpoint; policy Local picks one of the
node's own and keeps the source; without any endpoint a connection is rejected, without a local one it is dropped.

Source: kubernetes/kubernetes pkg/proxy/nftables/proxier.go, pkg/proxy/topology.go (terminating endpoints).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from aksess.addresses import Address, AddressSet, set_of
from aksess.addresses.parsing import kube_proxy_network
from aksess.errors import ParseError
from aksess.estate import Estate
from aksess.estate.kubernetes import Service, ServicePort
from aksess.lab.blueprint import Blueprint, Endpoint, LabNode
from aksess.lab.nftables import addresses, named_set

__all__ = ["TABLE", "statements"]

TABLE: Final = "inet services"
_MASQUERADE: Final = 0x4000
_PROXY_NAME: Final = "service.kubernetes.io/service-proxy-name"


def statements(estate: Estate, blueprint: Blueprint, node: LabNode) -> Iterator[str]:
    """Everything that kube-proxy does on a node."""
    yield f"add chain {TABLE} ranges"
    yield f"add chain {TABLE} nat"
    yield f"add chain {TABLE} ends"
    for number, service in enumerate(_served(estate)):
        for index, port in enumerate(service.ports):
            for family in service.families:
                if port.protocol in {"TCP", "UDP"}:
                    yield from _Port(blueprint, node, service, port, family, f"s{number}p{index}f{family}").statements()
    yield f"add chain {TABLE} ranges-hook {{ type filter hook prerouting priority -110; }}"
    yield f"add rule {TABLE} ranges-hook jump ranges"
    yield f"add chain {TABLE} nat-hook {{ type nat hook prerouting priority -100; }}"
    yield f"add rule {TABLE} nat-hook jump nat"
    yield f"add chain {TABLE} ends-hook {{ type filter hook forward priority 0; }}"
    yield f"add rule {TABLE} ends-hook jump ends"
    yield f"add chain {TABLE} ends-here {{ type filter hook input priority 0; }}"
    yield f"add rule {TABLE} ends-here jump ends"
    yield f"add chain {TABLE} source {{ type nat hook postrouting priority 100; }}"
    yield f"add rule {TABLE} source meta mark and {_MASQUERADE} == {_MASQUERADE} masquerade"


def _served(estate: Estate) -> list[Service]:
    return [
        each
        for each in estate.services.values()
        if each.type in {"LoadBalancer", "NodePort"} and _PROXY_NAME not in each.labels
    ]


class _Port:
    """One port of one Service in one address family, on one node."""

    def __init__(
        self, blueprint: Blueprint, node: LabNode, service: Service, port: ServicePort, family: int, name: str
    ) -> None:
        self._blueprint = blueprint
        self._service, self._port, self._family, self._name = service, port, family, name
        self._node = node
        listed = blueprint.of(service, port, family)
        usable = [each for each in listed if each.ready and not each.terminating]
        self._all = usable or [each for each in listed if each.serving and each.terminating]
        own = [each for each in listed if each.node == node.index]
        usable = [each for each in own if each.ready and not each.terminating]
        self._own = usable or [each for each in own if each.serving and each.terminating]
        self._word = "ip" if family == 4 else "ip6"
        self._transport = port.protocol.lower()
        self._made: set[str] = set()

    def statements(self) -> Iterator[str]:
        frontends = [
            each.address
            for each in self._service.load_balancer_addresses
            if each.address.family == self._family and each.mode == "VIP"
        ]
        for number, frontend in enumerate(frontends):
            where = f"{self._word} daddr {frontend} {self._transport} dport {self._port.port}"
            yield from self._ranges(where, frontend, number)
            yield from self._ends(where)
            yield from self._delivery(where)
        own = self._node.address(self._family)
        if self._port.node_port and own is not None:
            where = f"{self._word} daddr {own} {self._transport} dport {self._port.node_port}"
            yield from self._ends(where)
            yield from self._delivery(where)

    def _ranges(self, where: str, frontend: Address, number: int) -> Iterator[str]:
        """Source ranges hold for frontends; ranges of one family leave the other open."""
        networks = []
        for text in self._service.source_ranges:
            try:
                networks.append(kube_proxy_network(text))
            except ParseError:
                continue
        listed = set_of(networks).family(self._family)
        # in iptables mode ranges stand in a chain that there is not without endpoints
        if not listed or (not self._all and self._blueprint.mode == "iptables"):
            return
        own = self._node.address(self._family)
        if own is not None and own in listed:
            listed = listed | AddressSet.single(frontend)
        yield from named_set(TABLE, f"{self._name}n{number}", listed, self._family)
        source = f"{self._word} saddr != @{self._name}n{number}"
        yield f"add rule {TABLE} ranges {where} {source} ct state new counter drop {self._told('source ranges')}"

    def _ends(self, where: str) -> Iterator[str]:
        """What happens to connections that no endpoint takes; deliveries are translated before they come here."""
        if not self._all:
            yield f"add rule {TABLE} ends {where} counter reject {self._told('no endpoint')}"
        elif self._service.external_policy == "Local" and not self._own:
            yield f"add rule {TABLE} ends {where} counter drop {self._told('no local endpoint')}"

    def _delivery(self, where: str) -> Iterator[str]:
        if self._service.external_policy != "Local":
            yield from self._pick(where, self._all, "any", masquerade=True)
            return
        # what comes from the pod network is taken for a pod of the cluster, which reaches every endpoint
        pods = self._blueprint.pod_space.family(self._family)
        if pods:
            inside = f"{where} {self._word} saddr {addresses(pods, self._family)}"
            yield from self._pick(inside, self._all, "pod", masquerade=False)
        yield from self._pick(where, self._own, "own", masquerade=False)

    def _pick(self, where: str, chosen: Sequence[Endpoint], what: str, *, masquerade: bool) -> Iterator[str]:
        """Deliver to any of some endpoints; masquerading does not touch what stays on the node itself."""
        if not chosen:
            return
        name = f"{what}-{self._name}"
        mark = f"meta mark set meta mark or {_MASQUERADE} " if masquerade else ""
        if name not in self._made:
            self._made.add(name)
            yield f"add chain {TABLE} {name}"
            for rest, endpoint in zip(range(len(chosen), 0, -1), chosen, strict=True):
                odds = f"numgen random mod {rest} == 0 " if rest > 1 else ""
                yield f"add rule {TABLE} {name} meta l4proto {self._transport} {odds}{mark}counter {self._to(endpoint)}"
        yield f"add rule {TABLE} nat {where} counter jump {name} {self._told('delivered')}"

    def _told(self, what: str) -> str:
        return f'comment "kube-proxy {self._service.namespace}/{self._service.name}: {what}"'

    def _to(self, endpoint: Endpoint) -> str:
        target = f"{endpoint.address}" if self._family == 4 else f"[{endpoint.address}]"
        return f"dnat {self._word} to {target}:{endpoint.port}"


def unplayed(estate: Estate) -> Sequence[str]:
    """What of the Services is not played."""
    return [
        f"Service {each.namespace}/{each.name}: {port.protocol} is not played"
        for each in estate.services.values()
        for port in each.ports
        if port.protocol not in {"TCP", "UDP"}
    ]
