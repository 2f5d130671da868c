"""Templates to text: everything escaped, every character visible, the same bytes for the same input."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aksess import __version__
from aksess.report.routes import CONDITIONS, LAYERS, effect_text
from aksess.report.wording import command_of, count, parted, visible

__all__ = ["render"]

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **context: Any) -> str:
    """A page from its template."""
    return _environment().get_template(template).render(**context)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = _source("page.css"), _source("page.js")
    made.globals |= {
        "style": Markup(style),
        "script": Markup(script),
        "policy": _policy(style, script),
        "version": __version__,
        "layers": LAYERS,
        "conditions": CONDITIONS,
    }
    made.filters |= {"command": command_of, "counted": count, "effect": effect_text, "parted": parted}
    return made


def _shown(value: Any) -> Any:
    """What an expression puts on the page: texts with every character visible; markup of our own as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _source(name: str) -> str:
    return "\n" + (_TEMPLATES / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
