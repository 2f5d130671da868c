"""Bring the documents up to date with what the program prints: console blocks and the table of checks.

``python docs/build.py`` rewrites them, ``--check`` only says which are stale. A console block is run line by line in a
folder that holds the estate of ``aksess demo`` and the example policies; what follows a command is its output.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md",)
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
TODAY = "2026-11-25"


def current(page: Path) -> str:
    """A page as it should read today."""
    with tempfile.TemporaryDirectory() as folder:
        _run("aksess demo --to aksess-demo", Path(folder))
        shutil.copytree(ROOT / "examples" / "policies", Path(folder) / "policies")
        return BLOCK.sub(lambda found: _played(found[1], Path(folder)), page.read_text(encoding="utf-8"))


def _played(block: str, folder: Path) -> str:
    """A console block with the output of today; blocks that change files keep doing so for those after them."""
    lines: list[str] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            lines += [line, *_run(line[2:], folder).splitlines()]
    return "\n".join(["```console", *lines, "```"])


def _run(command: str, folder: Path) -> str:
    words = shlex.split(command)
    if words[0] == "aksess":
        words = [sys.executable, "-c", "from aksess.cli import main; main()", *words[1:]]
        if "audit" in words or "explain" in words:
            words += ["--as-of", TODAY]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 2}:
        raise SystemExit(f"{command}: {done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def main() -> int:
    """Rewrite or check every page."""
    stale = 0
    for page in PAGES:
        text = current(page)
        if text != page.read_text(encoding="utf-8"):
            stale += 1
            print(f"{page.relative_to(ROOT)} {'is stale' if '--check' in sys.argv else 'rewritten'}")
            if "--check" not in sys.argv:
                page.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
