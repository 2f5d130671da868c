"""The Azure cloud provider: what it writes into the security group that AKS manages, for which Service, and why.

The provider is a controller. For each Service of type LoadBalancer it edits one network security group, the same for
the whole cluster, and it does so from the group as it stands, one Service at a time. The package follows it step by
step, so that a prediction is what stands in Azure, to the name and the priority:

* `access_control`: what a Service asks for, entry by entry, and the decisions that follow;
* `behaviour`: what differs between versions;
* `rules`: the rules, their names and their limits;
* `wanted`: the rules that a Service asks for;
* `cluster`: what the provider knows around one Service;
* `reconcile`: one reconcile of one Service;
* `order`: what depends on who was reconciled last;
* `prediction`: all of them, and what cannot be known;
* `drift`: the prediction beside the group that is there.

Source: kubernetes-sigs/cloud-provider-azure. Recorded reconciles of that code are the oracle of this package.
"""

from __future__ import annotations

from aksess.layers.cloud_provider.access_control import AccessControl, Annotation, InvalidEntry, SourceRange
from aksess.layers.cloud_provider.behaviour import Behaviour
from aksess.layers.cloud_provider.cluster import Cluster
from aksess.layers.cloud_provider.drift import Difference, Drift, Kind, drift
from aksess.layers.cloud_provider.prediction import (
    ASSUMPTION,
    Origin,
    Prediction,
    Unlocated,
    behaviour_of,
    predict,
    reconciled,
)
from aksess.layers.cloud_provider.reconcile import Cause, Refusal, Step, reconcile
from aksess.layers.cloud_provider.rules import LIMIT, Usage, WrittenRule

__all__ = [
    "ASSUMPTION",
    "LIMIT",
    "AccessControl",
    "Annotation",
    "Behaviour",
    "Cause",
    "Cluster",
    "Difference",
    "Drift",
    "InvalidEntry",
    "Kind",
    "Origin",
    "Prediction",
    "Refusal",
    "SourceRange",
    "Step",
    "Unlocated",
    "Usage",
    "WrittenRule",
    "behaviour_of",
    "drift",
    "predict",
    "reconcile",
    "reconciled",
]
