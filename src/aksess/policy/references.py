"""What policies say about each other: names that exist, groups that end, dates that have not passed, targets of one.

All of it can be told without an estate. Groups that nothing uses are judged too: they are used next.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aksess.policy.documents import AccessPolicy, AddressGroup, ClusterAccessPolicy, Entry, TargetRef
from aksess.policy.reading import Policies, Step, Written

__all__ = ["check_references", "entries_of"]

Listed = tuple[tuple[Step, ...], Entry]

_DEEPEST = 100


def check_references(policies: Policies, as_of: dt.date) -> None:
    """Refuse what can be told to be wrong without service tags and without an estate.

    Args:
        policies: What was read.
        as_of: The day on which entries are judged to have expired; the day that an entry names is its last.

    Raises:
        PolicyError: An entry has expired or names a group that is not there, groups hold each other, or two policies
            speak of one target.
    """
    groups = {each.document.metadata.name: each for each in policies.groups}
    cluster = (policies.cluster,) if policies.cluster is not None else ()
    for written in (*policies.access, *policies.groups, *cluster):
        for path, entry in entries_of(written):
            if entry.expires is not None and entry.expires < as_of:
                hint = "remove the entry, or give it a new date"
                raise written.refuse(f"expired on {entry.expires}", hint, *path, "expires")
            if entry.group is not None and entry.group not in groups:
                raise written.refuse(f"there is no AddressGroup {entry.group}", _other(groups), *path, "group")
    sound: set[str] = set()
    for each in policies.groups:
        _refuse_circles(each, groups, (), sound)
    _refuse_contradictions(policies.access)


def entries_of(written: Written[Any]) -> Iterator[Listed]:
    """Every entry of a document, with its path."""
    document = written.document
    lists: tuple[tuple[tuple[Step, ...], Sequence[Entry]], ...] = ()
    if isinstance(document, AccessPolicy):
        lists = ((("spec", "allow"), document.spec.allow), (("spec", "deny"), document.spec.deny))
    elif isinstance(document, AddressGroup):
        lists = ((("spec", "entries"), document.spec.entries),)
    elif isinstance(document, ClusterAccessPolicy):
        admitted = document.spec.api_server.allow if document.spec.api_server is not None else ()
        lists = ((("spec", "apiServer", "allow"), admitted), (("spec", "always"), document.spec.always))
    for path, entries in lists:
        for index, entry in enumerate(entries):
            yield (*path, index), entry


def _other(groups: Mapping[str, object]) -> str:
    there = f": there are {', '.join(sorted(groups)[:5])}" if groups else ""
    return f"give its file with -p, or correct the name{there}"


def _refuse_circles(
    group: Written[AddressGroup],
    groups: Mapping[str, Written[AddressGroup]],
    above: tuple[str, ...],
    sound: set[str],
) -> None:
    """Follow the groups inside a group; those that were followed to their end once are sound."""
    name = group.document.metadata.name
    if name in sound:
        return
    for path, entry in entries_of(group):
        if entry.group is None:
            continue
        if entry.group in (*above, name):
            chain = [*above, name]
            circle = " → ".join([*chain[chain.index(entry.group) :], entry.group])
            raise group.refuse(f"groups that hold themselves: {circle}", "take one of them out", *path, "group")
        if len(above) == _DEEPEST:
            raise group.refuse(f"groups inside each other, {_DEEPEST} deep", "name the inner ones", *path, "group")
        _refuse_circles(groups[entry.group], groups, (*above, name), sound)
    sound.add(name)


def _refuse_contradictions(policies: Sequence[Written[AccessPolicy]]) -> None:
    found: dict[tuple[str, TargetRef], Written[AccessPolicy]] = {}
    for written in policies:
        for index, target in enumerate(written.document.spec.target_refs):
            before = found.setdefault((written.document.metadata.namespace, target), written)
            if before is not written:
                what = f"{written.label} and {before.label}, {before.where()} both speak of {target.kind} {target.name}"
                hint = "keep one of them, or let one name a host or a path"
                raise written.refuse(what, hint, "spec", "targetRefs", index)
