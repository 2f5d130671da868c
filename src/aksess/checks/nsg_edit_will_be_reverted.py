"""nsg-edit-will-be-reverted: a rule of AKS was changed by hand, or a hand-made rule stands where AKS clears it."""

from __future__ import annotations

from collections.abc import Iterator

from aksess.checks.interface import Audited, Check, Finding, Severity
from aksess.layers import nsg
from aksess.layers.cloud_provider import Drift, Kind
from aksess.rulings import Citation, Layer

__all__ = ["CHECK", "cite", "names"]

_WHEN = "at the next change of that Service, node change or restart of the cloud provider, not before"


def cite(drift: Drift, text: str = "") -> Citation:
    """A citation of a rule that drifted, or of its group where the rule is missing."""
    missing = drift.kind == Kind.MISSING
    return Citation(
        Layer.NIC_NSG,
        "networkSecurityGroup",
        drift.group.name,
        resource=drift.group.id,
        rule=drift.rule.name,
        priority=None if missing else drift.rule.priority,
        path=("securityRules",) if missing else drift.rule.path,
        place=drift.group.place,
        text=text or nsg.describe(drift.rule),
    )


def names(drift: Drift) -> str:
    """The Services that a rule concerns, as people name them."""
    return ", ".join(f"{each.namespace}/{each.name}" for each in drift.services) or "no Service"


def _run(check: Check, audited: Audited) -> Iterator[Finding]:
    for each in audited.drift:
        exposures = [one for service in each.services for one in audited.behind(*service.key)]
        if each.kind == Kind.EDITED:
            changes = "; ".join(
                f"{one.field} is {_shown(one.live)}, AKS writes {_shown(one.predicted)}" for one in each.differences
            )
            yield check.finding(
                f"rule {each.rule.name} of {each.group.name} was edited ({changes}). AKS owns it for {names(each)} and "
                f"puts it back {_WHEN}",
                cite(each),
                exposures=exposures,
                fix="change the Service instead (loadBalancerSourceRanges, azure-allowed-ip-ranges), or add a rule of "
                "your own below priority 500 or in the subnet's group",
            )
        elif each.kind == Kind.UNOWNED:
            yield check.finding(
                f"rule {each.rule.name} of {each.group.name} was made by hand where this version of AKS owns rules; "
                f"it clears {', '.join(each.destinations)} from it {_WHEN}",
                cite(each),
                exposures=exposures,
                fix="give it a priority from 100 to 499",
            )


def _shown(values: tuple[str, ...]) -> str:
    if len(values) > 3:
        return f"{', '.join(values[:2])} and {len(values) - 2} more"
    return ", ".join(values) or "nothing"


CHECK = Check("nsg-edit-will-be-reverted", "a hand edit that AKS will undo", Severity.WARNING, _run)
