"""Command line, ConfigMap and version.

Source: kubernetes/ingress-nginx pkg/flags/flags.go, internal/ingress/controller/config/config.go `NewDefault`,
template/configmap.go `ReadConfig`; changelog for what changed with a version.
"""

from __future__ import annotations

import pytest

from aksess.controllers.ingress_nginx import find
from aksess.controllers.ingress_nginx.flags import Flags, go_bool, read_flags
from aksess.controllers.ingress_nginx.settings import Settings, read_settings
from aksess.controllers.ingress_nginx.versions import NEWEST, Release, Version, version_of
from ingress_nginx.estates import (
    ALIAS,
    ALLOW,
    DENY,
    LIST,
    OTHER,
    ask,
    config_map,
    controller,
    deployment,
    estate_of,
    front,
    ingress,
    ingress_class,
    objects,
    secret,
    service,
)

URL = "https://a.example.com/"
NEW = "registry.k8s.io/ingress-nginx/controller:v1.13.3"
DIGEST = "registry.k8s.io/ingress-nginx/controller@sha256:abc"


def _settings(**data: str) -> Settings:
    return read_settings(Flags(), Release(None), {key.replace("_", "-"): value for key, value in data.items()})


IMAGES = {
    "registry.k8s.io/ingress-nginx/controller:v1.11.1": Version(1, 11, 1),
    "registry.k8s.io/ingress-nginx/controller:v1.12.0-beta.0@sha256:9724": Version(1, 12, 0),
    "mcr.microsoft.com/oss/v2/kubernetes/ingress-nginx/controller:v1.13.9-2": Version(1, 13, 9),
    "registry:5000/ingress-nginx/controller:1.9.4": Version(1, 9, 4),
    "registry:5000/ingress-nginx/controller": None,
    "registry.k8s.io/ingress-nginx/controller@sha256:9724": None,
    "ingress-nginx/controller:latest": None,
}


@pytest.mark.parametrize(("image", "version"), IMAGES.items())
def test_the_version_is_that_of_the_image_tag(image: str, version: Version | None) -> None:
    assert version_of(image) == version


def test_a_version_that_is_not_known_counts_as_the_newest() -> None:
    assert Release(None).secure_defaults == Release(NEWEST).secure_defaults
    assert not Release(Version(1, 11, 5)).secure_defaults


FIXES = [((1, 13, 7), False), ((1, 13, 8), True), ((1, 14, 3), False), ((1, 14, 4), True), ((1, 15, 0), True)]


@pytest.mark.parametrize(("number", "fixed"), FIXES)
def test_late_fixes_came_to_three_lines(number: tuple[int, int, int], fixed: bool) -> None:
    """Source: changelog 1.13.8, 1.14.4 and 1.15.0, pull requests 14555 and 14664 with their backports."""
    release = Release(Version(*number))
    assert release.aliases_have_risk == release.passthrough_of_any == fixed


def test_flags_in_every_form() -> None:
    """Source: spf13/pflag: ``--x=y``, ``--x y``; booleans bare."""
    flags = read_flags(
        [
            *("/nginx-ingress-controller", "--profiling", "--configmap=$(POD_NAMESPACE)/cm", "--v", "2"),
            *("--enable-ssl-passthrough", "--http-port", "8080", "--https-port=8443", "--watch-namespace=$(SPACE)"),
            *("--controller-class", "example.com/mine", "--enable-annotation-validation=false", "--unknown"),
        ],
        {"SPACE": "shops"},
        "edge",
    )
    assert flags.config_map == ("edge", "cm")
    assert flags.ssl_passthrough
    assert (flags.http_port, flags.https_port) == (8080, 8443)
    assert flags.watch_namespace == "shops"
    assert flags.controller_class == "example.com/mine"
    assert flags.validation is False


def test_a_variable_that_is_not_known_stays_as_it_is() -> None:
    """Source: Kubernetes "Define dependent environment variables"."""
    assert read_flags(["--ingress-class=$(NOBODY)-$$(X)"], {}, "edge").ingress_class == "$(NOBODY)-$(X)"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("T", True), ("0", False), ("yes", None), ("", None)])
def test_booleans_are_those_of_go(text: str, value: bool | None) -> None:
    """Source: Go `strconv.ParseBool`."""
    assert go_bool(text) is value


CONFIG_BOOLEANS = [("true", True), ("1", True), ("false", False), ("", False), ("yes", False), ("TRUE", True)]


@pytest.mark.parametrize(("text", "value"), CONFIG_BOOLEANS)
def test_a_boolean_that_cannot_be_read_counts_as_the_default(text: str, value: bool) -> None:
    """Source: mitchellh/mapstructure, weakly typed: the empty text is false, anything unreadable is left alone."""
    assert _settings(use_forwarded_headers=text).use_forwarded_headers is value


def test_ssl_redirect_is_on_unless_it_is_switched_off() -> None:
    assert _settings().ssl_redirect
    assert _settings(ssl_redirect="nonsense").ssl_redirect
    assert not _settings(ssl_redirect="false").ssl_redirect


def test_lists_of_the_config_map_drop_empty_fields_and_keep_the_rest() -> None:
    """Source: configmap.go `splitAndTrimSpace`."""
    assert _settings(whitelist_source_range=" 1.1.1.1 , ,2.2.2.2,").allow == ("1.1.1.1", "", "2.2.2.2")


@pytest.mark.parametrize(("text", "code"), [("301", 301), ("307", 307), ("302", 302), ("303", 308), ("x", 308)])
def test_redirect_codes(text: str, code: int) -> None:
    """Source: configmap.go ``validRedirectCodes``."""
    assert _settings(http_redirect_code=text).redirect_code == code


def test_the_trusted_peers_default_to_every_ipv4_address() -> None:
    assert _settings().trusted == ("0.0.0.0/0",)
    assert _settings(proxy_real_ip_cidr="").trusted == ()


def test_defaults_by_version() -> None:
    """Source: changelog 1.9.0 (snippets off), 1.12.0 (validation, risk level High, no foreign Secrets)."""
    for number, snippets, risk, validation, foreign in (
        ((1, 8, 0), True, None, False, True),
        ((1, 11, 5), False, 3, False, True),
        ((1, 12, 0), False, 2, True, False),
    ):
        settings = read_settings(Flags(), Release(Version(*number)), {})
        found = (settings.allow_snippets, settings.risk, settings.validation, settings.other_namespaces)
        assert found == (snippets, risk, validation, foreign)


# --- what the settings do to Ingresses --------------------------------------------------------------------------------

RISKS = [
    ("Critical", {ALLOW: LIST}, "forbidden"),
    ("High", {ALLOW: LIST}, "forbidden"),
    ("Medium", {ALLOW: LIST}, "forbidden"),
    ("Low", {ALLOW: LIST}, "not-found"),
    ("nonsense", {ALLOW: LIST}, "not-found"),
    ("Low", {DENY: OTHER}, "not-found"),
    ("Low", {ALIAS: LIST}, "forbidden"),
    ("High", {"configuration-snippet": "deny all;"}, "not-found"),
    ("High", {"server-snippet": "deny all;"}, "not-found"),
    ("Low", {"ssl-redirect": "false"}, "reached"),
]


@pytest.mark.parametrize(("level", "notes", "effect"), RISKS)
def test_a_risky_annotation_makes_the_ingress_absent(level: str, notes: dict[str, str], effect: str) -> None:
    """Source: parser/validators.go `CheckAnnotationRisk`, store.go `syncIngress`; seen: the alias passes level Low."""
    found = controller(ingress("a", notes=notes), config={"annotations-risk-level": level})
    said = ask(found, OTHER, URL)
    assert said.effect == effect
    if effect == "not-found":
        assert found.refused
        assert [each.code for each in said.answers.assumptions] == ["controller-defaults"]
        assert "earlier version" in said.answers.assumptions[0].text
        assert found.serves("a.example.com")


def test_the_alias_is_risky_too_since_the_late_fixes() -> None:
    """Source: pull request 14664."""
    image = "registry.k8s.io/ingress-nginx/controller:v1.15.0"
    found = controller(ingress("a", notes={ALIAS: LIST}), config={"annotations-risk-level": "Low"}, image=image)
    assert ask(found, OTHER, URL).effect == "not-found"


def test_since_1_12_a_snippet_is_above_the_default_risk() -> None:
    found = controller(ingress("a", notes={"configuration-snippet": "deny all;"}), image=NEW)
    assert ask(found, OTHER, URL).effect == "not-found"
    assert not any(each.code == "x" for each in ask(found, OTHER, URL).answers.assumptions)


def test_a_default_of_an_unknown_version_is_said_to_be_assumed() -> None:
    found = controller(ingress("a", notes={"configuration-snippet": "deny all;"}), image=DIGEST)
    texts = [each.text for each in ask(found, OTHER, URL).answers.assumptions]
    assert any("version" in text and str(NEWEST) in text for text in texts)


REFUSING = [
    ({"permanent-redirect": "not a url"}, "not-found"),
    ({"ssl-passthrough": "yes"}, "not-found"),
    ({"server-alias": "x;y"}, "not-found"),
    ({"limit-rps": "abc"}, "not-found"),
    ({"custom-http-errors": "40x"}, "not-found"),
    ({"default-backend": "Not_A_Name"}, "not-found"),
    ({"use-regex": "yes"}, "reached"),
    ({"satisfy": "both"}, "reached"),
    ({"app-root": "/x;y"}, "reached"),
    ({"rewrite-target": "/x y"}, "reached"),
]


@pytest.mark.parametrize(("notes", "effect"), REFUSING)
def test_validation_refuses_the_ingress_or_takes_the_default(notes: dict[str, str], effect: str) -> None:
    """Source: annotations.go `Extract` (an unwrapped ValidationError refuses) and the parsers that fall back."""
    on = controller(ingress("a", notes=notes), args=["--enable-annotation-validation"])
    assert ask(on, OTHER, URL).effect == effect


def test_the_word_blocklist_leaves_an_ingress_out() -> None:
    """Source: store.go `checkBadAnnotationValue`: any value under the prefix, anywhere in it."""
    config = {"annotation-value-word-blocklist": "evil,root"}
    for notes, effect in (({"app-root": "/rooted"}, "not-found"), ({"auth-realm": "fine"}, "reached")):
        assert ask(controller(ingress("a", notes=notes), config=config), OTHER, URL).effect == effect
    raw = {"other.example.com/x": "evil"}
    assert ask(controller(ingress("a", raw=raw), config=config), OTHER, URL).effect == "reached"


def test_injected_paths_are_refused() -> None:
    """Source: internal/ingress/inspector/rules.go."""
    bad = ingress("a", paths=[("/x/etc/passwd", "Prefix", "app")])
    assert controller(bad).refused
    assert not controller(bad, args=["--deep-inspect=false"]).refused


def test_without_catch_all_an_ingress_with_a_default_backend_is_left_out() -> None:
    """Source: store.go `hasCatchAllIngressRule`."""
    found = controller(ingress("a", default="other"), args=["--disable-catch-all"])
    assert found.refused
    assert ask(found, OTHER, URL).effect == "not-found"


def test_a_config_map_that_was_not_read_is_assumed_to_hold_the_defaults() -> None:
    given = [each for each in objects(ingress("a")) if each["kind"] != "ConfigMap"]
    found = find(estate_of(given))[0]
    assert [each.code for each in found.assumptions] == ["controller-defaults"]
    assert ask(found, OTHER, URL).effect == "reached"


def test_a_config_map_that_cannot_be_decoded_leaves_every_answer_in_doubt() -> None:
    given = objects(ingress("a", notes={ALLOW: LIST}))
    given = [
        {**each, "data": {"use-forwarded-headers": True}} if each["kind"] == "ConfigMap" else each for each in given
    ]
    found = find(estate_of(given))[0]
    said = ask(found, OTHER, URL)
    assert said.effect == "doubt"
    assert "ConfigMap ingress-nginx/settings" in said.ruling.doubt


def test_a_setting_that_was_not_rendered_leaves_every_answer_in_doubt() -> None:
    assert ask(controller(ingress("a"), config={"block-cidrs": "{{ .Values.x }}"}), OTHER, URL).effect == "doubt"
    assert ask(controller(ingress("a"), args=["--annotations-prefix={{ .x }}"]), OTHER, URL).effect == "doubt"


def test_a_secret_that_does_not_exist_shuts_only_where_secrets_were_read() -> None:
    """Seen: 503 to everybody; without any Secret in the input it is assumed to exist (contract: secrets-exist)."""
    asking = ingress("a", notes={"auth-type": "basic", "auth-secret": "users"})
    assumed = ask(controller(asking), OTHER, URL, credentials=True)
    assert (assumed.effect, [each.code for each in assumed.answers.assumptions]) == ("reached", ["secrets-exist"])
    assert ask(controller(asking, secret("other")), OTHER, URL, credentials=True).effect == "unavailable"
    known = ask(controller(asking, secret("users")), OTHER, URL, credentials=True)
    assert (known.effect, known.answers.assumptions) == ("reached", ())


FOREIGN = [
    ("v1.11.1", {}, "reached"),
    ("v1.12.1", {}, "unavailable"),
    ("v1.12.1", {"allow-cross-namespace-resources": "true"}, "reached"),
]


@pytest.mark.parametrize(("tag", "config", "effect"), FOREIGN)
def test_secrets_of_other_namespaces(tag: str, config: dict[str, str], effect: str) -> None:
    """Source: annotations/auth/main.go; changelog 1.12.0."""
    asking = ingress("a", notes={"auth-type": "basic", "auth-secret": "vault/users"})
    image = f"registry.k8s.io/ingress-nginx/controller:{tag}"
    found = controller(asking, secret("users", "vault"), config=config, image=image)
    assert ask(found, OTHER, URL, credentials=True).effect == effect


def test_listeners_follow_the_container_ports() -> None:
    """Source: pkg/flags/flags.go ``--http-port``, ``--https-port``; the chart names its container ports."""
    ports = [
        {"name": "http", "port": 80, "targetPort": "http"},
        {"name": "https", "port": 443, "targetPort": "https"},
        {"name": "tls-off", "port": 444, "targetPort": "http"},
        {"name": "number", "port": 8000, "targetPort": 8080},
        {"name": "metrics", "port": 10254, "targetPort": "metrics"},
        {"name": "quic", "port": 443, "targetPort": "https", "protocol": "UDP"},
    ]
    given = [
        ingress_class(),
        deployment(
            ["--http-port=8080", "--https-port=8443"], ports=[("http", 8080), ("https", 8443), ("metrics", 10254)]
        ),
        config_map("settings", {}),
        front(ports=ports),
        ingress("a"),
        *service("app"),
    ]
    found = find(estate_of(given))[0]
    leading = found.services[0]
    assert [found.listener(leading, port) for port in leading.ports] == ["http", "https", "http", "http", None, None]
