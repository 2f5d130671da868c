"""The path of a request as nginx sees it before it looks for a location.

Percent signs are decoded, slashes merged, dots resolved; the query and a fragment are cut off. What nginx cannot
read is answered with 400 to everybody. A decoded slash or dot counts like a plain one, a decoded question mark,
number sign or percent sign does not.

Source: nginx src/http/ngx_http_parse.c `ngx_http_parse_complex_uri`, with ``merge_slashes on``.
"""

from __future__ import annotations

from aksess.errors import ParseError

__all__ = ["as_location", "normal_path"]

_HEX = "0123456789abcdefABCDEF"
_LITERAL = frozenset("%#?")


def as_location(text: str) -> str:
    """A path as it is written in an object, one character a byte, so that it compares with `normal_path`."""
    return text if text.isascii() else text.encode().decode("latin-1")


def normal_path(target: str) -> str:
    """The path that nginx matches locations with, one character a byte.

    Args:
        target: The request target: a path that begins with a slash, perhaps with a query.

    Raises:
        ParseError: nginx answers 400: a broken percent sign, a zero byte, or more ``..`` than there are segments.
    """
    raw = as_location(target)
    if "%" not in raw and "//" not in raw and "/." not in raw and "?" not in raw and "#" not in raw:
        return raw
    segments: list[str] = []
    current: list[str] = []
    dots = True  # whether the segment so far holds nothing but dots
    for char, plain in _characters(raw):
        if char == "/" and plain:
            _close(segments, current, dots, last=False)
            current, dots = [], True
        else:
            current.append(char)
            dots = dots and char == "."
    _close(segments, current, dots, last=True)
    return "/" + "/".join(segments)


def _close(segments: list[str], current: list[str], dots: bool, *, last: bool) -> None:
    """Take a finished segment; the empty one at the end stands for a trailing slash."""
    text = "".join(current)
    special = dots and text in {".", ".."}
    if special and text == "..":
        if not segments:
            raise ParseError("the path leads above the root")
        segments.pop()
    if last:
        segments.append("" if special else text)
    elif text and not special:
        segments.append(text)


def _characters(raw: str) -> list[tuple[str, bool]]:
    """The decoded characters after the first slash, each with whether it may part segments."""
    found: list[tuple[str, bool]] = []
    index = 1 if raw.startswith("/") else 0
    while index < len(raw):
        char = raw[index]
        index += 1
        if char in "?#":
            break
        if char != "%":
            found.append((char, True))
            continue
        digits = raw[index : index + 2]
        if len(digits) < 2 or digits[0] not in _HEX or digits[1] not in _HEX:
            raise ParseError("a percent sign without two hexadecimal digits")
        char = chr(int(digits, 16))
        if char == "\0":
            raise ParseError("a zero byte")
        index += 2
        found.append((char, char not in _LITERAL))
    return found
