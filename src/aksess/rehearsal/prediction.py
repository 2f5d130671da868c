"""Everything that may happen to one connection, as the evaluator says.

Nobody chooses which node the balancer picks, so the answer is a set of outcomes; packets must show one of it. All
sources are answered at once, by one fold for each entry and request, and looked up one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aksess.access.entries import Entry
from aksess.access.evaluator import Evaluator
from aksess.access.outcomes import Alternative
from aksess.addresses import EVERYONE, Address
from aksess.controllers.interface import Controller, Request
from aksess.rehearsal.outcomes import Expected
from aksess.rulings import Effect, Verdict

__all__ = ["Predictor"]

_Question = tuple[str, str, int, Request | None]


@dataclass
class Predictor:
    """What the evaluator says about connections to an estate."""

    evaluator: Evaluator
    _folded: dict[_Question, list[Alternative]] = field(default_factory=dict, repr=False)

    def expected(
        self, source: Address, entry: Entry, controller: Controller | None = None, request: Request | None = None
    ) -> list[Expected]:
        """Every outcome that may happen; empty where the evaluator cannot know.

        Args:
            source: The client.
            entry: Where it connects to.
            controller: The controller that is asked, for HTTP.
            request: The one request that is sent, for HTTP.
        """
        found: list[Expected] = []
        for alternative in self._alternatives(entry, controller, request):
            for outcome in alternative.outcomes:
                if source in outcome.sources and not outcome.condition:
                    if outcome.verdict == Verdict.INDETERMINATE:
                        return []
                    found.append(Expected(outcome.effect.value, outcome.status, outcome.seen))
        return found or [Expected(Effect.TIMEOUT.value, None, EVERYONE)]

    def _alternatives(self, entry: Entry, controller: Controller | None, request: Request | None) -> list[Alternative]:
        key = (entry.label, entry.protocol, id(controller), request)
        if key not in self._folded:
            self._folded[key] = list(self._fold(entry, controller, request))
        return self._folded[key]

    def _fold(self, entry: Entry, controller: Controller | None, request: Request | None) -> Iterator[Alternative]:
        walked = (
            self.evaluator.transport(entry, detail=True)
            if controller is None or request is None
            else self.evaluator.http(entry, controller, request, detail=True)
        )
        return (each.alternative for each in walked)
