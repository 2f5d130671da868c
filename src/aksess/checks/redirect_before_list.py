"""redirect-before-list: redirects and pre-flight answers reach everybody before a list is judged."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.controllers.ingress_nginx.facts import EarlyAnswer

__all__ = ["CHECK"]

_KINDS = {
    "tls": "the redirect to HTTPS",
    "redirect": "permanent and temporal redirects",
    "app-root": "app-root",
    "cors": "CORS pre-flight answers",
    "www": "from-to-www redirects",
    "slash": "redirects to a trailing slash",
}


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.nginx:
        early: dict[str, list[EarlyAnswer]] = {}
        for each in controller.facts.early_answers:
            early.setdefault(each.kind, []).append(each)
        if not early:
            continue
        kinds = ", ".join(f"{_KINDS[kind]} ({_hosts(found)})" for kind, found in early.items())
        touched = [
            exposure.id
            for found in early.values()
            for each in found
            for exposure in audited.by_application.get(("Ingress", each.citation.namespace, each.citation.name), [])
        ]
        yield check.finding(
            f"{controller.citation.label} gives some answers to everybody before it judges the list: {kinds}. No "
            "content leaks, but a scan sees an answer",
            next(iter(early.values()))[0].citation,
            exposures=touched,
            fix="nothing, unless the answer itself must not be seen; then restrict at the load balancer",
        )


def _hosts(found: list[EarlyAnswer]) -> str:
    hosts = list(dict.fromkeys(each.host for each in found))
    return hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more"


CHECK = Check("redirect-before-list", "answers given before the list", Severity.NOTE, _run)
