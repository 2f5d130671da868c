"""What makes nginx refuse the whole configuration.

From then on the controller keeps the last one that was good, and no change of any list has effect, on any host. From
the objects alone nobody can tell what that last one said, so every answer is in doubt.

Source: kubernetes/ingress-nginx internal/ingress/controller/nginx.go `testTemplate`, `OnUpdate`; nginx
src/http/ngx_http.c `ngx_http_join_exact_locations` ("duplicate location"), src/core/ngx_conf_file.c; seen with the
real controller for duplicates and bad lists of the ConfigMap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.locations import Location
from aksess.controllers.ingress_nginx.servers import Server
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.snippets import read_snippet
from aksess.controllers.ingress_nginx.source_ranges import first_refused, refused_by_nginx
from aksess.rulings import Citation

__all__ = ["Breakage", "of_server", "of_settings"]

_UNREADABLE = frozenset(" \t\r\n;{}\"'")


@dataclass(frozen=True, slots=True)
class Breakage:
    """One reason why nginx refuses the configuration.

    Attributes:
        reason: What it refuses.
        citations: Where that stands.
        certain: Whether it holds whatever is not known about ages.
    """

    reason: str
    citations: tuple[Citation, ...]
    certain: bool = True


def of_settings(settings: Settings) -> Iterator[Breakage]:
    """What breaks the configuration whatever the Ingresses say."""
    for entry in settings.block:
        why = refused_by_nginx(entry)
        if why:
            yield Breakage(why, (settings.cite("block-cidrs", f"block-cidrs holds {entry!r}"),))
    if settings.reads_header:
        for entry in settings.trusted:
            why = refused_by_nginx(entry) if not any(char.isalpha() for char in entry) or ":" in entry else ""
            if why or entry == "all":
                cited = settings.cite("proxy-real-ip-cidr", f"proxy-real-ip-cidr holds {entry!r}")
                yield Breakage(why or "'all' is no network", (cited,))
    for key, text in (
        ("http-snippet", settings.http_snippet),
        ("server-snippet", settings.server_snippet),
        ("location-snippet", settings.location_snippet),
    ):
        snippet = read_snippet(text)
        if snippet.broken:
            yield Breakage(snippet.broken, (settings.cite(key, f"{key} cannot be read"),))
        elif key == "http-snippet" and settings.reads_header and snippet.header:
            cited = settings.cite(key, "real_ip_header stands twice at http level")
            yield Breakage("real_ip_header stands twice at http level", (cited,))


def of_server(server: Server, settings: Settings) -> Iterator[Breakage]:
    """What one host adds."""
    for each in server.locations.duplicates():
        yield _duplicate(server, each)
    if not server.locations.are_expressions:
        for each in server.locations.ordered:
            bad = _UNREADABLE.intersection(each.path)
            if bad and each.rules is not None:
                yield Breakage(
                    f"nginx cannot read the path {each.path!r}", (cite_location(each, "an unreadable path"),)
                )
    rules = server.server_snippet
    if rules is not None and (why := read_snippet(rules.server_snippet).broken):
        yield Breakage(why, (rules.cite_annotation(rules.key("server-snippet"), "a snippet that nginx cannot read"),))
    if server.redirects_www is not None and server.host.startswith("*"):
        cited = server.redirects_www.cite_annotation(
            server.redirects_www.key("from-to-www-redirect"), f"www.{server.host} is no server name"
        )
        yield Breakage(f"nginx takes no server name www.{server.host}", (cited,))
    yield from _of_rules(server, settings)


def _of_rules(server: Server, settings: Settings) -> Iterator[Breakage]:
    seen: set[int] = set()
    for each in server.locations.ordered:
        rules = each.rules
        if rules is None or rules.denial is not None or id(rules) in seen:
            continue
        seen.add(id(rules))
        if rules.snippet and (why := read_snippet(rules.snippet).broken):
            cited = rules.cite_annotation(rules.key("configuration-snippet"), "a snippet that nginx cannot read")
            yield Breakage(why, (cited,))
        yield from _inherited(rules, settings)


def _inherited(rules: IngressRules, settings: Settings) -> Iterator[Breakage]:
    """Bad entries of a global list count only where the list is inherited."""
    for taken, entries in ((rules.lists.allow, settings.allow), (rules.lists.deny, settings.deny)):
        if taken is None or not taken.of_config_map:
            continue
        why = first_refused(entries)
        if why:
            text = f"{taken.key} holds a value that nginx refuses"
            yield Breakage(why, (settings.cite(taken.key, text), rules.cite(("metadata",), "inherits the global list")))


def _duplicate(server: Server, location: Location) -> Breakage:
    same = [each for each in server.locations.ordered if (each.path, each.exact) == (location.path, location.exact)]
    kind = "exact path" if location.exact else "path"
    text = f"{kind} {location.path} of {server.host} is there twice"
    cited = dict.fromkeys(cite_location(each, text) for each in same if each.rules is not None)
    return Breakage(f"duplicate location: {text}", tuple(cited))


def cite_location(location: Location, text: str) -> Citation:
    """A citation of the path that a location was written as, or of the Ingress that it comes with."""
    if location.rules is None:
        raise ValueError("a location that nobody owns cannot be cited")
    path = location.written.field if location.written is not None else ("spec",)
    return location.rules.cite(path, text)
