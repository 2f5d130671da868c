"""proxy-in-front-not-trusted: a proxy stands in front, and the lists judge the proxy's address.

It fires on evidence: an application gateway in the input has the controller as a backend, or the controller's Service
admits nobody but a proxy's service tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aksess.access import requests
from aksess.access.exposures import Exposure
from aksess.addresses import AddressSet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.controllers.interface import Answers, Controller
from aksess.estate.kubernetes import Service
from aksess.layers import load_balancer
from aksess.layers.cloud_provider import AccessControl, Annotation

__all__ = ["CHECK"]

_PROXY_TAGS = ("azurefrontdoor", "applicationgateway", "gatewaymanager", "apimanagement")
"""Beginnings of the tags that stand for Azure's own proxies."""

_FIX = "trust the proxy: use-forwarded-headers with proxy-real-ip-cidr set to its addresses"


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.evaluator.controllers:
        for name, peers, listed in [*_gateways(audited, controller), *_tags(audited, controller)]:
            judged = [each for each in listed if each.answers and _judges_the_proxy(each.answers, peers)]
            if judged:
                many = f"the lists of {len(judged)} exposures treat" if len(judged) > 1 else f"{judged[0].id} treats"
                yield check.finding(
                    f"{name} stands in front of {controller.citation.label}, which judges the proxy's address and not "
                    f"the client's: {many} all its clients alike",
                    controller.citation,
                    exposures=[each.id for each in judged],
                    fix=_FIX,
                )


def _gateways(audited: Audited, controller: Controller) -> Iterator[tuple[str, AddressSet | None, list[Exposure]]]:
    seen: set[str] = set()
    for listener in audited.evaluator.gateways:
        listed = [
            each
            for each in audited.exposures
            if each.controller is controller and each.listed is not None and each.entry is None
        ]
        if listener.gateway not in seen and listed:
            seen.add(listener.gateway)
            yield f"application gateway {listener.gateway}", listener.peers(audited.estate), listed


def _tags(audited: Audited, controller: Controller) -> Iterator[tuple[str, AddressSet | None, list[Exposure]]]:
    for service in controller.services:
        tags = _proxy_tags(service)
        listed = [
            each
            for each in audited.exposures
            if each.controller is controller
            and each.listed is not None
            and each.entry is not None
            and each.entry.service is service
        ]
        if tags and listed and service.external_policy == "Local":
            sets = [audited.estate.tags.get(tag) for tag in tags]
            known = [each for each in sets if each is not None]
            peers = AddressSet.union_of(known) if len(known) == len(sets) else None
            cited = load_balancer.cite(service, Annotation.ALLOWED_SERVICE_TAGS.path)
            yield f"{', '.join(tags)} (the only sources that {cited.label} admits)", peers, listed


def _proxy_tags(service: Service) -> Sequence[str]:
    """The tags of a Service that admits proxies only."""
    control = AccessControl.of(service)
    only_proxies = all(tag.lower().startswith(_PROXY_TAGS) for tag in control.tags)
    return control.tags if control.tags and only_proxies and not control.ranges else ()


def _judges_the_proxy(answers: Answers, peers: AddressSet | None) -> bool:
    """Whether a controller judges the peer itself; of a proxy whose addresses are not known, whether it must."""
    if peers is not None:
        return requests.told_by(answers, peers) is None
    return not any(view.condition == "forged-header" and view.judged is not None for view in answers.views)


CHECK = Check("proxy-in-front-not-trusted", "a list that judges the proxy in front", Severity.ERROR, _run)
