"""The Kubernetes nouns that decide access, each with the place where it was found.

They are made from the wire structures of `aksess.estate.wire`, with one form for what may be null, missing or empty
and with the API server's defaults filled in. Values are kept as they were written: whether a range or an annotation
is valid is for the layer that reads it to say, because each reads it in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from aksess.addresses import Address, read_address
from aksess.addresses.parsing import kube_proxy_network
from aksess.errors import ParseError
from aksess.estate import wire
from aksess.snapshot.items import Located

__all__ = [
    "Container",
    "Endpoint",
    "EndpointSlice",
    "Ingress",
    "IngressBackend",
    "IngressClass",
    "IngressPath",
    "LoadBalancerAddress",
    "NetworkPolicy",
    "Node",
    "Pod",
    "Service",
    "ServicePort",
    "Workload",
]

Name = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class _Named:
    """What every object has."""

    namespace: str
    name: str
    place: Located = field(repr=False, compare=False)

    @property
    def key(self) -> Name:
        """Namespace and name."""
        return (self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service; protocol in upper case."""

    port: int
    protocol: str
    name: str
    target_port: int | str
    node_port: int
    app_protocol: str


@dataclass(frozen=True, slots=True)
class LoadBalancerAddress:
    """One entry of ``status.loadBalancer.ingress`` that is an address; mode ``VIP`` or ``Proxy``."""

    address: Address
    mode: str


@dataclass(frozen=True, slots=True)
class Service(_Named):
    """A Service."""

    annotations: dict[str, str]
    labels: dict[str, str]
    uid: str
    created: str
    type: str
    ports: tuple[ServicePort, ...]
    selector: dict[str, str]
    cluster_addresses: tuple[Address, ...]
    external_addresses: tuple[Address, ...]
    load_balancer_addresses: tuple[LoadBalancerAddress, ...]
    load_balancer_class: str
    source_ranges: tuple[str, ...]
    external_policy: Literal["Cluster", "Local"]
    internal_policy: Literal["Cluster", "Local"]
    health_check_node_port: int
    families: tuple[int, ...]
    session_affinity: bool
    publishes_not_ready: bool

    @property
    def is_load_balancer(self) -> bool:
        """Whether it asks for a load balancer."""
        return self.type == "LoadBalancer"

    def port(self, number: int, protocol: str = "TCP") -> ServicePort | None:
        """The port with a number and protocol."""
        for port in self.ports:
            if port.port == number and port.protocol == protocol:
                return port
        return None


@dataclass(frozen=True, slots=True)
class IngressBackend:
    """Where an Ingress path leads: a Service port, or a resource that is no Service (then ``service`` is empty)."""

    service: str
    port: int | str


@dataclass(frozen=True, slots=True)
class IngressPath:
    """One path of one rule, with its indices in the object."""

    host: str
    path: str
    type: Literal["Exact", "Prefix", "ImplementationSpecific"]
    backend: IngressBackend
    rule: int
    index: int

    @property
    def field(self) -> tuple[str | int, ...]:
        """Where the path stands in the object."""
        return ("spec", "rules", self.rule, "http", "paths", self.index)


@dataclass(frozen=True, slots=True)
class Ingress(_Named):
    """An Ingress."""

    annotations: dict[str, str]
    labels: dict[str, str]
    created: str
    class_name: str | None
    default_backend: IngressBackend | None
    hosts: tuple[str, ...]
    """The host of each rule, empty for a rule without one."""
    paths: tuple[IngressPath, ...]
    tls_hosts: tuple[str, ...]
    tls: tuple[tuple[tuple[str, ...], str], ...]
    """Hosts and Secret name of each TLS entry."""
    addresses: tuple[Address, ...]
    """The addresses in its status."""


@dataclass(frozen=True, slots=True)
class IngressClass(_Named):
    """An IngressClass; ``default`` by the annotation ``ingressclass.kubernetes.io/is-default-class``."""

    controller: str
    default: bool


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod template: image, arguments (command and args), plain environment, ports."""

    name: str
    image: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    ports: tuple[wire.ContainerPort, ...]


@dataclass(frozen=True, slots=True)
class Workload(_Named):
    """A Deployment, DaemonSet, StatefulSet or ReplicaSet: what its pods look like."""

    kind: str
    labels: dict[str, str]
    pod_labels: dict[str, str]
    containers: tuple[Container, ...]
    host_network: bool
    replicas: int | None


@dataclass(frozen=True, slots=True)
class Pod(_Named):
    """A pod."""

    labels: dict[str, str]
    node: str
    host_network: bool
    addresses: tuple[Address, ...]
    containers: tuple[Container, ...]
    owned: bool
    """Whether a workload made it."""
    ready: bool
    terminating: bool


@dataclass(frozen=True, slots=True)
class Node(_Named):
    """A node: its addresses, its pod ranges and the scale set or machine behind it."""

    internal: tuple[Address, ...]
    external: tuple[Address, ...]
    provider_id: str
    pod_ranges: tuple[str, ...]
    taints: tuple[str, ...]
    labels: dict[str, str]
    kubelet_version: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of a slice. Missing conditions count as ready and serving, as kube-proxy reads them.

    Source: kubernetes/kubernetes pkg/proxy/endpointslicecache.go `addEndpoints`.
    """

    addresses: tuple[str, ...]
    ready: bool
    serving: bool
    terminating: bool
    node: str
    pod: Name | None


@dataclass(frozen=True, slots=True)
class EndpointSlice(_Named):
    """An EndpointSlice of a Service: address family (4 or 6), endpoints, and port numbers by port name."""

    service: str
    family: int
    endpoints: tuple[Endpoint, ...]
    ports: dict[tuple[str, str], int | None]
    """Port number by (port name, protocol)."""


@dataclass(frozen=True, slots=True)
class NetworkPolicy(_Named):
    """A NetworkPolicy; only its ingress side is read."""

    selector: wire.LabelSelector
    restricts_ingress: bool
    rules: tuple[wire.PolicyIngressRule, ...]


def service(item: wire.Service, place: Located) -> Service:
    """A Service from the wire, with the API server's defaults.

    Raises:
        ParseError: A protocol or an address that the API server refuses.
    """
    meta, spec = item.metadata, item.spec
    status = item.status.load_balancer if item.status and item.status.load_balancer else None
    cluster = spec.cluster_ips or ([spec.cluster_ip] if spec.cluster_ip else [])
    families = tuple({"IPv4": 4, "IPv6": 6}[each] for each in spec.ip_families or [])
    addresses = tuple(
        LoadBalancerAddress(_address(entry.ip), entry.ip_mode or "VIP")
        for entry in (status.ingress if status and status.ingress else [])
        if entry.ip
    )
    if not families:
        known = [each.address.family for each in addresses]
        known += [address.family for text in cluster if (address := read_address(text)) is not None]
        families = tuple(dict.fromkeys(known)) or (4,)
    return Service(
        meta.namespace or "default",
        meta.name,
        place,
        annotations=meta.annotations or {},
        labels=meta.labels or {},
        uid=meta.uid or "",
        created=meta.creation_timestamp or "",
        type=spec.type or "ClusterIP",
        ports=tuple(
            ServicePort(
                port.port,
                _protocol(port.protocol),
                port.name or "",
                port.target_port if port.target_port not in (None, 0, "") else port.port,
                port.node_port or 0,
                port.app_protocol or "",
            )
            for port in spec.ports or []
        ),
        selector=spec.selector or {},
        cluster_addresses=_addresses(cluster),
        external_addresses=tuple(_address(text) for text in spec.external_ips or []),
        load_balancer_addresses=addresses,
        load_balancer_class=spec.load_balancer_class or "",
        source_ranges=tuple(spec.load_balancer_source_ranges or []),
        external_policy="Local" if spec.external_traffic_policy == "Local" else "Cluster",
        internal_policy="Local" if spec.internal_traffic_policy == "Local" else "Cluster",
        health_check_node_port=spec.health_check_node_port or 0,
        families=families,
        session_affinity=spec.session_affinity == "ClientIP",
        publishes_not_ready=bool(spec.publish_not_ready_addresses),
    )


def ingress(item: wire.Ingress, place: Located) -> Ingress:
    """An Ingress from the wire; the forms of the versions before v1 are read too."""
    meta, spec = item.metadata, item.spec
    status = item.status.load_balancer if item.status and item.status.load_balancer else None
    paths: list[IngressPath] = []
    for number, rule in enumerate(spec.rules or []):
        for index, path in enumerate(rule.http.paths if rule.http else []):
            kind: Literal["Exact", "Prefix", "ImplementationSpecific"] = "ImplementationSpecific"
            if path.path_type == "Exact":
                kind = "Exact"
            elif path.path_type == "Prefix":
                kind = "Prefix"
            paths.append(IngressPath(rule.host or "", path.path or "/", kind, _backend(path.backend), number, index))
    default = spec.default_backend or spec.backend
    tls = tuple((tuple(each.hosts or []), each.secret_name or "") for each in spec.tls or [])
    return Ingress(
        meta.namespace or "default",
        meta.name,
        place,
        annotations=meta.annotations or {},
        labels=meta.labels or {},
        created=meta.creation_timestamp or "",
        class_name=spec.ingress_class_name,
        default_backend=_backend(default) if default else None,
        hosts=tuple(rule.host or "" for rule in spec.rules or []),
        paths=tuple(paths),
        tls_hosts=tuple(host for hosts, _ in tls for host in hosts),
        tls=tls,
        addresses=_addresses([each.ip for each in (status.ingress if status and status.ingress else []) if each.ip]),
    )


def ingress_class(item: wire.IngressClass, place: Located) -> IngressClass:
    """An IngressClass from the wire."""
    marked = (item.metadata.annotations or {}).get("ingressclass.kubernetes.io/is-default-class", "")
    return IngressClass(
        "",
        item.metadata.name,
        place,
        controller=(item.spec.controller or "") if item.spec else "",
        default=marked == "true",
    )


def workload(item: wire.Workload, kind: str, place: Located) -> Workload:
    """A workload from the wire."""
    template = item.spec.template
    spec = template.spec or wire.PodSpec()
    return Workload(
        item.metadata.namespace or "default",
        item.metadata.name,
        place,
        kind=kind,
        labels=item.metadata.labels or {},
        pod_labels=(template.metadata.labels or {}) if template.metadata else {},
        containers=_containers(spec),
        host_network=bool(spec.host_network),
        replicas=item.spec.replicas,
    )


def pod(item: wire.Pod, place: Located) -> Pod:
    """A pod from the wire."""
    status = item.status or wire.PodStatus()
    texts = [each.ip for each in status.pod_ips or []] or ([status.pod_ip] if status.pod_ip else [])
    conditions = {each.type: each.status for each in status.conditions or []}
    return Pod(
        item.metadata.namespace or "default",
        item.metadata.name,
        place,
        labels=item.metadata.labels or {},
        node=item.spec.node_name or "",
        host_network=bool(item.spec.host_network),
        addresses=_addresses(texts),
        containers=_containers(item.spec),
        owned=bool(item.metadata.owner_references),
        ready=conditions.get("Ready", "True" if status.phase in (None, "Running") else "False") == "True",
        terminating=item.metadata.deletion_timestamp is not None,
    )


def node(item: wire.Node, place: Located) -> Node:
    """A node from the wire."""
    spec, status = item.spec or wire.NodeSpec(), item.status or wire.NodeStatus()
    by_type: dict[str, list[str]] = {}
    for each in status.addresses or []:
        by_type.setdefault(each.type, []).append(each.address)
    return Node(
        "",
        item.metadata.name,
        place,
        internal=_addresses(by_type.get("InternalIP", [])),
        external=_addresses(by_type.get("ExternalIP", [])),
        provider_id=spec.provider_id or "",
        pod_ranges=tuple(spec.pod_cidrs or ([spec.pod_cidr] if spec.pod_cidr else [])),
        taints=tuple(taint.key for taint in spec.taints or []),
        labels=item.metadata.labels or {},
        kubelet_version=(status.node_info.kubelet_version or "") if status.node_info else "",
    )


def endpoint_slice(item: wire.EndpointSlice, place: Located) -> EndpointSlice:
    """An EndpointSlice from the wire."""
    endpoints: list[Endpoint] = []
    for each in item.endpoints or []:
        conditions = each.conditions or wire.EndpointConditions()
        ready = conditions.ready is not False
        target = each.target_ref
        endpoints.append(
            Endpoint(
                tuple(each.addresses),
                ready=ready,
                serving=conditions.serving is not False,
                terminating=bool(conditions.terminating),
                node=each.node_name or "",
                pod=(target.namespace or item.metadata.namespace or "default", target.name or "")
                if target and target.kind == "Pod"
                else None,
            )
        )
    return EndpointSlice(
        item.metadata.namespace or "default",
        item.metadata.name,
        place,
        service=(item.metadata.labels or {}).get("kubernetes.io/service-name", ""),
        family=6 if item.address_type == "IPv6" else 4,
        endpoints=tuple(endpoints),
        ports={(port.name or "", _protocol(port.protocol)): port.port for port in item.ports or []},
    )


def endpoints(item: wire.Endpoints, place: Located) -> list[EndpointSlice]:
    """The slices that mirror an Endpoints object, one a subset and family."""
    slices: list[EndpointSlice] = []
    for index, subset in enumerate(item.subsets or []):
        ports = {(port.name or "", _protocol(port.protocol)): port.port for port in subset.ports or []}
        for family in (4, 6):
            members = tuple(
                Endpoint(
                    (each.ip,), ready, ready, terminating=False, node=each.node_name or "", pod=_target(each, item)
                )
                for ready, group in ((True, subset.addresses), (False, subset.not_ready_addresses))
                for each in group or []
                if (address := read_address(each.ip)) is not None and address.family == family
            )
            if members:
                slices.append(
                    EndpointSlice(
                        item.metadata.namespace or "default",
                        f"{item.metadata.name}-{index}",
                        place,
                        service=item.metadata.name,
                        family=family,
                        endpoints=members,
                        ports=ports,
                    )
                )
    return slices


def network_policy(item: wire.NetworkPolicy, place: Located) -> NetworkPolicy:
    """A NetworkPolicy from the wire; without ``policyTypes`` it restricts ingress.

    Raises:
        ParseError: A range that the API server refuses.
    """
    types = item.spec.policy_types
    for block in [peer.ip_block for rule in item.spec.ingress or [] for peer in rule.peers or [] if peer.ip_block]:
        for text in (block.cidr, *(block.exceptions or [])):
            kube_proxy_network(text)
    return NetworkPolicy(
        item.metadata.namespace or "default",
        item.metadata.name,
        place,
        selector=item.spec.pod_selector or wire.LabelSelector(),
        restricts_ingress=not types or "Ingress" in types,
        rules=tuple(item.spec.ingress or []),
    )


def _backend(item: wire.IngressBackend) -> IngressBackend:
    if item.service is not None:
        port = item.service.port or wire.BackendPort()
        return IngressBackend(item.service.name, port.number or port.name or 0)
    if item.service_name:
        return IngressBackend(item.service_name, item.service_port or 0)
    return IngressBackend("", 0)


def _containers(spec: wire.PodSpec) -> tuple[Container, ...]:
    return tuple(
        Container(
            each.name or "",
            each.image or "",
            (*(each.command or []), *(each.args or [])),
            {variable.name: variable.value for variable in each.env or [] if variable.value is not None},
            tuple(each.ports or []),
        )
        for each in spec.containers or []
    )


def _target(item: wire.SubsetAddress, whole: wire.Endpoints) -> Name | None:
    target = item.target_ref
    if target is None or target.kind != "Pod":
        return None
    return (target.namespace or whole.metadata.namespace or "default", target.name or "")


def _protocol(text: str | None) -> str:
    """A protocol in upper case. Raises ParseError for one that Kubernetes does not know."""
    protocol = (text or "TCP").upper()
    if protocol not in {"TCP", "UDP", "SCTP"}:
        raise ParseError(f"{text!r} is no protocol of Kubernetes")
    return protocol


def _address(text: str) -> Address:
    """An address where the API server takes nothing else. Raises ParseError."""
    address = read_address(text)
    if address is None:
        raise ParseError(f"{text!r} is no address")
    return address


def _addresses(texts: list[str]) -> tuple[Address, ...]:
    return tuple(address for text in texts if (address := read_address(text)) is not None)
