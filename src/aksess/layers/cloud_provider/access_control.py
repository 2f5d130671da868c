"""What a Service asks of the cloud provider: who may come in, in the provider's own reading.

`AccessControl.of` reads `spec.loadBalancerSourceRanges` and the annotations once and keeps every entry with the place
where it stands, valid ones apart from those that the provider refuses. Three decisions follow from them: whether the
whole Internet is let in, whether everybody else is denied, and whether the two lists of ranges contradict each other,
in which case the provider gives up on the Service.

An entry that cannot be parsed is no error for the provider: the valid rest is allowed and everybody else is denied,
the virtual network included. An annotation that is present but empty holds one such entry.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/accesscontrol.go and configuration.go,
pkg/consts/helpers.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aksess.addresses import Address, Network, read_address
from aksess.addresses.parsing import cloud_provider_network
from aksess.errors import ParseError
from aksess.estate.kubernetes import Service

__all__ = ["CONFLICT", "SOURCE_RANGES", "AccessControl", "Annotation", "InvalidEntry", "Path", "SourceRange"]

Path = tuple[str | int, ...]
"""Where a field stands in an object."""

SOURCE_RANGES: Path = ("spec", "loadBalancerSourceRanges")


class Annotation(StrEnum):
    """The annotations that decide security rules.

    Source: kubernetes-sigs/cloud-provider-azure pkg/consts/consts.go; for `SOURCE_RANGES` kubernetes/api core/v1
    annotation_key_constants.go.
    """

    ALLOWED_IP_RANGES = "service.beta.kubernetes.io/azure-allowed-ip-ranges"
    SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
    ALLOWED_SERVICE_TAGS = "service.beta.kubernetes.io/azure-allowed-service-tags"
    INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
    DENY_ALL = "service.beta.kubernetes.io/azure-deny-all-except-load-balancer-source-ranges"
    FLOATING_IP_OFF = "service.beta.kubernetes.io/azure-disable-load-balancer-floating-ip"
    SECURITY_RULES_OFF = "service.beta.kubernetes.io/azure-disable-load-balancer-nsg-rule"
    ADDITIONAL_PUBLIC_IPS = "service.beta.kubernetes.io/azure-additional-public-ips"

    @property
    def path(self) -> Path:
        """Where the annotation stands in an object."""
        return ("metadata", "annotations", self.value)


CONFLICT = (
    "cannot set both spec.LoadBalancerSourceRanges and service annotation "
    "service.beta.kubernetes.io/azure-allowed-ip-ranges"
)
"""The provider's error text for ranges in the spec together with ranges in an annotation."""

_PROTOCOLS = {"TCP": "Tcp", "UDP": "Udp", "SCTP": "*"}


@dataclass(frozen=True, slots=True)
class SourceRange:
    """A range that the provider accepts: its text without blanks around, its network and its place."""

    text: str
    network: Network
    path: Path


@dataclass(frozen=True, slots=True)
class InvalidEntry:
    """An entry that the provider cannot parse: its text without blanks around, its place, and what is wrong."""

    text: str
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class AccessControl:
    """The access control of one Service.

    Attributes:
        service: The Service.
        source_ranges: The valid entries of `spec.loadBalancerSourceRanges`.
        allowed_ranges: The valid entries of the annotations `azure-allowed-ip-ranges` and, after them,
            `load-balancer-source-ranges`.
        invalid: The entries of all three lists that the provider cannot parse.
        tags: The service tags of `azure-allowed-service-tags`, unchecked as the provider takes them; an empty
            annotation is one empty tag.
        internal: Whether the load balancer is internal.
        deny_annotation: Whether everybody but the ranges is to be denied.
        floating: Whether rules aim at the frontend and its port; otherwise at node addresses and node ports.
        opted_out: Whether the Service asks for no security rules (see `Behaviour.opt_out`).
        additional: The addresses of `azure-additional-public-ips`.
        additional_invalid: The entry of that annotation that is no address. It stops the provider.
    """

    service: Service
    source_ranges: tuple[SourceRange, ...] = ()
    allowed_ranges: tuple[SourceRange, ...] = ()
    invalid: tuple[InvalidEntry, ...] = ()
    tags: tuple[str, ...] = ()
    internal: bool = False
    deny_annotation: bool = False
    floating: bool = True
    opted_out: bool = False
    additional: tuple[Address, ...] = ()
    additional_invalid: InvalidEntry | None = None

    @classmethod
    def of(cls, service: Service) -> AccessControl:
        """The access control of a Service.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/configuration.go `SourceRanges`,
        `AllowedIPRanges`, `AllowedServiceTags`, `IsInternal`.
        """
        notes = service.annotations
        source_ranges, invalid = _ranges(service.source_ranges, SOURCE_RANGES, numbered=True)
        allowed_ranges: list[SourceRange] = []
        for annotation in (Annotation.ALLOWED_IP_RANGES, Annotation.SOURCE_RANGES):
            if annotation in notes:
                good, bad = _ranges(notes[annotation].strip().split(","), annotation.path)
                allowed_ranges += good
                invalid += bad
        tags = notes.get(Annotation.ALLOWED_SERVICE_TAGS)
        additional, additional_invalid = _additional(notes.get(Annotation.ADDITIONAL_PUBLIC_IPS))
        return cls(
            service,
            source_ranges=tuple(source_ranges),
            allowed_ranges=tuple(allowed_ranges),
            invalid=tuple(invalid),
            tags=() if tags is None else tuple(tag.strip() for tag in tags.strip().split(",")),
            internal=_is_true(notes.get(Annotation.INTERNAL)),
            deny_annotation=_is_true(notes.get(Annotation.DENY_ALL)),
            floating=not _is_true(notes.get(Annotation.FLOATING_IP_OFF)),
            opted_out=_is_true(notes.get(Annotation.SECURITY_RULES_OFF)),
            additional=additional,
            additional_invalid=additional_invalid,
        )

    @property
    def label(self) -> str:
        """How people name the Service."""
        return f"Service {self.service.namespace}/{self.service.name}"

    @property
    def provided(self) -> bool:
        """Whether the cloud provider serves it: a load balancer, and no other controller's class.

        Source: kubernetes/cloud-provider controllers/service/controller.go `wantsLoadBalancer`.
        """
        return self.service.is_load_balancer and not self.service.load_balancer_class

    @property
    def ranges(self) -> tuple[SourceRange, ...]:
        """Every valid range, those of the spec first."""
        return self.source_ranges + self.allowed_ranges

    @property
    def allows_internet(self) -> bool:
        """Whether everybody of the Internet is let in: nothing restricts it, or a list holds a /0 of any family.

        An internal load balancer lets the Internet in only where a list says so.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/accesscontrol.go `IsAllowFromInternet`.
        """
        if self.tags or self.invalid:
            return False
        if any(given and not _holds_all(given) for given in (self.source_ranges, self.allowed_ranges)):
            return False
        return not self.internal or bool(self.ranges)

    @property
    def lists_everything(self) -> bool:
        """Whether a list holds a /0 of any family."""
        return _holds_all(self.ranges)

    @property
    def denies_all(self) -> bool:
        """Whether everybody who is not let in is denied by a rule of its own, the virtual network included.

        The annotation does so only together with valid ranges; an invalid entry does so alone.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/accesscontrol.go
        `DenyAllExceptSourceRanges`.
        """
        return (self.deny_annotation and bool(self.ranges)) or bool(self.invalid)

    @property
    def conflict(self) -> str:
        """The provider's error where valid ranges stand in the spec and in an annotation; empty otherwise.

        The provider then changes nothing, and cannot even delete the Service.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/accesscontrol.go `NewAccessControl`.
        """
        return CONFLICT if self.source_ranges and self.allowed_ranges else ""

    @property
    def ports(self) -> dict[str, tuple[int, ...]]:
        """The ports that rules name, by the protocol of a security rule (``Tcp``, ``Udp``, ``*`` for SCTP).

        Without floating IP these are node ports; 0 stands for one that is not known.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/accesscontrol.go
        `SecurityRuleDestinationPortsByProtocol`.
        """
        found: dict[str, tuple[int, ...]] = {}
        for port in self.service.ports:
            protocol = _PROTOCOLS.get(port.protocol)
            if protocol is not None:
                found[protocol] = (*found.get(protocol, ()), port.port if self.floating else port.node_port)
        return found

    @property
    def status_addresses(self) -> tuple[Address, ...]:
        """The addresses in its status."""
        return tuple(each.address for each in self.service.load_balancer_addresses)

    @property
    def frontends(self) -> tuple[Address, ...]:
        """The addresses of its load balancer: those in its status but the additional ones, which the provider adds.

        Source: kubernetes-sigs/cloud-provider-azure pkg/provider/azure_loadbalancer.go `getServiceLoadBalancerStatus`.
        """
        return tuple(address for address in self.status_addresses if address not in self.additional)


def _ranges(
    texts: Sequence[str], path: Path, *, numbered: bool = False
) -> tuple[list[SourceRange], list[InvalidEntry]]:
    valid: list[SourceRange] = []
    invalid: list[InvalidEntry] = []
    for index, raw in enumerate(texts):
        text = raw.strip()
        place = (*path, index) if numbered else path
        try:
            valid.append(SourceRange(text, cloud_provider_network(text), place))
        except ParseError as error:
            invalid.append(InvalidEntry(text, place, error.what))
    return valid, invalid


def _additional(value: str | None) -> tuple[tuple[Address, ...], InvalidEntry | None]:
    """Items are not trimmed, so a blank after a comma is an error; one bad item spoils all.

    Source: kubernetes-sigs/cloud-provider-azure pkg/provider/loadbalancer/configuration.go `AdditionalPublicIPs`.
    """
    found: list[Address] = []
    for text in [] if value is None else value.strip().split(","):
        address = read_address(text)
        if address is None:
            return (), InvalidEntry(text, Annotation.ADDITIONAL_PUBLIC_IPS.path, f"{text!r} is no address")
        found.append(address)
    return tuple(found), None


def _is_true(value: str | None) -> bool:
    return value is not None and value.lower() == "true"


def _holds_all(ranges: Sequence[SourceRange]) -> bool:
    return any(each.network.length == 0 for each in ranges)
