"""What policies mean: the exact sets of addresses, with groups, service tags, feeds and DNS names put in.

Whatever cannot be put in (an unknown tag or group, an entry that has expired, a feed that changed) is refused, never
left out: a policy with a hole would cut people off, or let them in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as stored
from typing import Any

from aksess.addresses import EVERYONE, NOBODY, AddressSet, ServiceTags, is_internet
from aksess.addresses.parsing import go_set
from aksess.errors import ParseError
from aksess.policy import feeds
from aksess.policy.documents import AccessPolicy, AddressGroup, Entry, GroupEntry
from aksess.policy.feeds import Fetch, LookUp
from aksess.policy.reading import Policies, Step, Written
from aksess.policy.references import check_references

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

    @property
    def public(self) -> bool:
        """Whether it says ``public: true``."""
        return self.denied is not None


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
        notes: What people should know: what DNS names and feeds gave today, lists that hold the whole Internet.
    """

    access: tuple[Allowed, ...] = ()
    api_server: AddressSet | None = None
    always: AddressSet = NOBODY
    closes: bool = False
    sends: bool = False
    cluster_label: str = ""
    notes: tuple[str, ...] = ()


def resolve(
    policies: Policies, tags: ServiceTags, as_of: dt.date, *, fetch: Fetch | None = None, look_up: LookUp | None = None
) -> Resolved:
    """The meaning of policies.

    Args:
        policies: What was read.
        tags: Service tags of the estate.
        as_of: The day on which entries are judged to have expired.
        fetch: Gets the content of a feed; over https by default.
        look_up: Gets the addresses of a DNS name; as this machine resolves it by default.

    Raises:
        PolicyError: An entry has expired or cannot be resolved, groups hold each other, two policies speak of one
            target, or nobody would get in.
    """
    check_references(policies, as_of)
    book = _Book(policies, tags, fetch or feeds.fetch, look_up or feeds.look_up)
    access = tuple(book.allowed(each) for each in policies.access)
    cluster = policies.cluster
    if cluster is None:
        return Resolved(access, notes=tuple(book.notes))
    spec = cluster.document.spec
    always = book.members(cluster, spec.always, ("spec", "always"))
    admitted = None
    if spec.api_server is not None:
        admitted = book.members(cluster, spec.api_server.allow, ("spec", "apiServer", "allow")) | always
    closes, sends = spec.without_policy == "close", spec.egress.base_line == "required"
    return Resolved(access, admitted, always, closes, sends, cluster.label, tuple(book.notes))


@dataclass
class _Book:
    """Looks names up, each once."""

    policies: Policies
    tags: ServiceTags
    fetch: Fetch
    look_up: LookUp
    notes: list[str] = stored(default_factory=list)
    _groups: dict[str, AddressSet] = stored(default_factory=dict)

    def allowed(self, policy: Written[AccessPolicy]) -> Allowed:
        document, spec = policy.document, policy.document.spec
        denied = self.members(policy, spec.deny, ("spec", "deny"))
        listed = EVERYONE if spec.public else self.members(policy, spec.allow, ("spec", "allow"))
        if not listed - denied:
            everybody = "everybody" if spec.public else "everybody that allow lets in"
            raise policy.refuse(f"takes out {everybody}", _CLOSING, "spec", "deny")
        if not spec.public and is_internet(listed - denied):
            self.notes.append(f"{policy.label} lets the whole Internet in without saying public: true")
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
            tuple(dict.fromkeys(each.service_tag for each in tagged if each.service_tag)),
            self.members(policy, rest, ("spec", "allow")) if tagged else listed - denied,
            policy,
        )

    def members(self, written: Written[Any], entries: Sequence[Entry], path: tuple[Step, ...]) -> AddressSet:
        """The addresses of entries."""
        named = [
            self._named(written, each, (*path, index)) for index, each in enumerate(entries) if each.network is None
        ]
        return AddressSet.union_of([go_set(each.network for each in entries if each.network is not None), *named])

    def _named(self, written: Written[Any], entry: Entry, path: tuple[Step, ...]) -> AddressSet:
        if entry.group is not None:
            return self._group(entry.group)
        if entry.service_tag is not None:
            return self._tag(written, entry.service_tag, (*path, "serviceTag"))
        if isinstance(entry, GroupEntry) and entry.url is not None:
            return self._feed(written, entry, entry.url, (*path, "url"))
        if isinstance(entry, GroupEntry) and entry.dns is not None:
            return self._name(written, entry.dns, (*path, "dns"))
        raise AssertionError("an entry has exactly one form")

    def _group(self, name: str) -> AddressSet:
        if name not in self._groups:
            group = next(each for each in self.policies.groups if each.document.metadata.name == name)
            self._groups[name] = self.members(group, group.document.spec.entries, ("spec", "entries"))
        return self._groups[name]

    def _tag(self, written: Written[Any], name: str, path: tuple[Step, ...]) -> AddressSet:
        found = self.tags.get(name)
        if found is None:
            hint = "check its spelling" if len(self.tags) else "give the weekly file of service tags with -f"
            raise written.refuse(f"service tag {name} is in no tag file of the input", hint, *path)
        return found

    def _feed(self, written: Written[AddressGroup], entry: GroupEntry, url: str, path: tuple[Step, ...]) -> AddressSet:
        try:
            found = feeds.read_feed(self.fetch(url), entry.sha256)
        except OSError as error:
            raise written.refuse(f"{url} cannot be fetched: {_reason(error)}", _OFFLINE, *path) from None
        except ParseError as error:
            hint = "look at what it holds now, then pin that or write the entries out"
            raise written.refuse(f"{url} is not taken: {error.what}", hint, *path) from None
        if entry.refresh is not None:
            self.notes.append(
                f"{written.label}: {url} held {_counted(found)} when it was fetched; {entry.owner} signed it off "
                f"until {entry.expires}"
            )
        return found

    def _name(self, written: Written[AddressGroup], name: str, path: tuple[Step, ...]) -> AddressSet:
        try:
            texts = self.look_up(name)
            found = feeds.addresses_of(texts)
        except OSError as error:
            raise written.refuse(f"{name} does not resolve: {_reason(error)}", _OFFLINE, *path) from None
        except ParseError as error:
            raise written.refuse(f"{name} does not resolve: {error.what}", _OFFLINE, *path) from None
        listed = ", ".join(texts) if len(texts) <= _FEW else _counted(found)
        self.notes.append(f"{written.label}: {name} was {listed} when it was resolved; a name can move, the rules stay")
        return found


_FEW = 8
_OFFLINE = "try again, or write its addresses out"
_CLOSING = (
    "nobody would get in; to close it on purpose, take the policy out and say withoutPolicy: close in the "
    "ClusterAccessPolicy"
)


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _counted(addresses: AddressSet) -> str:
    size = addresses.size()
    return f"{size:,} address{'' if size == 1 else 'es'}"
