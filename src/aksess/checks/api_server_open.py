"""api-server-open: a public API server that has no authorized ranges, or ranges that hold everybody."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from aksess.addresses import is_internet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import api_server

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for cluster in audited.estate.clusters:
        public = (cluster.wire.public_network_access or "enabled").lower() != "disabled"
        if cluster.api_server.enable_private_cluster or not public:
            continue
        ranges = api_server.ranges(cluster, audited.estate)
        if ranges is None or is_internet(ranges.sure):
            path = ("apiServerAccessProfile",) if ranges is None else ("apiServerAccessProfile", "authorizedIPRanges")
            why = "has no authorized ranges" if ranges is None else "its authorized ranges hold the whole Internet"
            yield check.finding(
                f"the API server of {cluster.name} answers everybody: it is public and {why}",
                api_server.cite(cluster, "authorized ranges", path),
                exposures=[f"api-server/{cluster.name}"],
                fix=f"az aks update -n {quote(cluster.name)} -g <resource group> "
                "--api-server-authorized-ip-ranges <ranges>",
            )


CHECK = Check("api-server-open", "public API server without authorized ranges", Severity.WARNING, _run)
