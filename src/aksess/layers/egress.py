"""Outbound traffic: what a cluster needs by its outbound type and add-ons, and what its security groups allow of it.

AKS names most of its needs as host names, which a security group cannot hold; service tags come near. A need is denied
where every address that it could have is denied, allowed where every such address is allowed, and cannot be known in
between, or where a firewall or route decides that the input does not hold.

Source: Microsoft Learn, "Outbound network and FQDN rules for AKS clusters"; Azure/AKS CHANGELOG (konnectivity replaced
the tunnels on TCP 9000, UDP 1194 and TCP 22).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aksess.addresses import EVERYONE, INTERNET, PLATFORM, AddressSet
from aksess.estate import Estate, NodeGroup
from aksess.estate.azure import ManagedCluster, SecurityGroup, SecurityRule
from aksess.layers import nsg
from aksess.layers.nsg import Flow, Surroundings
from aksess.rulings import Citation, Layer, Partition, Ruling, Verdict

__all__ = ["Allowance", "Hop", "Need", "Requirement", "allowances", "judge", "needs", "ways_out"]

_OUTBOUND_RULES = 'Microsoft Learn, "Outbound network and FQDN rules for AKS clusters"'
_TUNNEL_PORTS = frozenset({"22", "9000", "1194"})


@dataclass(frozen=True, slots=True)
class Need:
    """Something a cluster sends out.

    Attributes:
        name: Short name.
        destination: Where to, as the documentation names it.
        protocol: ``TCP`` or ``UDP``.
        port: Destination port.
        tags: Service tags that come near; empty where none does.
        source: Where the need is documented.
    """

    name: str
    destination: str
    protocol: str
    port: int
    tags: tuple[str, ...] = ()
    source: str = _OUTBOUND_RULES


@dataclass(frozen=True, slots=True)
class Requirement:
    """A need with its verdict and the rule that decides it."""

    need: Need
    verdict: Verdict
    citation: Citation | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """An outbound allow rule that no need of the cluster uses; obsolete where AKS itself once used it."""

    citation: Citation
    obsolete: bool


@dataclass(frozen=True, slots=True)
class Hop:
    """A security group on the way out, with what names stand for there."""

    group: SecurityGroup
    layer: Layer
    surroundings: Surroundings


def needs(cluster: ManagedCluster) -> list[Need]:
    """What a cluster needs to send out, by where it runs, how it is reached and which add-ons it has."""
    location = (cluster.wire.location or "").lower().replace(" ", "")
    wire = cluster.wire
    outbound = (cluster.network.outbound_type or "loadBalancer").lower()
    isolated = outbound in {"none", "block"} or (
        wire.bootstrap_profile is not None and (wire.bootstrap_profile.artifact_source or "").lower() == "cache"
    )
    hosts = _hosts(location)
    found: list[Need] = []
    if not cluster.api_server.enable_private_cluster and not cluster.api_server.enable_vnet_integration:
        found.append(
            Need("api-server", hosts["api"].format(location=location), "TCP", 443, (f"AzureCloud.{location}",))
        )
    if not isolated:
        found += [
            Need("images", hosts["images"], "TCP", 443, ("MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty")),
            Need("azure-api", hosts["arm"], "TCP", 443, ("AzureResourceManager",)),
            Need("sign-in", hosts["login"], "TCP", 443, ("AzureActiveDirectory",)),
            Need("node-packages", "packages.aks.azure.com, packages.microsoft.com", "TCP", 443),
        ]
    found += _of_add_ons(cluster)
    return list(dict.fromkeys(found))


def judge(cluster: ManagedCluster, estate: Estate, hops: Mapping[str, Sequence[Hop]]) -> list[Requirement]:
    """Every need of a cluster with its verdict.

    Args:
        cluster: The cluster.
        estate: The estate.
        hops: The security groups on the way out of each node group, interface before subnet (see `ways_out`).
    """
    beyond = _beyond(cluster)
    groups = estate.node_groups
    return [
        _worst([_one(need, estate, group, hops.get(group.name, ()), beyond) for group in groups], need)
        for need in needs(cluster)
    ]


def ways_out(interface: SecurityGroup | None, subnet: SecurityGroup | None, surroundings: Surroundings) -> list[Hop]:
    """The hops of outbound traffic: the interface's group, then the subnet's."""
    found = [(interface, Layer.NIC_NSG), (subnet, Layer.SUBNET_NSG)]
    return [Hop(each, layer, surroundings) for each, layer in found if each is not None]


def allowances(cluster: ManagedCluster, hops: Iterable[Hop], used: Iterable[Requirement]) -> list[Allowance]:
    """Outbound allow rules that decide no need of the cluster."""
    tunnels = _TUNNEL_PORTS - {"22"} if _is_china(cluster) else _TUNNEL_PORTS
    deciding = {(each.citation.resource, each.citation.rule) for each in used if each.citation}
    found: dict[tuple[str, str], Allowance] = {}
    for hop in hops:
        for rule in hop.group.outbound():
            key = (hop.group.id, rule.name)
            if rule.default or not rule.allows or key in deciding or key in found:
                continue
            found[key] = Allowance(_cite(hop, rule), _is_obsolete(rule, tunnels))
    return list(found.values())


def _of_add_ons(cluster: ManagedCluster) -> list[Need]:
    wire = cluster.wire
    enabled = {name for name, each in (wire.addon_profiles or {}).items() if each.enabled}
    security = wire.security_profile
    found: list[Need] = []
    if "omsagent" in enabled:
        found.append(
            Need(
                "azure-monitor", "*.ods.opinsights.azure.com, *.oms.opinsights.azure.com", "TCP", 443, ("AzureMonitor",)
            )
        )
    if "azurekeyvaultsecretsprovider" in enabled:
        found.append(Need("key-vault", "vault.azure.net", "TCP", 443, ("AzureKeyVault",)))
    if "azurepolicy" in enabled:
        found.append(Need("azure-policy", "data.policy.core.windows.net, store.policy.core.windows.net", "TCP", 443))
    if (
        security
        and security.defender
        and security.defender.security_monitoring
        and security.defender.security_monitoring.enabled
    ):
        found.append(
            Need(
                "defender", "*.ods.opinsights.azure.com, *.cloud.defender.microsoft.com", "TCP", 443, ("AzureMonitor",)
            )
        )
    if security and security.workload_identity and security.workload_identity.enabled:
        found.append(Need("workload-identity", "login.microsoftonline.com", "TCP", 443, ("AzureActiveDirectory",)))
    return found


def _hosts(location: str) -> dict[str, str]:
    if location.startswith("china"):
        return {
            "api": "*.hcp.{location}.cx.prod.service.azk8s.cn",
            "images": "mcr.azure.cn, *.data.mcr.azure.cn",
            "arm": "management.chinacloudapi.cn",
            "login": "login.chinacloudapi.cn",
        }
    if location.startswith("usgov"):
        return {
            "api": "*.hcp.{location}.cx.aks.containerservice.azure.us",
            "images": "mcr.microsoft.com, *.data.mcr.microsoft.com",
            "arm": "management.usgovcloudapi.net",
            "login": "login.microsoftonline.us",
        }
    return {
        "api": "*.hcp.{location}.azmk8s.io",
        "images": "mcr.microsoft.com, *.data.mcr.microsoft.com",
        "arm": "management.azure.com",
        "login": "login.microsoftonline.com",
    }


def _beyond(cluster: ManagedCluster) -> str:
    """What decides outbound traffic beyond the security groups and is not in the input."""
    kind = (cluster.network.outbound_type or "loadBalancer").lower()
    if kind == "userdefinedrouting":
        return "the route table sends it to a firewall or appliance whose rules are not in the input"
    return ""


def _one(need: Need, estate: Estate, group: NodeGroup, hops: Sequence[Hop], beyond: str) -> Requirement:
    possible = [found for tag in need.tags if (found := estate.tags.get(tag)) is not None]
    exact = len(possible) == len(need.tags) and bool(possible)
    # the platform's own address is public by its number and in every virtual network by its nature
    rest = (AddressSet.union_of(possible) if exact else INTERNET).family(4) - PLATFORM
    allowed = rest
    passing: Citation | None = None
    stopping: Citation | None = None
    doubt = ""
    for hop in hops:
        for part, ruling in list(_outbound(hop, group, need).split(allowed)):
            if ruling.doubt:
                doubt = doubt or ruling.doubt
            elif ruling.passes:
                passing = passing or ruling.citation
            else:
                stopping = stopping or ruling.citation
                allowed = allowed - part
    citation = stopping or passing
    if not allowed:
        return Requirement(need, Verdict.DENIED, citation)
    if allowed != rest or doubt:
        reason = doubt or f"only a part of the addresses that {need.destination} may have is allowed"
        return Requirement(need, Verdict.INDETERMINATE, citation, reason)
    return Requirement(need, Verdict.INDETERMINATE if beyond else Verdict.ALLOWED, citation, beyond)


def _outbound(hop: Hop, group: NodeGroup, need: Need) -> Partition:
    """What a group does with every destination: the same first match, the roles of the two ends exchanged."""
    nodes = AddressSet.union_of(map(AddressSet.single, group.addresses)) or EVERYONE
    turned = replace(hop.group, rules=tuple(_turned(rule) for rule in hop.group.rules))
    flow = Flow(nodes, need.port, need.protocol.lower(), groups=group.application_groups)
    judged = nsg.judge(turned, flow, hop.surroundings, hop.layer, inbound=False)
    texts = {rule.name: nsg.describe(rule) for rule in hop.group.rules}
    return Partition(_told(judged.otherwise, texts), tuple((cell, _told(each, texts)) for cell, each in judged.cells))


def _told(ruling: Ruling, texts: Mapping[str, str]) -> Ruling:
    """A ruling on turned rules that says what the rule says as it stands."""
    text = texts.get(ruling.citation.rule, ruling.citation.text)
    return replace(ruling, citation=replace(ruling.citation, text=text))


def _turned(rule: SecurityRule) -> SecurityRule:
    return replace(
        rule,
        sources=rule.destinations,
        destinations=rule.sources,
        source_groups=rule.destination_groups,
        destination_groups=rule.source_groups,
    )


def _worst(found: Sequence[Requirement], need: Need) -> Requirement:
    for verdict in (Verdict.DENIED, Verdict.INDETERMINATE, Verdict.ALLOWED):
        for each in found:
            if each.verdict == verdict:
                return each
    return Requirement(need, Verdict.INDETERMINATE, None, "no node group in the input")


def _is_china(cluster: ManagedCluster) -> bool:
    """Whether it runs in the cloud of 21Vianet, which still lists the tunnel on port 22."""
    return (cluster.wire.location or "").lower().startswith("china")


def _is_obsolete(rule: SecurityRule, tunnels: frozenset[str]) -> bool:
    """Whether a rule opens nothing but ports of the old tunnels towards Azure."""
    towards_azure = any(
        text.lower().startswith("azurecloud") or text.lower() in {"*", "internet"} for text in rule.destinations
    )
    return towards_azure and bool(rule.destination_ports) and set(rule.destination_ports) <= tunnels


def _cite(hop: Hop, rule: SecurityRule) -> Citation:
    return Citation(
        hop.layer,
        "networkSecurityGroup",
        hop.group.name,
        resource=hop.group.id,
        rule=rule.name,
        priority=rule.priority,
        path=rule.path,
        place=hop.group.place,
        text=nsg.describe(rule),
    )
