"""Objects that Azure or the API server would refuse: they are gaps, never objects that say something else.

Each was a false denial or a crash that random damage showed; named after the symptom.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from aksess import library
from aksess.errors import TargetError
from aksess.estate import Estate
from aksess.rulings import Verdict
from aksess.snapshot import Reach
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.snapshot import Snapshot
from robustness.small_estates import FRONTS, GATEWAY, MAIL, SHOP, Files

Object = dict[str, Any]


def estate_of(files: Files) -> Estate:
    """The estate of files, each taken as the value that it holds."""
    collector = Collector()
    for name, value in files.items():
        for each in value if name.endswith(".yaml") else [value]:
            collector.take(each, StoredPlace(name, 1))
    return Estate.of(Snapshot.of(collector))


def reaches(estate: Estate) -> list[Reach]:
    return [gap.reach for gap in estate.unread]


def group(files: Files, index: int = 0) -> Object:
    found: Object = files["groups.json"]["value"][index]
    return found


def rules(files: Files, index: int = 0) -> list[Object]:
    return [each["properties"] for each in group(files, index)["properties"]["securityRules"]]


def objects(files: Files, kind: str) -> list[Object]:
    return [each for value in files.values() if isinstance(value, list) for each in value if each.get("kind") == kind]


def nobody_is_denied(files: Files) -> None:
    estate = estate_of(files)
    assert Reach.EVERYTHING in reaches(estate)
    for source, target in SHOP.allowed:
        try:
            assert library.explain(estate, source, target).verdict != Verdict.DENIED
        except TargetError:
            continue


# --- Azure ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["x", 5, [1], True])
def test_properties_that_are_no_mapping_were_a_group_that_denies_everybody(value: Any) -> None:
    files = SHOP.copy()
    group(files)["properties"] = value
    nobody_is_denied(files)


@pytest.mark.parametrize("place", ["securityRules", "rule"])
def test_properties_inside_that_are_no_mapping(place: str) -> None:
    files = SHOP.copy()
    balancer = files["balancer.json"]["value"][0]["properties"]
    if place == "rule":
        balancer["loadBalancingRules"][1]["properties"] = 5
    else:
        group(files)["properties"]["securityRules"][1]["properties"] = "x"
    nobody_is_denied(files)


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "Tpc"},
        {"protocol": "6"},
        {"priority": 0},
        {"priority": 1 << 64},
        {"priority": 100},  # that of another rule
        {"sourceAddressPrefix": ""},
        {"destinationAddressPrefix": None},
        {"destinationPortRanges": []},
        {"sourcePortRange": None},
        {"access": "Alow"},
    ],
    ids=str,
)
def test_a_rule_that_azure_refuses_was_a_rule_that_matches_nothing(change: Object) -> None:
    files = SHOP.copy()
    rules(files)[1].update(change)
    nobody_is_denied(files)


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "Tpc"},
        {"frontendPort": -1},
        {"frontendPort": 70000},
        {"frontendIPConfiguration": {"id": "/elsewhere"}},
        {"frontendIPConfiguration": None},
    ],
    ids=str,
)
def test_a_load_balancing_rule_that_azure_refuses_left_its_port_closed(change: Object) -> None:
    files = SHOP.copy()
    files["balancer.json"]["value"][0]["properties"]["loadBalancingRules"][1]["properties"].update(change)
    nobody_is_denied(files)


@pytest.mark.parametrize("prefix", ["nonsense", "", "10.224.0.0/99", "AzureCloud"])
@pytest.mark.parametrize("place", ["network", "subnet", "peering"])
def test_a_prefix_that_is_none_made_the_virtual_network_smaller(place: str, prefix: str) -> None:
    """And with it everybody whom only the network lets in."""
    files = SHOP.copy()
    properties = files["network.json"]["properties"]
    if place == "network":
        properties["addressSpace"]["addressPrefixes"] = [prefix]
    elif place == "subnet":
        properties["subnets"][0]["properties"]["addressPrefixes"] = [prefix]
    else:
        remote = {"remoteAddressSpace": {"addressPrefixes": [prefix]}, "peeringState": "Connected"}
        properties["virtualNetworkPeerings"] = [{"name": "hub", "properties": remote}]
    assert Reach.EVERYTHING in reaches(estate_of(files))


def test_an_expansion_that_azure_told_in_part_was_taken_for_the_whole() -> None:
    files = FRONTS.copy()
    told = files["effective.json"]["value"][0]["tagMap"]
    told["VirtualNetwork"] = ["nonsense", "168.63.129.16/32"]
    assert library.explain(estate_of(files), "10.50.0.9", "http://www.example.com/").verdict == Verdict.ALLOWED


@pytest.mark.parametrize("change", [{"priority": None}, {"access": "x"}, {"direction": ""}, {"protocol": "x"}], ids=str)
def test_an_effective_rule_that_is_unusable_was_a_crash(change: Object) -> None:
    files = FRONTS.copy()
    reply = files["effective.json"]["value"][0]
    reply["networkSecurityGroup"]["id"] = group_of_machines(files)
    reply["effectiveSecurityRules"][0].update(change)
    estate = estate_of(files)
    assert "effective security rules" in estate.unread[0].reason
    assert library.explain(estate, "8.8.8.8", "http://www.example.com/").verdict == Verdict.INDETERMINATE


def group_of_machines(files: Files) -> str:
    """Point the interface at a group that only the effective rules hold."""
    (interface,) = [each for each in files["network.json"] if each["name"] == "nic-0"]
    identity: str = interface["properties"]["networkSecurityGroup"]["id"] + "-elsewhere"
    interface["properties"]["networkSecurityGroup"]["id"] = identity
    return identity


def test_a_rule_given_before_its_group_was_a_rule_without_one() -> None:
    """The order of documents decided whether a lone rule was a gap."""
    files = SHOP.copy()
    whole = group(files)
    lone = {
        "id": f"{whole['id']}/securityRules/allow-web",
        "name": "allow-web",
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "properties": dict(rules(files)[1]),
    }
    for values in ([lone, whole], [whole, lone]):
        assert not estate_of({**files, "groups.json": {"value": [*values, group(files, 1)]}}).unread
    assert reaches(estate_of({"a.json": lone})) == [Reach.EVERYTHING]


def test_of_two_groups_of_one_id_the_last_silently_counted() -> None:
    files = SHOP.copy()
    other = copy.deepcopy(group(files))
    other["id"] = other["id"].upper().replace("/SUBSCRIPTIONS/", "/subscriptions/")
    files["groups.json"]["value"].append(other)
    assert not estate_of(files).unread, "the same rules, in other letters and at another place, are the same group"
    other["properties"]["securityRules"].reverse()
    assert not estate_of(files).unread
    other["properties"]["securityRules"].pop()
    assert reaches(estate_of(files)) == [Reach.EVERYTHING]
    assert "given twice" in estate_of(files).unread[0].reason


# --- Kubernetes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "externalTrafficPolicy"), "local"),
        (("spec", "type"), "Loadbalancer"),
        (("spec", "ipFamilies"), ["IPv5"]),
        (("spec", "ports", 1, "protocol"), "TPC"),
        (("spec", "ports", 1, "port"), 0),
        (("spec", "ports", 1, "port"), 70000),
        (("spec", "ports", 1, "nodePort"), -1),
        (("spec", "ports", 1, "targetPort"), -1),
        (("spec", "externalIPs"), ["nonsense"]),
        (("status", "loadBalancer", "ingress", 0, "ip"), "999.1.1.1"),
        (("status", "loadBalancer", "ingress", 0, "ipMode"), "vip"),
    ],
    ids=str,
)
def test_a_service_that_the_api_server_refuses_had_another_meaning(path: tuple[Any, ...], value: Any) -> None:
    files = SHOP.copy()
    (found,) = [each for each in objects(files, "Service") if each["spec"]["type"] == "LoadBalancer"]
    for step in path[:-1]:
        found = found[step]
    found[path[-1]] = value
    nobody_is_denied(files)


@pytest.mark.parametrize("protocol", ["tcp", "Tcp", None])
def test_letters_of_a_protocol_do_not_matter(protocol: str | None) -> None:
    files = SHOP.copy()
    for each in objects(files, "Service"):
        for port in each["spec"]["ports"]:
            port["protocol"] = protocol
    assert not estate_of(files).unread


CONTAINER = ("spec", "template", "spec", "containers", 0)


@pytest.mark.parametrize(
    ("kind", "path", "value", "reach"),
    [
        ("Ingress", ("spec", "rules", 0, "http", "paths", 0, "pathType"), "prefix", Reach.CONTROLLER),
        ("EndpointSlice", ("addressType",), "IPv5", Reach.EVERYTHING),
        ("EndpointSlice", ("ports", 0, "protocol"), "TPC", Reach.EVERYTHING),
        ("EndpointSlice", ("ports", 0, "port"), -1, Reach.EVERYTHING),
        (
            "Deployment",
            ("spec", "template", "spec", "containers", 0, "ports", 1, "containerPort"),
            -1,
            Reach.EVERYTHING,
        ),
        ("NetworkPolicy", ("spec", "ingress", 0, "ports", 0, "port"), 1 << 70, Reach.NETWORK_POLICY),
        ("NetworkPolicy", ("spec", "ingress", 0, "from"), [{"ipBlock": {"cidr": "any"}}], Reach.NETWORK_POLICY),
    ],
    ids=str,
)
def test_values_that_the_api_server_refuses_are_gaps(
    kind: str, path: tuple[Any, ...], value: Any, reach: Reach
) -> None:
    files = SHOP.copy()
    found: Any = objects(files, kind)[0]
    for step in path[:-1]:
        found = found[step]
    found[path[-1]] = value
    assert reaches(estate_of(files)) == [reach]


@pytest.mark.parametrize("field", ["action", "defaultAction"])
def test_an_action_that_does_not_exist_denied(field: str) -> None:
    files = GATEWAY.copy()
    (policy,) = objects(files, "SecurityPolicy")
    authorization = policy["spec"]["authorization"]
    (authorization if field == "defaultAction" else authorization["rules"][0])[field] = "allow"
    verdict = library.explain(estate_of(files), "203.0.113.7", "http://admin.example.com/").verdict
    assert verdict == Verdict.INDETERMINATE


def test_endpoints_read_before_their_slices_counted_twice() -> None:
    """The older kind speaks only where there are no slices, in whichever order they come."""
    stale = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "web", "namespace": "shop"},
        "subsets": [{"addresses": [{"ip": "10.244.9.9"}], "ports": [{"name": "http", "port": 8080}]}],
    }
    files = SHOP.copy()
    first, last = ({"a.yaml": [stale], **files}, {**files, "a.yaml": [stale]})
    for each in (first, last):
        (found,) = estate_of(each).slices["shop", "web"]
        assert found.name == "web-1"
    assert estate_of({"a.yaml": [stale]}).slices["shop", "web"][0].endpoints[0].addresses == ("10.244.9.9",)


def test_of_two_config_maps_of_one_name_the_last_silently_counted() -> None:
    files = SHOP.copy()
    (found,) = objects(files, "ConfigMap")
    other = copy.deepcopy(found)
    files["shop.yaml"].append(other)
    other["metadata"]["labels"] = {"x": "y"}
    assert not estate_of(files).unread
    other["data"] = {"whitelist-source-range": "198.51.100.0/24"}
    assert reaches(estate_of(files)) == [Reach.CONTROLLER]


def test_the_same_names_in_two_namespaces_are_two_objects() -> None:
    files = MAIL.copy()
    other = copy.deepcopy(files["mail.yaml"][0])
    other["metadata"]["namespace"] = "elsewhere"
    other["spec"]["ports"] = []
    files["mail.yaml"].append(other)
    assert not estate_of(files).unread
