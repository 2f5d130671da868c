"""A plan as two scripts for kubectl: one that carries it out, one that takes it back.

Every command is a merge patch that says the whole value of one field, so a script that stopped half-way is run again;
a field that goes is said as ``null``.

Source: RFC 7386 (JSON Merge Patch); kubectl reference, `kubectl patch --type merge`.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

from aksess.export.interface import Exported, Order
from aksess.export.scripts import scripts
from aksess.export.wording import Step, refused

__all__ = ["files"]

_NEEDS = "Needs kubectl and its current context. May be run again."


def files(order: Order) -> Iterator[Exported]:
    """``apply.sh`` and ``undo.sh``.

    Raises:
        ExportRefused: The plan changes nothing in Kubernetes, or an element of a list, which no merge patch can name.
    """
    return scripts(order, lambda each: not each.resource.is_azure, "in Kubernetes", _NEEDS, _command)


def _command(step: Step) -> str:
    resource, change = step.change.resource, step.change
    if not change.path:
        raise refused(step, "an object that is new has no field to patch", "apply its manifest with kubectl apply")
    value: Any = change.after
    for part in reversed(change.path):
        if isinstance(part, int):
            raise refused(step, "no merge patch can name an element of a list", "edit the manifest itself")
        value = {part: value}
    scope = ["--namespace", resource.namespace] if resource.namespace else []
    words = [
        ["kubectl", "patch", f"{resource.kind.lower()}/{resource.name}", *scope],
        ["--type", "merge", "--patch", json.dumps(value, ensure_ascii=True)],
    ]
    return " \\\n  ".join(shlex.join(line) for line in words) + "\n"
