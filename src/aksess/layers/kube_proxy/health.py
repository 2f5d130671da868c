"""Whether a node answers the load balancer's health probe.

A Service with the Local policy has a health check node port: 200 where the node has a ready endpoint, else 503. It
counts the endpoints of the family over which it is asked, and only ready ones: a node whose endpoints all terminate
already says 503 while it still serves. For the Cluster policy kube-proxy speaks for the node on port 10256: 200
whatever endpoints there are, and 503 once the node is about to be deleted.

Source: kubernetes/kubernetes pkg/proxy/healthcheck/service_health.go, pkg/proxy/healthcheck/proxy_health.go
(`NodeEligible`), pkg/api/v1/service/util.go `NeedsHealthCheck`.
"""

from __future__ import annotations

from aksess.estate.kubernetes import Node, Service
from aksess.layers.kube_proxy.endpoints import Endpoints
from aksess.layers.kube_proxy.entry import PROXY_NAME_LABEL, cite
from aksess.rulings import Citation, Effect, Layer, Ruling

__all__ = ["TO_BE_DELETED_TAINT", "health", "healthy"]

TO_BE_DELETED_TAINT = "ToBeDeletedByClusterAutoscaler"
"""The taint that the cluster autoscaler sets on a node that it removes."""


def healthy(service: Service, node: Node | None, endpoints: Endpoints, family: int) -> bool:
    """Whether the probe of kube-proxy's own health port for the Service succeeds on the node over a family."""
    return health(service, node, endpoints, family).status == 200


def health(service: Service, node: Node | None, endpoints: Endpoints, family: int) -> Ruling:
    """What the node answers to that probe.

    Args:
        service: The Service. With the Local policy its health check node port is asked, else port 10256.
        node: The node; None for one of the nodes that have an endpoint.
        endpoints: The endpoints of the Service.
        family: The family over which the node is asked.

    Returns:
        A ruling with effect ``answered`` and status 200 or 503, or ``refused`` where nobody listens.
    """
    if service.external_policy == "Local" and service.is_load_balancer:
        return _health_check_node_port(service, node, endpoints, family)
    if node is not None and TO_BE_DELETED_TAINT in node.taints:
        path = ("spec", "taints", node.taints.index(TO_BE_DELETED_TAINT))
        text = f"taint {TO_BE_DELETED_TAINT}: kube-proxy reports the node as unhealthy on port 10256"
        citation = Citation(Layer.KUBE_PROXY, "Node", node.name, path=path, place=node.place, text=text)
        return Ruling(citation, Effect.ANSWERED, status=503)
    citation = cite(service, ("spec", "externalTrafficPolicy"), "kube-proxy reports the node as healthy on port 10256")
    return Ruling(citation, Effect.ANSWERED, status=200)


def _health_check_node_port(service: Service, node: Node | None, endpoints: Endpoints, family: int) -> Ruling:
    if PROXY_NAME_LABEL in service.labels:
        path: tuple[str | int, ...] = ("metadata", "labels", PROXY_NAME_LABEL)
        return Ruling(cite(service, path, "kube-proxy opens no health check node port"), Effect.REFUSED)
    path = ("spec", "externalTrafficPolicy")
    assumptions = endpoints.assumptions
    if node is None or endpoints.serves_from(node.name, family):
        text = "externalTrafficPolicy Local: the node has a ready endpoint, its health check says 200"
        return Ruling(cite(service, path, text), Effect.ANSWERED, status=200, assumptions=assumptions)
    text = f"externalTrafficPolicy Local: the node has no ready endpoint in IPv{family}, its health check says 503"
    return Ruling(cite(service, path, text), Effect.ANSWERED, status=503)
