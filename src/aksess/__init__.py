"""aksess: who can reach this application on AKS, through which rule, and how to lock it down.

Read an estate, then ask:

    >>> import aksess
    >>> estate = aksess.read("cluster/")
    >>> answer = aksess.explain(estate, "203.0.113.7", "https://shop.example.com/")
    >>> answer.verdict
    <Verdict.DENIED: 'denied'>

What is listed in ``__all__`` is the public surface; everything else may change. Modules are loaded when they are first
used, so that ``aksess --help`` costs nothing but itself.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aksess.addresses import AddressSet
    from aksess.errors import AksessError
    from aksess.estate import Estate
    from aksess.library import Audit, Sent, audit, diff, explain, read, who
    from aksess.rulings import Effect, Layer, Verdict

__all__ = [
    "AddressSet",
    "AksessError",
    "Audit",
    "Effect",
    "Estate",
    "Layer",
    "Sent",
    "Verdict",
    "audit",
    "diff",
    "explain",
    "read",
    "who",
]

__version__ = "0.1.0"

_HOMES = {
    "AddressSet": "aksess.addresses",
    "AksessError": "aksess.errors",
    "Estate": "aksess.estate",
    "Effect": "aksess.rulings",
    "Layer": "aksess.rulings",
    "Verdict": "aksess.rulings",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'aksess' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "aksess.library")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
