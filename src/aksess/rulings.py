"""What an enforcement point says, in the words of the contract (§2): verdict, effect, layer, citation, ruling.

A hop takes the set of sources that arrive and returns a `Partition`: disjoint cells of sources, each with one
`Ruling`, and one ruling for all others. A ruling lets sources pass, stops them with an effect that the client can
see, or, where the input does not say, leaves a doubt; a doubt never becomes "denied" and never "allowed".

Every ruling cites what decides: a resource, a field or a rule in it, and the file and line where that stands. Lines
are looked up only when somebody reads them, so citing costs nothing until it is printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from aksess.addresses import NOBODY, AddressSet

__all__ = [
    "NOWHERE",
    "Assumption",
    "Citation",
    "Effect",
    "Layer",
    "Partition",
    "Place",
    "Ruling",
    "Verdict",
    "field_text",
]


class Verdict(StrEnum):
    """Whether the application is reached; `MIXED` only sums up outcomes that differ."""

    ALLOWED = "allowed"
    DENIED = "denied"
    INDETERMINATE = "indeterminate"
    MIXED = "mixed"


class Effect(StrEnum):
    """What the client sees."""

    REACHED = "reached"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    UNAVAILABLE = "unavailable"
    REDIRECTED = "redirected"
    NOT_FOUND = "not-found"
    ANSWERED = "answered"
    UNKNOWN = "unknown"


class Layer(StrEnum):
    """The kind of a hop, in order of travel."""

    FRONT_DOOR = "front-door"
    APPLICATION_GATEWAY = "application-gateway"
    LOAD_BALANCER = "load-balancer"
    ADMIN_RULE = "azure-admin-rule"
    SUBNET_NSG = "subnet-nsg"
    NIC_NSG = "nic-nsg"
    KUBE_PROXY = "kube-proxy"
    NETWORK_POLICY = "network-policy"
    CONTROLLER = "controller"
    API_SERVER = "api-server"


class Place(Protocol):
    """Where an object was found, and where a field stands in it."""

    @property
    def file(self) -> str:
        """The path as the user named it."""
        ...

    def line(self, path: tuple[str | int, ...] = ()) -> int:
        """The line (from 1) of the object or, as near as the file allows, of a field in it."""
        ...


@dataclass(frozen=True, slots=True)
class _Nowhere:
    """The place of what was not read but predicted."""

    file: str = ""

    def line(self, path: tuple[str | int, ...] = ()) -> int:
        """No line."""
        del path
        return 0


NOWHERE: Place = _Nowhere()


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something taken for true because the input does not say (contract §9)."""

    code: str
    text: str


def field_text(path: Sequence[str | int]) -> str:
    """A field as kubectl writes it: ``metadata.annotations['example.com/x']``, ``spec.ports[0]``."""
    shown = ""
    for step in path:
        if isinstance(step, int):
            shown += f"[{step}]"
        elif step.replace("_", "").replace("-", "").isalnum():
            shown += f".{step}" if shown else step
        else:
            shown += f"['{step}']"
    return shown


@dataclass(frozen=True, slots=True)
class Citation:
    """What decides: the layer, the resource, and the rule or field in it.

    Attributes:
        layer: The kind of hop.
        kind: Kubernetes kind or short Azure resource type.
        name: Name of the resource.
        namespace: Kubernetes namespace, empty for others.
        resource: Azure resource id, empty for others.
        rule: Name of the rule inside the resource, if there is one.
        priority: Priority of that rule.
        path: Where the deciding field stands in the object, for the line.
        place: Where the object was found.
        text: One line for people: what the rule says.
    """

    layer: Layer
    kind: str = ""
    name: str = ""
    namespace: str = ""
    resource: str = ""
    rule: str = ""
    priority: int | None = None
    path: tuple[str | int, ...] = ()
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    text: str = ""

    @property
    def file(self) -> str:
        """The file of the object, empty where nothing was read."""
        return self.place.file

    @property
    def line(self) -> int:
        """The line of the field, 0 where nothing was read."""
        return self.place.line(self.path)

    @property
    def field_text(self) -> str:
        """The deciding field as kubectl writes it."""
        return field_text(self.path)

    @property
    def label(self) -> str:
        """How people name the resource: ``Ingress shop/admin``, ``networkSecurityGroup edge``."""
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {name}".strip()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one enforcement point does with the sources of one cell.

    Attributes:
        citation: What decides.
        effect: What the client sees where its way ends here; None lets it go on.
        doubt: Why it cannot be known whether the sources pass; empty where it is known. With a doubt and no
            effect the way goes on, and an application reached at its end is indeterminate; with a doubt and an
            effect the way ends here, indeterminate.
        status: HTTP status, where there is one.
        then: What the client is asked for next (``authentication``).
        assumptions: What the ruling takes for true.
    """

    citation: Citation
    effect: Effect | None = None
    doubt: str = ""
    status: int | None = None
    then: str = ""
    assumptions: tuple[Assumption, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the way goes on."""
        return self.effect is None


@dataclass(frozen=True, slots=True)
class Partition:
    """Disjoint cells of sources with their rulings, and the ruling of everybody else."""

    otherwise: Ruling
    cells: tuple[tuple[AddressSet, Ruling], ...] = ()

    def named(self) -> AddressSet:
        """The sources that a cell names."""
        return AddressSet.union_of(cell for cell, _ in self.cells)

    def split(self, sources: AddressSet) -> Iterator[tuple[AddressSet, Ruling]]:
        """The non-empty parts of the sources with the ruling of each."""
        address = sources.only()
        if address is not None:
            yield sources, next((ruling for cell, ruling in self.cells if address in cell), self.otherwise)
            return
        rest = sources
        for cell, ruling in self.cells:
            part = rest & cell
            if part:
                yield part, ruling
                rest = rest - part
                if not rest:
                    return
        if rest:
            yield rest, self.otherwise

    def passing(self, sources: AddressSet) -> Iterator[tuple[AddressSet, Ruling]]:
        """Like `split`, only the parts that go on; costs nothing for parts that stop."""
        for cell, ruling in self.cells:
            if ruling.passes:
                part = sources & cell
                if part:
                    yield part, ruling
        if self.otherwise.passes:
            rest = sources
            for cell, _ in self.cells:
                rest = rest - cell
            if rest:
                yield rest, self.otherwise

    def ruling(self, sources: AddressSet) -> Ruling | None:
        """The ruling of sources that lie in one cell; None where they lie in several."""
        parts = list(self.split(sources))
        return parts[0][1] if len(parts) == 1 else None

    @classmethod
    def all(cls, ruling: Ruling) -> Partition:
        """One ruling for everybody."""
        return cls(ruling)

    @classmethod
    def only(cls, sources: AddressSet, inside: Ruling, outside: Ruling) -> Partition:
        """One ruling for a set, another for everybody else."""
        return cls(outside, ((sources, inside),) if sources != NOBODY else ())
