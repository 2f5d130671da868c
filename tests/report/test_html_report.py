"""Pages: what they show, that they load nothing, that no input is markup, and that everybody can read them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from elements import Element, elements
from shops import HOSTILE, audited, hostile_shop, ingress, read, shop

from aksess import library
from aksess.estate import Estate
from aksess.layers.egress import Allowance, Need, Requirement
from aksess.report import html
from aksess.report.html import rendering, views
from aksess.report.wording import visible
from aksess.rulings import Citation, Layer, Verdict

TARGET = "https://admin.example.com/"


def _audit(estate: Estate) -> str:
    return html.audit(audited(estate), library.names(estate))


def _explanation(estate: Estate, source: str, target: str = TARGET) -> str:
    found = library.explain(estate, source, target)
    return html.explanation(found, library.findings_about(estate, found), library.names(estate))


def _egress() -> str:
    rule = Citation(Layer.SUBNET_NSG, "networkSecurityGroup", "edge", rule="<i>deny</i>", text="Deny any from * to *")
    need = Need("images", "mcr.microsoft.com", "TCP", 443)
    return html.egress(library.Egress((Requirement(need, Verdict.DENIED, rule),), (Allowance(rule, True),)))


@pytest.fixture
def all_pages(tmp_path: Path) -> dict[str, str]:
    estate = shop(tmp_path / "one", policy="Cluster")
    other = read(tmp_path / "other", ingress("web", "web.example.com", "203.0.113.0/24"))
    return {
        "audit": _audit(estate),
        "hostile": _audit(hostile_shop(tmp_path / "hostile")),
        "denied": _explanation(shop(tmp_path / "two"), "198.51.100.7"),
        "mixed": _explanation(shop(tmp_path / "two"), "Internet"),
        "unknown": _explanation(shop(tmp_path / "three", more="a: [\n"), "198.51.100.7"),
        "who": html.reach(library.who(estate, TARGET), library.names(estate)),
        "diff": html.comparison(library.diff(estate, other), library.names(other)),
        "no diff": html.comparison((), ()),
        "egress": _egress(),
    }


def _with_class(page: str, name: str) -> list[Element]:
    return [each for each in elements(page) if name in (each.attributes.get("class") or "").split()]


def _squeezed(text: str) -> str:
    return " ".join(text.split())


# --- every page -------------------------------------------------------------------------------------------------------


def test_pages_load_nothing(all_pages: dict[str, str]) -> None:
    for name, page in all_pages.items():
        for each in elements(page):
            assert each.tag not in {"img", "iframe", "object", "embed", "base", "audio", "video", "source"}, name
            for attribute, value in each.attributes.items():
                if attribute in {"src", "href", "srcset", "action", "data", "poster", "xlink:href", "formaction"}:
                    assert (value or "").startswith(("#", "data:,")), (name, each)
                assert not attribute.startswith("on"), (name, each)
                assert attribute != "style", (name, each)
            if each.tag == "style":
                assert not re.search(r"url\(|@import|https?:", each.text)
            if each.tag == "script":
                assert not re.search(r"fetch\(|XMLHttp|import\(|https?:|innerHTML|eval\(", each.text)


def test_the_policy_allows_this_style_and_script_only(all_pages: dict[str, str]) -> None:
    for page in all_pages.values():
        found = elements(page)
        policy = next(each for each in found if each.attributes.get("http-equiv") == "Content-Security-Policy")
        allowed = policy.attributes["content"] or ""
        assert allowed.startswith("default-src 'none'; ")
        for tag in ("style", "script"):
            (block,) = [each for each in found if each.tag == tag]
            digest = base64.b64encode(hashlib.sha256(block.text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in allowed


def test_pages_are_well_formed_and_ids_are_unique(all_pages: dict[str, str]) -> None:
    for page in all_pages.values():
        ids = [each.attributes["id"] for each in elements(page) if "id" in each.attributes]
        assert [each for each, number in Counter(ids).items() if number > 1] == []
        for each in elements(page):
            for attribute in ("aria-labelledby", "href"):
                value = each.attributes.get(attribute) or ""
                if attribute == "aria-labelledby" and value:
                    assert value in ids
                if value.startswith("#"):
                    assert value[1:] in ids


def test_headings_go_down_one_step_at_a_time(all_pages: dict[str, str]) -> None:
    for name, page in all_pages.items():
        levels = [int(each.tag[1]) for each in elements(page) if re.fullmatch(r"h[1-6]", each.tag)]
        assert levels[0] == 1, name
        assert levels.count(1) == 1, name
        assert all(after <= before + 1 for before, after in pairwise(levels)), (name, levels)


def test_pages_have_landmarks_language_and_title(all_pages: dict[str, str]) -> None:
    for page in all_pages.values():
        found = elements(page)
        assert [each.tag for each in found if not each.above] == ["html"]
        assert found[0].attributes["lang"] == "en"
        assert sum(each.tag == "main" for each in found) == 1
        assert any(each.tag == "header" for each in found)
        assert any(each.tag == "footer" for each in found)
        assert next(each for each in found if each.tag == "title").text.endswith(" · aksess")
        assert page.startswith("<!doctype html>\n")
        assert page.endswith("</html>\n")


def test_what_needs_the_script_is_hidden_without_it(all_pages: dict[str, str]) -> None:
    shown = [each for page in all_pages.values() for each in elements(page) if each.tag in {"form", "button"}]
    assert shown
    assert all("hidden" in each.attributes for each in shown)


def test_symbols_that_are_used_exist(all_pages: dict[str, str]) -> None:
    for page in all_pages.values():
        found = elements(page)
        symbols = {each.attributes["id"] for each in found if each.tag == "symbol"}
        assert {(each.attributes["href"] or "")[1:] for each in found if each.tag == "use"} <= symbols


def test_the_script_is_short() -> None:
    script = (Path(rendering.__file__).parent / "templates" / "page.js").read_text()
    assert len(script.splitlines()) <= 200


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    assert _audit(shop(tmp_path)) == _audit(shop(tmp_path))
    assert _explanation(shop(tmp_path), "Internet") == _explanation(shop(tmp_path), "Internet")


# --- escaping ---------------------------------------------------------------------------------------------------------


def test_nothing_of_the_input_becomes_markup(all_pages: dict[str, str]) -> None:
    page = all_pages["hostile"]
    found = elements(page)
    assert sum(each.tag == "script" for each in found) == 1
    assert not any(each.tag in {"img", "i"} for each in found)
    whats = [each.text for each in _with_class(page, "what")]
    assert f"https://web.example.com/{visible(HOSTILE)}" in whats
    assert "\u202e" not in page
    assert "alert(2)>" not in page


def test_texts_of_rules_are_escaped() -> None:
    page = _egress()
    assert "&lt;i&gt;deny&lt;/i&gt;" in page
    assert "<i>" not in page


# --- audit ------------------------------------------------------------------------------------------------------------


def test_an_audit_counts(tmp_path: Path) -> None:
    found = audited(shop(tmp_path))
    page = html.audit(found, library.names(shop(tmp_path)))
    figures = {_squeezed(each.text) for each in _with_class(page, "figure")}
    errors = sum(each.severity == "error" for each in found.findings)
    assert {"Applications2", "Exposures2", "Open to the Internet1", f"Errors{errors}"} <= figures
    bar = [each for each in elements(page) if each.tag == "rect" and "symbol" not in each.above]
    assert [(each.attributes["class"], each.attributes["x"], each.attributes["width"]) for each in bar] == [
        ("internet", "0", "1"),
        ("some", "1", "1"),
    ]


def test_findings_are_cards_by_check_with_their_fix(tmp_path: Path) -> None:
    page = _audit(shop(tmp_path, policy="Cluster"))
    cards = _with_class(page, "problem")
    assert len(cards) == len({each.check for each in audited(shop(tmp_path, policy="Cluster")).findings})
    (command,) = [each.text for each in _with_class(page, "command") if "kubectl patch" in each.text]
    assert command.startswith(
        """kubectl patch service nginx -n ingress -p '{"spec":{"externalTrafficPolicy":"Local"}}'"""
    )
    assert any(re.fullmatch(r"shop\.yaml:\d+", _squeezed(each.text)) for each in _with_class(page, "place"))


def test_rows_open_to_exact_ranges(tmp_path: Path) -> None:
    page = _audit(shop(tmp_path))
    rows = [each for each in _with_class(page, "row") if each.tag == "details"]
    assert len(rows) == 2
    listed, opened = rows
    assert "203.0.113.0/24" in listed.text
    assert "data-internet" not in listed.attributes
    assert "data-internet" in opened.attributes
    assert (listed.attributes["data-layers"] or "").split()[-1] == "controller"
    assert "128.0.0.0/3" in opened.text
    assert "Service shop/web, port 80" in listed.text


def test_long_sets_are_cut_with_a_note(tmp_path: Path) -> None:
    ranges = ", ".join(f"203.0.{number}.0/25" for number in range(250))
    page = _audit(read(tmp_path, ingress("admin", "admin.example.com", ranges)))
    (row,) = [each for each in _with_class(page, "row") if each.tag == "details"]
    assert row.text.count("/25\n") == 200
    assert "The first 200 of 250 ranges" in row.text


def test_what_was_not_understood_is_listed(tmp_path: Path) -> None:
    page = _audit(shop(tmp_path, more="a: [\n"))
    (listed,) = _with_class(page, "unread")
    assert "shop.yaml" in listed.text
    assert "cannot be known: " in page


def test_an_exposure_that_nobody_can_tell_about_is_not_shown_as_closed(tmp_path: Path) -> None:
    page = _audit(read(tmp_path, ingress("admin", "admin.example.com", "10.0.0.0/8,,"), more="a: [\n"))
    who = _with_class(page, "who")
    assert {each.attributes["class"] for each in who} == {"who unknown"}
    assert {each.text for each in who} == {"cannot be known: everyone (IPv4 only)"}
    (legend,) = _with_class(page, "legend")
    assert _squeezed(legend.text) == f"{len(who)} cannot be known"


def test_an_estate_without_exposures_says_so(tmp_path: Path) -> None:
    path = tmp_path / "pod.yaml"
    path.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n")
    page = _audit(library.read(path))
    assert "No findings" in page
    assert "Nothing in the input can be reached from outside the cluster." in page
    assert "<form" not in page


# --- explanation ------------------------------------------------------------------------------------------------------


def test_a_denial_stops_at_the_hop_that_decides(tmp_path: Path) -> None:
    page = _explanation(shop(tmp_path), "198.51.100.7")
    assert next(each for each in elements(page) if each.tag == "h1").text.strip() == "denied · 403 forbidden"
    (deciding,) = _with_class(page, "decides")
    assert deciding.attributes["class"] == "hop denied decides"
    assert "decides: stops it" in deciding.text
    assert "Ingress shop/admin" in deciding.text
    assert re.search(r"shop\.yaml:\d+", deciding.text)
    (end,) = _with_class(page, "to")
    assert "reached" not in (end.attributes["class"] or "").split()
    assert _squeezed(end.text) == "application not reached client sees 403 forbidden"


def test_hops_stand_in_order_of_travel(tmp_path: Path) -> None:
    page = _explanation(shop(tmp_path), "203.0.113.7")
    assert [each.text for each in elements(page) if each.tag == "h4"] == [
        *("client", "load balancer", "interface NSG", "kube-proxy", "controller", "application"),
    ]
    assert _with_class(page, "reached")


def test_each_outcome_has_its_route(tmp_path: Path) -> None:
    page = _explanation(shop(tmp_path), "Internet")
    routes = _with_class(page, "route")
    rows = [each for each in elements(page) if each.tag == "tr" and "tbody" in each.above]
    assert len(routes) == len(rows) == 3
    assert [(each.attributes["class"] or "").split()[1] for each in routes] == [
        each.attributes["class"] for each in rows
    ]


def test_what_cannot_be_known_is_never_drawn_as_a_denial(tmp_path: Path) -> None:
    page = _explanation(shop(tmp_path, more="a: [\n"), "198.51.100.7")
    (deciding,) = _with_class(page, "decides")
    assert deciding.attributes["class"] == "hop indeterminate decides"
    assert "stops it" not in page
    assert "Cannot be known: " in page


# --- the others -------------------------------------------------------------------------------------------------------


def test_who_lists_ranges_and_what_narrowed_them(tmp_path: Path) -> None:
    estate = shop(tmp_path)
    page = html.reach(library.who(estate, TARGET), library.names(estate))
    ranges = _with_class(page, "ranges")
    assert [each.text.split() for each in ranges] == [["203.0.113.0/24"]]
    assert any("Ingress shop/admin" in each.text for each in _with_class(page, "cited"))


def test_a_comparison_marks_gained_and_lost_with_signs(tmp_path: Path) -> None:
    before = read(tmp_path / "before", ingress("web", "web.example.com", "198.51.100.0/24"))
    after = read(tmp_path / "after", ingress("web", "web.example.com", "203.0.113.0/24"))
    page = html.comparison(library.diff(before, after), library.names(after))
    assert [_squeezed(each.text) for each in _with_class(page, "part")] == [
        "+ gained 203.0.113.0/24",
        "− lost 198.51.100.0/24",
    ]


def test_a_comparison_tells_new_from_gone(tmp_path: Path) -> None:
    before = read(tmp_path / "before", ingress("web", "old.example.com"))
    after = read(tmp_path / "after", ingress("web", "new.example.com"))
    page = html.comparison(library.diff(before, after), library.names(after))
    assert [each.text for each in _with_class(page, "state")] == ["new", "gone"]


def test_egress_shows_verdict_rule_and_source() -> None:
    page = _egress()
    assert next(each for each in elements(page) if each.tag == "h1").text == "1 requirement, 1 denied"
    assert "denied" in next(each for each in elements(page) if each.tag == "td").text
    assert "Outbound network and FQDN rules" in page
    assert "obsolete" in page


# --- places and colours -----------------------------------------------------------------------------------------------


class _At:
    def __init__(self, file: str) -> None:
        self.file = file

    def line(self, path: tuple[str | int, ...] = ()) -> int:
        return 7


def _cited(*files: str) -> list[Citation]:
    return [Citation(Layer.CONTROLLER, place=_At(each)) for each in files]


def test_absolute_places_are_shortened_by_their_common_folder() -> None:
    cited = _cited("/a/b/k8s/shop.yaml", "/a/b/azure/nsg.json")
    places = views.Places.of(cited)
    assert places.root == "/a/b"
    assert places.of_citation(cited[0]) == views.Place("k8s/", "shop.yaml", "7", "/a/b/k8s/shop.yaml:7")


@pytest.mark.parametrize("files", [("k8s/shop.yaml", "k8s/web.yaml"), ("/a.yaml", "/b/c.yaml"), ("-", "/a/b.yaml"), ()])
def test_other_places_stay_as_they_are(files: tuple[str, ...]) -> None:
    assert views.Places.of(_cited(*files)).root == ""


def test_a_place_needs_no_line() -> None:
    assert views.Places().of_text("k8s/a:b.yaml") == views.Place("k8s/", "a:b.yaml", "", "k8s/a:b.yaml")
    assert views.Places().of_text("") is None


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_have_contrast(scheme: int) -> None:
    style = (Path(rendering.__file__).parent / "templates" / "page.css").read_text()
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for ground in ("ground", "sheet", "sunk"):
        for text in ("ink", "soft", "link", "good", "bad", "unsure", "info"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for mark in ("edge", "focus", "wide-open", "some", "private", "nobody", "unknown"):
            assert _contrast(colours[mark], colours[ground]) >= 3, (mark, ground)
    for word, tint in (("good", "good-tint"), ("bad", "bad-tint"), ("unsure", "unsure-tint"), ("info", "info-tint")):
        for text in (word, "ink", "soft"):
            assert _contrast(colours[text], colours[tint]) >= 4.5, (text, tint)
