"""Progress on stderr for work that takes longer than a second; silent for everything faster."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["working"]

_PATIENCE = 1.0
_STEP = 0.2


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say what is going on while the block runs, from the first second on.

    On a terminal one line counts the seconds and disappears at the end; elsewhere it is written once.
    """
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(what, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(what: str, done: threading.Event) -> None:
    began = time.monotonic()
    if done.wait(_PATIENCE):
        return
    if not sys.stderr.isatty():
        print(f"aksess: {what} …", file=sys.stderr, flush=True)
        return
    while not done.wait(_STEP):
        print(f"\r{what} … {time.monotonic() - began:.0f} s", end="", file=sys.stderr, flush=True)
    print("\r\033[K", end="", file=sys.stderr, flush=True)
