"""What is worth trying: sources at the edges of the answers, one request each, and what is left out with its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aksess.access.evaluator import Evaluator
from aksess.access.exposures import exposures
from aksess.addresses import AddressSet
from aksess.controllers.interface import Request
from aksess.rehearsal.trials import LeftOut, Trial, from_somewhere, probe_of, trials_of
from lab.lab_estates import Object, controller, endpoints, estate_of, ingress, service
from rehearsal.small_rehearsals import address, entry
from shared import shared_path

FRONTEND = "20.50.60.70"
NODE: Object = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-a"},
    "spec": {"podCIDRs": ["10.244.3.0/24"]},
    "status": {"addresses": [{"type": "InternalIP", "address": "198.18.0.4"}]},
}


def _trials(*objects: Object, chosen: str = "") -> tuple[list[Trial], list[LeftOut]]:
    evaluator = Evaluator(estate_of(*objects))
    return trials_of(evaluator, exposures(evaluator), AddressSet.of(*chosen.split()) if chosen else None)


def _sources(found: list[Trial]) -> set[str]:
    return {str(each.source) for each in found}


def _effects(found: list[Trial]) -> dict[str, set[str]]:
    return {str(each.source): {one.effect for one in each.expected} for each in found}


def listed(*ranges: str, **more: Any) -> Object:
    return service("web", FRONTEND, loadBalancerSourceRanges=list(ranges), externalTrafficPolicy="Local", **more)


def test_sources_lie_on_both_sides_of_both_edges_of_who_gets_in() -> None:
    found, _ = _trials(listed("203.0.113.64/26"))
    edges = {
        "203.0.113.63": "timeout",
        "203.0.113.64": "reached",
        "203.0.113.127": "reached",
        "203.0.113.128": "timeout",
    }
    effects = _effects(found)
    assert {source: effects[source] for source in edges} == {source: {effect} for source, effect in edges.items()}


def test_somebody_from_anywhere_is_tried_too() -> None:
    found, _ = _trials(listed("203.0.113.64/26"))
    assert {"8.8.8.8", "198.51.100.9"} <= _sources(found)
    assert len(found) == len(_sources(found)), "nobody twice"


def test_the_ends_of_all_addresses_have_no_neighbour() -> None:
    found, _ = _trials(service("web", FRONTEND), chosen="0.0.0.0/1 ::/0")
    assert _sources(found) == {"128.0.0.0"}, "0.0.0.0 and 127.255.255.255 are nobody's"


def test_chosen_sources_take_the_place_of_derived_ones() -> None:
    found, _ = _trials(listed("203.0.113.0/24"), chosen="198.51.100.0/30 8.8.8.8")
    assert _sources(found) == {
        *("198.51.99.255", "198.51.100.0", "198.51.100.3", "198.51.100.4"),
        *("8.8.8.7", "8.8.8.8", "8.8.8.9"),
    }


def test_clients_speak_the_family_of_the_frontend() -> None:
    both = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}
    found, _ = _trials(service("web", FRONTEND, "2603:1030::7", **both))
    assert {each.source.family for each in found} == {4, 6}
    assert all(each.source.family == each.entry.address.family for each in found)


@pytest.mark.parametrize(
    "chosen", ["127.0.0.5", "169.254.7.7", "224.0.0.9", "168.63.129.16", "198.18.0.4", "10.244.3.9", FRONTEND]
)
def test_nobody_is_a_client_whose_address_the_lab_uses_itself(chosen: str) -> None:
    found, _ = _trials(NODE, listed("203.0.113.0/24"), chosen=chosen)
    assert chosen not in _sources(found)


def test_of_many_ranges_some_are_tried_over_all_of_them() -> None:
    ranges = [f"{100 + number // 200}.{number % 200}.7.0/24" for number in range(0, 2000, 2)]
    found, _ = _trials(service("web", FRONTEND), chosen=" ".join(ranges))
    assert 20 <= len(found) <= 60
    assert {str(each.source).partition(".")[0] for each in found} == {f"{100 + number}" for number in range(10)}


def test_the_list_of_the_controller_has_edges_of_its_own() -> None:
    """Nobody gets in by a list of another family, but what it admits is known: that is where it may break."""
    found, left_out = _trials(
        *controller(),
        *(service("web"), endpoints("web", "10.244.0.9")),
        ingress("shop", notes={"whitelist-source-range": "203.0.113.0/24"}),
    )
    assert not left_out
    by_port = {each.entry.port for each in found}
    assert by_port == {80, 443}
    effects = _effects(found)
    assert effects["203.0.113.0"] == {"reached"}
    assert effects["203.0.112.255"] == {"forbidden"}
    for each in found:
        assert each.request is not None
        assert each.controller is not None
        assert each.request.exact, "one request, with nothing sent but what is given"
        assert each.request.host == "shop.example.com"


def test_what_cannot_be_known_is_tried_without_an_expectation() -> None:
    """Nobody writes rules for this Service, so what its security group says cannot be known."""
    found, _ = _trials(listed("203.0.113.0/24", notes={"azure-disable-load-balancer-nsg-rule": "true"}))
    expected = {str(each.source): each.expected for each in found}
    assert expected["203.0.113.7"] == ()
    assert [each.effect for each in expected["8.8.8.8"]] == ["timeout"], "kube-proxy stops it whatever the group says"


# What is left out.


def test_what_the_lab_cannot_play_is_left_out_with_its_reason() -> None:
    datagrams = {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"}
    streams = {"name": "sig", "port": 99, "targetPort": 99, "protocol": "SCTP"}
    found, left_out = _trials(service("web", FRONTEND, ports=[datagrams, streams]))
    assert {each.entry.protocol for each in found} == {"UDP"}
    assert left_out == [LeftOut("sctp://shop/web:99@20.50.60.70:99", "SCTP is not played")]


@pytest.mark.parametrize(
    ("scenario", "what", "why"),
    [
        ("azure/27-api-ranges-miss-the-nat-gateway", "api-server/", "API servers"),
        ("controllers/17-application-gateway-not-trusted", "https://cms.example.com/@20.50.60.80", "gateways"),
        ("estates/05-drifted-managed-nsg", "tcp://ingress-nginx/", "public addresses of nodes are not played"),
        ("estates/09-gateway-per-class", "https://scada.", "the controller (envoy-gateway) is not played"),
    ],
)
def test_other_doors_are_left_out_with_their_reason(scenario: str, what: str, why: str) -> None:
    import aksess

    evaluator = Evaluator(aksess.read(shared_path("scenarios", *scenario.split("/"), "estate")))
    trials, left_out = trials_of(evaluator, exposures(evaluator), None)
    named = [each for each in left_out if each.what.startswith(what)]
    assert named
    assert all(why in each.why for each in named)
    assert not {each.what for each in left_out} & {each.exposure for each in trials}


# Probes.


def test_a_connection_is_a_request_and_a_datagram_a_question() -> None:
    trial = Trial("x", entry(port=81), address("203.0.113.7"), ())
    probe = probe_of(trial)
    assert (probe.source, probe.destination, probe.port, probe.udp) == ("203.0.113.7", FRONTEND, 81, False)
    assert probe.payload.startswith(b"GET / HTTP/1.1\r\nHost: ")
    assert probe.payload.endswith(b"\r\n\r\n")
    datagram = probe_of(replace(trial, entry=entry(protocol="UDP")))
    assert datagram.udp
    assert datagram.payload
    assert b"HTTP" not in datagram.payload


def test_a_request_names_method_path_and_host() -> None:
    request = Request("https", "shop.example.com", "/admin", "POST", exact=True)
    trial = Trial("x", entry(), address("203.0.113.7"), (), None, request)
    assert probe_of(trial).payload.startswith(b"POST /admin HTTP/1.1\r\nHost: shop.example.com\r\n")
    assert probe_of(trial).server_name == "", "the quick form speaks plain HTTP on every port"
    assert probe_of(trial, tls=True).server_name == "shop.example.com"
    assert probe_of(replace(trial, request=replace(request, scheme="http")), tls=True).server_name == ""
    nobody = replace(trial, request=replace(request, host=""))
    assert b"Host: \r\n" not in probe_of(nobody).payload


def test_the_same_request_can_be_made_from_elsewhere() -> None:
    request = Request("https", "shop.example.com", "/admin", exact=True)
    trial = Trial("x", entry(), address("203.0.113.7"), (), None, request)
    probe = from_somewhere(trial, address("10.224.0.4"), "20.50.60.99", 8443)
    assert (probe.source, probe.destination, probe.port) == ("10.224.0.4", "20.50.60.99", 8443)
    assert probe.server_name == "shop.example.com"
    assert probe.payload == probe_of(trial).payload
