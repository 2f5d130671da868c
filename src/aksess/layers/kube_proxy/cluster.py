"""What kube-proxy's answer depends on besides the Service: the nodes, the pod network, and how kube-proxy runs.

Two things cannot be read from Kubernetes objects. One is the proxy mode, which decides a few corners; where it is
not given, AKS's default speaks. The other is the address that a masqueraded packet carries to a pod of the same
node: masquerading takes the address of the interface that the packet leaves by. Towards another node that is the
node's own address with every network plugin. Towards a pod of the same node a bridge (kubenet) has an address of its
own, the first of the node's pod range; the links of Azure CNI have none, so the node's address is taken.

Sources: kubernetes/kubernetes pkg/util/node/node.go `GetNodeHostIPs`, pkg/proxy/node.go; Linux net/netfilter
nf_nat_masquerade.c; MicrosoftDocs/azure-aks-docs articles/aks/configure-kube-proxy.md ("Defaults to IPTABLES").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aksess.addresses import Address, AddressSet, set_of
from aksess.addresses.parsing import Network, go_network
from aksess.errors import ParseError
from aksess.estate import Estate
from aksess.estate.kubernetes import Node
from aksess.rulings import Assumption

__all__ = ["PRIVATE", "ClusterNetwork", "Mode", "PodSide", "primary_address"]

Mode = Literal["iptables", "nftables"]
PodSide = Literal["node", "bridge"]

PRIVATE = AddressSet.of("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Private space: where node addresses lie when nothing more is known."""

_NODES_UNKNOWN = Assumption(
    "node-addresses-unknown",
    "no address of the node in the input: what the endpoint sees is taken from the node subnet, else private space",
)
_REPLACED = Assumption(
    "kube-proxy-mode",
    "what runs in the place of kube-proxy in its usual modes (Cilium, IPVS) treats connections as these modes do",
)
_PEER_IS_NODE = Assumption(
    "cluster-policy-peer-is-node", "a masqueraded connection reaches the endpoint with an address of the node"
)


@dataclass(frozen=True, slots=True)
class ClusterNetwork:
    """The network around kube-proxy.

    Attributes:
        nodes: The nodes that were read; none where the input holds none.
        pods: The cluster CIDR, by which kube-proxy tells pods from others; None where it is not known. Then only a
            caller that is said to be a pod counts as one.
        node_space: Where the addresses of nodes lie that were not read.
        mode: How kube-proxy runs. None is not known: answers are those of iptables, the default of AKS, and carry an
            assumption where nftables would answer differently.
        pod_side: What a pod sees of a masqueraded connection that was handled on its own node: the address of the
            ``node`` (Azure CNI, contract §10) or that of a ``bridge`` (kubenet: the first of the node's pod range).
        assumptions: What is taken for true of every connection, because something else than kube-proxy in one of its
            two modes handles it.
    """

    nodes: tuple[Node, ...] = ()
    pods: AddressSet | None = None
    node_space: AddressSet = PRIVATE
    mode: Mode | None = None
    pod_side: PodSide = "node"
    assumptions: tuple[Assumption, ...] = ()

    @classmethod
    def of(cls, estate: Estate, *, mode: Mode | None = None, pod_side: PodSide = "node") -> ClusterNetwork:
        """The network of an estate: pods from the network profile, else from the nodes' ranges; nodes and subnets.

        Source: Azure REST API `ManagedCluster` networkProfile (podCidr, podCidrs, kubeProxyConfig, networkDataplane);
        kubernetes/api core/v1 `NodeSpec`.
        """
        nodes = tuple(estate.nodes.values())
        profile = estate.cluster.network if estate.cluster is not None else None
        texts = (profile.pod_cidrs or ([profile.pod_cidr] if profile.pod_cidr else [])) if profile else []
        pods = set_of(_networks(texts) or [each for node in nodes for each in _networks(node.pod_ranges)])
        subnets = {group.subnet for group in estate.node_groups if group.subnet in estate.subnets}
        known = AddressSet.union_of(estate.subnets[subnet].prefixes for subnet in subnets)
        space = AddressSet.union_of(known.family(each) or PRIVATE.family(each) for each in (4, 6))
        wanted = ((profile.kube_proxy_config.mode or "") if profile and profile.kube_proxy_config else "").lower()
        replaced = wanted == "ipvs" or ((profile.network_dataplane or "") if profile else "").lower() == "cilium"
        chosen = mode or ("nftables" if wanted == "nftables" else "iptables" if wanted == "iptables" else None)
        return cls(nodes, pods or None, space, chosen, pod_side, (_REPLACED,) if replaced else ())

    def towards_node(self, node: Node | None, family: int) -> tuple[AddressSet, tuple[Assumption, ...]]:
        """What an endpoint on another node sees of a masqueraded connection: the address of the node that sent it."""
        seen = primary_address(node, family) if node is not None else None
        taken = (_PEER_IS_NODE,) if self.pod_side == "node" else ()
        if seen is None:
            return self.node_space.family(family), (_NODES_UNKNOWN, *taken)
        return AddressSet.single(seen), taken

    def towards_pod(self, node: Node | None, family: int) -> tuple[AddressSet, tuple[Assumption, ...]]:
        """What a pod of the handling node sees of a masqueraded connection."""
        if self.pod_side == "node" or node is None:
            return self.towards_node(node, family)
        gateways = [each.start + 1 for each in _networks(node.pod_ranges) if each.family == family]
        if gateways:
            return AddressSet.single(Address(family, gateways[0])), ()
        return (self.pods or PRIVATE).family(family), (_NODES_UNKNOWN,)


def primary_address(node: Node, family: int) -> Address | None:
    """The address that kube-proxy takes for the node's own: the first internal, else external one of the family.

    Source: kubernetes/kubernetes pkg/util/node/node.go `GetNodeHostIPs`.
    """
    return next((each for each in (*node.internal, *node.external) if each.family == family), None)


def _networks(texts: tuple[str, ...] | list[str]) -> list[Network]:
    found: list[Network] = []
    for text in texts:
        try:
            found.append(go_network(text))
        except ParseError:
            continue  # the API server accepts no such range, so none is in use
    return found
