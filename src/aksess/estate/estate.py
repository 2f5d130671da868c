"""The estate: everything that was read, as typed nouns, joined where names and ids point at each other.

`Estate.of` decodes a snapshot once. An object of a kind that matters and that cannot be decoded becomes an entry of
`unread`, never a hole that nobody sees; two different definitions of one object are listed too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from aksess.addresses import AddressSet, ServiceTags, read_address
from aksess.errors import ParseError
from aksess.estate import azure, azure_wire, kinds, kubernetes, nodes, wire
from aksess.estate.azure import (
    LoadBalancer,
    ManagedCluster,
    NatGateway,
    PublicAddress,
    SecurityGroup,
    SecurityRule,
    Subnet,
    VirtualNetwork,
)
from aksess.estate.kubernetes import (
    EndpointSlice,
    Ingress,
    IngressClass,
    Name,
    NetworkPolicy,
    Node,
    Pod,
    Service,
    Workload,
)
from aksess.estate.nodes import Machines, NodeGroup
from aksess.rulings import Place
from aksess.snapshot.items import AzureItem, KubernetesItem
from aksess.snapshot.snapshot import Snapshot
from aksess.snapshot.unread import Reach, Unread

__all__ = ["Estate"]

Noun = TypeVar("Noun")

_LAST = frozenset({"microsoft.network/loadbalancers", "microsoft.network/networksecuritygroups/securityrules"})
"""Resources that look at others: load balancers at their public addresses, lone rules at their group."""


@dataclass(eq=False)
class Estate:
    """Everything that was read. Fill it with `of`; treat it as read-only afterwards.

    Azure maps are keyed by resource id in lower case, Kubernetes maps by namespace and name.
    """

    services: dict[Name, Service] = field(default_factory=dict)
    ingresses: dict[Name, Ingress] = field(default_factory=dict)
    ingress_classes: dict[str, IngressClass] = field(default_factory=dict)
    config_maps: dict[Name, KubernetesItem] = field(default_factory=dict)
    workloads: list[Workload] = field(default_factory=list)
    pods: dict[Name, Pod] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    slices: dict[Name, list[EndpointSlice]] = field(default_factory=dict)
    """EndpointSlices by the Service they belong to."""
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    """Labels by name."""
    secrets: set[Name] | None = None
    """Names of Secrets; None where the input holds none at all."""
    policies: list[NetworkPolicy] = field(default_factory=list)
    others: dict[tuple[str, str], list[KubernetesItem]] = field(default_factory=dict)
    """Objects that a controller package or a check reads itself, by (group, kind)."""
    clusters: list[ManagedCluster] = field(default_factory=list)
    security_groups: dict[str, SecurityGroup] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    networks: dict[str, VirtualNetwork] = field(default_factory=dict)
    route_tables: dict[str, azure.RouteTable] = field(default_factory=dict)
    """User-route prefixes of each route table."""
    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict)
    public_addresses: dict[str, PublicAddress] = field(default_factory=dict)
    public_prefixes: dict[str, AddressSet] = field(default_factory=dict)
    nat_gateways: dict[str, NatGateway] = field(default_factory=dict)
    machines: list[Machines] = field(default_factory=list)
    application_gateways: list[AzureItem] = field(default_factory=list)
    front_doors: list[AzureItem] = field(default_factory=list)
    admin_rules: list[tuple[SecurityRule, AzureItem]] = field(default_factory=list)
    effective: list[tuple[azure_wire.EffectiveGroup, AzureItem]] = field(default_factory=list)
    tags: ServiceTags = field(default_factory=ServiceTags)
    unread: list[Unread] = field(default_factory=list)
    left_out: int = 0
    digest: Callable[[], str] = field(default=lambda: "", repr=False)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Estate:
        """The estate of a snapshot."""
        estate = cls(
            tags=snapshot.tags, unread=list(snapshot.unread), left_out=snapshot.left_out, digest=lambda: snapshot.digest
        )
        builder = _Builder(estate)
        for item in snapshot.objects:
            builder.take_object(item)
        builder.mirror_endpoints()
        for resource in sorted(snapshot.resources, key=lambda each: each.type in _LAST):
            builder.take_resource(resource)
        for reply in snapshot.effective:
            builder.take_effective(reply)
        return estate

    @cached_property
    def cluster(self) -> ManagedCluster | None:
        """The AKS cluster that the Kubernetes objects belong to; None where it was not read or cannot be told."""
        if len(self.clusters) <= 1:
            return self.clusters[0] if self.clusters else None
        providers = " ".join(node.provider_id.lower() for node in self.nodes.values())
        fitting = [
            each
            for each in self.clusters
            if each.wire.node_resource_group
            and f"/resourcegroups/{each.wire.node_resource_group.lower()}/" in providers
        ]
        return fitting[0] if len(fitting) == 1 else None

    @cached_property
    def node_groups(self) -> tuple[NodeGroup, ...]:
        """The node groups of the cluster; at least one."""
        return nodes.node_groups(list(self.nodes.values()), self.machines, self.cluster, self.subnets)

    @cached_property
    def pods_by_node(self) -> dict[str, list[Pod]]:
        """Pods by the node they run on."""
        found: dict[str, list[Pod]] = {}
        for pod in self.pods.values():
            found.setdefault(pod.node, []).append(pod)
        return found

    @cached_property
    def pods_by_namespace(self) -> dict[str, list[Pod]]:
        """Pods by their namespace."""
        found: dict[str, list[Pod]] = {}
        for pod in self.pods.values():
            found.setdefault(pod.namespace, []).append(pod)
        return found

    @cached_property
    def virtual_network_space(self) -> AddressSet:
        """The space of every virtual network that was read."""
        return AddressSet.union_of(network.space for network in self.networks.values())

    def gaps(self, *reaches: Reach) -> list[Unread]:
        """The unread things that reach at least one of the given, or everything."""
        wanted = {Reach.EVERYTHING, *reaches}
        return [each for each in self.unread if each.reach in wanted]

    def config_map(self, namespace: str, name: str) -> dict[str, str] | None:
        """The data of a ConfigMap, or None where it was not read or is unusable."""
        item = self.config_maps.get((namespace, name))
        if item is None:
            return None
        try:
            return item.decode(wire.ConfigMap).data or {}
        except ParseError:
            return None


class _Builder:
    """Sorts the items of a snapshot into an estate."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._mirrored: dict[Name, list[EndpointSlice]] = {}
        self._kubernetes: dict[tuple[str, str], Callable[[KubernetesItem], None]] = {
            ("", "Service"): self._service,
            ("", "ConfigMap"): self._config_map,
            ("", "Secret"): self._secret,
            ("", "Pod"): self._pod,
            ("", "Node"): self._node,
            ("", "Namespace"): self._namespace,
            ("", "Endpoints"): self._endpoints,
            ("discovery.k8s.io", "EndpointSlice"): self._slice,
            ("networking.k8s.io", "Ingress"): self._ingress,
            ("extensions", "Ingress"): self._ingress,
            ("networking.k8s.io", "IngressClass"): self._ingress_class,
            ("networking.k8s.io", "NetworkPolicy"): self._policy,
        }
        for group in ("apps", "extensions"):
            for kind in kinds.MODELLED[group] - {"Ingress"}:
                self._kubernetes[(group, kind)] = self._workload
        self._azure: dict[str, Callable[[AzureItem], None]] = {
            "microsoft.containerservice/managedclusters": self._cluster,
            "microsoft.network/networksecuritygroups": self._security_group,
            "microsoft.network/virtualnetworks": self._network,
            "microsoft.network/virtualnetworks/subnets": self._lone_subnet,
            "microsoft.network/routetables": self._route_table,
            "microsoft.network/loadbalancers": self._load_balancer,
            "microsoft.network/publicipaddresses": self._public_address,
            "microsoft.network/publicipprefixes": self._public_prefix,
            "microsoft.network/natgateways": self._nat_gateway,
            "microsoft.network/networkinterfaces": self._interface,
            "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces": self._interface,
            "microsoft.compute/virtualmachinescalesets": self._scale_set,
            "microsoft.network/applicationgateways": self._application_gateway,
            "microsoft.network/frontdoors": estate.front_doors.append,
            "microsoft.cdn/profiles/origingroups/origins": estate.front_doors.append,
            "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules": self._admin_rule,
            "microsoft.network/networksecuritygroups/securityrules": self._lone_rule,
        }

    # --- Kubernetes ---------------------------------------------------------------------------------------------------

    def take_object(self, item: KubernetesItem) -> None:
        taken = self._kubernetes.get((item.group, item.kind))
        if taken is None:
            if item.kind in kinds.MODELLED.get(item.group, ()) or item.group in kinds.CONTROLLER_GROUPS:
                self.estate.others.setdefault((item.group, item.kind), []).append(item)
                if item.kind in kinds.MODELLED.get(item.group, ()):
                    return
            gap = kinds.gap_of(item.group, item.kind)
            if gap is not None:
                self._gap(item, *gap)
            return
        try:
            _refuse_template(item)
            taken(item)
        except ParseError as error:
            reach = Reach.CONTROLLER if item.kind in {"Ingress", "IngressClass"} else Reach.EVERYTHING
            if item.kind == "NetworkPolicy":
                reach = Reach.NETWORK_POLICY
            self._gap(item, error.what, reach)

    def _gap(self, item: KubernetesItem, reason: str, reach: Reach) -> None:
        place = item.place
        self.estate.unread.append(Unread(place.file, place.line(), reason, reach, item.kind, item.namespace, item.name))

    def _put(self, into: dict[Any, Noun], key: Any, noun: Noun, item: KubernetesItem, reach: Reach) -> None:
        earlier = into.get(key)
        if earlier is not None and earlier != noun:
            self._given_twice(item, earlier.place, reach)  # type: ignore[attr-defined]
        into[key] = noun

    def _given_twice(self, item: KubernetesItem, before: Place, reach: Reach) -> None:
        where = f"{before.file}:{before.line()}"
        self._gap(item, f"{item.label} is given twice and differs from {where}; this one counts", reach)

    def _service(self, item: KubernetesItem) -> None:
        noun = kubernetes.service(item.decode(wire.Service), item.place)
        self._put(self.estate.services, noun.key, noun, item, Reach.EVERYTHING)

    def _config_map(self, item: KubernetesItem) -> None:
        key = (item.namespace or "default", item.name)
        earlier = self.estate.config_maps.get(key)
        if earlier is not None and earlier.plain().get("data") != item.plain().get("data"):
            self._given_twice(item, earlier.place, Reach.CONTROLLER)
        self.estate.config_maps[key] = item

    def _secret(self, item: KubernetesItem) -> None:
        if self.estate.secrets is None:
            self.estate.secrets = set()
        self.estate.secrets.add((item.namespace or "default", item.name))

    def _pod(self, item: KubernetesItem) -> None:
        noun = kubernetes.pod(item.decode(wire.Pod), item.place)
        self.estate.pods[noun.key] = noun

    def _node(self, item: KubernetesItem) -> None:
        noun = kubernetes.node(item.decode(wire.Node), item.place)
        self.estate.nodes[noun.name] = noun

    def _namespace(self, item: KubernetesItem) -> None:
        meta = item.decode(wire.Namespace).metadata
        self.estate.namespaces[meta.name] = {"kubernetes.io/metadata.name": meta.name, **(meta.labels or {})}

    def _slice(self, item: KubernetesItem) -> None:
        noun = kubernetes.endpoint_slice(item.decode(wire.EndpointSlice), item.place)
        if noun.service:
            self.estate.slices.setdefault((noun.namespace, noun.service), []).append(noun)

    def _endpoints(self, item: KubernetesItem) -> None:
        found = kubernetes.endpoints(item.decode(wire.Endpoints), item.place)
        self._mirrored.setdefault((item.namespace or "default", item.name), []).extend(found)

    def mirror_endpoints(self) -> None:
        """Let Endpoints speak where there are no slices, which are newer and finer; in whichever order they came."""
        for key, found in self._mirrored.items():
            self.estate.slices.setdefault(key, found)

    def _ingress(self, item: KubernetesItem) -> None:
        noun = kubernetes.ingress(item.decode(wire.Ingress), item.place)
        self._put(self.estate.ingresses, noun.key, noun, item, Reach.CONTROLLER)

    def _ingress_class(self, item: KubernetesItem) -> None:
        noun = kubernetes.ingress_class(item.decode(wire.IngressClass), item.place)
        self._put(self.estate.ingress_classes, noun.name, noun, item, Reach.CONTROLLER)

    def _workload(self, item: KubernetesItem) -> None:
        self.estate.workloads.append(kubernetes.workload(item.decode(wire.Workload), item.kind, item.place))

    def _policy(self, item: KubernetesItem) -> None:
        self.estate.policies.append(kubernetes.network_policy(item.decode(wire.NetworkPolicy), item.place))

    # --- Azure --------------------------------------------------------------------------------------------------------

    def take_resource(self, item: AzureItem) -> None:
        taken = self._azure.get(item.type)
        if taken is None:
            reason = f"{item.type} is not modelled; no layer of access reads it"
            self.estate.unread.append(
                Unread(item.place.file, item.place.line(), reason, Reach.NOTHING, _short(item.type), name=item.name)
            )
            return
        try:
            taken(item)
        except (ParseError, ValueError) as error:
            reason = error.what if isinstance(error, ParseError) else str(error)
            place = item.place
            self.estate.unread.append(Unread(place.file, place.line(), reason, kind=_short(item.type), name=item.name))

    def take_effective(self, item: AzureItem) -> None:
        try:
            reply = item.decode(azure_wire.TagMapReply)
        except ParseError as error:
            self.estate.unread.append(
                Unread(item.place.file, item.place.line(), f"effective security rules: {error.what}")
            )
            return
        for group in reply.value or []:
            try:
                for index, rule in enumerate(group.effective_security_rules or []):
                    azure.security_rule(rule, ("effectiveSecurityRules", index))
            except ValueError as error:
                reason = f"effective security rules: {error}"
                self.estate.unread.append(Unread(item.place.file, item.place.line(), reason))
            else:
                self.estate.effective.append((group, item))

    def _cluster(self, item: AzureItem) -> None:
        decoded = item.decode(azure_wire.ManagedCluster)
        if not any(each.key == item.id.lower() for each in self.estate.clusters):
            self.estate.clusters.append(ManagedCluster(item.id, item.name, item.place, decoded))

    def _security_group(self, item: AzureItem) -> None:
        found = azure.security_group(item.id, item.name, item.decode(azure_wire.SecurityGroup), item.place)
        earlier = self.estate.security_groups.get(found.key)
        self.estate.security_groups[found.key] = found
        if earlier is not None and not found.rules_are_those_of(earlier):
            where = f"{earlier.place.file}:{earlier.place.line()}"
            raise ValueError(f"is given twice and its rules differ from {where}; this one counts")

    def _lone_rule(self, item: AzureItem) -> None:
        group = item.id.lower().partition("/securityrules/")[0]
        if group not in self.estate.security_groups:
            raise ValueError("a rule without its group; give the network security group itself")

    def _network(self, item: AzureItem) -> None:
        decoded = item.decode(azure_wire.VirtualNetwork)
        self.estate.networks[item.id.lower()] = azure.virtual_network(item.id, item.name, decoded, item.place)
        for index, each in enumerate(decoded.subnets or []):
            identity = each.id or f"{item.id}/subnets/{each.name}"
            place = item.place.inside(("subnets", index))
            self.estate.subnets[identity.lower()] = azure.subnet(identity, each.name or "", item.id, each, place)

    def _lone_subnet(self, item: AzureItem) -> None:
        network = item.id.lower().partition("/subnets/")[0]
        found = azure.subnet(item.id, item.name, network, item.decode(azure_wire.Subnet), item.place)
        self.estate.subnets[item.id.lower()] = found

    def _route_table(self, item: AzureItem) -> None:
        self.estate.route_tables[item.id.lower()] = azure.route_table(item.decode(azure_wire.RouteTable))

    def _load_balancer(self, item: AzureItem) -> None:
        decoded = item.decode(azure_wire.LoadBalancer)
        found = azure.load_balancer(item.id, item.name, decoded, self.estate.public_addresses, item.place)
        self.estate.load_balancers[item.id.lower()] = found

    def _public_address(self, item: AzureItem) -> None:
        decoded = item.decode(azure_wire.PublicAddress)
        address = read_address(decoded.ip_address) if decoded.ip_address else None
        self.estate.public_addresses[item.id.lower()] = PublicAddress(
            item.id, item.name, item.place, address, decoded.tags or {}
        )

    def _public_prefix(self, item: AzureItem) -> None:
        prefix = item.decode(azure_wire.PublicPrefix).ip_prefix
        self.estate.public_prefixes[item.id.lower()] = azure.space_of([prefix] if prefix else [])

    def _nat_gateway(self, item: AzureItem) -> None:
        decoded = item.decode(azure_wire.NatGateway)
        references: Sequence[list[azure_wire.Reference] | None] = (
            decoded.public_ip_addresses,
            decoded.public_ip_prefixes,
            decoded.subnets,
        )
        addresses, prefixes, subnets = (
            tuple(each.id.lower() for each in group or [] if each.id) for group in references
        )
        self.estate.nat_gateways[item.id.lower()] = NatGateway(
            item.id, item.name, item.place, addresses, prefixes, subnets
        )

    def _interface(self, item: AzureItem) -> None:
        found = nodes.machines_of_interface(item.id, item.decode(azure_wire.NetworkInterface))
        if found is not None:
            self.estate.machines.append(found)

    def _scale_set(self, item: AzureItem) -> None:
        found = nodes.machines_of_scale_set(item.id, item.name, item.decode(azure_wire.ScaleSet))
        if found is not None:
            self.estate.machines.insert(0, found)

    def _application_gateway(self, item: AzureItem) -> None:
        item.decode(azure_wire.ApplicationGateway)
        self.estate.application_gateways.append(item)

    def _admin_rule(self, item: AzureItem) -> None:
        rule = azure.security_rule(item.decode(azure_wire.SecurityRule), ())
        self.estate.admin_rules.append((replace(rule, name=item.name), item))


def _short(kind: str) -> str:
    return kind.rpartition("/")[2]


def _refuse_template(item: KubernetesItem) -> None:
    """Refuse an object that still holds template text where it decides something."""
    if item.kind not in {"Service", "Ingress", "NetworkPolicy", "IngressClass", "EndpointSlice"}:
        return
    if isinstance(item.value, bytes) and b"{{" not in item.value and b"${" not in item.value:
        return
    try:
        found = _template_in(item.plain())
    except RecursionError:
        raise ParseError("nested too deep") from None
    if found:
        raise ParseError(f"holds template text ({found}); render it first")


def _template_in(value: Any) -> str:
    if isinstance(value, str):
        for opening in ("{{", "${"):
            start = value.find(opening)
            if start >= 0:
                return value[start : start + 24].splitlines()[0]
        return ""
    if isinstance(value, dict):
        for key, each in value.items():
            if isinstance(key, str) and ("snippet" in key or "last-applied" in key):
                continue
            found = _template_in(key) or _template_in(each)
            if found:
                return found
        return ""
    if isinstance(value, list):
        return next((found for each in value if (found := _template_in(each))), "")
    return ""
