"""One Service: what the cloud provider reads in it, which rules it names, and what one reconcile does to a group.

Source, where a test names no other: kubernetes-sigs/cloud-provider-azure pkg/provider.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aksess.addresses import Address, read_address
from aksess.addresses.parsing import cloud_provider_network
from aksess.estate import kubernetes, wire
from aksess.estate.azure import SecurityRule
from aksess.estate.kubernetes import Service
from aksess.layers.cloud_provider.access_control import CONFLICT, AccessControl, Annotation
from aksess.layers.cloud_provider.behaviour import CURRENT, Behaviour
from aksess.layers.cloud_provider.cluster import Cluster, backend_addresses, managed_addresses
from aksess.layers.cloud_provider.reconcile import Cause, Refusal, Step, reconcile
from aksess.layers.cloud_provider.rules import Usage, WrittenRule, allow_rule_name, deny_rule_name, is_owned
from aksess.layers.cloud_provider.wanted import aggregated, wanted
from aksess.snapshot.places import StoredPlace

HTTP = "k8s-azure-lb_allow_IPv4_d39272f7f57ed937951650d93992ad77"
DENY = "k8s-azure-lb_deny-all_IPv4"
OPTED_OUT = {Annotation.SECURITY_RULES_OFF: "true"}
NODE_PORTS = {Annotation.FLOATING_IP_OFF: "true"}
DENY_OTHERS = {Annotation.DENY_ALL: "true"}


def service(
    name: str = "web",
    ports: Sequence[str] = ("TCP/80",),
    *,
    created: str = "",
    notes: dict[Any, str] | None = None,
    ranges: Sequence[str] = (),
    addresses: Sequence[str] = ("20.1.1.1",),
    **spec: Any,
) -> Service:
    """A Service of type LoadBalancer; a port is written ``PROTOCOL/port[/nodePort]``."""
    listed = []
    for port in ports:
        protocol, number, *node_port = port.split("/")
        listed.append({"port": int(number), "protocol": protocol, "nodePort": int(node_port[0]) if node_port else 0})
    item = {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "annotations": {str(k): v for k, v in (notes or {}).items()},
            "creationTimestamp": created,
        },
        "spec": {"type": "LoadBalancer", "ports": listed, "loadBalancerSourceRanges": list(ranges), **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": each} for each in addresses]}},
    }
    return kubernetes.service(msgspec.convert(item, wire.Service), StoredPlace("web.yaml", 1))


def control(*args: Any, **named: Any) -> AccessControl:
    return AccessControl.of(service(*args, **named))


def address(text: str) -> Address:
    found = read_address(text)
    assert found is not None
    return found


def after(rules: Sequence[WrittenRule], step: Step, behaviour: Behaviour = CURRENT) -> dict[str, WrittenRule]:
    outcome = reconcile(rules, step, behaviour)
    assert not isinstance(outcome, Refusal), outcome.error
    return {rule.name: rule for rule in outcome}


def alone(told: AccessControl, backends: Sequence[str] = ()) -> Step:
    """The reconcile of a Service that is alone in its cluster."""
    nodes = tuple(address(text) for text in backends)
    return Cluster.of([told], nodes, nodes).step(told)


def allow(
    name: str, priority: int, destinations: Sequence[str], ports: Sequence[str] = ("80",), **fields: Any
) -> WrittenRule:
    given = {"protocol": "Tcp", "source_prefix": "Internet", "source_port": "*", **fields}
    return WrittenRule(name, priority, destination_ports=tuple(ports), **given).aimed_at(destinations)


# --- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ranges", "notes", "internet", "denies"),
    [
        ([], {}, True, False),
        ([], {Annotation.INTERNAL: "true"}, False, False),
        ([], {Annotation.INTERNAL: "TRUE"}, False, False),
        ([], {Annotation.INTERNAL: " true"}, True, False),
        (["10.0.0.0/8"], {}, False, False),
        (["0.0.0.0/0"], {}, True, False),
        (["::/0"], {}, True, False),
        (["0.0.0.0/1", "128.0.0.0/1"], {}, False, False),
        (["0.0.0.0/0"], {Annotation.INTERNAL: "true"}, True, False),
        (["10.0.0.0/8"], {Annotation.INTERNAL: "true"}, False, False),
        ([], {Annotation.ALLOWED_SERVICE_TAGS: "AzureCloud"}, False, False),
        (["0.0.0.0/0"], {Annotation.ALLOWED_SERVICE_TAGS: "AzureCloud"}, False, False),
        (["10.0.0.1/8"], {}, False, True),
        (["0.0.0.0/0", "1.2.3.4"], {}, False, True),
        ([], {Annotation.ALLOWED_IP_RANGES: ""}, False, True),
        ([], {Annotation.ALLOWED_IP_RANGES: "198.51.100.0/24,"}, False, True),
        ([], {Annotation.SOURCE_RANGES: "nonsense"}, False, True),
        ([], DENY_OTHERS, True, False),
        (["10.0.0.0/8"], DENY_OTHERS, False, True),
        (["10.0.0.0/8"], {Annotation.DENY_ALL: "True"}, False, True),
        (["10.0.0.0/8"], {Annotation.DENY_ALL: "yes"}, False, False),
        (["0.0.0.0/0"], DENY_OTHERS, True, True),
        ([], {**DENY_OTHERS, Annotation.ALLOWED_SERVICE_TAGS: "AzureCloud"}, False, False),
        ([], {**DENY_OTHERS, Annotation.ALLOWED_IP_RANGES: "10.0.0.0/8"}, False, True),
    ],
)
def test_decisions(ranges: list[str], notes: dict[str, str], internet: bool, denies: bool) -> None:
    """Source: loadbalancer/accesscontrol.go `IsAllowFromInternet`, `DenyAllExceptSourceRanges`."""
    told = control(ranges=ranges, notes=notes)
    assert (told.allows_internet, told.denies_all) == (internet, denies)
    assert told.conflict == ""


@pytest.mark.parametrize(
    ("ranges", "annotation", "conflict"),
    [
        (["198.51.100.0/24"], "203.0.113.0/24", True),
        (["198.51.100.0/24", "bad"], "203.0.113.0/24,bad", True),
        (["bad"], "203.0.113.0/24", False),
        (["198.51.100.0/24"], "bad", False),
        (["198.51.100.0/24"], "", False),
        ([], "203.0.113.0/24", False),
    ],
)
@pytest.mark.parametrize("key", [Annotation.ALLOWED_IP_RANGES, Annotation.SOURCE_RANGES])
def test_conflict_counts_valid_ranges_only(ranges: list[str], annotation: str, key: str, conflict: bool) -> None:
    """Source: loadbalancer/accesscontrol.go `NewAccessControl`."""
    assert bool(control(ranges=ranges, notes={key: annotation}).conflict) is conflict


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3.4", "10.0.0.1/8", "010.0.0.0/8", "10.0.0.0/08", "10.0.0.0/33", "fe80::1%eth0/64", "2001:db8::1/32"],
)
def test_refused_ranges(text: str) -> None:
    """Source: util/iputil/prefix.go `ParsePrefix`."""
    assert [entry.text for entry in control(ranges=[text]).invalid] == [text]


def test_invalid_entries_say_where_they_stand() -> None:
    """Entries of the spec come first, and annotations are split at commas with blanks trimmed."""
    told = control(
        ranges=[" 198.51.100.0/24 ", "10.1.2.3/8"],
        notes={Annotation.ALLOWED_IP_RANGES: " 1.2.3.4 , 203.0.113.0/24,x", Annotation.SOURCE_RANGES: "2001:db8::/32"},
    )
    assert [(entry.text, entry.path) for entry in told.invalid] == [
        ("10.1.2.3/8", ("spec", "loadBalancerSourceRanges", 1)),
        ("1.2.3.4", ("metadata", "annotations", "service.beta.kubernetes.io/azure-allowed-ip-ranges")),
        ("x", ("metadata", "annotations", "service.beta.kubernetes.io/azure-allowed-ip-ranges")),
    ]
    assert told.invalid[0].reason == "'10.1.2.3/8' has host bits set; the network is 10.0.0.0/8"
    assert [str(entry.network) for entry in told.source_ranges] == ["198.51.100.0/24"]
    assert [str(entry.network) for entry in told.allowed_ranges] == ["203.0.113.0/24", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("value", "tags"), [(None, ()), ("", ("",)), (" A , B.C,", ("A", "B.C", "")), ("AzureCloud", ("AzureCloud",))]
)
def test_tags_are_not_checked(value: str | None, tags: tuple[str, ...]) -> None:
    """Source: loadbalancer/configuration.go `AllowedServiceTags`."""
    notes = {} if value is None else {Annotation.ALLOWED_SERVICE_TAGS: value}
    assert control(notes=notes).tags == tags


@pytest.mark.parametrize(
    ("value", "good", "bad"),
    [
        ("40.1.1.1,2001:db8::1", ("40.1.1.1", "2001:db8::1"), None),
        (" 40.1.1.1 ", ("40.1.1.1",), None),
        ("40.1.1.1, 40.1.1.2", (), " 40.1.1.2"),
        ("", (), ""),
        ("40.1.1.0/24", (), "40.1.1.0/24"),
    ],
)
def test_additional_addresses(value: str, good: tuple[str, ...], bad: str | None) -> None:
    """Source: loadbalancer/configuration.go `AdditionalPublicIPs`: items are not trimmed."""
    told = control(notes={Annotation.ADDITIONAL_PUBLIC_IPS: value})
    assert tuple(map(str, told.additional)) == good
    assert (told.additional_invalid.text if told.additional_invalid else None) == bad


def test_frontends_leave_out_additional_addresses() -> None:
    """Source: azure_loadbalancer.go `getServiceLoadBalancerStatus` adds them to the status."""
    told = control(addresses=["20.1.1.1", "40.1.1.1"], notes={Annotation.ADDITIONAL_PUBLIC_IPS: "40.1.1.1"})
    assert told.frontends == (address("20.1.1.1"),)


def test_known_addresses_are_counted() -> None:
    """Additional addresses stand in annotation and status. Source: `listAvailableSecurityGroupDestinations`."""
    told = control(addresses=["20.1.1.1", "40.1.1.1"], notes={Annotation.ADDITIONAL_PUBLIC_IPS: "40.1.1.1"})
    assert Cluster.of([told], [address("10.224.0.4")]).known == {"20.1.1.1": 1, "40.1.1.1": 2, "10.224.0.4": 1}


def test_ports_by_protocol() -> None:
    """Source: loadbalancer/accesscontrol.go `SecurityRuleDestinationPortsByProtocol`."""
    ports = ["TCP/80/30080", "UDP/53/30053", "SCTP/9/30009", "TCP/443/30443"]
    assert control(ports=ports).ports == {"Tcp": (80, 443), "Udp": (53,), "*": (9,)}
    assert control(ports=ports, notes=NODE_PORTS).ports == {"Tcp": (30080, 30443), "Udp": (30053,), "*": (30009,)}


@pytest.mark.parametrize(
    ("spec", "provided"),
    [({}, True), ({"loadBalancerClass": "example.com/lb"}, False), ({"type": "NodePort"}, False)],
)
def test_whose_services_these_are(spec: dict[str, str], provided: bool) -> None:
    """Source: kubernetes/cloud-provider controllers/service/controller.go `wantsLoadBalancer`."""
    assert control(**spec).provided is provided


# --- names, fields, versions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "sources", "ports", "name"),
    [
        ("Tcp", ["Internet"], [80], "d39272f7f57ed937951650d93992ad77"),
        ("Tcp", ["Internet"], [80, 443], "556f7044ec033071ec0dfcf7cd85bc93"),
        ("Tcp", ["Internet"], [443], "bc87afc9aeeece13e643801ad1da615f"),
        ("Udp", ["Internet"], [53], "eacf5e21d4ad7b5345009ad51af9d388"),
        ("Tcp", ["203.0.113.0/24", "198.51.100.0/24"], [443, 80], "6c60b8f77a9191f970664d38c312954f"),
        ("Tcp", ["AzureFrontDoor.Backend"], [80, 443], "723977bf55b1b38e0937abf6b5c97335"),
    ],
)
@pytest.mark.parametrize("family", [4, 6])
def test_names(protocol: str, sources: list[str], ports: list[int], name: str, family: int) -> None:
    """Source: securitygroup/securityrule.go `GenerateAllowSecurityRuleName`; names seen in recorded groups."""
    assert allow_rule_name(protocol, family, sources, ports) == f"k8s-azure-lb_allow_IPv{family}_{name}"
    assert deny_rule_name(family) == f"k8s-azure-lb_deny-all_IPv{family}"


def test_order_of_wanted_rules() -> None:
    """Protocol, family, tags, ranges; denials last. Source: loadbalancer/accesscontrol.go `PatchSecurityGroup`."""
    told = control(
        ports=["SCTP/9", "UDP/53", "TCP/80", "TCP/443"],
        ranges=["10.0.0.0/9", "10.128.0.0/9", "2001:db8::/32", "bad"],
        notes={Annotation.ALLOWED_SERVICE_TAGS: "AzureCloud,Sql"},
    )
    found = [(rule.protocol, rule.family, rule.sources, rule.ports) for rule in wanted(told, (4, 6), CURRENT)]
    per_family = {4: [("AzureCloud",), ("Sql",), ("10.0.0.0/8",)], 6: [("AzureCloud",), ("Sql",), ("2001:db8::/32",)]}
    ports = {"Tcp": (80, 443), "Udp": (53,), "*": (9,)}
    allowed = [(p, family, s, ports[p]) for p in ("Tcp", "Udp", "*") for family in (4, 6) for s in per_family[family]]
    assert found == [*allowed, ("*", 4, ("*",), ()), ("*", 6, ("*",), ())]


def test_wanted_rules_name_their_field() -> None:
    def paths(told: AccessControl) -> list[tuple[str | int, ...]]:
        return [rule.path for rule in wanted(told, (4,), CURRENT)]

    assert paths(control()) == [("spec", "type")]
    assert paths(control(ranges=["10.0.0.0/8"], notes=DENY_OTHERS)) == [
        ("spec", "loadBalancerSourceRanges"),
        Annotation.DENY_ALL.path,
    ]
    assert paths(control(notes={Annotation.SOURCE_RANGES: "10.0.0.0/8,x"})) == [Annotation.SOURCE_RANGES.path] * 2
    assert paths(control(notes={Annotation.ALLOWED_SERVICE_TAGS: "Sql"})) == [Annotation.ALLOWED_SERVICE_TAGS.path]


def test_lists_of_one_family_leave_the_other_closed() -> None:
    """Source: loadbalancer/accesscontrol.go `PatchSecurityGroup`."""
    assert [rule.family for rule in wanted(control(ranges=["10.0.0.0/8"]), (4, 6), CURRENT)] == [4]


@pytest.mark.parametrize(
    ("version", "predicted", "internet_beside_all", "owns_by_name", "opt_out"),
    [
        ("1.28.14", False, True, False, False),
        ("1.29.15", True, True, False, False),
        ("1.30.18", True, False, False, False),
        ("v1.31.14", True, False, True, False),
        ("1.34.2", True, False, True, False),
        ("1.35", True, False, True, None),
        ("1.35.5", True, False, True, False),
        ("1.35.6", True, False, True, True),
        ("1.36.1", True, False, True, False),
        ("1.36.2", True, False, True, True),
        ("1.37.0", True, False, True, True),
        ("", True, False, True, None),
        ("stable", True, False, True, None),
    ],
)
def test_versions(
    version: str, predicted: bool, internet_beside_all: bool, owns_by_name: bool, opt_out: bool | None
) -> None:
    """Source: the last patch releases of the minor versions; pull requests 9417 and 10508."""
    found = Behaviour.of_version(version)
    assert (found.predicted, found.internet_beside_all, found.owns_by_name, found.opt_out) == (
        predicted,
        internet_beside_all,
        owns_by_name,
        opt_out,
    )


def test_patch_release_of_a_cluster_tells_nothing() -> None:
    """AKS chooses the patch release of the provider itself."""
    assert Behaviour.of_cluster("1.35.8").opt_out is None
    assert Behaviour.of_cluster("1.34.9").opt_out is False


def test_rule_round_trip() -> None:
    rule = allow(HTTP, 500, ["20.1.1.1", "20.1.1.2"], source_prefix="198.51.100.0/24")
    noun = rule.noun()
    assert (noun.inbound, noun.allows, noun.protocol, noun.destinations) == (
        True,
        True,
        "tcp",
        ("20.1.1.1", "20.1.1.2"),
    )
    assert WrittenRule.of(noun).noun() == noun
    assert isinstance(noun, SecurityRule)
    assert rule.properties() == {
        "priority": 500,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "198.51.100.0/24",
        "sourcePortRange": "*",
        "destinationAddressPrefixes": ["20.1.1.1", "20.1.1.2"],
        "destinationPortRanges": ["80"],
    }


# --- one reconcile ---------------------------------------------------------------------------------------------------


def test_fields_of_written_rules() -> None:
    """Source: securitygroup/securitygroup.go `addAllowRule`, `AddRuleForDenyAll`."""
    told = control(ports=["TCP/80", "TCP/443"], ranges=["198.51.100.0/24", "x"])
    written = after([], alone(told))
    assert [rule.properties() for rule in written.values()] == [
        {
            "priority": 500,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": "198.51.100.0/24",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "20.1.1.1",
            "destinationPortRanges": ["443", "80"],
        },
        {
            "priority": 4095,
            "direction": "Inbound",
            "access": "Deny",
            "protocol": "*",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "20.1.1.1",
            "destinationPortRange": "*",
        },
    ]


def test_priorities_avoid_every_rule() -> None:
    """Outbound and dying rules count, 4096 is never given. Source: securitygroup.go `nextRulePriority`."""
    before = [
        allow("mine", 500, ["20.9.9.9"], direction="Outbound"),
        allow("k8s-azure-lb_gone", 501, ["20.9.9.9"]),
        allow("theirs", 4095, ["20.9.9.9"]),
    ]
    written = after(before, alone(control(ranges=["10.0.0.0/8", "x"])))
    assert written[DENY].priority == 4094
    assert [rule.priority for rule in written.values() if rule.name.startswith("k8s-azure-lb_allow")] == [502]
    assert "k8s-azure-lb_gone" not in written


def test_edits_are_put_right_and_priority_stays() -> None:
    """Source: securitygroup/securitygroup.go `addAllowRule`; seen with release 1.35.8."""
    edited = allow(HTTP, 700, ["20.1.1.1"], ["80", "8080"], source_prefix="10.0.0.0/8", description="ours")
    assert after([edited], alone(control())) == {HTTP: allow(HTTP, 700, ["20.1.1.1"], description="ours")}


def test_foreign_destination_goes_with_the_reconcile_of_another_service() -> None:
    """A Service's own address is in its status and at its load balancer; that duplicate hides one foreign destination.

    Source: azure_loadbalancer.go `reconcileSecurityGroup`, securitygroup.go `RetainDestinationFromRules`.
    """
    web, api = control(), control("api", ["TCP/443"], addresses=["20.1.1.2"])
    cluster = Cluster.of([web, api])
    before = [allow(HTTP, 500, ["20.1.1.1", "20.9.9.9"])]
    assert after(before, cluster.step(web))[HTTP].destinations == ("20.1.1.1", "20.9.9.9")
    assert after(before, cluster.step(api))[HTTP].destinations == ("20.1.1.1",)


def test_other_form_of_the_source_is_not_cleared() -> None:
    """Source: securitygroup/securitygroup.go `addAllowRule`."""
    edited = replace(allow(HTTP, 500, ["20.1.1.1"]), source_prefix=None, source_prefixes=("10.0.0.0/8", "11.0.0.0/8"))
    assert after([edited], alone(control()))[HTTP].sources == ("Internet", "10.0.0.0/8", "11.0.0.0/8")


def test_old_rules_are_left() -> None:
    """A change of ranges leaves the old rule, without the address, to the Services that still use it."""
    before = [allow(HTTP, 500, ["20.1.1.1", "20.1.1.2"])]
    told = control(ranges=["10.0.0.0/8"])
    cluster = Cluster.of([told, control("api", addresses=["20.1.1.2"])])
    written = after(before, cluster.step(told))
    assert written[HTTP].destinations == ("20.1.1.2",)
    assert len(written) == 2


def test_deleting_takes_the_address_out() -> None:
    told = control(notes={Annotation.ADDITIONAL_PUBLIC_IPS: "no address"})
    step = Cluster.of([]).step(told, wanted=False)
    assert after([allow(HTTP, 500, ["20.1.1.1"])], step) == {}


def test_ports_of_others_are_kept_and_split_off() -> None:
    """Source: securitygroup/securitygroup.go `removeDestinationFromRule`."""
    both = "k8s-azure-lb_allow_IPv4_556f7044ec033071ec0dfcf7cd85bc93"
    told = control("web", ["TCP/8080"])
    cluster = Cluster.of([told, control("api")])
    written = after([allow(both, 500, ["20.1.1.1"], ["443", "80"])], cluster.step(told))
    assert both not in written
    assert written[HTTP].destinations == ("20.1.1.1",)
    assert written[HTTP].priority == 501


def test_port_that_two_others_need_is_split_for_nothing() -> None:
    """The lists are compared by length with duplicates. Source: securitygroup.go `removeDestinationFromRule`."""
    told = control("dual", ["TCP/8080"], addresses=["20.1.1.1", "2001:db8::1"])
    cluster = Cluster.of([told, control("a"), control("b", addresses=["2001:db8::1"])])
    written = after([allow(HTTP, 500, ["20.1.1.1"])], cluster.step(told))
    assert HTTP not in written
    assert written[allow_rule_name("Tcp", 4, ["Internet"], [80, 80])].destination_ports == ("80", "80")


def test_stale_destination_hidden_by_a_duplicate() -> None:
    """Source: securitygroup/securitygroup.go `RetainDestinationFromRules`."""
    sharing = [control("a", ["TCP/80"]), control("b", ["TCP/443"])]
    cluster = Cluster.of(sharing)
    written = after(
        [allow(HTTP, 500, ["20.1.1.1", "20.9.9.9"])],
        replace(cluster.step(sharing[1]), frontends=(address("20.5.5.5"),)),
    )
    assert written[HTTP].destinations == ("20.1.1.1", "20.9.9.9")


def test_deny_all_is_cleared_whatever_others_need() -> None:
    """Source: securitygroup/securitygroup.go `removeDestinationFromRule`; SCTP ports of others keep it."""
    strict = control("strict", ["TCP/443"], ranges=["10.0.0.0/8"], notes=DENY_OTHERS)
    easy = control("easy")
    cluster = Cluster.of([strict, easy])
    group = tuple(after([], cluster.step(strict)).values())
    assert DENY in after([], cluster.step(strict))
    assert DENY not in after(group, cluster.step(easy))
    signalling = Cluster.of([strict, easy, control("sctp", ["SCTP/9"])])
    assert DENY in after(group, signalling.step(easy))


@pytest.mark.parametrize("port", ["*", "8000-8100"])
def test_rules_with_any_port_are_skipped(port: str) -> None:
    """Source: securitygroup/securityrule.go `ListDestinationPortRanges`."""
    odd = allow("k8s-azure-lb_odd", 600, ["20.1.1.1"], [port])
    assert after([odd], alone(control(ranges=["10.0.0.0/8"])))[odd.name] == odd


def test_unknown_destinations_leave_owned_rules() -> None:
    """Source: azure_loadbalancer_accesscontrol.go `listAvailableSecurityGroupDestinations`."""
    before = [
        allow("k8s-azure-lb_any", 600, ["*"]),
        allow("k8s-azure-lb_low", 300, ["*"]),
        allow("k8s-azure-lb_last", 4096, ["*"]),
        allow("k8s-azure-lb_node", 601, ["10.224.0.4", "10.224.0.9"]),
        allow("custom", 602, ["*"]),
        replace(allow("host-ports", 603, []), destination_groups=("/asg",)),
    ]
    written = after(before, alone(control(), ["10.224.0.4"]))
    assert written.keys() == {"k8s-azure-lb_low", "k8s-azure-lb_node", "custom", "host-ports", HTTP}
    assert written["k8s-azure-lb_node"].destinations == ("10.224.0.4",)


def test_rule_without_destination_is_dropped_whoever_made_it() -> None:
    """Source: securitygroup/securitygroup.go `SecurityGroup`."""
    assert "custom" not in after([allow("custom", 200, [])], alone(control()))


@pytest.mark.parametrize(("version", "kept"), [("1.30", ("20.9.9.9",)), ("1.31", ("20.1.1.1", "20.9.9.9"))])
def test_ownership_by_version(version: str, kept: tuple[str, ...]) -> None:
    """Up to 1.30 a rule made by hand at the provider's priorities loses the address of a Service."""
    behaviour = Behaviour.of_version(version)
    custom = allow("custom", 600, ["20.1.1.1", "20.9.9.9"], ["22"])
    assert after([custom], alone(control()), behaviour)["custom"].destinations == kept
    assert is_owned(custom, behaviour) is (version == "1.30")


@pytest.mark.parametrize(("version", "sources"), [("1.29", {"Internet", "0.0.0.0/0"}), ("1.30", {"0.0.0.0/0"})])
def test_internet_beside_everything_by_version(version: str, sources: set[str]) -> None:
    """Source: loadbalancer/accesscontrol.go `PatchSecurityGroup` of both versions."""
    written = after([], alone(control(ranges=["0.0.0.0/0"])), Behaviour.of_version(version))
    assert {rule.sources[0] for rule in written.values()} == sources


@pytest.mark.parametrize(("version", "names"), [("1.34", {HTTP}), ("1.35.6", set()), ("1.35", {HTTP})])
def test_opting_out_by_version(version: str, names: set[str]) -> None:
    """Source: pull request 10508; where the patch release is unknown, the rule is written and is doubtful."""
    before = [allow(HTTP, 500, ["20.1.1.1"])]
    assert after(before, alone(control(notes=OPTED_OUT)), Behaviour.of_version(version)).keys() == names


def test_without_floating_ip_nodes_and_node_ports() -> None:
    """Source: azure_loadbalancer.go `reconcileSecurityGroup`."""
    told = control(ports=["TCP/80/30080"], notes={**NODE_PORTS, Annotation.ADDITIONAL_PUBLIC_IPS: "40.1.1.1"})
    (rule,) = after([], alone(told, ["10.224.0.4", "10.224.0.5"])).values()
    assert rule.destinations == ("10.224.0.4", "10.224.0.5", "40.1.1.1")
    assert rule.destination_ports == ("30080",)


def test_refusals() -> None:
    """Source: azure_loadbalancer.go `reconcileSecurityGroup`; the error texts are the provider's."""
    conflict = control(ranges=["10.0.0.0/8"], notes={Annotation.ALLOWED_IP_RANGES: "11.0.0.0/8"})
    bad = control(notes={Annotation.ADDITIONAL_PUBLIC_IPS: "40.1.1.1, 40.1.1.2"})
    rest = "unable to get additional public IPs: invalid service annotation "
    for told, wanted_too, cause, error in (
        (conflict, True, Cause.CONFLICT, CONFLICT),
        (conflict, False, Cause.CONFLICT, CONFLICT),
        (
            control(addresses=[]),
            True,
            Cause.NO_ADDRESS,
            "no load balancer IP for setting up security rules for service web",
        ),
        (
            bad,
            True,
            Cause.ADDITIONAL_ADDRESSES,
            f"{rest}{Annotation.ADDITIONAL_PUBLIC_IPS}:40.1.1.1, 40.1.1.2: invalid CIDR ` 40.1.1.2`",
        ),
    ):
        outcome = reconcile([], Cluster.of([told]).step(told, wanted=wanted_too))
        assert outcome == Refusal(told.service, cause, error)


def test_limits() -> None:
    """Source: securitygroup/securitygroup.go `SecurityGroup`; a singular field counts as one entry."""
    full = [allow(f"custom-{number}", 100 + number, ["*"]) for number in range(1000)]
    outcome = reconcile(full, alone(control()))
    assert isinstance(outcome, Refusal)
    start = "unable to apply access control configuration to security group: exceeds the maximum number of "
    assert (outcome.cause, outcome.error) == (Cause.LIMIT, start + "rules (1001 > 1000)")
    many = control(ranges=[f"10.{number >> 7}.{(number & 127) * 2}.0/24" for number in range(4001)])
    outcome = reconcile([], alone(many))
    assert isinstance(outcome, Refusal)
    assert outcome.error == start + "source IP addresses (4001 > 4000)"
    assert Usage(1000, 4000, 4000).excess() == ""
    assert Usage(1, 1, 4001).excess() == "exceeds the maximum number of destination IP addresses (4001 > 4000)"


@pytest.mark.parametrize(
    ("labels", "managed", "backend"),
    [
        ({}, True, True),
        ({"kubernetes.azure.com/managed": "False"}, False, False),
        ({"kubernetes.azure.com/managed": "true"}, True, True),
        ({"node.kubernetes.io/exclude-from-external-load-balancers": ""}, True, False),
    ],
)
def test_nodes_behind_load_balancers(labels: dict[str, str], managed: bool, backend: bool) -> None:
    """Source: azure.go `updateNodeCaches`, `ShouldNodeExcludedFromLoadBalancer`."""
    item = {
        "metadata": {"name": "n", "labels": labels},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "10.224.0.4"}, {"type": "Hostname", "address": "n"}]
        },
    }
    node = kubernetes.node(msgspec.convert(item, wire.Node), StoredPlace("", 0))
    assert bool(managed_addresses([node])) is managed
    assert bool(backend_addresses([node])) is backend


# --- laws ------------------------------------------------------------------------------------------------------------

_V4 = ("20.1.1.1", "20.1.1.2", "20.1.1.3")
_V6 = ("2001:db8::1",)
_NODES = ("10.224.0.4", "fd00::4")
_RANGES = ("10.0.0.0/9", "10.128.0.0/9", "0.0.0.0/0", "2001:db8::/32", "10.0.0.1/8")


@st.composite
def networks(draw: st.DrawFn) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    if draw(st.booleans()):
        length = draw(st.integers(20, 32))
        return ipaddress.IPv4Network((draw(st.integers(0, (1 << 12) - 1)) << 20, length), strict=False)
    length = draw(st.integers(0, 12)) + 116
    return ipaddress.IPv6Network((draw(st.integers(0, (1 << 12) - 1)), length), strict=False)


@given(st.lists(networks(), max_size=12))
def test_aggregation_is_the_fewest_networks(
    given_networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> None:
    """Source: util/iputil/prefix.go `AggregatePrefixes`; the oracle is Python's own ipaddress."""
    found = aggregated(cloud_provider_network(str(network)) for network in given_networks)
    expected = [
        str(network)
        for version in (4, 6)
        for network in ipaddress.collapse_addresses([n for n in given_networks if n.version == version])  # type: ignore[type-var]
    ]
    assert found == expected


_PORTS = {"a": (53, 80), "b": (443, 8443), "c": (22, 993), "d": (53, 80)}
_ADDRESSES = {"a": _V4 + _V6, "b": _V4 + _V6, "c": _V4 + _V6, "d": ("20.1.1.4", "2001:db8::4")}


@st.composite
def controls(draw: st.DrawFn, name: str) -> AccessControl:
    """A Service with a bit of everything. No two have one port at one address, which no load balancer can serve."""
    numbers = draw(st.lists(st.sampled_from(_PORTS[name]), min_size=1, max_size=2, unique=True))
    ports = [f"{draw(st.sampled_from(('TCP', 'UDP', 'SCTP')))}/{n}/{30000 + 10 * ord(name) + n % 7}" for n in numbers]
    notes: dict[Any, str] = {}
    for key in (Annotation.DENY_ALL, Annotation.INTERNAL, Annotation.FLOATING_IP_OFF, Annotation.SECURITY_RULES_OFF):
        if draw(st.integers(0, 3)) == 0:
            notes[key] = "true"
    if draw(st.integers(0, 3)) == 0:
        notes[Annotation.ALLOWED_SERVICE_TAGS] = draw(st.sampled_from(("Sql", "Sql,AzureCloud")))
    if draw(st.integers(0, 5)) == 0:
        notes[Annotation.ADDITIONAL_PUBLIC_IPS] = "40.1.1.4" if name == "d" else "40.1.1.1"
    ranges = draw(st.lists(st.sampled_from(_RANGES), max_size=3))
    addresses = draw(st.lists(st.sampled_from(_ADDRESSES[name]), min_size=1, max_size=2, unique=True))
    if Annotation.ADDITIONAL_PUBLIC_IPS in notes:
        addresses.append(notes[Annotation.ADDITIONAL_PUBLIC_IPS])
    return control(name, ports, notes=notes, ranges=ranges, addresses=addresses, created=draw(st.sampled_from("123")))


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    nodes = tuple(address(text) for text in _NODES)
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
    return Cluster.of([draw(controls(name)) for name in names], nodes, nodes)


_OWN_NAMES = ("custom", "k8s-azure-lb_mine", "a" * 32 + "-TCP-80-Internet")
_NAMES = (*_OWN_NAMES, HTTP, DENY)


@st.composite
def hand_made(draw: st.DrawFn, names: Sequence[str] = _NAMES) -> list[WrittenRule]:
    """Rules that somebody wrote, some under names of the provider, at priorities of their own."""
    priorities = draw(st.permutations([200, 500, 501, 600, 4095, 4096]))
    rules = []
    for name, priority in zip(draw(st.lists(st.sampled_from(names), unique=True)), priorities, strict=False):
        aims = draw(st.lists(st.sampled_from((*_V4, *_V6, *_NODES, "20.9.9.9", "*")), min_size=1, unique=True))
        ports = draw(st.sampled_from((("80",), ("443", "80"), ("80", "80"), ("*",))))
        access = draw(st.sampled_from(("Allow", "Deny")))
        protocol = draw(st.sampled_from(("Tcp", "*")))
        rules.append(allow(name, priority, aims, ports, access=access, protocol=protocol))
    return rules


@settings(max_examples=300)
@given(clusters(), hand_made(_OWN_NAMES), st.sampled_from(("1.29", "1.30", "1.34", "1.37")), st.data())
def test_reconciling_twice_changes_nothing(
    cluster: Cluster, rules: list[WrittenRule], version: str, data: st.DataObject
) -> None:
    """Unless somebody wrote a rule of a name that the provider gives, which it first puts right and then clears."""
    behaviour = Behaviour.of_version(version)
    step = cluster.step(data.draw(st.sampled_from(list(cluster.controls.values()))))
    once = reconcile(rules, step, behaviour)
    assert not isinstance(once, Refusal)
    again = reconcile(once, step, behaviour)
    assert not isinstance(again, Refusal)
    assert {rule.name: rule for rule in again} == {rule.name: rule for rule in once}


@settings(max_examples=300)
@given(clusters(), hand_made(), st.sampled_from(("1.31", "1.34", "1.37")))
def test_rules_of_others_are_never_touched(cluster: Cluster, rules: list[WrittenRule], version: str) -> None:
    """From 1.31 on only rules of the provider's name at its priorities are its own. Source: `IsManagedSecurityRule`."""
    behaviour = Behaviour.of_version(version)
    group: tuple[WrittenRule, ...] = tuple(rules)
    for told in cluster.controls.values():
        outcome = reconcile(group, cluster.step(told), behaviour)
        assert not isinstance(outcome, Refusal)
        group = outcome
    mine = {rule.name: rule for rule in rules if not rule.name.startswith("k8s-azure-lb")}
    assert {rule.name: rule for rule in group if rule.name in mine} == mine


@settings(max_examples=300)
@given(clusters())
def test_every_service_finds_its_rules(cluster: Cluster) -> None:
    """From an empty group, a Service gets exactly the rules that it asks for at its destinations."""
    for told in cluster.controls.values():
        step = cluster.step(told)
        written = after([], step)
        assert written.keys() == {rule.name for rule in step.rules(CURRENT)}
        assert len({rule.priority for rule in written.values()}) == len(written)
        for rule in step.rules(CURRENT):
            assert Counter(written[rule.name].destinations) == Counter(set(step.of_family(rule.family)))
