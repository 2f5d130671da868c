"""What a client saw of one connection, in the words of the contract, and whether it was foreseen.

The lab's applications and controllers say who they are: ``X-Reached`` names the Service that was asked, ``X-Judged``
the address that was judged, ``X-Code`` marks an error page that a controller asked a Service for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aksess.addresses import Address, AddressSet, read_address
from aksess.lab.prober import Seen

__all__ = ["Expected", "Shown", "agrees", "shown"]

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_JUDGED = re.compile(rb"\r\nX-Judged: ([^\r]*)")
_REACHED = re.compile(rb"X-Reached: [^\r]")
_CODE = re.compile(rb"X-Code: \d")
_EFFECTS = {401: "unauthorized", 403: "forbidden", 404: "not-found", 503: "unavailable"}


@dataclass(frozen=True, slots=True)
class Expected:
    """One outcome that may happen: effect, HTTP status, and which addresses may be judged."""

    effect: str
    status: int | None
    seen: AddressSet

    def __str__(self) -> str:
        return f"{self.effect}{f' {self.status}' if self.status else ''}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a client saw: effect, HTTP status and the address that was judged, as far as it was told."""

    effect: str
    status: int | None = None
    judged: Address | None = None

    def __str__(self) -> str:
        status = f" {self.status}" if self.status else ""
        return f"{self.effect}{status}{f' as {self.judged}' if self.judged else ''}"


def shown(seen: Seen) -> Shown:
    """A result of the prober in the words of the contract."""
    if seen.effect == "timeout":
        return Shown("timeout")
    if seen.effect in {"refused", "closed"}:
        return Shown("refused")
    if seen.effect == "unsendable":
        return Shown("unsendable")
    found = _STATUS.match(seen.answer)
    judged = _JUDGED.search(b"\r\n" + seen.answer)
    address = read_address(judged[1].decode().removeprefix("::ffff:")) if judged else None
    if _CODE.search(seen.answer):
        # an error page: the controller asked a Service for it, with the code that it stands for
        return Shown("answered", int(found[1]) if found else None, None)
    if _REACHED.search(seen.answer):
        return Shown("reached", int(found[1]) if found else None, address)
    if found is None:
        return Shown("reached" if not seen.answer else "refused")
    status = int(found[1])
    effect = _EFFECTS.get(status, "redirected" if 300 <= status < 400 else "answered")
    return Shown(effect, status, address)


def agrees(expected: Sequence[Expected], found: Shown) -> bool:
    """Whether what was shown is one of the outcomes that were foreseen."""
    return any(_same(each, found) for each in expected)


def _same(expected: Expected, found: Shown) -> bool:
    if expected.effect != found.effect:
        return False
    if expected.status is not None and found.status is not None and expected.status != found.status:
        return False
    return found.judged is None or expected.effect not in {"reached", "forbidden"} or found.judged in expected.seen
