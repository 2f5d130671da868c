"""Defects that other tools have, each as a test that ours has not; named after the tool and what it gets wrong.

They were found by reading those tools' sources and threads: Batfish `representation/azure` (experimental),
Prowler `network_http_internet_access_restricted`, Cloud Custodian `c7n_azure`, and issues of trivy, checkov and PSRule.
Each asks the real question (who reaches this frontend, or this API server?) of the smallest estate on which the defect
shows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import aksess
from aksess import library
from aksess.addresses import INTERNET, AddressSet, is_internet, read_address
from aksess.errors import NothingUnderstood
from aksess.estate import Estate
from aksess.rulings import Verdict
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.snapshot import Snapshot

Object = dict[str, Any]

FRONT = "20.50.60.70"
CLIENT = "203.0.113.7"
NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
COMPUTE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute"


def rule(priority: int, access: str = "Allow", **fields: Any) -> Object:
    """A rule for client traffic to the frontend; every field can be given as Azure writes it, None leaves it out."""
    properties = {
        "priority": priority,
        "access": access,
        "direction": "Inbound",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": FRONT,
        "destinationPortRange": "443",
        **fields,
    }
    return {
        "name": f"rule-{priority}",
        "properties": {key: value for key, value in properties.items() if value is not None},
    }


def group(name: str, *rules: Object) -> Object:
    """A security group; health probes are let in first, so that no test depends on them."""
    probes = rule(4000, sourceAddressPrefix="AzureLoadBalancer", destinationAddressPrefix="*", destinationPortRange="*")
    return {
        "id": f"{NETWORK}/networkSecurityGroups/{name}",
        "name": name,
        "type": "Microsoft.Network/networkSecurityGroups",
        "properties": {"securityRules": [*rules, probes]},
    }


OPEN = rule(100, protocol="*", destinationPortRange="*")


def door(
    *subnet: Object,
    interface: tuple[Object, ...] = (OPEN,),
    space: tuple[str, ...] = ("10.224.0.0/12",),
    routes: tuple[str, ...] = (),
    more: tuple[Object, ...] = (),
) -> Estate:
    """A Service on 443 and 8080 at one frontend, behind a group on the subnet and one on the interface."""
    ports = [{"name": f"p{port}", "port": port, "nodePort": 30000 + port % 1000} for port in (443, 8080)]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"type": "LoadBalancer", "ports": ports, "selector": {"app": "web"}},
        "status": {"loadBalancer": {"ingress": [{"ip": FRONT}]}},
    }
    place = {"networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/subnet"}, "addressPrefix": space[0]}
    if routes:
        place["routeTable"] = {"id": f"{NETWORK}/routeTables/own"}
    network = {
        "id": f"{NETWORK}/virtualNetworks/vnet",
        "name": "vnet",
        "properties": {
            "addressSpace": {"addressPrefixes": list(space)},
            "subnets": [{"id": f"{NETWORK}/virtualNetworks/vnet/subnets/nodes", "name": "nodes", "properties": place}],
        },
    }
    table = {
        "id": f"{NETWORK}/routeTables/own",
        "properties": {"routes": [{"name": "r", "properties": {"addressPrefix": each}} for each in routes]},
    }
    configuration = {"properties": {"subnet": {"id": f"{NETWORK}/virtualNetworks/vnet/subnets/nodes"}}}
    profile = {
        "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/interface"},
        "ipConfigurations": [configuration],
    }
    machines = {
        "id": f"{COMPUTE}/virtualMachineScaleSets/aks-pool-vmss",
        "properties": {
            "virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": [{"properties": profile}]}}
        },
    }
    groups = [group("subnet", *subnet), group("interface", *interface)]
    return estate_of(service, network, table, machines, *groups, *more)


def estate_of(*values: Object) -> Estate:
    collector = Collector()
    for number, value in enumerate(values, 1):
        collector.take(value, StoredPlace("estate.json", number))
    estate = Estate.of(Snapshot.of(collector))
    assert not estate.unread, estate.unread
    return estate


def verdict(estate: Estate, source: str = CLIENT, port: int = 443) -> Verdict:
    """What `explain` says, which has to be what `who` says."""
    target = f"tcp://{FRONT}:{port}"
    found = library.explain(estate, source, target).verdict
    standing, address = library.who(estate, target).standing, read_address(source)
    assert address is not None
    assert (found == Verdict.ALLOWED) == (address in standing.allowed)
    assert (found == Verdict.INDETERMINATE) == (address in standing.indeterminate)
    return found


# --- Batfish ----------------------------------------------------------------------------------------------------------


def test_batfish_any_protocol_lost_its_ports() -> None:
    """Batfish SecurityRule.java: with protocol ``*`` the ports are never set, so the rule is about all ports."""
    estate = door(rule(100, protocol="*"), rule(200, "Deny", destinationPortRange="*"))
    assert verdict(estate, port=443) == Verdict.ALLOWED
    assert verdict(estate, port=8080) == Verdict.DENIED
    estate = door(rule(100, "Deny", protocol="*"), rule(200, destinationPortRange="*"))
    assert verdict(estate, port=443) == Verdict.DENIED
    assert verdict(estate, port=8080) == Verdict.ALLOWED


@pytest.mark.parametrize("singular", [{}, {"sourceAddressPrefix": None}, {"sourceAddressPrefix": ""}], ids=str)
def test_batfish_a_list_of_prefixes_became_everybody(singular: Object) -> None:
    """Batfish: with the plural field given and the singular one absent, "any" is added to the list."""
    listed = rule(100, sourceAddressPrefixes=["203.0.113.0/24", "198.51.100.0/24"], sourceAddressPrefix=None)
    listed["properties"] |= singular
    estate = door(listed)
    assert verdict(estate, CLIENT) == Verdict.ALLOWED
    assert verdict(estate, "198.51.100.1") == Verdict.ALLOWED
    assert verdict(estate, "8.8.8.8") == Verdict.DENIED


@pytest.mark.parametrize("tag", ["AzureFrontDoor.Backend", "Storage", "GatewayManager", "AzureCloud.westeurope"])
def test_batfish_an_unknown_tag_was_nobody(tag: str) -> None:
    """Batfish: every tag but two is the empty set, so a Deny of a tag vanishes and an Allow of one admits nobody."""
    allowing = door(rule(100, sourceAddressPrefix=tag))
    assert verdict(allowing) == Verdict.INDETERMINATE
    denying = door(rule(100, "Deny", sourceAddressPrefix=tag), rule(200))
    assert verdict(denying) == Verdict.INDETERMINATE
    tags = {"changeNumber": 1, "values": [{"name": tag, "properties": {"addressPrefixes": ["203.0.113.0/24"]}}]}
    assert verdict(door(rule(100, sourceAddressPrefix=tag), more=(tags,))) == Verdict.ALLOWED
    assert verdict(door(rule(100, sourceAddressPrefix=tag), more=(tags,)), "8.8.8.8") == Verdict.DENIED


def test_batfish_probes_of_the_load_balancer_were_nobody() -> None:
    """Batfish: `AzureLoadBalancer` is the empty set too; then every probe fails and with it every application."""
    shut = rule(300, "Deny", protocol="*", destinationAddressPrefix="*", destinationPortRange="*")
    estate = door(rule(100), rule(200, sourceAddressPrefix="AzureLoadBalancer", destinationAddressPrefix="*",
                                  destinationPortRange="*"), shut)  # fmt: skip
    assert verdict(estate) == Verdict.ALLOWED
    assert verdict(door(rule(100), shut)) == Verdict.DENIED, "without that rule no node is healthy"


def test_batfish_virtual_network_was_private_space_with_a_typo() -> None:
    """Batfish: VirtualNetwork is 10/8, 172.16.0.0/20 and 192.168/16, whatever the network really is."""
    inside = rule(100, sourceAddressPrefix="VirtualNetwork")
    estate = door(inside, space=("172.20.0.0/16",))
    assert verdict(estate, "172.20.1.1") == Verdict.ALLOWED, "outside of 172.16.0.0/20, but in the network"
    assert verdict(estate, "172.16.1.1") == Verdict.DENIED, "private, but in no network of ours"
    assert verdict(estate, "10.0.0.1") == Verdict.DENIED
    assert verdict(estate, "192.168.0.1") == Verdict.DENIED
    public = door(inside, space=("20.60.0.0/16",), routes=("10.50.0.0/16",))
    assert verdict(public, "20.60.1.1") == Verdict.ALLOWED, "public addresses used inside"
    assert verdict(public, "10.50.1.1") == Verdict.ALLOWED, "on-premises, by a user route"


def test_batfish_internet_was_all_that_is_not_the_virtual_network() -> None:
    """Batfish: Internet is the complement of its VirtualNetwork, so other private space counts as Internet."""
    estate = door(rule(100, sourceAddressPrefix="Internet"), space=("20.60.0.0/16",))
    assert verdict(estate, CLIENT) == Verdict.ALLOWED
    assert verdict(estate, "100.64.0.1") == Verdict.DENIED, "shared space is no Internet"
    assert verdict(estate, "172.17.0.1") == Verdict.DENIED
    assert verdict(estate, "20.60.1.1") == Verdict.DENIED, "a public address of our own network is no Internet"
    assert not library.who(estate, f"tcp://{FRONT}:443").standing.allowed & (
        AddressSet.of("0.0.0.0/0") - INTERNET - AddressSet.of("20.60.0.0/16", "168.63.129.16")
    )


@pytest.mark.parametrize(("access", "direction"), [("allow", "inbound"), ("ALLOW", "INBOUND"), ("Allow", "inBound")])
def test_batfish_access_and_direction_in_other_letters(access: str, direction: str) -> None:
    """Batfish compares `access` and `direction` with regard to case, so `allow` denies and `inbound` is outbound."""
    assert verdict(door(rule(100, access, direction=direction))) == Verdict.ALLOWED
    assert verdict(door(rule(100, "dENY", direction=direction), rule(200))) == Verdict.DENIED


# --- Prowler ----------------------------------------------------------------------------------------------------------


def internet(estate: Estate, port: int = 443) -> bool:
    """Whether the audit says that the Internet gets in at a port."""
    found = library.audit(estate)
    (exposure,) = [each for each in found.exposures if each.port == port]
    said = {each.check for each in found.findings if exposure.id in each.exposures}
    assert ("open-to-internet" in said) == is_internet(exposure.allowed)
    return "open-to-internet" in said


@pytest.mark.parametrize(
    "ports",
    [
        {"destinationPortRange": "*"},
        {"destinationPortRange": "0-65535"},
        {"destinationPortRange": None, "destinationPortRanges": ["22", "443"]},
        {"destinationPortRange": "", "destinationPortRanges": ["400-500"]},
        {"destinationPortRange": None, "destinationPortRanges": ["8080", "*"]},
    ],
    ids=str,
)
def test_prowler_ports_as_star_or_as_a_list_were_overlooked(ports: Object) -> None:
    """Prowler looks for "80" or a range in the singular field: ``*`` and the plural field are never open."""
    assert internet(door(rule(100, sourceAddressPrefix="Internet", **ports)))


@pytest.mark.parametrize(
    "sources",
    [
        {"sourceAddressPrefix": None, "sourceAddressPrefixes": ["0.0.0.0/0"]},
        {"sourceAddressPrefix": None, "sourceAddressPrefixes": ["0.0.0.0/1", "128.0.0.0/1"]},
        {"sourceAddressPrefix": "INTERNET"},
        {"sourceAddressPrefix": "0.0.0.0/0"},
    ],
    ids=str,
)
def test_prowler_sources_as_a_list_were_overlooked(sources: Object) -> None:
    """Prowler reads no `sourceAddressPrefixes`; and two halves are the whole."""
    assert internet(door(rule(100, **sources)))


def test_prowler_ignored_the_order_of_priorities() -> None:
    """Prowler: any Allow of the Internet fails, whatever stands before it."""
    denied_first = [rule(200), rule(100, "Deny", sourceAddressPrefix="Internet")]
    assert not internet(door(*denied_first))
    assert internet(door(rule(100), rule(200, "Deny", sourceAddressPrefix="Internet")))


def test_prowler_looked_at_one_group_at_a_time() -> None:
    """Prowler judges each group alone; a subnet group that shuts makes an open interface group harmless."""
    shut = rule(100, "Deny", sourceAddressPrefix="Internet")
    assert not internet(door(shut, interface=(OPEN,)))
    assert not internet(door(OPEN, interface=(shut,)))
    assert internet(door(OPEN, interface=(OPEN,)))
    one, other = rule(100, sourceAddressPrefix="0.0.0.0/1"), rule(100, sourceAddressPrefix="128.0.0.0/1")
    assert not library.who(door(one, interface=(other,)), f"tcp://{FRONT}:443").standing.allowed


# --- Cloud Custodian --------------------------------------------------------------------------------------------------


def test_custodian_read_the_singular_prefix_only() -> None:
    """c7n_azure: the CIDR filter reads `sourceAddressPrefix` and not the list beside it."""
    estate = door(rule(100, sourceAddressPrefix="", sourceAddressPrefixes=["198.51.100.0/24", "203.0.113.7/32"]))
    reach = library.who(estate, f"tcp://{FRONT}:443").standing
    assert reach.allowed == AddressSet.of("198.51.100.0/24", "203.0.113.7")


def test_custodian_skipped_the_internet_tag() -> None:
    """c7n_azure: a rule whose source is `Internet` is left out of the comparison of networks."""
    estate = door(rule(100, "Deny", sourceAddressPrefix="Internet"), rule(200))
    assert verdict(estate, CLIENT) == Verdict.DENIED
    assert verdict(estate, "10.224.0.9") == Verdict.ALLOWED


@pytest.mark.parametrize("everybody", ["*", "0.0.0.0/0", "Any"])
def test_custodian_compared_addresses_as_texts(everybody: str) -> None:
    """c7n_azure `check_address`: texts are compared, so an address in a network, or ``*``, is not found there."""
    assert verdict(door(rule(100, "Deny", sourceAddressPrefix="203.0.113.0/25"), rule(200))) == Verdict.DENIED
    assert verdict(door(rule(100, sourceAddressPrefix=everybody))) == Verdict.ALLOWED


def test_custodian_knew_no_default_rules() -> None:
    """c7n_azure `build_ports_rules_dict`: what no rule names is not denied, and the network is not let in."""
    assert verdict(door()) == Verdict.DENIED
    inside = door(interface=())
    assert verdict(inside, "10.224.0.9") == Verdict.DENIED, "a frontend is no destination of the default rule"
    opened = door(rule(100), interface=(rule(100),))
    assert verdict(opened, "10.224.0.9") == Verdict.ALLOWED


# --- trivy, checkov, PSRule -------------------------------------------------------------------------------------------


def cluster(**properties: Any) -> Object:
    """An AKS cluster with some access profile."""
    return {
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/shop",
        "name": "shop",
        "type": "Microsoft.ContainerService/managedClusters",
        "properties": {"kubernetesVersion": "1.33", **properties},
    }


def api_server(body: Object) -> tuple[Verdict, set[str]]:
    """The verdict on a stranger, and what the audit finds about the API server."""
    estate = estate_of(body)
    found = {each.check for each in library.audit(estate).findings}
    return library.explain(estate, CLIENT, "api-server").verdict, found


@pytest.mark.parametrize("field", ["authorizedIPRanges", "authorizedIpRanges", "AuthorizedIPRanges"])
@pytest.mark.parametrize("nested", [True, False])
def test_trivy_and_checkov_missed_a_field_that_was_renamed(field: str, nested: bool) -> None:
    """trivy #3850 and #4624, checkov #5168: ranges under a newer name of the field count as no ranges."""
    profile = {"apiServerAccessProfile": {field: ["198.51.100.0/24"]}}
    body = cluster(**profile)
    if not nested:  # as az prints it
        body = {**{key: value for key, value in body.items() if key != "properties"}, **body["properties"]}
    said, found = api_server(body)
    assert said == Verdict.DENIED
    assert "api-server-open" not in found


@pytest.mark.parametrize("profile", [{}, {"authorizedIPRanges": []}, {"authorizedIPRanges": None}], ids=str)
def test_scanners_take_an_empty_list_for_a_list(profile: Object) -> None:
    """Presence of the field is no restriction: null, missing and empty let everybody in."""
    said, found = api_server(cluster(apiServerAccessProfile=profile))
    assert said == Verdict.ALLOWED
    assert "api-server-open" in found


def test_psrule_asked_private_clusters_for_ranges() -> None:
    """PSRule #2677: `Azure.AKS.AuthorizedIPs` failed private clusters, which no public address reaches."""
    said, found = api_server(cluster(apiServerAccessProfile={"enablePrivateCluster": True}))
    assert said == Verdict.DENIED
    assert "api-server-open" not in found


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, "", "# nothing\n", "---\n---\n", "a: 1\n"], ids=repr)
def test_scanners_pass_on_empty_input(tmp_path: Path, content: str | None) -> None:
    """What was not read is not fine: a folder in which nothing is understood is an error, not a clean audit."""
    if content is not None:
        (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(NothingUnderstood):
        aksess.read(tmp_path)


@pytest.mark.parametrize(
    "reply",
    [
        {"error": {"code": "AuthorizationFailed", "message": "no"}},
        {"value": [], "nextLink": "https://management.azure.com/next"},
        {"apiVersion": "v1", "kind": "List", "metadata": {"continue": "more"}, "items": []},
    ],
    ids=["denied", "partial", "cut list"],
)
def test_a_denied_or_partial_reply_was_a_clean_result(tmp_path: Path, reply: Object) -> None:
    """cynative #297: a denied, partial or empty read is not a clean result; what is missing could let somebody in."""
    (tmp_path / "reply.json").write_text(json.dumps(reply))
    (tmp_path / "cluster.json").write_text(
        json.dumps(cluster(apiServerAccessProfile={"authorizedIPRanges": ["1.1.1.1"]}))
    )
    estate = aksess.read(tmp_path)
    assert library.explain(estate, CLIENT, "api-server").verdict == Verdict.INDETERMINATE
