"""Which host takes a request: names, wildcards, aliases and the redirects between a name with and without ``www.``.

nginx looks for the exact name first, then for the longest wildcard, then for the first expression. A host
``*.example.com`` is an expression that takes one label; a wildcard alias takes any number of them and comes before
it. A name that two hosts claim as alias belongs to the host that stands first, in alphabetical order.

Source: kubernetes/ingress-nginx internal/ingress/controller/controller.go `createServers` (aliases),
template/template.go `buildServerName`, pkg/util/ingress/ingress.go `BuildRedirects`; nginx
src/http/ngx_http_request.c `ngx_http_find_virtual_server`, `ngx_http_validate_host`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aksess.controllers.ingress_nginx.locations import pcre
from aksess.controllers.ingress_nginx.servers import CATCH_ALL
from aksess.errors import ParseError

__all__ = ["Claim", "Names", "host_of"]

_LABEL = re.compile(r"[A-Za-z0-9_\-]+\Z")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a name leads to.

    Attributes:
        host: The host that has the name.
        redirect: Whether the name only redirects to the host.
        doubt: Why it cannot be known whether the host has the name; empty where it can.
        exact: Whether the name is the host itself rather than a further name of it.
    """

    host: str
    redirect: bool = False
    doubt: str = ""
    exact: bool = False


def host_of(header: str) -> str:
    """A Host header as nginx compares it: without port and trailing dot, in lower case."""
    name = header.lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].removesuffix(".")


class Names:
    """The names of every host of a controller."""

    def __init__(
        self, hosts: Iterable[str], aliases: Mapping[str, Mapping[str, str]], redirects: Mapping[str, str]
    ) -> None:
        """Take the hosts.

        Args:
            hosts: Every host but the catch-all.
            aliases: For hosts with further names: each name, with a doubt where it is not certain.
            redirects: For names that redirect to a host: that host.
        """
        ordered = sorted(hosts)
        self._exact: dict[str, Claim] = {name.lower(): Claim(host, redirect=True) for name, host in redirects.items()}
        self._leading: dict[str, Claim] = {}
        self._trailing: dict[str, Claim] = {}
        self._expressions: list[tuple[int, str, Claim]] = []
        self._one_label: dict[str, tuple[int, Claim]] = {}
        known = set(ordered)
        for place, host in enumerate(ordered):
            claim = Claim(host, exact=True)
            self._exact.setdefault(host.lower(), claim)
            if host.startswith("*."):
                self._one_label[host[2:].lower()] = (place, claim)
            for alias in sorted(aliases.get(host, {})):
                if alias != host and alias not in known:
                    self._add_alias(place, alias, Claim(host, doubt=aliases[host][alias]))

    def find(self, host: str) -> Claim:
        """What a host (see `host_of`) leads to; the catch-all where no rule names it.

        Raises:
            ParseError: An alias before the one that would match cannot be judged here.
        """
        found = self._exact.get(host)
        if found is not None:
            return found
        labels = host.split(".")
        for count in range(1, len(labels)):
            found = self._leading.get(".".join(labels[count:]))
            if found is not None:
                return found
        for count in range(len(labels) - 1, 0, -1):
            found = self._trailing.get(".".join(labels[:count]))
            if found is not None:
                return found
        wildcard = self._one_label.get(".".join(labels[1:])) if _LABEL.match(labels[0]) else None
        for place, pattern, claim in self._expressions:
            if wildcard is not None and wildcard[0] <= place:
                break
            if pcre(pattern).search(host):
                return claim
        return wildcard[1] if wildcard is not None else Claim(CATCH_ALL)

    def knows(self, host: str) -> bool:
        """Whether a rule names the host, exactly, as alias or by wildcard; yes where that cannot be judged."""
        try:
            return self.find(host).host != CATCH_ALL
        except ParseError:
            return True

    def _add_alias(self, place: int, alias: str, claim: Claim) -> None:
        name = alias.lower()
        if alias.startswith("~"):
            self._expressions.append((place, alias[1:], claim))
        elif name.startswith("*."):
            self._leading.setdefault(name[2:], claim)
            self._exact.setdefault(name, claim)
        elif name.startswith("."):
            self._leading.setdefault(name[1:], claim)
            self._exact.setdefault(name[1:], claim)
        elif name.endswith(".*"):
            self._trailing.setdefault(name[:-2], claim)
        else:
            self._exact.setdefault(name, claim)
