"""The security group that AKS keeps, as the lab writes it: small cases after the cloud provider's own decisions.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer (accesscontrol.go, configuration.go); the names
of rules are the lab's own, what a packet meets is not.
"""

from __future__ import annotations

from typing import Any

import pytest
from lab_estates import Object, estate_of, port, service

from aksess.estate.azure import DEFAULT_RULES, SecurityRule
from aksess.lab.completion import completed
from aksess.lab.managed_group import managed_rules

FRONTEND, SIX = "20.50.60.70", "2603:1030::7"
NODES = ("10.224.0.4", "10.224.0.5", "fd00:224::4")
RANGES, TAGS = "azure-allowed-ip-ranges", "azure-allowed-service-tags"
GENERIC = "load-balancer-source-ranges"
DENY_OTHERS = "azure-deny-all-except-load-balancer-source-ranges"
INTERNAL, PLAIN = "azure-load-balancer-internal", "azure-disable-load-balancer-floating-ip"
BOTH = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}


def _own(*services: Object) -> list[SecurityRule]:
    found = managed_rules(completed(estate_of(*services)), NODES)
    assert found[-len(DEFAULT_RULES) :] == DEFAULT_RULES, "the defaults stand behind all others"
    return list(found[: -len(DEFAULT_RULES)])


def _sources(*frontends: str, **more: Any) -> list[tuple[str, ...]]:
    """The sources of every allow rule of one Service."""
    return [each.sources for each in _own(service("web", *frontends or (FRONTEND,), **more)) if each.allows]


def _denied(*services: Object) -> tuple[str, ...]:
    """The addresses that everybody else is denied."""
    denying = [each for each in _own(*services) if not each.allows]
    assert len(denying) <= 1
    return denying[0].destinations if denying else ()


def test_a_public_frontend_is_open_on_its_ports() -> None:
    ports = [port(80), port(443), port(53, protocol="UDP")]
    tcp, udp = _own(service("web", FRONTEND, ports=ports))
    assert (tcp.priority, udp.priority) == (500, 501)
    for each in (tcp, udp):
        assert (each.inbound, each.allows, each.default) == (True, True, False)
        assert (each.sources, each.source_ports, each.destinations) == (("Internet",), ("*",), (FRONTEND,))
    assert (tcp.protocol, tcp.destination_ports) == ("tcp", ("80", "443"))
    assert (udp.protocol, udp.destination_ports) == ("udp", ("53",))


def test_an_internal_frontend_has_no_rule_of_its_own() -> None:
    assert _own(service("web", "10.224.0.200", notes={INTERNAL: "TRUE"})) == []


@pytest.mark.parametrize("more", [{"notes": {RANGES: "0.0.0.0/0"}}, {"loadBalancerSourceRanges": ["0.0.0.0/0"]}])
def test_an_internal_frontend_is_open_where_everybody_is_listed(more: Any) -> None:
    more = {**more, "notes": {INTERNAL: "true", **more.get("notes", {})}}
    assert ("0.0.0.0/0",) in _sources("10.224.0.200", **more)


@pytest.mark.parametrize(
    ("more", "listed"),
    [
        ({"loadBalancerSourceRanges": ["203.0.113.0/24", " 198.51.100.7/32 "]}, ("203.0.113.0/24", "198.51.100.7/32")),
        ({"notes": {RANGES: " 203.0.113.0/24, 198.51.100.7/32"}}, ("203.0.113.0/24", "198.51.100.7/32")),
        ({"notes": {GENERIC: "203.0.113.0/24"}}, ("203.0.113.0/24",)),
        ({"notes": {RANGES: "203.0.113.0/24", GENERIC: "198.51.100.7/32"}}, ("203.0.113.0/24", "198.51.100.7/32")),
    ],
)
def test_listed_ranges_take_the_place_of_the_internet(more: Any, listed: tuple[str, ...]) -> None:
    assert _sources(**more) == [listed]
    assert _denied(service("web", FRONTEND, **more)) == ()


def test_halves_of_the_internet_are_a_list_like_another() -> None:
    halves = ["0.0.0.0/1", "128.0.0.0/1"]
    assert _sources(loadBalancerSourceRanges=halves) == [tuple(halves)]


@pytest.mark.parametrize("wrong", ["203.0.113.7", "10.0.0.1/8", "nonsense", "", "10.0.0.0/33"])
def test_an_entry_that_cannot_be_read_shuts_all_others_out(wrong: str) -> None:
    web = service("web", FRONTEND, notes={RANGES: f"198.51.100.0/24,{wrong}"})
    assert [each.sources for each in _own(web) if each.allows] == [("198.51.100.0/24",)]
    assert _denied(web) == (FRONTEND,)


def test_an_annotation_without_a_value_shuts_everybody_out() -> None:
    web = service("web", FRONTEND, notes={RANGES: ""})
    (only,) = _own(web)
    assert (only.allows, only.destinations) == (False, (FRONTEND,))


def test_the_rule_that_denies_stands_last_and_is_about_everything() -> None:
    web = service("web", FRONTEND, loadBalancerSourceRanges=["203.0.113.0/24"], notes={DENY_OTHERS: "True"})
    allowing, denying = _own(web)
    assert (allowing.priority, denying.priority) == (500, 4095)
    assert (denying.inbound, denying.allows, denying.protocol) == (True, False, "*")
    assert (denying.sources, denying.source_ports, denying.destination_ports) == (("*",), ("*",), ("*",))


def test_denying_all_others_needs_ranges_not_tags() -> None:
    assert _denied(service("web", FRONTEND, notes={DENY_OTHERS: "true"})) == ()
    assert _denied(service("web", FRONTEND, notes={DENY_OTHERS: "true", TAGS: "AzureFrontDoor.Backend"})) == ()
    assert _denied(service("web", FRONTEND, notes={DENY_OTHERS: "true", RANGES: "203.0.113.0/24"})) == (FRONTEND,)


def test_one_rule_denies_for_all_services_that_ask_for_it_and_for_no_other() -> None:
    asked = [service(name, f"20.50.60.{number}", notes={RANGES: ""}) for number, name in enumerate(("a", "b"), start=1)]
    assert _denied(*asked, service("c", "20.50.60.9")) == ("20.50.60.1", "20.50.60.2")


def test_each_tag_has_a_rule_and_the_internet_none() -> None:
    assert _sources(notes={TAGS: "AzureFrontDoor.Backend, AzureCloud"}) == [
        ("AzureFrontDoor.Backend",),
        ("AzureCloud",),
    ]


def test_tags_and_a_list_of_everybody_are_open() -> None:
    assert _sources(notes={TAGS: "AzureCloud", RANGES: "0.0.0.0/0"}) == [("AzureCloud",), ("0.0.0.0/0",)]


def test_tags_stand_beside_ranges() -> None:
    assert _sources(notes={TAGS: "AzureCloud"}, loadBalancerSourceRanges=["203.0.113.0/24"]) == [
        ("AzureCloud",),
        ("203.0.113.0/24",),
    ]


def test_without_floating_addresses_rules_are_about_nodes_and_node_ports() -> None:
    web = service("web", FRONTEND, ports=[port(80, nodePort=30080)], notes={PLAIN: "true"})
    (only,) = _own(web)
    assert (only.destinations, only.destination_ports) == (NODES[:2], ("30080",))
    shut = service("web", FRONTEND, notes={PLAIN: "true", RANGES: ""})
    assert _denied(shut) == NODES[:2]


def test_the_rules_of_a_service_can_be_turned_off() -> None:
    assert _own(service("web", FRONTEND, notes={"azure-disable-load-balancer-nsg-rule": "true"})) == []


def test_only_load_balancers_have_rules() -> None:
    assert _own(service("node", type="NodePort"), service("inner"), service("waiting", type="LoadBalancer")) == []


def test_each_family_has_rules_of_its_own() -> None:
    four, six = _own(service("web", FRONTEND, SIX, **BOTH))
    assert (four.destinations, six.destinations) == ((FRONTEND,), (SIX,))
    assert four.sources == six.sources == ("Internet",)
    assert six.priority == four.priority + 1


def test_a_list_of_one_family_opens_nothing_in_the_other() -> None:
    (only,) = _own(service("web", FRONTEND, SIX, loadBalancerSourceRanges=["2001:db8::/32"], **BOTH))
    assert (only.sources, only.destinations) == (("2001:db8::/32",), (SIX,))


def test_priorities_count_over_all_services() -> None:
    several = [service(f"s{number}", f"20.50.60.{number}") for number in range(1, 6)]
    found = _own(*several)
    assert [each.priority for each in found] == [500, 501, 502, 503, 504]
    assert len({each.name for each in found}) == 5
    assert all(each.name.startswith("k8s-azure-lb") for each in found), "as the cloud provider knows its own"
