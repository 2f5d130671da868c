"""What the formats say in the same words: steps of a plan, what is left to another format, names of resources.

A plan is carried out in its order, often with two formats: one for Azure, one for Kubernetes. So every file counts its
steps as the plan does and names the steps that are not in it. A change that a format could say, but not like this, is
`ExportRefused`: a file that silently does less than the plan would be taken for the plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aksess.errors import ExportRefused
from aksess.export.interface import Order
from aksess.export.yaml_writing import block
from aksess.plan.changes import Change, Resource

__all__ = ["AzureId", "Identifiers", "Step", "commented", "divided", "header", "refused", "yaml_text"]

_ID = re.compile(r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/[^/]+/[^/]+/([^/]+)/?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """A change with its number in the plan, from 1.

    Attributes:
        number: The number.
        change: The change.
    """

    number: int
    change: Change

    @property
    def text(self) -> str:
        """``2. update Ingress shop/web metadata.annotations['…'], for AccessPolicy shop/offices-only``."""
        change = self.change
        reason = f", for {', '.join(change.because)}" if change.because else ""
        return f"{self.number}. {change.action} {change.resource.label} {change.field}".rstrip() + reason

    @property
    def undo(self) -> Step:
        """The step that puts back what was there."""
        return Step(self.number, self.change.undo)


@dataclass(frozen=True, slots=True)
class AzureId:
    """Where an Azure resource is, taken from its id.

    Attributes:
        subscription: The id of its subscription.
        group: Its resource group.
        name: Its name.
        text: The whole id.
    """

    subscription: str
    group: str
    name: str
    text: str

    @classmethod
    def of(cls, resource: Resource) -> AzureId:
        """The parts of the id of a resource.

        Raises:
            ExportRefused: It is not the id of a resource in a resource group.
        """
        found = _ID.fullmatch(resource.id)
        if found is None:
            raise ExportRefused(
                f"{resource.label} has the id {resource.id!r}, which is in no resource group",
                hint="read the resource again with its whole id",
            )
        subscription, group, name = found.groups()
        return cls(subscription, group, name, resource.id.rstrip("/"))


class Identifiers:
    """Names that a language takes, made from names of resources: the same name twice gives two of them."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, prefix: str, name: str) -> str:
        """A fresh identifier of ASCII letters, digits and underscores."""
        plain = re.sub(r"\W+", "_", f"{prefix}_{name}" if prefix else name, flags=re.ASCII).strip("_")
        plain = plain if plain and not plain[0].isdigit() else f"_{plain}"
        fresh, count = plain, 1
        while fresh.lower() in self._taken:
            count += 1
            fresh = f"{plain}_{count}"
        self._taken.add(fresh.lower())
        return fresh


def divided(order: Order, ours: Callable[[Change], bool], what: str) -> tuple[list[Step], list[Step]]:
    """The steps that a format carries out, and those that it leaves to another.

    Args:
        order: What is to be exported.
        ours: Whether a change is one of the format's.
        what: What the format carries out, as in ``changes nothing in Azure``.

    Raises:
        ExportRefused: There is nothing for the format to carry out.
    """
    steps = [Step(number, change) for number, change in enumerate(order.changes, 1)]
    mine = [each for each in steps if ours(each.change)]
    left = [each for each in steps if not ours(each.change)]
    if not mine:
        ways = sorted({_way(each) for each in left})
        hint = f"the nearest way: {' and '.join(ways)}" if ways else "the estate is already as the policies ask"
        raise ExportRefused(f"the plan changes nothing {what}", hint=hint)
    return mine, left


def refused(step: Step, reason: str, instead: str) -> ExportRefused:
    """The refusal of a step, with the nearest way."""
    return ExportRefused(f"step {step.text}: {reason}", hint=instead)


def header(first: str, left: Sequence[Step], *more: str) -> list[str]:
    """The lines at the top of a file: what it does, what else is to be known, which steps are not in it."""
    lines = [first, *more]
    if left:
        lines += ["", "Not in here; steps are numbered as in the plan, carry them out in that order:"]
        lines += [f"  {each.text}: {_way(each)}" for each in left]
    return lines


def commented(lines: Iterable[str], mark: str) -> str:
    """Lines as comments, each of them on one line whatever it holds."""
    return "".join(f"{mark} {_one_line(each)}".rstrip() + "\n" for each in lines)


def yaml_text(value: Any) -> str:
    """A collection as a YAML document that every reader takes alike."""
    return "".join(f"{line}\n" for line in block(value, 0, 2, 2))


def _way(step: Step) -> str:
    """The format that can carry out any step of its kind."""
    return f"aksess export PLAN --as {'az' if step.change.resource.is_azure else 'kubectl'}"


def _one_line(text: str) -> str:
    """A text in which nothing ends a line or hides: names in the input may hold anything."""
    return "".join(each if each.isprintable() else " " for each in text)
