"""The address that is judged: header walk, PROXY protocol, the loop-back of TLS passthrough; exactly and in general.

Source: nginx src/http/ngx_http_core_module.c `ngx_http_get_forwarded_addr_internal`, src/core/ngx_inet.c,
ngx_http_realip_module; kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl, pkg/tcpproxy/tcp.go; rows marked
"seen" were seen with the real controller.
"""

from __future__ import annotations

import pytest

from aksess.addresses import EVERY_IPV4, EVERYONE, AddressSet
from aksess.controllers.ingress_nginx import IngressNginx
from aksess.controllers.ingress_nginx.client_address import forwarded_address, parse_hop
from ingress_nginx.estates import ALLOW, LIST, LISTED, OTHER, address, ask, controller, in_general, ingress

URL = "https://a.example.com/"
PLAIN = "http://a.example.com/"
FORWARDED = {"use-forwarded-headers": "true"}
PROXY = {"use-proxy-protocol": "true"}
NARROW = {"proxy-real-ip-cidr": "203.0.113.0/24,10.0.0.0/8"}


def _listed(config: dict[str, str] | None = None, *args: str, **more: object) -> IngressNginx:
    return controller(ingress("a", notes={ALLOW: LIST}), config=config, args=args, **more)  # type: ignore[arg-type]


HOPS = {
    "1.2.3.4": "1.2.3.4",
    "1.2.3.4:80": "1.2.3.4",
    "[1.2.3.4]:80": "1.2.3.4",
    "2001:db8::1": "2001:db8::1",
    "[2001:db8::1]:443": "2001:db8::1",
    "010.0.0.1": "10.0.0.1",
    "1..2.3": "1.0.2.3",
    "::ffff:1.2.3.4": "::ffff:1.2.3.4",
    "[2001:db8::1]": None,
    "[2001:db8::1": None,
    "1.2.3.4:0": None,
    "1.2.3.4:65536": None,
    "1.2.3.4:x": None,
    "1.2.3.4/32": None,
    "1.2.3": None,
    "256.1.1.1": None,
    "255.255.255.255": None,
    "for=1.2.3.4": None,
    '"1.2.3.4"': None,
    "unknown": None,
    "-": None,
    "": None,
}


@pytest.mark.parametrize(("text", "found"), HOPS.items())
def test_elements_of_a_header(text: str, found: str | None) -> None:
    """Source: nginx src/core/ngx_inet.c `ngx_parse_addr_port`, `ngx_inet_addr`."""
    hop = parse_hop(text)
    assert (str(hop) if hop else None) == found


TRUST_ALL = EVERY_IPV4
TRUST_SOME = AddressSet.of("127.0.0.1", "10.0.0.0/8")
WALKS = [
    (TRUST_ALL, "18.2.0.1, 1.1.1.1", "18.2.0.1"),
    (TRUST_ALL, "1.1.1.1, 18.2.0.1", "1.1.1.1"),
    (TRUST_ALL, "18.2.0.1, 2001:db8::1", "2001:db8::1"),
    (TRUST_ALL, "18.2.0.1,bad", None),
    (TRUST_ALL, "bad,18.2.0.1", "18.2.0.1"),
    (TRUST_ALL, "18.2.0.1:4444", "18.2.0.1"),
    (TRUST_ALL, "18.2.0.1, 1.1.1.1:99", "18.2.0.1"),
    (TRUST_ALL, "18.2.0.1 1.1.1.1", "18.2.0.1"),
    (TRUST_ALL, "18.2.0.1,,1.1.1.1", "18.2.0.1"),
    (TRUST_ALL, "18.2.0.1,", "18.2.0.1"),
    (TRUST_ALL, "18.2.0.1, , ", "18.2.0.1"),
    (TRUST_ALL, ",18.2.0.1", None),
    (TRUST_ALL, ",1.1.1.1,18.2.0.1", "18.2.0.1"),
    (TRUST_ALL, "", None),
    (TRUST_ALL, ",", None),
    (TRUST_SOME, "9.9.9.9, 18.1.1.1, 10.0.0.9", "18.1.1.1"),
    (TRUST_SOME, "10.0.0.1, 10.0.0.2", "10.0.0.1"),
    (TRUST_SOME, "18.1.1.1", "18.1.1.1"),
    (TRUST_SOME, "::ffff:10.0.0.1, 10.0.0.2", "::ffff:10.0.0.1"),
    (TRUST_SOME, "9.9.9.9, ::ffff:10.0.0.1", "9.9.9.9"),
]


@pytest.mark.parametrize(("trusted", "header", "found"), WALKS)
def test_the_walk_from_the_right(trusted: AddressSet, header: str, found: str | None) -> None:
    """Blanks part elements like commas, empty ones are passed over, a leading comma spoils the first (seen)."""
    judged = forwarded_address([header], trusted, recursive=True)
    assert (str(judged) if judged else None) == found


def test_header_lines_count_from_the_last_to_the_first() -> None:
    """Source: `ngx_http_get_forwarded_addr`."""
    lines = ["18.2.0.1", "10.0.0.1"]
    assert str(forwarded_address(lines, TRUST_SOME, recursive=True)) == "18.2.0.1"
    assert str(forwarded_address(["9.9.9.9", "18.2.0.1"], TRUST_SOME, recursive=True)) == "18.2.0.1"
    assert str(forwarded_address(["bad", "10.0.0.1"], TRUST_SOME, recursive=True)) == "10.0.0.1"


def test_without_recursion_the_last_address_counts() -> None:
    """Source: ngx_http_realip_module ``real_ip_recursive off``."""
    assert str(forwarded_address(["18.2.0.1, 10.0.0.1"], TRUST_SOME, recursive=False)) == "10.0.0.1"


HEADERS = [
    ({}, {"X-Forwarded-For": LISTED}, OTHER, OTHER),
    (FORWARDED, {"X-Forwarded-For": LISTED}, OTHER, LISTED),
    (FORWARDED, {"x-forwarded-for": LISTED}, OTHER, LISTED),
    (FORWARDED, {"X-Forwarded-For": LISTED}, "2001:db8::7", "2001:db8::7"),
    (FORWARDED, {"X-Real-IP": LISTED}, OTHER, OTHER),
    (FORWARDED | NARROW, {"X-Forwarded-For": LISTED}, "8.8.8.8", "8.8.8.8"),
    (FORWARDED | NARROW, {"X-Forwarded-For": f"9.9.9.9, {LISTED}, 10.0.0.9"}, OTHER, LISTED),
    (FORWARDED | {"proxy-real-ip-cidr": ""}, {"X-Forwarded-For": LISTED}, OTHER, OTHER),
    ({"enable-real-ip": "true"}, {"X-Forwarded-For": LISTED}, OTHER, LISTED),
    (FORWARDED | {"forwarded-for-header": "X-Azure-ClientIP"}, {"X-Forwarded-For": LISTED}, OTHER, OTHER),
    (FORWARDED | {"forwarded-for-header": "X-Azure-ClientIP"}, {"X-Azure-ClientIP": LISTED}, OTHER, LISTED),
    (FORWARDED | {"compute-full-forwarded-for": "true"}, {"X-Forwarded-For": LISTED}, OTHER, LISTED),
]


@pytest.mark.parametrize(("config", "headers", "peer", "judged"), HEADERS)
def test_which_header_of_whom_counts(config: dict[str, str], headers: dict[str, str], peer: str, judged: str) -> None:
    said = ask(_listed(config), peer, URL, headers=headers)
    assert said.judged == judged
    assert said.effect == ("reached" if judged == LISTED else "forbidden")


LINES = [
    (PROXY, OTHER, LISTED, ("reached", LISTED)),
    (PROXY, LISTED, OTHER, ("forbidden", OTHER)),
    (PROXY, LISTED, None, ("refused", None)),
    (PROXY | NARROW, "8.8.8.8", LISTED, ("forbidden", "8.8.8.8")),
    (PROXY | NARROW, OTHER, LISTED, ("reached", LISTED)),
    (PROXY, "2001:db8::1", LISTED, ("forbidden", "2001:db8::1")),
    ({}, OTHER, LISTED, ("refused", None)),
]


@pytest.mark.parametrize(("config", "peer", "line", "expected"), LINES)
def test_proxy_lines(config: dict[str, str], peer: str, line: str | None, expected: tuple[str, str | None]) -> None:
    """Seen: without a line the connection is cut; the line of an untrusted peer is read and ignored."""
    said = ask(_listed(config), peer, URL, proxy=line)
    assert (said.effect, said.judged) == expected


def test_a_proxy_line_to_plain_http_that_expects_none_is_no_request() -> None:
    said = ask(_listed(), LISTED, PLAIN, proxy=LISTED)
    assert (said.effect, said.ruling.status) == ("answered", 400)


BOTH = FORWARDED | PROXY
VERSIONS = [
    ("v1.11.1", {"X-Forwarded-For": LISTED}, "forbidden"),
    ("v1.12.4", {"X-Forwarded-For": LISTED}, "forbidden"),
    ("v1.13.0", {"X-Forwarded-For": LISTED}, "doubt"),
    ("v1.13.0", {}, "forbidden"),
]


@pytest.mark.parametrize(("tag", "headers", "effect"), VERSIONS)
def test_proxy_line_and_header_together(tag: str, headers: dict[str, str], effect: str) -> None:
    """Seen with 1.11: only the PROXY address counts. Pull request 12768 changed that in 1.13.0, which was not seen."""
    found = _listed(BOTH, image=f"registry.k8s.io/ingress-nginx/controller:{tag}")
    assert ask(found, OTHER, URL, proxy="198.51.100.7", headers=headers).effect == effect


PASS = ("--enable-ssl-passthrough",)
LOOPED = [
    ({}, URL, LISTED, None, {}, "127.0.0.1"),
    ({}, PLAIN, LISTED, None, {}, LISTED),
    (FORWARDED, URL, LISTED, None, {}, "127.0.0.1"),
    (FORWARDED, URL, OTHER, None, {"X-Forwarded-For": LISTED}, LISTED),
    (FORWARDED | NARROW, URL, OTHER, None, {"X-Forwarded-For": LISTED}, "127.0.0.1"),
    ({"enable-real-ip": "true", "forwarded-for-header": "proxy_protocol"}, URL, LISTED, None, {}, LISTED),
    ({"enable-real-ip": "true", "forwarded-for-header": "proxy_protocol"}, PLAIN, LISTED, None, {}, LISTED),
    (PROXY | {"proxy-real-ip-cidr": "127.0.0.1/32"}, URL, OTHER, LISTED, {}, LISTED),
    (PROXY | {"proxy-real-ip-cidr": "127.0.0.1/32"}, URL, LISTED, None, {}, LISTED),
    (PROXY | {"proxy-real-ip-cidr": "127.0.0.1/32"}, PLAIN, OTHER, LISTED, {}, OTHER),
    (PROXY | {"proxy-real-ip-cidr": "10.0.0.0/8"}, URL, "10.1.1.1", LISTED, {}, "127.0.0.1"),
]


@pytest.mark.parametrize(("config", "url", "peer", "line", "headers", "judged"), LOOPED)
def test_behind_the_proxy_of_the_controller(
    config: dict[str, str], url: str, peer: str, line: str | None, headers: dict[str, str], judged: str
) -> None:
    """Seen: with --enable-ssl-passthrough every HTTPS client of an ordinary host is 127.0.0.1 unless told otherwise;
    a PROXY line on 443 is believed from anybody, because nginx's peer is 127.0.0.1.
    """
    assert ask(_listed(config, *PASS), peer, url, proxy=line, headers=headers).judged == judged


# --- every choice that the client has ---------------------------------------------------------------------------------


def test_in_general_without_headers_the_peer_alone_counts() -> None:
    assert in_general(_listed(), OTHER, URL) == [("", "forbidden")]
    assert in_general(_listed(), LISTED, URL) == [("", "reached")]


def test_in_general_a_trusted_peer_may_forge_and_an_untrusted_one_may_not() -> None:
    """Contract §10: the client's own choices are outcomes with a condition, the honest one first."""
    found = _listed(FORWARDED | NARROW)
    outcomes = in_general(found, OTHER, URL)
    assert outcomes[0] == ("", "forbidden")
    assert ("forged-header", "reached") in outcomes
    assert in_general(found, "8.8.8.8", URL) == [("", "forbidden")]
    assert in_general(found, LISTED, URL) == [("", "reached")]


def test_in_general_any_address_can_be_forged() -> None:
    answers = _listed(FORWARDED).answer(_request(URL))
    forged = [view for view in answers.views if view.condition]
    assert [(view.peers, view.judged, view.condition) for view in forged] == [(EVERY_IPV4, EVERYONE, "forged-header")]


def test_in_general_the_honest_connection_without_a_line_is_cut() -> None:
    """Contract §10: with a PROXY line any address if the peer is trusted, else the peer itself."""
    found = _listed(PROXY | NARROW)
    assert in_general(found, OTHER, URL)[0] == ("", "refused")
    assert ("proxy-line", "reached") in in_general(found, OTHER, URL)
    assert in_general(found, "8.8.8.8", URL) == [("", "refused"), ("proxy-line", "forbidden")]
    assert in_general(found, LISTED, URL) == [("", "refused"), ("proxy-line", "reached")]


GENERAL_LOOPED = [
    ({}, [("", "forbidden")]),
    (FORWARDED | NARROW, [("", "forbidden")]),
    ({"enable-real-ip": "true", "forwarded-for-header": "proxy_protocol"}, [("", "reached")]),
    (PROXY | {"proxy-real-ip-cidr": "10.0.0.0/8"}, [("", "forbidden")]),
]


@pytest.mark.parametrize(("config", "expected"), GENERAL_LOOPED)
def test_in_general_behind_the_proxy_of_the_controller(config: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert in_general(_listed(config, *PASS), LISTED, URL) == expected


@pytest.mark.parametrize("config", [FORWARDED, PROXY | {"proxy-real-ip-cidr": "127.0.0.1/32"}])
def test_in_general_behind_that_proxy_anybody_may_claim_anything(config: dict[str, str]) -> None:
    conditions = {
        condition for condition, effect in in_general(_listed(config, *PASS), OTHER, URL) if effect == "reached"
    }
    assert len(conditions) == 1
    assert conditions <= {"forged-header", "proxy-line"}


def _request(url: str):  # type: ignore[no-untyped-def]
    from ingress_nginx.estates import request_to

    return request_to(url)


# --- real-ip by snippet -----------------------------------------------------------------------------------------------

SNIPPETS = {"allow-snippet-annotations": "true"}
AZURE = "set_real_ip_from 203.0.113.0/24; real_ip_header X-Azure-ClientIP;"


def test_a_snippet_may_say_where_the_address_comes_from() -> None:
    """Seen with nginx: the real-ip module runs again at the location, before the list."""
    found = controller(ingress("a", notes={ALLOW: LIST, "configuration-snippet": AZURE}), config=SNIPPETS)
    assert ask(found, OTHER, URL, headers={"X-Azure-ClientIP": LISTED}).judged == LISTED
    assert ask(found, "8.8.8.8", URL, headers={"X-Azure-ClientIP": LISTED}).judged == "8.8.8.8"
    assert ask(found, OTHER, URL).judged == OTHER
    assert ("forged-header", "reached") in in_general(found, OTHER, URL)
    assert in_general(found, "8.8.8.8", URL) == [("", "forbidden")]


def test_a_header_that_is_found_at_http_level_is_not_read_again() -> None:
    """Source: ngx_http_realip_module: what the first phase has changed the second leaves alone."""
    found = controller(ingress("a", notes={ALLOW: LIST, "configuration-snippet": AZURE}), config=SNIPPETS | FORWARDED)
    headers = {"X-Forwarded-For": "198.51.100.1", "X-Azure-ClientIP": LISTED}
    assert ask(found, OTHER, URL, headers=headers).judged == "198.51.100.1"
    assert ask(found, OTHER, URL, headers={"X-Azure-ClientIP": LISTED}).judged == LISTED


def test_real_ip_in_the_http_snippet() -> None:
    config = {"http-snippet": "set_real_ip_from 10.0.0.0/8; real_ip_header X-Client; real_ip_recursive on;"}
    found = _listed(config)
    assert ask(found, "10.1.1.1", URL, headers={"X-Client": f"{LISTED}, 10.0.0.2"}).judged == LISTED
    assert ask(found, OTHER, URL, headers={"X-Client": LISTED}).judged == OTHER


def test_mapped_addresses_are_judged_as_ipv4() -> None:
    """Source: ngx_http_access_module: an IPv4-mapped address meets the IPv4 rules."""
    said = ask(_listed(FORWARDED), OTHER, URL, headers={"X-Forwarded-For": f"::ffff:{LISTED}"})
    assert (said.effect, said.judged) == ("reached", LISTED)
    assert address(LISTED).family == 4


# --- the scheme may be forged, too ------------------------------------------------------------------------------------


def test_a_header_spares_the_redirect_to_tls() -> None:
    """Source: lua_ingress.lua `rewrite`: X-Forwarded-Proto counts from anybody once forwarded headers are on."""
    found = controller(ingress("a", tls=True), config=FORWARDED | NARROW)
    assert ask(found, OTHER, PLAIN).effect == "redirected"
    assert ask(found, OTHER, PLAIN, headers={"X-Forwarded-Proto": "https"}).effect == "reached"
    assert in_general(found, "8.8.8.8", PLAIN) == [("", "redirected"), ("forged-header", "reached")]
    assert ask(found, OTHER, URL, headers={"X-Forwarded-Proto": "http"}).effect == "redirected"


def test_the_list_still_holds_for_who_spares_the_redirect() -> None:
    found = controller(ingress("a", notes={ALLOW: LIST}, tls=True), config=FORWARDED | NARROW)
    assert in_general(found, "8.8.8.8", PLAIN) == [("", "redirected"), ("forged-header", "forbidden")]
    assert in_general(found, LISTED, PLAIN) == [("", "redirected"), ("forged-header", "reached")]


def test_the_port_in_a_proxy_line_spares_it_as_well() -> None:
    """Source: lua_ingress.lua: ``proxy_protocol_server_port == "443"`` counts as TLS."""
    found = controller(ingress("a", tls=True), config=PROXY)
    assert ask(found, OTHER, PLAIN, proxy=OTHER).effect == "redirected"
    outcomes = in_general(found, OTHER, PLAIN)
    assert outcomes[0] == ("", "refused")
    assert set(outcomes[1:]) == {("proxy-line", "reached")}


def test_without_either_plain_http_is_redirected_and_nothing_else() -> None:
    assert in_general(controller(ingress("a", tls=True)), OTHER, PLAIN) == [("", "redirected")]
