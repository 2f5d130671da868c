"""HTML as a list of elements, for tests: tags with attributes, and the text that stands in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Element", "elements", "text_of"]

_EMPTY = {"meta", "link", "br", "hr", "img", "input", "wbr", "path", "circle", "rect", "use"}


@dataclass
class Element:
    """One element."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    above: tuple[str, ...] = ()


@dataclass
class _Reader(HTMLParser):
    found: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), above=tuple(each.tag for each in self.open))
        self.found.append(element)
        if tag not in _EMPTY:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in _EMPTY:
            return
        assert self.open, f"</{tag}> at {self.getpos()} closes nothing"
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}> at {self.getpos()}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for each in self.open:
            each.text += data


def elements(page: str) -> list[Element]:
    """Every element of a page; fails where one is not closed as it should be."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open, f"never closed: {[each.tag for each in reader.open]}"
    return reader.found


def text_of(page: str) -> str:
    """The text of a fragment."""
    reader = _Reader()
    reader.feed(f"<div>{page}</div>")
    reader.close()
    return reader.found[0].text
