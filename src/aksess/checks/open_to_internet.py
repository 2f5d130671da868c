"""open-to-internet: an exposure that the whole Internet reaches and that no policy says may be public."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.addresses import INTERNET, is_internet
from aksess.checks.interface import Audited, Check, Confidence, Finding, Severity
from aksess.rulings import Layer

__all__ = ["CHECK"]


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for exposure in audited.exposures:
        if exposure.application.layer == Layer.API_SERVER or not is_internet(exposure.allowed):
            continue
        if exposure.entry is not None and exposure.entry.address not in INTERNET:
            continue  # no packet of the Internet finds a private address
        families = [f"IPv{family}" for family in (4, 6) if is_internet(exposure.allowed.family(family))]
        only = "" if len(families) == 2 else f" over {families[0]}"
        yield check.finding(
            f"{exposure.id} is reachable from the whole Internet{only}",
            exposure.application,
            exposures=[exposure.id],
            fix="restrict it, or say in an AccessPolicy that it is public",
            confidence=Confidence.MEDIUM if exposure.assumptions else Confidence.HIGH,
        )


CHECK = Check("open-to-internet", "reachable from the whole Internet", Severity.NOTE, _run)
