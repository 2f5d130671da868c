"""The documents that people write, and that an operator finds as custom resources: group ``aksess.dev``, ``v1alpha1``.

`AccessPolicy` says who reaches an application, `AddressGroup` gives addresses a name, `ClusterAccessPolicy` speaks of
the cluster itself. What a document may not hold is refused here, with the field; what its words mean is worked out in
`aksess.policy.resolving`.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from aksess.addresses.parsing import plain_source
from aksess.errors import ParseError

__all__ = ["GROUP", "AccessPolicy", "AddressGroup", "ClusterAccessPolicy", "Entry", "Metadata", "TargetRef"]

GROUP = "aksess.dev"


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


def _network(text: str) -> str:
    """A CIDR or an address whose host bits are zero: anything else is a slip of the pen."""
    try:
        network = plain_source(text)
    except ParseError as error:
        raise ValueError(error.what) from None
    if "/" in text and str(network).partition("/")[0] != text.partition("/")[0].lower():
        raise ValueError(f"{text} has bits beyond its prefix: write {network}")
    return text


Cidr = Annotated[str, AfterValidator(_network)]
Text = Annotated[str, Field(min_length=1)]


class Metadata(BaseModel):
    """The part of the metadata that counts; clusters add more."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: Text
    namespace: str = "default"


class TargetRef(_Document):
    """What a policy speaks of: an object in its own namespace, and optionally one host or path of it."""

    kind: Literal["Ingress", "Service", "HTTPRoute", "Gateway"]
    name: Text
    host: str | None = None
    path: str | None = None


class Entry(_Document):
    """Some addresses, said in exactly one way, with why they are here, who answers for them and until when."""

    cidr: Cidr | None = None
    address: Cidr | None = None
    service_tag: Text | None = None
    group: Text | None = None
    reason: str = ""
    owner: str = ""
    expires: dt.date | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Entry:
        if sum(each is not None for each in (self.cidr, self.address, self.service_tag, self.group)) != 1:
            raise ValueError("say exactly one of cidr, address, serviceTag, group")
        return self


class AccessSpec(_Document):
    """Who reaches the targets: `allow` without `deny`, or everybody without `deny`."""

    target_refs: Annotated[tuple[TargetRef, ...], Field(min_length=1)]
    allow: tuple[Entry, ...] = ()
    deny: tuple[Entry, ...] = ()
    public: bool = False

    @model_validator(mode="after")
    def _one_word(self) -> AccessSpec:
        if self.public and self.allow:
            raise ValueError("say either allow or public: true")
        if not self.public and not self.allow:
            raise ValueError("nobody would get in: list somebody under allow, or say public: true")
        return self


class AccessPolicy(_Document):
    """Who reaches an application."""

    api_version: Literal["aksess.dev/v1alpha1"]
    kind: Literal["AccessPolicy"]
    metadata: Metadata
    spec: AccessSpec


class GroupSpec(_Document):
    """The members of a group."""

    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]


class AddressGroup(_Document):
    """Addresses with a name; of the whole cluster."""

    api_version: Literal["aksess.dev/v1alpha1"]
    kind: Literal["AddressGroup"]
    metadata: Metadata
    spec: GroupSpec


class ApiServer(_Document):
    """Who reaches the API server."""

    allow: Annotated[tuple[Entry, ...], Field(min_length=1)]


class Egress(_Document):
    """What the cluster may send out."""

    base_line: Literal["required", "unmanaged"] = "unmanaged"


class ClusterSpec(_Document):
    """The cluster itself, and applications that no policy names."""

    api_server: ApiServer | None = None
    always: tuple[Entry, ...] = ()
    without_policy: Literal["report", "close"] = "report"
    egress: Egress = Egress()


class ClusterAccessPolicy(_Document):
    """The cluster's own access."""

    api_version: Literal["aksess.dev/v1alpha1"]
    kind: Literal["ClusterAccessPolicy"]
    metadata: Metadata
    spec: ClusterSpec
