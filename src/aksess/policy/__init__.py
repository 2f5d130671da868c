"""What people write: who may reach which application, and the same documents as custom resources of a cluster.

`read_policies` gives the documents of files, `check_references` says whether they agree with each other, `resolve`
gives the exact sets that they mean, `schema` writes their JSON Schema and custom resource definitions.
"""

from __future__ import annotations

from aksess.policy.documents import API_VERSION, AccessPolicy, AddressGroup, ClusterAccessPolicy
from aksess.policy.reading import Policies, Written, read_policies
from aksess.policy.references import check_references
from aksess.policy.resolving import Allowed, Resolved, Target, resolve

__all__ = [
    "API_VERSION",
    "AccessPolicy",
    "AddressGroup",
    "Allowed",
    "ClusterAccessPolicy",
    "Policies",
    "Resolved",
    "Target",
    "Written",
    "check_references",
    "read_policies",
    "resolve",
]
