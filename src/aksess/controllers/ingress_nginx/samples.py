"""A request path for a route: one that its location takes.

For a plain path that is the path itself. For an expression the shortest text is made that it fits: the first choice
of each group, nothing for what may be missing, one of what must be there.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from aksess.controllers.ingress_nginx.servers import Server
from aksess.controllers.ingress_nginx.uris import normal_path
from aksess.errors import ParseError
from aksess.estate.kubernetes import IngressPath

__all__ = ["sample_of", "shortest"]

_LONGEST = 4096
"""A repetition makes no text longer than this; a path that needs a longer one gets no sample."""
_SAFE = "/:@!$&'()*+,;=~-._%"
_CLASSES = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "b": "", "B": "", "A": "", "Z": "", "z": ""}


def sample_of(server: Server, written: IngressPath | None, path: str) -> str:
    """A request path that a location of a host takes; empty where none was found.

    Args:
        server: The host.
        written: The path of the location in its Ingress; None for the location that comes with the host.
        path: The path as it is written.
    """
    stem = shortest(path) if server.locations.are_expressions else path
    rooted = any(each.rules is not None and each.rules.app_root for each in server.locations.ordered)
    bare = stem.rstrip("/")
    for tried in dict.fromkeys((stem, f"{bare}/", f"{bare}/any", f"{stem}any", f"{stem}1", bare or "/")):
        if not tried.startswith("/") or (tried == "/" and rooted):
            continue
        asked = quote(tried, safe=_SAFE.replace("%", "") if "%" not in path else _SAFE)
        try:
            match = server.locations.find(normal_path(asked))
        except ParseError:
            continue
        if match.kind == "location" and match.location is not None and match.location.written is written:
            return asked
    return ""


def shortest(pattern: str) -> str:
    """The shortest text that an expression fits from its start, as far as it is a simple one; else nothing."""
    try:
        return _Shortest(pattern.replace("(?i)", "")).sequence()
    except RecursionError:
        return ""


class _Shortest:
    """Reads an expression from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def sequence(self) -> str:
        """The first choice up to the end or to the bracket that closes; other choices are passed over."""
        found = ""
        chosen = True
        while self._at < len(self._pattern) and self._pattern[self._at] != ")":
            if self._pattern[self._at] == "|":
                self._at += 1
                chosen = False
                continue
            text = self._repeated(self._element())
            found += text if chosen else ""
        return found

    def _element(self) -> str:
        char = self._pattern[self._at]
        self._at += 1
        if char == "(":
            head = re.compile(r"\?(?::|P?<\w+>|[=!]|<[=!])").match(self._pattern, self._at)
            self._at = head.end() if head else self._at
            inside = self.sequence()
            self._at += 1
            return "" if head and head.group()[-1] in "=!" else inside
        if char == "[":
            return self._class()
        if char == "\\" and self._at < len(self._pattern):
            self._at += 1
            escaped = self._pattern[self._at - 1]
            return _CLASSES.get(escaped, escaped)
        return {".": "a", "^": "", "$": ""}.get(char, char)

    def _class(self) -> str:
        end = self._pattern.find("]", self._at + 1)
        body = self._pattern[self._at : end] if end >= 0 else self._pattern[self._at :]
        self._at = end + 1 if end >= 0 else len(self._pattern)
        if body.startswith("^"):
            return next((char for char in "a1-" if char not in body), "a")
        if body.startswith("\\") and len(body) > 1:
            return _CLASSES.get(body[1], body[1])
        return body[:1]

    def _repeated(self, text: str) -> str:
        quantifier = re.compile(r"[*+?]|\{(\d*)(?:,\d*)?\}").match(self._pattern, self._at)
        if quantifier is None:
            return text
        self._at = quantifier.end()
        if self._pattern[self._at : self._at + 1] in {"?", "+"}:
            self._at += 1
        sign = quantifier.group()
        if sign in {"*", "?"}:
            return ""
        if sign == "+":
            return text
        times = int(quantifier.group(1).lstrip("0")[:3] or "0")
        return text * min(times, 64, _LONGEST // max(len(text), 1))
