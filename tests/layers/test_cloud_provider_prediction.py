"""The predicted group: what it holds, where each rule comes from, and what it leaves open.

Source, where a test names no other: kubernetes-sigs/cloud-provider-azure pkg/provider.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cloud_provider import clusters, service

from aksess.estate import Estate, azure, azure_wire, kubernetes, wire
from aksess.estate.azure import DEFAULT_RULES
from aksess.estate.kubernetes import Service
from aksess.layers.cloud_provider import Annotation, Behaviour, Cause, Cluster, Prediction, predict
from aksess.layers.cloud_provider.reconcile import Refusal, reconcile
from aksess.layers.cloud_provider.rules import WrittenRule, allow_rule_name
from aksess.snapshot.files import read_files
from aksess.snapshot.places import StoredPlace

HTTP = allow_rule_name("Tcp", 4, ["Internet"], [80])
DENY = "k8s-azure-lb_deny-all_IPv4"
NOWHERE = StoredPlace("", 0)


def estate(*services: Service, nodes: tuple[str, ...] = (), version: str = "1.34.2") -> Estate:
    """An estate of Services, nodes by their addresses, and a cluster of a version."""
    found = Estate(services={each.key: each for each in services})
    for number, texts in enumerate(nodes):
        addresses = [{"type": "InternalIP", "address": text} for text in texts.split(",")]
        item = {"metadata": {"name": f"n{number}"}, "status": {"addresses": addresses}}
        found.nodes[f"n{number}"] = kubernetes.node(msgspec.convert(item, wire.Node), NOWHERE)
    cluster = azure_wire.ManagedCluster(current_kubernetes_version=version)
    found.clusters.append(azure.ManagedCluster("/aks", "aks", NOWHERE, cluster))
    return found


def aims(prediction: Prediction) -> dict[str, tuple[str, ...]]:
    return {rule.name: rule.destinations for rule in prediction.rules}


def test_group_of_two_services_and_its_origins(tmp_path: Path) -> None:
    """Services with the same sources and ports share a rule. Every rule leads back to a file and line."""
    (tmp_path / "shop.yaml").write_text(
        """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, creationTimestamp: "2026-02-01T00:00:00Z"}
spec:
  ports: [{port: 80}]
  type: LoadBalancer
status: {loadBalancer: {ingress: [{ip: 20.1.1.1}]}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
spec:
  type: LoadBalancer
  ports: [{port: 80}]
  loadBalancerSourceRanges:
  - 198.51.100.0/25
  - 198.51.100.128/25
status: {loadBalancer: {ingress: [{ip: 20.1.1.2}]}}
---
apiVersion: v1
kind: Service
metadata: {name: blog, namespace: shop, creationTimestamp: "2026-03-01T00:00:00Z"}
spec: {type: LoadBalancer, ports: [{port: 80}]}
status: {loadBalancer: {ingress: [{ip: 20.1.1.3}]}}
"""
    )
    prediction = predict(Estate.of(read_files([tmp_path])))
    ranged = allow_rule_name("Tcp", 4, ["198.51.100.0/24"], [80])
    assert [(rule.name, rule.priority, rule.destinations) for rule in prediction.rules] == [
        (ranged, 500, ("20.1.1.2",)),
        (HTTP, 501, ("20.1.1.1", "20.1.1.3")),
    ]
    group = prediction.group
    assert group.predicted
    assert group.rules[2:] == DEFAULT_RULES
    assert [rule.name for rule in group.inbound()][:2] == [ranged, HTTP]
    (origin,) = prediction.origins[ranged]
    assert (origin.service.name, origin.destinations, origin.service.place.line(origin.path)) == (
        "api",
        {"20.1.1.2"},
        15,
    )
    assert [each.service.place.line(each.path) for each in prediction.origins[HTTP]] == [6, 23]
    assert [each.name for each in prediction.services(HTTP)] == ["web", "blog"]
    assert [each.name for each in prediction.services(HTTP, ["20.1.1.3"])] == ["blog"]


def test_services_of_others_are_left_out() -> None:
    found = predict(estate(service(loadBalancerClass="example.com/lb"), service("inside", type="NodePort")))
    assert found.rules == ()


def test_conflicting_ranges_leave_the_address_unsettled() -> None:
    """The provider gives up and the old rules stay. Source: loadbalancer/accesscontrol.go `NewAccessControl`."""
    stuck = service("stuck", ranges=["10.0.0.0/8"], notes={Annotation.ALLOWED_IP_RANGES: "11.0.0.0/8"})
    found = predict(estate(stuck, service(addresses=["20.1.1.2"])))
    assert aims(found) == {HTTP: ("20.1.1.2",)}
    assert [(each.service.name, each.cause) for each in found.refused] == [("stuck", Cause.CONFLICT)]
    assert found.unsettled.keys() == {"20.1.1.1"}
    assert "refuses Service shop/stuck" in found.unsettled["20.1.1.1"]
    assert "cannot set both" in found.unsettled["20.1.1.1"]


def test_empty_tag_is_taken_for_refused_by_azure() -> None:
    """The provider writes an empty source, which Azure is expected to refuse; that was not seen."""
    found = predict(estate(service(notes={Annotation.ALLOWED_SERVICE_TAGS: ""})))
    assert found.rules == ()
    assert [each.cause for each in found.refused] == [Cause.AZURE]
    assert found.unsettled.keys() == {"20.1.1.1"}


def test_more_than_azure_accepts_is_refused_service_by_service() -> None:
    """Source: securitygroup/securitygroup.go `SecurityGroup`."""
    wide = [
        service(
            f"s{n}",
            [f"TCP/{n}"],
            ranges=[f"10.{n}.{2 * part}.0/24" for part in range(100)],
            addresses=[f"20.1.1.{n}"],
            created=f"{n:03}",
        )
        for n in range(1, 43)
    ]
    found = predict(estate(*wide))
    assert len(found.rules) == 40
    assert [(each.service.name, each.cause) for each in found.refused] == [("s41", Cause.LIMIT), ("s42", Cause.LIMIT)]


def test_service_without_an_address_is_open() -> None:
    found = predict(estate(service(addresses=[])))
    assert found.rules == ()
    (left,) = found.unlocated
    assert left.reason == "Service shop/web has no address yet"
    assert left.names == {HTTP, HTTP.replace("IPv4", "IPv6")}


@pytest.mark.parametrize(
    ("nodes", "node_port", "reason", "named"),
    [
        ((), 30080, "Service shop/web has floating IP off, and its node addresses are not known", True),
        (("10.224.0.4",), 0, "Service shop/web has floating IP off, and its node ports are not known", False),
    ],
)
def test_unknown_nodes_are_said(nodes: tuple[str, ...], node_port: int, reason: str, named: bool) -> None:
    off = service(ports=[f"TCP/80/{node_port}"], notes={Annotation.FLOATING_IP_OFF: "true"})
    found = predict(estate(off, nodes=nodes))
    assert found.rules == ()
    (left,) = found.unlocated
    assert (left.reason, left.names is not None) == (reason, named)


def test_conflict_without_floating_ip_and_nodes_is_refused_too() -> None:
    notes = {Annotation.FLOATING_IP_OFF: "true", Annotation.ALLOWED_IP_RANGES: "11.0.0.0/8"}
    found = predict(estate(service(ports=["TCP/80/30080"], ranges=["10.0.0.0/8"], notes=notes)))
    assert [each.cause for each in found.refused] == [Cause.CONFLICT]
    assert [each.names for each in found.unlocated] == [None]


def test_floating_ip_off_aims_at_nodes() -> None:
    """Source: azure_loadbalancer.go `reconcileSecurityGroup`."""
    off = service(ports=["TCP/80/30080"], notes={Annotation.FLOATING_IP_OFF: "true"})
    found = predict(estate(off, nodes=("10.224.0.4", "10.224.0.5")))
    assert [(rule.destinations, rule.destination_ports) for rule in found.rules] == [
        (("10.224.0.4", "10.224.0.5"), ("30080",))
    ]
    assert found.doubts == {}


@pytest.mark.parametrize("other", [(), ("20.1.1.2", "2001:db8::2")])
def test_other_family_of_nodes(other: tuple[str, ...]) -> None:
    """Whether IPv6 node addresses count for an IPv4 Service depends on the kind of backend pool.

    Seen with release 1.35.8 and pools of node addresses: not before a dual-stack Service made the IPv6 pool.
    Source: azure_loadbalancer_backendpool.go `GetBackendPrivateIPs`.
    """
    services = [service(ports=["TCP/80/30080"], notes={Annotation.FLOATING_IP_OFF: "true"})]
    if other:
        services.append(service("dual", ["TCP/443"], addresses=other))
    found = predict(estate(*services, nodes=("10.224.0.4,fd00::4",)))
    four, six = (allow_rule_name("Tcp", family, ["Internet"], [30080]) for family in (4, 6))
    assert (aims(found)[four], aims(found)[six]) == (("10.224.0.4",), ("fd00::4",))
    assert found.doubt(four, "10.224.0.4") == ""
    assert bool(found.doubt(six, "fd00::4")) is not bool(other)


@pytest.mark.parametrize(("version", "written", "doubtful"), [("1.34.9", 1, 0), ("1.35.8", 1, 1), ("1.37.0", 0, 0)])
def test_opting_out(version: str, written: int, doubtful: int) -> None:
    """The annotation came with a patch release, which cannot be seen. Source: pull request 10508."""
    found = predict(estate(service(notes={Annotation.SECURITY_RULES_OFF: "true"}), version=version))
    assert (len(found.rules), len(found.doubts)) == (written, doubtful)


def test_opting_out_is_no_doubt_where_another_service_asks_for_the_same() -> None:
    out = service("out", notes={Annotation.SECURITY_RULES_OFF: "true"})
    found = predict(estate(out, service(addresses=["20.1.1.2"]), version="1.36.0"))
    assert found.doubts.keys() == {(HTTP, "20.1.1.1")}


def test_opting_out_beside_a_denial_puts_the_denial_in_doubt() -> None:
    """Where opting out is honoured, the Service still clears its address from every rule."""
    strict = {Annotation.DENY_ALL: "true"}
    out = service("out", ["TCP/443"], ranges=["10.0.0.0/8"], notes={**strict, Annotation.SECURITY_RULES_OFF: "true"})
    both = estate(out, service(ranges=["10.0.0.0/8"], notes=strict), version="1.36.0")
    found = predict(both)
    assert found.doubt(DENY, "20.1.1.1")
    assert predict(both, behaviour=Behaviour.of_version("1.34")).doubts == {}


def test_node_address_that_one_service_surely_brings_is_no_doubt() -> None:
    off = {Annotation.FLOATING_IP_OFF: "true"}
    strict = {**off, Annotation.DENY_ALL: "true", Annotation.INTERNAL: "true"}
    inside = service(
        "inside", ["TCP/81/30081"], ranges=["10.0.0.0/8", "fd00::/8"], notes=strict, addresses=["10.224.0.9"]
    )
    dual = service("dual", ["TCP/80/30080"], ranges=["bad"], notes=off, addresses=["20.1.1.1", "2001:db8::1"])
    found = predict(estate(inside, dual, nodes=("10.224.0.4,fd00::4",)))
    allow = allow_rule_name("Tcp", 6, ["fd00::/8"], [30081])
    assert found.doubts.keys() == {(allow, "fd00::4")}
    assert aims(found)["k8s-azure-lb_deny-all_IPv6"] == ("fd00::4",)


@pytest.mark.parametrize("strict_first", [True, False])
def test_shared_address_with_one_denial_is_in_doubt(strict_first: bool) -> None:
    """Who was reconciled last decides. Source: securitygroup/securitygroup.go `removeDestinationFromRule`."""
    ages = ("1", "2") if strict_first else ("2", "1")
    notes = {Annotation.DENY_ALL: "true"}
    strict = service("strict", ["TCP/443"], ranges=["10.0.0.0/8"], notes=notes, created=ages[0])
    found = predict(estate(strict, service(created=ages[1])))
    assert aims(found)[DENY] == ("20.1.1.1",)
    assert found.doubts == {
        (DENY, "20.1.1.1"): "it depends on which was reconciled last of "
        + ("Service shop/strict, Service shop/web" if strict_first else "Service shop/web, Service shop/strict")
        + ", which share 20.1.1.1"
    }
    assert found.doubt(HTTP, "20.1.1.1") == ""


def test_shared_address_with_two_denials_is_sure() -> None:
    notes = {Annotation.DENY_ALL: "true"}
    first = service("first", ["TCP/443"], ranges=["10.0.0.0/8"], notes=notes)
    second = service("second", ranges=["11.0.0.0/8"], notes=notes)
    found = predict(estate(first, second))
    assert aims(found)[DENY] == ("20.1.1.1",)
    assert found.doubts == {}


def test_split_rules_lead_back_to_their_services() -> None:
    """A dual-stack Service between two others splits their rule. Source: `removeDestinationFromRule`."""
    found = predict(
        estate(
            service("a", created="1"),
            service("b", addresses=["2001:db8::1"], created="2"),
            service("dual", ["TCP/8080"], addresses=["20.1.1.1", "2001:db8::1"], created="3"),
        )
    )
    split = allow_rule_name("Tcp", 4, ["Internet"], [80, 80])
    assert aims(found)[split] == ("20.1.1.1",)
    assert HTTP not in aims(found)
    assert [each.name for each in found.services(split)] == ["a"]
    assert found.doubts == {}


@pytest.mark.parametrize(("version", "known"), [("1.28.14", False), ("1.29.0", True), ("", True)])
def test_versions_with_older_names_are_not_predicted(version: str, known: bool) -> None:
    found = predict(estate(service(), version=version))
    assert (found.reason == "", bool(found.rules)) == (known, known)
    if not known:
        assert "1.28" in found.reason
        live = replace(found.group, rules=(WrittenRule("custom", 200).noun(), *DEFAULT_RULES))
        assert predict(estate(service(), version=version), live).group.rules == live.rules


def test_starting_from_the_group_that_is_there() -> None:
    """Rules of others stay, rules of nobody go, and priorities go round what is there."""
    there = predict(estate(service("gone", ["TCP/22"], addresses=["20.9.9.9"]))).group
    custom = WrittenRule("custom", 501, source_prefix="*", destination_prefix="*", destination_port="*").noun()
    live = replace(there, id="/nsg", name="aks-agentpool-1-nsg", rules=(custom, *there.rules), predicted=False)
    found = predict(estate(service()), live)
    assert [(rule.name, rule.priority) for rule in found.rules] == [("custom", 501), (HTTP, 502)]
    assert (found.group.id, found.group.predicted, found.group.rules[2:]) == ("/nsg", True, DEFAULT_RULES)


def test_three_hundred_services_take_no_time() -> None:
    """Far below a second here; the bound leaves room for a busy machine."""
    many = [
        service(f"s{n}", [f"TCP/{n}", "TCP/443"], addresses=[f"20.1.{n >> 8}.{n & 255}"]) for n in range(1000, 1300)
    ]
    started = time.perf_counter()
    found = predict(estate(*many))
    assert len(found.rules) == 300
    assert time.perf_counter() - started < 3


@settings(max_examples=200)
@given(clusters(), st.lists(st.integers(0, 3), max_size=6), st.sampled_from(("1.30", "1.34", "1.35", "1.37")))
def test_every_order_of_reconciles_is_the_prediction_up_to_its_doubts(
    cluster: Cluster, order: list[int], version: str
) -> None:
    """Any history in which every Service was reconciled permits and denies what is predicted, but for the doubts."""
    behaviour = Behaviour.of_version(version)
    told = list(cluster.controls.values())
    found = predict(estate(*(each.service for each in told), nodes=("10.224.0.4,fd00::4",)), behaviour=behaviour)
    group: tuple[WrittenRule, ...] = ()
    for control in (*told, *(told[number % len(told)] for number in order)):
        outcome = reconcile(group, cluster.step(control), behaviour)
        if not isinstance(outcome, Refusal):
            group = outcome
    sure = {rule.name: rule for rule in found.rules}
    doubtful = _cells(
        sure[name].aimed_at(each for each in sure[name].destinations if found.doubt(name, each)) for name in sure
    )
    open_cells = {cell for cell in _cells((*group, *found.rules)) if cell[-1] in found.unsettled}
    assert _cells(group) - doubtful - open_cells == _cells(found.rules) - doubtful - open_cells


def _cells(rules: Iterable[WrittenRule]) -> set[tuple[str, str, tuple[str, ...], str, str]]:
    return {
        (rule.access, rule.protocol, rule.sources, port, destination)
        for rule in rules
        for port in rule.ports
        for destination in rule.destinations
    }
