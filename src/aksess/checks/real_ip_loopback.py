"""real-ip-loopback: controller-level TLS passthrough makes every HTTPS client 127.0.0.1."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.nginx:
        if not controller.facts.trust.loop_back or not controller.judges():
            continue
        judged = [
            each
            for each in audited.exposures
            if each.controller is controller and each.request and each.request.scheme == "https" and each.listed
        ]
        yield check.finding(
            f"{controller.citation.label} runs with --enable-ssl-passthrough: HTTPS goes through a proxy of its own, "
            "so every list judges 127.0.0.1 on HTTPS and the real client on plain HTTP",
            controller.citation,
            exposures=[each.id for each in judged],
            fix='set enable-real-ip: "true" and forwarded-for-header: proxy_protocol in its ConfigMap, or serve the '
            "passthrough hosts with a controller of their own",
        )


CHECK = Check("real-ip-loopback", "HTTPS clients that look like 127.0.0.1", Severity.ERROR, _run)
