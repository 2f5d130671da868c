"""Which list is in force, how its value is read, and what a bad one does.

Source: kubernetes/ingress-nginx internal/ingress/annotations/ipallowlist/main.go, ipdenylist/main.go,
parser/validators.go, internal/net/ipnet.go; documentation "Whitelist source range"; every row was seen with the real
controller (1.11.0 and a few commits).
"""

from __future__ import annotations

import pytest

from aksess.addresses import AddressSet
from aksess.controllers.ingress_nginx import IngressNginx
from ingress_nginx.estates import (
    ALIAS,
    ALLOW,
    DENY,
    LIST,
    LISTED,
    OTHER,
    PREFIX,
    address,
    allowed,
    ask,
    controller,
    ingress,
)

URL = "https://a.example.com/"

GOOD = {
    "10.0.0.0/8, 1.2.3.4": ("10.0.0.0/8", "1.2.3.4"),
    "10.1.2.3/8": ("10.0.0.0/8",),
    "::1": ("::1",),
    "2001:db8::/32": ("2001:db8::/32",),
    "2001:DB8::1": ("2001:db8::1",),
    "::ffff:10.0.0.0/104": ("10.0.0.0/8",),
    "::ffff:0:0/96": ("0.0.0.0/0",),
    "::ffff:1.2.3.4": ("1.2.3.4",),
    "1.2.3.4,1.2.3.4": ("1.2.3.4",),
    "1.2.3.4/32,1.2.3.4": ("1.2.3.4",),
    "10.0.0.0/8,10.1.0.0/16": ("10.0.0.0/8",),
    "10.0.0.0/08": ("10.0.0.0/8",),
    "10.0.0.0/8 ": ("10.0.0.0/8",),
    "1.2.3.4,\n5.6.7.8": ("1.2.3.4", "5.6.7.8"),
    "1.2.3.4,\n\t 5.6.7.8\n": ("1.2.3.4", "5.6.7.8"),
    "0.0.0.0/0": ("0.0.0.0/0",),
    "0.0.0.0/0,::/0": ("0.0.0.0/0", "::/0"),
    "\u00a01.2.3.4": ("1.2.3.4",),
}
BAD = (
    *("1.2.3.4,", "a,", "1.2.3.4,,5.6.7.8", "1.2.3.4 5.6.7.8", "1.2.3.4;5.6.7.8", "10.0.0.0/33", "300.1.1.1"),
    *("example.com", "!10.0.0.0/8", "10.0.0.0-10.0.0.9", "10.0.0.0/255.0.0.0", "21.10.178/24", "010.0.0.1"),
    *("fe80::1%eth0", "all", "unix:", "1.2.3.4\n5.6.7.8", "   ", "\n", ",", "\x1f1.2.3.4", "::/129", "1.2.3.4/"),
)


def _with(notes: dict[str, str], **more: object) -> IngressNginx:
    return controller(ingress("a", notes=notes), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", [ALLOW, ALIAS])
@pytest.mark.parametrize(("value", "networks"), GOOD.items())
def test_good_allow_lists_admit_exactly_what_they_say(key: str, value: str, networks: tuple[str, ...]) -> None:
    """Source: internal/net/ipnet.go `ParseIPNets`: net.ParseCIDR, else net.ParseIP; blanks around are trimmed."""
    assert allowed(_with({key: value}), URL) == AddressSet.of(*networks)


@pytest.mark.parametrize(("value", "networks"), GOOD.items())
def test_good_deny_lists_deny_exactly_what_they_say(value: str, networks: tuple[str, ...]) -> None:
    assert allowed(_with({DENY: value}), URL) == ~AddressSet.of(*networks)


@pytest.mark.parametrize("key", [ALLOW, ALIAS, DENY])
@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("validation", ["true", "false"])
def test_one_bad_entry_shuts_the_ingress(key: str, value: str, validation: str) -> None:
    """Source: ipallowlist/main.go (LocationDeniedError wraps everything), with and without validation the same."""
    found = _with({key: value}, args=[f"--enable-annotation-validation={validation}"])
    for source in (LISTED, OTHER, "2001:db8::1"):
        said = ask(found, source, URL)
        assert (said.effect, said.ruling.status) == ("unavailable", 503)
    assert said.ruling.citation.path == ("metadata", "annotations", PREFIX + key)


@pytest.mark.parametrize(
    ("value", "entry"),
    [("1.2.3.4,", ""), ("1.2.3.4, 10.0.0.0/33", "10.0.0.0/33"), ("1.2.3.4;5.6.7.8", "1.2.3.4;5.6.7.8")],
)
def test_the_bad_entry_is_named(value: str, entry: str) -> None:
    invalid = _with({ALLOW: value}).facts.invalid_lists
    assert [(each.invalid.entry, each.ingress.name) for each in invalid] == [(entry, "a")]
    assert invalid[0].citation.field_text == f"metadata.annotations['{PREFIX}{ALLOW}']"


EMPTY = [
    ({ALLOW: ""}, "unavailable"),
    ({ALLOW: "", ALIAS: ""}, "unavailable"),
    ({DENY: ""}, "unavailable"),
    ({ALIAS: ""}, "reached"),
    ({ALLOW: "", ALIAS: LIST}, "forbidden"),
]


@pytest.mark.parametrize(("notes", "effect"), EMPTY)
def test_empty_values(notes: dict[str, str], effect: str) -> None:
    """Source: parser/validators.go `checkAnnotation`: only an empty canonical key lets the alias speak, and an empty
    alias counts as missing; parser/main.go `parseString`: an empty value is an error.
    """
    assert ask(_with(notes), OTHER, URL).effect == effect


PRECEDENCE = [
    ({ALLOW: "1.1.1.1", ALIAS: "2.2.2.2"}, "1.1.1.1", ["shadowed"]),
    ({ALLOW: "", ALIAS: "2.2.2.2"}, "2.2.2.2", ["empty"]),
    ({ALLOW: "3.3.3.3", ALIAS: "nonsense"}, "3.3.3.3", ["shadowed"]),
    ({ALIAS: "2.2.2.2"}, "2.2.2.2", []),
]


@pytest.mark.parametrize(("notes", "listed", "ignored"), PRECEDENCE)
def test_the_canonical_key_wins_and_is_not_merged(notes: dict[str, str], listed: str, ignored: list[str]) -> None:
    """Source: parser/validators.go `checkAnnotation`."""
    found = _with(notes)
    assert allowed(found, URL) == AddressSet.of(listed)
    assert [each.reason for each in found.facts.ignored_lists] == ignored


def test_a_bad_canonical_key_is_not_saved_by_a_good_alias() -> None:
    assert ask(_with({ALLOW: "bad", ALIAS: LIST}), LISTED, URL).effect == "unavailable"


NO_LISTS = [
    ({"ingress.kubernetes.io/whitelist-source-range": "1.1.1.1"}, "old-prefix"),
    ({PREFIX + "limit-whitelist": "1.1.1.1", PREFIX + "limit-rps": "5"}, "rate-limit"),
    ({PREFIX + "limit-allowlist": "1.1.1.1"}, "rate-limit"),
    ({PREFIX + "whitelist-source-ranges": "1.1.1.1"}, "unknown-key"),
    ({PREFIX + "blacklist-source-range": "1.1.1.1"}, "unknown-key"),
    ({PREFIX + "allow-list-source-range": "1.1.1.1"}, "unknown-key"),
    ({PREFIX + "Whitelist-source-range": "1.1.1.1"}, "unknown-key"),
]


@pytest.mark.parametrize(("raw", "reason"), NO_LISTS)
def test_keys_that_are_no_lists(raw: dict[str, str], reason: str) -> None:
    """Source: documentation "Annotations": only allowlist-, whitelist- and denylist-source-range are lists."""
    found = controller(ingress("a", raw=raw))
    assert ask(found, OTHER, URL).effect == "reached"
    assert [each.reason for each in found.facts.ignored_lists] == [reason]
    assert not found.judges()


def test_another_prefix_is_the_only_one_that_counts() -> None:
    """Source: pkg/flags/flags.go ``--annotations-prefix``."""
    raw = {PREFIX + ALLOW: "1.1.1.1", "mine.example.org/" + DENY: "2.2.2.2"}
    found = controller(ingress("a", raw=raw), args=["--annotations-prefix=mine.example.org"])
    assert allowed(found, URL) == ~AddressSet.of("2.2.2.2")
    assert [(each.key, each.reason) for each in found.facts.ignored_lists] == [(PREFIX + ALLOW, "other-prefix")]


def test_lists_of_other_controllers_are_none_of_ours() -> None:
    found = controller(ingress("a", raw={"haproxy-ingress.github.io/allowlist-source-range": "1.1.1.1"}))
    assert not found.facts.ignored_lists


GLOBAL = {"whitelist-source-range": "9.9.9.9, 9.9.8.0/24", "denylist-source-range": "9.9.8.8/32"}
INHERITANCE = [
    ({}, AddressSet.of("9.9.9.9", "9.9.8.0/24") - AddressSet.of("9.9.8.8")),
    ({ALLOW: "1.1.1.1, 9.9.8.8"}, AddressSet.of("1.1.1.1")),
    ({DENY: "9.9.9.9"}, AddressSet.of("9.9.8.0/24")),
    ({ALLOW: "0.0.0.0/0,::/0", DENY: "7.7.7.7"}, ~AddressSet.of("7.7.7.7")),
    ({ALIAS: ""}, AddressSet.of("9.9.9.9", "9.9.8.0/24") - AddressSet.of("9.9.8.8")),
]


@pytest.mark.parametrize(("notes", "expected"), INHERITANCE)
def test_an_annotation_replaces_the_global_list_of_its_kind_only(notes: dict[str, str], expected: AddressSet) -> None:
    """Source: ipallowlist/main.go: the default is used only where the annotation is missing; no union."""
    assert allowed(_with(notes, config=GLOBAL), URL) == expected


def test_there_is_no_global_allowlist_key() -> None:
    """Source: internal/ingress/controller/template/configmap.go reads ``whitelist-source-range`` only."""
    assert ask(_with({}, config={"allowlist-source-range": "9.9.9.9"}), OTHER, URL).effect == "reached"


def test_a_global_list_does_not_hold_for_the_catch_all() -> None:
    """Source: controller.go `createServers` applies no annotations to the default server."""
    said = ask(_with({}, config=GLOBAL), OTHER, "https://nobody.example.net/")
    assert (said.effect, said.ruling.status) == ("not-found", 404)


FAMILIES = [("10.0.0.0/8", {4}), ("2001:db8::/32", {6}), ("10.0.0.0/8,::/0", {4, 6})]


@pytest.mark.parametrize(("value", "families"), FAMILIES)
def test_a_list_knows_its_families(value: str, families: set[int]) -> None:
    """A list of one family denies the other whole: `deny all` counts for both."""
    found = _with({ALLOW: value})
    taken = found.rules[("web", "a")].lists.allow
    assert taken is not None
    assert taken.families == families
    assert (6 in families) == bool(allowed(found, URL).family(6))


OLD = "registry.k8s.io/ingress-nginx/controller:v1.8.2"


def test_before_1_9_only_the_old_key_is_read_and_an_empty_one_shuts() -> None:
    """Source: changelog/controller-1.9.0 (pull request 9673 brought the canonical key and aliases)."""
    found = controller(ingress("a", notes={ALLOW: "1.1.1.1", ALIAS: LIST}), image=OLD)
    assert allowed(found, URL) == AddressSet.of(LIST)
    assert ask(controller(ingress("a", notes={ALIAS: ""}), image=OLD), OTHER, URL).effect == "unavailable"


def test_before_1_6_4_there_is_no_deny_list() -> None:
    """Source: pull request 8795."""
    found = controller(ingress("a", notes={DENY: OTHER}), image="k8s.gcr.io/ingress-nginx/controller:v1.5.1")
    assert ask(found, OTHER, URL).effect == "reached"


def test_addresses_inside_and_outside_are_judged_alike_for_one_and_for_all() -> None:
    found = _with({ALLOW: "18.0.0.0/8"})
    assert ask(found, "17.255.255.255", URL).effect == "forbidden"
    assert ask(found, "18.0.0.0", URL).effect == "reached"
    assert ask(found, "18.255.255.255", URL).effect == "reached"
    assert ask(found, "19.0.0.0", URL).effect == "forbidden"
    assert address("18.0.0.0") in allowed(found, URL)
