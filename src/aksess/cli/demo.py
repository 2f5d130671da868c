"""``aksess demo``: a small estate with planted faults, written to a folder, audited, and ready for questions."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from aksess.cli import printing

__all__ = ["demo"]

_FILES = ("controller.yaml", "applications.yaml", "azure.json")
_TRY = """
Try:
  aksess explain 198.51.100.7 https://shop.example.com/admin -f {0}
  aksess who https://shop.example.com/admin -f {0}
  aksess explain 45.155.205.9 https://backoffice.example.net/ -f {0}
  aksess checks allow-list-bypassed
  aksess audit -f {0} -o html > report.html
Then edit a file in {0} and ask again.
"""


def demo(
    *,
    to: Annotated[
        Path, Parameter(metavar="FOLDER", help="Where to write the estate; existing files are not overwritten.")
    ] = Path("aksess-demo"),
) -> int:
    """Write a small estate with planted faults, and audit it.

    Seven applications of one company on one cluster: manifests, the security groups and the load balancer in front.
    """
    from aksess import library
    from aksess.errors import InputError
    from aksess.report import text

    source = Path(__file__).parent.parent / "demo"
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            if not (to / name).exists():
                shutil.copyfile(source / name, to / name)
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", where=str(error.filename or to)) from None
    estate = library.read(to)
    found = library.audit(estate)
    printing.page(*text.audit(found, library.names(estate)))
    printing.plain(_TRY.format(to))
    return 0
