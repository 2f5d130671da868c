"""The documents that people write, and that an operator finds as custom resources: group ``aksess.dev``, ``v1alpha1``.

`AccessPolicy` says who reaches an application, `AddressGroup` gives addresses a name, `ClusterAccessPolicy` speaks of
the cluster itself. What a document may not hold is refused here, with the field; what its words mean is worked out in
`aksess.policy.resolving`. The JSON Schema and the custom resource definitions are made from these classes
(`aksess.policy.schema`), and the sentences below the fields are what ``kubectl explain`` shows.

A mistake that pydantic has no word for is a `PydanticCustomError` whose context holds ``what`` and ``hint``.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from aksess.addresses.address_set import format_address
from aksess.addresses.parsing import plain_source, read_address
from aksess.addresses.tags import looks_like_tag
from aksess.errors import ParseError

__all__ = [
    "API_VERSION",
    "GROUP",
    "VERSION",
    "AccessPolicy",
    "AccessSpec",
    "AddressGroup",
    "ClusterAccessPolicy",
    "ClusterSpec",
    "Entry",
    "GroupEntry",
    "Metadata",
    "TargetRef",
    "shown",
]

GROUP = "aksess.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

_SHOWN = 60
_MAPPED = 0xFFFF
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\Z", re.ASCII)
_FEED = re.compile(r"https://[^/\s]+(/\S*)?\Z")


def _wrong(what: str, hint: str = "") -> PydanticCustomError:
    return PydanticCustomError("aksess", "{what}", {"what": what, "hint": hint})


def shown(value: Any) -> str:
    """A value of the input inside a message: short, and in one line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _single(text: str) -> str:
    """One address that every system reads alike: no zone, and no IPv4 address in the clothes of IPv6."""
    address = read_address(text)
    if address is None:
        slash = "use cidr for a network" if "/" in text else "write 203.0.113.7 or 2001:db8::7"
        raise _wrong(f"{shown(text)} is no address", slash)
    if address.family == 6 and address.number >> 32 == _MAPPED:
        plain = format_address(4, address.number & 0xFFFFFFFF)
        raise _wrong(f"{text} is an IPv4 address in IPv6 form, which no client has", f"write {plain}")
    return text


def _network(text: str) -> str:
    """A CIDR without host bits, or an address; anything else is a slip of the pen."""
    body, slash, length = text.partition("/")
    if read_address(body) is None:
        raise _wrong(f"{shown(text)} is no address and no CIDR", "write 203.0.113.0/24 or 2001:db8::/32")
    _single(body)
    if not slash:
        return text
    try:
        network = plain_source(text)
    except ParseError as error:
        raise _wrong(error.what) from None
    if length != str(network.length):
        raise _wrong(f"{shown(text)} has no plain prefix length", f"write {network}")
    if read_address(body) != (network.family, network.start):
        raise _wrong(f"{text} has bits beyond its prefix: write {network}")
    return text


def _tag(text: str) -> str:
    if not looks_like_tag(text):
        raise _wrong(f"{shown(text)} is no service tag", "write it as Azure does: AzureFrontDoor.Backend")
    return text


def _day(value: Any) -> Any:
    """A day as ISO 8601 writes it; pydantic would take a number for seconds since 1970."""
    if isinstance(value, dt.date) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise _wrong(f"{shown(value)} is no date", "write it as 2027-01-31")


def _host_name(text: str) -> str:
    if not _HOST.match(text):
        raise _wrong(f"{shown(text)} is no DNS name", "write it as partner.example.com")
    return text


def _feed(text: str) -> str:
    if not _FEED.match(text):
        raise _wrong(f"{shown(text)} is no https address", "a feed is fetched over https only")
    return text


Text = Annotated[str, Field(min_length=1, max_length=253)]
Cidr = Annotated[str, Field(max_length=64), AfterValidator(_network)]
One = Annotated[str, Field(max_length=64), AfterValidator(_single)]
Tag = Annotated[Text, AfterValidator(_tag)]
Day = Annotated[dt.date, BeforeValidator(_day)]
HostName = Annotated[Text, AfterValidator(_host_name)]
Url = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_feed)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    """A mapping in which every field is known, and given a value where it is named."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: Any) -> Any:
        if value is None:
            raise _wrong("has no value", "give it one, or take the field out")
        return value


class Metadata(BaseModel):
    """The part of the metadata that counts; clusters add more."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: Text
    namespace: Text = "default"


class TargetRef(_Part):
    """What a policy speaks of: an object in its own namespace, and optionally one host or path of it."""

    kind: Literal["Ingress", "Service", "HTTPRoute", "Gateway"]
    """Kind of the object."""
    name: Text
    """Name of the object."""
    host: Annotated[str, Field(max_length=253)] | None = None
    """One host of the object, as the object writes it; all of them without it."""
    path: Annotated[str, Field(max_length=1024)] | None = None
    """One path of the object, as the object writes it; all of them without it."""


class Entry(_Part):
    """Some addresses, said in exactly one way, with why they are here, who answers for them and until when."""

    FORMS: ClassVar[tuple[str, ...]] = ("cidr", "address", "service_tag", "group")
    """The fields of which an entry has exactly one."""

    cidr: Cidr | None = None
    """A network as 203.0.113.0/24, or a single address."""
    address: One | None = None
    """A single address."""
    service_tag: Tag | None = None
    """A service tag of Azure, as AzureFrontDoor.Backend."""
    group: Text | None = None
    """The name of an AddressGroup."""
    reason: Annotated[str, Field(max_length=1024)] = ""
    """Why these addresses are here."""
    owner: Annotated[str, Field(max_length=253)] = ""
    """Who answers for them."""
    expires: Day | None = None
    """The last day on which the entry counts; after it, policies that use it are refused until it is looked at."""

    @property
    def network(self) -> str | None:
        """The text of `cidr` or `address`; None for an entry that gives a name."""
        return self.cidr or self.address

    @model_validator(mode="after")
    def _one_form(self) -> Entry:
        if sum(getattr(self, each) is not None for each in self.FORMS) != 1:
            raise _wrong(f"say exactly one of {', '.join(map(to_camel, self.FORMS))}")
        return self


class GroupEntry(Entry):
    """A member of a group: as in a policy, or a feed or a DNS name, which are looked up when a plan is made."""

    FORMS: ClassVar[tuple[str, ...]] = (*Entry.FORMS, "url", "dns")
    """The fields of which an entry has exactly one."""

    url: Url | None = None
    """A list of addresses and CIDRs, fetched over https when a plan is made."""
    sha256: Digest | None = None
    """The digest of the feed: it is taken only as it was when somebody looked at it."""
    refresh: Literal["signed-off"] | None = None
    """Instead of a digest: whatever the feed holds is taken, for which owner signs until expires."""
    dns: HostName | None = None
    """A DNS name, resolved when a plan is made."""

    @model_validator(mode="after")
    def _pinned(self) -> GroupEntry:
        if self.url is None:
            if self.sha256 is not None or self.refresh is not None:
                raise _wrong("sha256 and refresh belong to a url")
        elif (self.sha256 is None) == (self.refresh is None):
            raise _wrong(
                "a feed can change: say exactly one of sha256 and refresh",
                "pin it with the sha256 of its content, or sign it off with refresh: signed-off",
            )
        elif self.refresh is not None and not (self.owner and self.expires):
            raise _wrong("a feed that is signed off needs owner and expires", "say who signs, and until when")
        return self


class AccessSpec(_Part):
    """Who reaches the targets: `allow` without `deny`, or everybody without `deny`."""

    target_refs: Annotated[tuple[TargetRef, ...], Field(min_length=1)]
    """What the policy speaks of, in its own namespace."""
    allow: tuple[Entry, ...] = ()
    """Who gets in, and nobody else."""
    deny: tuple[Entry, ...] = ()
    """Who is taken out of it."""
    public: StrictBool = False
    """Instead of allow: everybody gets in. It must be said aloud."""

    @model_validator(mode="after")
    def _one_word(self) -> AccessSpec:
        if self.public and self.allow:
            raise _wrong("say either allow or public: true")
        if not self.public and not self.allow:
            raise _wrong("nobody would get in: list somebody under allow, or say public: true")
        return self


class GroupSpec(_Part):
    """The members of a group."""

    entries: Annotated[tuple[GroupEntry, ...], Field(min_length=1)]
    """The members."""


class ApiServer(_Part):
    """Who reaches the API server."""

    allow: Annotated[tuple[Entry, ...], Field(min_length=1)]
    """Who gets in; the cluster's own addresses are kept by the plan."""


class Egress(_Part):
    """What the cluster may send out."""

    base_line: Literal["required", "unmanaged"] = "unmanaged"
    """Whether the plan makes sure that the traffic which AKS requires can leave."""


class ClusterSpec(_Part):
    """The cluster itself, and applications that no policy names."""

    api_server: ApiServer | None = None
    """Who reaches the API server; nothing is said without it."""
    always: tuple[Entry, ...] = ()
    """Who is never locked out."""
    without_policy: Literal["report", "close"] = "report"
    """What happens to applications that no policy names."""
    egress: Egress = Egress()
    """What the cluster may send out."""


class _Document(_Part):
    api_version: Literal["aksess.dev/v1alpha1"]
    """Group and version."""
    metadata: Metadata
    """Name, namespace, labels and the like."""
    status: Any = None
    """What the operator found; it is read by nobody here."""


class AccessPolicy(_Document):
    """Who reaches an application: exactly those, of both families."""

    kind: Literal["AccessPolicy"]
    """AccessPolicy."""
    spec: AccessSpec
    """Who reaches what."""


class AddressGroup(_Document):
    """Addresses with a name; of the whole cluster."""

    kind: Literal["AddressGroup"]
    """AddressGroup."""
    spec: GroupSpec
    """The members."""


class ClusterAccessPolicy(_Document):
    """The access to the cluster itself, and what holds where nobody wrote a policy."""

    kind: Literal["ClusterAccessPolicy"]
    """ClusterAccessPolicy."""
    spec: ClusterSpec
    """The access."""
