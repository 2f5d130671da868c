"""Laws of the evaluator on random small estates: changes that mean nothing change nothing, and all answers agree.

The estate is that of a shop behind every layer, with its rules, lists, ranges and settings drawn at random, and now and
then with a tag that nobody knows, an object that is broken, or a file that is.
"""

from __future__ import annotations

import copy
import ipaddress
import json
import random
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import aksess
from aksess import library
from aksess.addresses import AddressSet, read_address
from aksess.estate import Estate
from aksess.rulings import Verdict
from robustness.random_cases import bounded
from robustness.small_estates import SHOP, write_file

Object = dict[str, Any]


class Files(dict[str, Any]):
    """Files by name; a failing case shows what was drawn, not the whole estate."""

    drawn: tuple[object, ...] = ()

    def __repr__(self) -> str:
        return f"Files{self.drawn}"


FRONT = "20.50.60.70"
SERVICE = "tcp://ingress-nginx/ingress-nginx-controller:443"
TARGETS = (
    "https://shop.example.com/",
    "https://admin.example.com/login",
    "http://admin.example.com/",
    "https://nobody.example.com/",
    f"tcp://{FRONT}:443",
    f"tcp://{FRONT}:80",
    SERVICE,
    "api-server",
)
NETWORKS = (
    *("8.0.0.0/8", "198.51.100.0/24", "198.51.100.128/25", "203.0.113.0/28", "203.0.113.7/32", "0.0.0.0/1"),
    *("10.224.0.0/12", "10.224.0.4/32", "168.63.129.16/32", "2001:db8::/32", "255.255.255.255/32"),
)
few = bounded(25)
chances = st.integers(0, 1 << 32).map(random.Random)


# --- random estates ---------------------------------------------------------------------------------------------------

networks = st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=3, unique=True)
sources = st.one_of(networks, st.sampled_from([["*"], ["Internet"], ["VirtualNetwork"], ["NoSuchTag"], ["AzureCloud"]]))


@st.composite
def security_rules(draw: st.DrawFn) -> list[Object]:
    """Up to four rules with priorities of their own; probes are let in first, else nothing else would matter."""
    found = [_rule(100, "Allow", ["AzureLoadBalancer"], "*", "*")]
    for number in range(draw(st.integers(0, 4))):
        found.append(
            _rule(
                110 + 10 * number,
                draw(st.sampled_from(["Allow", "Allow", "Deny"])),
                draw(sources),
                draw(st.sampled_from(["443", "443", "80-443", "*", "8080"])),
                draw(st.sampled_from([FRONT, "*", "20.50.60.0/24", "10.224.0.0/16"])),
            )
        )
    return found


def _rule(priority: int, access: str, prefixes: list[str], ports: str, destination: str) -> Object:
    properties = {
        "priority": priority,
        "access": access,
        "direction": "Inbound",
        "protocol": "*",
        "sourceAddressPrefixes": prefixes,
        "sourcePortRange": "*",
        "destinationAddressPrefix": destination,
        "destinationPortRange": ports,
    }
    return {"name": f"rule-{priority}", "properties": properties}


@st.composite
def estates(draw: st.DrawFn) -> Files:
    """The files of a shop with random rules, lists and settings."""
    files = Files(SHOP.copy())
    edge, managed = files["groups.json"]["value"]
    edge["properties"]["securityRules"] = draw(security_rules())
    managed["properties"]["securityRules"] = draw(security_rules())
    if draw(st.booleans()):  # then what AKS would write is predicted
        files["groups.json"]["value"].remove(managed)
    for each in files["controller.yaml"]:
        if each["kind"] == "ConfigMap":
            each["data"] |= draw(st.sampled_from(SETTINGS))
        if each["kind"] == "Service":
            each["spec"]["externalTrafficPolicy"] = draw(st.sampled_from(["Local", "Local", "Cluster"]))
            if draw(st.integers(0, 3)) == 0:
                each["spec"]["loadBalancerSourceRanges"] = draw(networks)
    for each in files["shop.yaml"]:
        if each["kind"] == "Ingress":
            listed = draw(st.dictionaries(st.sampled_from(LISTS), networks, max_size=2))
            each["metadata"]["annotations"] = {key: ",".join(value) for key, value in listed.items()}
    profile = files["cluster.json"]["properties"]["apiServerAccessProfile"]
    profile["authorizedIPRanges"] = draw(st.just([]) | networks)
    name, gap = draw(st.sampled_from(GAPS))
    if name:
        files[name] = gap
    files.drawn = (files["groups.json"], files["controller.yaml"], files["shop.yaml"], profile, gap)
    return files


SETTINGS: list[dict[str, str]] = [
    {},
    {},
    {"whitelist-source-range": "198.51.100.0/24"},
    {"block-cidrs": "203.0.113.0/28"},
    {"use-forwarded-headers": "true"},
    {"use-forwarded-headers": "true", "proxy-real-ip-cidr": "198.51.100.0/24"},
    {"use-proxy-protocol": "true"},
    {"force-ssl-redirect": "true"},
]
LISTS = [
    f"nginx.ingress.kubernetes.io/{each}"
    for each in ("whitelist-source-range", "allowlist-source-range", "denylist-source-range")
]
GAPS: list[tuple[str, Any]] = [
    *[("", None)] * 3,
    ("zz.yaml", b"a: [\n"),
    ("zz.yaml", [{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "x"}, "spec": 5}]),
    ("zz.yaml", [{"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy", "metadata": {"name": "x"}}]),
]


def read(files: dict[str, Any]) -> Estate:
    with tempfile.TemporaryDirectory() as folder:
        for name, value in files.items():
            write_file(Path(folder, name), value)
        return aksess.read(folder)


def reached(estate: Estate) -> dict[str, tuple[AddressSet, AddressSet]]:
    """Who is allowed and who cannot be known, by target and by exposure."""
    found = {target: library.who(estate, target).standing for target in TARGETS}
    answers = {target: (each.allowed, each.indeterminate) for target, each in found.items()}
    return answers | {each.id: (each.allowed, each.indeterminate) for each in library.audit(estate).exposures}


# --- laws -------------------------------------------------------------------------------------------------------------


def edges(files: Files) -> Iterator[str]:
    """The addresses at both edges of every prefix that could matter, and those beside them."""
    text = json.dumps(files, default=str)
    for each in {*NETWORKS, "10.0.0.0/8", "0.0.0.0/0", "::/0", "224.0.0.0/3"}:
        network = ipaddress.ip_network(each)
        if str(network.network_address) in text or network.prefixlen < 9:
            first, last = int(network[0]), int(network[-1])
            for number in (first - 1, first, last, last + 1):
                if 0 <= number < 1 << network.max_prefixlen:
                    yield str(type(network.network_address)(number))


@given(files=estates(), strict=st.booleans())
@few
def test_explain_and_who_agree_at_the_edges_of_every_prefix(files: Files, strict: bool) -> None:
    estate = read(files)
    for target in TARGETS:
        standing = library.who(estate, target, strict=strict).standing
        assert not standing.allowed & standing.indeterminate
        for text in sorted(set(edges(files))):
            address = read_address(text)
            assert address is not None
            verdict = library.explain(estate, text, target, strict=strict).verdict
            inside, unsure = address in standing.allowed, address in standing.indeterminate
            expected = {
                Verdict.ALLOWED: inside,
                Verdict.DENIED: not inside and not unsure,
                Verdict.INDETERMINATE: inside or unsure,
                Verdict.MIXED: inside,
            }
            assert expected[verdict], (text, target, verdict, standing)


@given(files=estates())
@few
def test_explain_of_a_network_is_that_of_its_addresses(files: Files) -> None:
    """The outcomes of a range divide it as `who` does; nobody of the range is left out."""
    estate = read(files)
    for target in TARGETS:
        standing = library.who(estate, target).standing
        for text in ("0.0.0.0/0", "198.51.100.0/23", "2001:db8::/31"):
            asked = AddressSet.of(text)
            found = library.explain(estate, text, target)
            for alternative in found.alternatives:
                assert AddressSet.union_of(each.sources for each in alternative.outcomes) >= alternative.domain & asked
            covered = AddressSet.union_of(each.domain for each in found.alternatives)
            assert covered >= asked
            reaching = AddressSet.union_of(each.standing.allowed & each.domain for each in found.alternatives)
            assert reaching & asked == standing.allowed & asked


@given(files=estates(), chance=chances)
@few
def test_priorities_of_disjoint_rules_may_be_exchanged(files: Files, chance: random.Random) -> None:
    """Rules that have no source in common decide the same in any order."""
    disjoint = ["8.0.0.0/8", "198.51.100.0/24", "203.0.113.0/28", "10.224.0.0/12", "2001:db8::/32"]
    chance.shuffle(disjoint)
    rules = files["groups.json"]["value"][0]["properties"]["securityRules"]
    del rules[1:]
    for number, each in enumerate(disjoint):
        rules.append(_rule(200 + number, chance.choice(["Allow", "Deny"]), [each], chance.choice(["443", "*"]), "*"))
    rules.append(_rule(400, chance.choice(["Allow", "Deny"]), ["Internet"], "*", "*"))
    before = reached(read(files))
    priorities = [each["properties"]["priority"] for each in rules[1:-1]]
    chance.shuffle(priorities)
    for each, priority in zip(rules[1:-1], priorities, strict=True):
        each["properties"]["priority"] = priority
    assert reached(read(files)) == before


@given(files=estates(), depth=st.integers(1, 3))
@few
def test_a_network_may_be_written_as_its_halves(files: Files, depth: int) -> None:
    """In rules, lists and ranges alike."""
    before = reached(read(files))
    assert reached(read(_halved(files, depth))) == before


def _halved(files: Files, depth: int) -> Files:
    changed = copy.deepcopy(files)
    for group in changed["groups.json"]["value"]:
        for rule in group["properties"]["securityRules"]:
            rule["properties"]["sourceAddressPrefixes"] = _halves(rule["properties"]["sourceAddressPrefixes"], depth)
    for each in (*changed["controller.yaml"], *changed["shop.yaml"]):
        if each["kind"] == "Ingress":
            notes = each["metadata"]["annotations"]
            each["metadata"]["annotations"] = {key: ",".join(_halves(notes[key].split(","), depth)) for key in notes}
        if each["kind"] == "ConfigMap":
            for key in ("whitelist-source-range", "block-cidrs", "proxy-real-ip-cidr"):
                if key in each["data"]:
                    each["data"][key] = ",".join(_halves([each["data"][key]], depth))
        if each["kind"] == "Service" and "loadBalancerSourceRanges" in each["spec"]:
            each["spec"]["loadBalancerSourceRanges"] = _halves(each["spec"]["loadBalancerSourceRanges"], depth)
    profile = changed["cluster.json"]["properties"]["apiServerAccessProfile"]
    profile["authorizedIPRanges"] = _halves(profile["authorizedIPRanges"], depth)
    return changed


def _halves(texts: list[str], depth: int) -> list[str]:
    found: list[str] = []
    for text in texts:
        if "/" not in text:
            found.append(text)
            continue
        network = ipaddress.ip_network(text)
        found += [str(each) for each in network.subnets(min(depth, network.max_prefixlen - network.prefixlen))]
    return found


@given(files=estates(), chance=chances)
@few
def test_the_order_of_files_and_documents_does_not_matter(files: Files, chance: random.Random) -> None:
    before = reached(read(files))
    assert reached(read(_shuffled(files, chance))) == before


def _shuffled(files: Files, chance: random.Random) -> dict[str, Any]:
    """Files under other names, documents, list items and rules in another order."""
    changed = copy.deepcopy(files)
    for value in changed.values():
        inner = value
        if isinstance(value, dict):
            inner = value.get("items") or value.get("value") or []
        if isinstance(inner, list):
            chance.shuffle(inner)
    for group in changed["groups.json"]["value"]:
        chance.shuffle(group["properties"]["securityRules"])
    order = list(range(len(changed)))
    chance.shuffle(order)
    return {f"{place:02}{Path(name).suffix}": changed[name] for place, name in zip(order, changed, strict=True)}


@given(files=estates())
@few
def test_nothing_differs_from_itself(files: Files) -> None:
    estate = read(files)
    assert library.diff(estate, estate) == ()
    assert library.diff(estate, read(files)) == ()


@given(before=estates(), after=estates())
@few
def test_every_witness_of_a_difference_differs(before: Files, after: Files) -> None:
    """Addresses of each set that `diff` tells of, asked at that exposure in both estates."""
    one, other = _Asked(read(before)), _Asked(read(after))
    for each in library.diff(one.estate, other.estate):
        for found, was, will in (
            (each.gained, {Verdict.DENIED}, {Verdict.ALLOWED, Verdict.MIXED}),
            (each.lost, {Verdict.ALLOWED, Verdict.MIXED}, {Verdict.DENIED}),
        ):
            for witness in _witnesses(found):
                assert one.verdict(witness, each.exposure) in was, (each, witness)
                assert other.verdict(witness, each.exposure) in will, (each, witness)
        for witness in _witnesses(each.uncertain):
            said = {estate.verdict(witness, each.exposure) for estate in (one, other)}
            assert Verdict.INDETERMINATE in said, (each, witness)


def _witnesses(addresses: AddressSet) -> list[str]:
    """Both ends of the first ranges of a set."""
    return [str(end) for ends in islice(addresses.ranges(), 8) for end in ends]


class _Asked:
    """An estate that is asked about its exposures."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.known = {each.id for each in library.audit(estate).exposures}

    def verdict(self, source: str, exposure: str) -> Verdict:
        """The verdict at one exposure; where there is none, nobody gets in by it."""
        if exposure not in self.known:
            return Verdict.DENIED
        if exposure.startswith("api-server"):
            return library.explain(self.estate, source, exposure).verdict
        what, _, entry = exposure.rpartition("@")
        target = f"tcp://{entry}" if what.startswith("tcp://") else what
        return library.explain(self.estate, source, target, entry=entry).verdict


@given(files=estates())
@few
def test_an_exposure_is_what_who_says_of_it(files: Files) -> None:
    estate = read(files)
    for each in library.audit(estate).exposures:
        what, _, entry = each.id.rpartition("@")
        target = what if what.startswith("http") else f"tcp://{entry}" if what else each.id
        standing = library.who(estate, target, entry=entry if what else "").standing
        assert (standing.allowed, standing.indeterminate) == (each.allowed, each.indeterminate)
