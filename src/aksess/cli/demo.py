"""``aksess demo``: a small estate with planted faults, written to a folder, audited, and ready for questions."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from aksess.cli import printing

__all__ = ["demo"]

_FILES = ("controller.yaml", "applications.yaml", "azure.json")
_TRY = """
Try:
  {program} explain 198.51.100.7 https://shop.example.com/admin -f {folder}
  {program} who https://shop.example.com/admin -f {folder}
  {program} explain 45.155.205.9 https://backoffice.example.net/ -f {folder}
  {program} checks allow-list-bypassed
  {program} audit -f {folder} -o html > report.html
Then edit a file in {folder} and ask again.
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
    printing.plain(_TRY.format(program=_program(), folder=to))
    return 0


def _program() -> str:
    """How this program was called, so that the lines can be copied where it is not on the path."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "aksess" and not called.is_absolute() else "aksess"
