"""GitHub Flavored Markdown: texts that stay what they are, and tables and lists that know how long they may become.

A name from a manifest may hold anything. In words, every character that markdown, HTML or mathematics give a meaning
is escaped, and what GitHub would turn into a link or a mention stands in code font, where it does not. In code font
the fence is longer than any run of backticks in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from aksess.report.wording import count, cut, parted, visible

__all__ = ["bullets", "code", "details", "fenced", "prose", "table"]

_LONGEST = 600
"""Characters of one text; what is longer is cut, so that no single name can fill the page."""
_MARKUP = re.compile(r"[\\`*_\[\]<>~&$#]")
_TICKS = re.compile("`+")


def prose(text: str) -> str:
    """A text as words: no markup, no HTML; addresses in it (``https://…@…``) in code font instead of links."""
    shown = cut(visible(text), _LONGEST)
    return "".join(code(part) if is_address else _words(part) for part, is_address in parted(shown))


def code(text: str) -> str:
    """A text in code font; nothing for an empty one."""
    shown = cut(visible(text), _LONGEST).strip()
    if not shown:
        return ""
    # a table would take the bar for its own where a backslash stands before it
    shown = shown.replace("\\|", "\\u005c|")
    fence = _fence(shown, 1)
    room = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{room}{shown}{room}{fence}"


def fenced(body: str, language: str) -> str:
    """Lines in code font, as a block."""
    fence = _fence(body, 3)
    return f"{fence}{language}\n{body}\n{fence}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], room: int, noun: str) -> list[str]:
    """A table of finished cells, and what it left out; nothing where there are no rows.

    Args:
        heads: The heads of the columns.
        rows: The cells, as markdown.
        room: How many characters the table may take.
        noun: What a row is.
    """
    lines = [_row(heads), _row(["---"] * len(heads))]
    return _within(lines, [_row(each) for each in rows], room, noun)


def bullets(items: Iterable[str], room: int, noun: str) -> list[str]:
    """A list of finished items, and what it left out; nothing where there are none."""
    return _within([], [f"- {each}" for each in items], room, noun)


def details(title: str, parts: Iterable[str]) -> str:
    """Parts folded away under a title."""
    body = "\n\n".join(parts)
    return f"<details>\n<summary>{html.escape(visible(title))}</summary>\n\n{body}\n\n</details>"


def _words(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)


def _fence(text: str, least: int) -> str:
    return "`" * max([least, *(len(run) + 1 for run in _TICKS.findall(text))])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(each.replace('|', chr(92) + '|') for each in cells)} |"


def _within(head: list[str], lines: Sequence[str], room: int, noun: str) -> list[str]:
    """Head and as many lines as there is room for; then a note on the rest."""
    if not lines:
        return []
    taken = 0
    used = sum(len(each) + 1 for each in head)
    for line in lines:
        used += len(line) + 1
        if used > room:
            break
        taken += 1
    shown = ["\n".join([*head, *lines[:taken]])] if taken else []
    rest = len(lines) - taken
    return [*shown, f"… {count(rest, f'more {noun}')} left out; `-o json` holds them."] if rest else shown
