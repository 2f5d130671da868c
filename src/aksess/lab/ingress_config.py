"""Ingress objects as nginx configuration, in the lab's quick form.

It renders what decides about access for common features: hosts and wildcards, Prefix and Exact paths, the implicit
``/`` of the oldest Ingress, allow and deny lists with their global defaults, ``block-cidrs``, unreadable lists, trusted
proxies and PROXY protocol, redirects to TLS, basic authentication with ``satisfy``. What an Ingress uses beyond that is
named by `unplayed`; the real controller plays it.

Source: kubernetes/ingress-nginx rootfs/etc/nginx/template/nginx.tmpl and docs/user-guide/nginx-configuration.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from aksess.addresses import AddressSet
from aksess.estate import Estate
from aksess.estate.kubernetes import Ingress, IngressPath, Service, Workload

__all__ = ["PASSWORDS", "Controller", "Unplayed", "controllers", "http_level", "server_blocks", "unplayed"]

_PREFIX: Final = "nginx.ingress.kubernetes.io"
_ALLOW: Final = ("allowlist-source-range", "whitelist-source-range")
_DENY: Final = ("denylist-source-range",)
_UNPLAYED: Final = {
    *("server-snippet", "configuration-snippet", "stream-snippet", "auth-url", "auth-signin", "auth-tls-secret"),
    *("rewrite-target", "use-regex", "app-root", "permanent-redirect", "temporal-redirect", "from-to-www-redirect"),
    *("server-alias", "canary", "custom-http-errors", "default-backend", "ssl-passthrough", "enable-modsecurity"),
    *("modsecurity-snippet", "auth-realm-file", "service-upstream", "x-forwarded-prefix"),
}
"""Annotations that decide what a client gets and that are not rendered; others change nothing about access."""
_UNPLAYED_SETTINGS: Final = {
    *("http-snippet", "server-snippet", "location-snippet", "main-snippet", "custom-http-errors", "global-auth-url"),
    *("block-user-agents", "block-referers", "no-tls-redirect-locations", "http-redirect-code", "enable-modsecurity"),
    *("modsecurity-snippet", "ssl-reject-handshake", "global-auth-signin", "disable-ipv6"),
}
"""Settings of the ConfigMap, likewise."""
_UNPLAYED_FLAGS: Final = {
    *("enable-ssl-passthrough", "watch-namespace", "watch-namespace-selector", "watch-ingress-without-class"),
    *("ingress-class-by-name", "disable-catch-all"),
}
_ACME: Final = "/.well-known/acme-challenge"
_CONTROLLER: Final = "k8s.io/ingress-nginx"
_IMAGE: Final = re.compile(r"ingress-nginx/controller|kubernetes/ingress/nginx-ingress-controller")
"""The project's own image, and the one of the AKS add-on."""
_EXPRESSION: Final = set("^$*+?()[]{}|\\")


class Unplayed(msgspec.Struct, frozen=True, array_like=True):
    """What an object uses and the quick form does not play: the object, and what it is."""

    kind: str
    namespace: str
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}: {self.what}"


@dataclass(frozen=True)
class Controller:
    """One ingress-nginx controller: its Services, its settings, and the Ingresses that it serves, the oldest first."""

    workload: Workload
    services: tuple[Service, ...]
    settings: dict[str, str]
    ingresses: tuple[Ingress, ...]
    ports: dict[int, str] = field(default_factory=dict)
    """What each container port speaks: ``http`` or ``https``."""
    flags: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    def notes(self, ingress: Ingress) -> dict[str, str]:
        """The annotations of an Ingress that are for this controller, without their prefix."""
        prefix = self.flags.get("annotations-prefix", _PREFIX) + "/"
        return {key[len(prefix) :]: value for key, value in ingress.annotations.items() if key.startswith(prefix)}


def controllers(estate: Estate) -> list[Controller]:
    """The ingress-nginx controllers of an estate."""
    return [
        _controller(estate, workload)
        for workload in estate.workloads
        if any(_IMAGE.search(each.image) for each in workload.containers)
    ]


def _controller(estate: Estate, workload: Workload) -> Controller:
    container = next(each for each in workload.containers if _IMAGE.search(each.image))
    flags = dict(each.lstrip("-").partition("=")[::2] for each in container.arguments if each.startswith("-"))
    services = tuple(
        each
        for each in estate.services.values()
        if each.namespace == workload.namespace
        and each.selector
        and each.selector.items() <= workload.pod_labels.items()
    )
    named = flags.get("configmap", "").replace("$(POD_NAMESPACE)", workload.namespace)
    namespace, _, name = named.rpartition("/")
    settings = (estate.config_map(namespace, name) or {}) if name else {}
    ports = {int(flags.get("http-port", "80")): "http", int(flags.get("https-port", "443")): "https"}
    served, arguments = tuple(_served(estate, flags)), tuple(container.arguments)
    return Controller(workload, services, settings, served, ports, flags, arguments)


def _served(estate: Estate, flags: dict[str, str]) -> Iterator[Ingress]:
    """The Ingresses of its class, the oldest first; of the same age the later name is the older."""
    value = flags.get("controller-class", _CONTROLLER)
    classes = {each.name for each in estate.ingress_classes.values() if each.controller == value}
    annotation = flags.get("ingress-class", "nginx")
    found = [
        each
        for each in estate.ingresses.values()
        if (each.class_name in classes)
        or (each.class_name is None and each.annotations.get("kubernetes.io/ingress.class") == annotation)
    ]
    by_name = sorted(found, key=lambda each: f"{each.namespace}/{each.name}", reverse=True)
    return iter(sorted(by_name, key=lambda each: each.created))


def unplayed(controller: Controller) -> list[Unplayed]:
    """What its objects use that the quick form does not render."""
    found = [
        Unplayed("Ingress", each.namespace, each.name, f"annotation {key}")
        for each in controller.ingresses
        for key in controller.notes(each)
        if key in _UNPLAYED
    ]
    found += [
        Unplayed("Ingress", each.namespace, each.name, f"path of type {path.type} with characters of an expression")
        for each in controller.ingresses
        for path in each.paths
        if path.type == "ImplementationSpecific" and _EXPRESSION & set(path.path)
    ]
    workload = controller.workload
    named = [key for key in controller.settings if key in _UNPLAYED_SETTINGS]
    blocked = AddressSet.of(*_items(controller.settings.get("block-cidrs", "")))
    named += ["block-cidrs with 127.0.0.1"] if AddressSet.of("127.0.0.1") <= blocked else []
    what = [f"setting {key}" for key in named]
    what += [f"flag {key}" for key, value in controller.flags.items() if key in _UNPLAYED_FLAGS and value != "false"]
    return found + [Unplayed(workload.kind, workload.namespace, workload.name, each) for each in what]


# --- rendering --------------------------------------------------------------------------------------------------------


def http_level(controller: Controller) -> list[str]:
    """Directives that hold for every host."""
    settings = controller.settings
    lines: list[str] = []
    if _on(settings, "use-proxy-protocol"):
        lines.append("real_ip_header proxy_protocol;")
    elif _on(settings, "use-forwarded-headers") or _on(settings, "enable-real-ip"):
        lines.append(f"real_ip_header {settings.get('forwarded-for-header', 'X-Forwarded-For')};")
    if lines:
        lines.append("real_ip_recursive on;")
        lines += [f"set_real_ip_from {each};" for each in _items(settings.get("proxy-real-ip-cidr", "0.0.0.0/0"))]
    lines += [f"deny {each};" for each in _items(settings.get("block-cidrs", ""))]
    return lines


def server_blocks(controller: Controller, listen: Sequence[tuple[str, str]], known: frozenset[str]) -> Iterator[str]:
    """A server for every host, and the one that catches all others.

    Args:
        controller: The controller.
        listen: ``ADDRESS:PORT`` and what is spoken there, ``http`` or ``https``.
        known: Names of Services with endpoints, as ``namespace/name``; every other answers 503.
    """
    hosts: dict[str, list[Ingress]] = {}
    for ingress in controller.ingresses:
        for host in dict.fromkeys(ingress.hosts):
            hosts.setdefault(host, []).append(ingress)
    for scheme in ("http", "https"):
        own = [address for address, spoken in listen if spoken == scheme]
        if own:
            health = controller.flags.get("health-check-path", "/healthz")
            rest = [f"location {health} {{ return 200; }}", "location / { proxy_pass http://nobody; }"]
            yield _server("_", own, controller, rest, default=True)
            for host, ingresses in hosts.items():
                body = _locations(controller, host, ingresses, scheme, known)
                if host:
                    yield _server(_name(host), own, controller, list(body))


def _server(
    name: str, listen: Sequence[str], controller: Controller, body: Sequence[str], *, default: bool = False
) -> str:
    more = " default_server" if default else ""
    more += " proxy_protocol" if _on(controller.settings, "use-proxy-protocol") else ""
    lines = [f"listen {each}{more};" for each in listen]
    return f"server {{ server_name {name}; {' '.join(lines)} {_SEEN} {' '.join(body)} }}"


_SEEN: Final = "add_header X-Judged $remote_addr always; add_header X-By controller always;"


def _name(host: str) -> str:
    if not host.startswith("*."):
        return host
    rest = host[2:].replace(".", r"\.")
    return rf'"~^[\w-]+\.{rest}$"'


@dataclass(frozen=True)
class _Taken:
    """A path of a host with the Ingress that has it; without a path of its own it only lends its rules."""

    ingress: Ingress
    path: IngressPath | None


def _locations(
    controller: Controller, host: str, ingresses: Sequence[Ingress], scheme: str, known: frozenset[str]
) -> Iterator[str]:
    taken: dict[tuple[str, str], _Taken] = {("/", "Prefix"): _Taken(ingresses[0], None)}
    for ingress in ingresses:
        for path in ingress.paths:
            kind = "Exact" if path.type == "Exact" else "Prefix"
            key = (path.path, kind)
            if path.host == host and (key not in taken or taken[key].path is None):
                taken[key] = _Taken(ingress, path)
    tls = any(host in each.tls_hosts for each in ingresses)
    exact = {written for written, kind in taken if kind == "Exact"}
    for (written, kind), owner in taken.items():
        body = _body(controller, owner, scheme, tls, known)
        if kind == "Exact":
            yield f"location = {written} {{ {body} }}"
        elif written == "/":
            yield f"location / {{ {body} }}"
        else:
            stem = written.rstrip("/")
            yield f"location {stem}/ {{ {body} }}"
            if stem not in exact and not written.endswith("/"):
                yield f"location = {stem} {{ {body} }}"


def _body(controller: Controller, owner: _Taken, scheme: str, tls: bool, known: frozenset[str]) -> str:
    """What a location does; a path whose Service has no endpoints, and a list that cannot be read, shut it for all."""
    notes, settings = controller.notes(owner.ingress), controller.settings
    allow, deny = _list(notes, _ALLOW), _list(notes, _DENY)
    backend = owner.path.backend if owner.path is not None else None
    target = f"{owner.ingress.namespace}/{backend.service}" if backend is not None else ""
    if allow is None or deny is None or (target and target not in known):
        return "return 503;"
    lines: list[str] = []
    force = notes.get("force-ssl-redirect", settings.get("force-ssl-redirect", "false")) == "true"
    wish = notes.get("ssl-redirect", settings.get("ssl-redirect", "true")) == "true"
    challenge = owner.path is not None and owner.path.path.startswith(_ACME)
    if scheme == "http" and not challenge and (force or (tls and wish)):
        lines.append("return 308 https://$host$request_uri;")
    if not allow and not _written(notes, _ALLOW):
        allow = tuple(_items(settings.get("whitelist-source-range", "")))
    if not deny and not _written(notes, _DENY):
        deny = tuple(_items(settings.get("denylist-source-range", "")))
    lines += [f"deny {each};" for each in deny]
    lines += [f"allow {each};" for each in allow]
    lines += ["deny all;"] if allow else []
    if notes.get("auth-type") == "basic":
        lines.append(f'auth_basic "lab"; auth_basic_user_file {PASSWORDS};')
    if notes.get("satisfy") in {"any", "all"}:
        lines.append(f"satisfy {notes['satisfy']};")
    if backend is None:
        lines.append("proxy_pass http://nobody;")
    else:
        lines.append(f'proxy_set_header X-Target "{target}:{backend.port}"; {_PASS}')
    return " ".join(lines)


PASSWORDS: Final = "/run/lab-passwords"
_PASS: Final = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://application;'


def _list(notes: dict[str, str], keys: Sequence[str]) -> tuple[str, ...] | None:
    """The entries of a list as nginx takes them; None where an entry cannot be read, which shuts the location."""
    text = next((notes[key] for key in keys if notes.get(key)), None)
    if text is None:
        # an empty value under the canonical key is an entry that cannot be read; under the alias it is nothing
        empty = keys[0] in notes
        return None if empty else ()
    found: list[str] = []
    for entry in text.split(","):
        shown = entry.strip()
        try:
            network = ipaddress.ip_network(shown, strict=False)
        except ValueError:
            return None
        mask = shown.partition("/")[2]
        if "%" in shown or (mask and not mask.isdigit()):
            return None
        mapped = getattr(network.network_address, "ipv4_mapped", None)
        if mapped is not None and network.prefixlen >= 96:
            network = ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}", strict=False)
        found.append(str(network))
    return tuple(found)


def _written(notes: dict[str, str], keys: Sequence[str]) -> bool:
    return any(notes.get(key) for key in keys)


def _items(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _on(settings: dict[str, str], key: str) -> bool:
    return settings.get(key, "false").lower() == "true"
