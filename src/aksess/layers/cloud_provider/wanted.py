"""The rules that a Service asks for, before it is known where they aim.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/accesscontrol.go `PatchSecurityGroup`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aksess.addresses import Network, set_of
from aksess.layers.cloud_provider.access_control import SOURCE_RANGES, AccessControl, Annotation, Path
from aksess.layers.cloud_provider.behaviour import Behaviour
from aksess.layers.cloud_provider.rules import PROTOCOLS, allow_rule_name, deny_rule_name

__all__ = ["WantedRule", "aggregated", "wanted"]


class WantedRule(NamedTuple):
    """A rule that a Service asks for, before it is known where it aims.

    Attributes:
        family: 4 or 6: the family of its destinations.
        path: The field of the Service that asks for it.
    """

    name: str
    allows: bool
    family: int
    protocol: str
    sources: tuple[str, ...]
    ports: tuple[int, ...]
    path: Path


def aggregated(networks: Iterable[Network]) -> list[str]:
    """The fewest CIDRs that cover exactly the networks, IPv4 first.

    Source: kubernetes-sigs/cloud-provider-azure pkg/util/iputil/prefix.go `AggregatePrefixes`.
    """
    return set_of(list(networks)).to_cidrs()


def wanted(control: AccessControl, families: Sequence[int], behaviour: Behaviour) -> list[WantedRule]:
    """The rules that a Service asks for, in the order in which they are written.

    A list with ranges of one family only gives no rule for the other, which is then closed. One rule holds one tag,
    because Azure takes no more.

    Args:
        control: What the Service says.
        families: The families (4, 6) of its destinations.
        behaviour: The version of the provider.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/accesscontrol.go `PatchSecurityGroup`.
    """
    allowed = [((tag,), Annotation.ALLOWED_SERVICE_TAGS.path) for tag in control.tags]
    if control.allows_internet and (behaviour.internet_beside_all or not control.lists_everything):
        allowed.append((("Internet",), ("spec", "type")))
    ranges = {
        family: sorted(aggregated(each.network for each in control.ranges if each.network.family == family))
        for family in families
    }
    found: list[WantedRule] = []
    ports_of = control.ports
    for protocol in PROTOCOLS:
        ports = ports_of.get(protocol, ())
        for family in families if ports else ():
            sets: list[tuple[tuple[str, ...], Path]] = list(allowed)
            if ranges[family]:
                sets.append((tuple(ranges[family]), _ranges_path(control)))
            for sources, path in sets:
                name = allow_rule_name(protocol, family, sources, ports)
                found.append(WantedRule(name, True, family, protocol, sources, ports, path))
    if control.denies_all:
        path = control.invalid[0].path if control.invalid else Annotation.DENY_ALL.path
        found += [WantedRule(deny_rule_name(family), False, family, "*", ("*",), (), path) for family in families]
    return found


def _ranges_path(control: AccessControl) -> Path:
    return SOURCE_RANGES if control.source_ranges else control.allowed_ranges[0].path
