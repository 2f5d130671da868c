"""What kube-proxy does with a connection: one test a rule, each against answers seen from kube-proxy 1.36.3.

Rows about established connections and about a dead kube-proxy have no test: `handle` speaks of new connections and of
rules that are in place.

Source: kubernetes/kubernetes v1.36 pkg/proxy/iptables/proxier.go, pkg/proxy/nftables/proxier.go, pkg/proxy/topology.go,
pkg/proxy/healthcheck; packets through both modes of that version.
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_proxy_cluster import (
    CLIENT,
    CLIENT6,
    FRONTEND,
    FRONTEND6,
    GATEWAY,
    GATEWAY6,
    HEALTH_PORT,
    NODE_PORT,
    NODES,
    ON_ONE,
    ON_TWO,
    ONE,
    ONE6,
    POD_OF_ONE,
    POD_OF_TWO,
    SLICES,
    TWO,
    World,
    endpoint,
    endpoint_slice,
    node,
    service,
)

from aksess.addresses import AddressSet, read_address
from aksess.layers.kube_proxy import Delivery, source_ranges
from aksess.rulings import Ruling

MODES = ("iptables", "nftables")
LISTED, LISTED6, UNLISTED, UNLISTED6 = "198.51.100.7", "2001:db8:7::7", CLIENT, CLIENT6
RANGES = ["198.51.100.0/24", "2001:db8:7::/48"]

both_modes = pytest.mark.parametrize("mode", MODES)


@both_modes
@pytest.mark.parametrize("kind", ["frontend", "node-port"])
def test_cluster_policy_masquerades_by_where_the_endpoint_is(mode: str, kind: str) -> None:
    """Policy Cluster: another node's endpoint sees the sending node, the same node's the pod-side gateway; IPv6 too."""
    world = World(mode=mode)
    for caller, source in (("outside", CLIENT), ("pod", POD_OF_ONE), ("node", ONE)):
        assert world.ask(source, kind, caller=caller) == {f"web-1 sees {GATEWAY}", f"web-2 sees {ONE}"}
    assert world.ask(CLIENT, kind, on="two") == {f"web-1 sees {TWO}", "web-2 sees 10.9.2.1"}
    assert world.ask(CLIENT6, kind) == {f"web-1 sees {GATEWAY6}", f"web-2 sees {ONE6}"}


def test_azure_cni_has_no_gateway_address() -> None:
    """Azure CNI links have no address of their own: the endpoint sees the node, which contract §10 takes for true."""
    world = World(pod_side="node")
    assert world.ask(CLIENT) == {f"web-1 sees {ONE}", f"web-2 sees {ONE}"}
    ((_, alternatives),) = world.cells()
    for each in alternatives:
        assert [taken.code for taken in each.assumptions] == ["cluster-policy-peer-is-node"]


@both_modes
def test_cluster_ip(mode: str) -> None:
    """A pod keeps its address, to itself it gets the gateway's; others are masqueraded and ranges do not count."""
    world = World(service(loadBalancerSourceRanges=RANGES), mode=mode)
    assert world.ask(POD_OF_ONE, "cluster-ip", caller="pod") == {f"web-1 sees {POD_OF_ONE}", f"web-2 sees {POD_OF_ONE}"}
    assert world.ask("10.9.1.11", "cluster-ip", caller="pod") == {f"web-1 sees {GATEWAY}", "web-2 sees 10.9.1.11"}
    assert world.ask(ONE, "cluster-ip", caller="node") == {f"web-1 sees {GATEWAY}", f"web-2 sees {ONE}"}
    assert world.ask(UNLISTED, "cluster-ip") == {f"web-1 sees {GATEWAY}", f"web-2 sees {ONE}"}


@both_modes
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
def test_source_ranges_judge_the_frontend_only(mode: str, policy: str) -> None:
    """Others time out, of both families; node port, cluster IP and health check node port are not judged."""
    world = World(service(loadBalancerSourceRanges=RANGES, externalTrafficPolicy=policy), mode=mode)
    for family, ranges in ((4, RANGES[0]), (6, RANGES[1])):
        inside = AddressSet.of(ranges)
        for sources, alternatives in world.cells(family=family):
            stopped = any(isinstance(each, Ruling) for each in alternatives)
            assert sources.overlaps(inside) != stopped
    assert world.ask(UNLISTED) == world.ask(UNLISTED6) == {"timeout"}
    assert "timeout" not in world.ask(UNLISTED, "node-port") | world.ask(UNLISTED, "cluster-ip")
    if policy == "Local":
        assert world.ask(UNLISTED, "health-check-node-port") == {"200"}


@both_modes
def test_source_ranges_judge_pods_and_nodes(mode: str) -> None:
    """A pod or node that calls the frontend is judged by its own address."""
    world = World(service(loadBalancerSourceRanges=["10.9.1.77/32"]), mode=mode)
    assert "timeout" not in world.ask(POD_OF_ONE, caller="pod")
    assert world.ask(ONE, caller="node") == {"timeout"}
    assert world.ask(POD_OF_TWO, caller="pod", on="two") == {"timeout"}


@both_modes
def test_frontend_address_counts_as_listed_where_the_node_is(mode: str) -> None:
    """A node whose address lies inside a range may also call with the frontend's address as its own."""
    world = World(service(loadBalancerSourceRanges=[f"{ONE}/32"]), mode=mode)
    assert "timeout" not in world.ask(FRONTEND, caller="node")
    assert world.ask(FRONTEND, caller="node", on="two") == {"timeout"}


@both_modes
def test_ranges_of_one_family_leave_the_other_open(mode: str) -> None:
    """Each family has a list of its own; without an entry it has none."""
    world = World(service(loadBalancerSourceRanges=["198.51.100.0/24"]), mode=mode)
    assert world.ask(UNLISTED) == {"timeout"}
    assert world.ask(UNLISTED6) == {f"web-1 sees {GATEWAY6}", f"web-2 sees {ONE6}"}
    world = World(service(loadBalancerSourceRanges=["2001:db8:7::/48"]), mode=mode)
    assert world.ask(UNLISTED6) == {"timeout"}
    assert "timeout" not in world.ask(UNLISTED)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), None),
        (("198.51.100.0/24",), "198.51.100.0/24"),
        ((" 198.51.100.0/24 ", "junk", "1.2.3.4"), "198.51.100.0/24"),
        (("010.0.0.0/8",), "10.0.0.0/8"),
        (("10.1.2.3/8",), "10.0.0.0/8"),
        (("::ffff:198.51.100.0/120",), "198.51.100.0/24"),
        (("junk", "", "1.2.3.4"), None),
        (("2001:db8::/32",), None),
        (("2001:db8::/32", "0.0.0.0/0"), "0.0.0.0/0"),
    ],
)
def test_what_is_no_cidr_is_dropped(texts: tuple[str, ...], expected: str | None) -> None:
    """Source: pkg/proxy/util/utils.go `MapCIDRsByIPFamily`. Nothing but broken entries is no list: everyone gets in."""
    assert source_ranges(texts, 4) == (AddressSet.of(expected) if expected else None)


@both_modes
def test_annotations_are_not_read(mode: str) -> None:
    """Neither the Kubernetes annotation nor Azure's."""
    annotations = {
        "service.beta.kubernetes.io/load-balancer-source-ranges": "198.51.100.0/24",
        "service.beta.kubernetes.io/azure-allowed-ip-ranges": "198.51.100.0/24",
    }
    assert "timeout" not in World(service(metadata={"annotations": annotations}), mode=mode).ask(UNLISTED)


def test_external_ip_goes_round_the_ranges_in_iptables_mode() -> None:
    """The frontend is also in ``externalIPs``: nftables judges it, iptables does not, for pods neither."""
    both = service(loadBalancerSourceRanges=RANGES, externalIPs=[FRONTEND])
    for kind in ("frontend", "external-ip"):
        for more in ({"address": FRONTEND}, {"address": FRONTEND, "caller": "pod"}):
            source = POD_OF_ONE if "caller" in more else UNLISTED
            assert World(both, mode="nftables").ask(source, kind, **more) == {"timeout"}
            assert "timeout" not in World(both, mode="iptables").ask(source, kind, **more)
    assert World(both, mode="iptables").ask(UNLISTED6, address=FRONTEND6) == {"timeout"}
    assert "timeout" not in World(both, mode="iptables").ask(UNLISTED), "the only frontend of the family is meant"


@both_modes
def test_external_ip_of_its_own(mode: str) -> None:
    """An external IP that is no frontend is handled and never judged."""
    world = World(service(loadBalancerSourceRanges=RANGES, externalIPs=["192.0.2.80"]), mode=mode)
    assert "timeout" not in world.ask(UNLISTED, "external-ip", address="192.0.2.80")
    assert "timeout" not in world.ask(UNLISTED, "external-ip")
    assert world.ask(UNLISTED, "external-ip", address="192.0.2.81") == {"timeout"}
    assert world.ask(UNLISTED6, "external-ip") == {"timeout"}, "no external IP of that family"


PROXY = [{"ip": FRONTEND, "ipMode": "Proxy"}]
OTHER_PROXY = {"labels": {"service.kubernetes.io/service-proxy-name": "other"}}


@both_modes
@pytest.mark.parametrize(
    ("changes", "decides"),
    [
        ({"status": PROXY}, ("status", "loadBalancer", "ingress")),
        ({"status": []}, ("status", "loadBalancer", "ingress")),
        ({"metadata": OTHER_PROXY}, ("metadata", "labels", "service.kubernetes.io/service-proxy-name")),
    ],
)
def test_frontend_that_is_not_handled(mode: str, changes: dict[str, Any], decides: tuple[str, ...]) -> None:
    """ipMode Proxy, no address yet, or another proxy's label: timeout from outside, on its way out from inside."""
    world = World(service(**changes), mode=mode)
    assert world.ask(CLIENT, address=FRONTEND) == world.ask(CLIENT) == {"timeout"}
    assert world.ask(POD_OF_ONE, address=FRONTEND, caller="pod") == {"leaves the node"}
    ((_, (ruling,)),) = world.cells(address=FRONTEND)
    assert ruling.citation.path == decides
    assert ruling.citation.line == 1
    if "metadata" in changes:
        assert world.ask(CLIENT, "node-port") == world.ask(CLIENT, "health-check-node-port") == {"refused"}
        assert world.ask(POD_OF_ONE, "cluster-ip", caller="pod") == {"timeout"}
        assert World(service(externalTrafficPolicy="Local", **changes), mode=mode).healthy() == []
        assert [each.code for each in ruling.assumptions] == ["no-other-service-proxy"]
    else:
        assert f"web-2 sees {ONE}" in world.ask(CLIENT, "node-port")


def test_frontend_of_a_manifest_is_predicted() -> None:
    """A Service that was never applied has no status because nobody wrote one yet: its frontend will be handled."""
    written = service(status=[], clusterIPs=None, metadata={"uid": ""}, loadBalancerSourceRanges=RANGES)
    world = World(written)
    assert world.ask(UNLISTED) == world.ask(UNLISTED, address="20.9.9.9") == {"timeout"}
    assert world.ask(LISTED) == {f"web-1 sees {GATEWAY}", f"web-2 sees {ONE}"}
    assert World(written | {"spec": {**written["spec"], "type": "NodePort"}}).ask(LISTED) == {"timeout"}


NOT_READY = endpoint("10.9.1.11", "one", "web-1", ready=False)


@both_modes
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
@pytest.mark.parametrize("endpoints", [(), (NOT_READY,)])
def test_no_endpoint_is_refused(mode: str, policy: str, endpoints: tuple[dict[str, Any], ...]) -> None:
    """No endpoints, or none ready: a node that is asked refuses, whatever the policy."""
    world = World(service(externalTrafficPolicy=policy), endpoint_slice(*endpoints), mode=mode)
    for kind in ("frontend", "node-port", "cluster-ip"):
        assert world.ask(CLIENT, kind) == world.ask(POD_OF_ONE, kind, caller="pod") == {"refused"}
    assert world.ask(ONE, "node-port", caller="node") == world.ask(ONE, "cluster-ip", caller="node") == {"refused"}
    leaves = {"leaves the node"} if mode == "iptables" else {"refused"}
    assert world.ask(ONE, caller="node") == leaves
    ((_, (ruling,)),) = world.cells()
    assert (ruling.citation.label, ruling.citation.path) == ("Service shop/web", ("spec", "selector"))


def test_no_endpoint_and_ranges() -> None:
    """nftables judges the source first, iptables has no chain to judge it in."""
    objects = (service(loadBalancerSourceRanges=RANGES), endpoint_slice())
    assert World(*objects, mode="nftables").ask(UNLISTED) == {"timeout"}
    assert World(*objects, mode="iptables").ask(UNLISTED) == {"refused"}
    for mode in MODES:
        assert World(*objects, mode=mode).ask(LISTED) == {"refused"}


@both_modes
def test_local_without_ready_endpoint_has_no_healthy_node(mode: str) -> None:
    """Behind the balancer it is a timeout: nobody is sent anything; the refusal shows only when a node is asked."""
    world = World(service(externalTrafficPolicy="Local"), endpoint_slice(NOT_READY), mode=mode)
    assert world.healthy() == []
    assert world.ask(CLIENT) == {"refused"}


@both_modes
def test_port_that_no_slice_names(mode: str) -> None:
    """That port alone behaves as without endpoints."""
    ports = [
        {"name": "http", "port": 80, "nodePort": NODE_PORT},
        {"name": "admin", "port": 81, "nodePort": NODE_PORT + 1},
        {"name": "numberless", "port": 82, "nodePort": NODE_PORT + 2},
    ]
    named = [{"name": "http", "port": 8080}, {"name": "numberless"}]
    world = World(service(ports=ports), endpoint_slice(ON_ONE, ports=named), mode=mode)
    assert world.ask(CLIENT) == {f"web-1 sees {GATEWAY}"}
    assert world.ask(CLIENT, port=1) == world.ask(CLIENT, port=2) == {"refused"}


@both_modes
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
def test_serving_but_terminating_is_still_used(mode: str, policy: str) -> None:
    """Where nothing is ready, endpoints that still serve while they terminate are used; the health check says 503."""
    going = endpoint("10.9.1.11", "one", "web-1", ready=False, serving=True, terminating=True)
    world = World(service(externalTrafficPolicy=policy), endpoint_slice(going), mode=mode)
    assert world.ask(CLIENT) == {f"web-1 sees {CLIENT if policy == 'Local' else GATEWAY}"}
    assert world.healthy() == ([] if policy == "Local" else ["one", "two"])
    beside = World(service(externalTrafficPolicy=policy), endpoint_slice(going, ON_TWO), mode=mode)
    if policy == "Cluster":
        assert beside.ask(CLIENT) == {f"web-2 sees {ONE}"}, "a ready one anywhere is preferred"
    else:
        assert beside.ask(CLIENT) == {f"web-1 sees {CLIENT}"}, "the Local policy chooses on its own node"
        assert beside.healthy() == ["two"]


@both_modes
def test_local_policy_keeps_the_client_address(mode: str) -> None:
    """Local, with an endpoint on the node: client address kept. Pods get any endpoint, nodes too but masqueraded."""
    world = World(service(externalTrafficPolicy="Local"), mode=mode)
    for kind in ("frontend", "node-port"):
        assert world.ask(CLIENT, kind) == {f"web-1 sees {CLIENT}"}
        assert world.ask(CLIENT6, kind, on="two") == {f"web-2 sees {CLIENT6}"}
        assert world.ask(POD_OF_ONE, kind, caller="pod") == {f"web-1 sees {POD_OF_ONE}", f"web-2 sees {POD_OF_ONE}"}
        assert world.ask(ONE, kind, caller="node") == {f"web-1 sees {GATEWAY}", f"web-2 sees {ONE}"}
    assert world.ask("10.9.1.11", caller="pod") == {f"web-1 sees {GATEWAY}", "web-2 sees 10.9.1.11"}


@both_modes
def test_local_policy_without_an_endpoint_on_the_node(mode: str) -> None:
    """Frontend and node port time out; pods and the node itself still get through; the health check says 503."""
    world = World(service(externalTrafficPolicy="Local"), endpoint_slice(ON_TWO), mode=mode)
    assert world.ask(CLIENT) == world.ask(CLIENT, "node-port") == {"timeout"}
    assert world.ask(POD_OF_ONE, caller="pod") == {f"web-2 sees {POD_OF_ONE}"}
    assert world.ask(ONE, caller="node") == {f"web-2 sees {ONE}"}
    assert world.ask(CLIENT, "health-check-node-port") == {"503"}
    assert world.healthy() == ["two"]
    ((_, _), (_, (ruling,))) = world.cells()
    assert ruling.citation.path == ("spec", "externalTrafficPolicy")
    assert world.ask(TWO, "node-port", caller="node", home="two") == {"timeout"}, "another node calls from outside"


@both_modes
def test_source_inside_the_cluster_range_is_taken_for_a_pod(mode: str) -> None:
    """Local, from outside: all endpoints are chosen from; one on another node answers past the node."""
    world = World(service(externalTrafficPolicy="Local"), mode=mode)
    assert world.ask("10.9.200.9") == {"web-1 sees 10.9.200.9", "timeout"}


@both_modes
def test_pod_calls_node_port_of_another_node(mode: str) -> None:
    """Local: any endpoint is chosen from, pod address kept; one on another node answers past the node: timeout."""
    world = World(service(externalTrafficPolicy="Local"), mode=mode)
    called = {"kind": "node-port", "caller": "pod", "home": "two"}
    assert world.ask(POD_OF_TWO, **called) == {f"web-1 sees {POD_OF_TWO}", "timeout"}
    only = World(service(externalTrafficPolicy="Local"), endpoint_slice(ON_TWO), mode=mode)
    assert only.ask(POD_OF_TWO, **called) == {"timeout"}


def test_endpoint_calls_itself_over_another_node() -> None:
    """iptables masquerades by address wherever the endpoint is, nftables only what it knows to be its own."""
    objects = (service(externalTrafficPolicy="Local"), endpoint_slice(ON_ONE, ON_TWO))
    called = {"kind": "node-port", "caller": "pod", "home": "two"}
    assert World(*objects, mode="nftables").ask("10.9.2.22", **called) == {"web-1 sees 10.9.2.22", "timeout"}
    masqueraded = World(*objects, mode="iptables").ask("10.9.2.22", **called)
    assert masqueraded == {"web-1 sees 10.9.2.22", f"web-2 sees {ONE}"}


@both_modes
def test_health_check_node_port_counts_its_own_family(mode: str) -> None:
    """Asked over IPv4 it counts IPv4 endpoints, over IPv6 the IPv6 ones; any port of the Service counts."""
    six = endpoint_slice(endpoint("fd09:2::22", "two", "web-2"), family="IPv6")
    world = World(service(externalTrafficPolicy="Local"), endpoint_slice(ON_ONE), six, mode=mode)
    assert (world.healthy(4), world.healthy(6)) == (["one"], ["two"])
    assert world.ask(CLIENT, "health-check-node-port") == {"200"}
    assert world.ask(CLIENT6, "health-check-node-port") == {"503"}
    other = endpoint_slice(ON_ONE, ports=[{"name": "admin", "port": 1}])
    assert World(service(externalTrafficPolicy="Local"), other).healthy() == ["one"]


def test_health_check_node_port_exists_for_the_local_policy_only() -> None:
    """Source: pkg/api/v1/service/util.go `NeedsHealthCheck`."""
    assert World().ask(CLIENT, "health-check-node-port") == {"refused"}
    assert World().service.health_check_node_port == HEALTH_PORT


@both_modes
@pytest.mark.parametrize("kind", ["frontend", "node-port"])
def test_endpoint_with_host_network(mode: str, kind: str) -> None:
    """Cluster: the receiving node's own endpoint sees the client, another node's sees the sending node."""
    hosts = (endpoint(ONE, "one", "web-1"), endpoint(TWO, "two", "web-2"))
    world = World(endpoint_slice(*hosts), mode=mode)
    assert world.ask(CLIENT, kind) == {f"web-1 sees {CLIENT}", f"web-2 sees {ONE}"}
    for own in (ONE, FRONTEND):
        assert world.ask(own, kind, caller="node") == {f"web-1 sees {ONE}", f"web-2 sees {ONE}"}
    ((_, alternatives),) = world.cells(kind)
    assert [each.crosses for each in alternatives if isinstance(each, Delivery)] == [False, True]


@both_modes
def test_cluster_health_is_the_nodes(mode: str) -> None:
    """Port 10256: 200 even without endpoints; 503 with the autoscaler's taint; the exclude label changes nothing."""
    labels = {"node.kubernetes.io/exclude-from-external-load-balancers": "true"}
    nodes = [node("one", 1, taints=["ToBeDeletedByClusterAutoscaler"]), node("two", 2, labels=labels)]
    world = World(endpoint_slice(), *nodes, mode=mode)
    assert world.healthy() == world.healthy(6) == ["two"]
    local = World(service(externalTrafficPolicy="Local"), *nodes, mode=mode)
    assert local.healthy() == ["one", "two"], "the health check node port does not look at taints"


@both_modes
def test_internal_policy_local(mode: str) -> None:
    """Cluster IP: only endpoints of the node, without one a timeout; the frontend is not touched by it."""
    world = World(service(internalTrafficPolicy="Local"), mode=mode)
    assert world.ask(POD_OF_ONE, "cluster-ip", caller="pod") == {f"web-1 sees {POD_OF_ONE}"}
    assert world.ask(ONE, "cluster-ip", caller="node") == {f"web-1 sees {GATEWAY}"}
    assert world.ask(CLIENT) == {f"web-1 sees {GATEWAY}", f"web-2 sees {ONE}"}
    without = World(service(internalTrafficPolicy="Local"), endpoint_slice(ON_TWO), mode=mode)
    assert without.ask(POD_OF_ONE, "cluster-ip", caller="pod") == {"timeout"}
    assert without.ask(ONE, "cluster-ip", caller="node") == {"timeout"}
    assert without.ask(CLIENT) == {f"web-2 sees {ONE}"}


@pytest.mark.parametrize(
    ("address", "iptables", "nftables"),
    [
        (ONE, True, True),
        (ONE6, True, True),
        ("10.1.0.44", True, False),
        ("127.0.0.1", True, False),
        ("::1", False, False),
    ],
)
def test_node_port_on_other_addresses_of_the_node(address: str, iptables: bool, nftables: bool) -> None:
    """iptables opens node ports on every address, ::1 excepted; nftables on the primary address only."""
    nodes = [node("one", 1, ONE, ONE6, "10.1.0.44"), node("two", 2)]
    source = ONE6 if ":" in address else ONE
    for mode, is_open in (("iptables", iptables), ("nftables", nftables)):
        world = World(*nodes, mode=mode)
        answer = world.ask(source, "node-port", caller="node", address=address)
        assert (answer != {"refused"}) == is_open
        local = World(*nodes, service(externalTrafficPolicy="Local"), mode=mode)
        asked = local.ask(source, "health-check-node-port", address=address)
        assert (asked != {"refused"}) == is_open


def test_other_types_and_families_are_not_handled() -> None:
    """Source: pkg/proxy/util/utils.go `ShouldSkipService`, `GetClusterIPByFamily`."""
    assert World(service(type="ClusterIP", status=[])).ask(CLIENT, "node-port") == {"refused"}
    assert World(service(type="ExternalName", status=[])).ask(POD_OF_ONE, "cluster-ip", caller="pod") == {"timeout"}
    single = World(service(ipFamilies=["IPv4"], clusterIPs=["10.0.0.80"], status=[{"ip": FRONTEND}]))
    assert single.ask(CLIENT6) == {"timeout"}
    assert single.ask(CLIENT6, "node-port") == {"refused"}


def test_unknown_mode_is_that_of_aks() -> None:
    """AKS runs iptables unless told otherwise; where nftables would differ, that is an assumption, and only there.

    Source: MicrosoftDocs/azure-aks-docs articles/aks/configure-kube-proxy.md.
    """
    objects = (service(loadBalancerSourceRanges=RANGES), endpoint_slice())
    taken = {
        sources.witness(): [each.code for ruling in alternatives for each in ruling.assumptions]
        for sources, alternatives in World(*objects, mode=None).cells()
    }
    assert sorted(taken.values()) == [[], ["kube-proxy-mode"]]
    assert taken[read_address("198.51.100.0")] == []
    assert World(*objects, mode=None).ask(UNLISTED) == {"refused"}
    plain = World(service(loadBalancerSourceRanges=RANGES), mode=None)
    assert not any(each.assumptions for _, alternatives in plain.cells() for each in alternatives)


def test_windows_nodes_enforce_no_ranges() -> None:
    """Source: pkg/proxy/winkernel/proxier.go, which never reads the source ranges."""
    nodes = [node("one", 1, labels={"kubernetes.io/os": "windows"}), NODES[1]]
    world = World(*nodes, service(loadBalancerSourceRanges=RANGES))
    assert "timeout" not in world.ask(UNLISTED)
    assert world.ask(UNLISTED, on="two") == {"timeout"}
    ((_, alternatives),) = world.cells()
    assert all("windows-node" in [taken.code for taken in each.assumptions] for each in alternatives)


def test_address_of_a_node() -> None:
    """Source: pkg/util/node/node.go `GetNodeHostIPs`: the internal address, else the external one."""
    outer = node("one", 1, "20.9.9.9", type="ExternalIP")
    assert "web-2 sees 20.9.9.9" in World(outer, NODES[1]).ask(CLIENT)
    both = [*outer["status"]["addresses"], {"type": "InternalIP", "address": ONE}]
    assert f"web-2 sees {ONE}" in World({**outer, "status": {"addresses": both}}, NODES[1]).ask(CLIENT)


def test_citations_name_the_field_and_the_line() -> None:
    """Every alternative names the Service, the field that decides and where it was found."""
    world = World(service(loadBalancerSourceRanges=RANGES), *SLICES, *NODES)
    for sources, alternatives in world.cells():
        for each in alternatives:
            field = "spec.externalTrafficPolicy" if isinstance(each, Delivery) else "spec.loadBalancerSourceRanges"
            assert each.citation.field_text == field
            assert (each.citation.label, each.citation.file, each.citation.line) == (
                "Service shop/web",
                "cluster.yaml",
                1,
            )
        assert sources
