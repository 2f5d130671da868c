"""Answers as pull-request comments: what they say, that no input is markup in them, and how long they get."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from elements import Element, elements
from markdown_it import MarkdownIt
from shops import HOSTILE, audited, hostile_shop, ingress, read, shop

from aksess import library
from aksess.checks import registry
from aksess.layers.egress import Allowance, Need, Requirement
from aksess.report import markdown
from aksess.report.wording import visible
from aksess.rulings import Citation, Layer, Verdict

_RENDERED = MarkdownIt("commonmark").enable("table")
_OURS = {"h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong", "br"}
_OURS |= {"details", "summary"}
LIMIT = 65_536


def _elements(text: str) -> list[Element]:
    return elements(_RENDERED.render(text))


def _texts(text: str, tag: str) -> list[str]:
    return [each.text for each in _elements(text) if each.tag == tag]


def test_an_audit_begins_with_its_tally(tmp_path: Path) -> None:
    estate = shop(tmp_path)
    shown = markdown.audit(audited(estate), library.names(estate))
    assert shown.splitlines()[0].startswith("## ")
    assert "note" in shown.splitlines()[0]
    assert shown.splitlines()[2] == "2 exposures of 2 applications, 1 open to the whole Internet."
    assert shown.endswith("\n")
    assert not shown.endswith("\n\n")


def test_an_audit_names_sets_and_places(tmp_path: Path) -> None:
    estate = shop(tmp_path)
    shown = markdown.audit(audited(estate), library.names(estate))
    assert "| 203.0.113.0/24 | `https://admin.example.com/` at `20.50.60.70:443` | Ingress shop/admin |" in shown
    assert "| Internet (IPv4 only) | `https://web.example.com/` at `20.50.60.70:443` |" in shown
    assert f"`{tmp_path}/shop.yaml:" in shown
    assert "0.0.0.0/5" not in shown


def test_notes_and_assumptions_are_folded_away(tmp_path: Path) -> None:
    estate = shop(tmp_path)
    found = _elements(markdown.audit(audited(estate), library.names(estate)))
    assert sum(each.tag == "details" for each in found) == 2
    folded = [each.text for each in found if "details" in each.above and each.tag == "code"]
    assert "open-to-internet" in folded
    assert "endpoints-ready" in folded


def test_commands_stand_in_code_and_advice_does_not(tmp_path: Path) -> None:
    estate = shop(tmp_path, policy="Cluster")
    shown = markdown.audit(audited(estate), library.names(estate))
    assert (
        """<br>→ `kubectl patch service nginx -n ingress -p '{"spec":{"externalTrafficPolicy":"Local"}}'`; """ in shown
    )
    assert "<br>→ restrict it, or say in an AccessPolicy that it is public" in shown


def test_an_audit_shows_fifty_rows_and_counts_the_rest(tmp_path: Path) -> None:
    estate = read(tmp_path, *(ingress(f"a{number}", f"a{number}.example.com") for number in range(60)))
    shown = markdown.audit(audited(estate), library.names(estate))
    assert shown.count("| Internet (IPv4 only) |") == 50
    assert "… 10 more rows left out; `-o json` holds them." in shown


def test_an_audit_stays_below_what_a_comment_holds(tmp_path: Path) -> None:
    long = "/" + "very-long-path/" * 30
    hosts = [f"a{number}.{'long-label.' * 15}example.com" for number in range(400)]
    ranges = [f"10.0.0.0/8,, {number}" for number in range(400)]
    many = [ingress(f"a{i}", host, ranges[i] if i % 2 else "", path=long) for i, host in enumerate(hosts)]
    estate = read(tmp_path, *many)
    found = audited(estate)
    shown = markdown.audit(found, library.names(estate))
    assert len(found.findings) > 300
    assert 20_000 < len(shown) < LIMIT
    assert "more findings left out" in shown
    assert {each.tag for each in _elements(shown)} <= _OURS


def test_a_comparison_stays_below_what_a_comment_holds(tmp_path: Path) -> None:
    hosts = [f"a{number}.{'long-label.' * 15}example.com" for number in range(500)]
    before = read(tmp_path / "before", *(ingress(f"a{i}", host) for i, host in enumerate(hosts)))
    after = read(tmp_path / "after", *(ingress(f"a{i}", host, "203.0.113.0/24") for i, host in enumerate(hosts)))
    shown = markdown.comparison(library.diff(before, after), library.names(after))
    assert 20_000 < len(shown) < LIMIT
    assert "more exposures left out" in shown


def test_an_explanation_stays_below_what_a_comment_holds(tmp_path: Path) -> None:
    estate = read(tmp_path, ingress("admin", "admin.example.com", ", ".join(f"203.0.{n}.0/24" for n in range(200))))
    found = library.explain(estate, "0.0.0.0/0", "https://admin.example.com/")
    assert len(markdown.explanation(found, library.findings_about(estate, found))) < LIMIT
    reach = library.who(estate, "https://admin.example.com/")
    assert len(markdown.reach(reach, library.names(estate))) < LIMIT


def test_nothing_of_the_input_becomes_markup(tmp_path: Path) -> None:
    estate = hostile_shop(tmp_path)
    found = audited(estate)
    shown = markdown.audit(found, library.names(estate))
    tags = {each.tag for each in _elements(shown)}
    assert tags <= _OURS
    codes = _texts(shown, "code")
    assert f"https://web.example.com/{visible(HOSTILE)}" in codes
    assert any("@everyone" in each for each in codes)
    heads = [each.text for each in _elements(shown) if each.tag in {"h2", "h3"}]
    assert "head" not in heads
    assert "\u202e" not in shown


def test_every_row_of_a_hostile_audit_has_its_cells(tmp_path: Path) -> None:
    estate = hostile_shop(tmp_path)
    shown = markdown.audit(audited(estate), library.names(estate))
    page = _elements(shown)
    assert sum(each.tag == "td" for each in page) == 4 * (
        sum(each.tag == "tr" for each in page) - sum(each.tag == "thead" for each in page)
    )
    assert any("more" not in each and "evil" in each for each in _texts(shown, "td"))


def test_an_explanation_marks_the_hop_that_decides(tmp_path: Path) -> None:
    found = library.explain(shop(tmp_path), "198.51.100.7", "https://admin.example.com/")
    shown = markdown.explanation(found, ())
    assert shown.startswith("## ✗ denied · 403 forbidden\n\n`198.51.100.7` → `https://admin.example.com/`\n")
    deciding = [line for line in shown.splitlines() if "▶" in line]
    assert len(deciding) == 1
    assert deciding[0].startswith("| ▶&nbsp;✗ | **controller** | Ingress shop/admin")
    assert f"`{tmp_path}/shop.yaml:" in deciding[0]


def test_an_explanation_of_many_shows_each_outcome(tmp_path: Path) -> None:
    found = library.explain(shop(tmp_path), "Internet", "https://admin.example.com/")
    shown = markdown.explanation(found, ())
    assert shown.startswith("## ✓✗ mixed: it depends on the source\n")
    heads = _texts(shown, "h3")
    assert "✓ allowed · reached" in heads
    assert "✗ denied · 403 forbidden" in heads
    assert "For **203.0.113.0/24** at `20.50.60.70:443`" in shown


def test_what_cannot_be_known_is_never_marked_as_denied(tmp_path: Path) -> None:
    estate = shop(tmp_path, more="a: [\n")
    found = library.explain(estate, "198.51.100.7", "https://admin.example.com/")
    shown = markdown.explanation(found, ())
    assert shown.startswith("## ? indeterminate")
    assert "▶&nbsp;?" in shown
    assert "✗" not in shown
    assert "Cannot be known: " in shown


def test_a_choice_of_the_client_is_in_the_headline(tmp_path: Path) -> None:
    data = 'data: {use-forwarded-headers: "true"}'
    shop(tmp_path, more=f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: nginx, namespace: ingress}}\n{data}\n")
    path = tmp_path / "shop.yaml"
    path.write_text(path.read_text().replace("=nginx]", "=nginx, --configmap=ingress/nginx]"))
    estate = library.read(path)
    found = library.explain(estate, "198.51.100.7", "https://admin.example.com/")
    assert markdown.explanation(found, ()).startswith("## ✓ allowed · if the client forges the header\n")


def test_who_lists_exact_ranges(tmp_path: Path) -> None:
    estate = shop(tmp_path)
    shown = markdown.reach(library.who(estate, "https://admin.example.com/"), library.names(estate))
    assert shown.startswith("## 203.0.113.0/24 get in\n")
    assert "```text\n203.0.113.0/24\n```" in shown
    assert "| controller | Ingress shop/admin |" in shown


def test_who_says_that_nobody_gets_in(tmp_path: Path) -> None:
    estate = read(tmp_path, ingress("admin", "admin.example.com", "10.0.0.0/8,,"))
    shown = markdown.reach(library.who(estate, "https://admin.example.com/"), library.names(estate))
    assert shown.startswith("## nobody gets in\n")
    assert "```" not in shown


def test_a_comparison_is_a_diff(tmp_path: Path) -> None:
    before = read(tmp_path / "before", ingress("web", "web.example.com"), ingress("old", "old.example.com"))
    after = read(tmp_path / "after", ingress("web", "web.example.com", "203.0.113.0/24"))
    shown = markdown.comparison(library.diff(before, after), library.names(after))
    assert shown.startswith("## 2 exposures changed\n")
    block = shown.partition("```diff\n")[2].partition("\n```")[0].splitlines()
    assert block[0] == "# https://old.example.com/@20.50.60.70:443 (gone)"
    assert block[1].startswith("- ")
    assert block[3] == "# https://web.example.com/@20.50.60.70:443"
    assert block[4] == "- Internet (IPv4 only) except 203.0.113.0/24"


def test_no_difference_is_said(tmp_path: Path) -> None:
    assert markdown.comparison((), ()) == "## Nobody gains or loses access\n"


def test_egress_puts_what_is_denied_into_the_headline() -> None:
    rule = Citation(Layer.SUBNET_NSG, "networkSecurityGroup", "edge", rule="deny|all", text="Deny any from * to *")
    need = Need("images", "mcr.microsoft.com", "TCP", 443)
    found = library.Egress(
        (Requirement(need, Verdict.DENIED, rule), Requirement(need, Verdict.INDETERMINATE, None, "a firewall")),
        (Allowance(rule, True),),
    )
    shown = markdown.egress(found)
    assert shown.startswith("## 2 requirements: 1 denied, 1 cannot be known\n")
    assert "| ✗ | images | `mcr.microsoft.com` TCP 443 | networkSecurityGroup edge · deny\\|all" in shown
    assert "| obsolete | networkSecurityGroup edge · deny\\|all: Deny any from \\* to \\* |" in shown


def test_the_list_of_checks_is_sorted_and_whole() -> None:
    slugs = [line.split("`")[1] for line in markdown.checks(registry.CHECKS).splitlines() if line.startswith("| `")]
    assert slugs == sorted(each.slug for each in registry.CHECKS)


def test_the_same_input_gives_the_same_text(tmp_path: Path) -> None:
    texts = []
    for _ in range(2):
        estate = shop(tmp_path)
        texts.append(markdown.audit(audited(estate), library.names(estate)))
    assert texts[0] == texts[1]


def test_markdown_does_not_load_the_templates() -> None:
    code = "import sys, aksess.report.markdown, aksess.report.sarif; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
