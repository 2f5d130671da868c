"""One test for each row that was seen of the real controller, asked of the library as anybody would.

The rows are those of the page of observations, section 5 ("observed.md 5.N"). What two rows leave open:

* 5.15, "no event for invalid annotations": nobody is let in or denied by an event.
* 5.16, every location answers 503 for a second after "applied": answers are about what has settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aksess import library
from aksess.estate import Estate
from aksess.library import Sent
from aksess.rulings import Verdict
from ingress_nginx.estates import (
    ALIAS,
    ALLOW,
    DENY,
    LIST,
    LISTED,
    OTHER,
    Object,
    address,
    born,
    estate_of,
    ingress,
    objects,
    secret,
    service,
)

URL = "https://a.example.com/"
PLAIN = "http://a.example.com/"
FALLBACK = ["--default-backend-service=web/fallback"]
PASSTHROUGH = ["--enable-ssl-passthrough"]

Said = tuple[str, int | None]
REACHED, UNKNOWN, ANSWERED, REFUSED = ("reached", None), ("unknown", None), ("answered", None), ("refused", None)
FORBIDDEN, UNAVAILABLE, NOT_FOUND = ("forbidden", 403), ("unavailable", 503), ("not-found", 404)


def cluster(*given: Object | list[Object], **more: Any) -> Estate:
    """A cluster whose controller sees its clients: policy Local."""
    found = objects(*given, **more)
    for each in found:
        if each["metadata"]["name"] == "front":
            each["spec"]["externalTrafficPolicy"] = "Local"
    return estate_of(found)


def asked(
    estate: Estate,
    source: str,
    url: str = URL,
    *,
    headers: Mapping[str, str] | None = None,
    proxy: str | None = None,
    credentials: bool = False,
    method: str = "GET",
) -> Said:
    """Effect and status of one exact request, whose verdict has to be that of the effect."""
    line = address(proxy) if proxy else None
    sent = Sent(tuple((headers or {}).items()), line, credentials, method)
    found = library.explain(estate, source, url, sent=sent)
    (outcome,) = found.outcomes
    verdicts = {"reached": Verdict.ALLOWED, "unknown": Verdict.INDETERMINATE}
    assert found.verdict == outcome.verdict == verdicts.get(outcome.effect, Verdict.DENIED)
    standing = library.who(estate, url).standing
    assert address(source) in standing.allowed | standing.indeterminate or found.verdict == Verdict.DENIED
    return outcome.effect.value, outcome.status


def assumed(estate: Estate, source: str, url: str = URL) -> set[str]:
    """What an answer takes for true about the controller."""
    return {each.code for each in library.explain(estate, source, url, sent=Sent()).assumptions}


def listed(name: str = "a", *more: Any, **notes: str) -> Object:
    """An Ingress with an allow list."""
    return ingress(name, *more, notes={ALLOW: LIST, **{key.replace("_", "-"): text for key, text in notes.items()}})


def both(estate: Estate, url: str = URL, **more: Any) -> tuple[Said, Said]:
    """What a listed client gets, and what another."""
    return asked(estate, LISTED, url, **more), asked(estate, OTHER, url, **more)


# --- Services and Secrets that are not there -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["app", "missing"])
def test_a_denied_client_got_403_where_nobody_is_behind_the_service(name: str) -> None:
    """observed.md 5.1: no ready endpoint, or no such Service: 503 to everybody, decided before the list."""
    found = cluster(listed("a", None, [("/", "Prefix", name)]), service("app", ready=False))
    assert both(found) == (UNAVAILABLE, UNAVAILABLE)


def test_a_default_backend_did_not_bring_the_list_back() -> None:
    """observed.md 5.1, 5.23: with the annotation denied clients get 403, allowed ones are served by that Service."""
    dead, page = service("app", ready=False), service("page")
    assert both(cluster(listed(default_backend="page"), dead, page)) == (ANSWERED, FORBIDDEN)
    assert both(cluster(listed(default_backend="page"), dead, service("page", ready=False))) == (UNAVAILABLE,) * 2


def test_a_secret_that_does_not_exist_let_clients_in() -> None:
    """observed.md 5.2: 503 to everybody; where no Secret was read, that it exists is taken for true and said."""
    asking = ingress("a", notes={"auth-type": "basic", "auth-secret": "users"})
    for credentials in (True, False):
        assert asked(cluster(asking, secret("other")), OTHER, credentials=credentials) == UNAVAILABLE
    assert asked(cluster(asking), OTHER, credentials=True) == REACHED
    assert "secrets-exist" in assumed(cluster(asking), OTHER)


# --- canaries --------------------------------------------------------------------------------------------------------

CANARY = {"canary": "true", "canary-weight": "0"}


def canary(day: int, **notes: str) -> Object:
    new = [("/new", "Prefix", "app")]
    return ingress("c", "c.example.com", new, {**CANARY, ALLOW: LIST, **notes}, created=born(day))


def test_a_canary_without_a_primary_was_thought_to_serve_nobody() -> None:
    """observed.md 5.3: any unknown name gets the Service at the path of the canary, by the list of the canary."""
    found = cluster(ingress("a", notes={ALLOW: OTHER}), canary(2))
    for name in ("c.example.com", "unknown.example.net"):
        assert both(found, f"https://{name}/new") == (REACHED, FORBIDDEN)
        assert both(found, f"https://{name}/") == (NOT_FOUND, NOT_FOUND)
    assert both(found) == (FORBIDDEN, REACHED)


def test_a_canary_without_a_primary_was_thought_to_have_no_global_list() -> None:
    """observed.md 5.3: without a list of its own it has the global one."""
    bare = ingress("c", "c.example.com", [("/new", "Prefix", "app")], CANARY, created=born(2))
    found = cluster(ingress("a", notes={ALLOW: OTHER}), bare, config={"whitelist-source-range": LIST})
    assert both(found, "https://unknown.example.net/new") == (REACHED, FORBIDDEN)


def test_a_canary_that_is_older_than_the_primary_did_not_take_its_service_away() -> None:
    """observed.md 5.3: the host of the primary answers 404, and so does the path of the canary."""
    found = cluster(ingress("a", created=born(2)), canary(1))
    assert both(found) == (NOT_FOUND, NOT_FOUND)
    assert both(found, "https://unknown.example.net/new") == (NOT_FOUND, NOT_FOUND)


# --- who the client is -----------------------------------------------------------------------------------------------

PROXY = {"use-proxy-protocol": "true"}
LOOP = {**PROXY, "proxy-real-ip-cidr": "127.0.0.1/32"}
FORWARDED = {"use-forwarded-headers": "true"}


def test_a_proxy_line_was_not_believed_on_the_port_of_tls() -> None:
    """observed.md 5.4: behind the proxy of TLS passthrough it counts from anybody on 443, on 80 it does not."""
    found = cluster(listed(), config=LOOP, args=PASSTHROUGH)
    assert asked(found, OTHER, proxy=LISTED) == REACHED
    assert asked(found, LISTED, proxy=OTHER) == FORBIDDEN
    assert asked(found, OTHER, PLAIN, proxy=LISTED) == FORBIDDEN
    assert address(OTHER) in library.who(found, URL).standing.allowed


def test_without_trust_in_loop_back_somebody_got_in_by_tls() -> None:
    """observed.md 5.4: everybody is 127.0.0.1 there, so the list denies all."""
    config = {**PROXY, "proxy-real-ip-cidr": "10.0.0.0/8"}
    found = cluster(listed(), config=config, args=PASSTHROUGH)
    assert both(found, proxy=LISTED) == (FORBIDDEN, FORBIDDEN)
    assert not library.who(found, URL).standing.allowed


@pytest.mark.parametrize(("tag", "said"), [("v1.11.1", FORBIDDEN), ("v1.13.0", UNKNOWN)])
def test_a_header_was_believed_beside_a_proxy_line(tag: str, said: Said) -> None:
    """observed.md 5.5: only the line counted in 1.11; from 1.13 on it was not seen, and cannot be known."""
    image = f"registry.k8s.io/ingress-nginx/controller:{tag}"
    found = cluster(listed(), config=FORWARDED | PROXY, image=image)
    assert asked(found, OTHER, proxy="198.51.100.7", headers={"X-Forwarded-For": LISTED}) == said


def test_a_line_of_an_untrusted_peer_was_believed_or_refused() -> None:
    """observed.md 5.15: it is read and ignored; a peer without a line is cut."""
    found = cluster(listed(), config={**PROXY, "proxy-real-ip-cidr": "10.0.0.0/8"})
    assert both(found, proxy=LISTED) == (REACHED, FORBIDDEN)
    assert both(found) == (REFUSED, REFUSED)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (f"{LISTED} {OTHER}", REACHED),
        (f"{LISTED},,{OTHER}, ", REACHED),
        (f",{LISTED}", FORBIDDEN),
        (f"[{LISTED}]:443", REACHED),
    ],
)
def test_a_header_was_split_at_commas_only(header: str, said: Said) -> None:
    """observed.md 5.18: blanks part hops, empty ones are passed over, a leading comma spoils the first."""
    assert asked(cluster(listed(), config=FORWARDED), OTHER, headers={"X-Forwarded-For": header}) == said


# --- Ingresses that are not taken ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "said"), [(ALIAS, FORBIDDEN), (ALLOW, NOT_FOUND), (DENY, NOT_FOUND)])
def test_a_list_above_the_risk_level_was_thought_to_hold(key: str, said: Said) -> None:
    """observed.md 5.6: the alias is enforced, the others leave the Ingress out; an earlier version may be served."""
    found = cluster(ingress("a", notes={key: LIST if key != DENY else OTHER}), config={"annotations-risk-level": "Low"})
    assert asked(found, OTHER) == said
    assert ("controller-defaults" in assumed(found, OTHER)) == (said == NOT_FOUND)


# --- paths -----------------------------------------------------------------------------------------------------------


def paths(*kinds: str, path: str = "/x") -> list[Object]:
    """Ingresses of one host with one path, the oldest first; the first of them is open, the last has a list."""
    last = len(kinds) - 1
    return [
        ingress(
            f"i{number}",
            "a.example.com",
            [(path, kind, f"app{number}")],
            {ALLOW: LIST} if number == last else {},
            created=born(number + 1),
        )
        for number, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize("kinds", [("Prefix", "Exact"), ("Exact", "Prefix")])
def test_an_exact_path_did_not_hold_for_itself(kinds: tuple[str, str]) -> None:
    """observed.md 5.7: the list of the Exact governs exactly ``/x``, that of the Prefix what is below."""
    found = cluster(*paths(*kinds))
    below, itself = (URL + "x/y", URL + "x") if kinds[1] == "Prefix" else (URL + "x", URL + "x/y")
    assert both(found, below) == (REACHED, FORBIDDEN)
    assert both(found, itself) == (REACHED, REACHED)


def test_a_path_with_and_without_a_slash_was_thought_to_work() -> None:
    """observed.md 5.8: nginx refuses that; changes of any Ingress have no effect, so no answer is known."""
    written = [("/x", "Prefix", "app"), ("/x/", "Prefix", "other")]
    found = cluster(ingress("a", paths=written), listed("b"))
    assert both(found, URL + "x") == both(found, "https://b.example.com/") == (UNKNOWN, UNKNOWN)
    assert "controller-config-broken" in {each.check for each in library.audit(found).findings}


def test_a_path_that_lacks_its_slash_was_thought_to_reach_the_open_root() -> None:
    """observed.md 5.9: 301 to everybody, before any list and whatever is open beside it."""
    bar = listed("b", "a.example.com", [("/bar/", "ImplementationSpecific", "bar")])
    found = cluster(ingress("a"), bar)
    assert both(found, URL + "bar") == (("redirected", 301),) * 2
    assert both(found, URL + "bar/") == (REACHED, FORBIDDEN)
    assert both(found, URL + "barx") == (REACHED, REACHED)


def test_a_prefix_on_a_host_of_expressions_ended_at_a_slash() -> None:
    """observed.md 5.10: ``/foo`` takes ``/foobar`` there, whatever the case, and nowhere else."""
    foo = listed("f", "a.example.com", [("/foo", "Prefix", "foo")])
    beside = [("/z", "ImplementationSpecific", "z")]
    expressions = ingress("r", "a.example.com", beside, {"use-regex": "true"}, created=born(2))
    for more, said in (([], REACHED), ([expressions], FORBIDDEN)):
        found = cluster(ingress("a"), foo, *more)
        assert both(found, URL + "foobar") == both(found, URL + "FOO") == (REACHED, said)
        assert both(found, URL + "foo/bar") == (REACHED, FORBIDDEN)


@pytest.mark.parametrize(
    ("path", "kind", "target", "expressions"),
    [("/Foo", "Prefix", "/Foo", True), ("/Foo", "Exact", "/Foo", False), ("/", "Prefix", "/", False)],
)
def test_a_rewrite_to_itself_was_no_expression(path: str, kind: str, target: str, expressions: bool) -> None:
    """observed.md 5.10: a Prefix that is rewritten to itself makes the host one of expressions, for its twin."""
    rewriting = ingress("r", "a.example.com", [(path, kind, "foo")], {"rewrite-target": target})
    more = [] if path == "/" else [ingress("a", created=born(2))]
    found = cluster(rewriting, *more, listed("l", "a.example.com", [("/adm", "Prefix", "adm")]))
    assert asked(found, OTHER, URL + "adm") == FORBIDDEN
    assert asked(found, OTHER, URL + "ADM") == (FORBIDDEN if expressions else REACHED)


SPECIFIC = "ImplementationSpecific"
DUPLICATES = [
    ("/", ("Exact", "Exact"), True),
    ("/x", ("Exact", "Prefix", "Prefix"), True),
    ("/x", ("Prefix", "Exact", "Exact"), True),
    ("/x", ("Exact", SPECIFIC, "Prefix"), True),
    ("/x", ("Prefix", "Exact", "Prefix"), False),
    ("/x", ("Exact", "Prefix", "Exact"), False),
    ("/x", ("Prefix", SPECIFIC), False),
]


@pytest.mark.parametrize(("path", "kinds", "refused"), DUPLICATES)
def test_a_path_that_is_there_twice_was_always_ignored(path: str, kinds: tuple[str, ...], refused: bool) -> None:
    """observed.md 5.17: a new path is compared with the first of that path only; what slips through nginx refuses."""
    said = UNKNOWN if refused else REACHED
    assert both(cluster(*paths(*kinds, path=path)), URL + path[1:]) == (said, said)


def test_a_path_that_is_there_twice_was_refused_on_a_host_of_expressions() -> None:
    """observed.md 5.17: there, duplicates are accepted, and the first counts."""
    root = ingress("r", "a.example.com", notes={"use-regex": "true"}, created=born(9))
    assert both(cluster(*paths("Exact", "Prefix", "Prefix"), root), URL + "x") == (REACHED, REACHED)


# --- before the list -------------------------------------------------------------------------------------------------


def test_an_invalid_list_was_503_whatever_is_beside_it() -> None:
    """observed.md 5.11: but for ``/`` with app-root; pre-flight requests and error pages change nothing."""
    bad = {ALLOW: "bad", "enable-cors": "true", "app-root": "/app", "custom-http-errors": "503"}
    found = cluster(ingress("a", notes=bad), service("fallback"), args=FALLBACK)
    assert both(found) == (("redirected", 302),) * 2
    assert both(found, URL + "x") == both(found, URL + "x", method="OPTIONS") == (UNAVAILABLE, UNAVAILABLE)


def test_a_deny_list_alone_asked_nobody_else_for_credentials() -> None:
    """observed.md 5.12: with ``satisfy: any`` others need credentials too, and with them the listed pass."""
    asking = {"auth-type": "basic", "auth-secret": "users", "satisfy": "any", DENY: LIST}
    found = cluster(ingress("a", notes=asking), secret("users"))
    assert both(found) == (("unauthorized", 401), ("unauthorized", 401))
    assert both(found, credentials=True) == (REACHED, REACHED)


def test_error_pages_of_an_ingress_were_added_to_those_of_the_config_map() -> None:
    """observed.md 5.13: they replace them."""
    config = {"custom-http-errors": "403"}
    for notes, said in (({}, ANSWERED), ({"custom_http_errors": "404"}, FORBIDDEN)):
        assert asked(cluster(listed(**notes), service("fallback"), config=config, args=FALLBACK), OTHER) == said


@pytest.mark.parametrize("redirect", [{}, {"permanent_redirect": "https://else.example.com"}], ids=["tls", "permanent"])
def test_a_preflight_request_was_redirected(redirect: dict[str, str]) -> None:
    """observed.md 5.13: over plain HTTP, too, it is answered before any redirect."""
    found = cluster(listed(force_ssl_redirect="true", enable_cors="true", **redirect))
    assert both(found, PLAIN, method="OPTIONS") == (("answered", 204),) * 2
    assert {said[0] for said in both(found, PLAIN)} == {"redirected"}


# --- lists of the whole controller -----------------------------------------------------------------------------------


def test_a_bad_global_list_was_thought_to_shut_or_open_those_that_inherit_it() -> None:
    """observed.md 5.14: while a location inherits it nothing is known of any host; else it does nothing."""
    config = {"whitelist-source-range": "bad"}
    own = listed("b")
    assert both(cluster(ingress("a"), own, config=config), "https://b.example.com/") == (UNKNOWN, UNKNOWN)
    assert both(cluster(own, config=config), "https://b.example.com/") == (REACHED, FORBIDDEN)


@pytest.mark.parametrize(("value", "said"), [(f"{LIST},", FORBIDDEN), ("all", REACHED)])
def test_a_global_list_was_read_like_that_of_an_ingress(value: str, said: Said) -> None:
    """observed.md 5.14: a trailing comma is fine there, and so is ``all``."""
    assert both(cluster(ingress("a"), config={"whitelist-source-range": value})) == (REACHED, said)


SELF = [
    {"block-cidrs": "127.0.0.0/8"},
    {"block-cidrs": "0.0.0.0/0"},
    {"http-snippet": "deny all;"},
]


@pytest.mark.parametrize("config", SELF, ids=str)
def test_a_controller_that_denies_itself_was_thought_to_serve(config: dict[str, str]) -> None:
    """observed.md 5.19: 503 to everybody after a start; that it was started since is taken for true and said."""
    found = cluster(listed(), config=config)
    assert both(found) == (UNAVAILABLE, UNAVAILABLE)
    assert "controller-defaults" in assumed(found, LISTED)
    assert both(cluster(listed(), config={"block-cidrs": "203.0.113.0/24"})) == (REACHED, FORBIDDEN)


def test_error_pages_of_the_config_map_left_an_invalid_list_plain() -> None:
    """observed.md 5.20: there the error backend answers; without one, 404, for denied clients too."""
    pages = {"custom-http-errors": "403,503"}
    bad = ingress("a", notes={ALLOW: "bad"})
    assert both(cluster(bad, service("fallback"), config=pages, args=FALLBACK)) == (ANSWERED,) * 2
    assert both(cluster(bad, config=pages)) == (NOT_FOUND, NOT_FOUND)
    assert both(cluster(listed(), config=pages)) == (REACHED, NOT_FOUND)


# --- hosts -----------------------------------------------------------------------------------------------------------


def test_tls_that_is_passed_through_needs_a_root() -> None:
    """observed.md 5.21: asked for on another path only, HTTPS to the host is closed; port 80 works."""
    notes = {"ssl_passthrough": "true", "ssl_redirect": "false"}
    found = cluster(listed("a", None, [("/x", "Prefix", "app")], **notes), args=PASSTHROUGH)
    assert both(found, URL + "x") == (REFUSED,) * 2
    assert both(found, PLAIN + "x") == (REACHED, FORBIDDEN)
    rooted = cluster(listed("a", **notes), args=PASSTHROUGH)
    assert both(rooted) == (REACHED, REACHED)


@pytest.mark.parametrize("days", [(1, 2), (2, 1)])
def test_the_older_of_two_hosts_got_the_alias(days: tuple[int, int]) -> None:
    """observed.md 5.22: the alphabetically first host has it, whatever the ages."""
    alias = {"server-alias": "www.example.net"}
    first = ingress("a", notes={**alias, ALLOW: LIST}, created=born(days[0]))
    second = ingress("b", notes={**alias, ALLOW: OTHER}, created=born(days[1]))
    assert both(cluster(first, second), "https://www.example.net/") == (REACHED, FORBIDDEN)


@pytest.mark.parametrize(
    ("alias", "host", "deep"),
    [("*.example.net", "a.example.com", (REACHED, FORBIDDEN)), ("", "*.example.net", (NOT_FOUND, NOT_FOUND))],
)
def test_a_wildcard_alias_took_one_label(alias: str, host: str, deep: tuple[Said, Said]) -> None:
    """observed.md 5.22: it takes several, a wildcard host only one."""
    found = cluster(listed("a", host, server_alias=alias))
    assert both(found, "https://x.example.net/") == (REACHED, FORBIDDEN)
    assert both(found, "https://x.y.example.net/") == deep


def test_an_ingress_of_two_classes_was_thought_to_be_there_for_sure() -> None:
    """observed.md 5.24: kube-apiserver creates none, so that it is there is taken for true; by an update it may be."""
    raw = {"kubernetes.io/ingress.class": "other"}
    for created, sure in (("", False), (born(1), True)):
        found = cluster(ingress("a", raw=raw, created=created))
        assert asked(found, OTHER) == REACHED
        assert ("controller-defaults" in assumed(found, OTHER)) is not sure
    same = cluster(ingress("a", raw={"kubernetes.io/ingress.class": "nginx"}, created=""))
    assert "controller-defaults" not in assumed(same, OTHER)
