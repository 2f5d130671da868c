"""What people write: who may reach which application, and the same documents as custom resources of a cluster."""

from __future__ import annotations

from aksess.policy.reading import Policies, Written, read_policies
from aksess.policy.resolving import Allowed, Resolved, Target, resolve

__all__ = ["Allowed", "Policies", "Resolved", "Target", "Written", "read_policies", "resolve"]
