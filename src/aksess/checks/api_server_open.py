"""api-server-open: a public API server that has no authorized ranges."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import api_server

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for cluster in audited.estate.clusters:
        public = (cluster.wire.public_network_access or "enabled").lower() != "disabled"
        if cluster.api_server.enable_private_cluster or not public:
            continue
        if api_server.ranges(cluster, audited.estate) is None:
            yield check.finding(
                f"the API server of {cluster.name} answers everybody: it is public and has no authorized ranges",
                api_server.cite(cluster, "no authorized ranges", ("apiServerAccessProfile",)),
                exposures=[f"api-server/{cluster.name}"],
                fix=f"az aks update -n {cluster.name} -g <resource group> --api-server-authorized-ip-ranges <ranges>",
            )


CHECK = Check("api-server-open", "public API server without authorized ranges", Severity.WARNING, _run)
