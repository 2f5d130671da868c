"""limit-exceeded: more rules, prefixes or ranges than Azure accepts, or close to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import api_server, load_balancer
from aksess.layers.cloud_provider import LIMIT, Cause
from aksess.rulings import Citation

__all__ = ["CHECK"]

_CLOSE = 0.9
_FIX = "merge neighbouring prefixes, use service tags, or split the audience over several frontends"


@dataclass(frozen=True)
class _Count:
    what: str
    number: int
    most: int


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for lane in audited.evaluator.lanes:
        for guard in lane.guards:
            group = guard.group
            if group is None:
                continue
            rules = [rule for rule in group.rules if not rule.default]
            citation = Citation(
                guard.layer,
                "networkSecurityGroup",
                group.name,
                resource=group.id,
                path=("securityRules",),
                place=group.place,
            )
            counts = [
                _Count("rules", len(rules), LIMIT.rules),
                _Count("source entries", sum(len(rule.sources) for rule in rules), LIMIT.sources),
                _Count("destination entries", sum(len(rule.destinations) for rule in rules), LIMIT.destinations),
            ]
            yield from _findings(check, counts, citation, group.name)
    for refused in audited.evaluator.prediction.refused:
        if refused.cause == Cause.LIMIT:
            service = refused.service
            yield check.finding(
                f"the rules of Service {service.namespace}/{service.name} do not fit into the security group of AKS: "
                f"the cloud provider gives up on it ({refused.error.rpartition(': ')[2]})",
                load_balancer.cite(service, ("spec",)),
                exposures=audited.behind(*service.key),
                fix=_FIX,
            )
    for cluster in audited.estate.clusters:
        listed = cluster.api_server.authorized_ip_ranges or []
        most = api_server.MAX_RANGES_INTEGRATED if cluster.api_server.enable_vnet_integration else api_server.MAX_RANGES
        path = ("apiServerAccessProfile", "authorizedIPRanges")
        counts = [_Count("authorized ranges", len(listed), most)]
        yield from _findings(check, counts, api_server.cite(cluster, "authorized ranges", path), cluster.name)


def _findings(check: Check, counts: list[_Count], citation: Citation, name: str) -> Iterator[Finding]:
    for each in counts:
        if each.number <= each.most * _CLOSE:
            continue
        over = each.number > each.most
        yield check.finding(
            f"{name} has {each.number:,} {each.what}; Azure accepts {each.most:,}"
            + (", so the next update is refused" if over else ""),
            citation,
            severity=Severity.ERROR if over else Severity.WARNING,
            fix=_FIX,
        )


CHECK = Check("limit-exceeded", "more than Azure accepts, or close to it", Severity.ERROR, _run)
