"""Network namespaces and the links between them: the way of a packet, without any rule on it.

    client ── balancer ─┬─ fabric-0 ── node-0 ── pods-0
                        ├─ fabric-1 ── node-1 ── pods-1
                        …

The client takes every source address. The balancer spreads the frontends over the nodes by the five-tuple and leaves
the destination alone (floating IP). The fabric before each node is where its security groups will hang. Addresses of
the estate are given to the hosts that own them; the links themselves use link-local addresses, which no estate holds,
with the scope of a link, so that masquerading never picks them.

Source: Linux kernel documentation, IP Sysctl (fib_multipath_hash_policy, rp_filter); ip-route(8), AnyIP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aksess.lab.blueprint import Blueprint, LabNode
from aksess.lab.programs import run

__all__ = ["BALANCER", "CLIENT", "PROBE_SOURCE", "build", "inside", "lead_down", "way"]

CLIENT: Final = "client"
BALANCER: Final = "balancer"
PROBE_SOURCE: Final = "168.63.129.16"
_ANY_SOURCE: Final = 100
_FIRST_WAY: Final = 1024
_QUIET: Final = {
    "net.ipv4.ip_forward": 1,
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv6.conf.default.accept_dad": 0,
    "net.ipv6.conf.default.dad_transmits": 0,
    "net.ipv6.ip_nonlocal_bind": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.conf.all.accept_local": 1,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.default.send_redirects": 0,
    # a refusal is an ICMP message or a reset; without these limits every refusal is one
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv4.icmp_msgs_per_sec": 1_000_000,
    "net.ipv4.icmp_msgs_burst": 1_000_000,
    "net.ipv6.icmp.ratelimit": 0,
}


def inside(namespace: str, *command: str) -> list[str]:
    """The command line that runs a command in a network namespace of the lab."""
    return ["nsenter", f"--net=/run/netns/{namespace}", *command]


@dataclass(frozen=True, slots=True)
class _Link:
    """A link with the names of its ends and its two addresses of each family."""

    number: int

    def address(self, end: int, family: int) -> str:
        return f"169.254.{self.number}.{end}" if family == 4 else f"fe80::{self.number}:{end}"


def build(blueprint: Blueprint) -> None:
    """Make every namespace, link and route; frontends lead nowhere yet (see `way`).

    Raises:
        ProgramFailed: The kernel refused something.
    """
    names = [CLIENT, BALANCER, *(f"{kind}-{node.index}" for node in blueprint.nodes for kind in _KINDS)]
    for name in names:
        run("ip", "netns", "add", name)
    settings = [f"{key}={value}" for key, value in _QUIET.items()]
    for name in names:
        # /proc/sys shows the settings of the network namespace of whoever opens it
        run(*inside(name, "sysctl", "-q", "-e", "-w", *settings))
        run("ip", "-n", name, "link", "set", "lo", "up")
    _client()
    for node in blueprint.nodes:
        _node(node)


_KINDS: Final = ("fabric", "node", "pods")


def _client() -> None:
    link = _Link(0)
    _join(CLIENT, "out", BALANCER, "client", link)
    for family in (4, 6):
        _batch(
            CLIENT,
            family,
            f"route add default via {link.address(2, family)} dev out onlink",
            f"rule add iif out lookup {_ANY_SOURCE}",
            f"route add local default dev lo table {_ANY_SOURCE}",
        )
        _batch(BALANCER, family, f"route add default via {link.address(1, family)} dev client onlink")
        setting = f"net.ipv{family}.fib_multipath_hash_policy=1"
        run(*inside(BALANCER, "sysctl", "-q", "-w", setting))
    _batch(BALANCER, 4, f"route add local {PROBE_SOURCE} dev lo")


def _node(node: LabNode) -> None:
    fabric, name, pods = (f"{kind}-{node.index}" for kind in _KINDS)
    outer, middle, inner = (_Link(1 + 3 * node.index + step) for step in range(3))
    _join(BALANCER, fabric, fabric, "uplink", outer)
    _join(fabric, "node", name, "uplink", middle)
    _join(name, "pods", pods, "uplink", inner)
    for family in (4, 6):
        own = [f"{each}" for each in node.addresses if each.family == family]
        below = [each for each in node.pods if (":" in each) == (family == 6)]
        for namespace, device, link in ((fabric, "uplink", outer), (name, "uplink", middle), (pods, "uplink", inner)):
            _batch(namespace, family, f"route add default via {link.address(1, family)} dev {device} onlink")
        _batch(BALANCER, family, *_towards([*own, *below], outer.address(2, family), fabric))
        _batch(fabric, family, *_towards([*own, *below], middle.address(2, family), "node"))
        _batch(name, family, *_towards(below, inner.address(2, family), "pods"))
        bits = 32 if family == 4 else 128
        nodad = " nodad" if family == 6 else ""
        _batch(name, family, *(f"address add {each}/{bits} dev uplink{nodad}" for each in own))
        bridge = node.bridge(family)
        if bridge is not None:
            _batch(name, family, f"address add {bridge}/{bits} dev pods{nodad}")
        _batch(pods, family, *(f"route add local {each} dev lo" for each in below))


def _towards(destinations: Iterable[str], via: str, device: str) -> list[str]:
    return [f"route add {each} via {via} dev {device} onlink" for each in destinations]


def _join(one: str, at_one: str, other: str, at_other: str, link: _Link) -> None:
    run("ip", "-n", one, "link", "add", at_one, "type", "veth", "peer", "name", at_other, "netns", other)
    for namespace, device, end in ((one, at_one, 1), (other, at_other, 2)):
        _batch(namespace, 4, f"address add {link.address(end, 4)}/30 dev {device} scope link", f"link set {device} up")
        _batch(namespace, 6, f"address add {link.address(end, 6)}/64 dev {device} nodad")


def way(nodes: Sequence[int]) -> int:
    """The mark of packets that the balancer spreads over some nodes by the five-tuple; over none they are lost.

    Each mark leads to a routing table of its own, made here; asking twice is harmless.
    """
    mark = _FIRST_WAY + sum(1 << index for index in nodes)
    for family in (4, 6):
        hops = " ".join(
            f"nexthop via {_Link(1 + 3 * index).address(2, family)} dev fabric-{index} onlink" for index in nodes
        )
        route = f"default table {mark} {hops}" if hops else f"blackhole default table {mark}"
        _batch(BALANCER, family, f"route replace {route}")
        rules = run("ip", f"-{family}", "-n", BALANCER, "rule", "show", "fwmark", str(mark))
        if not rules.strip():
            _batch(BALANCER, family, f"rule add fwmark {mark} lookup {mark}")
    return mark


def lead_down(frontends: Iterable[str], nodes: Iterable[int]) -> None:
    """Let the fabric before each node hand frontends to it, as floating IP does."""
    for index in nodes:
        link = _Link(1 + 3 * index + 1)
        for family in (4, 6):
            own = [each for each in frontends if (":" in each) == (family == 6)]
            lines = [f"route replace {each} via {link.address(2, family)} dev node onlink" for each in own]
            _batch(f"fabric-{index}", family, *lines)


def _batch(namespace: str, family: int, *lines: str) -> None:
    if lines:
        run("ip", f"-{family}", "-n", namespace, "-batch", "-", text="\n".join(lines) + "\n")
