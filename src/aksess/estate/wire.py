"""The parts of Kubernetes objects that decide access, as they stand on the wire.

Every list and map may be null, missing or empty, which mean the same; the nouns of `aksess.estate` give them one
form. Types are strict: where the API server would refuse a value, decoding fails and the object is unread.

Source: kubernetes/api core/v1, networking/v1, discovery/v1, apps/v1 types.go.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Labels = dict[str, str]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
PortOrNone = Annotated[int, msgspec.Meta(ge=0, le=65535)]
"""A port where 0 stands for none."""
TrafficPolicy = Literal["", "Cluster", "Local"]


class Wire(msgspec.Struct, rename="camel"):
    """Base: camelCase on the wire, unknown fields ignored."""


class OwnerReference(Wire):
    kind: str | None = None
    name: str | None = None
    controller: bool | None = None


class Metadata(Wire):
    name: str
    namespace: str | None = None
    uid: str | None = None
    labels: Labels | None = None
    annotations: Labels | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    owner_references: list[OwnerReference] | None = None


class LabelExpression(Wire):
    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: list[str] | None = None


class LabelSelector(Wire):
    match_labels: Labels | None = None
    match_expressions: list[LabelExpression] | None = None


# --- Service ---------------------------------------------------------------------------------------------------------


class ServicePort(Wire):
    port: Port
    name: str | None = None
    protocol: str | None = None
    target_port: PortOrNone | str | None = None
    node_port: PortOrNone | None = None
    app_protocol: str | None = None


class ServiceSpec(Wire):
    type: Literal["", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] | None = None
    ports: list[ServicePort] | None = None
    selector: Labels | None = None
    cluster_ip: str | None = msgspec.field(default=None, name="clusterIP")
    cluster_ips: list[str] | None = msgspec.field(default=None, name="clusterIPs")
    external_ips: list[str] | None = msgspec.field(default=None, name="externalIPs")
    external_name: str | None = None
    load_balancer_ip: str | None = msgspec.field(default=None, name="loadBalancerIP")
    load_balancer_class: str | None = None
    load_balancer_source_ranges: list[str] | None = None
    allocate_load_balancer_node_ports: bool | None = None
    external_traffic_policy: TrafficPolicy | None = None
    internal_traffic_policy: TrafficPolicy | None = None
    health_check_node_port: PortOrNone | None = None
    ip_families: list[Literal["IPv4", "IPv6"]] | None = None
    ip_family_policy: str | None = None
    session_affinity: str | None = None
    publish_not_ready_addresses: bool | None = None


class LoadBalancerIngress(Wire):
    ip: str | None = None
    hostname: str | None = None
    ip_mode: Literal["", "VIP", "Proxy"] | None = None


class LoadBalancerStatus(Wire):
    ingress: list[LoadBalancerIngress] | None = None


class StatusWithLoadBalancer(Wire):
    load_balancer: LoadBalancerStatus | None = None


class Service(Wire):
    metadata: Metadata
    spec: ServiceSpec
    status: StatusWithLoadBalancer | None = None


# --- Ingress ---------------------------------------------------------------------------------------------------------


class BackendPort(Wire):
    number: PortOrNone | None = None
    name: str | None = None


class BackendService(Wire):
    name: str
    port: BackendPort | None = None


class IngressBackend(Wire):
    service: BackendService | None = None
    resource: Any = None
    service_name: str | None = None
    service_port: PortOrNone | str | None = None


class IngressPath(Wire):
    backend: IngressBackend
    path: str | None = None
    path_type: Literal["", "Exact", "Prefix", "ImplementationSpecific"] | None = None


class IngressHttp(Wire):
    paths: list[IngressPath]


class IngressRule(Wire):
    host: str | None = None
    http: IngressHttp | None = None


class IngressTls(Wire):
    hosts: list[str] | None = None
    secret_name: str | None = None


class IngressSpec(Wire):
    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    backend: IngressBackend | None = None
    rules: list[IngressRule] | None = None
    tls: list[IngressTls] | None = None


class Ingress(Wire):
    metadata: Metadata
    spec: IngressSpec
    status: StatusWithLoadBalancer | None = None


class IngressClassSpec(Wire):
    controller: str | None = None
    parameters: Any = None


class IngressClass(Wire):
    metadata: Metadata
    spec: IngressClassSpec | None = None


# --- workloads -------------------------------------------------------------------------------------------------------


class ContainerPort(Wire):
    container_port: Port
    name: str | None = None
    protocol: str | None = None
    host_port: PortOrNone | None = None
    host_ip: str | None = msgspec.field(default=None, name="hostIP")


class EnvironmentVariable(Wire):
    name: str
    value: str | None = None


class Container(Wire):
    name: str | None = None
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    ports: list[ContainerPort] | None = None
    env: list[EnvironmentVariable] | None = None


class PodSpec(Wire):
    containers: list[Container] | None = None
    host_network: bool | None = None
    node_name: str | None = None


class TemplateMetadata(Wire):
    labels: Labels | None = None
    annotations: Labels | None = None


class PodTemplate(Wire):
    metadata: TemplateMetadata | None = None
    spec: PodSpec | None = None


class WorkloadSpec(Wire):
    template: PodTemplate
    replicas: int | None = None
    selector: LabelSelector | None = None


class Workload(Wire):
    metadata: Metadata
    spec: WorkloadSpec


class PodIp(Wire):
    ip: str


class Condition(Wire):
    type: str
    status: str


class PodStatus(Wire):
    phase: str | None = None
    pod_ip: str | None = msgspec.field(default=None, name="podIP")
    pod_ips: list[PodIp] | None = msgspec.field(default=None, name="podIPs")
    host_ip: str | None = msgspec.field(default=None, name="hostIP")
    conditions: list[Condition] | None = None


class Pod(Wire):
    metadata: Metadata
    spec: PodSpec
    status: PodStatus | None = None


class NodeAddress(Wire):
    type: str
    address: str


class Taint(Wire):
    key: str


class NodeSpec(Wire):
    provider_id: str | None = msgspec.field(default=None, name="providerID")
    pod_cidr: str | None = msgspec.field(default=None, name="podCIDR")
    pod_cidrs: list[str] | None = msgspec.field(default=None, name="podCIDRs")
    taints: list[Taint] | None = None


class NodeInfo(Wire):
    kubelet_version: str | None = None
    kube_proxy_version: str | None = None


class NodeStatus(Wire):
    addresses: list[NodeAddress] | None = None
    conditions: list[Condition] | None = None
    node_info: NodeInfo | None = None


class Node(Wire):
    metadata: Metadata
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class EndpointConditions(Wire):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetReference(Wire):
    kind: str | None = None
    name: str | None = None
    namespace: str | None = None


class Endpoint(Wire):
    addresses: list[str]
    conditions: EndpointConditions | None = None
    node_name: str | None = None
    target_ref: TargetReference | None = None


class EndpointPort(Wire):
    name: str | None = None
    port: PortOrNone | None = None
    protocol: str | None = None


class EndpointSlice(Wire):
    metadata: Metadata
    address_type: Literal["IPv4", "IPv6", "FQDN"]
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None


class SubsetAddress(Wire):
    ip: str
    node_name: str | None = None
    target_ref: TargetReference | None = None


class EndpointSubset(Wire):
    addresses: list[SubsetAddress] | None = None
    not_ready_addresses: list[SubsetAddress] | None = None
    ports: list[EndpointPort] | None = None


class Endpoints(Wire):
    metadata: Metadata
    subsets: list[EndpointSubset] | None = None


class ConfigMap(Wire):
    metadata: Metadata
    data: dict[str, str] | None = None


class Namespace(Wire):
    metadata: Metadata


# --- NetworkPolicy ---------------------------------------------------------------------------------------------------


class IpBlock(Wire):
    cidr: str
    exceptions: list[str] | None = msgspec.field(default=None, name="except")


class PolicyPeer(Wire):
    ip_block: IpBlock | None = None
    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class PolicyPort(Wire):
    protocol: str | None = None
    port: PortOrNone | str | None = None
    end_port: PortOrNone | None = None


class PolicyIngressRule(Wire):
    peers: list[PolicyPeer] | None = msgspec.field(default=None, name="from")
    ports: list[PolicyPort] | None = None


class PolicySpec(Wire):
    pod_selector: LabelSelector | None = None
    policy_types: list[str] | None = None
    ingress: list[PolicyIngressRule] | None = None


class NetworkPolicy(Wire):
    metadata: Metadata
    spec: PolicySpec
