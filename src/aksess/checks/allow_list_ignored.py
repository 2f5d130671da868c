"""allow-list-ignored: a list that is written and has no effect."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Confidence, Finding, Severity
from aksess.controllers.ingress_nginx.list_facts import IgnoredList

__all__ = ["CHECK"]

_LIMITS = ("limit-connections", "limit-rps", "limit-rpm")
"""The annotations whose limits ``limit-whitelist`` exempts from."""


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.nginx:
        for each in controller.facts.ignored_lists:
            ingress = each.ingress
            if each.reason == "rate-limit" and _limits_rates(each):
                continue
            why, fix = _why(each)
            where = f" on the path {each.path}" if each.reason == "duplicate" else ""
            guessed = each.taken_by is not None and not (ingress.created and each.taken_by.created)
            yield check.finding(
                f"Ingress {ingress.namespace}/{ingress.name}: {each.key} has no effect{where}, {why}",
                each.citation,
                exposures=audited.of("Ingress", ingress.namespace, ingress.name),
                fix=fix,
                confidence=Confidence.MEDIUM if guessed else Confidence.HIGH,
            )


def _limits_rates(ignored: IgnoredList) -> bool:
    """Whether the Ingress limits rates, so that exempting somebody from that is what is meant."""
    prefix = ignored.key.rpartition("/")[0]
    return any(f"{prefix}/{limit}" in ignored.ingress.annotations for limit in _LIMITS)


def _why(ignored: IgnoredList) -> tuple[str, str]:
    """Why a list has no effect, and what to do."""
    taken = ignored.taken_by
    owner = f"{taken.namespace}/{taken.name}" if taken is not None else "another Ingress"
    otherwise = "the controller does not read it", "write nginx.ingress.kubernetes.io/whitelist-source-range"
    return {
        "empty": ("an empty value of this key counts as none", "write the ranges, or remove the annotation"),
        "shadowed": (
            "allowlist-source-range is there too and is the one that counts",
            "keep one of the two keys, with all ranges in it",
        ),
        "other-prefix": (
            "the controller reads annotations with another prefix (--annotations-prefix)",
            "write the annotation with the prefix of the controller",
        ),
        "old-prefix": (
            "the prefix ingress.kubernetes.io has not been read since version 0.9",
            "write nginx.ingress.kubernetes.io/whitelist-source-range",
        ),
        "rate-limit": (
            "it only exempts addresses from rate limits and restricts nobody",
            "write nginx.ingress.kubernetes.io/whitelist-source-range",
        ),
        "unknown-key": (
            "the controller has no such annotation in its version",
            "write nginx.ingress.kubernetes.io/whitelist-source-range or denylist-source-range",
        ),
        "canary": ("of a canary the lists of the main Ingress hold", "write the list on the main Ingress"),
        "duplicate": (
            f"the older Ingress {owner} has it on this host already",
            f"write the list on {owner}, or give the path to one Ingress only",
        ),
    }.get(ignored.reason, otherwise)


CHECK = Check("allow-list-ignored", "a list without effect", Severity.ERROR, _run)
