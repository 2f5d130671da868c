"""Application gateways in front of the cluster: which hosts they take, and which addresses their backends see.

An application gateway is a proxy: the connection ends there, and the backend's peer is an address of the gateway's
own subnet. It appends the client's address to X-Forwarded-For, so a controller that trusts that subnet can judge the
client, and one that does not judges the gateway. A firewall policy may stop clients by address; its rules are not
modelled, so it leaves a doubt.

Source: Microsoft Learn, "How an application gateway works" (X-Forwarded-For), "Application Gateway infrastructure
configuration" (subnet and security group).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from aksess.addresses import Address, AddressSet, read_address
from aksess.errors import ParseError
from aksess.estate import Estate, azure_wire
from aksess.estate.azure_wire import ApplicationGateway, GatewayListener, GatewayRule, Reference
from aksess.rulings import Citation, Effect, Layer, Ruling
from aksess.snapshot.items import AzureItem

__all__ = ["Listener", "listeners"]


@dataclass(frozen=True, slots=True)
class Listener:
    """One host and port of an application gateway that leads to a backend by address.

    Attributes:
        gateway: Name of the gateway.
        address: The address that clients connect to; None where its public address was not read.
        port: Frontend port.
        scheme: ``http`` or ``https``.
        hosts: The hosts it takes; empty for any.
        subnet: Id of the gateway's subnet in lower case.
        backends: Addresses and ports that it forwards to.
        ruling: What the gateway itself does: passes, redirects, or leaves a doubt.
    """

    gateway: str
    address: Address | None
    port: int
    scheme: Literal["http", "https"]
    hosts: tuple[str, ...]
    subnet: str
    backends: tuple[tuple[Address, int], ...]
    ruling: Ruling

    def takes(self, host: str) -> bool:
        """Whether a host is taken here; a leading ``*.`` stands for one or more labels."""
        return not self.hosts or any(
            host == each or (each.startswith("*.") and host.endswith(each[1:])) for each in self.hosts
        )

    def peers(self, estate: Estate) -> AddressSet | None:
        """The addresses that backends may see; None where the gateway's subnet was not read."""
        subnet = estate.subnets.get(self.subnet)
        return subnet.prefixes if subnet and subnet.prefixes else None


def listeners(estate: Estate) -> Iterator[Listener]:
    """Every listener of every application gateway, in the order of the input."""
    for item in estate.application_gateways:
        try:
            decoded = item.decode(ApplicationGateway)
        except ParseError:
            continue  # listed as unread when the estate was made
        yield from _of_gateway(item, decoded, estate)


def _of_gateway(item: AzureItem, gateway: ApplicationGateway, estate: Estate) -> Iterator[Listener]:
    ports = {_key(each.id): each.port or 0 for each in gateway.frontend_ports or []}
    pools = {_key(each.id): each for each in gateway.backend_address_pools or []}
    settings = {_key(each.id): each for each in gateway.backend_http_settings_collection or []}
    fronts = {_key(each.id): each for each in gateway.frontend_ip_configurations or []}
    rules = {
        _key_of(rule.http_listener): (index, rule) for index, rule in enumerate(gateway.request_routing_rules or [])
    }
    subnets = [_key_of(each.subnet) for each in gateway.gateway_ip_configurations or [] if each.subnet]
    for listener in gateway.http_listeners or []:
        found = rules.get(_key(listener.id))
        if found is None:
            continue
        index, rule = found
        front = fronts.get(_key_of(listener.frontend_ip_configuration))
        pool = pools.get(_key_of(rule.backend_address_pool))
        setting = settings.get(_key_of(rule.backend_http_settings))
        addresses = (
            [read_address(each.ip_address) for each in (pool.backend_addresses or []) if each.ip_address]
            if pool
            else []
        )
        number = (setting.port if setting else None) or 80
        yield Listener(
            item.name,
            _address(front, estate),
            ports.get(_key_of(listener.frontend_port), 0),
            "https" if (listener.protocol or "").lower() == "https" else "http",
            _hosts(listener),
            subnets[0] if subnets else "",
            tuple((address, number) for address in addresses if address is not None),
            _ruling(item, gateway, index, rule),
        )


def _ruling(item: AzureItem, gateway: ApplicationGateway, index: int, rule: GatewayRule) -> Ruling:
    citation = Citation(
        Layer.APPLICATION_GATEWAY,
        "applicationGateway",
        item.name,
        resource=item.id,
        rule=rule.name or "",
        path=("requestRoutingRules", index),
        place=item.place,
        text="forwards to its backend pool; the backend sees an address of the gateway's subnet",
    )
    if rule.redirect_configuration:
        return Ruling(replace(citation, text="redirects"), Effect.REDIRECTED)
    if rule.url_path_map:
        return Ruling(citation, doubt=f"the path map of application gateway {item.name} is not modelled")
    firewall = gateway.web_application_firewall_configuration
    if gateway.firewall_policy or (isinstance(firewall, dict) and firewall.get("enabled")):
        return Ruling(
            citation, doubt=f"the firewall of application gateway {item.name} may stop clients; it is not modelled"
        )
    return Ruling(citation)


def _address(front: azure_wire.FrontendConfiguration | None, estate: Estate) -> Address | None:
    if front is None:
        return None
    if front.private_ip_address and not front.public_ip_address:
        return read_address(front.private_ip_address)
    public = estate.public_addresses.get(_key_of(front.public_ip_address))
    return public.address if public else None


def _hosts(listener: GatewayListener) -> tuple[str, ...]:
    names = [*(listener.host_names or []), *([listener.host_name] if listener.host_name else [])]
    return tuple(dict.fromkeys(name.lower() for name in names))


def _key(identity: str | None) -> str:
    return (identity or "").lower()


def _key_of(reference: Reference | None) -> str:
    return _key(reference.id) if reference else ""
