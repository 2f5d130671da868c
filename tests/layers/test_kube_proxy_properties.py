"""Laws that hold for every Service, whatever its ranges, endpoints, policies and callers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from kube_proxy_cluster import FRONTEND, FRONTEND6, NODES, ONE, ONE6, World, endpoint, endpoint_slice, node, service

from aksess.addresses import NOBODY, AddressSet, read_address
from aksess.layers.kube_proxy import Arrival, Delivery, Handling, handle, source_ranges
from aksess.rulings import Effect, Ruling

RANGES = ("198.51.100.0/24", "198.51.100.128/25", "10.1.0.0/16", "10.9.1.0/24", "0.0.0.0/1", "128.0.0.0/1", f"{ONE}/32")
RANGES6 = ("2001:db8::/32", "fd01::/16", "fd09:1::/64", "::/0")
BROKEN = ("junk", "1.2.3.4", "", "10.0.0.0/33")
CONDITIONS: list[dict[str, bool]] = [{}, {"ready": False}, {"ready": False, "serving": True, "terminating": True}]
MODES = ("iptables", "nftables")
WINDOWS = node("two", 2, labels={"kubernetes.io/os": "windows"})

ranges = st.lists(st.sampled_from(RANGES + RANGES6 + BROKEN), max_size=4, unique=True)
policies = st.sampled_from(["Cluster", "Local"])


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    statuses = ([], [{"ip": FRONTEND}, {"ip": FRONTEND6}], [{"ip": FRONTEND}], [{"ip": FRONTEND, "ipMode": "Proxy"}])
    return service(
        loadBalancerSourceRanges=draw(ranges),
        externalTrafficPolicy=draw(policies),
        internalTrafficPolicy=draw(policies),
        externalIPs=draw(st.sampled_from([[], [FRONTEND], ["192.0.2.80"]])),
        ipFamilies=draw(st.sampled_from([["IPv4"], ["IPv4", "IPv6"]])),
        status=draw(st.sampled_from(statuses)),
        metadata={"uid": draw(st.sampled_from(["", "u"]))},
    )


@st.composite
def slices(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for family, prefix in (("IPv4", "10.9.{}.{}"), ("IPv6", "fd09:{}::{}")):
        members = []
        for number in draw(st.lists(st.integers(1, 9), max_size=4, unique=True)):
            at = draw(st.sampled_from([1, 2]))
            host = (ONE, "10.1.0.5")[at - 1] if family == "IPv4" else (ONE6, "fd01::5")[at - 1]
            address = host if draw(st.booleans()) else prefix.format(at, number)
            conditions = draw(
                st.sampled_from([{}, {"ready": False}, {"ready": False, "serving": True, "terminating": True}])
            )
            members.append(endpoint(address, ("one", "two")[at - 1], f"web-{number}", **conditions))
        found.append(endpoint_slice(*members, family=family))
    return draw(st.sampled_from([found, found[:1], []]))


@st.composite
def worlds(draw: st.DrawFn, mode: Any = None) -> World:
    modes = st.sampled_from([*MODES, None]) if mode is None else st.just(mode)
    return World(
        draw(services()),
        mode=draw(modes),
        pod_side=draw(st.sampled_from(["node", "bridge"])),
        nodes=draw(st.sampled_from([NODES, [NODES[0], WINDOWS], NODES[:1]])),
        slices=draw(slices()),
    )


@st.composite
def arrivals(draw: st.DrawFn) -> dict[str, Any]:
    family = draw(st.sampled_from([4, 6]))
    kinds = ["frontend", "external-ip", "node-port", "cluster-ip", "health-check-node-port"]
    addresses = [None, FRONTEND, "192.0.2.80", ONE, "10.1.0.44"] if family == 4 else [None, FRONTEND6, ONE6]
    return {
        "kind": draw(st.sampled_from(kinds)),
        "family": family,
        "address": draw(st.sampled_from(addresses)),
        "caller": draw(st.sampled_from(["outside", "pod", "node"])),
        "home": draw(st.sampled_from(["", "one", "two"])),
        "on": draw(st.sampled_from(["one", None])),
    }


def reaching(cells: Handling) -> AddressSet:
    """The sources that some alternative delivers."""
    return AddressSet.union_of(
        sources for sources, alternatives in cells if any(isinstance(each, Delivery) for each in alternatives)
    )


@settings(max_examples=600, deadline=None)
@given(worlds(), arrivals())
def test_cells_are_disjoint_and_hold_every_source(world: World, arrival: dict[str, Any]) -> None:
    rest = Arrival("frontend", arrival["family"]).sources
    for sources, alternatives in world.cells(**arrival):
        assert sources
        assert alternatives
        assert sources <= rest
        rest = rest - sources
    assert rest == NOBODY


@settings(max_examples=600, deadline=None)
@given(worlds(), arrivals())
def test_alternatives_say_what_they_must(world: World, arrival: dict[str, Any]) -> None:
    """A delivery names endpoints and non-empty addresses of its family; everything cites where it was found."""
    for _, alternatives in world.cells(**arrival):
        for each in alternatives:
            assert each.citation.file == "cluster.yaml"
            assert each.citation.text
            if isinstance(each, Delivery):
                assert len(each.endpoints) == len(list(each.endpoints)) > 0
                assert all(one in each.endpoints for one in each.endpoints)
                assert each.seen is None or (each.seen and each.seen == each.seen.family(arrival["family"]))
            else:
                assert not each.doubt
                assert each.effect in {Effect.TIMEOUT, Effect.REFUSED, Effect.ANSWERED, None}


@settings(max_examples=400, deadline=None)
@given(worlds(), arrivals(), st.sampled_from(RANGES + RANGES6))
def test_adding_a_range_never_shrinks_who_gets_in(world: World, arrival: dict[str, Any], added: str) -> None:
    """Where the family has a list already; the first range of a family is what closes it."""
    before = source_ranges(world.service.source_ranges, arrival["family"])
    had = reaching(world.cells(**arrival))
    world.service = replace(world.service, source_ranges=(*world.service.source_ranges, added))
    has = reaching(world.cells(**arrival))
    if before is None and (":" in added) == (arrival["family"] == 6):
        assert has <= had
    else:
        assert had <= has


@settings(max_examples=400, deadline=None)
@given(worlds(), arrivals(), ranges)
def test_ranges_judge_frontends_only(world: World, arrival: dict[str, Any], others: list[str]) -> None:
    """Any other destination is answered the same whatever the ranges are."""
    if arrival["kind"] in {"frontend", "external-ip"}:
        arrival["kind"] = "node-port"
    before = world.cells(**arrival)
    world.service = replace(world.service, source_ranges=tuple(others))
    assert world.cells(**arrival) == before


@settings(max_examples=400, deadline=None)
@given(worlds(mode="nftables"), arrivals())
def test_who_gets_to_a_frontend_is_who_is_listed(world: World, arrival: dict[str, Any]) -> None:
    """Behind a handled frontend nobody unlisted is delivered; with an endpoint for them, everybody listed is."""
    arrival |= {"kind": "frontend", "address": None, "on": "one"}
    listed = source_ranges(world.service.source_ranges, arrival["family"])
    delivered = reaching(world.cells(**arrival))
    if listed is None:
        return
    own = read_address(FRONTEND if arrival["family"] == 4 else FRONTEND6)
    assert own is not None
    assert delivered <= listed | AddressSet.single(own)
    if delivered and world.service.external_policy == "Cluster":
        assert listed <= delivered


@settings(max_examples=400, deadline=None)
@given(worlds(mode="iptables"), arrivals())
def test_modes_differ_in_corners_only(world: World, arrival: dict[str, Any]) -> None:
    """With endpoints, primary addresses and no external IP that is a frontend, both modes say the same."""
    other = replace(world.cluster, mode="nftables")
    unknown = replace(world.cluster, mode=None)
    at = world.estate.nodes[arrival.pop("on") or "one"]
    if isinstance(arrival["address"], str):
        arrival["address"] = read_address(arrival["address"])
    asked = Arrival(**arrival)
    one, two, both = (
        handle(world.service, world.service.ports[0], asked, world.endpoints, at, each)
        for each in (world.cluster, other, unknown)
    )
    usable = bool(world.endpoints.usable(world.service.ports[0], asked.family))
    corner = (
        not usable
        or read_address(FRONTEND) in world.service.external_addresses
        or (asked.kind in {"node-port", "health-check-node-port"} and asked.address not in {None, *at.internal[:2]})
        or (asked.caller == "pod" and asked.home == "two")
    )
    assert corner or one == two
    assert reaching(both) == reaching(one)
    differs = any(taken.code == "kube-proxy-mode" for _, found in both for each in found for taken in each.assumptions)
    assert differs == (one != two)


@settings(max_examples=300, deadline=None)
@given(worlds(mode="nftables"), arrivals())
def test_no_unread_endpoint_is_a_refusal(world: World, arrival: dict[str, Any]) -> None:
    """Where endpoints are only taken for true, a handled destination is never refused for want of them."""
    if not world.endpoints.assumed:
        return
    for _, alternatives in world.cells(**arrival):
        for each in alternatives:
            assert not (isinstance(each, Ruling) and "endpoint" in each.citation.text and each.effect is Effect.REFUSED)
