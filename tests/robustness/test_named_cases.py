"""Named kinds of broken input, each given to the command line as people would: one line and exit code 1, or an answer.

Each case comes twice. Alone it is an error: exit code 1, nothing on stdout, one line on stderr that names the place,
and never a traceback. Beside a small estate it is a gap: the estate is answered, and nobody who was allowed is denied.
Files are made large enough to hurt, so each run has a limit of time and of memory.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import aksess
from aksess.errors import AksessError
from aksess.rulings import Verdict
from aksess.snapshot import Reach
from robustness.questions import asked
from robustness.small_estates import MAIL

COMMAND = [sys.executable, "-c", "from aksess.cli import main; main()"]
SECONDS = 30
MEMORY = 3 << 30
JUNK = 100_000_000
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, ports: [{port: 443}]}\n"


def run(*arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command line, under limits; a hang fails the test, and so does too much memory."""
    command = ["/bin/sh", "-c", f'ulimit -v {MEMORY >> 10}; exec "$@"', "sh", *COMMAND, *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, check=False)


def one_line_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """The single line of an error: exit code 1, nothing on stdout, no traceback; progress of a long run is none."""
    assert done.returncode == 1, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
    assert done.stdout == b""
    lines = [line for line in done.stderr.decode().splitlines() if not line.endswith(" …")]
    assert len(lines) == 1, lines
    assert lines[0].startswith("aksess: ")
    assert "should not have happened" not in lines[0]
    assert len(lines[0]) < 10_000
    return lines[0]


def answer_of(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """The answer of a command that was asked for JSON."""
    assert done.returncode in {0, 2}, (done.returncode, done.stderr[-2000:])
    assert b"Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def bomb(levels: int, width: int) -> str:
    """A YAML bomb: each level names the one below many times."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def indented(depth: int) -> str:
    """Block YAML, each level one blank further in."""
    return "".join(f"{' ' * level}a:\n" for level in range(depth))


BROKEN: dict[str, tuple[str, bytes | str]] = {
    "broken YAML": ("x.yaml", "a: [1,\nb: }\n"),
    "tabs in YAML": ("x.yaml", "a:\n\t- b\n"),
    "truncated JSON": ("x.json", '{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Serv'),
    "JSON cut inside a character": ("x.json", '{"a": "ü'.encode()[:-1]),
    "JSON with a lone surrogate": ("x.json", '{"apiVersion": "v1", "kind": "\\ud800", "metadata": {"name": "x"}}'),
    "JSON values, the second broken": ("x.json", '{"a": 1}\n{"b": '),
    "JSON values with a lone surrogate": ("x.json", '[1] {"apiVersion": "v1", "kind": "\\ud800"}'),
    "JSON followed by rubbish": ("x.json", '{"a": 1} rubbish'),
    "NaN": ("x.json", '{"a": NaN}'),
    "numbers beyond every size": ("x.json", '{"a": 1e999999, "b": ' + "9" * 5000 + "}"),
    "a binary": ("x.yaml", bytes(range(256)) * 50),
    "an image": ("x.yaml", b"\x89PNG\r\n\x1a\n" + bytes(1000)),
    "another compressed file": ("x.aksess", gzip.compress(b"hello")),
    "a snapshot cut in the middle": (
        "x.aksess",
        gzip.compress(b'{"aksess":"snapshot","version":"1"}\n{"object"' * 999)[:-30],
    ),
    "a snapshot of wrong types": ("x.aksess", gzip.compress(b'{"aksess":"snapshot","version":"1"}\n5\n')),
    "a snapshot of a later version": ("x.aksess", gzip.compress(b'{"aksess":"snapshot","version":"9"}\n')),
    "UTF-16": ("x.yaml", SERVICE.encode("utf-16")),
    "UTF-16 without a mark": ("x.yaml", SERVICE.encode("utf-16-le")),
    "Latin-1": ("x.yaml", "a: ü\n".encode("latin-1")),
    "an unknown tag": ("x.yaml", "!!python/object/apply:os.system [exit 3]\n"),
    "another unknown tag": ("x.yaml", "a: !Ref b\n"),
    "an alias of nothing": ("x.yaml", "a: *b\n"),
    "an absurd timestamp": ("x.yaml", "apiVersion: v1\nkind: !!timestamp 99-99-99\n"),
    "an absurd number": ("x.yaml", "apiVersion: v1\nkind: !!int nine\n"),
    "an absurd boolean": ("x.yaml", "apiVersion: v1\nkind: !!bool perhaps\n"),
    "a mapping as key": ("x.yaml", "{a: 1}: 2\n"),
    "a list as key": ("x.yaml", "? [a]\n: b\n"),
    "an empty document only": ("x.yaml", "just text\n"),
    "a YAML bomb": ("x.yaml", bomb(30, 9)),
    "a wide YAML bomb": ("x.yaml", bomb(4, 400)),
    "a YAML bomb of merges": (
        "x.yaml",
        "a: &a {x: 1}\nb: &b {" + "<<: *a, " * 10 + "y: 2}\nc: {<<: [" + "*b, " * 5000 + "*b]}\n",
    ),
    "a node inside itself": ("x.yaml", "a: &a [*a]\n"),
    "10,000 deep in YAML": ("x.yaml", "[" * 10_000 + "]" * 10_000),
    "10,000 deep in block YAML": ("x.yaml", "- " * 10_000 + "x\n"),
    "3,000 deep by indentation": ("x.yaml", indented(3_000)),
    "10,000 deep in JSON": ("x.json", '{"a":' * 10_000 + "1" + "}" * 10_000),
    "300 deep in JSON": ("x.json", "[" * 300 + "1" + "]" * 300),
    "900 deep in JSON": ("x.json", "[" * 900 + "1" + "]" * 900),
    "900 deep mappings in JSON": ("x.json", '{"value":[' * 450 + "1" + "]}" * 450),
    "a huge line": ("x.yaml", "a: " + "x" * 20_000_000 + "\n"),
    "a huge line of JSON": ("x.json", '{"a": "' + "x" * 20_000_000 + '"}'),
    "markers only": ("x.yaml", "---\n" * 2_000_000),
    "many broken documents": ("x.yaml", "--- [\n" * 2_000),
}
"""What holds nothing that can be understood."""


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_alone_it_is_one_line_and_exit_code_1(tmp_path: Path, case: str) -> None:
    name, content = BROKEN[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    line = one_line_of(run("audit", "-f", tmp_path))
    assert str(tmp_path) in line


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_beside_an_estate_it_is_a_gap_and_denies_nobody(tmp_path: Path, case: str) -> None:
    name, content = BROKEN[case]
    MAIL.write(tmp_path)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    estate = aksess.read(tmp_path)
    gaps = [gap for gap in estate.gaps() if gap.file.endswith(name)]
    assert bool(gaps) == (case not in HARMLESS)
    assert all(len(gap.reason.splitlines()) == 1 for gap in estate.unread)
    for source, target in (*MAIL.allowed, *MAIL.denied):
        verdict = asked(estate, source, target, shown=False)
        assert (verdict == Verdict.DENIED) == (case in HARMLESS and (source, target) in MAIL.denied)


HARMLESS = {"markers only"}
"""What holds nothing at all is no gap."""

UNUSUAL: dict[str, bytes | str] = {
    "a byte order mark": "\ufeff" + SERVICE,
    "carriage returns": SERVICE.replace("\n", "\r\n"),
    "duplicate keys": SERVICE.replace("kind: Service", "kind: Pod\nkind: Service"),
    "anchors and merge keys": "x: &x {port: 443}\n" + SERVICE.replace("{port: 443}", "{<<: *x, name: web}"),
    "an anchor defined again": SERVICE.replace("web", "&a web") + "x: &a 5\nz: *a\n",
    "keys that are no texts": SERVICE + "on: 1\ny: 2\n9000: 3\n1.5: 4\n",
    "documents of JSON": '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}\n---\n' + SERVICE,
    "a comment after JSON": '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {}} # yes\n',
    "directives": "%YAML 1.1\n---\n" + SERVICE,
    "no line break at its end": SERVICE.rstrip("\n"),
    "absurd ranges": SERVICE.replace("ports:", "loadBalancerSourceRanges: [0.0.0.0/99, '::/-1', 1.2.3, '', x], ports:"),
    "a name of five thousand letters": SERVICE.replace("web", "w" * 5000),
}
"""What reads as it should, however it is written."""


@pytest.mark.parametrize("case", UNUSUAL, ids=str)
def test_unusual_but_whole_is_answered_without_a_gap(tmp_path: Path, case: str) -> None:
    content = UNUSUAL[case]
    (tmp_path / "x.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    estate = aksess.read(tmp_path)
    assert not estate.unread
    assert len(estate.services) == 1
    if case in {"a byte order mark", "anchors and merge keys", "absurd ranges"}:  # the others read the same way
        assert answer_of(run("audit", "-o", "json", "-f", tmp_path))["unread"] == []


def test_one_broken_document_is_a_gap_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(f"{SERVICE}---\na: [\n---\n{SERVICE.replace('web', 'api')}")
    (gap,) = answer_of(run("audit", "-o", "json", "-f", tmp_path))["unread"]
    assert gap["line"] in {6, 7, 8}
    assert len(aksess.read(tmp_path).services) == 2


def test_an_object_of_wrong_types_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SERVICE.replace("443", "[many]"))
    (gap,) = answer_of(run("audit", "-o", "json", "-f", tmp_path))["unread"]
    assert gap["reach"] == Reach.EVERYTHING
    assert "spec.ports[0].port" in gap["reason"]


# --- places -----------------------------------------------------------------------------------------------------------


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    assert "empty" in one_line_of(run("audit", "-f", tmp_path))


def test_a_folder_named_like_a_file_is_a_folder(tmp_path: Path) -> None:
    MAIL.write(tmp_path / "x.yaml")
    assert len(answer_of(run("audit", "-o", "json", "-f", tmp_path))["exposures"]) == 3
    (tmp_path / "y.yaml").mkdir()
    assert answer_of(run("audit", "-o", "json", "-f", tmp_path))["unread"] == []


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    assert "not a regular file" in one_line_of(run("audit", "-f", tmp_path))
    assert "not a regular file" in one_line_of(run("audit", "-f", tmp_path / "x.yaml"))
    MAIL.write(tmp_path)
    (gap,) = aksess.read(tmp_path).unread
    assert gap.reach == Reach.EVERYTHING


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file; the test below stands in for this one")
def test_a_file_that_may_not_be_read_is_a_gap(tmp_path: Path) -> None:
    MAIL.write(tmp_path)
    (tmp_path / "x.yaml").write_text(SERVICE)
    (tmp_path / "x.yaml").chmod(0)
    (gap,) = aksess.read(tmp_path).unread
    assert "denied" in gap.reason


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that nobody can read: /proc/self/mem")
def test_a_file_that_cannot_be_read_is_a_gap() -> None:
    assert "cannot be read" in one_line_of(run("audit", "-f", "/proc/self/mem"))


def test_links_that_lead_nowhere_are_gaps(tmp_path: Path) -> None:
    """To themselves, to each other, to nothing, and a folder that holds itself."""
    (tmp_path / "x.yaml").symlink_to("x.yaml")
    (tmp_path / "y.yaml").symlink_to("z.yaml")
    (tmp_path / "z.yaml").symlink_to("y.yaml")
    (tmp_path / "gone.yaml").symlink_to("nothing-here")
    (tmp_path / "again").symlink_to(tmp_path)
    one_line_of(run("audit", "-f", tmp_path))
    MAIL.write(tmp_path)
    names = sorted(Path(gap.file).name for gap in aksess.read(tmp_path).gaps())
    assert names == ["gone.yaml", "x.yaml", "y.yaml", "z.yaml"]


@pytest.mark.parametrize(
    "path",
    ["absent", "x" * 5000, "/".join(["x" * 200] * 40), "two\nlines", "[", "**/*.nothing", "", " ", "\udcff", "~nobody"],
    ids=lambda each: repr(each[:20]),
)
def test_a_path_that_cannot_be_is_one_line(path: str) -> None:
    with pytest.raises(AksessError) as caught:
        aksess.read(path or "no/such/file")
    assert len(str(caught.value).splitlines()) == 1
    one_line_of(run("audit", "-f", path or "no/such/file"))


def test_standard_input_that_is_empty_closed_or_broken() -> None:
    assert "empty" in one_line_of(run("audit", "-f=-"))
    assert "broken" in one_line_of(run("audit", "-f=-", given=b"a: ["))
    assert answer_of(run("audit", "-o", "json", "-f=-", given=SERVICE.encode()))["unread"] == []
    without = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, "audit", "-f=-"]
    one_line_of(subprocess.run(without, capture_output=True, timeout=SECONDS, check=False))


# --- much of it -------------------------------------------------------------------------------------------------------

MUCH: dict[str, Callable[[], bytes]] = {
    "random bytes": lambda: os.urandom(1 << 20) * (JUNK >> 20),
    "zeros": lambda: bytes(JUNK),
    "letters": lambda: b"x" * JUNK,
    "lines": lambda: b"a: 1\n" * (JUNK // 5),
    "lines below the limit of YAML": lambda: b"a: 1\n" * 12_000_000,
    "documents": lambda: b"--- a\n" * 10_000_000,
    "brackets": lambda: b"[" * JUNK,
    "a list of lists": lambda: b"[" + b"[]," * (JUNK // 3) + b"0]",
    "one value after another": lambda: b"0 {} " * (JUNK // 5),
    "one long text": lambda: b'{"a":"' + b"x" * JUNK + b'"}',
    "compressed rubbish": lambda: b"\x1f\x8b\x08" + os.urandom(1 << 20) * (JUNK >> 20),
    "a snapshot that grows": lambda: gzip.compress(bytes(1 << 29), 1),
}
"""A hundred million bytes, or what becomes of them."""


@pytest.mark.parametrize("case", MUCH, ids=str)
def test_a_hundred_megabytes_end_soon_and_in_bounded_memory(tmp_path: Path, case: str) -> None:
    (tmp_path / "x.json").write_bytes(MUCH[case]())
    started = time.monotonic()
    one_line_of(run("audit", "-f", tmp_path))
    assert time.monotonic() - started < SECONDS / 2
    (tmp_path / "x.json").unlink()
