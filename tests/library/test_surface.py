"""The public surface: listed, importable, and the same answers as the commands give."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import aksess
import aksess.demo

DEMO = Path(next(iter(aksess.demo.__path__)))


def test_what_is_listed_can_be_had() -> None:
    for name in aksess.__all__:
        assert getattr(aksess, name) is not None
    assert set(aksess.__all__) <= set(dir(aksess))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        aksess.nothing  # noqa: B018


def test_importing_costs_nothing() -> None:
    code = "import sys, aksess; print(len([each for each in sys.modules if each.startswith('aksess')]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_the_questions() -> None:
    estate = aksess.read(DEMO)
    answer = aksess.explain(estate, "203.0.113.7", "https://shop.example.com/admin")
    assert answer.verdict == aksess.Verdict.ALLOWED
    assert aksess.who(estate, "https://shop.example.com/admin").standing.allowed == aksess.AddressSet.of(
        "203.0.113.0/24", "198.51.100.7"
    )
    assert any(each.check == "allow-list-invalid" for each in aksess.audit(estate).findings)
    assert aksess.diff(estate, aksess.read(DEMO)) == ()


def test_strict_counts_assumptions_as_unknown() -> None:
    estate = aksess.read(DEMO)
    target = "https://shop.example.com/admin"
    assert aksess.explain(estate, "203.0.113.7", target).verdict == aksess.Verdict.ALLOWED
    assert aksess.explain(estate, "203.0.113.7", target, strict=True).verdict == aksess.Verdict.INDETERMINATE


def test_exclude_leaves_files_out_on_purpose(tmp_path: Path) -> None:
    for file in DEMO.glob("*.*"):
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "broken.yaml").write_text("a: [")
    target = "https://shop.example.com/admin"
    assert aksess.explain(aksess.read(tmp_path), "1.2.3.4", target).verdict == aksess.Verdict.INDETERMINATE
    clean = aksess.read(tmp_path, exclude=["broken.yaml"])
    assert aksess.explain(clean, "1.2.3.4", target).verdict == aksess.Verdict.DENIED


def test_the_example_in_the_docstring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cluster").symlink_to(DEMO)
    monkeypatch.chdir(tmp_path)
    text = (aksess.__doc__ or "").replace('https://shop.example.com/"', 'https://invoices.example.com/"')
    found = doctest.DocTestParser().get_doctest(text, {}, "aksess", None, 0)
    assert doctest.DocTestRunner().run(found).failed == 0
