"""api-server-run-command: run command is enabled and goes round the restriction of the API server."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import api_server

__all__ = ["CHECK"]

_PATH = ("apiServerAccessProfile", "disableRunCommand")


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for cluster in audited.estate.clusters:
        profile = cluster.api_server
        private = profile.enable_private_cluster or (cluster.wire.public_network_access or "").lower() == "disabled"
        restricted = private or api_server.ranges(cluster, audited.estate) is not None
        if not restricted or profile.disable_run_command:
            continue
        what = "although its API server has no public way in" if private else "whatever the authorized ranges say"
        yield check.finding(
            f"run command is enabled on {cluster.name}: whoever may call it in Azure runs kubectl in the cluster, "
            f"{what}",
            api_server.cite(cluster, "run command", _PATH),
            exposures=[f"api-server/{cluster.name}"],
            fix=f"az aks update -n {quote(cluster.name)} -g <resource group> --disable-run-command",
        )


CHECK = Check("api-server-run-command", "run command goes round the authorized ranges", Severity.WARNING, _run)
