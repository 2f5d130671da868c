"""The allow and deny rules that hold at a location, as an exact division of the addresses it may judge.

The rules of a location are its deny list, its allow list (and then nobody else), and the plain lines of its snippets;
the first that fits decides. Only a location without any rule inherits those of its host, and only a host without any
inherits those of the whole controller: this is how a list of one Ingress drops ``block-cidrs``.

Source: kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl (order of the directives); nginx
src/http/modules/ngx_http_access_module.c (first match, inheritance of all or nothing, ``all`` counts for both
families, an IPv4-mapped address is judged as IPv4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aksess.addresses import EVERYONE, NOBODY, AddressSet
from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.snippets import Snippet, read_snippet
from aksess.controllers.ingress_nginx.source_ranges import SourceList, refused_by_nginx
from aksess.controllers.ingress_nginx.source_ranges import nginx_set as set_of_operands
from aksess.rulings import Citation

__all__ = ["Division", "Rule", "divide", "http_rules", "location_rules", "server_rules"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it does, with whom, and where it stands."""

    action: Literal["allow", "deny"]
    addresses: AddressSet
    citation: Citation


@dataclass(frozen=True, slots=True)
class Division:
    """Every address with the rule that decides it.

    Attributes:
        cells: Disjoint sets of addresses, each with its rule.
        otherwise: The rule of everybody else; None where no rule fits them.
    """

    cells: tuple[tuple[AddressSet, Rule], ...] = ()
    otherwise: Rule | None = None

    def denied(self) -> AddressSet:
        """The addresses that a rule denies."""
        named = AddressSet.union_of(cell for cell, rule in self.cells if rule.action == "deny")
        if self.otherwise is None or self.otherwise.action == "allow":
            return named
        return named | ~AddressSet.union_of(cell for cell, _ in self.cells)


def divide(rules: Sequence[Rule]) -> Division:
    """The division that rules make, the first that fits deciding."""
    cells: list[tuple[AddressSet, Rule]] = []
    named = NOBODY
    for rule in rules:
        if rule.addresses == EVERYONE:
            return Division(tuple(cells), rule)
        part = rule.addresses - named if named else rule.addresses
        if part:
            cells.append((part, rule))
            named = named | part if named else part
    return Division(tuple(cells))


def location_rules(rules: IngressRules | None, settings: Settings, location_snippet: Snippet) -> list[Rule]:
    """The rules of a location itself, in order.

    Args:
        rules: The Ingress whose annotations hold there.
        settings: What the controller was told.
        location_snippet: The snippet of the ConfigMap for every location.
    """
    found: list[Rule] = []
    if rules is not None:
        if rules.lists.deny is not None:
            found.append(_of_list(rules.lists.deny, rules, settings))
        if rules.lists.allow is not None:
            allow = _of_list(rules.lists.allow, rules, settings)
            found.append(allow)
            found.append(Rule("deny", EVERYONE, allow.citation))
        if rules.snippet:
            key = rules.key("configuration-snippet")
            found.extend(
                Rule(line.action, line.addresses, rules.cite_annotation(key, line.text))
                for line in read_snippet(rules.snippet).lines
            )
    return found + _of_snippet(location_snippet, settings, "location-snippet")


def server_rules(snippet_of: IngressRules | None, settings: Settings) -> list[Rule]:
    """The rules of a host: those of its own snippet, then those of the ConfigMap's."""
    found: list[Rule] = []
    if snippet_of is not None:
        key = snippet_of.key("server-snippet")
        found.extend(
            Rule(line.action, line.addresses, snippet_of.cite_annotation(key, line.text))
            for line in read_snippet(snippet_of.server_snippet).lines
        )
    return found + _of_snippet(read_snippet(settings.server_snippet), settings, "server-snippet")


def http_rules(settings: Settings) -> list[Rule]:
    """The rules of the whole controller: those of its snippet, then ``block-cidrs``."""
    found = _of_snippet(read_snippet(settings.http_snippet), settings, "http-snippet")
    blocked = _readable(settings.block)
    if settings.block:
        text = f"block-cidrs {_shortened(settings.block)}"
        found.append(Rule("deny", set_of_operands(blocked), settings.cite("block-cidrs", text)))
    return found


def _readable(entries: Iterable[str]) -> tuple[str, ...]:
    return tuple(entry for entry in entries if not refused_by_nginx(entry))


def _of_snippet(snippet: Snippet, settings: Settings, key: str) -> list[Rule]:
    return [Rule(line.action, line.addresses, settings.cite(key, line.text)) for line in snippet.lines]


def _of_list(taken: SourceList, rules: IngressRules, settings: Settings) -> Rule:
    text = f"{taken.action} list {_shortened(taken.value.split(','))}"
    if taken.of_config_map:
        return Rule(taken.action, taken.addresses, settings.cite(taken.key, f"global {text}"))
    return Rule(taken.action, taken.addresses, rules.cite_annotation(taken.key, text))


def _shortened(entries: Sequence[str]) -> str:
    shown = ", ".join(entry.strip() for entry in entries[:3])
    return f"{shown} and {len(entries) - 3} more" if len(entries) > 3 else shown
