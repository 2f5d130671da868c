"""allow-list-bypassed: another way reaches the same application without the list.

A list is an allow or deny list of a controller, or the source ranges and tags of a Service. Another way is any other
exposure that leads to the same pods: another host or path, another Service, a gateway's route, a node port or host port
on a public node address, a stream service, TLS that is passed through. A way is a bypass where somebody gets in by it
whom the list does not admit and who does not get in by the listed way either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aksess.access.exposures import Exposure
from aksess.addresses import INTERNET, PLATFORM, AddressSet, name_of, set_of
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.checks.selections import Selections
from aksess.estate.kubernetes import Name
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl, Annotation
from aksess.layers.cloud_provider.access_control import SOURCE_RANGES
from aksess.rulings import Citation

__all__ = ["CHECK"]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A way with a list.

    Attributes:
        citation: What carries the list.
        admitted: Whom the list admits, or who gets in by the listed way all the same.
        services: The Services that lead to the same pods.
        own: Ids of the exposures that the list is about.
    """

    citation: Citation
    admitted: AddressSet
    services: frozenset[Name]
    own: tuple[str, ...]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    selections = Selections.of(audited.estate)
    doors = _doors(audited, selections)
    found: set[tuple[str, str]] = set()
    for listed in (*_of_controllers(audited, selections), *_of_services(audited, selections)):
        for door in (each for service in sorted(listed.services) for each in doors.get(service, ())):
            extra = _coming_in(door) - listed.admitted
            pair = (listed.citation.label, door.application.label)
            if door.id in listed.own or not extra or pair in found:
                continue
            found.add(pair)
            yield check.finding(
                f"the list of {listed.citation.label} can be got round: {door.id} ({door.application.label}) leads to "
                f"the same pods and admits {name_of(extra)} beyond it",
                door.application,
                exposures=[door.id, *listed.own[:1]],
                fix=f"put the same list on {door.application.label}, or remove this way",
            )
    yield from _passed_through(check, audited, found)


def _coming_in(door: Exposure) -> AddressSet:
    """Who comes in by a way: Azure's platform is no client, and the public address of a node is for the Internet."""
    found = door.allowed - PLATFORM
    return found & INTERNET if door.entry and door.entry.node is not None else found


def _doors(audited: Audited, selections: Selections) -> dict[Name, list[Exposure]]:
    """Exposures by the Services whose pods they lead to; a controller's frontend leads to its routes' pods."""
    found: dict[Name, list[Exposure]] = {}
    for each in audited.exposures:
        if each.backend is not None:
            found.setdefault((each.backend.namespace, each.backend.service), []).append(each)
        elif each.application.kind == "Pod":
            pod = audited.estate.pods.get((each.application.namespace, each.application.name))
            for service in selections.selecting(pod.namespace, pod.labels) if pod else ():
                found.setdefault(service.key, []).append(each)
    return found


def _of_controllers(audited: Audited, selections: Selections) -> Iterator[_Listed]:
    """What a controller publishes behind a list of its own or of its Service, once for each set and backend."""
    found: dict[tuple[Citation, AddressSet, Name], list[Exposure]] = {}
    for each in audited.exposures:
        listed = _listed(audited, each)
        if listed is not None and each.backend is not None and each.controller is not None:
            backend = (each.backend.namespace, each.backend.service)
            found.setdefault((each.application, listed, backend), []).append(each)
    for (application, listed, backend), exposures in found.items():
        own = {each.id for each in exposures}
        services = selections.sharing(backend)
        yield _Listed(application, _admitted(listed, exposures), frozenset(services), tuple(sorted(own)))


def _listed(audited: Audited, exposure: Exposure) -> AddressSet | None:
    """Whom the lists on the way admit: that of the controller and that of the Service before it."""
    service = exposure.entry.service if exposure.entry and not exposure.entry.node else None
    ranges = _ranges_of(audited, AccessControl.of(service)) if service is not None else None
    if exposure.listed is None or ranges is None:
        return exposure.listed if ranges is None else ranges
    return exposure.listed & ranges


def _of_services(audited: Audited, selections: Selections) -> Iterator[_Listed]:
    """Source ranges and service tags of Services, as far as they are known."""
    for service in audited.estate.services.values():
        control = AccessControl.of(service)
        listed = _ranges_of(audited, control)
        if not control.provided or listed is None:
            continue
        own = [
            each for each in audited.exposures if each.entry and each.entry.service is service and not each.entry.node
        ]
        if not own:
            continue
        path = (
            SOURCE_RANGES
            if control.source_ranges
            else control.allowed_ranges[0].path
            if control.allowed_ranges
            else Annotation.ALLOWED_SERVICE_TAGS.path
        )
        yield _Listed(
            load_balancer.cite(service, path),
            _admitted(listed, own),
            frozenset(selections.sharing(service.key)),
            tuple(each.id for each in own),
        )


def _ranges_of(audited: Audited, control: AccessControl) -> AddressSet | None:
    """Whom the ranges and tags of a Service admit; None where there are none, or a tag is not known."""
    if not (control.ranges or any(control.tags)) or control.lists_everything:
        return None
    found = set_of([each.network for each in control.ranges])
    for tag in filter(None, control.tags):
        addresses = audited.estate.tags.get(tag)
        if addresses is None:
            return None
        found = found | addresses
    return found


def _admitted(listed: AddressSet, exposures: Iterable[Exposure]) -> AddressSet:
    return AddressSet.union_of([listed, *(each.allowed for each in exposures)])


def _passed_through(check: Check, audited: Audited, found: set[tuple[str, str]]) -> Iterator[Finding]:
    """Lists of hosts whose TLS goes past nginx, where no exposure said so already."""
    for controller in audited.nginx:
        for host, citation in controller.facts.passthrough_hosts:
            rules = controller.rules.get((citation.namespace, citation.name))
            if rules is None or not (rules.lists.allow or rules.lists.deny):
                continue
            if (citation.label, citation.label) in found:
                continue
            yield check.finding(
                f"the list of {citation.label} does not hold on HTTPS: TLS to {host} goes past nginx to the Service",
                citation,
                exposures=[each.id for each in audited.exposures if each.host == host],
                fix="restrict at the load balancer or in the application, or end TLS in the controller",
            )


CHECK = Check("allow-list-bypassed", "another way past a list", Severity.ERROR, _run)
