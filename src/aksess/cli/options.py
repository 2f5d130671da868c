"""What several commands take: the input, the form of the output, and how answers are judged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Group, Parameter

__all__ = ["AsOf", "Input", "Output", "PolicyFiles", "Strict"]

_INPUT = Group("Input", sort_key=1)

Output = Annotated[
    Literal["text", "json", "markdown", "html"],
    Parameter(name=["--output", "-o"], help="Form of the result.", negative=()),
]
Strict = Annotated[bool, Parameter(help="Count what rests on an assumption as indeterminate.", negative=())]
PolicyFiles = Annotated[
    tuple[str, ...],
    Parameter(name=["--policy", "-p"], metavar="POLICY", help="File or folder of policies. Repeatable.", negative=()),
]
AsOf = Annotated[
    dt.date | None,
    Parameter(help="The day on which end-of-support dates are judged; today by default.", metavar="DATE"),
]


@Parameter(name="*", group=_INPUT)
@dataclass(frozen=True, slots=True)
class Input:
    """What to read."""

    filename: Annotated[
        tuple[str, ...],
        Parameter(
            name=["--filename", "-f"],
            metavar="PATH",
            help="File, folder, glob or - for stdin: manifests, kubectl and az output, ARM replies, service tags, "
            "snapshots. Repeatable.",
            negative=(),
            allow_leading_hyphen=True,  # for a lone hyphen
        ),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        Parameter(metavar="GLOB", help="Files to leave out on purpose. Repeatable.", negative=()),
    ] = ()
