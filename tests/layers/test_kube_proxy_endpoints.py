"""Where endpoints come from, what is taken for true without them, and the network around them.

Source: kubernetes/kubernetes pkg/proxy/endpointslicecache.go, pkg/proxy/topology.go; contract §9 and §10.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from kube_proxy_cluster import (
    CLIENT,
    CLIENT6,
    GATEWAY,
    NODES,
    ON_ONE,
    ONE,
    POD_OF_ONE,
    World,
    endpoint,
    endpoint_slice,
    node,
    read,
    service,
)

from aksess.addresses import AddressSet
from aksess.layers.kube_proxy import Arrival, ClusterNetwork, Delivery, handle

LOCAL = service(externalTrafficPolicy="Local")


def pod(name: str, on: str = "one", ip: str = "10.9.1.11", ready: str = "True", **spec: Any) -> dict[str, Any]:
    ports = [{"name": "web", "containerPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": spec.pop("namespace", "shop"), "labels": {"app": "web"}},
        "spec": {"nodeName": on, "containers": [{"name": "c", "ports": ports}], **spec},
        "status": {
            "phase": "Running",
            "podIPs": [{"ip": ip}] if ip else [],
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def codes(world: World, **more: Any) -> set[str]:
    return {taken.code for _, found in world.cells(**more) for each in found for taken in each.assumptions}


def ports_of(world: World) -> set[int | str]:
    ((_, found),) = world.cells()
    return {one.port for each in found if isinstance(each, Delivery) for one in each.endpoints}


def test_slices_speak_before_pods() -> None:
    """What kube-proxy reads are slices: a ready pod that no slice holds is no endpoint."""
    assert World(pod("web-9", ip="10.9.1.99")).ask(CLIENT) == {f"web-1 sees {GATEWAY}", f"web-2 sees {ONE}"}


def test_missing_conditions_mean_ready() -> None:
    """Source: kubernetes/api discovery/v1 `EndpointConditions`: null is ready."""
    bare = {"addresses": ["10.9.1.11"], "nodeName": "one"}
    assert World(endpoint_slice(bare)).ask(CLIENT) == {f"a pod sees {GATEWAY}"}


def test_serving_alone_is_not_enough() -> None:
    """Source: pkg/proxy/topology.go: the fallback is for endpoints that serve and terminate."""
    serving = endpoint("10.9.1.11", "one", "web-1", ready=False, serving=True, terminating=False)
    assert World(endpoint_slice(serving)).ask(CLIENT) == {"refused"}


def test_one_address_in_two_slices_is_one_endpoint() -> None:
    """A pod that moves between slices stands in both for a moment; the entry that does not terminate speaks."""
    going = endpoint("10.9.1.11", "one", "old", ready=False, serving=True, terminating=True)
    for slices in ([going, ON_ONE], [ON_ONE, going]):
        both = [endpoint_slice(each, name=f"web-{number}") for number, each in enumerate(slices)]
        assert World(*both).ask(CLIENT) == {f"web-1 sees {GATEWAY}"}


def test_one_address_on_two_ports_is_one_caller() -> None:
    """Slices may give one pod two ports under one name; called by itself, it still falls into one cell."""
    ports = [[{"name": "http", "port": number}] for number in (8080, 8081)]
    slices = [endpoint_slice(ON_ONE, name=f"web-{each[0]['port']}", ports=each) for each in ports]
    world = World(LOCAL, *slices)
    assert world.ask("10.9.1.11", caller="pod") == {f"web-1 sees {GATEWAY}"}
    assert world.ask(POD_OF_ONE, caller="pod") == {f"web-1 sees {POD_OF_ONE}"}


def test_protocol_is_part_of_the_port() -> None:
    """A UDP port of the same name has endpoints of its own."""
    ports = [{"name": "http", "port": 80, "protocol": "UDP", "nodePort": 30080}]
    assert World(service(ports=ports)).ask(CLIENT) == {"refused"}
    udp = endpoint_slice(ON_ONE, ports=[{"name": "http", "port": 8080, "protocol": "UDP"}])
    assert World(service(ports=ports), udp).ask(CLIENT) == {f"web-1 sees {GATEWAY}"}


def test_pods_stand_for_slices() -> None:
    """Without slices, the pods that the selector names and that have an address; those of other namespaces do not."""
    pods = [pod("web-1"), pod("web-2", "two", "10.9.2.22"), pod("other", namespace="else", ip="10.9.1.12")]
    world = World(*pods, slices=[])
    assert world.ask(CLIENT) == {f"web-1 sees {GATEWAY}", f"web-2 sees {ONE}"}
    assert world.ask(CLIENT6) == {"refused"}
    assert codes(world) == set()


def test_pods_that_are_not_ready_are_no_endpoints() -> None:
    assert World(pod("web-1", ready="False"), slices=[]).ask(CLIENT) == {"refused"}


def test_pod_with_host_network() -> None:
    """Its address is the node's, and the node's own endpoint sees the client."""
    for on, address in (("one", ONE), ("gone", "10.1.0.9")):
        world = World(pod("web-1", on, address, hostNetwork=True), slices=[])
        ((_, (found,)),) = world.cells()
        assert isinstance(found, Delivery)
        assert [each.host_network for each in found.endpoints] == [True]
    secondary = pod("web-1", "one", "10.1.0.44", hostNetwork=True)
    listed = endpoint_slice(endpoint("10.1.0.44", "one", "web-1"))
    assert World(secondary, listed).ask(CLIENT) == {f"web-1 sees {CLIENT}"}


@pytest.mark.parametrize(("target", "port"), [(8080, 8080), ("web", 8080), ("8080", 8080), (None, 80)])
def test_target_port_of_a_pod(target: int | str | None, port: int) -> None:
    """A number, or the name of a container port."""
    ports = [{"name": "http", "port": 80, "targetPort": target, "nodePort": 30080}]
    assert ports_of(World(service(ports=ports), pod("web-1"), slices=[])) == {port}


def test_target_port_that_no_container_names() -> None:
    """The endpoint does not serve that port."""
    ports = [{"name": "http", "port": 80, "targetPort": "metrics", "nodePort": 30080}]
    assert World(service(ports=ports), pod("web-1"), slices=[]).ask(CLIENT) == {"refused"}


@pytest.mark.parametrize(
    "objects",
    [
        [],
        [pod("web-1", ip="")],
        [service(selector=None), pod("web-1")],
        [pod("other", namespace="else")],
    ],
)
def test_endpoints_are_taken_for_true(objects: list[dict[str, Any]]) -> None:
    """No slices, and no pods with an address: one ready endpoint on every node, and the assumption says so."""
    world = World(*objects, slices=[])
    assert world.ask(CLIENT) == {f"a pod sees {GATEWAY}", f"a pod sees {ONE}"}
    assert codes(world) == {"endpoints-ready"}
    assert world.healthy() == ["one", "two"]


def test_assumed_endpoints_under_the_local_policy() -> None:
    """On every node that matters: the client's address is kept, and every node is healthy, as an assumption."""
    world = World(LOCAL, slices=[])
    assert world.ask(CLIENT) == {f"a pod sees {CLIENT}"}
    assert world.healthy() == ["one", "two"]
    assert codes(world, kind="health-check-node-port") == {"endpoints-ready"}


def test_assumed_endpoints_of_a_single_node() -> None:
    """Where there is one node there is no other for them to be on."""
    assert World(nodes=NODES[:1], slices=[]).ask(CLIENT) == {f"a pod sees {GATEWAY}"}


def test_nodes_unknown() -> None:
    """Without nodes what the endpoint sees lies in the node space, which is an assumption; Local keeps the client."""
    world = World(nodes=[], pod_side="node")
    ((_, (found,)),) = world.cells(on=None)
    assert isinstance(found, Delivery)
    assert found.seen == ClusterNetwork().node_space.family(4)
    assert len(found.endpoints) == 2
    assert codes(world, on=None) == {"node-addresses-unknown", "cluster-policy-peer-is-node"}
    local = World(LOCAL, nodes=[])
    assert local.ask(CLIENT, on=None) == {f"web-1 sees {CLIENT}", f"web-2 sees {CLIENT}"}
    assert local.ask(POD_OF_ONE, on=None, caller="pod") == {f"web-1 sees {POD_OF_ONE}", f"web-2 sees {POD_OF_ONE}"}
    assert World(nodes=[], slices=[]).ask(CLIENT6, on=None) == {"a pod sees fc00::/7"}


def test_nodes_unknown_and_host_network() -> None:
    """Whether the endpoint's node is the one that is called cannot be known: both may happen."""
    world = World(pod("web-1", "gone", "10.1.0.9", hostNetwork=True), nodes=[], slices=[])
    ((_, found),) = world.cells(on=None)
    assert [isinstance(each, Delivery) and each.seen is None for each in found] == [False, True]


def test_node_without_an_address_of_the_family() -> None:
    """The node has no IPv6 address in the input: what its IPv6 endpoints see is taken from the node space."""
    world = World(node("one", 1, ONE), NODES[1])
    assert "web-2 sees fc00::/7" in world.ask(CLIENT6)
    assert "node-addresses-unknown" in codes(world, family=6)


def test_bridge_without_a_pod_range() -> None:
    """The gateway address is somewhere in the pod network then."""
    bare = {**NODES[0], "spec": {}}
    assert "web-1 sees 10.9.0.0/16" in World(bare, NODES[1]).ask(CLIENT)


def cluster(**profile: Any) -> dict[str, Any]:
    group = "/subscriptions/s/resourceGroups/g/providers"
    return {
        "id": f"{group}/Microsoft.ContainerService/managedClusters/c",
        "name": "c",
        "type": "Microsoft.ContainerService/ManagedClusters",
        "properties": {
            "networkProfile": profile,
            "agentPoolProfiles": [
                {"name": "p", "vnetSubnetID": f"{group}/Microsoft.Network/virtualNetworks/v/subnets/nodes"}
            ],
        },
    }


def subnet() -> dict[str, Any]:
    return {
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes",
        "name": "nodes",
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "properties": {"addressPrefix": "10.1.0.0/24"},
    }


def test_network_of_an_estate() -> None:
    """Pods from the network profile, else from the nodes; node space from the node subnet, else private space."""
    found = ClusterNetwork.of(read(cluster(podCidr="10.244.0.0/16"), subnet()))
    assert found.pods == AddressSet.of("10.244.0.0/16")
    assert found.node_space == AddressSet.of("10.1.0.0/24", "fc00::/7")
    dual = ClusterNetwork.of(read(cluster(podCidr="10.244.0.0/16", podCidrs=["10.244.0.0/16", "fd00::/64"])))
    assert dual.pods == AddressSet.of("10.244.0.0/16", "fd00::/64")
    ranges = ClusterNetwork.of(read(*NODES))
    assert ranges.pods == AddressSet.of("10.9.1.0/24", "10.9.2.0/24", "fd09:1::/64", "fd09:2::/64")
    assert [each.name for each in ranges.nodes] == ["one", "two"]
    assert (ranges.mode, ranges.pod_side) == (None, "node")
    assert ClusterNetwork.of(read()).pods is None


@pytest.mark.parametrize(("caller", "crosses"), [("outside", {False}), ("pod", {False, True})])
def test_without_a_cluster_range_only_pods_are_pods(caller: Any, crosses: set[bool]) -> None:
    """Azure CNI gives pods addresses of the virtual network: a client of that network is not taken for a pod."""
    world = World(LOCAL)
    network = ClusterNetwork(world.cluster.nodes, None, mode="nftables")
    at, port = world.estate.nodes["one"], world.service.ports[0]
    cells = handle(world.service, port, Arrival("frontend", caller=caller), world.endpoints, at, network)
    anybody = [each for each in cells[-1].alternatives if isinstance(each, Delivery)]
    assert {each.crosses for each in anybody} == crosses
    assert len(anybody) == len(cells[-1].alternatives)


def test_a_thousand_endpoints_on_a_hundred_nodes() -> None:
    """A node's answer holds its own endpoints and a view of the others: no list of a thousand for each node."""
    nodes = [node(f"n{each}", 1, f"10.1.{each}.4") for each in range(100)]
    members = [
        endpoint(f"10.9.{each // 250}.{each % 250 + 1}", f"n{each % 100}", f"web-{each}") for each in range(1000)
    ]
    world = World(*nodes, endpoint_slice(*members))
    world.cells(on="n0")
    tracemalloc.start()
    answers = [world.cells(on=f"n{each}") for each in range(100)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400_000, "a hundred tuples of nine hundred and ninety would take twice that"
    for ((_, (here, elsewhere)),) in answers:
        assert isinstance(here, Delivery)
        assert isinstance(elsewhere, Delivery)
        assert (len(here.endpoints), len(elsewhere.endpoints)) == (10, 990)
