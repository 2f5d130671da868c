"""What was given and not understood, and how far that gap reaches.

Soundness rests here: whatever could not be read may have admitted somebody, so a denial that it could have changed
is not a denial (contract §1). Each entry says where it stands, why it was not read, and which answers it touches.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Reach", "Unread"]


class Reach(StrEnum):
    """How far a gap reaches: which denials it could have changed."""

    EVERYTHING = "everything"
    """It could hold anything: a broken file, a template that was not rendered, a partial reply."""
    CONTROLLER = "controller"
    """Only what the controller of its class answers: an Ingress or route that was not understood."""
    NETWORK_POLICY = "network-policy"
    """Only what network policies deny."""
    NOTHING = "nothing"
    """A well-formed object of a kind that no layer of access reads; listed, but it decides nothing."""


@dataclass(frozen=True, slots=True)
class Unread:
    """One thing that was not understood.

    Attributes:
        file: The path as the user named it.
        line: Where it begins, from 1; 0 where there is no line.
        reason: What is wrong, in one line.
        reach: Which denials it could have changed.
        kind: Its kind, where that could be told.
        namespace: Its namespace, likewise.
        name: Its name, likewise.
        ingress_class: For `Reach.CONTROLLER`: the class it names; empty for any.
    """

    file: str
    line: int
    reason: str
    reach: Reach = Reach.EVERYTHING
    kind: str = ""
    namespace: str = ""
    name: str = ""
    ingress_class: str = ""

    def __post_init__(self) -> None:
        """Keep the reason in one line; it may quote a value of the input."""
        object.__setattr__(self, "reason", _one_line(self.reason))

    @property
    def label(self) -> str:
        """How people name it, in one line: ``shop.yaml:12`` or ``Ingress shop/web (shop.yaml:12)``."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        if not self.name:
            return _one_line(where)
        full = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return _one_line(f"{self.kind} {full} ({where})")


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
