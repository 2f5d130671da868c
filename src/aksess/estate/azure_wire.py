"""The parts of Azure resources that decide access, in the normal form of `aksess.snapshot.azure_shape`.

Source: Azure REST API, Microsoft.Network and Microsoft.ContainerService models (azure-mgmt-network,
azure-mgmt-containerservice).
"""

from __future__ import annotations

from typing import Any

import msgspec


def _lower(name: str) -> str:
    return name.replace("_", "")


class Wire(msgspec.Struct, rename=_lower):
    """Base: lower-case keys, ``properties`` lifted, unknown fields ignored.

    What is left of ``properties`` is no mapping, so the whole resource says nothing: decoding then fails.
    """

    properties: None = None


class Reference(Wire):
    id: str | None = None


Port = str | int


class SecurityRule(Wire):
    name: str | None = None
    priority: int | None = None
    direction: str | None = None
    access: str | None = None
    protocol: str | None = None
    source_address_prefix: str | None = None
    source_address_prefixes: list[str] | None = None
    source_port_range: Port | None = None
    source_port_ranges: list[Port] | None = None
    destination_address_prefix: str | None = None
    destination_address_prefixes: list[str] | None = None
    destination_port_range: Port | None = None
    destination_port_ranges: list[Port] | None = None
    source_application_security_groups: list[Reference] | None = None
    destination_application_security_groups: list[Reference] | None = None
    description: str | None = None
    # effective rules and security admin rules
    expanded_source_address_prefix: list[str] | None = None
    expanded_destination_address_prefix: list[str] | None = None
    sources: list[AddressItem] | None = None
    destinations: list[AddressItem] | None = None
    kind: str | None = None


class AddressItem(Wire):
    address_prefix: str | None = None
    address_prefix_type: str | None = None


class SecurityGroup(Wire):
    security_rules: list[SecurityRule] | None = None
    default_security_rules: list[SecurityRule] | None = None
    subnets: list[Reference] | None = None
    network_interfaces: list[Reference] | None = None


class Subnet(Wire):
    id: str | None = None
    name: str | None = None
    address_prefix: str | None = None
    address_prefixes: list[str] | None = None
    network_security_group: Reference | None = None
    route_table: Reference | None = None
    nat_gateway: Reference | None = None


class AddressSpace(Wire):
    address_prefixes: list[str] | None = None


class Peering(Wire):
    name: str | None = None
    peering_state: str | None = None
    allow_virtual_network_access: bool | None = None
    remote_virtual_network: Reference | None = None
    remote_address_space: AddressSpace | None = None
    remote_virtual_network_address_space: AddressSpace | None = None


class VirtualNetwork(Wire):
    address_space: AddressSpace | None = None
    subnets: list[Subnet] | None = None
    virtual_network_peerings: list[Peering] | None = None


class Route(Wire):
    name: str | None = None
    address_prefix: str | None = None
    next_hop_type: str | None = None


class RouteTable(Wire):
    routes: list[Route] | None = None


class IpConfiguration(Wire):
    id: str | None = None
    name: str | None = None
    private_ip_address: str | None = None
    subnet: Reference | None = None
    public_ip_address: Reference | None = None
    public_ip_address_configuration: Any = None
    application_security_groups: list[Reference] | None = None
    load_balancer_backend_address_pools: list[Reference] | None = None


class NetworkInterface(Wire):
    name: str | None = None
    ip_configurations: list[IpConfiguration] | None = None
    network_security_group: Reference | None = None
    virtual_machine: Reference | None = None


class NetworkProfile(Wire):
    network_interface_configurations: list[NetworkInterface] | None = None


class MachineProfile(Wire):
    network_profile: NetworkProfile | None = None


class ScaleSet(Wire):
    virtual_machine_profile: MachineProfile | None = None


class FrontendConfiguration(Wire):
    id: str | None = None
    name: str | None = None
    private_ip_address: str | None = None
    public_ip_address: Reference | None = None
    public_ip_prefix: Reference | None = None
    subnet: Reference | None = None


class BackendAddress(Wire):
    ip_address: str | None = None


class BackendPool(Wire):
    id: str | None = None
    name: str | None = None
    backend_ip_configurations: list[Reference] | None = None
    load_balancer_backend_addresses: list[BackendAddress] | None = None


class LoadBalancingRule(Wire):
    id: str | None = None
    name: str | None = None
    frontend_ip_configuration: Reference | None = None
    backend_address_pool: Reference | None = None
    backend_address_pools: list[Reference] | None = None
    probe: Reference | None = None
    protocol: str | None = None
    frontend_port: int | None = None
    backend_port: int | None = None
    enable_floating_ip: bool | None = None
    load_distribution: str | None = None


class Probe(Wire):
    id: str | None = None
    name: str | None = None
    protocol: str | None = None
    port: int | None = None
    request_path: str | None = None


class OutboundRule(Wire):
    name: str | None = None
    frontend_ip_configurations: list[Reference] | None = None


class LoadBalancer(Wire):
    frontend_ip_configurations: list[FrontendConfiguration] | None = None
    backend_address_pools: list[BackendPool] | None = None
    load_balancing_rules: list[LoadBalancingRule] | None = None
    inbound_nat_rules: list[LoadBalancingRule] | None = None
    probes: list[Probe] | None = None
    outbound_rules: list[OutboundRule] | None = None


class PublicAddress(Wire):
    ip_address: str | None = None
    ip_configuration: Reference | None = None
    tags: dict[str, str] | None = None


class PublicPrefix(Wire):
    ip_prefix: str | None = None


class NatGateway(Wire):
    public_ip_addresses: list[Reference] | None = None
    public_ip_prefixes: list[Reference] | None = None
    subnets: list[Reference] | None = None


class HostPorts(Wire):
    port_start: int | None = None
    port_end: int | None = None
    protocol: str | None = None


class PoolNetworkProfile(Wire):
    allowed_host_ports: list[HostPorts] | None = None
    application_security_groups: list[str] | None = None


class AgentPool(Wire):
    name: str | None = None
    count: int | None = None
    vnet_subnet_id: str | None = None
    pod_subnet_id: str | None = None
    enable_node_public_ip: bool | None = None
    network_profile: PoolNetworkProfile | None = None


class OutboundIps(Wire):
    public_ips: list[Reference] | None = None
    public_ip_prefixes: list[Reference] | None = None


class LoadBalancerProfile(Wire):
    effective_outbound_ips: list[Reference] | None = None
    outbound_ips: OutboundIps | None = None
    outbound_ip_prefixes: OutboundIps | None = None


class NatProfile(Wire):
    effective_outbound_ips: list[Reference] | None = None


class KubeProxyConfig(Wire):
    enabled: bool | None = None
    mode: str | None = None


class ClusterNetworkProfile(Wire):
    network_plugin: str | None = None
    network_plugin_mode: str | None = None
    network_policy: str | None = None
    network_dataplane: str | None = None
    outbound_type: str | None = None
    load_balancer_sku: str | None = None
    pod_cidr: str | None = None
    pod_cidrs: list[str] | None = None
    service_cidr: str | None = None
    service_cidrs: list[str] | None = None
    ip_families: list[str] | None = None
    load_balancer_profile: LoadBalancerProfile | None = None
    nat_gateway_profile: NatProfile | None = None
    kube_proxy_config: KubeProxyConfig | None = None


class ApiServerProfile(Wire):
    authorized_ip_ranges: list[str] | None = None
    enable_private_cluster: bool | None = None
    enable_private_cluster_public_fqdn: bool | None = None
    disable_run_command: bool | None = None
    enable_vnet_integration: bool | None = None
    subnet_id: str | None = None


class Enabled(Wire):
    enabled: bool | None = None


class WebAppRouting(Wire):
    enabled: bool | None = None


class IngressProfile(Wire):
    web_app_routing: WebAppRouting | None = None


class Defender(Wire):
    security_monitoring: Enabled | None = None


class SecurityProfile(Wire):
    defender: Defender | None = None
    workload_identity: Enabled | None = None
    azure_key_vault_kms: Enabled | None = None


class Bootstrap(Wire):
    artifact_source: str | None = None


class ManagedCluster(Wire):
    location: str | None = None
    kubernetes_version: str | None = None
    current_kubernetes_version: str | None = None
    node_resource_group: str | None = None
    fqdn: str | None = None
    private_fqdn: str | None = None
    public_network_access: str | None = None
    network_profile: ClusterNetworkProfile | None = None
    api_server_access_profile: ApiServerProfile | None = None
    agent_pool_profiles: list[AgentPool] | None = None
    addon_profiles: dict[str, Enabled] | None = None
    ingress_profile: IngressProfile | None = None
    security_profile: SecurityProfile | None = None
    bootstrap_profile: Bootstrap | None = None


class GatewayPort(Wire):
    id: str | None = None
    port: int | None = None


class GatewayBackend(Wire):
    fqdn: str | None = None
    ip_address: str | None = None


class GatewayPool(Wire):
    id: str | None = None
    name: str | None = None
    backend_addresses: list[GatewayBackend] | None = None


class GatewaySettings(Wire):
    id: str | None = None
    port: int | None = None
    protocol: str | None = None
    host_name: str | None = None


class GatewayListener(Wire):
    id: str | None = None
    name: str | None = None
    frontend_ip_configuration: Reference | None = None
    frontend_port: Reference | None = None
    protocol: str | None = None
    host_name: str | None = None
    host_names: list[str] | None = None


class GatewayRule(Wire):
    name: str | None = None
    http_listener: Reference | None = None
    backend_address_pool: Reference | None = None
    backend_http_settings: Reference | None = None
    url_path_map: Reference | None = None
    redirect_configuration: Reference | None = None


class ApplicationGateway(Wire):
    gateway_ip_configurations: list[FrontendConfiguration] | None = None
    frontend_ip_configurations: list[FrontendConfiguration] | None = None
    frontend_ports: list[GatewayPort] | None = None
    backend_address_pools: list[GatewayPool] | None = None
    backend_http_settings_collection: list[GatewaySettings] | None = None
    http_listeners: list[GatewayListener] | None = None
    request_routing_rules: list[GatewayRule] | None = None
    firewall_policy: Reference | None = None
    web_application_firewall_configuration: Any = None


class Origin(Wire):
    host_name: str | None = None
    origin_host_header: str | None = None
    enabled_state: str | None = None


class ClassicBackend(Wire):
    address: str | None = None


class ClassicPool(Wire):
    backends: list[ClassicBackend] | None = None


class ClassicFrontDoor(Wire):
    backend_pools: list[ClassicPool] | None = None


class TagMapReply(Wire):
    value: list[EffectiveGroup] | None = None


class EffectiveAssociation(Wire):
    subnet: Reference | None = None
    network_interface: Reference | None = None


class EffectiveGroup(Wire):
    network_security_group: Reference | None = None
    association: EffectiveAssociation | None = None
    effective_security_rules: list[SecurityRule] | None = None
    tag_map: Any = None
