"""forwarded-header-spoofable: the client's address is taken from a header or PROXY line that any client can write.

A controller that believes its proxies lets these present any address; that is their office. It is a fault where those
who are believed are the clients themselves: everybody who arrives, or more of the public Internet than proxies have
addresses. Proxies in the input (application gateways) and the service tags of Azure's own do not count.
"""

from __future__ import annotations

from collections.abc import Iterator

from aksess.access.exposures import Exposure
from aksess.addresses import INTERNET, AddressSet
from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.rulings import Verdict

__all__ = ["CHECK"]

_FORGED = {"forged-header": "a forged header", "proxy-line": "a PROXY line of its own"}
_MORE_THAN_PROXIES = {4: 1 << 24, 6: 1 << 112}
"""So many public addresses no fleet of proxies has: a /8, a /16 of IPv6."""


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    proxies = _known_proxies(audited)
    for controller in audited.evaluator.controllers:
        for condition, what in _FORGED.items():
            open_by = [
                each
                for each in audited.exposures
                if each.controller is controller and _open_to_clients(audited, each, condition, proxies)
            ]
            if not open_by:
                continue
            trust = next((each.facts.trust for each in audited.nginx if each is controller), None)
            yield check.finding(
                f"{controller.citation.label} takes the client's address from whatever its peers say, and clients are "
                f"peers: with {what} anybody who gets that far passes the lists of {_counted(open_by)}",
                trust.citation if trust is not None else controller.citation,
                exposures=[each.id for each in open_by],
                fix="set proxy-real-ip-cidr to the addresses of your proxies, or turn the header off",
            )


def _counted(exposures: list[Exposure]) -> str:
    return f"{len(exposures)} exposures" if len(exposures) > 1 else exposures[0].id


def _known_proxies(audited: Audited) -> AddressSet:
    found = [listener.peers(audited.estate) for listener in audited.evaluator.gateways]
    tags = audited.estate.tags
    found += [tags.get(name) for name in tags.names() if name.lower().startswith("azurefrontdoor")]
    return AddressSet.union_of(each for each in found if each is not None)


def _open_to_clients(audited: Audited, exposure: Exposure, condition: str, proxies: AddressSet) -> bool:
    """Whether clients, not only proxies, get in by an address that they claim and not otherwise."""
    forgers = _forgers(exposure, condition)
    if not forgers or exposure.entry is None:
        return False
    others = forgers - proxies
    family = exposure.entry.address.family
    if (others & INTERNET).family(family).size() >= _MORE_THAN_PROXIES[family]:
        return True
    arriving = AddressSet.union_of(
        each.alternative.standing.allowed for each in audited.evaluator.transport(exposure.entry)
    )
    return bool(others) and arriving - proxies <= _believed(exposure, condition)


def _believed(exposure: Exposure, condition: str) -> AddressSet:
    views = exposure.answers.views if exposure.answers else ()
    return AddressSet.union_of(each.peers for each in views if each.condition == condition and each.judged is not None)


def _forgers(exposure: Exposure, condition: str) -> AddressSet:
    """Who gets in by claiming an address and would not get in otherwise."""
    if not _believed(exposure, condition):
        return AddressSet()
    found: list[AddressSet] = []
    for walked in exposure.walked:
        allowed = [each for each in walked.alternative.outcomes if each.verdict == Verdict.ALLOWED]
        honest = AddressSet.union_of(each.sources for each in allowed if not each.condition)
        forged = AddressSet.union_of(each.sources for each in allowed if each.condition == condition)
        found.append(forged - honest)
    return AddressSet.union_of(found)


CHECK = Check("forwarded-header-spoofable", "a client address that clients can forge", Severity.ERROR, _run)
