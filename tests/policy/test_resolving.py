"""What policies mean, and what each word is called that has no meaning."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest

from aksess.addresses import EVERYONE, NOBODY, AddressSet, ServiceTags
from aksess.errors import PolicyError
from aksess.policy import Resolved, check_references, resolve
from policy.written_policies import TAGS, TODAY, access, cluster, group, written

FEED = b"# offices\n203.0.113.0/24  # Berlin\n\n2001:db8::7\n"
DIGEST = hashlib.sha256(FEED).hexdigest()
URL = "https://feeds.example.com/offices.txt"


def nothing_outside(what: str) -> list[str]:
    raise AssertionError(f"{what} is asked for")


def meant(folder: Path, *documents: str, tags: ServiceTags = TAGS, feed: bytes = FEED) -> Resolved:
    """The meaning of documents, with feeds and names that are not asked of anybody."""

    def fetch(url: str) -> bytes:
        if url != URL:
            raise OSError("HTTP Error 404: Not Found")
        return feed

    def look_up(name: str) -> list[str]:
        if name != "vpn.example.com":
            raise OSError(-2, "Name or service not known")
        return ["192.0.2.1", "2001:db8::1"]

    return resolve(written(folder, *documents), tags, TODAY, fetch=fetch, look_up=look_up)


def told(folder: Path, *documents: str, tags: ServiceTags = TAGS, feed: bytes = FEED) -> str:
    """What is said to documents, without the folder."""
    with pytest.raises(PolicyError) as error:
        meant(folder, *documents, tags=tags, feed=feed)
    return str(error.value).replace(f"{folder}/", "")


def allowing(*entries: str) -> str:
    return access("  allow:\n" + "".join(f"  - {{{each}}}\n" for each in entries))


# What they mean.


def test_allow_without_deny_through_groups(tmp_path: Path) -> None:
    policy = access(
        "  allow: [{group: partners}, {address: 192.0.2.7, expires: 2026-11-25}]\n  deny: [{cidr: 198.51.100.128/25}]\n"
    )
    inner = group("inner", "cidr: '2001:db8:7::/48'")
    found = meant(tmp_path, policy, group("partners", "cidr: 198.51.100.0/24", "group: inner"), inner)
    (allowed,) = found.access
    assert (allowed.label, allowed.namespace, allowed.public) == ("AccessPolicy shop/offices", "shop", False)
    assert allowed.allowed == AddressSet.of("192.0.2.7", "198.51.100.0/25", "2001:db8:7::/48")
    (target,) = allowed.targets
    assert (target.kind, target.name, target.host, target.path) == ("Ingress", "web", None, None)
    assert (target.field, target.where) == ("spec.targetRefs[0]", f"{tmp_path}/p.yaml:5")


def test_public_without_deny(tmp_path: Path) -> None:
    (allowed,) = meant(tmp_path, access("  public: true\n  deny: [{cidr: 192.0.2.0/24}]\n")).access
    assert allowed.public
    assert allowed.allowed == EVERYONE - AddressSet.of("192.0.2.0/24")


def test_tags_by_name_and_by_address(tmp_path: Path) -> None:
    (allowed,) = meant(tmp_path, allowing("serviceTag: azurefrontdoor.backend", "cidr: 192.0.2.0/24")).access
    assert allowed.tags == ("azurefrontdoor.backend",)
    assert allowed.untagged == AddressSet.of("192.0.2.0/24")
    assert allowed.allowed == AddressSet.of("147.243.0.0/16", "2a01:111:2050::/44", "192.0.2.0/24")


def test_the_cluster(tmp_path: Path) -> None:
    spec = "  apiServer: {allow: [{group: g}]}\n  always: [{cidr: 192.0.2.10}]\n  withoutPolicy: close\n"
    found = meant(tmp_path, cluster(spec + "  egress: {baseLine: required}\n"), group("g", "cidr: 198.51.100.0/24"))
    assert found.api_server == AddressSet.of("198.51.100.0/24", "192.0.2.10")
    assert found.always == AddressSet.of("192.0.2.10")
    assert (found.closes, found.sends, found.cluster_label) == (True, True, "ClusterAccessPolicy cluster")


def test_a_cluster_of_which_nothing_is_said(tmp_path: Path) -> None:
    found = meant(tmp_path, cluster("  {}\n"))
    assert (found.api_server, found.always, found.closes, found.sends) == (None, NOBODY, False, False)


def test_a_whole_internet_that_is_not_said_aloud(tmp_path: Path) -> None:
    found = meant(tmp_path, allowing("cidr: 0.0.0.0/0"))
    assert found.notes == ("AccessPolicy shop/offices lets the whole Internet in without saying public: true",)


def test_a_pinned_feed(tmp_path: Path) -> None:
    found = meant(tmp_path, allowing("group: g"), group("g", f"url: {URL}, sha256: {DIGEST}"))
    assert found.access[0].allowed == AddressSet.of("203.0.113.0/24", "2001:db8::7")
    assert found.notes == ()


def test_a_feed_that_is_signed_off(tmp_path: Path) -> None:
    signed = group("g", f"url: {URL}, refresh: signed-off, owner: ann, expires: 2026-12-31")
    found = meant(tmp_path, allowing("group: g"), signed, feed=b'["203.0.113.7"]')
    assert found.access[0].allowed == AddressSet.of("203.0.113.7")
    assert found.notes == (
        f"AddressGroup g: {URL} held 1 address when it was fetched; ann signed it off until 2026-12-31",
    )


def test_a_name(tmp_path: Path) -> None:
    one, two = (
        allowing("group: g"),
        access("  allow: [{group: g}]\n", "two", "  targetRefs: [{kind: Service, name: w}]\n"),
    )
    found = meant(tmp_path, one, two, group("g", "dns: vpn.example.com"))
    assert [each.allowed for each in found.access] == [AddressSet.of("192.0.2.1", "2001:db8::1")] * 2
    assert found.notes == (
        (
            "AddressGroup g: vpn.example.com was 192.0.2.1, 2001:db8::1 when it was resolved; "
            "a name can move, the rules stay"
        ),
    )


def test_a_group_that_nothing_uses_is_asked_of_nobody(tmp_path: Path) -> None:
    policies = written(tmp_path, allowing("address: '::1'"), group("g", "dns: vpn.example.com"))
    found = resolve(policies, TAGS, TODAY, look_up=nothing_outside)
    assert found.notes == ()


def test_many_groups_of_groups(tmp_path: Path) -> None:
    """Every group names the next twice: 2^50 ways through, each walked once."""
    groups = [group(f"g{i}", f"group: g{i + 1}", f"group: g{i + 1}") for i in range(50)]
    found = meant(tmp_path, allowing("group: g0"), *groups, group("g50", "address: '::1'"))
    assert found.access[0].allowed == AddressSet.of("::1")


# What has no meaning.


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        (
            [allowing("address: '::1', expires: 2026-11-24")],
            "p.yaml:7: spec.allow[0].expires: expired on 2026-11-24 (remove the entry, or give it a new date)",
        ),
        (
            [allowing("address: '::1'"), group("g", "address: '::1'", "address: '::2', expires: 2020-01-01")],
            "p.yaml:15: spec.entries[1].expires: expired on 2020-01-01 (remove the entry, or give it a new date)",
        ),
        (
            [allowing("group: partner")],
            (
                "p.yaml:7: spec.allow[0].group: there is no AddressGroup partner (give its file with -p, or correct "
                "the name)"
            ),
        ),
        (
            [allowing("group: partner"), group("partners", "address: '::1'")],
            (
                "p.yaml:7: spec.allow[0].group: there is no AddressGroup partner (give its file with -p, or correct "
                "the name: there are partners)"
            ),
        ),
        (
            [cluster("  always: [{group: g}]\n")],
            "p.yaml:5: spec.always[0].group: there is no AddressGroup g (give its file with -p, or correct the name)",
        ),
        (
            [group("a", "group: b"), group("b", "address: '::1'", "group: a")],
            "p.yaml:14: spec.entries[1].group: groups that hold themselves: a → b → a (take one of them out)",
        ),
        (
            [group("a", "group: a")],
            "p.yaml:6: spec.entries[0].group: groups that hold themselves: a → a (take one of them out)",
        ),
        (
            [allowing("serviceTag: AzureFrontDor")],
            (
                "p.yaml:7: spec.allow[0].serviceTag: service tag AzureFrontDor is in no tag file of the input (check "
                "its spelling)"
            ),
        ),
        (
            [access("  allow: [{cidr: 192.0.2.0/25}]\n  deny: [{cidr: 192.0.2.0/24}]\n")],
            (
                "p.yaml:7: spec.deny: takes out everybody that allow lets in (nobody would get in; to close it on "
                "purpose, take the policy out and say withoutPolicy: close in the ClusterAccessPolicy)"
            ),
        ),
        (
            [access("  public: true\n  deny: [{cidr: 0.0.0.0/0}, {cidr: '::/0'}]\n")],
            (
                "p.yaml:7: spec.deny: takes out everybody (nobody would get in; to close it on purpose, "
                "take the policy out and say withoutPolicy: close in the ClusterAccessPolicy)"
            ),
        ),
        (
            [allowing("address: '::1'"), access("  public: true\n", "other")],
            (
                "p.yaml:13: spec.targetRefs[0]: AccessPolicy shop/other and AccessPolicy shop/offices, p.yaml:1 both "
                "speak of Ingress web (keep one of them, or let one name a host or a path)"
            ),
        ),
        (
            [allowing("group: g"), group("g", "dns: gone.example.com")],
            (
                "p.yaml:14: spec.entries[0].dns: gone.example.com does not resolve: Name or service not known (try "
                "again, or write its addresses out)"
            ),
        ),
        (
            [allowing("group: g"), group("g", f"url: {URL}x, sha256: {DIGEST}")],
            (
                f"p.yaml:14: spec.entries[0].url: {URL}x cannot be fetched: HTTP Error 404: Not Found (try again, "
                "or write its addresses out)"
            ),
        ),
    ],
)
def test_a_policy_without_a_meaning(documents: list[str], said: str, tmp_path: Path) -> None:
    assert told(tmp_path, *documents) == said


def test_no_tags_were_read(tmp_path: Path) -> None:
    assert told(tmp_path, allowing("serviceTag: AzureFrontDoor.Backend"), tags=ServiceTags()) == (
        "p.yaml:7: spec.allow[0].serviceTag: service tag AzureFrontDoor.Backend is in no tag file of the input "
        "(give the weekly file of service tags with -f)"
    )


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        (b"", "it holds no address"),
        (b"# nobody\n", "it holds no address"),
        (
            b"203.0.113.0/24\n203.0.113.7/24\n",
            "line 2: '203.0.113.7/24' has host bits set; the network is 203.0.113.0/24",
        ),
        (b"<html>", "line 1: '<html>' is no address and no CIDR"),
        (b"[1]", "element 1: 1 is no text"),
        (b'["x"]', "element 1: 'x' is no address and no CIDR"),
        (b"[", "it is broken JSON"),
        (b"\xff", "it is no UTF-8 text"),
    ],
)
def test_a_feed_that_is_not_taken(feed: bytes, said: str, tmp_path: Path) -> None:
    signed = group("g", f"url: {URL}, refresh: signed-off, owner: ann, expires: 2026-12-31")
    assert told(tmp_path, allowing("group: g"), signed, feed=feed) == (
        f"p.yaml:14: spec.entries[0].url: {URL} is not taken: {said} (look at what it holds now, then pin that or "
        "write the entries out)"
    )


def test_a_pinned_feed_that_changed(tmp_path: Path) -> None:
    other = hashlib.sha256(b"203.0.113.7").hexdigest()
    said = told(tmp_path, allowing("group: g"), group("g", f"url: {URL}, sha256: {DIGEST}"), feed=b"203.0.113.7")
    assert f"its SHA-256 digest is {other}, not {DIGEST}" in said


def test_groups_inside_each_other_without_end(tmp_path: Path) -> None:
    groups = [group(f"g{i}", f"group: g{i + 1}") for i in range(150)]
    said = told(tmp_path, *groups, group("g150", "address: '::1'"))
    assert "spec.entries[0].group: groups inside each other, 100 deep (name the inner ones)" in said


def test_references_need_no_estate(tmp_path: Path) -> None:
    policies = written(tmp_path, allowing("serviceTag: Whatever", "address: '::1', expires: 2026-12-01"))
    check_references(policies, TODAY)
    with pytest.raises(PolicyError, match=r"spec\.allow\[1\]\.expires: expired on 2026-12-01"):
        check_references(policies, dt.date(2026, 12, 2))
