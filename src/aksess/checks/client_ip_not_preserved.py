"""client-ip-not-preserved: a list judges client addresses, but the controller sees addresses of nodes.

Under external traffic policy Cluster kube-proxy translates the source, so the controller's peer is a node. A list then
blocks everybody, or admits everybody where it holds the nodes. A controller that takes the client's address from a
header or PROXY line of those peers is not concerned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote

from aksess.access.exposures import Exposure
from aksess.addresses import EVERYONE, AddressSet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.controllers.interface import Controller
from aksess.estate.kubernetes import Service
from aksess.layers import load_balancer
from aksess.rulings import Verdict

__all__ = ["CHECK"]

_PATH = ("spec", "externalTrafficPolicy")


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for controller in audited.evaluator.controllers:
        for service in controller.services:
            if service.external_policy != "Cluster" or service.type not in {"LoadBalancer", "NodePort"}:
                continue
            peers = _peers(audited, service)
            judged = [
                each
                for each in audited.exposures
                if each.controller is controller
                and each.entry is not None
                and each.entry.service is service
                and each.listed is not None
                and _judges_peers(each, peers[each.entry.address.family])
            ]
            if judged:
                yield check.finding(
                    _message(controller, service, judged),
                    load_balancer.cite(service, _PATH),
                    exposures=[each.id for each in judged],
                    fix=f"kubectl patch service {quote(service.name)} -n {quote(service.namespace)} "
                    """-p '{"spec":{"externalTrafficPolicy":"Local"}}'; """
                    "first see that a controller pod runs on enough nodes",
                )


def _peers(audited: Audited, service: Service) -> dict[int, AddressSet]:
    """The addresses that the pods behind a Service see, by family; all of it where nobody gets that far."""
    seen = AddressSet.union_of(
        outcome.seen
        for entry in audited.evaluator.frontends_by_service.get(service.key, [])
        for walked in audited.evaluator.transport(entry)
        for outcome in walked.alternative.outcomes
        if outcome.verdict != Verdict.DENIED
    )
    return {family: seen.family(family) or EVERYONE.family(family) for family in (4, 6)}


def _judges_peers(exposure: Exposure, peers: AddressSet) -> bool:
    """Whether some address that arrives is judged itself rather than what it says of the client."""
    if exposure.answers is None:
        return False
    honest = [view for view in exposure.answers.views if not view.condition]
    believed = AddressSet.union_of(
        view.peers for view in exposure.answers.views if view.condition in {"forged-header", "proxy-line"}
    )
    # the honest client of a believed peer sends nothing, so the peer itself is judged: that is the proxy's business
    return any(view.judged is None and view.stop is None and (view.peers & peers) - believed for view in honest)


def _message(controller: Controller, service: Service, judged: Sequence[Exposure]) -> str:
    shut = [each for each in judged if not each.allowed and not each.indeterminate]
    name = f"Service {service.namespace}/{service.name}"
    # without a workload in the input its class or this very Service speaks for the controller
    cited = controller.citation
    named = "its controller" if cited.kind in {"Service", "IngressClass"} else cited.label
    head = f"{name} has externalTrafficPolicy Cluster, so {named} sees addresses of nodes"
    if len(shut) == len(judged):
        return f"{head}: the lists behind it block everybody"
    if not shut:
        return f"{head}: the lists behind it admit everybody who gets that far, because they let nodes in"
    return (
        f"{head}: of {len(judged)} listed exposures {len(shut)} block everybody and the others admit everybody "
        "who gets that far"
    )


CHECK = Check("client-ip-not-preserved", "a list that judges node addresses", Severity.ERROR, _run)
