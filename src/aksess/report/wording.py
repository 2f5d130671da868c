"""Words and characters that markdown and HTML share: counts, cuts, fixes as commands, and texts made safe to look at.

Texts come from manifests that anybody may have written. A line break, a terminal control or a direction override in a
name would let it pretend to be something else on the page, so such characters are shown by their numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["command_of", "count", "cut", "parted", "visible"]

_COMMANDS = ("kubectl ", "az ", "helm ")
_ADDRESS = re.compile(r"[^\s()]*(?:://|@|www\.|#\d|\bGH-\d)[^\s()]*", re.IGNORECASE)
"""What is an address of an exposure, or what a page might make a link of."""
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories that show nothing or change how others show."""


def visible(text: str) -> str:
    """A text on one line in which every character can be seen: breaks are blanks, others shown by their numbers."""
    if text.isprintable():
        return text
    return "".join(map(_visible, " ".join(text.split())))


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN:
        return char
    number = ord(char)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def cut(text: str, length: int) -> str:
    """A text of at most so many characters; one that is longer ends in ``…``."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def parted(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a sentence, each with whether it is an address (``https://shop.example.com/@20.50.60.70:443``)."""
    position = 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(".,;:")
        if found.start() > position:
            yield text[position : found.start()], False
        if address:
            yield address, True
        position = found.start() + len(address)
    if position < len(text):
        yield text[position:], False


def count(number: int, noun: str) -> str:
    """``1 exposure``, ``2,000 exposures``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def command_of(fix: str) -> tuple[str, str]:
    """The command that a fix consists of, empty where it is advice in words, and the advice, empty where none is."""
    if not fix.startswith(_COMMANDS):
        return "", fix
    command, _, remark = fix.partition("; ")
    return command, remark
