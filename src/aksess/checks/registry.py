"""Every check: one line each. Nothing else names them."""

from __future__ import annotations

from aksess.checks import (
    acme_http01_blocked,
    allow_list_bypassed,
    allow_list_ignored,
    allow_list_invalid,
    allow_list_one_family,
    api_server_locks_out,
    api_server_open,
    api_server_run_command,
    client_ip_not_preserved,
    controller_config_broken,
    controller_retired,
    controller_unknown,
    egress_obsolete,
    egress_required_missing,
    forwarded_header_spoofable,
    global_list_replaced,
    health_probe_fails,
    internal_ranges_not_enforced,
    limit_exceeded,
    load_balancer_ranges_conflict,
    local_policy_uneven,
    nsg_blocks_cluster_traffic,
    nsg_blocks_probes,
    nsg_edit_will_be_reverted,
    nsg_only_as_strict_as_loosest,
    nsg_rule_missing,
    nsg_rule_shadowed,
    nsg_rule_stale,
    nsg_wrong_destination,
    open_to_internet,
    proxy_in_front_not_trusted,
    ranges_not_everywhere,
    real_ip_loopback,
    redirect_before_list,
    regex_host_changes_match,
    satisfy_any_weakens_list,
    service_stuck,
    virtual_network_tag_is_any,
)
from aksess.checks.interface import Audited, Check, Finding

__all__ = ["CHECKS", "check_of", "findings"]

CHECKS: tuple[Check, ...] = tuple(
    module.CHECK
    for module in (
        acme_http01_blocked,
        allow_list_bypassed,
        allow_list_ignored,
        allow_list_invalid,
        allow_list_one_family,
        api_server_locks_out,
        api_server_open,
        api_server_run_command,
        client_ip_not_preserved,
        controller_config_broken,
        controller_retired,
        controller_unknown,
        egress_obsolete,
        egress_required_missing,
        forwarded_header_spoofable,
        global_list_replaced,
        health_probe_fails,
        internal_ranges_not_enforced,
        limit_exceeded,
        load_balancer_ranges_conflict,
        local_policy_uneven,
        nsg_blocks_cluster_traffic,
        nsg_blocks_probes,
        nsg_edit_will_be_reverted,
        nsg_only_as_strict_as_loosest,
        nsg_rule_missing,
        nsg_rule_shadowed,
        nsg_rule_stale,
        nsg_wrong_destination,
        open_to_internet,
        proxy_in_front_not_trusted,
        ranges_not_everywhere,
        real_ip_loopback,
        redirect_before_list,
        regex_host_changes_match,
        satisfy_any_weakens_list,
        service_stuck,
        virtual_network_tag_is_any,
    )
)


def check_of(slug: str) -> Check | None:
    """The check with a slug."""
    return next((each for each in CHECKS if each.slug == slug), None)


def findings(audited: Audited) -> list[Finding]:
    """What all checks find: the most severe first, then by slug, place and text."""
    found = [finding for check in CHECKS for finding in check.run(check, audited)]
    return sorted(
        found, key=lambda each: (each.severity.rank, each.check, each.place.file, each.citation.line, each.message)
    )
