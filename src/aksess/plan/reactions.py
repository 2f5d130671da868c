"""What answers to a change by itself: the API server gives a health port, the cloud provider rewrites its rules.

A Service that changes is reconciled: the provider writes its security rules anew and sets up the health probes of its
load-balancing rules. It looks at no other Service then, so edits that somebody made to their rules stay.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer.go; kubernetes/api core/v1 types.go
(`healthCheckNodePort`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from aksess.access.lanes import is_managed_name
from aksess.estate import Estate
from aksess.estate.azure import LoadBalancer, LoadBalancingRule
from aksess.estate.kubernetes import Name, Service
from aksess.layers import cloud_provider
from aksess.layers.load_balancer import HealthProbe, planned_probe
from aksess.plan.changes import Change
from aksess.plan.states import changed, with_field
from aksess.snapshot import Snapshot
from aksess.snapshot.items import AzureItem, KubernetesItem

__all__ = ["after"]

_PORTS = range(32767, 29999, -1)


def after(snapshot: Snapshot, changes: list[Change]) -> Snapshot:
    """The snapshot after changes, and after everything that reacts to them."""
    found = changed(snapshot, changes)
    touched = {(each.resource.namespace, each.resource.name) for each in changes if each.resource.kind == "Service"}
    if not touched:
        return found
    estate = Estate.of(found)
    ports = _health_ports(estate, touched)
    if ports:
        found = replace(found, objects=tuple(_with_health_port(each, ports) for each in found.objects))
        estate = Estate.of(found)
    services = [estate.services[name] for name in touched if name in estate.services]
    resources = tuple(_reacted(item, estate, services) for item in found.resources)
    return replace(found, resources=resources)


def _health_ports(estate: Estate, touched: Collection[Name]) -> dict[Name, int | None]:
    """Services that became Local get a health check node port, those that no longer are lose theirs."""
    taken = {each.health_check_node_port for each in estate.services.values()}
    taken |= {port.node_port for each in estate.services.values() for port in each.ports}
    free = (port for port in _PORTS if port not in taken)
    ports: dict[Name, int | None] = {}
    for name in sorted(touched & estate.services.keys()):
        service = estate.services[name]
        local = service.is_load_balancer and service.external_policy == "Local"
        if local != bool(service.health_check_node_port):
            ports[name] = next(free) if local else None
    return ports


def _with_health_port(item: KubernetesItem, ports: Mapping[Name, int | None]) -> KubernetesItem:
    name = (item.namespace or "default", item.name)
    if item.kind != "Service" or name not in ports:
        return item
    return replace(item, value=with_field(item.plain(), ("spec", "healthCheckNodePort"), ports[name]))


def _reacted(item: AzureItem, estate: Estate, services: list[Service]) -> AzureItem:
    group = estate.security_groups.get(item.id.lower())
    if group is not None and is_managed_name(group.name):
        rules = cloud_provider.reconciled(estate, group, {each.key for each in services})
        lowered = [{key.lower(): each for key, each in _written(rule).items()} for rule in rules]
        return replace(item, value={**item.value, "securityrules": lowered})
    balancer = estate.load_balancers.get(item.id.lower())
    if balancer is None:
        return item
    probes = dict(_probes(balancer, services))
    listed = [_probed(each, probes) for each in item.value.get("probes") or []]
    return replace(item, value={**item.value, "probes": listed}) if probes else item


def _written(rule: cloud_provider.WrittenRule) -> dict[str, Any]:
    return {"name": rule.name, **rule.properties()}


def _probes(balancer: LoadBalancer, services: list[Service]) -> Iterator[tuple[str, HealthProbe]]:
    """The probes of Services as they will be, by the name of the probe that is there."""
    for frontend in balancer.frontends:
        for service in services:
            if any(each.address == frontend.address for each in service.load_balancer_addresses):
                for rule in frontend.rules:
                    yield from _probe(rule, service)


def _probe(rule: LoadBalancingRule, service: Service) -> Iterator[tuple[str, HealthProbe]]:
    port = service.port(rule.frontend_port, rule.protocol.upper())
    planned = planned_probe(service, port) if port is not None else None
    if rule.probe is not None and planned is not None:
        yield rule.probe.name, planned


def _probed(value: Mapping[str, Any], probes: Mapping[str, HealthProbe]) -> Mapping[str, Any]:
    planned = probes.get(str(value.get("name")))
    if planned is None:
        return value
    path = None if planned.protocol == "tcp" else planned.path
    return {**value, "protocol": planned.protocol.capitalize(), "port": planned.port, "requestpath": path}
