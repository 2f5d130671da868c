"""Reading the pages of checks: headings, head line, the estate of the example, and the messages that it quotes.

The example of a page is an estate in fenced blocks. The name of a file is the first line of its block (``# shop.yaml``)
or, for JSON, the bold line above it (``**network.json**``).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import aksess
from aksess.checks.interface import Finding

__all__ = ["AS_OF", "FOLDER", "HEADINGS", "Page", "findings_of"]

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "checks"
AS_OF = dt.date(2026, 11, 25)
HEADINGS = ("What it finds", "Why it matters", "Example", "What to do", "How we know")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CAPTION = re.compile(r"\*\*([\w.-]+)\*\*\s*\Z")
_FIRST_LINE = re.compile(r"#\s*([\w.-]+\.yaml)\s*\n")
_HEAD = re.compile(r"> (error|warning|note) · (.+)\Z")


@dataclass(frozen=True)
class Page:
    """One page, as it is written."""

    slug: str
    text: str

    @classmethod
    def of(cls, slug: str) -> Page:
        return cls(slug, (FOLDER / f"{slug}.md").read_text(encoding="utf-8"))

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def title(self) -> str:
        return self.lines[0].removeprefix("# ")

    @property
    def head(self) -> tuple[str, str]:
        """Severity and one-line title."""
        found = _HEAD.match(self.lines[1])
        assert found, f"{self.slug}: the second line is no head line: {self.lines[1]!r}"
        return found[1], found[2]

    @cached_property
    def outline(self) -> list[str]:
        """The headings below the title, in order; lines of fenced blocks are none."""
        outside = _FENCE.sub("", self.text)
        return [line.lstrip("# ") for line in outside.splitlines()[1:] if line.startswith("#")]

    def section(self, heading: str) -> str:
        """The text below a heading, up to the next."""
        inside = re.split(r"^## (.+)$", self.text, flags=re.MULTILINE)
        return dict(zip(inside[1::2], inside[2::2], strict=True))[heading]

    @cached_property
    def files(self) -> dict[str, str]:
        """The estate of the example: text by file name."""
        example = self.section("Example")
        found: dict[str, str] = {}
        for fence in _FENCE.finditer(example):
            language, text = fence[1], fence[2]
            if language not in {"yaml", "json"}:
                continue
            named = _FIRST_LINE.match(text) or _CAPTION.search(example[: fence.start()])
            name = named[1] if named else f"estate{len(found)}.{language}"
            assert name.endswith(f".{language}"), f"{self.slug}: {name} in a block of {language}"
            assert name not in found, f"{self.slug}: {name} twice"
            found[name] = text
        return found

    @cached_property
    def quoted(self) -> list[str]:
        """The messages that the example says the program prints."""
        after = self.section("Example").partition("`aksess audit` says:")[2]
        return [fence[2].strip() for fence in _FENCE.finditer(after) if fence[1] == "text"]


def findings_of(files: dict[str, str], folder: Path) -> tuple[Finding, ...]:
    """What the checks find in an estate that is given as texts by file name."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    audit = aksess.audit(aksess.read(folder), as_of=AS_OF)
    assert not audit.unread, [str(each) for each in audit.unread]
    return audit.findings
