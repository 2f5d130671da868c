"""``aksess rehearse``: an estate as real packets, against what the evaluator says."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from aksess.cli import printing
from aksess.cli.options import Input, Output
from aksess.cli.progress import working
from aksess.cli.reading import read
from aksess.errors import InputError

__all__ = ["rehearse"]


def rehearse(
    given: Input = Input(),  # noqa: B008 (frozen)
    *,
    real: Annotated[
        bool, Parameter(help="Let the real kube-proxy and the real ingress-nginx controller play.", negative=())
    ] = False,
    source: Annotated[
        tuple[str, ...],
        Parameter(
            name="--from",
            metavar="SOURCE",
            help="Try the edges of this address, CIDR or service tag. Repeatable; derived from the answers else.",
            negative=(),
        ),
    ] = (),
    output: Output = "text",
) -> int:
    """Play the estate as real packets on this machine, and say where they go another way than foreseen.

    Nothing outside this machine is touched, and no root is needed: everything lives in namespaces that are gone when
    the command ends. Exits with 2 where a connection ends otherwise than `aksess explain` says.
    """
    from aksess import library

    if "-" in given.filename:
        raise InputError("an estate from standard input cannot be rehearsed", hint="name files or folders with -f")
    estate = read(given)
    with working("rehearsing"):
        found = library.rehearse(estate, given.filename, exclude=given.exclude, sources=source, real=real)
    if output == "json":
        from aksess.report import rehearsals, structured

        printing.plain(structured.encode(rehearsals.structured(found)))
    elif output == "markdown":
        from aksess.report import rehearsals

        printing.plain(rehearsals.markdown(found))
    elif output == "html":
        from aksess.report import html

        printing.plain(html.rehearsal(found))
    else:
        from aksess.report import rehearsals

        printing.page(*rehearsals.text(found))
    return 2 if found.differences else 0
