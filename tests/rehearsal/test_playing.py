"""From trials to a rehearsal: what counts as a difference, what is left to the real form, what is never passed over."""

from __future__ import annotations

import pytest

from aksess.access.evaluator import Evaluator
from aksess.addresses import AddressSet
from aksess.lab.counters import Counted
from aksess.lab.ingress_config import Unplayed
from aksess.lab.prober import Probe, Seen
from aksess.rehearsal.playing import Rehearsal, rehearse
from aksess.rehearsal.trials import LeftOut
from lab.lab_estates import Object, controller, endpoints, estate_of, ingress, service
from rehearsal.fake_lab import REACHED, TIMEOUT, FakeLabs, reached_as

INSIDE, OUTSIDE = "203.0.113.7", "198.51.100.7"


def _web(name: str = "web", frontend: str = "20.50.60.70") -> Object:
    return service(name, frontend, loadBalancerSourceRanges=["203.0.113.0/24"], externalTrafficPolicy="Local")


def _rehearsed(*objects: Object, real: bool = False, sources: str = f"{INSIDE} {OUTSIDE}") -> Rehearsal:
    return rehearse(Evaluator(estate_of(*objects)), ["estate"], chosen=AddressSet.of(*sources.split()), real=real)


def _as_foreseen(probe: Probe, loads: int) -> Seen:
    return reached_as(probe.source) if probe.source.startswith("203.0.113.") else TIMEOUT


def test_what_ends_as_foreseen_is_built_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    labs = FakeLabs.instead(monkeypatch, _as_foreseen)
    found = _rehearsed(_web())
    assert found.differences == []
    assert found.tally == {"agrees": 6}, "two addresses with a neighbour on each side"
    assert labs.done == ["started", "load", "ended"]
    assert found.notes == ("made up",)
    assert not found.real


def test_one_lost_packet_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that differs is asked again of an estate that is built anew; only that answer is."""

    def lost_once(probe: Probe, loads: int) -> Seen:
        return TIMEOUT if probe.source == INSIDE and loads == 1 else _as_foreseen(probe, loads)

    labs = FakeLabs.instead(monkeypatch, lost_once)
    found = _rehearsed(_web())
    assert found.tally == {"agrees": 6}
    assert labs.done == ["started", "load", "load", "ended"]
    assert [each.source for each in labs.asked[-1]] == [INSIDE]


def test_what_differs_again_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeLabs.instead(monkeypatch, lambda probe, loads: REACHED)
    found = _rehearsed(_web())
    assert found.tally == {"agrees": 3, "differs": 3}
    assert [str(each.trial.source) for each in found.differences] == ["198.51.100.6", "198.51.100.7", "198.51.100.8"]


def test_an_application_that_sees_another_address_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the policy Local it sees the client; a node's address in its place would break every list behind it."""
    FakeLabs.instead(monkeypatch, lambda probe, loads: reached_as("10.224.0.4"))
    assert _rehearsed(_web(), sources=INSIDE).tally == {"differs": 3}


def test_where_nothing_can_be_known_nothing_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    web = _web()
    web["metadata"]["annotations"] = {"service.beta.kubernetes.io/azure-disable-load-balancer-nsg-rule": "true"}
    FakeLabs.instead(monkeypatch, lambda probe, loads: TIMEOUT)
    assert _rehearsed(web, sources=INSIDE).tally == {"undecided": 3}


def test_a_client_that_no_socket_can_be_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsendable(probe: Probe, loads: int) -> Seen:
        return Seen("unsendable") if probe.source == INSIDE else _as_foreseen(probe, loads)

    FakeLabs.instead(monkeypatch, unsendable)
    found = _rehearsed(_web(), sources=INSIDE)
    assert {str(each.trial.source) for each in found.played} == {"203.0.113.6", "203.0.113.8"}
    assert found.differences == []


def test_without_anything_to_try_no_lab_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    labs = FakeLabs.instead(monkeypatch, _as_foreseen)
    streams = {"name": "sig", "port": 99, "targetPort": 99, "protocol": "SCTP"}
    found = _rehearsed(service("web", "20.50.60.70", ports=[streams]))
    assert labs.done == []
    assert found.played == ()
    assert found.left_out == (LeftOut("sctp://shop/web:99@20.50.60.70:99", "SCTP is not played"),)


def test_packets_are_counted_for_the_frontend_that_they_were_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def rule(packets: int) -> list[Counted]:
        return [Counted("a", "subnet", "100 x", False, packets), Counted("a", "subnet", "200 y", True, 7)]

    FakeLabs.instead(monkeypatch, _as_foreseen, counts=[rule(10), rule(14), rule(15)])
    found = _rehearsed(_web(), _web("late", "20.50.60.71"))
    assert found.hops == {
        "20.50.60.70:80": (Counted("a", "subnet", "100 x", False, 4),),
        "20.50.60.71:80": (Counted("a", "subnet", "100 x", False, 1),),
    }


# Two forms.


def _shop(*more: Object) -> list[Object]:
    listed = ingress("shop", notes={"whitelist-source-range": "203.0.113.0/24"})
    return [*controller(), service("web"), endpoints("web", "10.244.0.9"), listed, *more]


def _left_out(found: Rehearsal) -> dict[str, str]:
    return {each.what.partition("@")[0].rstrip("/"): each.why for each in found.left_out}


def test_what_the_quick_form_does_not_play_is_left_to_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    unplayed = (Unplayed("Ingress", "shop", "plain", "annotation canary"),)
    labs = FakeLabs.instead(monkeypatch, lambda probe, loads: REACHED, unplayed=unplayed)
    found = _rehearsed(*_shop(ingress("plain")), sources=INSIDE)
    why = "annotation canary of Ingress shop/plain is played with --real only"
    assert _left_out(found) == {"http://plain.example.com": why, "https://plain.example.com": why}
    assert len(found.left_out) == 2, "each exposure once"
    assert {each.trial.exposure.partition("@")[0] for each in found.played} == {
        "http://shop.example.com/",
        "https://shop.example.com/",
    }
    assert not any(b"plain.example.com" in each.payload for asked in labs.asked for each in asked)


def test_a_setting_of_the_controller_is_about_all_that_it_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    unplayed = (Unplayed("Deployment", "edge", "nginx", "setting http-snippet"),)
    FakeLabs.instead(monkeypatch, _as_foreseen, unplayed=unplayed)
    found = _rehearsed(*_shop(), _web("late", "20.50.60.71"))
    assert {each.trial.exposure for each in found.played} == {"tcp://shop/late:80@20.50.60.71:80"}
    assert set(_left_out(found).values()) == {
        "setting http-snippet of Deployment edge/nginx is played with --real only"
    }


def test_the_real_form_leaves_nothing_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    unplayed = (Unplayed("Ingress", "shop", "shop", "annotation canary"),)
    FakeLabs.instead(monkeypatch, lambda probe, loads: reached_as(probe.source), unplayed=unplayed)
    found = _rehearsed(*_shop(), sources=INSIDE, real=True)
    assert found.real
    assert found.left_out == ()
    assert len(found.played) == 6


def test_the_real_controller_is_asked_from_the_address_that_its_pod_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets go up to the pod; what the controller says decides, asked by name and port of the scheme."""

    def answer(probe: Probe, loads: int) -> Seen:
        if loads >= 0:
            return reached_as("203.0.113.200")
        return Seen("answered", f"HTTP/1.1 403 No\r\nX-Judged: {probe.source}\r\n\r\n".encode())

    labs = FakeLabs.instead(monkeypatch, answer)
    found = _rehearsed(*_shop(), sources=INSIDE, real=True)
    assert labs.stood_in_for == [("edge", "nginx")]
    assert labs.done[0] == "real"
    to_controller = labs.asked[-1]
    assert {each.source for each in to_controller} == {"203.0.113.200"}
    assert {(each.port, each.server_name) for each in to_controller} == {(80, ""), (443, "shop.example.com")}
    assert {str(each.shown) for each in found.played} == {"forbidden 403 as 203.0.113.200"}
    assert found.tally == {"differs": 6}


def test_what_never_reached_a_controller_is_not_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    labs = FakeLabs.instead(monkeypatch, lambda probe, loads: TIMEOUT)
    found = _rehearsed(*_shop(), sources=INSIDE, real=True)
    assert labs.stood_in_for == []
    assert {each.shown.effect for each in found.played} == {"timeout"}
