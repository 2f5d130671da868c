"""Policies that describe today's access exactly, so that a team starts from what is and tightens from there.

What a policy cannot say is a remark beside it: who gets in where that cannot be told, ways in that differ from each
other, applications that nobody reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aksess.access.exposures import Exposure
from aksess.addresses import AddressSet
from aksess.layers import api_server
from aksess.plan.goals import PUBLIC, is_api_server, of_family
from aksess.plan.trials import State
from aksess.policy import API_VERSION

__all__ = ["Today", "todays_policies"]

_KINDS = {"Ingress", "Service", "HTTPRoute", "Gateway"}
Document = dict[str, Any]


@dataclass(frozen=True)
class Today:
    """One document, or the remark that stands in its place.

    Attributes:
        document: The policy; empty where there is only a remark.
        remark: What cannot be said, and why; empty for nothing.
    """

    document: Document
    remark: str = ""


def todays_policies(state: State) -> Iterator[Today]:
    """A policy for every application, and one for the cluster where its API server has ranges."""
    applications: dict[tuple[str, str, str], list[Exposure]] = {}
    for each in state.exposures.values():
        named = (each.application.kind, each.application.namespace, each.application.name)
        if not is_api_server(each):
            applications.setdefault(named, []).append(each)
    unsaid = {_behind(each) for each in state.exposures.values() if each.route is not None and each.indeterminate}
    for named in sorted(applications):
        yield from _application(named, applications[named], unsaid)
    for cluster in state.estate.clusters:
        held = api_server.ranges(cluster, state.estate)
        if held is not None and held.sure and not held.unreadable:
            spec = {"apiServer": {"allow": _entries(held.sure)}}
            yield Today(_document("ClusterAccessPolicy", {"name": cluster.name}, spec))


def _behind(exposure: Exposure) -> tuple[str, str]:
    backend = exposure.backend
    return (backend.namespace, backend.service) if backend is not None else ("", "")


def _application(
    named: tuple[str, str, str], exposures: Sequence[Exposure], unsaid: Iterable[tuple[str, str]]
) -> Iterator[Today]:
    kind, namespace, name = named
    label = f"{kind} {namespace}/{name}"
    if kind not in _KINDS:
        yield Today({}, f"{label}: a policy cannot name a {kind}")
        return
    if kind == "Service" and (namespace, name) in unsaid:
        yield Today({}, f"{label}: who gets in through what else leads to it cannot be told")
        return
    unsure = [each.id for each in exposures if each.indeterminate]
    if unsure:
        yield Today({}, f"{label}: who gets in cannot be told ({unsure[0]})")
        return
    whole = _said(exposures)
    if whole is not None:
        yield from _policy(label, namespace, name, {"kind": kind, "name": name}, whole, exposures)
        return
    sections: dict[tuple[str, str], list[Exposure]] = {}
    for each in exposures:
        sections.setdefault((each.host, each.path), []).append(each)
    for number, ((host, path), members) in enumerate(sorted(sections.items()), 1):
        said = _said(members)
        if said is None:
            differing = ", ".join(each.id for each in members[:3])
            yield Today({}, f"{label}: its ways in differ, and a policy cannot tell them apart ({differing})")
            continue
        target = {"kind": kind, "name": name, "host": host, "path": path}
        yield from _policy(label, namespace, f"{name}-{number}", target, said, members)


def _said(exposures: Sequence[Exposure]) -> AddressSet | None:
    """The set that says who gets in at all of them, each by its family; None where none does."""
    whole = AddressSet.union_of(each.allowed for each in exposures)
    return whole if all(of_family(each, whole) == each.allowed for each in exposures) else None


def _policy(
    label: str, namespace: str, name: str, target: Document, allowed: AddressSet, exposures: Iterable[Exposure]
) -> Iterator[Today]:
    if not allowed:
        yield Today({}, f"{label}: nobody reaches it, and a policy names somebody")
        return
    families = {6 if ":" in each.address else 4 for each in exposures}
    spec: Document = {"targetRefs": [target]}
    if all(PUBLIC.family(family) <= allowed for family in families):
        spec["public"] = True
    else:
        spec["allow"] = _entries(allowed)
    yield Today(_document("AccessPolicy", {"name": name, "namespace": namespace}, spec))


def _entries(allowed: AddressSet) -> list[Document]:
    return [{"cidr": each} for each in allowed.to_cidrs()]


def _document(kind: str, metadata: Document, spec: Document) -> Document:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
