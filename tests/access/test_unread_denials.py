"""A denial that something unread could have changed is none: not in `explain`, not in `who`, not in an audit.

Each was a denial that random damage, or the laws of the evaluator, showed to be false; named after the symptom.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import aksess
from access.two_pools import FRONTEND, application_group, rule, write
from aksess import library
from aksess.addresses import EVERYONE, AddressSet, read_address
from aksess.estate import Estate
from aksess.rulings import Verdict
from robustness.small_estates import GATEWAY, MAIL, SHOP, SmallEstate

BROKEN_INGRESS = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, namespace: shop}\nspec: 5\n"
STRANGER = "8.8.8.8"


def beside(whole: SmallEstate, folder: Path, text: str) -> Estate:
    """An estate with one more file."""
    whole.write(folder)
    (folder / "zz.yaml").write_text(text)
    return aksess.read(folder)


def unsure(estate: Estate, source: str, target: str, *, strict: bool = False) -> bool:
    """Whether both ways of asking say that it cannot be known."""
    address = read_address(source)
    assert address is not None
    found = library.explain(estate, source, target, strict=strict).verdict == Verdict.INDETERMINATE
    standing = library.who(estate, target, strict=strict).standing
    assert found == (address in standing.indeterminate)
    return found


def test_who_and_audit_denied_what_an_unread_ingress_could_allow(tmp_path: Path) -> None:
    """They keep nothing of whom a controller denies, and so forgot that no such denial was sure."""
    estate = beside(SHOP, tmp_path, BROKEN_INGRESS)
    assert unsure(estate, STRANGER, "https://admin.example.com/")
    by_id = {each.id: each for each in library.audit(estate).exposures}
    found = by_id["https://admin.example.com/@20.50.60.70:443"]
    assert found.allowed | found.indeterminate == by_id["https://shop.example.com/@20.50.60.70:443"].allowed
    assert not unsure(estate, "192.0.2.9", "https://admin.example.com/"), "the security group denies it all the same"


def test_an_unread_ingress_says_nothing_about_other_layers(tmp_path: Path) -> None:
    estate = beside(SHOP, tmp_path, BROKEN_INGRESS)
    assert not unsure(estate, STRANGER, "api-server")
    assert not unsure(estate, "192.0.2.9", "tcp://20.50.60.70:443")


@pytest.mark.parametrize("whole", [MAIL, GATEWAY], ids=lambda each: each.name)
def test_strict_who_denied_what_rests_on_an_assumption(tmp_path: Path, whole: SmallEstate) -> None:
    """`--strict` counts what rests on an assumption as indeterminate, denials too."""
    estate = aksess.read(whole.write(tmp_path))
    source, target = whole.denied[0]
    assert not unsure(estate, source, target)
    assert unsure(estate, source, target, strict=True)
    for exposure in library.audit(estate, strict=True).exposures:
        assert exposure.indeterminate


@pytest.mark.parametrize("target", ["https://shop.example.com:8443/", "https://shop.example.com/"])
@pytest.mark.parametrize("source", ["192.0.2.9", "2001:db8::9"])
def test_a_port_or_a_family_without_a_frontend_was_denied_beside_a_broken_file(
    tmp_path: Path, source: str, target: str
) -> None:
    """The broken file may hold the Service that publishes it."""
    assert unsure(beside(SHOP, tmp_path, "a: [\n"), source, target)


def test_a_client_of_the_other_family_never_reaches_an_address(tmp_path: Path) -> None:
    """Whatever a broken file holds: an IPv6 client has no way to an IPv4 address."""
    estate = beside(SHOP, tmp_path, "a: [\n")
    for target, entry in (("tcp://20.50.60.70:443", ""), ("https://shop.example.com/", "20.50.60.70:443")):
        assert library.explain(estate, "2001:db8::9", target, entry=entry).verdict == Verdict.DENIED
        standing = library.who(estate, target, entry=entry).standing
        assert standing.allowed | standing.indeterminate == EVERYONE.family(4)


def test_a_rule_for_an_application_group_stopped_clients_of_a_frontend(tmp_path: Path) -> None:
    """With floating IP the destination is the frontend, which is the address of no interface."""
    stops = [rule(100 + pool, "Deny", "*", application_group(pool), "80") for pool in (0, 1)]
    write(tmp_path, [[*stops, rule(200, "Allow", "*", FRONTEND, "*", "*")]])
    assert library.explain(aksess.read(tmp_path), STRANGER, f"tcp://{FRONTEND}:80").verdict == Verdict.ALLOWED
    opens = [rule(100 + pool, "Allow", "*", application_group(pool), "80") for pool in (0, 1)]
    write(tmp_path, [opens])
    assert library.explain(aksess.read(tmp_path), STRANGER, f"tcp://{FRONTEND}:80").verdict == Verdict.DENIED


def test_the_other_family_of_a_service_is_unsure_beside_a_broken_file(tmp_path: Path) -> None:
    estate = beside(MAIL, tmp_path, "a: [\n")
    assert unsure(estate, "2001:db8::9", "tcp://post/relay:587")
    assert library.who(estate, "tcp://post/relay:587").standing.indeterminate >= AddressSet.of("::/0")
