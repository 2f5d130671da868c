"""Every wrong policy is refused in one line with file, line, field, and what to do."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksess.addresses import AddressSet, ServiceTags
from aksess.errors import PolicyError
from aksess.policy import Resolved, read_policies, resolve

HEAD = "apiVersion: aksess.dev/v1alpha1\nkind: AccessPolicy\nmetadata: {name: p, namespace: shop}\nspec:\n"
TARGET = "  targetRefs: [{kind: Ingress, name: web}]\n"
TODAY = dt.date(2026, 11, 25)
TAGS = ServiceTags({"AzureFrontDoor.Backend": ["147.243.0.0/16"]})


def resolved(folder: Path, text: str, tags: ServiceTags = TAGS) -> Resolved:
    file = folder / "p.yaml"
    file.write_text(text)
    return resolve(read_policies([file]), tags, TODAY)


@pytest.mark.parametrize(
    ("spec", "line", "said"),
    [
        ("  allow: [{cidr: 192.0.2.0/24}]\n", 4, "spec.targetRefs: is missing"),
        (TARGET, 4, "spec: nobody would get in: list somebody under allow, or say public: true"),
        (TARGET + "  allow: []\n", 4, "spec: nobody would get in"),
        (TARGET + "  public: true\n  allow: [{cidr: 192.0.2.0/24}]\n", 4, "say either allow or public: true"),
        (TARGET + "  allow:\n  - cidr: 192.0.2.7/24\n", 7, "has bits beyond its prefix: write 192.0.2.0/24"),
        (TARGET + "  allow:\n  - cidr: 300.0.2.0/24\n", 7, "spec.allow[0].cidr: "),
        (TARGET + "  allow:\n  - {reason: none}\n", 7, "say exactly one of cidr, address, serviceTag, group"),
        (TARGET + "  allow:\n  - {cidr: 192.0.2.0/24, group: g}\n", 7, "say exactly one of"),
        (TARGET + "  alow: []\n  public: true\n", 6, "spec.alow: there is no such field"),
        (TARGET + "  allow:\n  - {cidr: 192.0.2.0/24, expires: 2026-11-24}\n", 7, "expires: expired on 2026-11-24"),
        (TARGET + "  allow:\n  - {group: partners}\n", 7, "spec.allow[0].group: there is no AddressGroup partners"),
        (TARGET + "  allow:\n  - {serviceTag: AzureFrontDor}\n", 7, "service tag AzureFrontDor is in no tag file"),
        (
            TARGET + "  allow: [{cidr: 192.0.2.0/25}]\n  deny: [{cidr: 192.0.2.0/24}]\n",
            7,
            "spec.deny: takes out everybody that allow lets in (nobody would get in; ",
        ),
        ("  targetRefs: [{kind: Pod, name: web}]\n  public: true\n", 5, "spec.targetRefs[0].kind: "),
    ],
)
def test_a_wrong_policy(tmp_path: Path, spec: str, line: int, said: str) -> None:
    with pytest.raises(PolicyError) as error:
        resolved(tmp_path, HEAD + spec)
    told = str(error.value)
    assert said in told
    assert told.startswith(f"{tmp_path}/p.yaml:{line}: ")
    assert "\n" not in told


def test_no_tags_were_read(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="give the weekly file of service tags with -f"):
        resolved(tmp_path, HEAD + TARGET + "  allow: [{serviceTag: AzureFrontDoor.Backend}]\n", ServiceTags())


def test_groups_that_hold_themselves(tmp_path: Path) -> None:
    group = (
        "---\napiVersion: aksess.dev/v1alpha1\nkind: AddressGroup\nmetadata: {{name: {0}}}\n"
        "spec: {{entries: [{{group: {1}}}]}}\n"
    )
    text = HEAD + TARGET + "  allow: [{group: a}]\n" + group.format("a", "b") + group.format("b", "a")
    with pytest.raises(PolicyError, match="groups that hold themselves: a → b → a"):
        resolved(tmp_path, text)


def test_one_name_twice(tmp_path: Path) -> None:
    one = HEAD + TARGET + "  public: true\n"
    said = r"p.yaml:10: metadata.name: AccessPolicy shop/p is given twice, first in .*p.yaml:1 \(keep one of them\)"
    with pytest.raises(PolicyError, match=said):
        resolved(tmp_path, f"{one}---\n{one}")


def test_a_file_without_policies(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="holds no policy"):
        resolved(tmp_path, "apiVersion: v1\nkind: Service\n")


def test_what_a_policy_means(tmp_path: Path) -> None:
    group = (
        "---\napiVersion: aksess.dev/v1alpha1\nkind: AddressGroup\nmetadata: {name: partners}\n"
        "spec: {entries: [{cidr: 198.51.100.0/24}, {cidr: 2001:db8:7::/48}]}\n"
    )
    allow = "  allow:\n  - {address: 192.0.2.7, expires: 2026-11-25}\n  - {group: partners}\n"
    found = resolved(tmp_path, HEAD + TARGET + allow + "  deny: [{cidr: 198.51.100.128/25}]\n" + group)
    (access,) = found.access
    assert access.label == "AccessPolicy shop/p"
    assert access.allowed == AddressSet.of("192.0.2.7", "198.51.100.0/25", "2001:db8:7::/48")
    assert access.denied is None


def test_tags_are_kept_by_name_where_nothing_is_taken_out(tmp_path: Path) -> None:
    allow = "  allow: [{serviceTag: AzureFrontDoor.Backend}, {cidr: 192.0.2.0/24}]\n"
    (access,) = resolved(tmp_path, HEAD + TARGET + allow).access
    assert (access.tags, access.untagged) == (("AzureFrontDoor.Backend",), AddressSet.of("192.0.2.0/24"))
    assert access.allowed == AddressSet.of("147.243.0.0/16", "192.0.2.0/24")


ODD = st.sampled_from(["", "null", "[]", "{}", "-1", "yes", "'x'", "[[[", "2026-02-30", "{a: {b: c}}", "0.0.0.0/33"])


@given(st.sampled_from(["Ingress", "web", "192.0.2.0/24", "AccessPolicy", "shop", "[{kind: Ingress, name: web}]"]), ODD)
def test_any_odd_value_gives_a_policy_or_its_error(
    tmp_path_factory: pytest.TempPathFactory, old: str, odd: str
) -> None:
    text = (HEAD + TARGET + "  allow: [{cidr: 192.0.2.0/24}]\n").replace(old, odd)
    with suppress(PolicyError):
        resolved(tmp_path_factory.mktemp("odd"), text)
