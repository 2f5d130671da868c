"""Which Ingresses belong to a controller: class names, the old annotation, namespaces.

Source: kubernetes/ingress-nginx internal/ingress/controller/store/store.go `GetIngressClass` and the class event
handler; Kubernetes documentation "Ingress class" and "Default Ingress class" (the API server writes the default class
into an Ingress when it is created, so only one that was not read from a cluster can still lack it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aksess.controllers.ingress_nginx.flags import Flags
from aksess.estate import Estate
from aksess.estate.kubernetes import Ingress
from aksess.rulings import Assumption

__all__ = ["OLD_ANNOTATION", "Classes", "class_of"]

OLD_ANNOTATION = "kubernetes.io/ingress.class"
"""The annotation that named the class before there was a field for it."""

_TERM = re.compile(r"\s*(?:(?P<absent>!)?\s*(?P<key>[^\s!=,()]+)\s*(?:(?P<op>==|=|!=|in|notin)\s*(?P<rest>.*))?)\Z")


def class_of(ingress: Ingress) -> str | None:
    """The class that an Ingress names, by field or by the old annotation; None for none."""
    if ingress.class_name is not None:
        return ingress.class_name
    return ingress.annotations.get(OLD_ANNOTATION)


@dataclass(frozen=True)
class Classes:
    """The classes of one controller.

    Attributes:
        flags: Its command line.
        estate: The estate.
        known: Controller by class name, of the IngressClasses that were read or are otherwise known.
    """

    flags: Flags
    estate: Estate
    known: Mapping[str, str]

    def takes(self, ingress: Ingress) -> bool:
        """Whether the controller takes an Ingress."""
        return self._watches(ingress.namespace) and self._is_of_class(ingress)

    def assumptions(self) -> tuple[Assumption, ...]:
        """What is taken for true about classes."""
        if self.known:
            return ()
        text = f"no IngressClass was read: class {self.flags.ingress_class} is that of this controller"
        return (Assumption("controller-defaults", text),)

    def _is_of_class(self, ingress: Ingress) -> bool:
        named = ingress.class_name
        if named is not None:
            return self._is_own(named)
        annotated = ingress.annotations.get(OLD_ANNOTATION)
        if annotated is not None:
            return annotated == self.flags.ingress_class
        if not ingress.created:
            defaults = [each for each in self.estate.ingress_classes.values() if each.default]
            if len(defaults) == 1:
                return self._is_own(defaults[0].name)
        return self.flags.without_class

    def _is_own(self, name: str) -> bool:
        if not self.known:
            return name == self.flags.ingress_class
        if name not in self.known:
            return False
        by_name = self.flags.class_by_name and name == self.flags.ingress_class
        return by_name or self.known[name] == self.flags.controller_class

    def _watches(self, namespace: str) -> bool:
        if self.flags.watch_namespace:
            return namespace == self.flags.watch_namespace
        if not self.flags.watch_selector:
            return True
        labels = self.estate.namespaces.get(namespace)
        # a namespace that was not read may have any labels; leaving its Ingresses out could deny somebody falsely
        return labels is None or _fits(self.flags.watch_selector, labels)


def _fits(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels fit a selector as Kubernetes writes it; a term that cannot be read fits."""
    for term in re.split(r",(?![^()]*\))", selector):
        match = _TERM.match(term)
        if match is None:
            continue
        key, operator = match["key"], match["op"]
        value = labels.get(key)
        if operator is None:
            if (value is None) != bool(match["absent"]):
                return False
            continue
        rest = match["rest"].strip()
        values = {each.strip() for each in rest.strip("()").split(",")}
        if operator in {"=", "==", "in"}:
            if value is None or value not in values:
                return False
        elif value is not None and value in values:
            return False
    return True
