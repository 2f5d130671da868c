"""The seam between `access` and the packages that know one ingress or gateway controller each.

A package finds its controllers in an estate and answers two questions about each of them: what it publishes
(`Route`), and what it does with a request (`Answers`). How it comes to an address to judge, and what it does with
each address it may judge, are kept apart: the first is a list of `View`, the second a `Partition` over judged
addresses. `access` puts the two together with the sources that arrive, for one address or for everybody alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from aksess.addresses import EVERYONE, Address, AddressSet
from aksess.estate import Estate
from aksess.estate.kubernetes import Ingress, Service, ServicePort
from aksess.rulings import Assumption, Citation, Partition, Ruling

__all__ = ["Answers", "Backend", "Controller", "Finder", "Request", "Route", "Scheme", "Stream", "View"]

Scheme = Literal["http", "https"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Host header and server name, without a port.
        path: Path as it is sent, beginning with a slash.
        method: HTTP method.
        headers: Headers that the client sends, in order.
        proxy_line: The address that a PROXY protocol line of the client claims.
        credentials: Whether correct credentials are sent.
        exact: Whether this is one request, with nothing sent but what is given. Otherwise the client's own choices
            (headers, a PROXY line, credentials) are all open, and each is a `View` of its own (contract §10).
        port: The Service port it comes in by; 0 where that does not matter.
    """

    scheme: Scheme
    host: str
    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    proxy_line: Address | None = None
    credentials: bool = False
    exact: bool = False
    port: int = 0


@dataclass(frozen=True, slots=True)
class Backend:
    """The Service port that a request is handed to."""

    namespace: str
    service: str
    port: int | str


@dataclass(frozen=True, slots=True)
class View:
    """One way in which a controller comes to judge an address.

    Attributes:
        peers: The peers (addresses that the connection comes from) of which this speaks.
        judged: The address it judges: None for the peer itself, else one of these.
        condition: Empty where nobody chooses; ``forged-header``, ``proxy-line`` or ``source-port`` where the client
            does: then it may pick any address of ``judged``.
        stop: What happens instead of judging, if anything (a connection that is cut).
    """

    peers: AddressSet = EVERYONE
    judged: AddressSet | None = None
    condition: str = ""
    stop: Ruling | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What a controller does with a request.

    Attributes:
        views: The ways in which it comes to an address; for every peer exactly one without a condition.
        rulings: What it does with each address that it judges. A ruling that passes hands the request to the
            application; every other one ends it.
        application: The object that publishes what was asked for (Ingress, HTTPRoute); None for a catch-all.
        backend: Where a request that passes goes; None where nobody can be reached.
        assumptions: What the answer takes for true.
    """

    views: tuple[View, ...]
    rulings: Partition
    application: Citation | None = None
    backend: Backend | None = None
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that a controller publishes over HTTP.

    Attributes:
        host: Host; empty for a rule without one.
        path: Path as it is written.
        path_type: ``Exact``, ``Prefix``, ``ImplementationSpecific``, ``PathPrefix`` or ``RegularExpression``.
        application: The object that publishes it.
        backend: Where it leads; None where it leads to no Service.
        sample: A request path that this route answers, as far as one can be found.
    """

    host: str
    path: str
    path_type: str
    application: Citation
    backend: Backend | None
    sample: str


@dataclass(frozen=True, slots=True)
class Stream:
    """A TCP or UDP port of a controller that leads straight to a Service, past every list."""

    port: int
    protocol: str
    backend: Backend
    citation: Citation


class Controller(Protocol):
    """One controller that was found in an estate."""

    @property
    def kind(self) -> str:
        """What it is: ``ingress-nginx``, ``application-routing``, ``traefik``."""
        ...

    @property
    def citation(self) -> Citation:
        """The workload or, where that was not read, the class or Service that speaks for it."""
        ...

    @property
    def services(self) -> Sequence[Service]:
        """The Services that lead to it."""
        ...

    @property
    def ingresses(self) -> Sequence[Ingress]:
        """The Ingresses that it serves; none for gateways."""
        ...

    @property
    def pod_labels(self) -> dict[str, str]:
        """The labels of its pods, empty where they are not known."""
        ...

    @property
    def namespace(self) -> str:
        """The namespace its pods run in."""
        ...

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What is taken for true about it as a whole."""
        ...

    def listener(self, service: Service, port: ServicePort) -> Scheme | None:
        """What a port of one of its Services speaks; None for neither (health, metrics, streams)."""
        ...

    def serves(self, host: str) -> bool:
        """Whether a rule names the host, exactly, as alias or by wildcard."""
        ...

    def judges(self) -> bool:
        """Whether anything it serves depends on the client's address."""
        ...

    def routes(self) -> Sequence[Route]:
        """Everything it publishes, in the order of the objects."""
        ...

    def streams(self) -> Sequence[Stream]:
        """Its TCP and UDP services."""
        ...

    def answer(self, request: Request) -> Answers:
        """What it does with a request."""
        ...


class Finder(Protocol):
    """Finds the controllers of one kind in an estate; one a package, listed in `aksess.controllers.registry`."""

    def __call__(self, estate: Estate) -> Sequence[Controller]:
        """The controllers, in a stable order."""
        ...
