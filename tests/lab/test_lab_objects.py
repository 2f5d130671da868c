"""What the real controller is given: the objects of an estate made new, its flags, and ways to cluster addresses."""

from __future__ import annotations

from typing import Any

import pytest
from lab_estates import Object, controller, endpoints, estate_of, ingress, items_of, port, service, settings

from aksess.lab import cluster_addresses, ingress_config
from aksess.lab.controller_objects import ApplicationPorts, arguments_of, objects_of

PORTS = ApplicationPorts(plain=18080, tls=18443)


def _given(*objects: Object) -> list[Object]:
    estate = estate_of(*objects)
    (only,) = ingress_config.controllers(estate)
    return objects_of(estate, only, items_of(*objects), PORTS)


def _named(found: list[Object], kind: str, name: str) -> Object:
    (only,) = [each for each in found if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return only


def _names(found: list[Object], kind: str) -> list[str]:
    return [each["metadata"]["name"] for each in found if each["kind"] == kind]


# Flags.


def test_flags_that_decide_about_access_are_kept() -> None:
    (found,) = ingress_config.controllers(
        estate_of(
            *controller(
                "--watch-namespace=$(POD_NAMESPACE)",
                "--annotations-prefix=custom.example.com",
                "--enable-ssl-passthrough",
                "--http-port=8080",
                "--publish-service=$(POD_NAMESPACE)/nginx",
                "--election-id=x",
                "-v=5",
                "--validating-webhook=:8443",
            )
        )
    )
    assert arguments_of(found) == [
        "--configmap=edge/settings",
        "--watch-namespace=edge",
        "--annotations-prefix=custom.example.com",
        "--enable-ssl-passthrough",
    ]


# Objects.


def test_what_an_ingress_needs_is_there_before_it_and_the_oldest_comes_first() -> None:
    found = _given(
        ingress("young", created="2024-03-01T00:00:00Z"),
        ingress("old", created="2024-01-01T00:00:00Z"),
        ingress("middle", created="2024-02-01T00:00:00Z"),
        *controller(),
        service("web"),
        endpoints("web", "10.244.0.9"),
        settings(block_cidrs="203.0.113.0/24"),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", "namespace": "shop"}, "type": "Opaque"},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": []}},
    )
    assert _names(found, "Ingress") == ["old", "middle", "young"]
    assert list(dict.fromkeys(each["kind"] for each in found)) == [
        *("Secret", "ConfigMap", "Service", "EndpointSlice", "IngressClass", "Ingress")
    ]


def test_what_only_the_cluster_writes_is_left_out() -> None:
    web = service(
        *("web", "20.50.60.71"),
        ports=[port(80, nodePort=30080)],
        clusterIP="10.0.7.7",
        clusterIPs=["10.0.7.7"],
        ipFamilies=["IPv4"],
        ipFamilyPolicy="SingleStack",
        healthCheckNodePort=30001,
        loadBalancerClass="example.com/x",
    )
    web["metadata"] |= {"uid": "u", "resourceVersion": "7", "labels": {"a": "b"}, "managedFields": []}
    found = _named(_given(*controller(), web), "Service", "web")
    assert (found["apiVersion"], found["kind"]) == ("v1", "Service")
    assert found["metadata"] == {"name": "web", "namespace": "shop", "labels": {"a": "b"}}
    assert found["spec"] == {"ports": [port(80)], "selector": {"app": "web"}, "type": "LoadBalancer"}
    assert "status" not in found


def test_an_object_without_a_namespace_belongs_to_the_default_one_and_a_class_to_none() -> None:
    web = service("web")
    del web["metadata"]["namespace"]
    found = _given(*controller(), web)
    assert _named(found, "Service", "web")["metadata"]["namespace"] == "default"
    assert _named(found, "IngressClass", "nginx")["metadata"] == {"name": "nginx"}


def test_endpoints_lead_to_the_application_of_the_lab() -> None:
    found = _given(*controller(), service("web"), endpoints("web", "10.244.0.9"))
    slices = _named(found, "EndpointSlice", "web-1")
    assert [each["port"] for each in slices["ports"]] == [PORTS.plain]
    assert slices["endpoints"][0]["addresses"] == ["10.244.0.9"]


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ({"ssl-passthrough": "true"}, PORTS.tls),
        ({"backend-protocol": "https"}, PORTS.tls),
        ({"backend-protocol": "GRPCS"}, PORTS.tls),
        ({"ssl-passthrough": "false"}, PORTS.plain),
        ({"backend-protocol": "GRPC"}, PORTS.plain),
    ],
)
def test_an_application_that_is_spoken_to_over_tls_speaks_it(notes: dict[str, str], expected: int) -> None:
    found = _given(
        *controller(),
        *(service("web"), service("late"), service("other")),
        *(endpoints("web", "10.244.0.9"), endpoints("other", "10.244.0.10")),
        *(ingress("web", notes=notes), ingress("late", backend="late", notes=notes)),
    )
    assert [each["port"] for each in _named(found, "EndpointSlice", "web-1")["ports"]] == [expected]
    assert [each["port"] for each in _named(found, "EndpointSlice", "late-lab")["ports"]] == [expected]
    assert [each["port"] for each in _named(found, "EndpointSlice", "other-1")["ports"]] == [PORTS.plain]


def test_a_service_whose_endpoints_were_not_read_gets_one() -> None:
    ports = [port(80), port(53, protocol="UDP")]
    shut = endpoints("shut")
    found = _given(*controller(), service("web", ports=ports), service("more"), service("shut"), shut)
    made_up = _named(found, "EndpointSlice", "web-lab")
    assert made_up["metadata"]["labels"] == {"kubernetes.io/service-name": "web"}
    assert made_up["metadata"]["namespace"] == "shop"
    assert made_up["ports"] == [{"name": "p80", "port": PORTS.plain, "protocol": "TCP"}]
    other = _named(found, "EndpointSlice", "more-lab")
    assert made_up["endpoints"][0]["addresses"] != other["endpoints"][0]["addresses"]
    assert "shut-lab" not in _names(found, "EndpointSlice"), "one that was read without endpoints has none"


def test_passwords_that_were_not_read_are_there_by_name() -> None:
    read = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "read", "namespace": "shop"}, "type": "Opaque"}
    found = _given(
        *controller(),
        read,
        ingress("a", notes={"auth-secret": "own"}),
        ingress("b", notes={"auth-secret": "vault/shared"}),
        ingress("c", notes={"auth-secret": "read"}),
        ingress("d", notes={"auth-secret": "elsewhere"}, prefix="other.example.com"),
    )
    secrets = [(each["metadata"]["namespace"], each["metadata"]["name"]) for each in found if each["kind"] == "Secret"]
    assert sorted(secrets) == [("shop", "own"), ("shop", "read"), ("vault", "shared")]


# Cluster addresses.


def _stored(cluster_ip: str | None = "10.0.7.7", **more: Any) -> Object:
    found = service("web", **more)
    found["spec"]["clusterIP"] = cluster_ip
    return found


def _pairs(*stored: Object) -> list[str]:
    text = cluster_addresses.rules(stored)
    head = "add table ip cluster-addresses\ndelete table ip cluster-addresses\n"
    assert text.startswith(head), "what was there before is gone"
    if text == head:
        return []
    (line,) = [each for each in text.splitlines() if each.startswith("add rule")]
    return line[line.index("{") + 2 : line.rindex("}") - 1].split(", ")


def test_a_cluster_address_leads_to_the_first_endpoint_by_the_name_of_the_port() -> None:
    ports = [port(443), port(80)]
    slices = endpoints(
        *("web", "10.244.0.9", "10.244.0.10"), ports=[{"name": "p80", "port": 8080}, {"name": "p443", "port": 8443}]
    )
    assert _pairs(_stored(ports=ports), slices) == [
        "10.0.7.7 . 443 : 10.244.0.9 . 8443",
        "10.0.7.7 . 80 : 10.244.0.9 . 8080",
    ]


def test_a_port_without_a_name_leads_somewhere_too() -> None:
    unnamed = {"port": 80, "targetPort": 8080}
    assert _pairs(_stored(ports=[unnamed]), endpoints("web", "10.244.0.9", ports=[{"port": 8080}])) == [
        "10.0.7.7 . 80 : 10.244.0.9 . 8080"
    ]


@pytest.mark.parametrize("cluster_ip", ["None", "", None])
def test_a_headless_service_leads_nowhere(cluster_ip: str | None) -> None:
    assert _pairs(_stored(cluster_ip), endpoints("web", "10.244.0.9")) == []


def test_what_no_rule_can_say_leads_nowhere() -> None:
    assert _pairs(_stored()) == [], "no endpoints were stored"
    assert _pairs(_stored(), endpoints("web")) == [], "a slice without endpoints"
    assert _pairs(_stored(), endpoints("web", endpoints=None)) == [], "nor with null"
    assert _pairs(_stored(), endpoints("web", "fd00::9")) == [], "IPv6"
    assert _pairs(_stored(), endpoints("web", "10.244.0.9", namespace="other")) == [], "another namespace"
    datagrams = port(80, protocol="UDP")
    assert _pairs(_stored(ports=[datagrams]), endpoints("web", "10.244.0.9")) == []
    assert _pairs(_stored(ports=[port(81)]), endpoints("web", "10.244.0.9")) == [], "a port that no endpoint has"
