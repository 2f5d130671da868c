"""A controller as it was found, and the Ingresses of its class that it does not take."""

from __future__ import annotations

from dataclasses import dataclass

from aksess.estate.kubernetes import Ingress, Service
from aksess.rulings import Assumption, Citation

__all__ = ["Found", "Refused"]


@dataclass(frozen=True, slots=True)
class Found:
    """A controller as it was found in an estate.

    Attributes:
        kind: ``ingress-nginx`` or ``application-routing``.
        citation: The workload, or what speaks for it.
        namespace: The namespace its pods run in.
        services: The Services that lead to it.
        pod_labels: The labels of its pods.
        ports: Port numbers of its container by name.
        ingresses: The Ingresses of its class, in the order of the input.
        assumptions: What is taken for true about it.
    """

    kind: str
    citation: Citation
    namespace: str
    services: tuple[Service, ...]
    pod_labels: dict[str, str]
    ports: dict[str, int]
    ingresses: tuple[Ingress, ...]
    assumptions: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """An Ingress of its class that the controller does not take."""

    ingress: Ingress
    reason: str
    key: str
    assumptions: tuple[Assumption, ...]
