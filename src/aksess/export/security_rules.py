"""The security rules of a plan as Azure takes them, for every format that writes Azure.

Azure has two spellings for each list, one for a single value and one for several, and refuses ``*`` and tags among
several. Here a rule has lists only, and a format picks the spelling by their length, as ``az`` does.

Source: Azure REST API, Security Rules - Create Or Update (properties and which of them are required); azure-cli 2.91
network/custom.py (`_handle_plural_or_singular`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aksess.export.interface import Order
from aksess.export.wording import AzureId, Step, divided, refused
from aksess.plan.changes import Change

__all__ = ["AZURE_WAY", "Declared", "SecurityRule", "Side", "declared", "is_api_server_ranges", "is_security_rule"]

AZURE_WAY = "the nearest way: aksess export PLAN --as az"
_RANGES = ("apiserveraccessprofile", "authorizedipranges")


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a rule.

    Attributes:
        addresses: Prefixes, addresses and tags; ``("*",)`` for any.
        ports: Ports and ranges; ``("*",)`` for any.
        groups: Ids of application security groups, instead of addresses.
    """

    addresses: tuple[str, ...]
    ports: tuple[str, ...]
    groups: tuple[str, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any], name: str) -> Side:
        """The side ``source`` or ``destination`` of the properties of a rule, their names in lower case."""

        def listed(singular: str, plural: str) -> tuple[str, ...]:
            one, several = values.get(singular), values.get(plural) or ()
            # A reply may carry an empty string, or the one value in both spellings.
            return tuple(dict.fromkeys(str(each) for each in (one, *several) if each not in {None, ""}))

        groups = values.get(f"{name}applicationsecuritygroups") or ()
        return cls(
            listed(f"{name}addressprefix", f"{name}addressprefixes"),
            listed(f"{name}portrange", f"{name}portranges"),
            tuple(str(each["id"]) for each in groups),
        )


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """A whole security rule, in the spelling of the API.

    Attributes:
        name: Its name.
        priority: 100 to 4096.
        direction: ``Inbound`` or ``Outbound``.
        access: ``Allow`` or ``Deny``.
        protocol: ``Tcp``, ``Udp``, ``Icmp``, ``Ah``, ``Esp`` or ``*``.
        source: Where connections come from.
        destination: Where they go.
        description: Up to 140 characters; may be empty.
    """

    name: str
    priority: int
    direction: str
    access: str
    protocol: str
    source: Side
    destination: Side
    description: str

    @classmethod
    def of(cls, step: Step) -> SecurityRule:
        """The rule that a step writes.

        Raises:
            ExportRefused: Something that Azure requires is not there; a default in its place could open what is closed.
        """
        found = {key.lower(): value for key, value in step.change.after.items()}
        source, destination = Side.of(found, "source"), Side.of(found, "destination")
        given = {
            **{key: found.get(key) for key in ("priority", "direction", "access", "protocol")},
            "source": source.addresses or source.groups,
            "source port": source.ports,
            "destination": destination.addresses or destination.groups,
            "destination port": destination.ports,
        }
        missing = [key for key, value in given.items() if not value]
        if missing:
            raise refused(step, f"the rule has no {', no '.join(missing)}", "read the security group again, whole")
        return cls(
            name=str(step.change.path[1]),
            priority=int(found["priority"]),
            direction=str(found["direction"]).capitalize(),
            access=str(found["access"]).capitalize(),
            protocol=str(found["protocol"]).capitalize(),
            source=source,
            destination=destination,
            description=str(found.get("description") or ""),
        )


@dataclass(frozen=True, slots=True)
class Declared:
    """A rule that a language declares.

    Attributes:
        step: The step that writes it.
        group: The security group that it is in.
        rule: The rule.
    """

    step: Step
    group: AzureId
    rule: SecurityRule


def is_security_rule(change: Change) -> bool:
    """Whether a change is of one rule of a security group."""
    return change.resource.is_azure and len(change.path) == 2 and change.path[0] == "securityRules"


def is_api_server_ranges(change: Change) -> bool:
    """Whether a change is of the authorized IP ranges of an API server."""
    return change.resource.is_azure and tuple(str(each).lower() for each in change.path) == _RANGES


def declared(order: Order, language: str) -> tuple[list[Declared], list[Step]]:
    """The rules that a declarative language writes, and the steps that are left to another format.

    Such a language says what is there. It cannot say that a rule goes, nor set one property of a managed cluster that
    it does not describe as a whole, nor hold two states of one rule.

    Raises:
        ExportRefused: One of the Azure changes is of that kind.
    """
    mine, left = divided(order, lambda each: each.resource.is_azure, "in Azure")
    return list(_declared(mine, language)), left


def _declared(steps: list[Step], language: str) -> Iterator[Declared]:
    known: dict[tuple[str, str], Step] = {}
    for step in steps:
        change = step.change
        if is_api_server_ranges(change):
            reason = f"{language} cannot set one property of a managed cluster that is described elsewhere"
            raise refused(step, reason, f"set it where the cluster is described; {AZURE_WAY}")
        if not is_security_rule(change):
            raise refused(step, f"{language} has no words for it here", AZURE_WAY)
        if change.after is None:
            raise refused(step, f"{language} says what is there, not what goes", AZURE_WAY)
        key = (change.resource.id.lower(), str(change.path[1]).lower())
        if key in known:
            reason = f"step {known[key].number} writes the same rule, and {language} holds one state of it"
            raise refused(step, reason, AZURE_WAY)
        known[key] = step
        yield Declared(step, AzureId.of(change.resource), SecurityRule.of(step))
