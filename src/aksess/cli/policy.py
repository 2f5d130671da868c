"""``aksess policy``: write the policies that describe today's access, check policies."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App, Parameter

from aksess.cli import printing
from aksess.cli.options import Input, PolicyFiles
from aksess.cli.progress import working
from aksess.errors import InputError, UsageError

__all__ = ["check", "init", "policy"]

policy = App("policy", help="Who may reach what, as a document.", help_format="plaintext")


@policy.command
def init(given: Input = Input()) -> int:  # noqa: B008 (frozen)
    """Print the policies that describe today's access exactly: planning them changes nothing.

    What a policy cannot say is a comment in its place, and on stderr.
    """
    from aksess import library
    from aksess.report import plans

    if not given.filename:
        raise InputError("no input was given", hint="name files or folders with -f")
    with working("reading"):
        found = library.todays_policies(*given.filename, exclude=given.exclude)
    printing.plain(plans.policies(found))
    for each in found:
        if each.remark:
            print(f"aksess: not said: {each.remark}", file=sys.stderr)
    return 0


@policy.command
def check(
    given: Input = Input(),  # noqa: B008 (frozen)
    *,
    policies: PolicyFiles = (),
    output: Annotated[str, Parameter(name=["--output", "-o"], help="text or json.", negative=())] = "text",
) -> int:
    """Validate policies; with an estate (-f), also whether it is what they say. Exits with 2 where it is not."""
    from aksess import library
    from aksess.report import plans, structured

    if not policies:
        raise UsageError("no policy was given", hint="name files or folders with -p")
    with working("checking"):
        found = library.check_policies(policies, given.filename, exclude=given.exclude)
    if output == "json":
        printing.plain(structured.encode(plans.held(found)))
    else:
        printing.page(*plans.checked(found, estate=bool(given.filename)))
    return 2 if found else 0
