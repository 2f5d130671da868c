"""The load balancer: which port a frontend leads to, with what destination on the packet, and how nodes are probed.

A load balancer is no proxy: the client's address stays on the packet. With floating IP (the default of AKS) the
destination stays the frontend's address and port too, so security groups and kube-proxy see those; without it they see
a node's address and the node port. Only nodes that answer the health probe get connections; where none does, nobody
gets an answer.

What the load balancer holds is taken from the input; where it is not there, it holds what the cloud provider writes for
the Service.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer.go
`getExpectedLoadBalancingRulePropertiesForPort`, azure_loadbalancer_healthprobe.go; Microsoft Learn, "Azure Load
Balancer Floating IP configuration".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aksess.addresses import Address
from aksess.estate import Estate
from aksess.estate.azure import LoadBalancer, LoadBalancingRule
from aksess.estate.kubernetes import Node, Service, ServicePort
from aksess.rulings import Assumption, Citation, Effect, Layer, Ruling

__all__ = ["Forwarding", "HealthProbe", "cite", "forwarding", "is_internal", "planned_probe"]

_PREFIX = "service.beta.kubernetes.io/"
_INTERNAL = _PREFIX + "azure-load-balancer-internal"
_NO_FLOATING = _PREFIX + "azure-disable-load-balancer-floating-ip"
_EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
_INSTANCE = re.compile(r"/virtualmachinescalesets/[^/]+/virtualmachines/\d+", re.IGNORECASE)
Protocol = Literal["tcp", "http", "https"]


@dataclass(frozen=True, slots=True)
class HealthProbe:
    """How nodes are asked whether they are healthy.

    Attributes:
        protocol: ``tcp``, ``http`` or ``https``.
        port: Port on the node.
        path: Path, for HTTP and HTTPS.
        local: Whether kube-proxy answers it: on the health check node port of the Local policy, or for its node.
        citation: What sets it.
    """

    protocol: Protocol
    port: int
    path: str
    local: bool
    citation: Citation


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What a load balancer does with a frontend port.

    Attributes:
        floating: Whether the destination stays the frontend.
        port: The port that nodes see.
        probe: How they are probed; None for no probe (UDP), which counts as healthy.
        nodes: The nodes behind it; None for all that were read.
        citation: The rule, or the Service that it is predicted from.
        stop: What happens instead where no rule takes the port.
        assumptions: What is taken for true.
    """

    floating: bool
    port: int
    probe: HealthProbe | None
    nodes: tuple[Node, ...] | None
    citation: Citation
    stop: Ruling | None = None
    assumptions: tuple[Assumption, ...] = ()


def is_internal(service: Service) -> bool:
    """Whether a Service asks for an internal load balancer."""
    return service.annotations.get(_INTERNAL, "").lower() == "true"


def forwarding(estate: Estate, service: Service, port: ServicePort, address: Address) -> Forwarding:
    """What the load balancer does with one port of a Service at one of its addresses."""
    for balancer in estate.load_balancers.values():
        for frontend in balancer.frontends:
            if frontend.address == address:
                return _read(estate, balancer, frontend.rules, service, port)
    return _predicted(estate, service, port, address)


def planned_probe(service: Service, port: ServicePort) -> HealthProbe | None:
    """The probe that the cloud provider writes for a port; None for UDP and SCTP, or where it is switched off."""
    notes = service.annotations
    own = f"{_PREFIX}port_{port.port}_health-probe_"
    probe_port = notes.get(own + "port", "")
    if notes.get(f"{_PREFIX}port_{port.port}_no_probe_rule", "").lower() == "true":
        return None
    if service.external_policy == "Local" and service.is_load_balancer and not probe_port:
        # a manifest that was not applied yet names no port; the API server gives it one
        citation = cite(service, ("spec", "healthCheckNodePort"), "externalTrafficPolicy Local: health check node port")
        return HealthProbe("http", service.health_check_node_port, "/healthz", True, citation)
    if port.protocol != "TCP":
        return None
    asked = (
        notes.get(own + "protocol")
        or port.app_protocol
        or notes.get(_PREFIX + "azure-load-balancer-health-probe-protocol")
    )
    protocol: Protocol = "tcp"
    if (asked or "").lower() in {"http", "https"}:
        protocol = "https" if (asked or "").lower() == "https" else "http"
    path_key = _PREFIX + "azure-load-balancer-health-probe-request-path"
    path = notes.get(own + "request-path") or notes.get(path_key) or "/"
    number = _probed_port(service, port, probe_port)
    if port.app_protocol and protocol != "tcp" and not notes.get(own + "protocol"):
        index = service.ports.index(port)
        citation = cite(
            service, ("spec", "ports", index, "appProtocol"), f"appProtocol {port.app_protocol}: probe {path}"
        )
    else:
        citation = cite(service, ("spec", "ports", service.ports.index(port)), f"{protocol} probe on the node port")
    return HealthProbe(protocol, number, path, _asks_kube_proxy(service, protocol, number, path), citation)


def _read(
    estate: Estate, balancer: LoadBalancer, rules: Sequence[LoadBalancingRule], service: Service, port: ServicePort
) -> Forwarding:
    """From a load balancer that was read."""
    for rule in rules:
        if rule.protocol not in {"all", port.protocol.lower()} or rule.frontend_port not in {0, port.port}:
            continue
        citation = Citation(
            Layer.LOAD_BALANCER,
            "loadBalancer",
            balancer.name,
            resource=balancer.id,
            rule=rule.name,
            path=rule.field,
            place=balancer.place,
            text="floating IP: the destination stays the frontend" if rule.floating else f"to port {rule.backend_port}",
        )
        probe = None
        if rule.probe is not None:
            protocol: Protocol = "tcp"
            if rule.probe.protocol in {"http", "https"}:
                protocol = "http" if rule.probe.protocol == "http" else "https"
            local = bool(service.health_check_node_port) and rule.probe.port == service.health_check_node_port
            local = local or _asks_kube_proxy(service, protocol, rule.probe.port, rule.probe.path)
            where = Citation(
                Layer.LOAD_BALANCER,
                "loadBalancer",
                balancer.name,
                resource=balancer.id,
                rule=rule.probe.name,
                path=rule.probe.field,
                place=balancer.place,
                text=f"{protocol} probe of port {rule.probe.port}",
            )
            probe = HealthProbe(protocol, rule.probe.port, rule.probe.path, local, where)
        backend = rule.backend_port if rule.frontend_port else port.port
        return Forwarding(
            rule.floating, port.port if rule.floating else backend, probe, _behind(estate, balancer, rule), citation
        )
    citation = Citation(
        Layer.LOAD_BALANCER,
        "loadBalancer",
        balancer.name,
        resource=balancer.id,
        path=("loadBalancingRules",),
        place=balancer.place,
        text=f"no rule takes {port.protocol} {port.port} of this frontend",
    )
    return Forwarding(True, port.port, None, None, citation, Ruling(citation, Effect.TIMEOUT))


def _predicted(estate: Estate, service: Service, port: ServicePort, address: Address) -> Forwarding:
    floating = service.annotations.get(_NO_FLOATING, "").lower() != "true"
    if is_internal(service) and address.family == 6:
        floating = False  # internal IPv6 frontends never get it
    switch = "on" if floating else "off"
    citation = cite(service, ("spec", "ports", service.ports.index(port)), f"predicted rule, floating IP {switch}")
    name = f"{service.namespace}/{service.name}"
    text = f"no load balancer with the address of Service {name} in the input: rules as the cloud provider writes them"
    assumption = Assumption("load-balancer-predicted", text)
    stop = None
    if service.annotations.get(f"{_PREFIX}port_{port.port}_no_lb_rule", "").lower() == "true":
        text = f"port {port.port} asks for no load-balancing rule"
        field = ("metadata", "annotations", f"{_PREFIX}port_{port.port}_no_lb_rule")
        stop = Ruling(cite(service, field, text), Effect.TIMEOUT)
    nodes = tuple(node for node in estate.nodes.values() if _EXCLUDED not in node.labels)
    number = port.port if floating else port.node_port
    behind = nodes if len(nodes) < len(estate.nodes) else None
    return Forwarding(floating, number, planned_probe(service, port), behind, citation, stop, (assumption,))


def _behind(estate: Estate, balancer: LoadBalancer, rule: LoadBalancingRule) -> tuple[Node, ...] | None:
    """The nodes in the backend pools of a rule, where the members can be told; None for all."""
    members = [member for pool in rule.pools for member in balancer.pools.get(pool, ())]
    instances = {found.group(0).lower() for member in members if (found := _INSTANCE.search(member))}
    addresses = {member for member in members if "/" not in member}
    nodes = tuple(
        node
        for node in estate.nodes.values()
        if any(instance in f"{node.provider_id.lower()}/" for instance in (f"{each}/" for each in instances))
        or any(str(address) in addresses for address in node.internal)
    )
    return nodes or None


def _asks_kube_proxy(service: Service, protocol: Protocol, port: int, path: str) -> bool:
    """Whether a probe asks kube-proxy about its node (port 10256, the shared probe of Services with policy Cluster)."""
    return service.external_policy == "Cluster" and (protocol, port, path) == ("http", 10256, "/healthz")


def _probed_port(service: Service, port: ServicePort, asked: str) -> int:
    """A probe port annotation names a port of the Service (by name or number: then its node port) or any number."""
    if not asked:
        return port.node_port
    for each in service.ports:
        if asked in {each.name, str(each.port)}:
            return each.node_port
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 5 else port.node_port


def cite(service: Service, path: tuple[str | int, ...], text: str = "") -> Citation:
    """A citation of a field of a Service, as far as the load balancer is concerned."""
    return Citation(
        Layer.LOAD_BALANCER, "Service", service.name, service.namespace, path=path, place=service.place, text=text
    )
