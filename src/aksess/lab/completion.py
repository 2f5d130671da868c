"""What the API server gives a Service that a manifest leaves open: node ports, and the port of its health check.

Source: kubernetes/api core/v1 types.go (`nodePort`, `healthCheckNodePort`: assigned where they are not given).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aksess.estate import Estate
from aksess.estate.kubernetes import Service

__all__ = ["completed", "with_ports"]

_FIRST, _LAST = 30000, 32767


def completed(estate: Estate) -> Estate:
    """The estate with every port given that the API server would give."""
    free = _free(estate)
    return replace(estate, services={key: _completed(each, free) for key, each in estate.services.items()})


def with_ports(spec: dict[str, Any], service: Service) -> dict[str, Any]:
    """The spec of a Service as it is written, with the ports that were given to it."""
    found = dict(spec)
    if service.health_check_node_port:
        found["healthCheckNodePort"] = service.health_check_node_port
    if any(each.node_port for each in service.ports):
        listed = zip(spec.get("ports") or (), service.ports, strict=True)
        found["ports"] = [{**written, "nodePort": port.node_port} for written, port in listed if port.node_port]
    return found


def _free(estate: Estate) -> Iterator[int]:
    taken = {port.node_port for service in estate.services.values() for port in service.ports}
    taken |= {service.health_check_node_port or 0 for service in estate.services.values()}
    return (number for number in range(_LAST, _FIRST, -1) if number not in taken)


def _completed(service: Service, free: Iterator[int]) -> Service:
    if service.type not in {"LoadBalancer", "NodePort"}:
        return service
    ports = tuple(each if each.node_port else replace(each, node_port=next(free)) for each in service.ports)
    health = 0  # only a load balancer with the Local policy has one
    if service.is_load_balancer and service.external_policy == "Local":
        health = service.health_check_node_port or next(free)
    return replace(service, ports=ports, health_check_node_port=health)
