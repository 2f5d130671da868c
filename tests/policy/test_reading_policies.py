"""Policies in files: where they are found, what is passed over, and what each mistake is called."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from aksess.errors import PolicyError
from aksess.policy import read_policies
from policy.written_policies import HEAD, TARGET, access, cluster, group

OTHER = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {}\n"
ALLOW = "  allow: [{cidr: 192.0.2.0/24}]\n"
KINDS = "AccessPolicy, AddressGroup, ClusterAccessPolicy"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(text: str, name: str = "p.yaml") -> str:
    """What is said to a file."""
    Path(name).write_text(text)
    with pytest.raises(PolicyError) as error:
        read_policies([name])
    return str(error.value)


# What is found.


def test_policies_of_a_folder_with_their_places(here: Path) -> None:
    (here / "a" / "b").mkdir(parents=True)
    (here / "a" / "b" / "shop.yaml").write_text(OTHER + "---\n" + access(ALLOW))
    (here / "a" / "groups.yml").write_text(group("partners", "cidr: 192.0.2.0/24", "address: 192.0.2.1"))
    (here / "a" / "cluster.json").write_text(
        json.dumps({"apiVersion": "aksess.dev/v1alpha1", "kind": "ClusterAccessPolicy", "metadata": {"name": "c"}})[:-1]
        + ',\n"spec": {\n"withoutPolicy": "close"}}'
    )
    (here / "a" / "notes.txt").write_text("no YAML: [")
    found = read_policies(["a"])
    (policy,), (partners,) = found.access, found.groups
    assert found.cluster is not None
    assert (policy.label, policy.where()) == ("AccessPolicy shop/offices", "a/b/shop.yaml:6")
    assert policy.where("spec", "allow", 0, "cidr") == "a/b/shop.yaml:11"
    assert (partners.label, partners.where("spec", "entries", 1)) == ("AddressGroup partners", "a/groups.yml:7")
    assert found.cluster.where("spec", "withoutPolicy") == "a/cluster.json:3"
    assert found.cluster.document.spec.egress.base_line == "unmanaged"


def test_lists_globs_and_standard_input(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [json.loads(json.dumps({"apiVersion": "aksess.dev/v1alpha1", "kind": "AddressGroup"}))]
    items[0] |= {"metadata": {"name": "g"}, "spec": {"entries": [{"address": "::1"}]}}
    (here / "one.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    assert [each.label for each in read_policies(["*.json"]).groups] == ["AddressGroup g"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(access(ALLOW).encode())))
    assert read_policies(["-"]).access[0].where("spec") == "-:4"


def test_a_file_named_by_itself_and_by_its_folder_is_read_once(here: Path) -> None:
    (here / "p.yaml").write_text(access(ALLOW))
    assert len(read_policies([".", here / "p.yaml"]).access) == 1


def test_what_a_cluster_adds_is_no_mistake(here: Path) -> None:
    more = "metadata:\n  name: p\n  uid: 1-2\n  labels: {a: b}\n  creationTimestamp: null\n  generation: 3\n"
    text = f"{HEAD}kind: AccessPolicy\n{more}spec:\n{TARGET}  public: true\nstatus: {{conditions: []}}\n"
    (here / "p.yaml").write_text(text)
    assert read_policies(["p.yaml"]).access[0].label == "AccessPolicy default/p"


def test_json_with_tabs(here: Path) -> None:
    text = json.dumps(
        {"kind": "AddressGroup", "apiVersion": "aksess.dev/v1alpha1", "metadata": {"name": "g"}}, indent="\t"
    )
    (here / "p.json").write_text(text[:-2] + ',\n\t"spec": {"entries": [{"cidr": "::/129"}]}}')
    with pytest.raises(PolicyError, match=r"p\.json:7: spec\.entries\[0\]\.cidr: '::/129' has no prefix length"):
        read_policies(["p.json"])


# Where nothing is found.


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(PolicyError) as error:
        read_policies(["nowhere.yaml"])
    assert str(error.value) == (
        "nowhere.yaml: cannot be read: No such file or directory (-p takes a file, a folder, a glob or -)"
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", OTHER, "kind: Service\napiVersion: v1\n", "[]", "{}"])
def test_a_file_without_policies(text: str) -> None:
    assert told(text) == (f"p.yaml: holds no policy (give documents of apiVersion aksess.dev/v1alpha1: {KINDS})")


def test_each_path_has_to_hold_one(here: Path) -> None:
    (here / "a.yaml").write_text(access(ALLOW))
    (here / "b.yaml").write_text(OTHER)
    with pytest.raises(PolicyError, match=r"^b\.yaml: holds no policy"):
        read_policies(["a.yaml", "b.yaml"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_nobody_may_read(here: Path) -> None:
    (here / "p.yaml").touch(mode=0)
    with pytest.raises(PolicyError, match="cannot be read: Permission denied"):
        read_policies(["p.yaml"])


def test_what_is_no_text(here: Path) -> None:
    (here / "p.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match=r"^p\.yaml: cannot be read: not UTF-8 text"):
        read_policies(["p.yaml"])


# What is not told apart from a policy.

HEADS = "a document has apiVersion, kind, metadata.name and spec"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "p.yaml:2: broken YAML (did not find expected node content) (mend the file)"),
        (
            "spec: {public: true}\n",
            f"p.yaml:1: no Kubernetes object and no Azure reply ({HEADS})",
        ),
        (
            f"{HEAD}kind: AccessPolicy\nspec: {{}}\n",
            f"p.yaml:1: AccessPolicy without metadata ({HEADS})",
        ),
        (
            f"{HEAD}kind: AccessPolicies\nmetadata: {{name: p}}\n",
            f"p.yaml:2: kind: 'AccessPolicies' is not one of {KINDS} (correct it)",
        ),
        (
            "apiVersion: akses.dev/v1alpha1\nkind: AccessPolicy\nmetadata: {name: p}\n",
            (
                "p.yaml:1: apiVersion: 'akses.dev/v1alpha1' is not aksess.dev/v1alpha1 (correct it, or keep what "
                "belongs to another product out of the policies)"
            ),
        ),
        (
            access(ALLOW + ALLOW),
            "p.yaml:7: allow is written twice (the last one would count; keep one of them)",
        ),
    ],
)
def test_what_may_be_a_policy(text: str, said: str) -> None:
    assert told(text) == said


def test_a_field_that_is_written_twice_in_json() -> None:
    text = '{"apiVersion": "aksess.dev/v1alpha1", "kind": "AddressGroup", "metadata": {"name": "g"},\n'
    text += '"spec": {}, "spec": {}}'
    assert told(text, "p.json") == "p.json:1: spec is written twice (the last one would count; keep one of them)"


def test_one_name_twice(here: Path) -> None:
    (here / "a.yaml").write_text(access(ALLOW))
    (here / "b.yaml").write_text("\n" + access(ALLOW))
    with pytest.raises(PolicyError) as error:
        read_policies(["."])
    assert str(error.value) == (
        "b.yaml:4: metadata.name: AccessPolicy shop/offices is given twice, first in a.yaml:1 (keep one of them)"
    )


def test_two_policies_of_the_cluster() -> None:
    one = cluster("  withoutPolicy: close\n")
    assert told(f"{one}---\n{one.replace('name: cluster', 'name: other')}") == (
        "p.yaml:9: metadata.name: a second ClusterAccessPolicy beside p.yaml:1 (a cluster has one; keep one of them)"
    )


# What is wrong with a policy.

ENTRY = "write 203.0.113.0/24 or 2001:db8::/32"


def entry(text: str) -> str:
    return access(f"  allow:\n  - {{{text}}}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (access("", target="  public: true\n"), "4: spec.targetRefs: is missing (add it)"),
        (access("  public: true\n", target="  targetRefs: []\n"), "5: spec.targetRefs: is empty (list at least one)"),
        (
            access("  public: true\n", target="  targetRefs: {kind: Ingress}\n"),
            "5: spec.targetRefs: is no list (write its members one below the other, each after a dash)",
        ),
        (
            access("  public: true\n", target="  targetRefs: [{kind: Pod, name: web}]\n"),
            "5: spec.targetRefs[0].kind: 'Pod' is not one of Ingress, Service, HTTPRoute, Gateway",
        ),
        (
            access("  public: true\n", target="  targetRef: [{kind: Ingress, name: web}]\n"),
            "5: spec.targetRef: there is no such field (did you mean targetRefs?; 1 more mistake in this document)",
        ),
        (access(""), "4: spec: nobody would get in: list somebody under allow, or say public: true"),
        (access("  allow: []\n"), "4: spec: nobody would get in: list somebody under allow, or say public: true"),
        (access("  allow:\n"), "6: spec.allow: has no value (give it one, or take the field out)"),
        (access("  public: true\n" + ALLOW), "4: spec: say either allow or public: true"),
        (
            access('  public: "yes"\n'),
            "6: spec.public: is neither true nor false (write true or false, without quotes)",
        ),
        (
            entry("cidr: 192.0.2.7/24"),
            "7: spec.allow[0].cidr: 192.0.2.7/24 has bits beyond its prefix: write 192.0.2.0/24",
        ),
        (
            entry("cidr: 2001:db8::1/32"),
            "7: spec.allow[0].cidr: 2001:db8::1/32 has bits beyond its prefix: write 2001:db8::/32",
        ),
        (entry("cidr: 300.0.2.0/24"), f"7: spec.allow[0].cidr: '300.0.2.0/24' is no address and no CIDR ({ENTRY})"),
        (entry("cidr: 192.0.2.0/33"), "7: spec.allow[0].cidr: '192.0.2.0/33' has no prefix length from 0 to 32"),
        (
            entry("cidr: 192.0.2.0/024"),
            "7: spec.allow[0].cidr: '192.0.2.0/024' has no plain prefix length (write 192.0.2.0/24)",
        ),
        (
            entry("cidr: '::ffff:192.0.2.0/120'"),
            (
                "7: spec.allow[0].cidr: ::ffff:192.0.2.0 is an IPv4 address in IPv6 form, which no client has "
                "(write 192.0.2.0)"
            ),
        ),
        (entry("cidr: 10"), "7: spec.allow[0].cidr: is no text (put it in quotes)"),
        (
            entry("address: 192.0.2.0/24"),
            "7: spec.allow[0].address: '192.0.2.0/24' is no address (use cidr for a network)",
        ),
        (
            entry("serviceTag: two words"),
            (
                "7: spec.allow[0].serviceTag: 'two words' is no service tag (write it as Azure does: "
                "AzureFrontDoor.Backend)"
            ),
        ),
        (entry("reason: none"), "7: spec.allow[0]: say exactly one of cidr, address, serviceTag, group"),
        (entry("group: a, address: '::1'"), "7: spec.allow[0]: say exactly one of cidr, address, serviceTag, group"),
        (access("  allow: [192.0.2.0/24]\n"), "6: spec.allow[0]: is no mapping (write its fields below it)"),
        (
            entry("address: '::1', expires: 2026-02-30"),
            "7: spec.allow[0].expires: '2026-02-30' is no day of the calendar (write it as 2027-01-31)",
        ),
        (
            entry("address: '::1', expires: 20270131"),
            "7: spec.allow[0].expires: 20270131 is no date (write it as 2027-01-31)",
        ),
        (
            entry("url: https://feeds.example.com/"),
            "7: spec.allow[0].url: there is no such field (write it in an AddressGroup, and name the group here)",
        ),
        (
            entry("group: a, comment: x"),
            (
                "7: spec.allow[0].comment: there is no such field (there are cidr, address, serviceTag, group, reason, "
                "owner, expires)"
            ),
        ),
        (group("g"), "5: spec.entries: has no value (give it one, or take the field out)"),
        (
            group("g", "url: https://a.example/"),
            (
                "6: spec.entries[0]: a feed can change: say exactly one of sha256 and refresh (pin it with the sha256 "
                "of its content, or sign it off with refresh: signed-off)"
            ),
        ),
        (
            group("g", "url: http://a.example/, sha256: x"),
            (
                "6: spec.entries[0].url: 'http://a.example/' is no https address (a feed is fetched over https only; 1 "
                "more mistake in this document)"
            ),
        ),
        (
            group("g", "url: https://a.example/, sha256: x"),
            "6: spec.entries[0].sha256: is no SHA-256 digest (write its 64 digits in small letters, as sha256sum does)",
        ),
        (
            group("g", "url: https://a.example/, refresh: signed-off"),
            "6: spec.entries[0]: a feed that is signed off needs owner and expires (say who signs, and until when)",
        ),
        (
            group("g", "url: https://a.example/, refresh: daily"),
            "6: spec.entries[0].refresh: 'daily' is not signed-off",
        ),
        (group("g", "dns: a.example, refresh: signed-off"), "6: spec.entries[0]: sha256 and refresh belong to a url"),
        (
            group("g", "dns: '*.example'"),
            "6: spec.entries[0].dns: '*.example' is no DNS name (write it as partner.example.com)",
        ),
        (cluster("  withoutPolicy: open\n"), "5: spec.withoutPolicy: 'open' is not one of report, close"),
        (cluster("  apiServer: {allow: []}\n"), "5: spec.apiServer.allow: is empty (list at least one)"),
        (
            cluster("  egress: {baseline: required}\n"),
            "5: spec.egress.baseline: there is no such field (did you mean baseLine?)",
        ),
        (cluster("  always: [{cidr: x}]\n"), f"5: spec.always[0].cidr: 'x' is no address and no CIDR ({ENTRY})"),
    ],
)
def test_a_wrong_policy(text: str, said: str) -> None:
    assert told(text) == f"p.yaml:{said}"


def test_a_long_value_is_cut() -> None:
    said = told(entry(f"serviceTag: '{'x ' * 100}'"))
    assert said.endswith("x x… is no service tag (write it as Azure does: AzureFrontDoor.Backend)")
    assert len(said) < 200
