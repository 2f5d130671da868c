"""local-policy-uneven: externalTrafficPolicy Local with replicas that leave nodes out or load them unevenly."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import load_balancer

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    nodes = list(audited.estate.nodes)
    for service in audited.estate.services.values():
        slices = audited.estate.slices.get(service.key)
        if not service.is_load_balancer or service.external_policy != "Local" or not slices or len(nodes) < 2:
            continue
        counts = dict.fromkeys(nodes, 0)
        for endpoint in (one for each in slices if each.family == service.families[0] for one in each.endpoints):
            if endpoint.ready and endpoint.node in counts:
                counts[endpoint.node] += 1
        serving = [count for count in counts.values() if count]
        without = len(nodes) - len(serving)
        if not serving or (not without and max(serving) == min(serving)):
            continue
        if len(serving) == 1:
            what = "one node takes all connections"
        elif max(serving) != min(serving):
            what = f"{min(serving)} to {max(serving)} pods a node share the same load"
        else:
            what = f"{without} of {len(nodes)} nodes serve nothing"
        yield check.finding(
            f"Service {service.namespace}/{service.name} has externalTrafficPolicy Local: {what}; the balancer spreads "
            "connections by node, not by pod",
            load_balancer.cite(service, ("spec", "externalTrafficPolicy")),
            exposures=audited.behind(*service.key),
            fix="spread the pods over the nodes with topologySpreadConstraints, or run them as a DaemonSet",
        )


CHECK = Check("local-policy-uneven", "Local policy with uneven replicas", Severity.NOTE, _run)
