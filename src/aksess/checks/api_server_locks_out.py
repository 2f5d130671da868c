"""api-server-locks-out: authorized ranges that leave out the cluster's own egress addresses, or the caller."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.addresses import AddressSet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.estate.azure import ManagedCluster
from aksess.layers import api_server

__all__ = ["CHECK"]

_PATH = ("apiServerAccessProfile", "authorizedIPRanges")


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for cluster in audited.estate.clusters:
        profile = cluster.api_server
        ranges = api_server.ranges(cluster, audited.estate)
        if ranges is None or profile.enable_private_cluster:
            continue
        citation = api_server.cite(cluster, "authorized ranges", _PATH)
        exposure = f"api-server/{cluster.name}"
        if not profile.enable_vnet_integration:
            missing = _own_addresses(cluster, audited) - ranges.perhaps
            if missing:
                texts = ", ".join(missing.to_cidrs(limit=3)[:3])
                yield check.finding(
                    f"the nodes of {cluster.name} leave through {texts}, which its authorized ranges do not hold: "
                    "they lose the API server",
                    citation,
                    exposures=[exposure],
                    fix=f"add {texts} to the authorized ranges",
                )
        if audited.caller is not None:
            caller = AddressSet.single(audited.caller)
            standing = audited.evaluator.api_server(cluster, caller).alternative.standing
            if not standing.allowed and not standing.indeterminate:
                yield check.finding(
                    f"{audited.caller}, from where you call, does not reach the API server of {cluster.name}",
                    citation,
                    exposures=[exposure],
                    fix=f"add {audited.caller} to the authorized ranges",
                )


def _own_addresses(cluster: ManagedCluster, audited: Audited) -> AddressSet:
    """Where the cluster's own traffic comes from, as far as AKS does not admit it by itself."""
    own = api_server.outbound(cluster, audited.estate)
    return AddressSet() if own.implicit else own.addresses


CHECK = Check("api-server-locks-out", "authorized ranges miss the cluster or the caller", Severity.ERROR, _run)
