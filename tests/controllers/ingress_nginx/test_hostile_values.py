"""Values that nobody writes on purpose: numbers of any length, expressions that never end, paths without a request."""

from __future__ import annotations

import time

import pytest

from aksess.controllers.ingress_nginx.locations import pcre
from aksess.controllers.ingress_nginx.samples import shortest
from aksess.controllers.interface import Request
from aksess.errors import ParseError
from ingress_nginx.estates import OTHER, Object, ask, controller, ingress, one

DIGITS = "9" * 5000


@pytest.mark.parametrize("key", ["custom-http-errors", "http-redirect-code", "proxy-real-ip-cidr", "block-cidrs"])
def test_a_setting_of_five_thousand_digits_was_a_crash(key: str) -> None:
    asked = controller(ingress("one"), config={key: DIGITS, "use-forwarded-headers": "true"})
    assert ask(asked, OTHER, "http://one.example.com/").effect


@pytest.mark.parametrize(
    "key",
    ["custom-http-errors", "permanent-redirect-code", "temporal-redirect-code", "proxy-body-size", "canary-weight"],
)
def test_an_annotation_of_five_thousand_digits_was_a_crash(key: str) -> None:
    notes = {key: DIGITS, "permanent-redirect": "https://x", "canary": "true" if key == "canary-weight" else "false"}
    asked = controller(ingress("one", notes=notes), ingress("two"))
    assert ask(asked, OTHER, "http://one.example.com/").effect


@pytest.mark.parametrize(
    "args",
    [[f"--http-port={DIGITS}"], [f"--https-port={DIGITS}"], [f"--healthz-port={DIGITS}"]],
    ids=lambda each: each[0][:9],
)
def test_a_flag_of_five_thousand_digits_was_a_crash(args: list[str]) -> None:
    assert ask(controller(ingress("one"), args=args), OTHER, "http://one.example.com/").effect


@pytest.mark.parametrize("tag", [f"v{DIGITS}.1.1", f"v1.{DIGITS}.1", "v1.²", "v1.١.1"])
def test_a_version_of_five_thousand_digits_was_a_crash(tag: str) -> None:
    asked = controller(ingress("one"), image=f"registry.k8s.io/ingress-nginx/controller:{tag}")
    assert ask(asked, OTHER, "http://one.example.com/").effect


@pytest.mark.parametrize(
    "value", [f"203.0.113.9:{DIGITS}", f"{DIGITS}.1.1.1", f"[::1]:{DIGITS}", "1.2.3.4:²", "000203.0.113.9"]
)
def test_a_forwarded_address_of_five_thousand_digits_was_a_crash(value: str) -> None:
    asked = controller(ingress("one"), config={"use-forwarded-headers": "true"})
    assert ask(asked, OTHER, "http://one.example.com/", headers={"X-Forwarded-For": value}).effect


def test_leading_zeros_of_a_forwarded_octet_are_dropped() -> None:
    notes = {"whitelist-source-range": "203.0.113.9"}
    asked = controller(ingress("one", notes=notes), config={"use-forwarded-headers": "true"})
    for value, effect in (("000203.0.113.009", "reached"), ("203.0.113.0256", "forbidden")):
        said = ask(asked, "198.51.100.1", "http://one.example.com/", headers={"X-Forwarded-For": value})
        assert said.effect == effect, value


NEVER_ENDING = [
    "(a+)+$",
    "(a|a)*$",
    "(a|a){40}$",
    "a?" * 40 + "a" * 40,
    ".*" * 12 + "x",
    "(a?){60}" + "a" * 60,
    "((a?){10}){10}b",
]


@pytest.mark.parametrize("pattern", NEVER_ENDING)
def test_an_expression_that_is_tried_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(ParseError):
        pcre(f"^/{pattern}")


@pytest.mark.parametrize(
    "pattern",
    [
        "/something(/|$)(.*)",
        "/api/v[0-9]+/(.*)",
        r"/(a|b)/.*\.(jpg|png|gif)$",
        r"/(\d{1,3}\.){3}\d{1,3}",
        "/[^/]+/[^/]+/[^/]+/[^/]+/end",
        "/x{0,5}",
        "/[*+?{}|()]{2}",
        r"/\(\*\+\)\?",
    ],
)
def test_expressions_that_people_write_are_judged(pattern: str) -> None:
    started = time.monotonic()
    pcre(f"^{pattern}").match("/" + "a/" * 40)
    assert time.monotonic() - started < 1


def regular(path: str) -> Object:
    return ingress("one", paths=[(path, "ImplementationSpecific", "app")], notes={"use-regex": "true"})


@pytest.mark.parametrize(
    "path",
    [
        f"/{'(' * 400}a{')' * 400}",
        "/" + "(" * 9 + "a{64}" + "){64}" * 9,
        f"/a{{{DIGITS}}}",
        "/(" + "a{0,9}" * 900 + ")",
    ],
    ids=["deep", "long", "digits", "wide"],
)
def test_a_sample_of_an_expression_filled_the_memory(path: str) -> None:
    assert len(shortest(path)) < 1 << 20
    asked = controller(regular(path))
    assert [route.path for route in asked.routes()] == [path]
    assert ask(asked, OTHER, "http://one.example.com/aa").effect


@pytest.mark.parametrize("path", ["::/129", "no-slash", "*"])
def test_a_route_without_a_request_path_was_a_crash(path: str) -> None:
    """No request could be found that reaches it, so who does is not known."""
    asked = controller(ingress("one", paths=[(path, "ImplementationSpecific", "app")]))
    (route,) = asked.routes()
    assert route.sample == ""
    assert one(asked.answer(Request("http", "one.example.com", route.sample, exact=True)), OTHER).effect == "doubt"
