"""Which Services lead to the same pods: the question behind every second way to an application.

Two Services lead to the same pods where a pod, or the pods that a workload makes, carries the labels that both select;
and where one selects all that the other selects, whatever pods there are.

Source: Kubernetes documentation, "Labels and Selectors"; kubernetes/kubernetes pkg/controller/endpointslice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aksess.estate import Estate
from aksess.estate.kubernetes import Name, Service

__all__ = ["Selections"]


@dataclass
class Selections:
    """The Services of an estate by the pods they select."""

    _sharing: dict[Name, set[Name]] = field(default_factory=dict)
    _index: dict[tuple[str, str, str], list[Service]] = field(default_factory=dict)

    @classmethod
    def of(cls, estate: Estate) -> Selections:
        """The selections of all Services."""
        found = cls()
        services = [each for each in estate.services.values() if each.selector]
        for service in services:
            label, value = min(service.selector.items())
            found._index.setdefault((service.namespace, label, value), []).append(service)
        for namespace, labels in _label_sets(estate, services):
            found._note({each.key for each in found.selecting(namespace, labels)})
        return found

    def selecting(self, namespace: str, labels: Mapping[str, str]) -> Iterator[Service]:
        """The Services of a namespace that select pods with given labels."""
        for label, value in labels.items():
            for service in self._index.get((namespace, label, value), ()):
                if service.selector.items() <= labels.items():
                    yield service

    def sharing(self, service: Name) -> set[Name]:
        """The Services that lead to some of the same pods, the given one among them."""
        return self._sharing.get(service, {service})

    def _note(self, together: set[Name]) -> None:
        if len(together) > 1:
            for each in together:
                self._sharing.setdefault(each, {each}).update(together)


def _label_sets(estate: Estate, services: Iterable[Service]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every set of labels that pods surely carry, once a namespace."""
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    sets = [
        *((pod.namespace, pod.labels) for pod in estate.pods.values()),
        *((workload.namespace, workload.pod_labels) for workload in estate.workloads),
        *((service.namespace, service.selector) for service in services),
    ]
    for namespace, labels in sets:
        key = (namespace, frozenset(labels.items()))
        if key not in seen:
            seen.add(key)
            yield namespace, labels
