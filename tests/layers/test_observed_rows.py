"""One test for each row that was seen of the real kube-proxy, asked of the library as anybody would.

The rows are those of the page of observations, section 1, counted from the top of its table ("observed.md 1.N"). The
security group is open to everybody, so that kube-proxy alone decides. What pods see of their clients (1.1, 1.13, 1.17)
is in `test_observed_sources`. What these rows leave open:

* 1.2 (cluster IP), callers on a node in 1.3, 1.8, 1.13 and 1.18: no address that can be asked about from outside; see
  `test_kube_proxy`. Where such a caller is asked about all the same, the short cut on its node is taken for true.
* 1.22 (established flows) and 1.23 (kube-proxy dead): answers are about new connections and rules that are in place.
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_proxy_cluster import (
    CLIENT,
    CLIENT6,
    FRONTEND,
    HEALTH_PORT,
    NODE_PORT,
    ON_ONE,
    ON_TWO,
    ONE,
    ONE6,
    POD_OF_ONE,
    POD_OF_TWO,
    TWO,
    endpoint,
    endpoint_slice,
    node,
    service,
)
from observed_cluster import (
    AT_FRONTEND6,
    AT_ONE,
    AT_TWO,
    LOCAL,
    REACHED,
    REFUSED,
    TIMEOUT,
    Object,
    asked,
    assumed,
    both_modes,
    estate,
)

LISTED = "198.51.100.7"
RANGES = ["198.51.100.0/24"]
_KEY = "service.beta.kubernetes.io/port_80_health-probe_"
SHARED_PROBE = {"annotations": {f"{_KEY}port": "10256", f"{_KEY}protocol": "http", f"{_KEY}request-path": "/healthz"}}
"""The load balancer asks kube-proxy about its node, as the shared probe does."""


# --- source ranges ---------------------------------------------------------------------------------------------------


@both_modes
@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_source_ranges_were_thought_to_guard_the_node_port(mode: str, protocol: str) -> None:
    """observed.md 1.3: at the frontend others time out; the node port lets them in."""
    ports = [{"name": "http", "port": 80, "protocol": protocol, "nodePort": NODE_PORT}]
    listening = endpoint_slice(ON_ONE, ON_TWO, ports=[{"name": "http", "port": 8080, "protocol": protocol}])
    found = estate(service(ports=ports, loadBalancerSourceRanges=RANGES), listening, mode=mode)
    kind = protocol.lower()
    assert asked(found, CLIENT, f"{kind}://{FRONTEND}:80") == TIMEOUT
    assert asked(found, LISTED, f"{kind}://{FRONTEND}:80") == REACHED
    assert asked(found, CLIENT, f"{kind}://{ONE}:{NODE_PORT}") == REACHED


@both_modes
@pytest.mark.parametrize(("range_", "said"), [("10.9.1.77/32", REACHED), ("198.51.100.0/24", TIMEOUT)])
def test_a_pod_was_thought_to_be_spared_the_source_ranges(mode: str, range_: str, said: set[Any]) -> None:
    """observed.md 1.3: its own address has to be listed; the short cut on its node is said."""
    found = estate(service(loadBalancerSourceRanges=[range_]), mode=mode)
    assert asked(found, POD_OF_ONE) == said
    assert "in-cluster-short-cut" in assumed(found, POD_OF_ONE)


@both_modes
@pytest.mark.parametrize(
    ("ranges", "four", "six"), [(RANGES, TIMEOUT, REACHED), (["2001:db8:7::/48"], REACHED, TIMEOUT)]
)
def test_ranges_of_one_family_were_thought_to_shut_the_other(
    mode: str, ranges: list[str], four: set[Any], six: set[Any]
) -> None:
    """observed.md 1.4: the other family is open to everybody."""
    found = estate(service(loadBalancerSourceRanges=ranges), mode=mode)
    assert asked(found) == four
    assert asked(found, CLIENT6, AT_FRONTEND6) == six


@both_modes
def test_the_annotation_of_source_ranges_was_thought_to_bind_kube_proxy(mode: str) -> None:
    """observed.md 1.5: only the security group may enforce it, and that is open here."""
    notes = {"annotations": {"service.beta.kubernetes.io/load-balancer-source-ranges": RANGES[0]}}
    assert asked(estate(service(metadata=notes), mode=mode)) == REACHED


@pytest.mark.parametrize(
    ("mode", "said", "codes"),
    [("NFTABLES", TIMEOUT, set()), ("IPTABLES", REACHED, set()), (None, REACHED, {"kube-proxy-mode"})],
)
def test_the_frontend_as_external_address_was_thought_to_be_ranged(
    mode: str | None, said: set[Any], codes: set[str]
) -> None:
    """observed.md 1.6: iptables goes round the ranges, nftables does not; an unknown mode is said to be assumed."""
    found = estate(service(loadBalancerSourceRanges=RANGES, externalIPs=[FRONTEND]), mode=mode)
    assert asked(found) == said
    assert assumed(found) & {"kube-proxy-mode"} == codes
    assert asked(found, LISTED) == REACHED


# --- frontends that kube-proxy leaves alone --------------------------------------------------------------------------


@both_modes
@pytest.mark.parametrize("status", [[{"ip": FRONTEND, "ipMode": "Proxy"}], []], ids=["proxy", "no status"])
def test_a_frontend_that_is_not_handled_was_thought_to_shut_the_node_port(mode: str, status: list[Object]) -> None:
    """observed.md 1.7: ipMode Proxy times out at the frontend; the node port is open, without a status too."""
    found = estate(service(status=status), mode=mode)
    assert asked(found, target=AT_ONE) == REACHED
    if status:
        assert asked(found) == TIMEOUT


@both_modes
def test_a_service_of_another_proxy_was_thought_to_be_served(mode: str) -> None:
    """observed.md 1.7: kube-proxy ignores it whole; that nothing else serves it is said to be assumed."""
    label = {"labels": {"service.kubernetes.io/service-proxy-name": "other"}}
    found = estate(service(metadata=label), mode=mode)
    assert (asked(found), asked(found, target=AT_ONE)) == (TIMEOUT, REFUSED)
    assert "no-other-service-proxy" in assumed(found) & assumed(found, target=AT_ONE)


# --- endpoints -------------------------------------------------------------------------------------------------------

NOT_READY = endpoint("10.9.1.11", "one", "web-1", ready=False)


@both_modes
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
@pytest.mark.parametrize("endpoints", [(), (NOT_READY,)], ids=["none", "none ready"])
def test_a_service_without_endpoints_was_thought_to_time_out(
    mode: str, policy: str, endpoints: tuple[Object, ...]
) -> None:
    """observed.md 1.8: refused by the node, so at the node port; at the frontend where kube-proxy answers the probe."""
    bare = endpoint_slice(*endpoints)
    found = estate(service(externalTrafficPolicy=policy, metadata=SHARED_PROBE), bare, mode=mode)
    assert asked(found, target=AT_ONE) == REFUSED
    if policy == "Cluster":
        assert asked(found) == REFUSED
        assert asked(estate(bare, mode=mode)) == TIMEOUT, "the usual probe, of the node port, finds no healthy node"


@pytest.mark.parametrize(("mode", "said"), [("NFTABLES", TIMEOUT), ("IPTABLES", REFUSED)])
def test_ranges_were_thought_to_be_judged_without_endpoints(mode: str, said: set[Any]) -> None:
    """observed.md 1.9: nftables drops who is not listed, iptables refuses everybody."""
    ranged = service(loadBalancerSourceRanges=RANGES, metadata=SHARED_PROBE)
    found = estate(ranged, endpoint_slice(), mode=mode)
    assert (asked(found), asked(found, LISTED)) == (said, REFUSED)


@both_modes
def test_the_balancer_was_thought_to_ask_nodes_without_endpoints(mode: str) -> None:
    """observed.md 1.10: policy Local and nothing ready: no node is healthy, so it is a timeout."""
    assert asked(estate(LOCAL, endpoint_slice(NOT_READY), mode=mode)) == TIMEOUT


@both_modes
def test_a_port_that_no_slice_holds_shut_the_others(mode: str) -> None:
    """observed.md 1.11: that port alone is without endpoints."""
    ports = [
        {"name": "http", "port": 80, "nodePort": NODE_PORT},
        {"name": "admin", "port": 81, "nodePort": NODE_PORT + 1},
    ]
    found = estate(service(ports=ports), mode=mode)
    assert asked(found) == asked(found, target=AT_ONE) == REACHED
    assert asked(found, target=f"tcp://{ONE}:{NODE_PORT + 1}") == REFUSED
    assert asked(found, target=f"tcp://{FRONTEND}:81") == TIMEOUT


@both_modes
def test_pods_that_terminate_were_thought_to_be_gone(mode: str) -> None:
    """observed.md 1.12: while they serve they are used, but the health check of the Local policy already says no."""
    going = endpoint_slice(endpoint("10.9.1.11", "one", "web-1", ready=False, serving=True, terminating=True))
    for policy, said in (("Cluster", REACHED), ("Local", TIMEOUT)):
        found = estate(service(externalTrafficPolicy=policy), going, mode=mode)
        assert asked(found) == said
        assert asked(found, target=AT_ONE) == REACHED


@both_modes
def test_a_node_without_an_endpoint_was_thought_to_pass_connections_on(mode: str) -> None:
    """observed.md 1.14: policy Local: its node port times out; the balancer sends to the other node only."""
    found = estate(LOCAL, endpoint_slice(ON_TWO), mode=mode)
    assert asked(found, target=AT_ONE) == TIMEOUT
    assert asked(found, target=AT_TWO) == asked(found) == REACHED


@both_modes
@pytest.mark.parametrize("source", ["10.9.200.9", POD_OF_TWO])
def test_a_source_of_the_pod_network_was_kept_to_the_endpoints_of_the_node(mode: str, source: str) -> None:
    """observed.md 1.15 and 1.18: any endpoint is chosen, and another node's answers past the one that was asked."""
    found = estate(LOCAL, mode=mode)
    assert asked(found, source, AT_ONE) == REACHED | TIMEOUT
    assert asked(found, CLIENT, AT_ONE) == REACHED
    assert "in-cluster-short-cut" in assumed(found, source, AT_ONE)


@both_modes
def test_a_local_internal_policy_was_thought_to_touch_the_frontend(mode: str) -> None:
    """observed.md 1.20: it is about the cluster IP alone."""
    found = estate(service(internalTrafficPolicy="Local"), endpoint_slice(ON_TWO), mode=mode)
    assert asked(found) == asked(found, target=AT_ONE) == REACHED


# --- health and nodes ------------------------------------------------------------------------------------------------


@both_modes
def test_endpoints_of_one_family_kept_nodes_healthy_in_the_other(mode: str) -> None:
    """observed.md 1.16: over each family the health check counts the endpoints of that family."""
    only = endpoint_slice(endpoint("fd09:2::22", "two", "web-2"), family="IPv6")
    found = estate(LOCAL, only, mode=mode)
    assert asked(found) == TIMEOUT
    assert asked(found, CLIENT6, AT_FRONTEND6) == REACHED


@both_modes
def test_the_health_check_was_taken_for_the_application(mode: str) -> None:
    """observed.md 1.16: kube-proxy itself answers 200 or 503 there, and nobody reaches the application."""
    found = estate(LOCAL, endpoint_slice(ON_ONE), mode=mode)
    assert asked(found, target=f"tcp://{ONE}:{HEALTH_PORT}") == {("answered", 200)}
    assert asked(found, target=f"tcp://{TWO}:{HEALTH_PORT}") == {("answered", 503)}


GOING = [node(name, number, taints=["ToBeDeletedByClusterAutoscaler"]) for number, name in enumerate(("one", "two"), 1)]


@both_modes
def test_a_node_that_is_about_to_go_was_thought_to_be_healthy(mode: str) -> None:
    """observed.md 1.19: kube-proxy says that it is not, where the balancer asks it about its node."""
    assert asked(estate(service(metadata=SHARED_PROBE), *GOING, mode=mode)) == TIMEOUT
    assert asked(estate(service(metadata=SHARED_PROBE), mode=mode)) == REACHED
    assert asked(estate(*GOING, mode=mode)) == REACHED, "the usual probe asks the node port"
    assert asked(estate(LOCAL, *GOING, mode=mode)) == REACHED, "the health check node port does not look at taints"


def test_a_node_that_is_about_to_go_was_healthy_to_the_balancer_that_was_read() -> None:
    """observed.md 1.19: the same of a probe of 10256 that stands in a load balancer of the input."""
    whole = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/kubernetes"
    part = {kind: {"id": f"{whole}/{kind}/it"} for kind in ("frontendIPConfigurations", "probes")}
    forwards = {
        "frontendIPConfiguration": part["frontendIPConfigurations"],
        "probe": part["probes"],
        "protocol": "Tcp",
        "frontendPort": 80,
        "backendPort": 80,
        "enableFloatingIP": True,
    }
    balancer = {
        "id": whole,
        "frontendIPConfigurations": [{**part["frontendIPConfigurations"], "privateIPAddress": FRONTEND}],
        "probes": [{**part["probes"], "protocol": "Http", "port": 10256, "requestPath": "/healthz"}],
        "loadBalancingRules": [{"id": f"{whole}/loadBalancingRules/it", "name": "it", **forwards}],
    }
    assert asked(estate(*GOING, azure=[balancer])) == TIMEOUT
    assert asked(estate(azure=[balancer])) == REACHED
    assert "load-balancer-predicted" not in assumed(estate(azure=[balancer]))


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("IPTABLES", REACHED),
        ("NFTABLES", REFUSED),
    ],
)
def test_a_second_address_of_a_node_was_thought_to_have_node_ports(mode: str, said: set[Any]) -> None:
    """observed.md 1.21: with iptables it has, with nftables only the first one of the node."""
    found = estate(node("one", 1, ONE, ONE6, "10.1.0.44"), node("two", 2), mode=mode)
    assert asked(found, target=f"tcp://10.1.0.44:{NODE_PORT}") == said
    assert asked(found, target=AT_ONE) == REACHED
