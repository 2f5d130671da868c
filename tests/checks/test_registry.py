"""The checks that are promised are there, each in a file of its name, with a page, and in the table of pages."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from aksess import checks
from aksess.checks.interface import Check
from aksess.checks.registry import CHECKS, check_of
from checks.pages import FOLDER

_PROMISED = """
acme-http01-blocked allow-list-bypassed allow-list-ignored allow-list-invalid allow-list-one-family
api-server-locks-out api-server-open api-server-run-command client-ip-not-preserved controller-config-broken
controller-retired egress-obsolete egress-required-missing forwarded-header-spoofable global-list-replaced
health-probe-fails internal-ranges-not-enforced limit-exceeded load-balancer-ranges-conflict local-policy-uneven
nsg-blocks-cluster-traffic nsg-blocks-probes nsg-edit-will-be-reverted nsg-only-as-strict-as-loosest nsg-rule-missing
nsg-rule-shadowed nsg-rule-stale nsg-wrong-destination open-to-internet proxy-in-front-not-trusted
ranges-not-everywhere real-ip-loopback redirect-before-list regex-host-changes-match satisfy-any-weakens-list
service-stuck virtual-network-tag-is-any
"""
PROMISED = _PROMISED.split()
"""The slugs of the contract, which scripts may depend on."""

EACH = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.slug)


@pytest.mark.parametrize("slug", PROMISED)
def test_promised_slugs_have_a_check(slug: str) -> None:
    found = check_of(slug)
    assert found is not None
    assert found.slug == slug


def test_slugs_are_unique_and_in_order() -> None:
    slugs = [check.slug for check in CHECKS]
    assert slugs == sorted(set(slugs))


def test_every_module_with_a_check_is_registered() -> None:
    folder = Path(checks.__file__).parent
    modules = [import_module(f"aksess.checks.{path.stem}") for path in folder.glob("*.py") if path.stem != "__init__"]
    found = {module.CHECK.slug for module in modules if isinstance(getattr(module, "CHECK", None), Check)}
    assert found == {check.slug for check in CHECKS}


@EACH
def test_file_and_docstring_bear_the_slug(check: Check) -> None:
    module = import_module(check.run.__module__)
    assert module.__name__ == f"aksess.checks.{check.slug.replace('-', '_')}"
    assert (module.__doc__ or "").startswith(f"{check.slug}: ")


def test_unknown_slugs_have_no_check() -> None:
    assert check_of("no-such-check") is None


@EACH
def test_slugs_are_lower_case_words(check: Check) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", check.slug)


def test_table_of_pages_is_complete() -> None:
    table = [line for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| [")]
    assert table == [f"| [{each.slug}]({each.slug}.md) | {each.severity.value} | {each.title} |" for each in CHECKS]


def test_no_page_without_a_check() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == {check.slug for check in CHECKS}
