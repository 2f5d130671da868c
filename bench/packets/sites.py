"""Random sites for the real ingress-nginx controller: Ingresses with everything that the model says it knows.

Each site has a host of its own, so hundreds of them live in one configuration. What would break the configuration for
all (a refused snippet, a path that is there twice) is left to the recorded answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.packets.world import World

__all__ = ["Site", "random_settings", "random_sites"]

Object = dict[str, Any]
_PREFIX = "nginx.ingress.kubernetes.io/"
APPLICATION_PORT = 18080


@dataclass
class Site:
    """A host, what is asked about it, and its objects.

    Attributes:
        theme: What it is about.
        asked: Hosts and paths.
        headers: Header lines worth sending.
        methods: HTTP methods worth using.
        tls: Whether HTTPS is worth asking.
    """

    theme: str
    asked: list[tuple[str, str]]
    headers: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=lambda: ["GET"])
    tls: bool = False


@dataclass
class Builder:
    """Objects in the making; the world lends prefixes and chance."""

    world: World
    objects: list[Object] = field(default_factory=list)
    services: int = 0

    @property
    def rng(self) -> random.Random:
        return self.world.rng

    def service(self, name: str, *, endpoints: bool = True) -> str:
        """A Service with one pod of its own, ready or not."""
        self.services += 1
        address = f"10.{240 + self.services // 60000}.{self.services // 240 % 250}.{10 + self.services % 240}"
        port = {"name": "web", "port": 80, "targetPort": APPLICATION_PORT, "protocol": "TCP"}
        self.objects.append(_object("v1", "Service", name, {"ports": [port]}))
        self.objects.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": name, "namespace": "bench", "labels": {"kubernetes.io/service-name": name}},
                "addressType": "IPv4",
                "ports": [{"name": "web", "port": APPLICATION_PORT, "protocol": "TCP"}],
                "endpoints": [{"addresses": [address], "conditions": {"ready": endpoints}}],
            }
        )
        return name

    def ingress(
        self, name: str, host: str, paths: list[tuple[str, str, str]], notes: dict[str, str], *, tls: bool = False
    ) -> None:
        """An Ingress; the order of calls is the order of ages."""
        rules = {
            "host": host,
            "http": {
                "paths": [
                    {"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": {"number": 80}}}}
                    for path, kind, service in paths
                ]
            },
        }
        spec: Object = {"ingressClassName": "nginx", "rules": [rules]}
        if tls:
            spec["tls"] = [{"hosts": [host], "secretName": f"{name}-tls"}]
            secret = _object("v1", "Secret", f"{name}-tls", None)
            self.objects.append({**secret, "type": "kubernetes.io/tls"})
        built = _object("networking.k8s.io/v1", "Ingress", name, spec)
        built["metadata"]["annotations"] = {_PREFIX + key: value for key, value in notes.items()}
        self.objects.append(built)

    def lists(self, chance: float = 0.8) -> dict[str, str]:
        """Annotations of lists: none, one, both, badly written, of one family."""
        rng, world, notes = self.rng, self.world, {}
        if rng.random() < chance:
            entries = world.prefix_list(4)
            entries += world.prefix_list(2, 6) if rng.random() < 0.3 else []
            entries = [each.removesuffix("/32") if rng.random() < 0.3 else each for each in entries]
            text = rng.choice((",", ", ", ",\n")).join(entries)
            if rng.random() < 0.1:
                text = rng.choice(
                    (text + ",", text + ", 300.1.1.1", text.replace(",", ";") + ";", text + ", x.example")
                )
            if rng.random() < 0.08:
                text = rng.choice(
                    ("", " ", "0.0.0.0/0", "0.0.0.0/0,::/0", "::/0", "10.1.2.3/8", "::ffff:203.0.113.0/120")
                )
            notes[rng.choice(("whitelist-source-range", "allowlist-source-range"))] = text
            if rng.random() < 0.08:
                notes["whitelist-source-range"] = text
                notes["allowlist-source-range"] = ",".join(world.prefix_list(2))
        if rng.random() < 0.25:
            notes["denylist-source-range"] = ",".join(world.prefix_list(2))
        return notes


Theme = Callable[[Builder, int], Site]


def random_settings(rng: random.Random, world: World) -> dict[str, str]:
    """A ConfigMap of the controller."""
    found = {
        "allow-snippet-annotations": "true",
        "annotations-risk-level": "Critical",
        "strict-validate-path-type": "false",
    }
    trusted = rng.choice(
        ("0.0.0.0/0", "10.0.0.0/8,127.0.0.1/32", "203.0.113.0/24,::/0", "2001:db8:7::/48, 52.160.0.0/11")
    )
    choice = rng.random()
    if choice < 0.35:
        found |= {"use-forwarded-headers": "true", "proxy-real-ip-cidr": trusted}
    elif choice < 0.5:
        found |= {"enable-real-ip": "true", "proxy-real-ip-cidr": trusted, "forwarded-for-header": "X-Azure-ClientIP"}
    for key, chance, most in (
        ("whitelist-source-range", 0.2, 3),
        ("denylist-source-range", 0.15, 2),
        ("block-cidrs", 0.2, 2),
    ):
        if rng.random() < chance:
            found[key] = ",".join(world.prefix_list(most))
    if rng.random() < 0.2:
        found["ssl-redirect"] = "false"
    if rng.random() < 0.2:
        found["custom-http-errors"] = rng.choice(("403", "403,503", "404,503"))
    if rng.random() < 0.15:
        found["http-redirect-code"] = rng.choice(("301", "307"))
    return found


def random_sites(world: World, size: int) -> tuple[list[Object], list[Site]]:
    """So many random sites, with their objects."""
    builder = Builder(world)
    secret = _object("v1", "Secret", "passwords", None)
    builder.objects.append({**secret, "type": "Opaque"})
    sites = [world.rng.choice(THEMES)(builder, number) for number in range(size)]
    for each in sites:
        each.headers += _chains(world)
    return builder.objects, sites


def _chains(world: World) -> list[str]:
    rng = world.rng
    header = world.settings.get("forwarded-for-header", "X-Forwarded-For")
    inside = [each.partition("/")[0] for each in rng.sample(sorted(world.prefixes), min(3, len(world.prefixes)))]
    pool = [
        *inside,
        "10.9.9.9",
        "203.0.113.9",
        "garbage",
        "",
        "198.51.100.9:4444",
        "2001:db8:7::7",
        "[2001:db8:7::7]:99",
    ]
    separators = (", ", ",", " ", ",,")
    found = [
        f"{header}: {rng.choice(separators).join(rng.choice(pool) for _ in range(rng.randint(1, 3)))}" for _ in range(2)
    ]
    if world.settings.get("use-forwarded-headers") == "true":
        found.append("X-Forwarded-Proto: https")
    return found


def _object(version: str, kind: str, name: str, spec: Object | None) -> Object:
    found: Object = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "bench"}}
    return found if spec is None else {**found, "spec": spec}


# --- themes -----------------------------------------------------------------------------------------------------------


def _host(number: int) -> str:
    return f"h{number}.example.com"


def lists(builder: Builder, number: int) -> Site:
    """A listed path beside others; paths that almost match."""
    host, rng = _host(number), builder.rng
    open_, listed = builder.service(f"open-{number}"), builder.service(f"listed-{number}", endpoints=rng.random() < 0.9)
    path, kind = (
        rng.choice(("/admin", "/admin/", "/a", "/", "/Admin")),
        rng.choice(("Prefix", "Exact", "ImplementationSpecific")),
    )
    tls = rng.random() < 0.3
    if path != "/" and rng.random() < 0.6:
        builder.ingress(open_, host, [("/", "Prefix", open_)], builder.lists(0.2), tls=tls)
    builder.ingress(listed, host, [(path, kind, listed)], builder.lists(), tls=tls and rng.random() < 0.5)
    stem = path.rstrip("/")
    asked = [
        path,
        stem or "/",
        f"{stem}/x",
        f"{stem}x",
        path.upper(),
        path.lower(),
        "/other",
        "/./admin",
        "//admin",
        "/x/../admin",
        "/%61dmin",
        "/admin%2fx",
        "/admin?x=1",
    ]
    return Site("lists", [(host, each) for each in dict.fromkeys(asked)], tls=tls)


def owners(builder: Builder, number: int) -> Site:
    """Several Ingresses on one host: who is older, the implicit root, duplicates that are ignored."""
    host, rng, taken = _host(number), builder.rng, set()
    for step in range(3):
        name = builder.service(f"owner-{number}-{step}", endpoints=rng.random() < 0.9)
        path = rng.choice(("/", "/", "/shop", "/admin"))
        kind = "Exact" if path not in taken and step == 2 else rng.choice(("Prefix", "ImplementationSpecific"))
        taken.add(path)
        builder.ingress(name, host, [(path, kind, name)], builder.lists(0.6))
    return Site(
        "owners", [(host, each) for each in ("/", "/shop", "/shop/", "/shop/x", "/admin", "/admin/x", "/adminx", "/z")]
    )


def names(builder: Builder, number: int) -> Site:
    """Wildcards, exact names below them, and aliases."""
    host, rng = _host(number), builder.rng
    wild, exact = builder.service(f"wild-{number}"), builder.service(f"exact-{number}")
    builder.ingress(wild, f"*.{host}", [("/", "Prefix", wild)], builder.lists())
    notes = builder.lists()
    if rng.random() < 0.5:
        notes["server-alias"] = f"alias{number}.example.com"
    builder.ingress(exact, f"a.{host}", [("/", "Prefix", exact)], notes)
    hosts = (
        f"a.{host}",
        f"b.{host}",
        f"x.y.{host}",
        host,
        f"A.{host}",
        f"alias{number}.example.com",
        "nobody.example.org",
    )
    return Site("names", [(each, "/") for each in hosts])


def credentials(builder: Builder, number: int) -> Site:
    """A list together with basic authentication."""
    host, rng = _host(number), builder.rng
    name = builder.service(f"secret-{number}")
    notes = {
        **builder.lists(),
        "auth-type": "basic",
        "auth-secret": rng.choice(("passwords", "passwords", "passwords", "missing")),
    }
    if rng.random() < 0.8:
        notes["satisfy"] = rng.choice(("any", "all"))
    builder.ingress(name, host, [("/", "Prefix", name)], notes)
    return Site(
        "credentials", [(host, "/")], ["Authorization: Basic bGFiOmxhYg==", "Authorization: Basic bGFiOndyb25n"]
    )


def redirects(builder: Builder, number: int) -> Site:
    """What is answered before a list: redirects of every kind, pre-flight requests."""
    host, rng = _host(number), builder.rng
    name = builder.service(f"moved-{number}")
    notes, tls = builder.lists(), rng.random() < 0.5
    notes |= rng.choice(
        (
            {"permanent-redirect": "https://www.example.org/"},
            {"temporal-redirect": "https://www.example.org/"},
            {"permanent-redirect": "https://www.example.org/", "permanent-redirect-code": "308"},
            {"app-root": "/start"},
            {"force-ssl-redirect": "true"},
            {"ssl-redirect": "false"},
            {"enable-cors": "true"},
            {"enable-cors": "true", "cors-allow-origin": "https://ok.example.com"},
            {"from-to-www-redirect": "true"},
            {},
        )
    )
    builder.ingress(name, host, [("/", "Prefix", name)], notes, tls=tls)
    asked = [(host, "/"), (host, "/x"), (f"www.{host}", "/")]
    origins = ["Origin: https://ok.example.com", "Origin: https://evil.example.net"]
    return Site("redirects", asked, origins, ["GET", "GET", "OPTIONS"], tls=tls)


def expressions(builder: Builder, number: int) -> Site:
    """An expression or a rewrite on one Ingress changes how the paths of its host match."""
    host, rng = _host(number), builder.rng
    listed, other = builder.service(f"plain-{number}"), builder.service(f"regex-{number}")
    first = rng.random() < 0.5
    if first:
        builder.ingress(listed, host, [("/admin", rng.choice(("Prefix", "Exact")), listed)], builder.lists())
    notes, path = rng.choice(
        (
            ({"use-regex": "true"}, "/api/v[0-9]+"),
            ({"use-regex": "true"}, "/admin/status.*"),
            ({"rewrite-target": "/$1"}, "/x/(.*)"),
            ({"rewrite-target": "/"}, "/old"),
            ({"rewrite-target": "/"}, "/"),
        )
    )
    builder.ingress(other, host, [(path, "ImplementationSpecific", other)], {**notes, **builder.lists(0.3)})
    if not first:
        builder.ingress(listed, host, [("/admin", rng.choice(("Prefix", "Exact")), listed)], builder.lists())
    asked = (
        "/admin",
        "/ADMIN",
        "/admin/x",
        "/administrator",
        "/admin/status",
        "/api/v1",
        "/api/v1/x",
        "/api/x",
        "/x/admin",
        "/old",
        "/OLD/x",
        "/",
    )
    return Site("expressions", [(host, each) for each in asked])


def errors(builder: Builder, number: int) -> Site:
    """Error pages and default backends in the way of a refusal."""
    host, rng = _host(number), builder.rng
    name, page = builder.service(f"faulty-{number}", endpoints=rng.random() < 0.7), builder.service(f"page-{number}")
    notes = builder.lists()
    if rng.random() < 0.7:
        notes["custom-http-errors"] = rng.choice(("403", "503", "403,503", "404"))
    if rng.random() < 0.6:
        notes["default-backend"] = page
    builder.ingress(name, host, [("/", "Prefix", name)], notes)
    return Site("errors", [(host, "/"), (host, "/x")])


def snippets(builder: Builder, number: int) -> Site:
    """Plain allow and deny lines in snippets, beside lists or without."""
    host, rng, world = _host(number), builder.rng, builder.world
    name = builder.service(f"raw-{number}")
    notes = builder.lists(0.4)
    lines = [f"{rng.choice(('allow', 'deny'))} {world.prefix()};" for _ in range(rng.randint(1, 3))]
    lines += ["deny all;"] if rng.random() < 0.5 else []
    notes["configuration-snippet" if rng.random() < 0.6 else "server-snippet"] = "\n".join(lines)
    builder.ingress(name, host, [("/", "Prefix", name)], notes)
    return Site("snippets", [(host, "/"), (host, "/x")])


def canaries(builder: Builder, number: int) -> Site:
    """A canary with a list of its own beside a primary with another."""
    host, rng = _host(number), builder.rng
    primary, canary = builder.service(f"primary-{number}"), builder.service(f"canary-{number}")
    builder.ingress(primary, host, [("/", "Prefix", primary)], builder.lists())
    notes = {
        "canary": "true",
        **rng.choice(({"canary-weight": "0"}, {"canary-weight": "100"}, {"canary-by-header": "X-Canary"})),
    }
    builder.ingress(canary, host, [("/", "Prefix", canary)], {**notes, **builder.lists()})
    return Site("canaries", [(host, "/"), (host, "/x")], ["X-Canary: always", "X-Canary: never"])


THEMES: tuple[Theme, ...] = (
    lists,
    lists,
    owners,
    names,
    credentials,
    redirects,
    expressions,
    errors,
    snippets,
    canaries,
)
