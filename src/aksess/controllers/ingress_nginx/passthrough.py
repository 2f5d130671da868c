"""Hosts whose TLS goes to their Service unopened: no location, no list, nobody is judged.

The proxy of the controller looks only at the server name; a name that is not the host itself (an alias, a wildcard)
goes to nginx like any other. The connection goes to the cluster address of the Service behind ``/``; a host that
leads nowhere there is cut.

Source: kubernetes/ingress-nginx internal/ingress/controller/controller.go `getConfiguration`, nginx.go
`generateTemplate`, pkg/tcpproxy/tcp.go.
"""

from __future__ import annotations

from aksess.controllers.ingress_nginx.breakage import cite_location
from aksess.controllers.ingress_nginx.servers import Server
from aksess.controllers.ingress_nginx.upstreams import Upstreams
from aksess.controllers.interface import Answers, Backend, View
from aksess.rulings import Citation, Effect, Partition, Ruling

__all__ = ["pass_through"]


def pass_through(server: Server, host: str, upstreams: Upstreams, speaker: Citation) -> Answers | None:
    """What TLS to a host meets where it is passed through; None where nginx takes it.

    Args:
        server: The host.
        host: The server name that the client sends.
        upstreams: The Services behind.
        speaker: Cites the controller.
    """
    rules, location = server.ssl_passthrough, server.passthrough_location()
    if rules is None or location is None or host != server.host.lower() or server.host.startswith("*"):
        return None
    cited = rules.cite_annotation(rules.key("ssl-passthrough"), "TLS goes to the Service unopened, past every list")
    if location.upstream is None or location.rules is None:
        return Answers((View(),), Partition.all(Ruling(cited, Effect.REFUSED)))
    application = cite_location(location, f"Ingress {location.rules.ingress.namespace}/{location.rules.ingress.name}")
    upstream = location.upstream
    if not upstreams.exists(upstream.namespace, upstream.service):
        return None
    readiness = upstreams.readiness(upstream)
    assumptions = (readiness.assumption,) if readiness.assumption else ()
    service = upstreams.service(upstream)
    unreachable = readiness.status or (service is not None and not _has_cluster_address(service.type))
    ruling = Ruling(cited, Effect.REFUSED if unreachable else None)
    backend = None if unreachable else Backend(upstream.namespace, upstream.service, upstream.port)
    return Answers((View(),), Partition.all(ruling), application or speaker, backend, assumptions)


def _has_cluster_address(kind: str) -> bool:
    return kind != "ExternalName"
