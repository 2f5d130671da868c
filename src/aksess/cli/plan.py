"""``aksess plan``: what to change so that an estate is what policies say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from aksess.cli import plan_pages
from aksess.cli.options import Input, Output, PolicyFiles
from aksess.cli.progress import working
from aksess.errors import InputError, UsageError

__all__ = ["plan"]


def plan(
    given: Input = Input(),  # noqa: B008 (frozen)
    *,
    policies: PolicyFiles = (),
    out: Annotated[
        Path | None, Parameter(metavar="PLAN", help="Write the plan to this file, for show and predict.", negative=())
    ] = None,
    caller: Annotated[
        str, Parameter(metavar="ADDRESS", help="The address that you come from: it keeps its way to the API server.")
    ] = "",
    allow: Annotated[
        tuple[str, ...], Parameter(metavar="SLUG", help="Override a guard, by its slug. Repeatable.", negative=())
    ] = (),
    detailed_exitcode: Annotated[bool, Parameter(help="Exit with 2 where there are changes.", negative=())] = False,
    output: Output = "text",
) -> int:
    """The smallest ordered list of changes that makes the estate what policies say; nothing is applied.

    The result is evaluated, not trusted: predicted access is exactly what the policies say, or the plan is refused.
    """
    from aksess import library
    from aksess.plan import stored

    if not given.filename:
        raise InputError("no input was given", hint="name files or folders with -f")
    if not policies:
        raise UsageError("no policy was given", hint="name files or folders with -p, or start with aksess policy init")
    if out is not None and "-" in given.filename:
        raise InputError("a plan for standard input cannot be kept", hint="name files or folders with -f")
    with working("planning"):
        found = library.plan(given.filename, policies, exclude=given.exclude, caller=caller, allow=allow)
        document = stored.document(found, given.filename, given.exclude)
    if out is not None and not found.refused:
        from aksess.report import structured

        try:
            out.write_text(structured.encode(document) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=str(out)) from None
    plan_pages.write(document, output)
    if found.refused:
        return 1
    return 2 if detailed_exitcode and found.changes else 0
