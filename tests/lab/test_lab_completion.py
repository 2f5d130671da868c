"""Ports that the API server would give: which Services get them, and that nobody else has them.

Source: kubernetes/api core/v1 types.go (`nodePort`, `healthCheckNodePort`), the default range 30000-32767.
"""

from __future__ import annotations

from lab_estates import endpoints, estate_of, port, service

from aksess.estate import Estate
from aksess.lab.completion import completed, with_ports

FRONTEND = "20.50.60.70"


def _node_ports(estate: Estate, name: str = "web") -> list[int]:
    return [each.node_port for each in estate.services["shop", name].ports]


def _health(estate: Estate, name: str = "web") -> int:
    return estate.services["shop", name].health_check_node_port


def test_every_open_port_is_given_a_node_port_of_its_own() -> None:
    ports = [port(80), port(443), port(53, protocol="UDP")]
    found = completed(estate_of(service("a", FRONTEND, ports=ports), service("b", "20.50.60.71", ports=ports)))
    given = [*_node_ports(found, "a"), *_node_ports(found, "b")]
    assert len(set(given)) == 6
    assert all(30000 <= each <= 32767 for each in given)


def test_ports_that_are_given_stay_and_nobody_else_gets_them() -> None:
    taken = [port(1000 + number, nodePort=32767 - number) for number in range(20)]
    found = completed(
        estate_of(
            service("web", FRONTEND, ports=[port(80), port(443, nodePort=30443)]),
            service("late", "20.50.60.71", ports=taken),
            service("held", "20.50.60.72", externalTrafficPolicy="Local", healthCheckNodePort=32747),
        )
    )
    assert _node_ports(found)[1] == 30443
    assert _node_ports(found, "late") == [32767 - number for number in range(20)]
    assert _health(found, "held") == 32747
    own = {_node_ports(found)[0], *_node_ports(found, "held")}
    assert len(own) == 2
    assert not own & {30443, 32747, *_node_ports(found, "late")}


def test_only_services_that_nodes_listen_for_get_node_ports() -> None:
    found = completed(estate_of(service("inner"), service("node", type="NodePort")))
    assert _node_ports(found, "inner") == [0]
    assert _node_ports(found, "node")[0] > 0


def test_only_a_load_balancer_with_the_local_policy_has_a_health_check() -> None:
    found = completed(
        estate_of(
            service("local", FRONTEND, externalTrafficPolicy="Local"),
            service("cluster", "20.50.60.71"),
            service("node", type="NodePort", externalTrafficPolicy="Local"),
            service("inner"),
        )
    )
    assert _health(found, "local") > 0
    assert _health(found, "local") not in _node_ports(found, "local")
    assert [_health(found, name) for name in ("cluster", "node", "inner")] == [0, 0, 0]


def test_what_is_complete_is_not_changed() -> None:
    estate = estate_of(
        service("web", FRONTEND, ports=[port(80, nodePort=30080)]), service("inner"), endpoints("web", "10.244.0.1")
    )
    assert completed(estate).services == estate.services
    assert completed(estate).slices == estate.slices


def test_the_spec_of_a_service_gets_its_ports_and_keeps_the_rest() -> None:
    ports = [port(80, appProtocol="http"), port(443)]
    written = service("web", FRONTEND, ports=ports, externalTrafficPolicy="Local")["spec"]
    given = completed(estate_of(service("web", FRONTEND, ports=ports, externalTrafficPolicy="Local")))
    own = given.services["shop", "web"]
    found = with_ports(written, own)
    assert found["healthCheckNodePort"] == own.health_check_node_port
    assert [each["nodePort"] for each in found["ports"]] == [each.node_port for each in own.ports]
    assert found["ports"][0]["appProtocol"] == "http"
    assert found["selector"] == {"app": "web"}
    assert written["ports"] == ports, "what was read stays as it was"
    assert "healthCheckNodePort" not in written


def test_the_spec_of_a_service_that_gets_none_stays_as_it_is() -> None:
    inner = completed(estate_of(service("inner"))).services["shop", "inner"]
    written = service("inner")["spec"]
    assert with_ports(written, inner) == written
