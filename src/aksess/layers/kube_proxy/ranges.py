"""The source ranges of a Service as kube-proxy reads them: ``spec.loadBalancerSourceRanges``, nothing else.

Entries are trimmed; what is no CIDR is dropped with a log line. Each family is a list of its own, and a family without
an entry has no list: ranges of IPv4 alone leave IPv6 open, and a list of nothing but broken entries leaves everyone in.
Annotations, Azure's own and ``service.beta.kubernetes.io/load-balancer-source-ranges``, are not read at all.

Source: kubernetes/kubernetes pkg/proxy/serviceport.go `newBaseServiceInfo`, pkg/proxy/util/utils.go
`MapCIDRsByIPFamily`, pkg/proxy/iptables/proxier.go and pkg/proxy/nftables/proxier.go (`usesFWChain`, `allowFromNode`).
"""

from __future__ import annotations

from functools import lru_cache

from aksess.addresses import AddressSet, set_of
from aksess.addresses.parsing import Network, kube_proxy_network
from aksess.errors import ParseError

__all__ = ["source_ranges"]


@lru_cache(maxsize=4096)
def source_ranges(texts: tuple[str, ...], family: int) -> AddressSet | None:
    """Who is listed in one family; None where that family has no list, so that everyone gets in.

    Args:
        texts: ``spec.loadBalancerSourceRanges`` as written.
        family: 4 or 6.
    """
    found: list[Network] = []
    for text in texts:
        try:
            network = kube_proxy_network(text)
        except ParseError:
            continue
        if network.family == family:
            found.append(network)
    return set_of(found) if found else None
