"""What is escaped reads, after rendering, exactly as it was, and brings no markup along."""

from __future__ import annotations

import pytest
from elements import elements, text_of
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aksess.report import gfm
from aksess.report.wording import cut, visible

_RENDERED = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_NASTY = st.text(st.sampled_from("ab1 |`\\*_~<>&[]()!#$@:/.-+=\n\t\"'"), max_size=40)
_TEXTS = st.one_of(_NASTY, st.text(max_size=40))


def _squeezed(text: str) -> str:
    """A text with its blanks as one, and with the one notation for a backslash before a bar."""
    return " ".join(text.split()).replace("\\u005c|", "\\|")


@given(_TEXTS)
def test_words_stay_words_in_a_table(text: str) -> None:
    page = _RENDERED.render("\n".join(gfm.table(("A", "B"), [(f"x{gfm.prose(text)}x", "end")], 10_000, "row")))
    cells = [each for each in elements(page) if each.tag == "td"]
    assert [_squeezed(each.text) for each in cells] == [_squeezed(f"x{visible(text)}x"), "end"]
    assert {each.tag for each in elements(page)} <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(_TEXTS)
def test_words_stay_words_in_a_list(text: str) -> None:
    page = _RENDERED.render("\n".join(gfm.bullets([f"x{gfm.prose(text)}x"], 10_000, "item")))
    assert _squeezed(text_of(page)) == _squeezed(f"x{visible(text)}x")
    assert {each.tag for each in elements(page)} <= {"ul", "li", "p", "code"}


@given(_TEXTS)
def test_code_stays_code_in_a_table(text: str) -> None:
    page = _RENDERED.render("\n".join(gfm.table(("A", "B"), [(gfm.code(text), "end")], 10_000, "row")))
    cells = [each for each in elements(page) if each.tag == "td"]
    shown = visible(text).strip()
    assert [_squeezed(each.text) for each in cells] == [_squeezed(shown), "end"]
    assert sum(each.tag == "code" for each in elements(page)) == bool(shown)


@given(_TEXTS)
def test_code_stays_code_in_a_list(text: str) -> None:
    page = _RENDERED.render("\n".join(gfm.bullets([f"x {gfm.code(text)}"], 10_000, "item")))
    shown = visible(text).strip()
    assert _squeezed(text_of(page)) == _squeezed(f"x {shown}")


@given(_TEXTS)
def test_no_text_ends_a_block(text: str) -> None:
    page = _RENDERED.render(gfm.fenced(f"+ {visible(text)}", "diff") + "\n\nafter")
    found = elements(page)
    assert [each.tag for each in found] == ["pre", "code", "p"]
    assert found[0].text == f"+ {visible(text)}\n"


@pytest.mark.parametrize(
    "text", ["see https://evil.example/x", "ask @somebody", "as in #12", "www.evil.example", "mail a@b.example", "GH-7"]
)
def test_what_github_would_link_stands_in_code(text: str) -> None:
    page = _RENDERED.render(gfm.prose(text))
    (code,) = [each for each in elements(page) if each.tag == "code"]
    assert code.text in text
    assert not gfm.prose(text).replace(f"`{code.text}`", "").strip(" abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize("text", ["1.2.3.4/32 + 10.0.0.0/8", "Internet (IPv4 only)", "shop.example.com"])
def test_plain_words_are_left_alone(text: str) -> None:
    assert gfm.prose(text) == text


def test_markup_is_escaped_where_another_reader_might_be_looser() -> None:
    assert gfm.prose("<b> & `x` $y$ # z ~~u~~") == "\\<b\\> \\& \\`x\\` \\$y\\$ \\# z \\~\\~u\\~\\~"
    # GitHub's own reader would end the cell at this bar
    assert gfm.code("a\\|b") == "`a\\u005c|b`"


def test_a_list_says_what_it_left_out() -> None:
    shown, rest = gfm.bullets([f"item {number}" for number in range(100)], 300, "thing")
    taken = len(shown.splitlines())
    assert 0 < taken < 100
    assert len(shown) <= 300
    assert rest == f"… {100 - taken} more things left out; `-o json` holds them."


def test_a_list_that_fits_says_nothing() -> None:
    assert gfm.bullets(["one", "two"], 300, "thing") == ["- one\n- two"]
    assert gfm.bullets([], 300, "thing") == []


def test_long_texts_are_cut() -> None:
    assert len(gfm.prose("x" * 5_000)) == 600
    assert cut("abcdef", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"


def test_characters_that_cannot_be_seen_are_shown_by_number() -> None:
    assert visible("a\u202eb\x1b[31m\ud800\U000e0041") == "a\\u202eb\\u001b[31m\\ud800\\U000e0041"
    assert visible(" a\n\tb ") == "a b"
    assert visible("Zürich — ✓") == "Zürich — ✓"
