"""One test for each fact that was seen of the real cloud provider, asked of the library as anybody would.

The facts are those of the page of observations, section 2 ("observed.md 2"), named by their words. Every variant of a
Service is asked for by what clients get and through which rule. What these facts leave open:

* the answers 412 of Azure, a group that is cached for two minutes, and what an endpoint of Azure has to do: they are
  about when a rule is written, and answers are about rules that are written;
* "not put back" for longer than 215 seconds was not tried: whatever is in the group now is what answers.
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_proxy_cluster import read

from aksess import library
from aksess.estate import Estate
from aksess.layers.cloud_provider import Annotation
from aksess.layers.cloud_provider.rules import allow_rule_name
from aksess.rulings import Layer
from checks.small_clusters import ADDRESS, ADDRESS_6, Item, cluster, group, load_balancer, network, node, rule

AT_FRONTEND = f"tcp://{ADDRESS}:443"
INTERNET = allow_rule_name("Tcp", 4, ["Internet"], [443])
DENY, DEFAULT = "k8s-azure-lb_deny-all_IPv4", "DenyAllInBound"
OFFICE, PARTNER, STRANGER, INSIDE = "203.0.113.9", "198.51.100.9", "81.2.69.142", "10.224.9.9"
TO_OFFICE = allow_rule_name("Tcp", 4, ["203.0.113.0/24"], [443])
INTERNAL = "10.224.0.200"
RANGE = ["203.0.113.0/24"]
REACHED, TIMEOUT, UNKNOWN = "reached", "timeout", "unknown"

Said = tuple[str, tuple[str, int | None]]


def estate(*objects: Item, version: str = "1.34.2") -> Estate:
    """A cluster with its network; without a group of AKS in it, the group is predicted."""
    nodes = [node("one", "10.224.0.4"), node("two", "10.224.0.5")]
    return read(*nodes, *objects, *network(), cluster(currentKubernetesVersion=version))


def asked(found: Estate, source: str, target: str = AT_FRONTEND) -> Said:
    """The effect, and the rule of the group of AKS that decides about a source, with its priority."""
    (outcome,) = library.explain(found, source, target).outcomes
    (rule_,) = [each.citation for each in outcome.trail if each.citation.layer == Layer.NIC_NSG]
    return outcome.effect.value, (rule_.rule, rule_.priority)


def findings(found: Estate) -> dict[str, str]:
    """What the audit finds, by check."""
    return {each.check: each.message for each in library.audit(found).findings}


def service(name: str = "web", notes: dict[Annotation, str] | None = None, **more: Any) -> Item:
    return load_balancer(name, notes={str(key): value for key, value in (notes or {}).items()}, **more)


# --- what is written for a Service -----------------------------------------------------------------------------------

NOTHING_ELSE = (TIMEOUT, (DEFAULT, 65500))
DENIED = (TIMEOUT, (DENY, 4095))
ADMITTED = (REACHED, (TO_OFFICE, 500))
EVERYBODY = (REACHED, (INTERNET, 500))

VARIANTS: dict[str, tuple[Item, dict[str, Said]]] = {
    "plain": (service(), {STRANGER: EVERYBODY, INSIDE: NOTHING_ELSE}),
    "policy Local": (service(externalTrafficPolicy="Local"), {STRANGER: EVERYBODY, INSIDE: NOTHING_ELSE}),
    "two halves are merged": (
        service(loadBalancerSourceRanges=["203.0.113.0/25", "203.0.113.128/25"]),
        {OFFICE: ADMITTED, PARTNER: NOTHING_ELSE},
    ),
    "allowed-ip-ranges": (
        service(notes={Annotation.ALLOWED_IP_RANGES: "203.0.113.0/24"}),
        {OFFICE: ADMITTED, PARTNER: NOTHING_ELSE},
    ),
    "deny-all": (
        service(notes={Annotation.DENY_ALL: "true"}, loadBalancerSourceRanges=RANGE),
        {OFFICE: ADMITTED, PARTNER: DENIED},
    ),
    "an empty annotation": (service(notes={Annotation.ALLOWED_IP_RANGES: ""}), {OFFICE: DENIED, PARTNER: DENIED}),
    "a bad entry": (
        service(notes={Annotation.ALLOWED_IP_RANGES: "203.0.113.0/24,bad"}),
        {OFFICE: ADMITTED, PARTNER: DENIED},
    ),
}


@pytest.mark.parametrize(("made", "clients"), VARIANTS.values(), ids=VARIANTS)
def test_a_variant_of_a_service_got_other_rules(made: Item, clients: dict[str, Said]) -> None:
    """observed.md 2, "names and fields": one rule of the lowest priority; 4095 denies where that is asked for."""
    found = estate(made)
    for source, said in clients.items():
        assert asked(found, source) == said, source


def test_two_ports_were_thought_to_get_two_rules() -> None:
    """observed.md 2, "plain 443+80": one rule, priority 500."""
    ports = [{"name": "https", "port": 443}, {"name": "http", "port": 80}]
    both = (REACHED, (allow_rule_name("Tcp", 4, ["Internet"], [80, 443]), 500))
    found = estate(service(ports=ports))
    assert asked(found, STRANGER) == asked(found, STRANGER, f"tcp://{ADDRESS}:80") == both


def test_tags_were_thought_to_share_a_rule() -> None:
    """observed.md 2, "one rule a tag": whom a tag means that no file tells cannot be known; what it tells can."""
    made = service(notes={Annotation.ALLOWED_SERVICE_TAGS: "AzureFrontDoor.Backend,Storage"})
    assert asked(estate(made), STRANGER)[0] == UNKNOWN
    tags = [("AzureFrontDoor.Backend", "203.0.113.0/24"), ("Storage", "198.51.100.0/24")]
    values = [{"name": name, "properties": {"addressPrefixes": [prefix]}} for name, prefix in tags]
    known = read(made, *network(), cluster(), {"changeNumber": 1, "values": values})
    for number, (source, (tag, _)) in enumerate(zip((OFFICE, PARTNER), tags, strict=True)):
        assert asked(known, source) == (REACHED, (allow_rule_name("Tcp", 4, [tag], [443]), 500 + number))
    assert asked(known, STRANGER) == NOTHING_ELSE


def test_ranges_were_thought_to_replace_tags() -> None:
    """observed.md 2, "tags and spec ranges: both written"; kube-proxy still drops who is not in the ranges."""
    found = estate(service(notes={Annotation.ALLOWED_SERVICE_TAGS: "Storage"}, loadBalancerSourceRanges=RANGE))
    assert asked(found, OFFICE) == (REACHED, (TO_OFFICE, 501))
    assert asked(found, PARTNER)[0] == TIMEOUT
    outcome = library.explain(found, PARTNER, AT_FRONTEND).outcomes[0]
    assert outcome.citation.layer == Layer.KUBE_PROXY


def test_two_services_of_one_kind_were_thought_to_have_a_rule_each() -> None:
    """observed.md 2, "UDP rule shared by two Services"."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}]
    found = estate(service("a", ports=ports), service("b", ports=ports, addresses=["20.50.60.71"]))
    shared = (REACHED, (allow_rule_name("Udp", 4, ["Internet"], [53]), 500))
    assert asked(found, STRANGER, f"udp://{ADDRESS}:53") == asked(found, STRANGER, "udp://20.50.60.71:53") == shared


def test_an_internal_service_was_thought_to_be_written_for() -> None:
    """observed.md 2, "internal without ranges: none": the default rules decide; with ranges they still admit others."""
    at = f"tcp://{INTERNAL}:443"
    bare = estate(service(notes={Annotation.INTERNAL: "true"}, addresses=[INTERNAL]))
    assert asked(bare, INSIDE, at) == (REACHED, ("AllowVnetInBound", 65000))
    assert asked(bare, OFFICE, at) == NOTHING_ELSE
    notes = {Annotation.INTERNAL: "true", Annotation.ALLOWED_IP_RANGES: "203.0.113.0/24"}
    ranged = estate(service(notes=notes, addresses=[INTERNAL]))
    assert asked(ranged, OFFICE, at) == ADMITTED
    assert asked(ranged, INSIDE, at) == (REACHED, ("AllowVnetInBound", 65000))


def test_the_second_family_was_thought_to_be_shut() -> None:
    """observed.md 2, "dual stack: twin rules"."""
    found = estate(service(addresses=[ADDRESS, ADDRESS_6], ipFamilies=["IPv4", "IPv6"]))
    twin = (REACHED, (allow_rule_name("Tcp", 6, ["Internet"], [443]), 501))
    assert asked(found, STRANGER) == EVERYBODY
    assert asked(found, "2001:4860::1", f"tcp://[{ADDRESS_6}]:443") == twin


OFF = {Annotation.FLOATING_IP_OFF: "true"}


def test_without_floating_ip_the_rule_was_thought_to_name_the_frontend() -> None:
    """observed.md 2, "floating IP off: node addresses and node ports": so the node itself is open on that port."""
    found = estate(service(notes=OFF))
    at_nodes = (REACHED, (allow_rule_name("Tcp", 4, ["Internet"], [30443]), 500))
    assert asked(found, STRANGER) == asked(found, STRANGER, "tcp://10.224.0.4:30443") == at_nodes
    assert asked(estate(service()), STRANGER, "tcp://10.224.0.4:30443") == NOTHING_ELSE


def test_without_floating_ip_addresses_of_the_other_family_were_thought_to_be_shut() -> None:
    """observed.md 2, "an IPv4-only Service also opens an IPv6 rule", once pools are dual-stack; before, it may."""
    six = [{"type": "InternalIP", "address": each} for each in ("10.224.0.4", "fd00::4")]
    both = {**node("one", ""), "status": {"addresses": six}}
    dual = load_balancer("dual", addresses=["20.50.60.71", ADDRESS_6], ipFamilies=["IPv4", "IPv6"])
    opened = allow_rule_name("Tcp", 6, ["Internet"], [30443])
    for more, doubtful in (([dual], False), ([], True)):
        found = read(both, service(notes=OFF, ipFamilies=["IPv4"]), *more, *network(), cluster())
        outcome = library.explain(found, "2001:4860::1", "tcp://[fd00::4]:30443").outcomes[0]
        (ruling,) = [each for each in outcome.trail if each.citation.layer == Layer.NIC_NSG]
        assert (ruling.passes, bool(ruling.doubt)) == (True, doubtful)
        assert doubtful or ruling.citation.rule == opened
        assert outcome.effect == "refused", "no node port of an IPv4-only Service listens there"


@pytest.mark.parametrize(
    ("version", "said"),
    [("1.34.2", EVERYBODY), ("1.35.8", (UNKNOWN, (DEFAULT, 65500))), ("1.37.0", NOTHING_ELSE)],
)
def test_opting_out_was_thought_to_be_of_no_effect(version: str, said: Said) -> None:
    """observed.md 2, "opt-out: none", seen with 1.35.8; which patch release AKS runs cannot be known."""
    assert asked(estate(service(notes={Annotation.SECURITY_RULES_OFF: "true"}), version=version), STRANGER) == said


# --- edits -----------------------------------------------------------------------------------------------------------

WRITTEN = {"destination": ADDRESS, "port": ["443"], "protocol": "Tcp"}


def live(*rules: Item) -> Estate:
    """The cluster with the group of AKS as it is."""
    return estate(service(), group(*rules))


def test_an_edit_was_thought_to_be_put_back_at_once() -> None:
    """observed.md 2, "true, but only on a trigger": the edited rule answers, and the audit says when that ends."""
    found = live(rule(INTERNET, 500, "198.51.100.0/24", **WRITTEN))
    assert (asked(found, PARTNER), asked(found, STRANGER)) == ((REACHED, (INTERNET, 500)), NOTHING_ELSE)
    told = findings(found)["nsg-edit-will-be-reverted"]
    for words in ("next change of that Service", "node change", "restart of the cloud provider", "not before"):
        assert words in told


ORPHAN = "k8s-azure-lb_allow_IPv4_0123456789abcdef0123456789abcdef"
PLAIN = rule(INTERNET, 500, "Internet", **WRITTEN)
EDITS: dict[str, tuple[list[Item], str]] = {
    "deleted": ([], "nsg-rule-missing"),
    "other ports": ([rule(INTERNET, 500, "Internet", **{**WRITTEN, "port": ["8443"]})], "nsg-edit-will-be-reverted"),
    "a foreign destination": (
        [rule(INTERNET, 500, "Internet", **{**WRITTEN, "destination": [ADDRESS, "20.9.9.9"]})],
        "nsg-edit-will-be-reverted",
    ),
    "any destination": ([PLAIN, rule(ORPHAN, 600, "Internet", "*", ["443"], protocol="Tcp")], "nsg-rule-stale"),
    "a custom rule": ([PLAIN, rule("ours", 700, "Internet", **WRITTEN)], ""),
    "another priority": ([rule(INTERNET, 900, "Internet", **WRITTEN)], ""),
    "a description": ([{**PLAIN, "description": "ours"}], ""),
}


@pytest.mark.parametrize(("rules", "check"), EDITS.values(), ids=EDITS)
def test_a_restart_was_thought_to_leave_or_to_undo_other_edits(rules: list[Item], check: str) -> None:
    """observed.md 2, "on restart too": what the provider puts right is found, what it keeps is not."""
    drift = {"nsg-rule-missing", "nsg-edit-will-be-reverted", "nsg-rule-stale"}
    assert drift & findings(live(*rules)).keys() == ({check} if check else set())


def test_a_rule_that_is_missing_was_thought_to_be_there() -> None:
    """observed.md 2, "deleted rule re-created" only by a trigger: until then nobody gets in."""
    assert asked(live(), STRANGER) == NOTHING_ELSE


# --- a Service that is stuck -----------------------------------------------------------------------------------------

CONFLICT = service(notes={Annotation.ALLOWED_IP_RANGES: "198.51.100.0/24"}, loadBalancerSourceRanges=RANGE)


def test_a_conflict_was_thought_to_be_settled_by_one_of_the_two_lists() -> None:
    """observed.md 2, "cannot set both": the old rules stay, which cannot be known where the group was not read."""
    assert asked(estate(CONFLICT), OFFICE)[0] == UNKNOWN
    old = estate(CONFLICT, group(PLAIN))
    assert asked(old, OFFICE) == EVERYBODY
    assert asked(old, PARTNER)[0] == TIMEOUT, "kube-proxy enforces the ranges of the spec"


def test_a_conflict_was_thought_to_end_with_the_service() -> None:
    """observed.md 2, "cannot be deleted": address and rule remain until the annotation is removed."""
    for found in (estate(CONFLICT), estate(CONFLICT, group(PLAIN))):
        assert "cannot be updated or deleted" in findings(found)["service-stuck"]
    assert "service-stuck" not in findings(estate(service(loadBalancerSourceRanges=RANGE)))
