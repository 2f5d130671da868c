"""Addresses and CIDRs read the way each system reads them.

The same text means different things to different readers, and that difference locks people out or lets them in:
``10.0.0.1/8`` is masked by ingress-nginx, refused by the cloud provider and a warning for nginx; ``1.2.3.4`` is a
host for ingress-nginx and an error in a source range. One function a reader, each named after it.

Sources: Go `net.ParseCIDR`, `net.ParseIP`, `netip.ParsePrefix` (golang/go src/net/ip.go, src/net/netip/netip.go);
kubernetes/ingress-nginx internal/net/ipnet.go; kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/iputil;
kubernetes/utils net/parse.go (the sloppy parsers of kube-proxy); nginx src/core/ngx_inet.c `ngx_ptocidr`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

from aksess.addresses.address_set import Address, AddressSet, format_address
from aksess.errors import ParseError

__all__ = [
    "Network",
    "azure_network",
    "azure_set",
    "cloud_provider_network",
    "go_network",
    "go_set",
    "ingress_nginx_list",
    "kube_proxy_network",
    "nginx_network",
    "plain_source",
    "read_address",
    "set_of",
]

_BITS = {4: 32, 6: 128}
_MAPPED = 0xFFFF << 32
_SIZES = {str(length): 1 << (32 - length) for length in range(33)}
"""How many addresses an IPv4 network has, by its prefix length as it is written."""
_SLOPPY_V4 = re.compile(r"\d{1,10}(\.\d{1,10}){3}\Z", re.ASCII)


class Network(NamedTuple):
    """A CIDR with its host bits cleared: family, first number and prefix length."""

    family: int
    start: int
    length: int

    @property
    def end(self) -> int:
        """One past the last number."""
        return self.start + (1 << (_BITS[self.family] - self.length))

    def __str__(self) -> str:
        return f"{format_address(self.family, self.start)}/{self.length}"


def set_of(networks: list[Network] | tuple[Network, ...]) -> AddressSet:
    """The union of the networks."""
    return AddressSet.from_ranges(
        ((each.start, each.end) for each in networks if each.family == 4),
        ((each.start, each.end) for each in networks if each.family == 6),
    )


def read_address(text: str) -> Address | None:
    """An address as `inet_pton` and Go read it: four plain octets, or IPv6 without a zone; None otherwise."""
    try:
        if ":" in text:
            return Address(6, int.from_bytes(inet_pton(AF_INET6, text), "big"))
        return Address(4, int.from_bytes(inet_pton(AF_INET, text), "big"))
    except (OSError, ValueError):
        return None


def _network(address: Address, length: int) -> Network:
    host = _BITS[address.family] - length
    return Network(address.family, address.number >> host << host, length)


def _folded(network: Network) -> Network:
    """An IPv4-mapped IPv6 network as the IPv4 network that Go prints it as."""
    if network.family == 6 and network.length >= 96 and network.start >> 32 == 0xFFFF:
        return Network(4, network.start & 0xFFFFFFFF, network.length - 96)
    return network


def go_network(text: str) -> Network:
    """`net.ParseCIDR`, else `net.ParseIP`: host bits are cleared, a bare address is one host.

    An IPv4-mapped network becomes the IPv4 network, as Go's `String` prints it.

    Raises:
        ParseError: Neither reader accepts the text.
    """
    body, slash, mask = text.partition("/")
    address = read_address(body)
    if address is None:
        raise ParseError(f"{text!r} is no address and no CIDR")
    bits = _BITS[address.family]
    if not slash:
        return _folded(_network(address, bits))
    if not (mask.isascii() and mask.isdigit()) or int(mask[:9]) > bits or len(mask.lstrip("0")) > 3:
        raise ParseError(f"{text!r} has no prefix length from 0 to {bits}")
    return _folded(_network(address, int(mask)))


def go_set(texts: Iterable[str]) -> AddressSet:
    """The union of texts as `go_network` reads them.

    Raises:
        ParseError: Names the first text that is not accepted.
    """
    ipv4: list[tuple[int, int]] = []
    others: list[Network] = []
    for text in texts:
        plain = _plain_range(text)
        if plain is not None:
            ipv4.append(plain)
        else:
            others.append(go_network(text))
    return AddressSet.from_ranges(ipv4) | set_of(others)


def _plain_range(text: str) -> tuple[int, int] | None:
    """The numbers of an IPv4 address or CIDR in its plain form; None for every other text.

    Lists hold tens of thousands of these, so they take this short way past the readers above.
    """
    body, slash, mask = text.partition("/")
    size = _SIZES.get(mask) if slash else 1
    if size is None:
        return None
    try:
        start = int.from_bytes(inet_pton(AF_INET, body), "big") & -size
    except (OSError, ValueError):
        return None
    return start, start + size


def ingress_nginx_list(value: str) -> list[Network]:
    """A source-range annotation: split at commas, blanks trimmed, one bad element spoils the whole list.

    Source: kubernetes/ingress-nginx internal/net/ipnet.go `ParseIPNets`.

    Raises:
        ParseError: Names the first element that is not accepted.
    """
    return [go_network(element.strip()) for element in value.split(",")]


def cloud_provider_network(text: str) -> Network:
    """`netip.ParsePrefix` and no host bits: what the Azure cloud provider takes as a source range.

    Raises:
        ParseError: A bare address, host bits, leading zeros, a zone or anything else it refuses.
    """
    body, slash, mask = text.partition("/")
    address = read_address(body)
    if address is None or not slash:
        raise ParseError(f"{text!r} is no CIDR" + ("" if address is None else "; a bare address needs its /32 or /128"))
    bits = _BITS[address.family]
    if not (mask.isascii() and mask.isdigit()) or (len(mask) > 1 and mask[0] == "0") or len(mask) > 3:
        raise ParseError(f"{text!r} has no plain prefix length")
    if int(mask) > bits:
        raise ParseError(f"{text!r} has no prefix length from 0 to {bits}")
    network = _network(address, int(mask))
    if network.start != address.number:
        raise ParseError(f"{text!r} has host bits set; the network is {network}")
    return network


def kube_proxy_network(text: str) -> Network:
    """The sloppy CIDR reader of kube-proxy: blanks around and leading zeros pass, host bits are cleared.

    Raises:
        ParseError: kube-proxy drops such an entry with a log line.
    """
    value = text.strip()
    body, slash, mask = value.partition("/")
    if ":" not in body and _SLOPPY_V4.match(body):
        body = ".".join(str(int(octet)) for octet in body.split("."))
    if not slash:
        raise ParseError(f"{text!r} is no CIDR")
    return go_network(f"{body}/{mask}")


def nginx_network(text: str) -> Network | None:
    """The operand of nginx `allow`, `deny` and `set_real_ip_from`; None stands for ``unix:``, which is no address.

    ``all`` is not handled here: it is not one network. Leading zeros are decimal, host bits are cleared.

    Raises:
        ParseError: `nginx -t` refuses it, so the whole configuration is refused.
    """
    if text == "unix:":
        return None
    body, slash, mask = text.partition("/")
    if _SLOPPY_V4.match(body):
        body = ".".join(str(int(octet)) for octet in body.split("."))
    address = read_address(body)
    if address is None or (address.family == 4 and address.number == 0xFFFFFFFF):  # INADDR_NONE
        raise ParseError(f"{text!r} is no address that nginx accepts")
    bits = _BITS[address.family]
    if not slash:
        return _network(address, bits)
    if not (mask.isascii() and mask.isdigit()) or len(mask) > 9 or int(mask) > bits:
        raise ParseError(f"{text!r} has no prefix length from 0 to {bits}")
    return _network(address, int(mask))


def azure_network(text: str) -> Network | None:
    """A bare address or CIDR in an Azure field; None where the text is neither (then it may be a service tag).

    Azure refuses host bits, so they never decide anything; they are cleared.
    """
    try:
        network = go_network(text.strip())
    except ParseError:
        return None
    return network


def azure_set(texts: Iterable[str]) -> tuple[AddressSet, list[str]]:
    """The union of the addresses and CIDRs of an Azure field, and the texts that are neither."""
    ipv4: list[tuple[int, int]] = []
    others: list[Network] = []
    named: list[str] = []
    for text in texts:
        plain = _plain_range(text)
        if plain is not None:
            ipv4.append(plain)
        elif (network := azure_network(text)) is not None:
            others.append(network)
        else:
            named.append(text)
    return AddressSet.from_ranges(ipv4) | set_of(others), named


def plain_source(text: str) -> Network:
    """What a person writes on the command line: an address or a CIDR.

    Raises:
        ParseError: It is neither.
    """
    body, slash, mask = text.strip().partition("/")
    address = read_address(body.strip("[]"))
    if address is None:
        raise ParseError(f"{text!r} is no address and no CIDR")
    bits = _BITS[address.family]
    if not slash:
        return _network(address, bits)
    if not (mask.isascii() and mask.isdigit()) or len(mask) > 3 or int(mask) > bits:
        raise ParseError(f"{text!r} has no prefix length from 0 to {bits}")
    return _network(address, int(mask))
