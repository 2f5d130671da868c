"""The cluster of `kube_proxy_cluster` as the library is asked about it: behind a security group that is open to all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from kube_proxy_cluster import CLIENT, FRONTEND, FRONTEND6, NODE_PORT, NODES, ONE, SLICES, TWO, read, service

from aksess import library
from aksess.addresses import AddressSet
from aksess.estate import Estate
from aksess.rulings import Verdict
from checks.small_clusters import cluster, group, rule

Object = dict[str, Any]
AT_FRONTEND, AT_FRONTEND6 = f"tcp://{FRONTEND}:80", f"tcp://[{FRONTEND6}]:80"
AT_ONE, AT_TWO = f"tcp://{ONE}:{NODE_PORT}", f"tcp://{TWO}:{NODE_PORT}"
REACHED, TIMEOUT, REFUSED = {("reached", None)}, {("timeout", None)}, {("refused", None)}
LOCAL = service(externalTrafficPolicy="Local")

both_modes = pytest.mark.parametrize("mode", ["IPTABLES", "NFTABLES"])


def estate(
    *objects: Object, mode: str | None = "NFTABLES", plugin: str = "azure", azure: Sequence[Object] = ()
) -> Estate:
    """A cluster of two nodes with Service ``shop/web``; nodes, slices and the Service where none are given."""
    kinds = {each["kind"] for each in objects}
    whole = [*objects, *([] if "Node" in kinds else NODES), *([] if "EndpointSlice" in kinds else SLICES)]
    profile = {"networkPlugin": plugin, "networkPolicy": "calico", "podCidrs": ["10.9.0.0/16", "fd09::/32"]}
    profile |= {"kubeProxyConfig": {"mode": mode}} if mode else {}
    whole += [] if "Service" in kinds else [service()]
    return read(*whole, *azure, cluster(networkProfile=profile), group(rule("open", 100)))


def asked(found: Estate, source: str = CLIENT, target: str = AT_FRONTEND) -> set[tuple[str, int | None]]:
    """Effects and statuses of what may happen, whose verdicts have to be those of the effects."""
    said = library.explain(found, source, target)
    for each in said.outcomes:
        assert each.verdict == (Verdict.ALLOWED if each.effect == "reached" else Verdict.DENIED)
    assert len(said.outcomes) == 1 or said.verdict in {Verdict.MIXED, *(each.verdict for each in said.outcomes)}
    standing = library.who(found, target).standing
    assert AddressSet.of(source).overlaps(standing.allowed) == (said.verdict != Verdict.DENIED)
    assert not standing.indeterminate
    return {(each.effect.value, each.status) for each in said.outcomes}


def assumed(found: Estate, source: str = CLIENT, target: str = AT_FRONTEND) -> set[str]:
    return {each.code for each in library.explain(found, source, target).assumptions}
