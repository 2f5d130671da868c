"""Rehearsals made by hand for tests: trials with what packets showed, without packets."""

from __future__ import annotations

from collections.abc import Sequence

from aksess.access.entries import Entry, EntryKind
from aksess.addresses import EVERYONE, Address, AddressSet, read_address
from aksess.lab.counters import Counted
from aksess.rehearsal.outcomes import Expected, Shown
from aksess.rehearsal.playing import Played, Rehearsal
from aksess.rehearsal.trials import LeftOut, Trial
from aksess.rulings import Citation, Layer

__all__ = ["ADMIN", "WEB", "address", "agreeing", "differing", "entry", "foreseen", "mixed", "played", "undecided"]

WEB = "tcp://shop/web:80@20.50.60.70:80"
ADMIN = "https://admin.example.com/@20.50.60.71:443"


def address(text: str) -> Address:
    """An address that must be one."""
    found = read_address(text)
    assert found is not None, text
    return found


def entry(where: str = "20.50.60.70", port: int = 80, protocol: str = "TCP") -> Entry:
    """A frontend."""
    citation = Citation(Layer.LOAD_BALANCER, "Service", "web", "shop")
    return Entry(EntryKind.FRONTEND, address(where), port, protocol, None, None, None, citation)


def foreseen(effect: str, status: int | None = None, seen: AddressSet = EVERYONE) -> Expected:
    """One outcome that may happen."""
    return Expected(effect, status, seen)


def played(exposure: str, source: str, expected: Sequence[Expected], shown: Shown) -> Played:
    """A trial of an exposure, whose id ends in its address and port."""
    where, _, port = exposure.rpartition("@")[2].rpartition(":")
    return Played(Trial(exposure, entry(where.strip("[]"), int(port)), address(source), tuple(expected)), shown)


def agreeing(exposure: str = WEB, source: str = "203.0.113.7") -> Played:
    """A connection that ended as foreseen."""
    return played(exposure, source, [foreseen("reached")], Shown("reached", 200, address(source)))


def differing(exposure: str = WEB, source: str = "198.51.100.7") -> Played:
    """A connection that got through where it should not."""
    expected = [foreseen("timeout"), foreseen("forbidden", 403), foreseen("timeout")]
    return played(exposure, source, expected, Shown("reached", 200, address("10.224.0.4")))


def undecided(exposure: str = WEB, source: str = "192.0.2.7") -> Played:
    """A connection of which the evaluator knows nothing."""
    return played(exposure, source, [], Shown("unavailable", 503))


def mixed(*more: Played, real: bool = False) -> Rehearsal:
    """One connection of every kind at one frontend, one at another, and all that a rehearsal may say beside."""
    forbidden = played(ADMIN, "198.51.100.9", [foreseen("forbidden", 403)], Shown("forbidden", 403))
    left_out = (
        LeftOut("api-server/shop", "API servers are not played"),
        LeftOut("tcp://a@1.2.3.4:30080", "public addresses of nodes are not played"),
        LeftOut("tcp://b@1.2.3.4:30081", "public addresses of nodes are not played"),
    )
    hops = {
        "20.50.60.70:80": (
            Counted("", "balancer", "frontends", False, 12),
            Counted("node-a", "subnet", "100 allow-some", False, 5),
            Counted("node-a", "subnet", "200 deny-all", True, 7),
            Counted("node-a", "kube-proxy", "shop/web: delivered", False, 4),
            Counted("node-a", "kube-proxy", "shop/web: source ranges", True, 1),
            Counted("node-b", "policy", "web rule 1", False, 2),
        )
    }
    every = (agreeing(), differing(), undecided(), forbidden, *more)
    return Rehearsal(real, every, left_out, ("no node was read: two are made up",), hops)
