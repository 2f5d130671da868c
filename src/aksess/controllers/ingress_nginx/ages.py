"""The order of Ingresses: the oldest first, and what follows where an age is not known.

Objects from files carry no creation time. Then every order is possible in which the known ages keep theirs, and only
what comes out the same in all of them is known. Few orders are tried one by one. Where there are more, each Ingress of
unknown age is put first in turn, because whatever Ingresses compete for goes to the first of them. Where even that is
too much, what they compete for is left open (`Contest`).

Source: kubernetes/ingress-nginx internal/ingress/controller/store/store.go `sortIngressSlice`: by creation time, then
by ``namespace/name`` backwards.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import permutations

from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.servers import Share
from aksess.controllers.ingress_nginx.uris import as_location
from aksess.estate.kubernetes import Ingress

__all__ = ["FEW", "Contest", "contest_of", "is_dated", "oldest_first", "orders"]

FEW = 4
"""Up to so many Ingresses of one host, every possible order is tried."""

_MANY = 12
"""From so many Ingresses of unknown age that may change something, nothing is tried."""

_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
_LAST = "~"


@dataclass(frozen=True, slots=True)
class Contest:
    """What many Ingresses of unknown age compete for on one host.

    Attributes:
        paths: The locations, as nginx names them.
        whole: Whether something that holds for the whole host is among it.
        leads: Whether the location ``/`` that comes with the host may lead to a Service.
    """

    paths: frozenset[str]
    whole: bool
    leads: bool


def is_dated(ingress: Ingress) -> bool:
    """Whether the age of an Ingress is known."""
    return _stamp(ingress) != _LAST


def oldest_first(ingresses: Iterable[Ingress]) -> list[Ingress]:
    """Ingresses in the order of the controller; those of unknown age last."""
    by_name = sorted(ingresses, key=lambda each: f"{each.namespace}/{each.name}", reverse=True)
    return sorted(by_name, key=_stamp)


def orders(shares: Sequence[Share]) -> Iterator[Sequence[Share]]:
    """Orders that stand for every possible one, beginning with the given one.

    Args:
        shares: What the Ingresses of one host give to it, the oldest first, those of unknown age last. Where
            `contest_of` says that they are too many, only the given order is there.
    """
    yield shares
    if len(shares) == 1 or all(is_dated(share.rules.ingress) for share in shares):
        return
    if len(shares) <= FEW:
        known = [share for share in shares if is_dated(share.rules.ingress)]
        for order in permutations(shares):
            kept = [share for share in order if is_dated(share.rules.ingress)]
            if kept == known and list(order) != list(shares):
                yield order
        return
    chosen = _representatives(shares)
    if len(chosen) <= _MANY:
        for first in chosen:
            yield [first, *(share for share in shares if share is not first)]


def contest_of(shares: Sequence[Share]) -> Contest | None:
    """What Ingresses of unknown age compete for, where they are too many to try them; None where they are not."""
    if len(shares) <= FEW or len(_representatives(shares)) <= _MANY:
        return None
    count = _writers(shares)
    unknown = [share for share in shares if not is_dated(share.rules.ingress)]
    paths = {path.path for share in unknown for path in share.paths if count[path.path] > 1}
    rules = [share.rules for share in shares if share.rules.canary is None]
    speaking: tuple[Callable[[IngressRules], object], ...] = (
        lambda each: each.server_snippet,
        lambda each: each.client_certificate,
        lambda each: each.ssl_passthrough,
        lambda each: each.use_regex or bool(each.rewrite_target),
    )
    whole = any(len({value for each in rules if (value := ask(each))}) > 1 for ask in speaking[:2]) or any(
        len({ask(each) for each in rules}) > 1 for ask in speaking[2:]
    )
    names = {"/"} | {name for path in paths for name in (as_location(path), as_location(path).rstrip("/") + "/")}
    return Contest(frozenset(names), whole, any(each.ingress.default_backend is not None for each in rules))


def _representatives(shares: Sequence[Share]) -> list[Share]:
    """Ingresses of unknown age, one for all that share no path with another and would look the same at ``/``."""
    count = _writers(shares)
    found: list[Share] = []
    seen: set[tuple[object, ...]] = set()
    for share in shares:
        if is_dated(share.rules.ingress):
            continue
        if any(count[path.path] > 1 for path in share.paths):
            found.append(share)
            continue
        key = share.rules.behaviour
        if key not in seen:
            seen.add(key)
            found.append(share)
    return found


def _writers(shares: Sequence[Share]) -> Counter[str]:
    return Counter(path.path for share in shares for path in share.paths)


def _stamp(ingress: Ingress) -> str:
    text = ingress.created
    if _PLAIN.match(text):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _LAST
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.tzinfo else _LAST
