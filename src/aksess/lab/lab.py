"""The lab: an estate built as network namespaces, packet filters and proxies, ready for probes.

`Lab.load` takes an estate and brings everything into the state that it describes; the same lab takes one estate after
the other, as long as they have the same nodes and pods. Health checks are real: the balancer asks every node through
its security groups and spreads a frontend over those that answer.

In the quick form kube-proxy is written in the lab's own words (`service_rules`); in the real form the real one runs
(`real_services`). The controller is the lab's own rendering (`ingress_config`) in both.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from aksess.addresses import Address
from aksess.estate import Estate
from aksess.estate.kubernetes import Service
from aksess.lab import blueprint as blueprints
from aksess.lab import cabling, counters, guards, ingress_config, nftables, pod_policies, service_rules, web
from aksess.lab.blueprint import Blueprint, Frontend, HealthCheck
from aksess.lab.completion import completed
from aksess.lab.counters import Counted
from aksess.lab.ingress_config import Unplayed
from aksess.lab.prober import Batch, Probe, Seen
from aksess.lab.real_services import RealServices
from aksess.lab.web import Host, Listener, Nginx
from aksess.snapshot.items import KubernetesItem

__all__ = ["Lab"]

_PROBE_SECONDS = 0.25
_ASKED = 3


class _Prober:
    """A prober in a network namespace."""

    def __init__(self, namespace: str) -> None:
        command = [sys.executable, "-m", "aksess.lab.prober"]
        self._process = subprocess.Popen(
            cabling.inside(namespace, *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def send(self, batch: Batch) -> list[Seen]:
        """What becomes of the probes of a batch."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("a prober without pipes")
        self._process.stdin.write(msgspec.json.encode(batch) + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=list[Seen])


@dataclass
class Lab:
    """A lab of nodes and pods; `load` decides what they do.

    Attributes:
        blueprint: What was built.
        unplayed: What the estate that is loaded uses and the quick form does not play.
    """

    blueprint: Blueprint
    _client: _Prober = field(repr=False)
    _balancer: _Prober = field(repr=False)
    _services: RealServices | None = field(default=None, repr=False)
    _nginx: dict[str, Nginx] = field(default_factory=dict, repr=False)
    _policed: bool = field(default=False, repr=False)
    unplayed: list[Unplayed] = field(default_factory=list, repr=False)

    @classmethod
    def build(cls, estate: Estate, *, real: bool = False) -> Lab:
        """Build the nodes and pods of an estate; must run inside the namespaces of a lab.

        Args:
            estate: The estate.
            real: Whether the real kube-proxy runs on the nodes.

        Raises:
            ProgramFailed: The kernel refused something.
            PartMissing: A program is not here.
        """
        drawn = blueprints.draw(completed(estate))
        cabling.build(drawn)
        web.write_passwords([("lab", "lab")])
        services = RealServices.start(drawn) if real else None
        return cls(drawn, _Prober(cabling.CLIENT), _Prober(cabling.BALANCER), services)

    def load(self, estate: Estate, objects: Sequence[KubernetesItem] = ()) -> list[str]:
        """Bring everything into the state that an estate describes; returns notes about what is not played.

        Args:
            estate: The estate.
            objects: Its Kubernetes objects as they were read, for the real form.

        Raises:
            ProgramFailed: A program refused what it was given.
        """
        estate = completed(estate)
        drawn = blueprints.draw(estate)
        notes = list(drawn.notes)
        self.unplayed = []
        for node in drawn.nodes:
            names = guards.Names(estate, drawn, node)
            guarding = [*guards.statements(estate, drawn, node, names), *_translated(drawn, node.index)]
            nftables.load(f"fabric-{node.index}", guards.TABLE, guarding)
            if self._services is None:
                nftables.load(f"node-{node.index}", service_rules.TABLE, service_rules.statements(estate, drawn, node))
            if estate.policies or self._policed:
                policies = pod_policies.statements(estate, drawn, node)
                nftables.load(f"pods-{node.index}", pod_policies.TABLE, policies)
            notes += [f"service tag {each} is in no tag file" for each in dict.fromkeys(names.unknown)]
        self._policed = bool(estate.policies)
        if self._services is not None:
            notes += self._services.load(objects, estate, drawn)
        for host in self._hosts(estate, drawn):
            self._nginx.setdefault(host.namespace, Nginx(host.namespace)).serve(host)
        self._spread(drawn)
        return list(dict.fromkeys(notes))

    def probe(self, probes: Sequence[Probe], *, at_once: int = 10_000, seconds: float = 0.3) -> list[Seen]:
        """What becomes of probes from the client."""
        return self._client.send(Batch(list(probes), at_once, seconds))

    def counted(self) -> list[Counted]:
        """How many packets met which rule, so far."""
        places = [(cabling.BALANCER, "")]
        for node in self.blueprint.nodes:
            places += [(f"{kind}-{node.index}", node.name) for kind in ("fabric", "node", "pods")]
        return counters.read(places)

    # --- what runs where ----------------------------------------------------------------------------------------------

    def _hosts(self, estate: Estate, drawn: Blueprint) -> list[Host]:
        found = {
            f"{kind}-{node.index}": Host(f"{kind}-{node.index}") for node in drawn.nodes for kind in ("pods", "node")
        }
        controllers = ingress_config.controllers(estate)
        served = {service.key: each for each in controllers for service in each.services}
        for each in controllers:
            self.unplayed += ingress_config.unplayed(each)
        known = frozenset(f"{namespace}/{name}" for (namespace, name), listed in _with_endpoints(estate) if listed)
        for (key, port), endpoints in drawn.endpoints.items():
            controller = served.get(key)
            for endpoint in endpoints:
                node = drawn.nodes[endpoint.node]
                own = endpoint.address in node.addresses
                host = found[f"{'node' if own else 'pods'}-{endpoint.node}"]
                host.known = known
                spoken = controller.ports.get(endpoint.port) if controller is not None else None
                # in the real form the real controller is asked afterwards, by the address that is seen here
                if controller is not None and spoken is not None and self._services is None:
                    _listen(host, controller, web.socket_text(endpoint.address, endpoint.port), spoken)
                else:
                    says = f"{key[0]}/{key[1]}:{port.port}"
                    health = controller.flags.get("health-check-path", "/healthz") if controller and spoken else ""
                    listener = Listener(endpoint.address, endpoint.port, port.protocol == "UDP", says, health)
                    if all(
                        (each.address, each.port, each.udp) != (listener.address, listener.port, listener.udp)
                        for each in host.listeners
                    ):
                        host.listeners.append(listener)
        for service, number in _health_ports(estate) if self._services is None else ():
            for node in drawn.nodes:
                says = "200" if _has_local(drawn, service, node.index) else "503"
                found[f"node-{node.index}"].listeners.append(Listener(None, number, False, says))
        return list(found.values())

    # --- the balancer -------------------------------------------------------------------------------------------------

    def _spread(self, drawn: Blueprint) -> None:
        """Ask every node for every frontend, and spread each over the nodes that answer."""
        frontends = [str(each) for each in dict.fromkeys(front.address for front in drawn.frontends)]
        cabling.lead_down(frontends, [node.index for node in drawn.nodes])
        healthy = self._healthy(drawn)
        ways = {nodes: cabling.way(nodes) for nodes in dict.fromkeys(healthy.values())}
        marks = {front: ways[nodes] for front, nodes in healthy.items()}
        nftables.load(cabling.BALANCER, "inet balancer", _taken(marks))

    def _healthy(self, drawn: Blueprint) -> dict[Frontend, tuple[int, ...]]:
        asked: dict[tuple[int, HealthCheck, int], int] = {}
        probes: list[Probe] = []
        for front in drawn.frontends:
            for node in drawn.nodes:
                key = (node.index, front.check, front.address.family) if front.check is not None else None
                target = node.address(4) or node.address(6)
                if key is None or key in asked or target is None:
                    continue
                asked[key] = len(probes)
                probes.append(_health_probe(key[1], target))
        # a node that hands the question on to a pod of another node may answer now and then: any answer counts
        seen = self._balancer.send(Batch(probes * _ASKED, 1000, _PROBE_SECONDS))
        well = {
            key: any(_is_well(key[1], seen[at + turn * len(probes)]) for turn in range(_ASKED))
            for key, at in asked.items()
        }
        return {
            front: tuple(
                node.index
                for node in drawn.nodes
                if front.check is None or well.get((node.index, front.check, front.address.family), False)
            )
            for front in drawn.frontends
        }


def _health_probe(check: HealthCheck, target: Address) -> Probe:
    payload = b""
    if check.protocol == "http":
        payload = f"GET {check.path} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n".encode()
    return Probe(cabling.PROBE_SOURCE, str(target), check.port, payload)


def _is_well(check: HealthCheck, seen: Seen) -> bool:
    return seen.effect == "answered" and (check.protocol == "tcp" or seen.answer.startswith(b"HTTP/1.1 200"))


def _translated(drawn: Blueprint, index: int) -> Iterable[str]:
    """Without floating IP the balancer turns the destination into the node's address and its node port."""
    table = guards.TABLE
    yield f"add chain {table} translate {{ type nat hook prerouting priority -100; }}"
    for front in drawn.frontends:
        target = drawn.nodes[index].address(front.address.family)
        if front.floating or target is None:
            continue
        word = "ip" if front.address.family == 4 else "ip6"
        shown = str(target) if front.address.family == 4 else f"[{target}]"
        protocol = front.port.protocol.lower()
        yield (
            f"add rule {table} translate {word} daddr {front.address} {protocol} dport {front.port.port} "
            f"dnat {word} to {shown}:{front.backend_port}"
        )


def _taken(marks: Mapping[Frontend, int]) -> Iterable[str]:
    """The balancer takes the ports that it has rules for, each by its own way; all else to a frontend is dropped."""
    table = "inet balancer"
    yield f"add chain {table} ways {{ type filter hook prerouting priority -150; }}"
    yield f"add chain {table} taken {{ type filter hook forward priority 0; }}"
    for family, word, kind in ((4, "ip", "ipv4_addr"), (6, "ip6", "ipv6_addr")):
        own = {front: mark for front, mark in marks.items() if front.address.family == family}
        if not own:
            continue
        members = {
            f"{front.address} . {front.port.protocol.lower()} . {front.port.port}": mark for front, mark in own.items()
        }
        listed = ", ".join(f"{key} : {mark}" for key, mark in members.items())
        yield f"add map {table} ways{family} {{ type {kind} . inet_proto . inet_service : mark; }}"
        yield f"add element {table} ways{family} {{ {listed} }}"
        asked = f"{word} daddr . meta l4proto . th dport"
        told = 'counter comment "balancer frontends"'
        yield f'add rule {table} ways iifname "client" meta mark set {asked} map @ways{family} {told}'
        every = ", ".join(str(each) for each in dict.fromkeys(front.address for front in own))
        yield f'add rule {table} taken iifname "client" {word} daddr {{ {every} }} meta mark 0 drop'


def _listen(host: Host, controller: ingress_config.Controller, where: str, spoken: str) -> None:
    for known, listen in host.controllers:
        if known.workload is controller.workload:
            if (where, spoken) not in listen:
                listen.append((where, spoken))
            return
    host.controllers.append((controller, [(where, spoken)]))


def _health_ports(estate: Estate) -> list[tuple[Service, int]]:
    return [
        (each, each.health_check_node_port)
        for each in estate.services.values()
        if each.external_policy == "Local" and each.health_check_node_port
    ]


def _has_local(drawn: Blueprint, service: Service, node: int) -> bool:
    return any(
        each.node == node and each.ready and not each.terminating
        for port in service.ports
        for each in drawn.endpoints.get((service.key, port), ())
    )


def _with_endpoints(estate: Estate) -> list[tuple[tuple[str, str], bool]]:
    """Services that a controller can hand requests to: with ready endpoints, or with none known at all."""
    return [
        (key, any(e.ready for each in estate.slices[key] for e in each.endpoints) if key in estate.slices else True)
        for key in estate.services
    ]
