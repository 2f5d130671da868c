"""Recorded answers of the real kube-proxy, both modes: every ask of every estate, answered by the model.

A frontend from outside was probed on every node, as if the load balancer had chosen it, and its health check was asked;
both are compared, and with them what a client behind the balancer gets. The recorded cluster had a bridge in front of
its pods, and its network dropped what left a node for a frontend.

More recordings of the same form may be named in AKSESS_ANSWERS (files, joined by ``:``); what is not of this form in
them is left to other tests. Asks that are known to differ are listed by name, each with its reason, in
``recorded_kube_proxy_differences.json`` beside this file; there is no such file while there is no such ask.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aksess.addresses import Address, read_address
from aksess.estate import Estate
from aksess.estate.kubernetes import Node, Service, ServicePort
from aksess.layers.kube_proxy import Arrival, ClusterNetwork, Delivery, Endpoints, handle, healthy
from aksess.rulings import Effect, Ruling
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.snapshot import Snapshot
from shared import shared_path

KNOWN = Path(__file__).with_name("recorded_kube_proxy_differences.json")

Outcome = tuple[str, str | None, str | None, str | None]
"""Effect (or status of a health check), node that handled it, pod, and source that the pod saw."""


def recordings() -> list[Path]:
    named = [Path(each) for each in os.environ.get("AKSESS_ANSWERS", "").split(":") if each]
    return [shared_path("data", "kube-proxy", "answers.jsonl.gz"), *named]


def estates(path: Path) -> Iterator[dict[str, Any]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    for line in text.splitlines():
        recorded = json.loads(line) if line.strip() else {}
        if "mode" in recorded and "asks" in recorded:
            yield recorded


class Recorded:
    """One recorded estate, read as the product reads it."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        collector = Collector()
        for number, value in enumerate(recorded["objects"], start=1):
            collector.take(value, StoredPlace("recorded.json", number))
        self.estate = Estate.of(Snapshot.of(collector))
        self.cluster = ClusterNetwork.of(self.estate, mode=recorded["mode"], pod_side="bridge")
        self.nodes = self.estate.nodes
        self.endpoints = {key: Endpoints.of(self.estate, each) for key, each in self.estate.services.items()}

    def asked(self, ask: dict[str, Any]) -> tuple[Service, ServicePort, str, Address]:
        protocol, _, rest = ask["to"].partition("://")
        host, _, number = rest.rpartition(":")
        address = read_address(host.strip("[]"))
        assert address is not None
        for service in self.estate.services.values():
            for port in service.ports:
                if self._is_meant(service, port, ask["kind"], protocol.upper(), address, int(number)):
                    return service, port, ask["kind"], address
        raise AssertionError(f"nothing answers to {ask['kind']} {ask['to']}")

    def _is_meant(
        self, service: Service, port: ServicePort, kind: str, protocol: str, address: Address, number: int
    ) -> bool:
        if kind == "health-check-node-port":
            return service.health_check_node_port == number
        if port.protocol != protocol:
            return False
        if kind == "node-port":
            return port.node_port == number
        if kind == "cluster-ip":
            return port.port == number and address in service.cluster_addresses
        known = [each.address for each in service.load_balancer_addresses]
        # a Service without an address in its status is asked at the address that it would have had
        return port.port == number and (address in known or (not known and len(self.estate.services) == 1))

    def on_node(self, ask: dict[str, Any], node: Node) -> set[Outcome]:
        service, port, kind, address = self.asked(ask)
        source = read_address(ask["from"])
        assert source is not None
        caller, home = "outside", ask.get("callerOn", "")
        if home:
            caller = "node" if source in self.nodes[home].internal else "pod"
        arrival = Arrival(kind, address.family, address, caller, home)
        cells = handle(service, port, arrival, self.endpoints[service.key], node, self.cluster)
        (found,) = [alternatives for sources, alternatives in cells if source in sources]
        return {outcome for each in found for outcome in outcomes(each, node.name, ask["from"])}

    def handled_by(self, ask: dict[str, Any]) -> Node:
        _, _, kind, address = self.asked(ask)
        if kind in {"node-port", "health-check-node-port"}:
            return next(each for each in self.nodes.values() if address in each.internal)
        return self.nodes[ask["callerOn"]]


def outcomes(each: Delivery | Ruling, node: str, source: str) -> Iterator[Outcome]:
    if isinstance(each, Ruling):
        effect = each.effect or Effect.TIMEOUT  # what leaves a node for a frontend was dropped by the recorded network
        yield (str(each.status) if effect is Effect.ANSWERED else str(effect), node, None, None)
        return
    seen = source
    if each.seen is not None:
        only = each.seen.only()
        assert only is not None
        seen = str(only)
    for endpoint in each.endpoints:
        assert endpoint.pod is not None
        yield ("reached", node, "/".join(endpoint.pod), seen)


def recorded_outcome(each: dict[str, Any]) -> Outcome:
    effect = str(each["status"]) if each["effect"] == "answered" else each["effect"]
    return (effect, each["node"], each["pod"], each["seen"])


def differences(recorded: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The asks that the model answers differently, named, with both answers."""
    model = Recorded(recorded)
    for number, ask in enumerate(recorded["asks"]):
        name = f"{recorded['id']}#{number}"
        want = {recorded_outcome(each) for each in ask["outcomes"]}
        if "allNodes" not in ask:
            have = model.on_node(ask, model.handled_by(ask))
            if have != want:
                yield name, f"{ask['kind']} {ask['from']} {ask['to']}: {sorted(map(str, have ^ want))}"
            continue
        service, _, _, address = model.asked(ask)
        by_node = {each: model.on_node(ask, node) for each, node in model.nodes.items()}
        all_nodes = {recorded_outcome(each) for each in ask["allNodes"]}
        up = {
            each: healthy(service, node, model.endpoints[service.key], address.family)
            for each, node in model.nodes.items()
        }
        behind = {outcome for each, found in by_node.items() if up[each] for outcome in found}
        behind = behind or {("timeout", None, None, None)}
        health = {each["node"]: each["healthy"] for each in ask["allNodes"]}
        if set().union(*by_node.values()) != all_nodes or up != health or behind != want:
            yield name, f"{ask['kind']} {ask['from']} {ask['to']}: {by_node} {up}, recorded {ask['allNodes']}"


def test_recorded_answers_kube_proxy() -> None:
    """Every ask is answered as the real kube-proxy 1.36 answered it, or is listed with its reason."""
    found: dict[str, str] = {}
    names: set[str] = set()
    for path in recordings():
        for recorded in estates(path):
            names |= {f"{recorded['id']}#{number}" for number in range(len(recorded["asks"]))}
            found.update(differences(recorded))
    listed: dict[str, str] = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    unexpected = {name: text for name, text in found.items() if not listed.get(name)}
    assert len(names) >= 3936
    assert not unexpected, f"{len(unexpected)} of {len(names)} asks differ, e.g. {list(unexpected.items())[:3]}"
    assert not (listed.keys() & names) - found.keys(), "an ask is listed as different that is answered the same"


def test_recorded_health_probes() -> None:
    """Every recorded probe of every node: 200, 503, or nobody listening."""
    asked = 0
    for recorded in estates(shared_path("data", "kube-proxy", "answers.jsonl.gz")):
        model = Recorded(recorded)
        for name, probes in recorded["health"].items():
            service = model.estate.services[tuple(name.split("/"))]
            for target, status in probes.items():
                if target == "probe":
                    continue
                node, _, family = target.partition("/")
                up = healthy(service, model.nodes[node], model.endpoints[service.key], int(family[-1]))
                assert up == (status == 200), f"{recorded['id']} {name} {target}"
                asked += 1
    assert asked > 400
