"""What can be written where, so that a goal is met: each lever gives ways to say a set, the simplest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aksess.addresses import AddressSet
from aksess.controllers.ingress_nginx import IngressNginx
from aksess.controllers.ingress_nginx.restriction import annotations_for
from aksess.estate.azure import ManagedCluster
from aksess.estate.kubernetes import Ingress, Service
from aksess.layers.cloud_provider.restriction import fields_for
from aksess.plan.changes import Change, FieldPath, Resource
from aksess.plan.goals import Goal
from aksess.rulings import Layer

__all__ = ["api_server_ranges", "ingress_lists", "keep_client_address", "service_ranges"]

Way = tuple[Change, ...]
_INGRESS = "networking.k8s.io/v1"
_RANGES: FieldPath = ("apiServerAccessProfile", "authorizedIPRanges")


def ingress_lists(controller: IngressNginx, ingress: Ingress, goal: Goal) -> Iterator[Way]:
    """Lists of an Ingress."""
    resource = Resource("Ingress", ingress.name, ingress.namespace, _INGRESS)
    denied = goal.policy.denied if goal.policy is not None else None
    for values in annotations_for(controller, ingress, goal.allowed, but=denied):
        after: dict[FieldPath, Any] = {("metadata", "annotations", key): value for key, value in values.items()}
        before: dict[FieldPath, Any] = {path: ingress.annotations.get(str(path[-1])) for path in after}
        yield _changes(Layer.CONTROLLER, resource, before, after, (goal.because,))


def service_ranges(service: Service, goal: Goal) -> Iterator[Way]:
    """Source ranges of a Service, or tags where the policy names some."""
    tags = goal.policy.tags if goal.policy is not None else ()
    rest = goal.policy.untagged if goal.policy is not None else goal.allowed
    for after in fields_for(service, goal.allowed, tags, rest):
        before = {path: _held(service, path) for path in after}
        yield _changes(Layer.KUBE_PROXY, _service(service), before, after, (goal.because,))


def keep_client_address(service: Service, because: Sequence[str]) -> Change:
    """The Service hands connections to pods of the same node only, so that they see who the client is."""
    path = ("spec", "externalTrafficPolicy")
    return Change(Layer.KUBE_PROXY, _service(service), path, service.external_policy, "Local", tuple(because))


def api_server_ranges(cluster: ManagedCluster, allowed: AddressSet, because: Sequence[str]) -> Change:
    """The authorized ranges of the API server."""
    resource = Resource("Microsoft.ContainerService/managedClusters", cluster.name, id=cluster.id)
    before = list(cluster.api_server.authorized_ip_ranges or []) or None
    return Change(Layer.API_SERVER, resource, _RANGES, before, allowed.family(4).to_cidrs(), tuple(because))


def _service(service: Service) -> Resource:
    return Resource("Service", service.name, service.namespace, "v1")


def _held(service: Service, path: FieldPath) -> Any:
    if path[0] == "metadata":
        return service.annotations.get(str(path[-1]))
    return list(service.source_ranges) or None


def _changes(
    layer: Layer,
    resource: Resource,
    before: Mapping[FieldPath, Any],
    after: Mapping[FieldPath, Any],
    because: tuple[str, ...],
) -> Way:
    """Changes of the fields that differ; what is said anew comes before what goes."""
    differing = [path for path in after if before[path] != after[path]]
    differing.sort(key=lambda path: after[path] is None)
    return tuple(Change(layer, resource, path, before[path], after[path], because) for path in differing)
