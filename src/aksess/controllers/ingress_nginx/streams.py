"""TCP and UDP ports that lead straight to a Service, past every list of every Ingress.

Source: kubernetes/ingress-nginx internal/ingress/controller/controller.go `getStreamServices`; documentation
"Exposing TCP and UDP services".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aksess.controllers.ingress_nginx.flags import Flags
from aksess.controllers.ingress_nginx.upstreams import Upstream, Upstreams
from aksess.controllers.interface import Backend, Stream
from aksess.estate import Estate
from aksess.estate.kubernetes import Name
from aksess.rulings import Citation, Layer

__all__ = ["read_streams"]

_PORT = re.compile(r"\d{1,5}\Z", re.ASCII)


def read_streams(estate: Estate, flags: Flags, upstreams: Upstreams) -> tuple[Stream, ...]:
    """The streams of a controller, by protocol and port."""
    found = [
        *_of_config_map(estate, flags, upstreams, flags.tcp_services, "TCP"),
        *_of_config_map(estate, flags, upstreams, flags.udp_services, "UDP"),
    ]
    return tuple(sorted(found, key=lambda each: (each.protocol, each.port)))


def _of_config_map(
    estate: Estate, flags: Flags, upstreams: Upstreams, name: Name | None, protocol: str
) -> Iterator[Stream]:
    item = estate.config_maps.get(name) if name is not None else None
    data = estate.config_map(*name) if name is not None else None
    if name is None or item is None or data is None:
        return
    for port, reference in data.items():
        target = _target(reference)
        if not _PORT.match(port) or int(port) in flags.reserved_ports or target is None:
            continue
        if upstreams.readiness(target).status:
            continue
        number = int(target.port) if _PORT.match(str(target.port)) else target.port
        citation = Citation(
            *(Layer.CONTROLLER, "ConfigMap", name[1], name[0]),
            path=("data", port),
            place=item.place,
            text=f"{protocol} port {port} leads to {target.namespace}/{target.service}, past every list",
        )
        yield Stream(int(port), protocol, Backend(target.namespace, target.service, number), citation)


def _target(reference: str) -> Upstream | None:
    """``namespace/service:port``, perhaps with PROXY after it."""
    named, _, rest = reference.partition(":")
    namespace, slash, service = named.partition("/")
    port = rest.partition(":")[0]
    return Upstream(namespace, service, port) if slash and namespace and service and port else None
