"""``aksess export``: a plan as files that somebody, or GitOps, carries out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from aksess.cli.progress import working
from aksess.errors import InputError, UsageError

__all__ = ["export"]


def export(
    plan: str,
    *,
    form: Annotated[
        str, Parameter(name="--as", metavar="FORMAT", help="az, bicep, helm, kubectl, kustomize, terraform.")
    ],
    to: Annotated[Path, Parameter(metavar="FOLDER", help="Where to write the files.", negative=())],
) -> int:
    """Write a plan as files that carry it out, in the order of the plan.

    What belongs to the other side (Kubernetes or Azure) is named in a comment, with the format that says it.
    """
    from aksess.export.interface import Order
    from aksess.export.registry import FORMATS
    from aksess.plan import stored

    chosen = FORMATS.get(form)
    if chosen is None:
        raise UsageError(f"--as {form} is none of {', '.join(FORMATS)}")
    found = stored.load(plan)
    roots = [Path(each) for each in found.document["files"]]
    with working("exporting"):
        snapshot = found.estate()
        places = [each.place for each in snapshot.objects] + [each.place for each in snapshot.resources]
        files = [Path(each) for each in dict.fromkeys(place.file for place in places)]
        written = list(chosen(Order(found.changes, snapshot, files, roots)))
    for each in written:
        file = to / each.path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(each.text, encoding="utf-8")
            if each.executable:
                file.chmod(0o755)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=str(file)) from None
        print(f"aksess: {file} written", file=sys.stderr)
    return 0
