"""``aksess predict``: the estate as it will be after a plan and everything that reacts to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from aksess.cli.progress import working
from aksess.errors import InputError

__all__ = ["predict"]

_FILE = "predicted.aksess"


def predict(
    plan: str, *, to: Annotated[Path, Parameter(metavar="FOLDER", help="Where to write it.", negative=())]
) -> int:
    """Write the estate after a plan, with what the cloud provider makes of it, as a snapshot that -f reads."""
    from aksess.plan import reactions, stored
    from aksess.snapshot import archive

    found = stored.load(plan)
    with working("predicting"):
        after = reactions.after(found.estate(), found.changes)
    try:
        to.mkdir(parents=True, exist_ok=True)
        (to / _FILE).write_bytes(archive.write(after))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(to)) from None
    print(f"aksess: {to / _FILE} written; read it with -f {to}", file=sys.stderr)
    return 0
