"""Order and inheritance of rules, what answers before them, credentials, and error pages.

Source: kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl, rootfs/etc/nginx/lua/*.lua; nginx
ngx_http_access_module, ngx_http_core_access_phase; rows were seen with the real controller unless a test says
otherwise.
"""

from __future__ import annotations

import pytest

from aksess.addresses import AddressSet
from ingress_nginx.estates import (
    ALLOW,
    DENY,
    LIST,
    LISTED,
    OTHER,
    PREFIX,
    allowed,
    ask,
    born,
    controller,
    in_general,
    ingress,
    request_to,
    secret,
    service,
)

URL = "https://a.example.com/"
PLAIN = "http://a.example.com/"
SNIPPETS = {"allow-snippet-annotations": "true"}
BASIC = {"auth-type": "basic", "auth-secret": "users"}

# --- order inside a location ------------------------------------------------------------------------------------------

DECISIONS = [
    (
        {ALLOW: "18.0.0.0/8,9.9.9.9", DENY: "18.1.0.0/16"},
        {"18.1.1.1": False, "18.2.2.2": True, "9.9.9.9": True, OTHER: False},
    ),
    ({DENY: "18.1.0.0/16"}, {"18.1.1.1": False, OTHER: True, "2001:db8::1": True}),
    ({ALLOW: LIST}, {LISTED: True, OTHER: False, "2001:db8::1": False}),
    ({ALLOW: "0.0.0.0/0"}, {OTHER: True, "2001:db8::1": False}),
    ({ALLOW: "::/0"}, {OTHER: False, "2001:db8::1": True}),
    ({}, {OTHER: True, "2001:db8::1": True}),
]


@pytest.mark.parametrize(("notes", "clients"), DECISIONS)
def test_deny_beats_allow_and_an_allow_list_denies_the_rest(notes: dict[str, str], clients: dict[str, bool]) -> None:
    found = controller(ingress("a", notes=notes))
    for client, gets_in in clients.items():
        said = ask(found, client, URL)
        assert (said.effect, said.ruling.status) == (("reached", None) if gets_in else ("forbidden", 403))
        assert said.backend == ("web/app" if gets_in else None)


def test_the_rule_that_decides_is_cited() -> None:
    found = controller(ingress("a", notes={ALLOW: LIST, DENY: "18.1.0.0/16"}))
    assert ask(found, LISTED, URL).ruling.citation.rule == PREFIX + DENY
    assert ask(found, OTHER, URL).ruling.citation.rule == PREFIX + ALLOW
    assert ask(found, "18.2.2.2", URL).ruling.citation.text == "allow list 18.0.0.0/8"
    assert ask(found, "18.2.2.2", URL).ruling.citation.label == "Ingress web/a"


# --- levels -----------------------------------------------------------------------------------------------------------

LEVELS = [
    ({}, {"block-cidrs": "9.9.9.0/24"}, {"9.9.9.9": False, OTHER: True}),
    ({DENY: "1.1.1.1"}, {"block-cidrs": "9.9.9.0/24"}, {"9.9.9.9": True}),
    ({ALLOW: "9.9.9.9"}, {"block-cidrs": "9.9.9.0/24"}, {"9.9.9.9": True}),
    ({"server-snippet": "deny 7.7.7.0/24;"}, {"block-cidrs": "9.9.9.0/24"}, {"7.7.7.7": False, "9.9.9.9": True}),
    ({"server-snippet": "deny 7.7.7.0/24;", ALLOW: "7.7.7.7"}, {}, {"7.7.7.7": True, OTHER: False}),
    (
        {ALLOW: LIST, "configuration-snippet": "allow 7.7.7.7; deny 18.5.0.0/16;"},
        {},
        {"7.7.7.7": False, "18.5.5.5": True},
    ),
    (
        {DENY: "18.1.0.0/16", "configuration-snippet": "allow 7.7.7.7; deny all;"},
        {},
        {LISTED: False, "7.7.7.7": True, OTHER: False},
    ),
    ({"configuration-snippet": "deny 7.7.7.7;"}, {"block-cidrs": "9.9.9.9"}, {"7.7.7.7": False, "9.9.9.9": True}),
    ({}, {"location-snippet": "deny 5.5.5.5;", "server-snippet": "deny 6.6.6.6;"}, {"5.5.5.5": False, "6.6.6.6": True}),
    ({}, {"server-snippet": "deny 6.6.6.6;", "http-snippet": "deny 4.4.4.4;"}, {"6.6.6.6": False, "4.4.4.4": True}),
    ({}, {"http-snippet": "allow 9.9.9.9;", "block-cidrs": "9.9.9.0/24"}, {"9.9.9.9": True, "9.9.9.8": False}),
    ({ALLOW: LIST}, {"location-snippet": "deny 18.1.1.1;"}, {LISTED: True}),
]


@pytest.mark.parametrize(("notes", "config", "clients"), LEVELS)
def test_rules_are_inherited_only_where_there_are_none(
    notes: dict[str, str], config: dict[str, str], clients: dict[str, bool]
) -> None:
    """Source: ngx_http_access_module: all or nothing; http-snippet before block-cidrs, annotation before ConfigMap."""
    found = controller(ingress("a", notes=notes), config=SNIPPETS | config)
    assert {client: ask(found, client, URL).effect == "reached" for client in clients} == clients


def test_snippets_that_are_not_allowed_do_nothing() -> None:
    """Source: controller.go `dropSnippetDirectives`."""
    notes = {ALLOW: LIST, "configuration-snippet": "deny 18.1.1.1;", "server-snippet": "return 403;"}
    assert ask(controller(ingress("a", notes=notes)), LISTED, URL).effect == "reached"


# --- before the lists -------------------------------------------------------------------------------------------------

EARLY = [
    ({"permanent-redirect": "https://else.example.com"}, URL, ("redirected", 301)),
    ({"permanent-redirect": "https://else.example.com", "permanent-redirect-code": "308"}, URL, ("redirected", 308)),
    ({"permanent-redirect": "https://else.example.com", "permanent-redirect-code": "999"}, URL, ("redirected", 301)),
    ({"temporal-redirect": "https://else.example.com"}, URL, ("redirected", 302)),
    (
        {"temporal-redirect": "https://e.example.com", "permanent-redirect": "https://f.example.com"},
        URL,
        ("redirected", 302),
    ),
    ({"permanent-redirect": "ftp://else.example.com"}, URL, ("redirected", 301)),
    ({"temporal-redirect": "ftp://else.example.com"}, URL, ("forbidden", 403)),
    ({"permanent-redirect": ""}, URL, ("forbidden", 403)),
    ({"app-root": "/app"}, URL, ("redirected", 302)),
    ({"app-root": "/app"}, URL + "y", ("forbidden", 403)),
    ({"app-root": "app"}, URL, ("forbidden", 403)),
    ({"app-root": "https://else.example.com/"}, URL, ("forbidden", 403)),
    ({"force-ssl-redirect": "true"}, PLAIN, ("redirected", 308)),
    ({"force-ssl-redirect": "true"}, URL, ("forbidden", 403)),
    ({}, PLAIN, ("forbidden", 403)),
    ({"ssl-redirect": "false"}, PLAIN, ("forbidden", 403)),
]


@pytest.mark.parametrize(("notes", "url", "expected"), EARLY)
def test_what_denied_clients_get_before_the_list(notes: dict[str, str], url: str, expected: tuple[str, int]) -> None:
    """Source: redirect/redirect.go, rewrite/main.go, lua_ingress.lua `redirect_to_https`."""
    said = ask(controller(ingress("a", notes={ALLOW: LIST, **notes})), OTHER, url)
    assert (said.effect, said.ruling.status) == expected


def test_tls_makes_its_host_redirect() -> None:
    """Source: controller.go `createServers` (any tls entry gives the host a certificate), certificate.lua."""
    secured = ingress("a", notes={ALLOW: LIST}, tls=True)
    assert ask(controller(secured), OTHER, PLAIN).ruling.status == 308
    assert ask(controller(secured, config={"ssl-redirect": "false"}), OTHER, PLAIN).ruling.status == 403
    assert ask(controller(secured, config={"http-redirect-code": "301"}), OTHER, PLAIN).ruling.status == 301
    beside = ingress("b", "a.example.com", [("/b", "Prefix", "app")], tls=True, created=born(2))
    assert ask(controller(ingress("a"), beside), OTHER, PLAIN).ruling.status == 308


def test_a_wildcard_certificate_makes_its_names_redirect() -> None:
    """Source: certificate.lua `get_pem_cert_uid`: the exact name, else ``*.`` with its rest."""
    wild = ingress("w", "*.example.com", tls=True)
    assert ask(controller(ingress("a"), wild), OTHER, PLAIN).ruling.status == 308
    assert ask(controller(ingress("a", "a.example.org"), wild), OTHER, "http://a.example.org/").effect == "reached"


def test_acme_paths_are_spared_the_redirect_but_not_the_list() -> None:
    """Source: config.go ``no-tls-redirect-locations``."""
    paths = [("/.well-known/acme-challenge/x", "Exact", "app"), ("/", "Prefix", "app")]
    found = controller(ingress("a", paths=paths, notes={ALLOW: LIST}, tls=True))
    assert ask(found, LISTED, PLAIN + ".well-known/acme-challenge/x").effect == "reached"
    assert ask(found, OTHER, PLAIN + ".well-known/acme-challenge/x").effect == "forbidden"
    assert ask(found, LISTED, PLAIN).effect == "redirected"


def test_the_solver_of_cert_manager_opens_its_own_path_only() -> None:
    """Source: cert-manager pkg/issuer/acme/http/ingress.go (whitelist-source-range of the solver Ingress)."""
    solver = ingress(
        *("solver", "a.example.com", [("/.well-known/acme-challenge/tok", "ImplementationSpecific", "solver")]),
        notes={"whitelist-source-range": "0.0.0.0/0,::/0"},
        created=born(2),
    )
    found = controller(ingress("a", tls=True), solver, config={"whitelist-source-range": LIST})
    token = PLAIN + ".well-known/acme-challenge/tok"
    assert ask(found, OTHER, token).backend == "web/solver"
    assert ask(found, "2001:db8::1", token).effect == "reached"
    assert ask(found, OTHER, URL).effect == "forbidden"


def test_from_to_www() -> None:
    """Source: pkg/util/ingress/ingress.go `BuildRedirects`: the other name is a server of its own, without lists."""
    found = controller(ingress("a", "www.a.example.com", notes={ALLOW: LIST, "from-to-www-redirect": "true"}))
    for scheme in ("http", "https"):
        said = ask(found, OTHER, f"{scheme}://a.example.com/")
        assert (said.effect, said.ruling.status) == ("redirected", 308)
    assert ask(found, OTHER, "https://www.a.example.com/").effect == "forbidden"
    assert found.serves("a.example.com")
    plain = controller(ingress("a", notes={"from-to-www-redirect": "true"}), ingress("b", "www.a.example.com"))
    assert ask(plain, OTHER, "https://www.a.example.com/").effect == "reached"


PREFLIGHT = [
    ({}, {}, "answered"),
    ({"cors-allow-origin": "https://good.example.com"}, {"Origin": "https://good.example.com"}, "answered"),
    ({"cors-allow-origin": "https://good.example.com"}, {"Origin": "https://evil.example.com"}, "forbidden"),
    ({"cors-allow-origin": "https://good.example.com"}, {}, "forbidden"),
    ({"cors-allow-origin": "https://*.example.com"}, {"Origin": "https://x.example.com"}, "answered"),
    ({"cors-allow-origin": "https://*.example.com"}, {"Origin": "https://x.y.example.com"}, "forbidden"),
]


@pytest.mark.parametrize(("notes", "headers", "effect"), PREFLIGHT)
def test_preflight_requests(notes: dict[str, str], headers: dict[str, str], effect: str) -> None:
    """Source: template.go `buildCorsOriginRegex`; nginx.tmpl answers 204 to OPTIONS in the rewrite phase."""
    found = controller(ingress("a", notes={ALLOW: LIST, "enable-cors": "true", **notes}))
    assert ask(found, OTHER, URL, method="OPTIONS", headers=headers).effect == effect
    assert ask(found, OTHER, URL, headers=headers).effect == "forbidden"


def test_the_catch_all_and_its_own_paths() -> None:
    """Source: nginx.tmpl, server ``_``: health for everybody, status for the controller, else the default backend."""
    found = controller(ingress("a", notes={ALLOW: LIST}), config={"whitelist-source-range": LIST})
    unknown = "https://unknown.example.net"
    for path, expected in {
        "/healthz": ("answered", 200),
        "/healthzx": ("answered", 200),
        "/nginx_status": ("forbidden", 403),
        "/": ("not-found", 404),
        "/zz": ("not-found", 404),
    }.items():
        said = ask(found, OTHER, unknown + path)
        assert (said.effect, said.ruling.status) == expected
    assert ask(found, OTHER, URL + "healthz").effect == "forbidden"
    assert not found.serves("unknown.example.net")


def test_another_health_path() -> None:
    found = controller(ingress("a"), args=["--health-check-path=/alive"])
    assert ask(found, OTHER, "http://x.example.net/alive").effect == "answered"
    assert ask(found, OTHER, "http://x.example.net/healthz").effect == "not-found"


def test_the_status_page_is_open_to_loop_back() -> None:
    """With the proxy of TLS passthrough before nginx, every HTTPS client is 127.0.0.1 there, too."""
    found = controller(ingress("a"), args=["--enable-ssl-passthrough"])
    assert ask(found, OTHER, "https://x.example.net/nginx_status").effect == "answered"


def test_blocked_agents_and_referers_are_judged_for_one_request_only() -> None:
    """Source: nginx.tmpl ``map $http_user_agent $block_ua``; a client sends what it likes."""
    config = {"block-user-agents": "~*bot, curl", "block-referers": "http://evil.example.com/"}
    found = controller(ingress("a"), config=config)
    assert ask(found, OTHER, URL, headers={"User-Agent": "GoogleBot"}).effect == "forbidden"
    assert ask(found, OTHER, URL, headers={"User-Agent": "CURL"}).effect == "forbidden"
    assert ask(found, OTHER, URL, headers={"User-Agent": "curly"}).effect == "reached"
    assert ask(found, OTHER, URL, headers={"Referer": "http://evil.example.com/"}).effect == "forbidden"
    assert in_general(found, OTHER, URL) == [("", "reached")]


def test_unknown_names_may_be_refused_over_tls() -> None:
    """Source: nginx.tmpl ``ssl_reject_handshake`` of server ``_``."""
    found = controller(ingress("a"), config={"ssl-reject-handshake": "true"})
    assert ask(found, OTHER, "https://x.example.net/").effect == "refused"
    assert ask(found, OTHER, "http://x.example.net/").effect == "not-found"
    assert ask(found, OTHER, URL).effect == "reached"


BAD_REQUESTS = [("/%zz", "GET", 400), ("/a/../../b", "GET", 400), ("/%00", "GET", 400), ("/", "TRACE", 405)]


@pytest.mark.parametrize(("path", "method", "status"), BAD_REQUESTS)
def test_requests_that_nginx_does_not_take(path: str, method: str, status: int) -> None:
    said = ask(controller(ingress("a", notes={ALLOW: LIST})), OTHER, "https://a.example.com" + path, method=method)
    assert (said.effect, said.ruling.status) == ("answered", status)


# --- satisfy and credentials ------------------------------------------------------------------------------------------

SATISFY = [
    ("any", {ALLOW: LIST}, {(LISTED, False): "reached", (OTHER, True): "reached", (OTHER, False): "unauthorized"}),
    ("all", {ALLOW: LIST}, {(LISTED, False): "unauthorized", (LISTED, True): "reached", (OTHER, True): "forbidden"}),
    ("", {ALLOW: LIST}, {(LISTED, False): "unauthorized", (LISTED, True): "reached", (OTHER, False): "forbidden"}),
    ("any", {DENY: LIST}, {(LISTED, True): "reached", (LISTED, False): "unauthorized", (OTHER, False): "unauthorized"}),
    ("all", {DENY: LIST}, {(LISTED, True): "forbidden", (OTHER, True): "reached", (OTHER, False): "unauthorized"}),
    ("any", {}, {(OTHER, False): "unauthorized", (OTHER, True): "reached"}),
    ("both", {ALLOW: LIST}, {(OTHER, True): "forbidden"}),
]


@pytest.mark.parametrize(("satisfy", "notes", "clients"), SATISFY)
@pytest.mark.parametrize("asking", [BASIC, {"auth-url": "https://auth.example.com/check"}])
def test_list_and_credentials_together(
    satisfy: str, notes: dict[str, str], clients: dict[tuple[str, bool], str], asking: dict[str, str]
) -> None:
    """Source: ngx_http_core_access_phase: with ``any`` 401 goes before 403, with ``all`` 403 comes first."""
    found = controller(ingress("a", notes={**notes, **asking, "satisfy": satisfy}), secret("users"))
    for (client, credentials), effect in clients.items():
        said = ask(found, client, URL, credentials=credentials)
        assert said.effect == effect
        assert said.ruling.status == {"unauthorized": 401, "forbidden": 403}.get(effect)


def test_satisfy_any_without_credentials_to_ask_for_changes_nothing() -> None:
    assert ask(controller(ingress("a", notes={ALLOW: LIST, "satisfy": "any"})), OTHER, URL).effect == "forbidden"


def test_in_general_whoever_is_asked_for_credentials_gets_in() -> None:
    """Contract §10: authentication is not an address rule."""
    everybody = controller(ingress("a", notes={ALLOW: LIST, **BASIC, "satisfy": "any"}), secret("users"))
    listed = controller(ingress("a", notes={ALLOW: LIST, **BASIC}), secret("users"))
    assert in_general(everybody, OTHER, URL) == [("", "reached")]
    assert in_general(listed, OTHER, URL) == [("", "forbidden")]
    for found, source, then in (
        (everybody, OTHER, "authentication"),
        (everybody, LISTED, ""),
        (listed, LISTED, "authentication"),
    ):
        cell = AddressSet.of(source)
        ruling = found.answer(request_to(URL)).rulings.ruling(cell)
        assert ruling is not None
        assert ruling.then == then


def test_who_has_to_sign_in_is_sent_there() -> None:
    """Source: nginx.tmpl ``error_page 401`` of auth-signin."""
    notes = {"auth-url": "https://auth.example.com/check", "auth-signin": "https://auth.example.com/start"}
    said = ask(controller(ingress("a", notes=notes)), OTHER, URL)
    assert (said.effect, said.ruling.status) == ("redirected", 302)


def test_global_authentication_and_its_exceptions() -> None:
    """Source: template.go `shouldApplyGlobalAuth`, `isLocationInLocationList`."""
    config = {"global-auth-url": "https://auth.example.com/check"}
    paths = [("/", "Prefix", "app"), ("/.well-known/acme-challenge/t", "Exact", "app")]
    found = controller(ingress("a", paths=paths), ingress("b", notes={"enable-global-auth": "false"}), config=config)
    assert ask(found, OTHER, URL).effect == "unauthorized"
    assert ask(found, OTHER, URL, credentials=True).effect == "reached"
    assert ask(found, OTHER, URL + ".well-known/acme-challenge/t").effect == "reached"
    assert ask(found, OTHER, "https://b.example.com/").effect == "reached"


def test_authentication_that_cannot_be_set_up_shuts_the_ingress() -> None:
    """Source: annotations/auth/main.go, authreq/main.go (LocationDenied)."""
    for notes in ({"auth-type": "other", "auth-secret": "users"}, {"auth-type": "basic"}, {"auth-url": "nonsense"}):
        assert ask(controller(ingress("a", notes=notes), secret("users")), OTHER, URL).effect == "unavailable"


def test_client_certificates() -> None:
    """Source: nginx.tmpl ``ssl_verify_client``, ``if ($ssl_client_s_dn …)``, AuthTLSError."""
    notes = {"auth-tls-secret": "web/ca", ALLOW: LIST}
    found = controller(ingress("a", notes=notes), secret("ca"))
    assert ask(found, LISTED, URL).ruling.status == 400
    assert ask(found, LISTED, URL, credentials=True).effect == "reached"
    assert ask(found, OTHER, URL, credentials=True).effect == "forbidden"
    ruling = found.answer(request_to(URL)).rulings.ruling(AddressSet.of(LISTED))
    assert ruling is not None
    assert ruling.then == "authentication"
    missing = controller(ingress("a", notes=notes), secret("other"))
    assert ask(missing, LISTED, URL, credentials=True).ruling.status == 403
    named = controller(ingress("a", notes={**notes, "auth-tls-match-cn": "CN=me"}), secret("ca"))
    assert ask(named, LISTED, PLAIN).effect == "forbidden"
    optional = controller(ingress("a", notes={**notes, "auth-tls-verify-client": "optional"}), secret("ca"))
    assert ask(optional, LISTED, URL).effect == "reached"


# --- status codes and error pages -------------------------------------------------------------------------------------

FALLBACK = ["--default-backend-service=web/fallback"]
PAGES = [
    ({}, {"custom-http-errors": "403"}, FALLBACK, "answered"),
    ({}, {"custom-http-errors": "403"}, [], "not-found"),
    ({}, {"custom-http-errors": "404"}, FALLBACK, "forbidden"),
    ({}, {"custom-http-errors": "403,404"}, [], "answered"),  # 500: the controller's own backend lacks the page
    ({"custom-http-errors": "403", "default-backend": "pages"}, {}, [], "answered"),
    ({"custom-http-errors": "403", "default-backend": "dead"}, {}, FALLBACK, "answered"),
    ({"custom-http-errors": "403", "default-backend": "dead"}, {}, [], "not-found"),
    ({"custom-http-errors": "404"}, {"custom-http-errors": "403"}, FALLBACK, "forbidden"),
    ({"custom-http-errors": "403"}, {"block-cidrs": f"{OTHER}/32"}, FALLBACK, "forbidden"),
    ({}, {"custom-http-errors": "403,x,99"}, FALLBACK, "answered"),
]


@pytest.mark.parametrize(("notes", "config", "args", "effect"), PAGES)
def test_error_pages_for_denied_clients(
    notes: dict[str, str], config: dict[str, str], args: list[str], effect: str
) -> None:
    """Source: nginx.tmpl ``error_page`` and CUSTOM_ERRORS; a rule of the whole controller holds on the page, too."""
    given = [ingress("a", notes={ALLOW: LIST, **notes}), service("fallback"), service("pages")]
    found = controller(*given, service("dead", ready=False), config=config, args=args)
    assert ask(found, OTHER, URL).effect == effect


def test_a_block_for_everything_answers_plainly() -> None:
    """Seen: block-cidrs with an error page for 403 gives the plain 403."""
    config = {"custom-http-errors": "403", "block-cidrs": "203.0.113.0/24"}
    found = controller(ingress("a"), service("fallback"), config=config, args=FALLBACK)
    assert ask(found, OTHER, URL).effect == "forbidden"
    assert ask(found, LISTED, URL).effect == "reached"


def test_signing_in_drops_the_error_pages_of_the_controller() -> None:
    """Source: nginx: ``error_page`` is inherited only by a location without any of its own."""
    notes = {ALLOW: LIST, "auth-url": "https://auth.example.com/c", "auth-signin": "https://auth.example.com/s"}
    found = controller(
        ingress("a", notes=notes), service("fallback"), config={"custom-http-errors": "403"}, args=FALLBACK
    )
    assert ask(found, OTHER, URL).effect == "forbidden"


def test_the_default_backend_answers_for_it() -> None:
    found = controller(ingress("a"), service("fallback"), args=FALLBACK)
    assert ask(found, OTHER, "https://x.example.net/").effect == "answered"
    missing = controller(ingress("a"), args=FALLBACK)
    assert ask(missing, OTHER, "https://x.example.net/").effect == "not-found"


# --- whom a partition covers ------------------------------------------------------------------------------------------


def test_the_partition_is_what_the_list_says() -> None:
    found = controller(ingress("a", notes={ALLOW: "18.0.0.0/8, 2001:db8::/32", DENY: "18.1.0.0/16"}))
    assert allowed(found, URL) == AddressSet.of("18.0.0.0/8", "2001:db8::/32") - AddressSet.of("18.1.0.0/16")
