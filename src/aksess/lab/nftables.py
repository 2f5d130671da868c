"""Loading packet filter rules into a network namespace of the lab.

A user namespace limits the buffer that a transaction has to fit in: some three hundred rules. Rules are therefore given
as single statements, which can be cut into several transactions; the part ``sndbuf`` lifts the limit where it is here.
Nothing is sent while rules are loaded, so nobody sees a half-loaded table.

Source: nft(8); Linux net/netlink (a send buffer beyond the limit needs a capability of the host).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from aksess.addresses import AddressSet
from aksess.errors import PartMissing, ProgramFailed
from aksess.lab.cabling import inside
from aksess.lab.parts import part

__all__ = ["addresses", "load", "named_set"]

_AT_ONCE = 100
_ELEMENTS = 400


def load(namespace: str, table: str, statements: Iterable[str]) -> None:
    """Replace a table by one made of statements (``add chain …``, ``add rule …``).

    Raises:
        ProgramFailed: nft refuses a statement.
    """
    fresh = [f"add table {table}", f"delete table {table}", f"add table {table}", *statements]
    environment, at_once = _unlimited()
    for chunk in _chunks(fresh, at_once or len(fresh)):
        done = subprocess.run(
            inside(namespace, *part("nft").command, "-f", "-"),
            input="\n".join(chunk) + "\n",
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ProgramFailed(f"nft refuses rules of {namespace}: {' '.join(done.stderr.split())[:600]}")


def named_set(table: str, name: str, members: AddressSet, family: int) -> Iterator[str]:
    """The statements that make a named set of the addresses of one family."""
    kind = "ipv4_addr" if family == 4 else "ipv6_addr"
    yield f"add set {table} {name} {{ type {kind}; flags interval; }}"
    for chunk in _chunks(members.family(family).to_cidrs(), _ELEMENTS):
        yield f"add element {table} {name} {{ {', '.join(chunk)} }}"


def addresses(members: AddressSet, family: int) -> str:
    """The addresses of one family as an anonymous set."""
    return f"{{ {', '.join(members.family(family).to_cidrs())} }}"


def _unlimited() -> tuple[dict[str, str], int]:
    """The environment that lifts the limit, and how many statements may go at once (0 for all)."""
    try:
        return {"LD_PRELOAD": str(part("sndbuf").path)}, 0
    except PartMissing:
        return {}, _AT_ONCE


def _chunks(items: Sequence[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
