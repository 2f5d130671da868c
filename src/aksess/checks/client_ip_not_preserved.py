"""client-ip-not-preserved: a list judges client addresses, but the controller sees addresses of nodes.

Under external traffic policy Cluster kube-proxy translates the source, so the controller's peer is a node. A list then
blocks everybody, or admits everybody where it holds the nodes. A controller that takes the client's address from a
header or PROXY line of those peers is not concerned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aksess.access.exposures import Exposure
from aksess.addresses import AddressSet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.controllers.interface import Controller
from aksess.estate.kubernetes import Service
from aksess.layers import load_balancer

__all__ = ["CHECK"]

_PATH = ("spec", "externalTrafficPolicy")


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.evaluator.controllers:
        for service in controller.services:
            if service.external_policy != "Cluster" or service.type not in {"LoadBalancer", "NodePort"}:
                continue
            judged = [
                each
                for each in audited.exposures
                if each.controller is controller
                and each.entry is not None
                and each.entry.service is service
                and each.listed is not None
                and _judges_peers(each)
            ]
            if judged:
                yield check.finding(
                    _message(controller, service, judged),
                    load_balancer.cite(service, _PATH),
                    exposures=[each.id for each in judged],
                    fix=f"kubectl patch service {service.name} -n {service.namespace} "
                    """-p '{"spec":{"externalTrafficPolicy":"Local"}}'; """
                    "first see that a controller pod runs on enough nodes",
                )


def _judges_peers(exposure: Exposure) -> bool:
    """Whether some address that arrives is judged itself rather than what it says of the client."""
    if exposure.answers is None:
        return False
    honest = [view for view in exposure.answers.views if not view.condition]
    believed = AddressSet.union_of(
        view.peers for view in exposure.answers.views if view.condition in {"forged-header", "proxy-line"}
    )
    # the honest client of a believed peer sends nothing, so the peer itself is judged: that is the proxy's business
    return any(view.judged is None and view.stop is None and view.peers - believed for view in honest)


def _message(controller: Controller, service: Service, judged: Sequence[Exposure]) -> str:
    shut = [each for each in judged if not each.allowed and not each.indeterminate]
    name = f"Service {service.namespace}/{service.name}"
    head = f"{name} has externalTrafficPolicy Cluster, so {controller.citation.label} sees addresses of nodes"
    if len(shut) == len(judged):
        return f"{head}: the lists behind it block everybody"
    if not shut:
        return f"{head}: the lists behind it admit everybody who gets that far, because they hold nodes"
    return (
        f"{head}: of {len(judged)} listed exposures {len(shut)} block everybody and the others admit everybody "
        "who gets that far"
    )


CHECK = Check("client-ip-not-preserved", "a list that judges node addresses", Severity.ERROR, _run)
