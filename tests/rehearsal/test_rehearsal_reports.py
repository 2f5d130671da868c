"""What a rehearsal says in each form: every difference, everything left out, and no markup of the input."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from aksess.addresses import AddressSet
from aksess.lab.counters import Counted
from aksess.rehearsal.outcomes import Shown
from aksess.rehearsal.playing import Played, Rehearsal
from aksess.rehearsal.trials import LeftOut
from aksess.report import html, rehearsals, structured
from aksess.report.rehearsals import Line
from rehearsal.small_rehearsals import ADMIN, WEB, agreeing, differing, foreseen, mixed, played, undecided
from report.elements import Element, elements

NOTHING = Rehearsal(False, (), (LeftOut("api-server/shop", "API servers are not played"),), (), {})
EVIL = "tcp://a|b`<script>alert(1)</script>*x*/\u202eweb:80@20.50.60.70:80"


def _text(found: Rehearsal) -> str:
    written = io.StringIO()
    console = Console(file=written, width=120, highlight=False, markup=False, emoji=False)
    for part in rehearsals.text(found):
        console.print(part)
    return written.getvalue()


def _html(found: Rehearsal) -> str:
    return html.rehearsal(found)


def _all(*played_ones: Played) -> Rehearsal:
    return Rehearsal(False, played_ones, (), (), {})


# --- the answer in one line -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (NOTHING, "nothing was rehearsed"),
        (_all(agreeing()), "1 connection: every one ended as foreseen"),
        (_all(agreeing(), undecided()), "2 connections: none ended otherwise than foreseen, 1 could not be foreseen"),
        (_all(agreeing(), undecided(), differing()), "1 of 3 connections ended otherwise than foreseen"),
        (_all(*[differing()] * 1200), "1,200 of 1,200 connections ended otherwise than foreseen"),
    ],
)
@pytest.mark.parametrize("form", [_text, rehearsals.markdown, _html])
def test_every_form_begins_with_the_answer(found: Rehearsal, line: str, form: Callable[[Rehearsal], str]) -> None:
    assert rehearsals.headline(found) == line
    shown = form(found)
    assert line in (shown if form is _html else shown.splitlines()[0])


def test_exposures_have_a_line_each_with_the_most_frequent_first() -> None:
    others = [played(WEB, f"8.8.8.{number}", [foreseen("timeout")], Shown("timeout")) for number in range(3)]
    assert rehearsals.lines(mixed(*others)) == [
        Line(WEB, 6, (("timeout", 3), ("reached", 2), ("unavailable 503", 1)), differing=1, undecided=1),
        Line(ADMIN, 1, (("forbidden 403", 1),), differing=0, undecided=0),
    ]


def test_what_was_foreseen_is_said_once() -> None:
    expected = [foreseen("timeout"), foreseen("forbidden", 403), foreseen("timeout", None, AddressSet.of("10.0.0.1"))]
    assert rehearsals.expected_text(expected) == "timeout or forbidden 403"
    assert rehearsals.expected_text([]) == "not known"


# --- for a terminal ---------------------------------------------------------------------------------------------------


def test_a_terminal_shows_exposures_differences_and_what_was_left_out() -> None:
    shown = _text(mixed())
    marks = {line.split()[1]: line.split()[0] for line in shown.splitlines() if line.startswith(("✓", "✗"))}
    assert marks == {WEB: "✗", ADMIN: "✓"}
    assert "reached 2 · unavailable 503 1" in shown
    told = shown[shown.index("1 difference") : shown.index("Not rehearsed")]
    assert "198.51.100.7" in told
    assert "reached 200 as 10.224.0.4" in told
    assert "foreseen timeout or forbidden 403" in told
    assert "203.0.113.7" not in told, "what agrees is no difference"
    rest = shown[shown.index("Not rehearsed") :]
    assert "api-server/shop" in rest
    assert "tcp://a@1.2.3.4:30080 and 1 more" in rest, "things left out for one reason are one line"
    assert "no node was read: two are made up" in rest[rest.index("Made up to play it") :]


def test_a_terminal_says_which_form_played() -> None:
    assert "(the quick form)" in _text(mixed())
    assert "(the real kube-proxy and ingress-nginx)" in _text(mixed(real=True))


def test_a_terminal_says_how_many_differences_it_does_not_show() -> None:
    many = _all(*[differing(source=f"198.51.100.{number}") for number in range(100)])
    shown = _text(many)
    assert shown.count("foreseen timeout or") == 40
    assert "and 60 more: -o json holds all" in shown
    assert "more: -o json" not in _text(_all(*[differing()] * 40))


def test_a_terminal_is_silent_about_what_there_is_none_of() -> None:
    shown = _text(_all(agreeing()))
    assert not any(title in shown for title in ("difference", "Not rehearsed", "Made up"))


# --- for a pull request -----------------------------------------------------------------------------------------------


def test_markdown_lists_every_difference_and_folds_the_rest() -> None:
    shown = rehearsals.markdown(mixed())
    assert shown.startswith("## ✗ 1 of 4 connections ended otherwise than foreseen\n")
    head, _, folded = shown.partition("<details>")
    assert f"| `198.51.100.7` | `{WEB}` | timeout or forbidden 403 | reached 200 as 10.224.0.4 |" in head
    assert f"| `{WEB}` | 3 | reached 2 · unavailable 503 1 |" in folded
    assert "<summary>2 exposures</summary>" in shown
    assert "1 more: public addresses of nodes are not played" in folded
    assert "- no node was read: two are made up" in folded
    assert shown.count("<details>") == shown.count("</details>") == 3
    assert shown.endswith("</details>\n")


def test_markdown_without_differences_has_no_table_of_them() -> None:
    shown = rehearsals.markdown(_all(agreeing()))
    assert shown.startswith("## ✓ 1 connection: every one ended as foreseen\n")
    assert "| Source |" not in shown
    assert "Not rehearsed" not in shown


def test_markdown_stays_below_what_a_comment_holds() -> None:
    long = f"https://{'x' * 200}.example.com/@20.50.60.70:443"
    exposures = [differing(long.replace("x@", f"x{number}@"), f"198.51.{number // 200}.7") for number in range(1000)]
    shown = rehearsals.markdown(_all(*exposures))
    assert len(shown) < 65_536
    assert "more differences left out; `-o json` holds them." in shown


# --- as JSON ----------------------------------------------------------------------------------------------------------


def test_json_holds_everything() -> None:
    found = json.loads(structured.encode(rehearsals.structured(mixed(real=True))))
    assert (found["form"], found["connections"], found["differences"], found["undecided"]) == ("real", 4, 1, 1)
    assert [each["result"] for each in found["trials"]] == ["agrees", "differs", "undecided", "agrees"]
    assert found["trials"][1] == {
        "exposure": WEB,
        "source": "198.51.100.7",
        "foreseen": [{"effect": "timeout", "status": None}, {"effect": "forbidden", "status": 403}],
        "seen": {"effect": "reached", "status": 200, "judgedAs": "10.224.0.4"},
        "result": "differs",
    }
    assert found["trials"][2]["foreseen"] == []
    assert found["trials"][2]["seen"]["judgedAs"] is None
    assert [each["what"] for each in found["notRehearsed"]] == [
        *("api-server/shop", "tcp://a@1.2.3.4:30080", "tcp://b@1.2.3.4:30081")
    ]
    assert found["notes"] == ["no node was read: two are made up"]
    assert len(found["hops"]) == 6
    assert found["hops"][2] == {
        "frontend": "20.50.60.70:80",
        "node": "node-a",
        "hop": "subnet",
        "rule": "200 deny-all",
        "drops": True,
        "packets": 7,
    }
    assert rehearsals.structured(mixed())["form"] == "quick"


# --- as a page --------------------------------------------------------------------------------------------------------


def _with_class(found: list[Element], name: str) -> list[Element]:
    return [each for each in found if name in (each.attributes.get("class") or "").split()]


def _squeezed(each: Element) -> str:
    return " ".join(each.text.split())


def _stations(walk: Element) -> list[str]:
    """What stands before the nodes."""
    return re.findall(r"Clients\d+connections?|Load balancer\d+packets", walk.text.replace("\n", ""))


def test_a_page_counts() -> None:
    figures = {_squeezed(each) for each in _with_class(elements(_html(mixed())), "figure")}
    assert figures == {"Ended otherwise1", "As foreseen2", "Could not be foreseen1", "Not rehearsed3"}


def test_a_page_walks_to_each_frontend() -> None:
    first, second = _with_class(elements(_html(mixed())), "walk")
    assert (first.attributes["aria-label"], second.attributes["aria-label"]) == ("20.50.60.70:80", "20.50.60.71:443")
    assert "differs" in (first.attributes["class"] or "")
    assert "differs" not in (second.attributes["class"] or "")
    assert _stations(first) == ["Clients3connections", "Load balancer12packets"]
    assert _stations(second) == ["Clients1connection", "Load balancer0packets"]
    assert "No node got a packet" in second.text
    assert "No node got a packet" not in first.text


def test_a_page_shows_the_packets_of_each_hop_on_each_node() -> None:
    found = elements(_html(mixed()))
    assert [each.text for each in _with_class(found, "walk-node-name")] == ["node-a", "node-b"]
    hops = [each for each in _with_class(found, "walk-hop") if each.tag == "details"]
    assert [_squeezed(each) for each in hops] == [
        "Subnet NSG57 dropped 7 200 deny-all 5 100 allow-some",
        "kube-proxy41 dropped 4 shop/web: delivered 1 shop/web: source ranges",
        "Network policy2 2 web rule 1",
    ], "hops in the order of travel, the rule that most packets met first"
    assert ["drops" in (each.attributes["class"] or "") for each in hops] == [True, True, False]


def test_a_page_says_how_many_rules_it_does_not_show() -> None:
    counted = tuple(Counted("a", "subnet", f"{number} r", False, 100 - number) for number in range(15))
    found = Rehearsal(False, (agreeing(),), (), (), {"20.50.60.70:80": counted})
    (hop,) = [each for each in _with_class(elements(_html(found)), "walk-hop") if each.tag == "details"]
    assert "and 3 more rules" in hop.text
    assert "11 r" in hop.text
    assert "12 r" not in hop.text
    assert f"Subnet NSG{sum(100 - number for number in range(15)):,}" in _squeezed(hop), "the sum is that of all"


def test_a_page_lists_differences_and_what_was_left_out() -> None:
    found = elements(_html(mixed()))
    rows = [_squeezed(each) for each in found if each.tag == "tr" and "tbody" in each.above]
    assert rows == [f"198.51.100.7 {WEB} timeout or forbidden 403 reached 200 as 10.224.0.4"]
    ids = [each.attributes.get("id") for each in found]
    assert {"differences-head", "walks-head", "left-head", "notes-head"} <= set(ids)
    (listed,) = [each for each in found if each.attributes.get("aria-labelledby") == "left-head"]
    assert listed.text.count("not played") == 3, "each of them, with its reason"


def test_a_page_is_silent_about_what_there_is_none_of() -> None:
    ids = {each.attributes.get("id") for each in elements(_html(_all(agreeing())))}
    assert not ids & {"differences-head", "left-head", "notes-head"}


def test_a_page_loads_nothing() -> None:
    for each in elements(_html(mixed())):
        assert each.tag not in {"img", "iframe", "object", "embed", "base", "audio", "video", "source"}
        assert (each.attributes.get("href") or "#").startswith(("#", "data:,"))
        assert not any(name.startswith("on") for name in each.attributes)


# --- names that anybody may have written ------------------------------------------------------------------------------


def test_no_name_of_the_input_is_markup() -> None:
    counted = (Counted("<i>node</i>", "subnet", "100 <b>rule</b>", True, 1),)
    found = Rehearsal(
        False,
        (differing(EVIL),),
        (LeftOut(EVIL, "<u>because</u>"),),
        ("<em>note</em>",),
        {"20.50.60.70:80": counted},
    )
    page = _html(found)
    tags = [each.tag for each in elements(page)]
    assert tags.count("script") == 1
    assert not {"i", "b", "u", "em"} & set(tags)
    assert "\u202e" not in page
    text = rehearsals.markdown(found)
    assert "\u202e" not in text
    assert "| ``tcp://a\\|b`<script>alert(1)</script>" in text, "in code font, behind a fence that it cannot end"
    assert "\\<u\\>because" in text
    assert "\\<em\\>note" in text
