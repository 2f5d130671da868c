"""How many random cases: few and always the same ones by default, as many as are asked for otherwise.

``AKSESS_FUZZ=2000`` runs every random test that is bounded here with so many new cases; without it each runs its own
number, derived from the test itself, so that what fails in CI fails everywhere.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["bounded"]

_ASKED = int(os.environ.get("AKSESS_FUZZ", "0"))


def bounded(examples: int) -> settings:
    """The settings of a random test that runs so many cases unless more are asked for."""
    return settings(
        max_examples=_ASKED or examples,
        derandomize=not _ASKED,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
