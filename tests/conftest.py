"""For all tests: no deadline for a single random case, because a busy machine is no fault of the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("aksess", deadline=None)
settings.load_profile("aksess")
