"""What the quick form does not play is named: it is left to the real controller and never taken for an answer."""

from __future__ import annotations

import pytest
from lab_estates import Object, controller, estate_of, ingress, settings

from aksess.lab import ingress_config
from aksess.lab.ingress_config import Unplayed


def _unplayed(*objects: Object, flags: tuple[str, ...] = ()) -> list[Unplayed]:
    (only,) = ingress_config.controllers(estate_of(*controller(*flags), *objects))
    return ingress_config.unplayed(only)


def test_what_is_played_is_not_named() -> None:
    notes = {
        "whitelist-source-range": "203.0.113.0/24",
        "denylist-source-range": "203.0.113.7",
        "ssl-redirect": "false",
        "auth-type": "basic",
        "auth-secret": "x",
        "satisfy": "any",
        "proxy-body-size": "8m",
    }
    played = settings(use_forwarded_headers="true", proxy_real_ip_cidr="10.0.0.0/8", block_cidrs="203.0.113.0/24")
    assert _unplayed(ingress("a", "/", "/x.y-z", notes=notes), played, flags=("--http-port=8080",)) == []


@pytest.mark.parametrize(
    "note",
    [
        *("configuration-snippet", "server-snippet", "auth-url", "auth-tls-secret", "use-regex", "rewrite-target"),
        *("canary", "server-alias", "ssl-passthrough", "permanent-redirect", "custom-http-errors", "app-root"),
    ],
)
def test_an_annotation_that_decides_and_is_not_rendered_is_named(note: str) -> None:
    found = _unplayed(ingress("a", notes={note: "true"}), ingress("b"))
    assert found == [Unplayed("Ingress", "shop", "a", f"annotation {note}")]
    assert str(found[0]) == f"Ingress shop/a: annotation {note}"


def test_annotations_are_those_under_the_prefix_of_the_controller() -> None:
    own = ingress("own", notes={"canary": "true"}, prefix="custom.example.com")
    foreign = ingress("foreign", notes={"canary": "true"})
    flags = ("--annotations-prefix=custom.example.com",)
    assert [each.name for each in _unplayed(own, foreign, flags=flags)] == ["own"]
    assert [each.name for each in _unplayed(own, foreign)] == ["foreign"]


@pytest.mark.parametrize("path", ["/v[0-9]", "/a.*", "/(a|b)", "/x$", "/a{2}", "/^a", "/a?", "/a+", "/a\\d"])
def test_a_path_that_may_be_an_expression_is_named(path: str) -> None:
    (found,) = _unplayed(ingress("a", "/plain", path, kind="ImplementationSpecific"))
    assert (found.name, "ImplementationSpecific" in found.what) == ("a", True)


def test_a_path_of_another_type_is_no_expression() -> None:
    assert _unplayed(ingress("a", "/v(1)+", kind="Prefix"), ingress("b", "/v(1)+", kind="Exact")) == []
    assert _unplayed(ingress("c", "/plain.html", kind="ImplementationSpecific")) == []


@pytest.mark.parametrize(
    "key", ["http_snippet", "location_snippet", "global_auth_url", "custom_http_errors", "block_user_agents"]
)
def test_a_setting_that_decides_and_is_not_rendered_is_named(key: str) -> None:
    shown = key.replace("_", "-")
    assert _unplayed(settings(**{key: "x"})) == [Unplayed("Deployment", "edge", "nginx", f"setting {shown}")]


@pytest.mark.parametrize(
    ("blocked", "named"),
    [
        ("127.0.0.1", True),
        ("10.0.0.0/8, 127.0.0.0/8", True),
        ("0.0.0.0/0", True),
        ("10.0.0.0/8,,", False),
        ("127.0.0.2", False),
        ("", False),
    ],
)
def test_blocking_the_address_that_the_controller_asks_itself_from_is_named(blocked: str, named: bool) -> None:
    """Requests that are handed on inside the controller come from there: all of them would be refused."""
    assert bool(_unplayed(settings(block_cidrs=blocked))) is named


@pytest.mark.parametrize(
    ("flag", "named"),
    [
        ("--enable-ssl-passthrough", True),
        ("--enable-ssl-passthrough=true", True),
        ("--enable-ssl-passthrough=false", False),
        ("--watch-namespace=shop", True),
        ("--disable-catch-all", True),
        ("--enable-metrics", False),
    ],
)
def test_a_flag_that_decides_and_is_not_rendered_is_named(flag: str, named: bool) -> None:
    name = flag.lstrip("-").partition("=")[0]
    expected = [Unplayed("Deployment", "edge", "nginx", f"flag {name}")] if named else []
    assert _unplayed(flags=(flag,)) == expected
