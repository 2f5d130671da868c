"""What a check is, what it gets to see, and what it finds.

A check is one file with one `Check` value: a stable slug, a title, a severity, and a function from what was audited to
findings. It reads the estate and the exposures as the evaluator answered them; it never works out access on its own.
Severity says how much a finding matters, confidence how sure it is; the two are kept apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from aksess.access.evaluator import Evaluator
from aksess.access.exposures import Exposure
from aksess.access.lanes import is_managed_name
from aksess.addresses import Address
from aksess.controllers.ingress_nginx import IngressNginx
from aksess.estate import Estate
from aksess.layers import cloud_provider
from aksess.layers.cloud_provider import Drift
from aksess.rulings import Citation, Place

__all__ = ["Audited", "Check", "Confidence", "Finding", "Severity"]


class Severity(StrEnum):
    """How much a finding matters, the most first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the most severe."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure a finding is: `HIGH` follows from what was read, `MEDIUM` rests on an assumption."""

    HIGH = "high"
    MEDIUM = "medium"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that a check found.

    Attributes:
        check: Slug of the check.
        severity: How much it matters.
        confidence: How sure it is.
        message: What is wrong, where and with what effect, in one or two sentences.
        citation: The resource and field that it is about.
        exposures: Ids of the exposures that it touches.
        fix: What to do about it.
    """

    check: str
    severity: Severity
    confidence: Confidence
    message: str
    citation: Citation
    exposures: tuple[str, ...] = ()
    fix: str = ""

    @property
    def place(self) -> Place:
        """Where the resource was found."""
        return self.citation.place


@dataclass
class Audited:
    """What checks get to see.

    Attributes:
        evaluator: The evaluator of the estate.
        exposures: Every exposure with its answer.
        as_of: The day on which end-of-support dates are judged.
        caller: The address that commands are run from, where it was given.
    """

    evaluator: Evaluator
    exposures: list[Exposure]
    as_of: dt.date
    caller: Address | None = None
    _by_application: dict[tuple[str, str, str], list[Exposure]] = field(default_factory=dict, repr=False)

    @property
    def estate(self) -> Estate:
        """The estate."""
        return self.evaluator.estate

    @cached_property
    def by_application(self) -> dict[tuple[str, str, str], list[Exposure]]:
        """Exposures by kind, namespace and name of the object that publishes them."""
        found: dict[tuple[str, str, str], list[Exposure]] = {}
        for each in self.exposures:
            key = (each.application.kind, each.application.namespace, each.application.name)
            found.setdefault(key, []).append(each)
        return found

    @cached_property
    def nginx(self) -> list[IngressNginx]:
        """The ingress-nginx controllers, self-managed and of AKS application routing."""
        return [each for each in self.evaluator.controllers if isinstance(each, IngressNginx)]

    @cached_property
    def drift(self) -> list[Drift]:
        """Where security groups that AKS manages differ from what the cloud provider would write."""
        found: list[Drift] = []
        seen: set[str] = set()
        for lane in self.evaluator.lanes:
            for guard in lane.guards:
                group = guard.group
                if group is None or guard.prediction is not None or guard.identity in seen:
                    continue
                seen.add(guard.identity)
                if is_managed_name(group.name) or any(rule.name.startswith("k8s-azure-lb") for rule in group.rules):
                    found += cloud_provider.drift(self.estate, group, self.evaluator.prediction)
        return found

    def of(self, kind: str, namespace: str, name: str) -> tuple[str, ...]:
        """Ids of the exposures that an object publishes."""
        return tuple(each.id for each in self.by_application.get((kind, namespace, name), []))

    def behind(self, namespace: str, service: str) -> tuple[str, ...]:
        """Ids of the exposures whose frontend is one of a Service."""
        return tuple(
            each.id
            for each in self.exposures
            if each.entry and each.entry.service and each.entry.service.key == (namespace, service)
        )


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        slug: Stable name.
        title: What it looks for, in a few words.
        severity: Severity of its findings, unless a finding says otherwise.
        run: Finds.
    """

    slug: str
    title: str
    severity: Severity
    run: Callable[[Check, Audited], Iterable[Finding]]

    def finding(
        self,
        message: str,
        citation: Citation,
        *,
        exposures: Iterable[str] = (),
        fix: str = "",
        severity: Severity | None = None,
        confidence: Confidence = Confidence.HIGH,
    ) -> Finding:
        """A finding of this check."""
        return Finding(
            self.slug, severity or self.severity, confidence, message, citation, tuple(dict.fromkeys(exposures)), fix
        )
