"""The security group that AKS keeps for its nodes, as it would be after every Service was applied anew.

Built where the input holds no such group. Written after the description of the cloud provider's decisions, on a path of
its own: it shares nothing with the evaluator's prediction.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer (accesscontrol.go, configuration.go); Microsoft
Learn, "Restrict inbound traffic to specific IP ranges".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aksess.estate import Estate
from aksess.estate.azure import DEFAULT_RULES, SecurityRule
from aksess.estate.kubernetes import Service

__all__ = ["managed_rules"]

_NOTE: Final = "service.beta.kubernetes.io/"
_FIRST, _LAST = 500, 4095


@dataclass(frozen=True)
class _Wish:
    """What a Service asks for: sources, or everybody else denied, for some of its addresses and ports."""

    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    protocol: str


def managed_rules(estate: Estate, nodes: tuple[str, ...]) -> tuple[SecurityRule, ...]:
    """The rules of that group, its default rules among them.

    Args:
        estate: The estate, with every port given.
        nodes: The addresses of the nodes.
    """
    allowed: list[_Wish] = []
    denied: list[str] = []
    for service in estate.services.values():
        if service.is_load_balancer and not _on(service, "azure-disable-load-balancer-nsg-rule"):
            wishes, alone = _wishes(service, nodes)
            allowed += wishes
            denied += alone
    rules = [_rule(_FIRST + number, wish) for number, wish in enumerate(allowed)]
    if denied:
        everybody = _Wish(("*",), tuple(dict.fromkeys(denied)), ("*",), "*")
        rules.append(_rule(_LAST, everybody, allows=False))
    return (*rules, *DEFAULT_RULES)


def _wishes(service: Service, nodes: tuple[str, ...]) -> tuple[list[_Wish], list[str]]:
    in_spec = [each.strip() for each in service.source_ranges]
    noted = [*_listed(service, "azure-allowed-ip-ranges"), *_listed(service, "load-balancer-source-ranges")]
    tags = _listed(service, "azure-allowed-service-tags")
    ranges = [each for each in (*in_spec, *noted) if _is_strict(each)]
    invalid = len(ranges) < len(in_spec) + len(noted)
    whole = all(not each or any(one.endswith("/0") for one in each) for each in (in_spec, noted))
    internal = _on(service, "azure-load-balancer-internal")
    open_to_all = not tags and whole and not invalid and (not internal or bool(in_spec or noted))
    plain = _on(service, "azure-disable-load-balancer-floating-ip")
    found: list[_Wish] = []
    alone: list[str] = []
    for family in service.families:
        fronts = [str(each.address) for each in service.load_balancer_addresses if each.address.family == family]
        own = tuple(each for each in nodes if (":" in each) == (family == 6)) if plain else tuple(fronts)
        if not own or not fronts:
            continue
        listed = tuple(each for each in ranges if (":" in each) == (family == 6))
        if (_on(service, "azure-deny-all-except-load-balancer-source-ranges") and (in_spec or noted)) or invalid:
            alone += own
        for protocol, ports in _ports(service, plain):
            for sources in ((tag,) for tag in (*tags, *(("Internet",) if open_to_all else ()))):
                found.append(_Wish(sources, own, ports, protocol))
            if listed:
                found.append(_Wish(listed, own, ports, protocol))
    return found, alone


def _ports(service: Service, plain: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    for protocol in ("TCP", "UDP"):
        ports = [each.node_port if plain else each.port for each in service.ports if each.protocol == protocol]
        if ports:
            yield protocol.lower(), tuple(str(each) for each in ports)


def _rule(priority: int, wish: _Wish, *, allows: bool = True) -> SecurityRule:
    return SecurityRule(
        name=f"k8s-azure-lb_{priority}",
        priority=priority,
        inbound=True,
        allows=allows,
        protocol=wish.protocol,
        sources=wish.sources,
        source_ports=("*",),
        destinations=wish.destinations,
        destination_ports=wish.ports,
    )


def _listed(service: Service, note: str) -> list[str]:
    text = service.annotations.get(_NOTE + note)
    return [each.strip() for each in text.strip().split(",")] if text is not None else []


def _on(service: Service, note: str) -> bool:
    return service.annotations.get(_NOTE + note, "").lower() == "true"


def _is_strict(text: str) -> bool:
    try:
        return "/" in text and str(ipaddress.ip_network(text, strict=True)) != ""
    except ValueError:
        return False
