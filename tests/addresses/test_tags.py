"""Service tags: case does not matter, and a tag that is not there is unknown, never empty."""

from __future__ import annotations

import pytest

from aksess.addresses import AddressSet, ServiceTags
from aksess.addresses.tags import looks_like_tag
from aksess.snapshot import read_files
from shared import shared_path


def test_names_are_compared_without_case() -> None:
    tags = ServiceTags({"AzureFrontDoor.Backend": ["192.0.2.0/24", "2001:db8::/32"]})
    assert tags.get("azurefrontdoor.backend") == AddressSet.of("192.0.2.0/24", "2001:db8::/32")
    assert tags.get("AzureFrontDoor.Frontend") is None


def test_a_tag_with_an_unreadable_prefix_is_unknown() -> None:
    assert ServiceTags({"Odd": ["192.0.2.0/24", "nonsense"]}).get("Odd") is None


def test_later_files_win() -> None:
    first = ServiceTags({"A": ["192.0.2.0/24"], "B": ["192.0.2.0/24"]})
    both = first.merged(ServiceTags({"a": ["198.51.100.0/24"]}))
    assert both.get("A") == AddressSet.of("198.51.100.0/24")
    assert both.get("B") == AddressSet.of("192.0.2.0/24")


@pytest.mark.parametrize(("text", "so"), [("Sql.WestEurope", True), ("10.0.0.0/8", False), ("a b", False), ("", False)])
def test_what_could_be_a_tag(text: str, so: bool) -> None:
    assert looks_like_tag(text) is so


def test_a_whole_weekly_file() -> None:
    """The published file of one week: three thousand tags, every prefix a strict CIDR."""
    tags = read_files([shared_path("data", "service-tags", "ServiceTags_Public_20251028.json")]).tags
    assert len(tags) == 3039
    cloud = tags.get("azurecloud")
    assert cloud is not None
    assert cloud.size() > 1 << 24
    assert all(tags.get(name) is not None for name in tags.names())
