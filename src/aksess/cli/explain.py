"""``aksess explain``: what happens to a source at a target."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from aksess.cli import printing
from aksess.cli.options import AsOf, Input, Output, Strict
from aksess.cli.progress import working
from aksess.cli.reading import read

__all__ = ["explain"]


def explain(
    source: str,
    target: str,
    /,
    given: Input = Input(),  # noqa: B008 (frozen)
    *,
    output: Output = "text",
    expect: Annotated[
        Literal["allowed", "denied"] | None, Parameter(help="Exit with 2 unless this is the verdict.")
    ] = None,
    entry: Annotated[
        str, Parameter(metavar="ADDRESS[:PORT]", help="Ask about one frontend only.", show_default=False)
    ] = "",
    exact: Annotated[
        bool, Parameter(help="Ask about one request: nothing is sent but what is given.", negative=())
    ] = False,
    header: Annotated[
        tuple[str, ...], Parameter(metavar="'NAME: VALUE'", help="A header that is sent. Repeatable.", negative=())
    ] = (),
    proxy_line: Annotated[
        str, Parameter(metavar="ADDRESS", help="The address that a PROXY line claims.", show_default=False)
    ] = "",
    credentials: Annotated[bool, Parameter(help="Correct credentials are sent.", negative=())] = False,
    method: Annotated[str, Parameter(metavar="METHOD", help="HTTP method.", show_default=False)] = "",
    strict: Strict = False,
    as_of: AsOf = None,
) -> int:
    """What happens to a source at a target, hop by hop, and which rule decides.

    Without more, the answer covers every choice that the client has: headers it can forge, a PROXY line it can send,
    its source port. Each of --header, --proxy-line, --credentials and --method implies --exact.

    Args:
        source: An address, a CIDR, or a service tag.
        target: https://host/path, tcp://ADDRESS:PORT, udp://ADDRESS:PORT, tcp://NAMESPACE/SERVICE:PORT, or api-server.
    """
    from aksess import library
    from aksess.cli.requests import sent_of

    sent = sent_of(header, proxy_line, credentials, method, exact)
    estate = read(given)
    with working("answering"):
        found = library.explain(estate, source, target, sent=sent, entry=entry, strict=strict)
        findings = library.findings_about(estate, found, as_of=as_of)
    if output == "json":
        from aksess.report import structured

        printing.plain(structured.encode(structured.explanation(found, (each.check for each in findings))))
    elif output == "markdown":
        from aksess.report import markdown

        printing.plain(markdown.explanation(found, findings))
    elif output == "html":
        from aksess.report import html

        printing.plain(html.explanation(found, findings, library.names(estate)))
    else:
        from aksess.report import text

        printing.page(*text.explanation(found, findings, library.names(estate)))
    return 2 if expect is not None and found.verdict != expect else 0
