"""What to write on a LoadBalancer Service so that exactly a given set of addresses reaches its frontends.

Source ranges in the spec are enforced twice: by the security rules that the cloud provider writes, and by kube-proxy on
every node. Ranges and tags in annotations are enforced by the security rules alone, and Azure lets the virtual network
in beside them unless everything else is denied. Both at once are refused by the provider.

Source: kubernetes-sigs/cloud-provider-azure docs, "Azure LoadBalancer" (annotations);
pkg/provider/azure_loadbalancer_accesscontrol.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aksess.addresses import EVERYONE, AddressSet
from aksess.estate.kubernetes import Service
from aksess.layers.cloud_provider.access_control import SOURCE_RANGES, Annotation, Path

__all__ = ["fields_for"]

_LISTS = (
    Annotation.ALLOWED_IP_RANGES,
    Annotation.ALLOWED_SERVICE_TAGS,
    Annotation.SOURCE_RANGES,
)


def fields_for(
    service: Service, allowed: AddressSet, tags: Sequence[str], rest: AddressSet
) -> Iterator[dict[Path, Any]]:
    """Ways to say a set, the simplest first; each gives fields of the Service, None for one that goes.

    Args:
        service: The Service.
        allowed: Who gets in, of both families.
        tags: Service tags by which people named a part of them.
        rest: The part that they named otherwise.
    """
    nothing: dict[Path, Any] = {each.path: None for each in _LISTS if each in service.annotations}
    deny: Path = Annotation.DENY_ALL.path
    if Annotation.DENY_ALL in service.annotations:
        nothing[deny] = None
    spec = {SOURCE_RANGES: None} if service.source_ranges else {}
    if allowed == EVERYONE:
        yield {**nothing, **spec}
        return
    if tags:
        named: dict[Path, Any] = {**nothing, **spec, Annotation.ALLOWED_SERVICE_TAGS.path: ",".join(tags)}
        if rest:
            named[Annotation.ALLOWED_IP_RANGES.path] = ",".join(rest.to_cidrs())
        yield named
        yield {**named, deny: "true"}
    ranges = {**nothing, SOURCE_RANGES: allowed.to_cidrs()}
    yield ranges
    yield {**ranges, deny: "true"}
