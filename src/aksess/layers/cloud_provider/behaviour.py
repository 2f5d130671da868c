"""What differs between the versions of the cloud provider.

AKS runs the provider whose minor version is that of the cluster, with a patch release of its own choosing that nobody
can see from outside. So the cluster's version tells the minor version, and what came with a patch release is unknown.

| minor version | names of rules | `Internet` beside a /0 | owns | opt-out annotation |
|---|---|---|---|---|
| up to 1.28 | one rule a Service, port and source | written | – | no |
| 1.29 | shared rules, `k8s-azure-lb_…` | written | every rule at 500–4096 | no |
| 1.30 | same | left out | every rule at 500–4096 | no |
| 1.31–1.34 | same | left out | rules of its name at 500–4096, and their destinations | no |
| 1.35 | same | left out | same | from 1.35.6 |
| 1.36 | same | left out | same | from 1.36.2 |

Source: kubernetes-sigs/cloud-provider-azure, the last patch release of each minor version; pull requests 9417
(ownership by name, in the patch releases after September 2025) and 10508 (opt-out).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["CURRENT", "Behaviour"]

_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?")
_FIRST_PREDICTED = (1, 29)
_FIRST_WITHOUT_INTERNET_BESIDE_ALL = (1, 30)
_FIRST_OWNING_BY_NAME = (1, 31)
_OPT_OUT_PATCH = {(1, 35): 6, (1, 36): 2}
_FIRST_WITH_OPT_OUT = (1, 37)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one version of the provider behaves.

    Attributes:
        version: The version that this describes; empty for an unknown one, which is taken for a current one.
        predicted: Whether its rules can be predicted; those of versions up to 1.28 cannot.
        internet_beside_all: Whether the `Internet` rule is written although a list holds a /0.
        owns_by_name: Whether only rules named ``k8s-azure-lb…`` are its own, and are cleared of destinations that no
            Service or node has; otherwise every rule at its priorities is its own.
        opt_out: Whether a Service can ask for no rules; None where that depends on the unknown patch release.
    """

    version: str = ""
    predicted: bool = True
    internet_beside_all: bool = False
    owns_by_name: bool = True
    opt_out: bool | None = None

    @classmethod
    def of_version(cls, version: str) -> Behaviour:
        """The behaviour of a version of the provider: ``1.34``, ``v1.35.6``.

        Args:
            version: Minor version, or a patch release. A text that is no version counts as unknown.
        """
        found = _VERSION.match(version)
        if found is None:
            return cls()
        minor = (int(found[1]), int(found[2]))
        return cls(
            version,
            predicted=minor >= _FIRST_PREDICTED,
            internet_beside_all=minor < _FIRST_WITHOUT_INTERNET_BESIDE_ALL,
            owns_by_name=minor >= _FIRST_OWNING_BY_NAME,
            opt_out=_opt_out(minor, None if found[3] is None else int(found[3])),
        )

    @classmethod
    def of_cluster(cls, version: str) -> Behaviour:
        """The behaviour in a cluster of a Kubernetes version: that of the minor version, whatever its patch release."""
        found = _VERSION.match(version)
        return cls() if found is None else cls.of_version(f"{found[1]}.{found[2]}")


def _opt_out(minor: tuple[int, int], patch: int | None) -> bool | None:
    if minor >= _FIRST_WITH_OPT_OUT:
        return True
    first = _OPT_OUT_PATCH.get(minor)
    if first is None:
        return False
    return None if patch is None else patch >= first


CURRENT = Behaviour.of_version("1.37")
"""The behaviour of the newest version that is known."""
