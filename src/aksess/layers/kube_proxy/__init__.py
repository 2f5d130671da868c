"""kube-proxy: what a node does with a connection that arrives for a Service.

`handle` answers for one node and every source at once; `healthy` says whether the load balancer sends anything to that
node. `Endpoints.of` and `ClusterNetwork.of` read from an estate what both need. Everything is made of sets: the sources
of an arrival fall into cells, each cell has the alternatives that kube-proxy may choose from, and endpoints that are
all the same to the client are one alternative.
"""

from __future__ import annotations

from aksess.layers.kube_proxy.arrival import Alternatives, Arrival, Caller, Cell, Delivery, Handling, Kind
from aksess.layers.kube_proxy.cluster import ClusterNetwork, Mode, PodSide, primary_address
from aksess.layers.kube_proxy.endpoint_sets import Endpoint, EndpointSet, UsableEndpoints
from aksess.layers.kube_proxy.endpoints import Endpoints
from aksess.layers.kube_proxy.handling import handle
from aksess.layers.kube_proxy.health import health, healthy
from aksess.layers.kube_proxy.ranges import source_ranges

__all__ = [
    "Alternatives",
    "Arrival",
    "Caller",
    "Cell",
    "ClusterNetwork",
    "Delivery",
    "Endpoint",
    "EndpointSet",
    "Endpoints",
    "Handling",
    "Kind",
    "Mode",
    "PodSide",
    "UsableEndpoints",
    "handle",
    "health",
    "healthy",
    "primary_address",
    "source_ranges",
]
