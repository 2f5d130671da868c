"""A plan brings about exactly what policies say, with nothing too much, or it is refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aksess.addresses import read_address
from aksess.errors import PolicyError
from aksess.plan import reactions
from aksess.plan.making import make
from aksess.plan.plans import Plan
from aksess.plan.trials import Trials
from plan.small_world import LIST, backend, balanced, controller, ingress, only, policy, resolved, snapshot

OFFICE, BRANCH = "203.0.113.0/24", "198.51.100.0/28"


def planned(folder: Path, objects: list[Any], *documents: dict[str, Any], **options: Any) -> Plan:
    estate = snapshot(folder / "estate", objects)
    return make(estate, resolved(folder, estate, *documents), **options)


def told(plan: Plan) -> list[tuple[str, str, Any]]:
    return [(each.resource.label, str(each.path[-1]), each.after) for each in plan.changes]


def test_a_list_on_an_ingress(tmp_path: Path) -> None:
    plan = planned(tmp_path, [*controller(), ingress("web")], policy("Ingress", "web", allow=only(OFFICE, BRANCH)))
    assert told(plan) == [("Ingress shop/web", LIST, f"{BRANCH},{OFFICE}")]
    (difference,) = plan.access
    assert difference.exposure == "http://web.example.com/@20.50.60.70:80"
    assert not difference.gained
    assert difference.after is not None
    assert difference.after.allowed.to_cidrs() == [BRANCH, OFFICE]


def test_everybody_but_some_is_a_deny_list(tmp_path: Path) -> None:
    documents = policy("Ingress", "web", public=True, deny=only("192.0.2.0/24"))
    plan = planned(tmp_path, [*controller(), ingress("web", OFFICE)], documents)
    assert set(told(plan)) == {
        ("Ingress shop/web", "nginx.ingress.kubernetes.io/denylist-source-range", "192.0.2.0/24"),
        ("Ingress shop/web", LIST, None),
    }


def test_what_is_already_so_is_left_alone(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        [*controller(), ingress("web", OFFICE), ingress("other")],
        policy("Ingress", "web", allow=only(OFFICE)),
        policy("Ingress", "other", public=True),
    )
    assert (plan.changes, plan.refused) == ((), ())


def test_client_addresses_are_kept_before_a_list_judges_them(tmp_path: Path) -> None:
    """With policy Cluster the controller sees nodes: a list alone would cut everybody off, and comes second."""
    plan = planned(tmp_path, [*controller("Cluster"), ingress("web")], policy("Ingress", "web", allow=only(OFFICE)))
    assert told(plan) == [
        ("Service ingress-nginx/ingress-nginx-controller", "externalTrafficPolicy", "Local"),
        ("Ingress shop/web", LIST, OFFICE),
    ]
    assert "becomes Local" in plan.warnings[0]


def test_keeping_addresses_must_not_open_what_no_policy_names(tmp_path: Path) -> None:
    """The old list of another Ingress blocks everybody under Cluster, and would admit its own entries under Local."""
    plan = planned(
        tmp_path,
        [*controller("Cluster"), ingress("web"), ingress("old", "192.0.2.0/24")],
        policy("Ingress", "web", allow=only(OFFICE)),
    )
    assert {each.guard for each in plan.refused} == {"opens-more-than-policy"}
    assert "old.example.com" in plan.refused[0].reason
    assert plan.changes == ()


def test_a_guard_can_be_overridden_by_name(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        [*controller("Cluster"), ingress("web"), ingress("old", "192.0.2.0/24")],
        policy("Ingress", "web", allow=only(OFFICE)),
        allowed=["opens-more-than-policy"],
    )
    assert len(plan.changes) == 2
    assert any("--allow opens-more-than-policy" in each for each in plan.warnings)


def test_source_ranges_of_a_service(tmp_path: Path) -> None:
    plan = planned(tmp_path, [balanced("broker", 71)], policy("Service", "broker", allow=only(OFFICE)))
    assert told(plan) == [("Service shop/broker", "loadBalancerSourceRanges", [OFFICE])]


def test_a_service_becomes_public_again(tmp_path: Path) -> None:
    objects = [balanced("broker", 71, loadBalancerSourceRanges=[OFFICE])]
    plan = planned(tmp_path, objects, policy("Service", "broker", public=True))
    assert told(plan) == [("Service shop/broker", "loadBalancerSourceRanges", None)]


def test_one_list_cannot_say_two_things(tmp_path: Path) -> None:
    document = policy("Ingress", "web", allow=only(OFFICE))
    document["spec"]["targetRefs"][0]["path"] = "/admin"
    plan = planned(tmp_path, [*controller(), ingress("web", paths=("/", "/admin"))], document)
    (refusal,) = {each.reason for each in plan.refused if "one list" in each.reason}
    assert (
        refusal == "Ingress shop/web has one list for all of its hosts and paths, and policies ask for different ones"
    )


def test_a_target_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as error:
        planned(tmp_path, [*controller(), ingress("web")], policy("Ingress", "wbe", allow=only(OFFICE)))
    assert "spec.targetRefs[0]: Ingress shop/wbe publishes nothing in this estate" in str(error.value)
    assert "policies.yaml:" in str(error.value)


def test_two_policies_that_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as error:
        planned(
            tmp_path,
            [*controller(), ingress("web")],
            policy("Ingress", "web", "one", allow=only(OFFICE)),
            policy("Ingress", "web", "two", allow=only(BRANCH)),
        )
    assert "AccessPolicy shop/two and AccessPolicy shop/one" in str(error.value)


def test_a_closer_policy_wins_over_the_one_on_the_service(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        [*controller(), ingress("web"), backend("web")],
        policy("Service", "web", "service", allow=only(BRANCH)),
        policy("Ingress", "web", "ingress", allow=only(OFFICE)),
    )
    assert told(plan) == [("Ingress shop/web", LIST, OFFICE)]


def test_applications_without_a_policy_are_closed_on_demand(tmp_path: Path) -> None:
    cluster = {
        "apiVersion": "aksess.dev/v1alpha1",
        "kind": "ClusterAccessPolicy",
        "metadata": {"name": "cluster"},
        "spec": {"withoutPolicy": "close", "always": only("192.0.2.10/32")},
    }
    plan = planned(tmp_path, [*controller(), ingress("web"), ingress("other")], cluster)
    assert set(told(plan)) == {(f"Ingress shop/{each}", LIST, "192.0.2.10/32") for each in ("web", "other")}


def api_server(*ranges: str) -> dict[str, Any]:
    return {
        "id": "/subscriptions/0/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/shop",
        "name": "shop",
        "type": "Microsoft.ContainerService/ManagedClusters",
        "properties": {
            "kubernetesVersion": "1.33",
            "apiServerAccessProfile": {"authorizedIPRanges": list(ranges)},
            "networkProfile": {"outboundType": "loadBalancer"},
        },
    }


def test_ranges_of_the_api_server_keep_the_caller(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    (estate / "cluster.json").write_text(json.dumps(api_server(OFFICE, "192.0.2.7/32")))
    cluster = {
        "apiVersion": "aksess.dev/v1alpha1",
        "kind": "ClusterAccessPolicy",
        "metadata": {"name": "cluster"},
        "spec": {"apiServer": {"allow": only(BRANCH)}},
    }
    caller = read_address("192.0.2.7")
    plan = planned(tmp_path, [*controller(), ingress("web")], cluster, caller=caller)
    assert [each.after for each in plan.changes] == [["192.0.2.7/32", BRANCH]]


def test_what_reacts_to_a_local_service_is_predicted(tmp_path: Path) -> None:
    """The API server gives a health check node port; the estate after the plan has it."""
    plan = planned(tmp_path, [*controller("Cluster"), ingress("web")], policy("Ingress", "web", allow=only(OFFICE)))
    after = Trials.of(reactions.after(plan.before.snapshot, list(plan.changes))).before.estate
    service = after.services["ingress-nginx", "ingress-nginx-controller"]
    assert service.external_policy == "Local"
    assert service.health_check_node_port == 32767


@pytest.mark.parametrize(("base_line", "refused"), [("required", True), ("unmanaged", False)])
def test_what_the_cluster_has_to_send_out_is_let_out_or_said(tmp_path: Path, base_line: str, refused: bool) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    group = "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/edge"
    network = "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
    closed = {
        "name": "out",
        "properties": {
            "priority": 100,
            "direction": "Outbound",
            "access": "Deny",
            "protocol": "*",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "*",
        },
    }
    subnet = {
        "id": f"{network}/subnets/nodes",
        "name": "nodes",
        "properties": {"addressPrefix": "10.224.0.0/16", "networkSecurityGroup": {"id": group}},
    }
    cluster = api_server()
    cluster["properties"]["agentPoolProfiles"] = [{"name": "one", "vnetSubnetID": f"{network}/subnets/nodes"}]
    resources = [
        cluster,
        {"id": group, "name": "edge", "properties": {"securityRules": [closed]}},
        {"id": network, "name": "v", "properties": {"subnets": [subnet]}},
    ]
    (estate / "azure.json").write_text(json.dumps(resources))
    document = {
        "apiVersion": "aksess.dev/v1alpha1",
        "kind": "ClusterAccessPolicy",
        "metadata": {"name": "cluster"},
        "spec": {"egress": {"baseLine": base_line}},
    }
    plan = planned(tmp_path, [*controller(), ingress("web")], document)
    said = "is not let out (stopped by networkSecurityGroup edge out)"
    assert any(said in each.reason for each in plan.refused) is refused
