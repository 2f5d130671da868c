"""What pods see of their clients, judged by a network policy: rows 1, 13 and 17 of what was seen of kube-proxy.

See `test_observed_rows` for the others.
"""

from __future__ import annotations

from kube_proxy_cluster import (
    CLIENT,
    CLIENT6,
    GATEWAY,
    ONE,
    ONE6,
    POD_OF_ONE,
    TWO,
    TWO6,
    endpoint,
    endpoint_slice,
)
from observed_cluster import (
    AT_FRONTEND,
    AT_FRONTEND6,
    AT_ONE,
    AT_TWO,
    LOCAL,
    REACHED,
    TIMEOUT,
    Object,
    asked,
    both_modes,
    estate,
)

from aksess import library
from aksess.addresses import AddressSet


def admitting(*addresses: str) -> Object:
    """A network policy that admits some addresses to the pods."""
    blocks = [{"ipBlock": {"cidr": f"{each}/{128 if ':' in each else 32}"}} for each in addresses]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "guard", "namespace": "shop"},
        "spec": {"podSelector": {}, "ingress": [{"from": blocks}]},
    }


@both_modes
def test_the_pods_were_thought_to_see_the_client_under_policy_cluster(mode: str) -> None:
    """observed.md 1.1: they see the sending node, at the frontend and at the node port, in both families."""
    by_client, by_node = (
        estate(admitting(CLIENT, CLIENT6), mode=mode),
        estate(admitting(ONE, TWO, ONE6, TWO6), mode=mode),
    )
    for source, target in ((CLIENT, AT_FRONTEND), (CLIENT, AT_ONE), (POD_OF_ONE, AT_ONE), (CLIENT6, AT_FRONTEND6)):
        assert (asked(by_client, source, target), asked(by_node, source, target)) == (TIMEOUT, REACHED)


@both_modes
def test_a_pod_of_the_sending_node_was_thought_to_see_the_node(mode: str) -> None:
    """observed.md 1.1: it sees the gateway of the pods, where there is one; the other node's sees the node."""
    for address in (GATEWAY, ONE):
        assert asked(estate(admitting(address), mode=mode, plugin="kubenet"), target=AT_ONE) == REACHED | TIMEOUT
    assert asked(estate(admitting(GATEWAY, ONE), mode=mode, plugin="kubenet"), target=AT_ONE) == REACHED


@both_modes
def test_the_client_was_hidden_under_policy_local(mode: str) -> None:
    """observed.md 1.13: its address is kept at the frontend and at the node port."""
    for target in (AT_FRONTEND, AT_ONE):
        assert asked(estate(LOCAL, admitting(CLIENT), mode=mode), target=target) == REACHED
        assert asked(estate(LOCAL, admitting(ONE, TWO, GATEWAY), mode=mode), target=target) == TIMEOUT


@both_modes
def test_a_pod_on_the_network_of_its_host_did_not_see_the_client(mode: str) -> None:
    """observed.md 1.17: on the node that was called it does, policy Cluster all the same; from elsewhere, the node."""
    found = estate(endpoint_slice(endpoint(ONE, "one", "web-1")), mode=mode)
    for target, seen in ((AT_ONE, CLIENT), (AT_TWO, TWO)):
        assert asked(found, target=target) == REACHED
        assert library.explain(found, CLIENT, target).seen == AddressSet.of(seen)


def test_one_of_two_addresses_that_pods_see_was_left_out() -> None:
    """observed.md 1.17: behind the balancer it is one or the other."""
    found = estate(endpoint_slice(endpoint(ONE, "one", "web-1")))
    assert library.explain(found, CLIENT, AT_FRONTEND).seen == AddressSet.of(CLIENT, TWO)
