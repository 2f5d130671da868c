"""What became of lists: those without effect, those that shut their Ingress, those that another one replaces.

Source: kubernetes/ingress-nginx documentation "Annotations" and "ConfigMap"; the rules are those of `source_ranges`,
`servers` and `access_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from aksess.addresses import EVERYONE, NOBODY, AddressSet
from aksess.controllers.ingress_nginx.access_rules import http_rules
from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.servers import Duplicate
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.source_ranges import InvalidList, Why, global_lists
from aksess.estate.kubernetes import Ingress
from aksess.rulings import Citation

__all__ = ["IgnoredList", "InvalidIngress", "Reason", "ReplacedList", "ignored", "invalid", "replaced"]

Reason = Why | Literal["canary", "duplicate"]
"""Why a list has no effect: `Why` of its annotation, or what became of its whole Ingress."""


@dataclass(frozen=True, slots=True)
class IgnoredList:
    """A list that is written and has no effect.

    Attributes:
        ingress: Its Ingress.
        key: The annotation.
        value: Its value.
        reason: Why it has no effect.
        citation: The annotation.
        taken_by: The older Ingress that has the path, for a duplicate.
        path: The path, for a duplicate.
    """

    ingress: Ingress
    key: str
    value: str
    reason: Reason
    citation: Citation
    taken_by: Ingress | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class InvalidIngress:
    """An Ingress that answers 503 to everybody because a list of it cannot be read."""

    ingress: Ingress
    invalid: InvalidList
    citation: Citation


@dataclass(frozen=True, slots=True)
class ReplacedList:
    """A list of the whole controller that does not hold for an Ingress because the Ingress has one of its own.

    Attributes:
        ingress: The Ingress.
        key: The key of the ConfigMap that does not hold.
        readmitted: Who would be denied by it and is not denied by the Ingress.
        citation: The annotation that replaces it.
    """

    ingress: Ingress
    key: str
    readmitted: AddressSet
    citation: Citation


def ignored(rules: Sequence[IngressRules], duplicates: Sequence[Duplicate]) -> Iterator[IgnoredList]:
    """Lists that are written and have no effect, in the order of the Ingresses.

    Args:
        rules: The meaning of the Ingresses that the controller takes.
        duplicates: Paths that an older Ingress has taken.
    """
    taken: dict[int, list[Duplicate]] = {}
    for each in duplicates:
        if each.taken_by.ingress is not each.rules.ingress:
            taken.setdefault(id(each.rules.ingress), []).append(each)
    for one in rules:
        for written in one.lists.written:
            cited = one.cite_annotation(written.key, written.value)
            ingress, key, value = one.ingress, written.key, written.value
            if written.why not in {"in-force", "invalid"}:
                yield IgnoredList(ingress, key, value, written.why, cited)
            elif one.canary is not None:
                yield IgnoredList(ingress, key, value, "canary", cited)
            else:
                for twice in taken.get(id(ingress), ()):
                    owner, path = twice.taken_by.ingress, twice.path.path
                    yield IgnoredList(ingress, key, value, "duplicate", cited, owner, path)


def invalid(rules: Sequence[IngressRules]) -> Iterator[InvalidIngress]:
    """Ingresses that answer 503 to everybody because of a list."""
    for one in rules:
        bad = one.lists.invalid
        if bad is not None and one.canary is None:
            yield InvalidIngress(one.ingress, bad, one.cite_annotation(bad.key, bad.reason))


def replaced(rules: Sequence[IngressRules], settings: Settings, http_denied: AddressSet) -> Iterator[ReplacedList]:
    """Lists of the whole controller that do not hold for an Ingress with lists of its own.

    Args:
        rules: The meaning of the Ingresses that the controller takes.
        settings: What the controller was told.
        http_denied: Whom the rules at http level deny.
    """
    everywhere = global_lists(settings)
    http = http_rules(settings)
    for one in rules:
        if one.denial is not None or one.canary is not None:
            continue
        allow, deny = one.lists.allow, one.lists.deny
        admitted = (allow.addresses if allow else EVERYONE) - (deny.addresses if deny else NOBODY)
        for own, inherited in ((allow, everywhere.allow), (deny, everywhere.deny)):
            if own is None or own.of_config_map or inherited is None:
                continue
            denied = ~inherited.addresses if inherited.action == "allow" else inherited.addresses
            cited = one.cite_annotation(own.key, f"replaces the global {inherited.key}")
            yield ReplacedList(one.ingress, inherited.key, admitted & denied, cited)
        first = next((own for own in (allow, deny) if own is not None and not own.of_config_map), None)
        if first is not None and http:
            key = http[0].citation.rule
            yield ReplacedList(one.ingress, key, admitted & http_denied, one.cite_annotation(first.key, f"drops {key}"))
