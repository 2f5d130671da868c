"""The address that nginx judges: the peer itself, or what a header or a PROXY line of a trusted peer says.

A header is read from the right: as long as an address is trusted, the next one to its left counts; one that cannot be
read ends the walk. Where TLS may be passed through, a proxy of the controller stands before nginx on loop-back, so
nginx sees 127.0.0.1 on the HTTPS port unless it is told to read the line that this proxy writes.

Source: nginx src/http/modules/ngx_http_realip_module.c, src/http/ngx_http_core_module.c
`ngx_http_get_forwarded_addr_internal`, src/core/ngx_inet.c `ngx_parse_addr_port`, `ngx_inet_addr`;
kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl, template/template.go `httpsListener`,
pkg/tcpproxy/tcp.go, internal/ingress/controller/nginx.go `setupSSLProxy`; pull request 12768 for PROXY protocol
together with forwarded headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aksess.addresses import EVERYONE, NOBODY, Address, AddressSet, read_address
from aksess.addresses.parsing import nginx_network, set_of
from aksess.controllers.ingress_nginx.configuration import LOOP_BACK
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.snippets import Snippet
from aksess.controllers.interface import Request, View
from aksess.errors import ParseError
from aksess.rulings import Citation, Effect, Ruling

__all__ = ["RealIp", "forwarded_address", "parse_hop", "real_ip_of", "trusted_peers", "views"]

_LOOP = AddressSet.single(LOOP_BACK)
_PROXY = "proxy_protocol"


@dataclass(frozen=True, slots=True)
class RealIp:
    """Where the client address comes from at one level of the configuration.

    Attributes:
        trusted: The peers that are believed; None where nobody is.
        header: The header, or ``proxy_protocol``.
        recursive: Whether trusted addresses in the header are passed over.
    """

    trusted: AddressSet | None = None
    header: str = "X-Real-IP"
    recursive: bool = False

    def under(self, snippet: Snippet) -> RealIp:
        """What holds one level further in, with the lines of a snippet there."""
        return RealIp(
            self.trusted if snippet.trusted is None else snippet.trusted,
            snippet.header or self.header,
            self.recursive if snippet.recursive is None else snippet.recursive,
        )

    def believes(self, peer: Address) -> bool:
        """Whether a peer is believed."""
        return self.trusted is not None and peer in self.trusted


def trusted_peers(settings: Settings) -> AddressSet:
    """The peers of ``proxy-real-ip-cidr``, as far as they are addresses."""
    networks = []
    for entry in settings.trusted:
        try:
            network = nginx_network(entry)
        except ParseError:
            continue
        if network is not None:
            networks.append(network)
    return set_of(networks)


def real_ip_of(settings: Settings) -> RealIp:
    """Where the client address comes from at http level."""
    if not settings.reads_header:
        return RealIp()
    header = _PROXY if settings.use_proxy_protocol else settings.forwarded_for_header
    return RealIp(trusted_peers(settings), header, recursive=True)


def views(
    request: Request, settings: Settings, levels: Sequence[RealIp], cut: Citation, unknown: Citation
) -> tuple[View, ...]:
    """The ways in which nginx comes to an address for a request.

    Args:
        request: The request.
        settings: What the controller was told.
        levels: What holds at the host and at the location, in this order; the second counts where the first found
            nothing.
        cut: Cites what makes nginx cut a connection without a PROXY line.
        unknown: Cites what decides where the version does not tell.
    """
    way = _Way(request, settings, _distinct(levels), cut, unknown)
    return way.exactly() if request.exact else way.in_general()


def _distinct(levels: Iterable[RealIp]) -> list[RealIp]:
    return list(dict.fromkeys(levels))


@dataclass(frozen=True, slots=True)
class _Way:
    """How connections of one request come to nginx."""

    request: Request
    settings: Settings
    levels: list[RealIp]
    cut: Citation
    unknown: Citation

    @property
    def looped(self) -> bool:
        """Whether the proxy of the controller stands before nginx."""
        return self.settings.flags.ssl_passthrough and self.request.scheme == "https"

    @property
    def joined(self) -> bool:
        """Whether a PROXY line and a header may count together, as far as the version tells."""
        both = self.settings.use_proxy_protocol and self.settings.use_forwarded_headers
        return both and self.settings.release.joins_proxy_line_and_header

    # --- one request with nothing but what is given -------------------------------------------------------------------

    def exactly(self) -> tuple[View, ...]:
        if self.looped:
            return self._exactly_looped()
        line = self.request.proxy_line
        if self.settings.use_proxy_protocol and line is None:
            return (View(stop=Ruling(self.cut, Effect.REFUSED)),)
        if not self.settings.use_proxy_protocol and line is not None:
            # the line is no HTTP request, and no TLS either
            plain = self.request.scheme == "http"
            return (View(stop=Ruling(self.cut, *((Effect.ANSWERED, "", 400) if plain else (Effect.REFUSED,)))),)
        found: list[View] = []
        rest = EVERYONE
        for level in self.levels:
            if level.trusted is None:
                continue
            judged = self._judged(level, line)
            part = rest & level.trusted
            if not part or judged is None:
                continue
            found.append(View(part, AddressSet.single(folded(judged))))
            rest = rest - part
        if self.joined and self._differs():
            trusted = trusted_peers(self.settings)
            found = [replace(each, stop=self._depends_on_version()) for each in found if each.peers <= trusted]
        if rest:
            found.append(View(rest))
        return tuple(found)

    def _exactly_looped(self) -> tuple[View, ...]:
        """Through the proxy of the controller: nginx's peer is 127.0.0.1, its PROXY line says what the proxy saw."""
        line = self.request.proxy_line if self.settings.use_proxy_protocol else None
        if self.request.proxy_line is not None and line is None:
            return (View(stop=Ruling(self.cut, Effect.REFUSED)),)
        for level in self.levels:
            if not level.believes(LOOP_BACK):
                continue
            if level.header == _PROXY:
                if self.joined and self._differs():
                    return (View(stop=self._depends_on_version()),)
                return (View(judged=None if line is None else AddressSet.single(folded(line))),)
            judged = self._judged(level, None)
            if judged is not None:
                return (View(judged=AddressSet.single(folded(judged))),)
        return (View(judged=_LOOP),)

    def _judged(self, level: RealIp, line: Address | None) -> Address | None:
        """What a trusted peer makes nginx judge at a level; None for the peer itself."""
        if level.header == _PROXY:
            return line
        name = level.header.lower()
        lines = [value for key, value in self.request.headers if key.lower() == name]
        if not lines:
            return None
        if name != "x-forwarded-for":
            lines = lines[:1]
        return forwarded_address(lines, level.trusted or NOBODY, recursive=level.recursive)

    def _differs(self) -> bool:
        """Whether a header that is read after the PROXY line would change what is judged."""
        name = self.settings.forwarded_for_header.lower()
        return any(key.lower() == name for key, _ in self.request.headers)

    def _depends_on_version(self) -> Ruling:
        doubt = "PROXY protocol and forwarded headers together: which of them counts depends on the version"
        return Ruling(self.unknown, Effect.UNKNOWN, doubt)

    # --- every choice that the client has -----------------------------------------------------------------------------

    def in_general(self) -> tuple[View, ...]:
        if self.looped:
            return self._looped_in_general()
        trusted = AddressSet.union_of(level.trusted for level in self.levels if level.trusted is not None)
        if self.settings.use_proxy_protocol:
            honest = View(stop=Ruling(self.cut, Effect.REFUSED))
            rest = EVERYONE - trusted
            claimed = [View(trusted, EVERYONE, "proxy-line")] if trusted else []
            return (honest, *claimed, *([View(rest, None, "proxy-line")] if rest else []))
        forgeable = AddressSet.union_of(
            level.trusted for level in self.levels if level.trusted is not None and level.header != _PROXY
        )
        return (View(), View(forgeable, EVERYONE, "forged-header")) if forgeable else (View(),)

    def _looped_in_general(self) -> tuple[View, ...]:
        believed = [level for level in self.levels if level.believes(LOOP_BACK)]
        by_line = bool(believed) and believed[0].header == _PROXY
        honest = View() if by_line else View(judged=_LOOP)
        if by_line and self.settings.use_proxy_protocol:
            return (honest, View(EVERYONE, EVERYONE, "proxy-line"))
        if any(level.header != _PROXY for level in believed):
            return (honest, View(EVERYONE, EVERYONE, "forged-header"))
        return (honest,)


def forwarded_address(lines: Sequence[str], trusted: AddressSet, *, recursive: bool) -> Address | None:
    """The address that header lines say, sent by a trusted peer.

    Args:
        lines: The values of the header, in order.
        trusted: The addresses that are believed.
        recursive: Whether to go on to the left past trusted addresses.

    Returns:
        The address; None where the last one cannot be read, so that the peer counts.
    """
    found: Address | None = None
    for line in reversed(lines):
        found, more = _walk(line.strip(" \t"), found, trusted, recursive)
        if not more:
            break
    return found


def _walk(text: str, found: Address | None, trusted: AddressSet, recursive: bool) -> tuple[Address | None, bool]:
    """One header line from the right: what is found, and whether the line before it still counts.

    Blanks part elements like commas do. The first character of a line never does: a comma there belongs to the
    element, which then cannot be read.
    """
    end = len(text)
    while found is None or folded(found) in trusted:
        start = end - 1
        while start > 0 and text[start] in " ,":
            start -= 1
        end = start + 1
        while start > 0 and text[start] not in " ,":
            start -= 1
        if start > 0:
            start += 1
        hop = parse_hop(text[max(start, 0) : end])
        if hop is None:
            return found, False
        found = hop
        if not recursive or start <= 0:
            return found, recursive
        end = start - 1
    return found, False


def parse_hop(text: str) -> Address | None:
    """An element of such a header: an address, perhaps with a port; None where nginx cannot read it."""
    whole = _address(text)
    if whole is not None:
        return whole
    if text.startswith("["):
        body, bracket, port = text[1:].partition("]:")
        if not bracket:
            return None
    else:
        body, colon, port = text.partition(":")
        if not colon:
            return None
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        return None
    return _address(body)


def _address(text: str) -> Address | None:
    """An address as nginx reads it: octets may have leading zeros or be missing; 255.255.255.255 is none."""
    parts = text.split(".")
    if len(parts) == 4 and all(part == "" or (part.isascii() and part.isdigit()) for part in parts):
        octets = [int(part.lstrip("0")[:4] or "0") for part in parts]
        if any(octet > 255 for octet in octets) or octets == [255] * 4:
            return None
        return Address(4, int.from_bytes(bytes(octets), "big"))
    return read_address(text) if ":" in text else None


def folded(address: Address) -> Address:
    """An IPv4-mapped IPv6 address as the IPv4 address that the lists judge."""
    if address.family == 6 and address.number >> 32 == 0xFFFF:
        return Address(4, address.number & 0xFFFFFFFF)
    return address
