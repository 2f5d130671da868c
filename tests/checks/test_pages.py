"""Every check has a page of the one form, and the example on it is true: it makes the check say what is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from aksess.checks.interface import Check
from aksess.checks.registry import CHECKS
from checks.pages import HEADINGS, Page, findings_of

pytestmark = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.slug)


@pytest.fixture
def page(check: Check) -> Page:
    return Page.of(check.slug)


def test_headings(page: Page) -> None:
    assert page.lines[0] == f"# {page.slug}"
    assert page.outline == list(HEADINGS)


def test_head_line(check: Check, page: Page) -> None:
    assert page.head == (check.severity.value, check.title)


def test_no_section_is_empty(page: Page) -> None:
    for heading in HEADINGS:
        assert len(page.section(heading).split()) >= 15, heading


def test_page_is_short(page: Page) -> None:
    assert 30 <= len(page.lines) <= 95


def test_example_makes_the_check_say_what_is_quoted(check: Check, page: Page, tmp_path: Path) -> None:
    found = [finding for finding in findings_of(page.files, tmp_path) if finding.check == check.slug]
    assert found, "the example does not make the check fire"
    assert len(page.quoted) == 1
    assert page.quoted[0] in [finding.message for finding in found]


def test_example_shows_the_usual_severity(check: Check, page: Page, tmp_path: Path) -> None:
    quoted = [each for each in findings_of(page.files, tmp_path) if each.message == page.quoted[0]]
    assert [each.severity for each in quoted] == [check.severity]


def test_findings_of_the_example_point_into_it(check: Check, page: Page, tmp_path: Path) -> None:
    for finding in findings_of(page.files, tmp_path):
        if finding.check == check.slug:
            assert Path(finding.place.file).name in page.files
            assert finding.citation.line > 0
            assert finding.fix


def test_example_says_what_does_not_fire(page: Page) -> None:
    assert "does not fire" in page.section("Example")
