"""From the input options to an estate, with what people should know about it on stderr."""

from __future__ import annotations

from aksess.cli.options import Input
from aksess.cli.progress import working
from aksess.errors import InputError
from aksess.estate import Estate

__all__ = ["read"]


def read(given: Input) -> Estate:
    """The estate of the input options.

    Raises:
        InputError: Nothing was named, a path does not exist, or nothing in it was understood.
    """
    from aksess import library

    if not given.filename:
        raise InputError("no input was given", hint="name files or folders with -f; `aksess demo` writes some to try")
    with working("reading"):
        return library.read(*given.filename, exclude=given.exclude)
