"""What policies mean: the exact sets of addresses, with groups and service tags put in.

Whatever cannot be put in (an unknown tag or group, an entry that has expired) is refused, never left out: a policy with
a hole would cut people off, or let them in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as stored
from typing import Any

from aksess.addresses import EVERYONE, NOBODY, AddressSet, ServiceTags, set_of
from aksess.addresses.parsing import plain_source
from aksess.policy.documents import AccessPolicy, Entry
from aksess.policy.reading import Policies, Step, Written

__all__ = ["Allowed", "Resolved", "Target", "resolve"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy speaks of, and where it says so; a line is looked for when somebody reads it."""

    kind: str
    name: str
    host: str | None
    path: str | None
    index: int
    written: Written[AccessPolicy] = stored(repr=False, compare=False)

    @property
    def field(self) -> str:
        """``spec.targetRefs[0]``."""
        return f"spec.targetRefs[{self.index}]"

    @property
    def where(self) -> str:
        """``FILE:LINE``."""
        return self.written.where("spec", "targetRefs", self.index)

    @property
    def whole(self) -> Target:
        """The same object without host and path."""
        return replace(self, host=None, path=None)


@dataclass(frozen=True)
class Allowed:
    """An access policy with its meaning.

    Attributes:
        label: ``AccessPolicy shop/offices-only``.
        namespace: The namespace of its targets.
        targets: What it speaks of.
        allowed: Who gets in, of both families.
        denied: Who is taken out, where everybody else gets in; None where those who get in are listed.
        tags: Service tags by which a part is named, where nothing is taken out.
        untagged: What is not named by a tag.
        written: The policy itself.
    """

    label: str
    namespace: str
    targets: tuple[Target, ...]
    allowed: AddressSet
    denied: AddressSet | None
    tags: tuple[str, ...]
    untagged: AddressSet
    written: Written[AccessPolicy] = stored(repr=False, compare=False)


@dataclass(frozen=True)
class Resolved:
    """All policies with their meaning.

    Attributes:
        access: Access policies.
        api_server: Who reaches the API server; None where nothing is said.
        always: Who is never locked out of what the cluster policy governs.
        closes: Whether applications without a policy are closed.
        sends: Whether what the cluster needs to send out has to be let out.
        cluster_label: Label of the cluster policy; empty where there is none.
    """

    access: tuple[Allowed, ...] = ()
    api_server: AddressSet | None = None
    always: AddressSet = NOBODY
    closes: bool = False
    sends: bool = False
    cluster_label: str = ""


def resolve(policies: Policies, tags: ServiceTags, as_of: dt.date) -> Resolved:
    """The meaning of policies.

    Args:
        policies: What was read.
        tags: Service tags of the estate.
        as_of: The day on which entries are judged to have expired.

    Raises:
        PolicyError: An entry has expired, names an unknown group or tag, or nobody would get in.
    """
    book = _Book(policies, tags, as_of)
    access = tuple(book.allowed(each) for each in policies.access)
    cluster = policies.cluster
    if cluster is None:
        return Resolved(access)
    spec = cluster.document.spec
    always = book.members(cluster, spec.always, ("spec", "always"))
    admitted = None
    if spec.api_server is not None:
        admitted = book.members(cluster, spec.api_server.allow, ("spec", "apiServer", "allow")) | always
    closes, sends = spec.without_policy == "close", spec.egress.base_line == "required"
    return Resolved(access, admitted, always, closes, sends, cluster.label)


@dataclass
class _Book:
    """Looks names up."""

    policies: Policies
    tags: ServiceTags
    as_of: dt.date
    _open: list[str] = stored(default_factory=list)

    def allowed(self, policy: Written[AccessPolicy]) -> Allowed:
        document, spec = policy.document, policy.document.spec
        denied = self.members(policy, spec.deny, ("spec", "deny"))
        listed = EVERYONE if spec.public else self.members(policy, spec.allow, ("spec", "allow"))
        if not listed - denied:
            raise policy.refuse("takes out everybody that allow lets in", "nobody would get in", "spec", "deny")
        tagged = [each for each in spec.allow if each.service_tag] if not denied else []
        rest = [each for each in spec.allow if not each.service_tag]
        return Allowed(
            policy.label,
            document.metadata.namespace,
            tuple(
                Target(each.kind, each.name, each.host, each.path, index, policy)
                for index, each in enumerate(spec.target_refs)
            ),
            listed - denied,
            denied if spec.public else None,
            tuple(each.service_tag for each in tagged if each.service_tag),
            self.members(policy, rest, ("spec", "allow")) if tagged else listed - denied,
            policy,
        )

    def members(self, written: Written[Any], entries: Sequence[Entry], path: tuple[Step, ...]) -> AddressSet:
        """The addresses of entries."""
        return AddressSet.union_of(self._addresses(written, each, (*path, index)) for index, each in enumerate(entries))

    def _addresses(self, written: Written[Any], entry: Entry, path: tuple[Step, ...]) -> AddressSet:
        if entry.expires is not None and entry.expires < self.as_of:
            hint = "remove the entry, or give it a new date"
            raise written.refuse(f"expired on {entry.expires}", hint, *path, "expires")
        if entry.group is not None:
            return self._group(written, entry.group, (*path, "group"))
        if entry.service_tag is not None:
            return self._tag(written, entry.service_tag, (*path, "serviceTag"))
        return set_of([plain_source(entry.cidr or entry.address or "")])

    def _tag(self, written: Written[Any], name: str, path: tuple[Step, ...]) -> AddressSet:
        found = self.tags.get(name)
        if found is None:
            hint = "check its spelling" if len(self.tags) else "give the weekly file of service tags with -f"
            raise written.refuse(f"service tag {name} is in no tag file of the input", hint, *path)
        return found

    def _group(self, written: Written[Any], name: str, path: tuple[Step, ...]) -> AddressSet:
        group = next((each for each in self.policies.groups if each.document.metadata.name == name), None)
        if group is None:
            raise written.refuse(
                f"there is no AddressGroup {name}", "give its file with -p, or correct the name", *path
            )
        if name in self._open:
            chain = " → ".join([*self._open[self._open.index(name) :], name])
            raise written.refuse(f"groups that hold themselves: {chain}", "take one of them out", *path)
        self._open.append(name)
        found = self.members(group, group.document.spec.entries, ("spec", "entries"))
        self._open.pop()
        return found
