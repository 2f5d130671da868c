"""HAProxy, Envoy and Traefik judge addresses with their own lists; where they differ, the table says how."""

from __future__ import annotations

from typing import Any

import pytest

from aksess.errors import LabFailed
from aksess.lab.proxies import PROXIES, Setup, Site
from aksess.lab.proxies.traefik import Traefik
from lab.parts_fixture import need, scene

OFFICE, BEYOND, BEFORE = "203.0.113.0", "203.0.114.0", "203.0.112.255"
FRONT = "198.51.100.7"
SHOP = "shop.example.com"

LISTED = [
    # source, host, path, forwarded for, what is answered
    (OFFICE, SHOP, "/", "", 200),
    ("203.0.113.255", SHOP, "/", "", 200),
    (BEFORE, SHOP, "/", "", 403),
    (BEYOND, SHOP, "/", "", 403),
    ("2001:db8:7::1", SHOP, "/", "", 200),
    ("2001:db8:8::1", SHOP, "/", "", 403),
    (BEYOND, SHOP, "/", OFFICE, 403),  # a forged header: nobody in front is trusted
    (BEYOND, "open.example.com", "/", "", 200),
    (OFFICE, SHOP, "/admin", "", 403),
    (OFFICE, SHOP, "/admin/x", "", 403),
    (OFFICE, SHOP, "/administrator", "", 200),
    ("192.0.2.1", SHOP, "/admin/x", "", 200),
    (OFFICE, "other.example.com", "/", "", 404),
]
FORWARDED = [
    (FRONT, SHOP, "/", OFFICE, 200),
    (FRONT, SHOP, "/", BEYOND, 403),
    (FRONT, SHOP, "/", f"{OFFICE}, {BEYOND}", 403),
    (BEYOND, SHOP, "/", OFFICE, 403),  # forged: this peer is not trusted
]
STRAIGHT = (OFFICE, SHOP, "/", "", {"haproxy": 200, "envoy": 200, "traefik": 403})
"""A listed client that comes past the trusted proxy: Traefik looks at the header alone, and there is none."""


@pytest.mark.parametrize("name", [each.name for each in PROXIES])
def test_lists(name: str) -> None:
    assert _answers(name, "lists", LISTED) == [each[-1] for each in LISTED]


@pytest.mark.parametrize("name", [each.name for each in PROXIES])
def test_forwarded_headers_of_trusted_proxies(name: str) -> None:
    cases = [*FORWARDED, STRAIGHT]
    assert _answers(name, "forwarded", cases) == [*(each[-1] for each in FORWARDED), STRAIGHT[-1][name]]


@pytest.mark.parametrize("name", [each.name for each in PROXIES])
def test_proxy_lines(name: str) -> None:
    cases: list[Any] = [(FRONT, SHOP, "/", f"PROXY {OFFICE}"), (FRONT, SHOP, "/", f"PROXY {BEYOND}")]
    assert _answers(name, "lines", cases) == [200, 403]


@pytest.mark.parametrize("name", ["haproxy", "envoy"])
def test_deny_lists(name: str) -> None:
    cases: list[Any] = [(OFFICE, SHOP, "/", ""), ("203.0.113.66", SHOP, "/", ""), (BEYOND, SHOP, "/", "")]
    assert _answers(name, "denied", cases) == [200, 403, 403]


def test_traefik_refuses_deny_lists(tmp_path: Any) -> None:
    with pytest.raises(LabFailed, match="Traefik has no deny lists"):
        Traefik().files(Setup((Site(SHOP, deny=("203.0.113.66/32",)),), "127.0.0.1:18080"), tmp_path)


def _answers(name: str, setup: str, cases: list[Any]) -> Any:
    need(name)
    return scene("proxy_judges", name, setup, *("|".join(each[:4]) for each in cases))
