"""Random configurations, one generator for each interaction that chance alone would hardly reach.

A layer that always denies hides every fault of the others, so each theme keeps all layers open but the one that it is
about, and now and then lets chance add a second. Measured by `mutants`: every theme is there because some fault
survived without it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.packets.world import PARTNERS, World, application_group

__all__ = ["THEMES", "Asked", "drawn", "open_tails", "random_world"]


@dataclass
class Asked:
    """What is worth asking about one configuration.

    Attributes:
        theme: What it is about.
        frontends: Its addresses, with port and protocol.
        hosts: Hosts and paths, for configurations of the controller.
        headers: Header lines worth sending.
        proxy_lines: Addresses worth claiming in a PROXY line.
        node_ports: Node ports worth asking on node addresses.
        prefixes: Prefixes that it wrote somewhere.
    """

    theme: str
    frontends: list[tuple[str, int, str]] = field(default_factory=list)
    hosts: list[tuple[str, str]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    proxy_lines: list[str] = field(default_factory=list)
    node_ports: list[tuple[str, int, str]] = field(default_factory=list)
    prefixes: tuple[str, ...] = ()


Theme = Callable[[World, int], Asked]
_HTTP = {"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}
_HTTPS = {"name": "https", "port": 443, "targetPort": 443, "protocol": "TCP"}
_BASE, _STEP = 100, 30


def random_world(seed: int, size: int) -> tuple[World, list[Asked]]:
    """A random estate of so many configurations, and what to ask about each."""
    rng = random.Random(seed)
    world = World(rng, shared=rng.random() < 0.5, mode=rng.choice(("nftables", "iptables")))
    world.settings = _settings(rng, world)
    asked = [drawn(world, rng.choice(THEMES), number) for number in range(size)]
    _tails(world)
    return world, asked


def drawn(world: World, theme: Theme, number: int) -> Asked:
    """One configuration, with the prefixes that it wrote."""
    start = len(world.prefixes)
    found = theme(world, number)
    found.prefixes = tuple(dict.fromkeys(world.prefixes[start:]))
    return found


def _tails(world: World) -> None:
    """What the groups do with everything that no configuration speaks of."""
    rng = world.rng
    # probes and traffic between nodes pass, unless an estate is about them
    if rng.random() < 0.85:
        world.rule("subnet", 3900, "Allow", "AzureLoadBalancer", "*", "*", protocol="*")
    if rng.random() < 0.15:
        world.rule(
            "subnet",
            3950,
            "Deny",
            rng.choice(("*", "VirtualNetwork", "168.63.128.0/17")),
            "VirtualNetwork",
            "*",
            protocol="*",
        )
    if rng.random() < 0.1:
        world.rule(
            "subnet", 3960, "Deny", "*", ["10.244.0.0/16", "fd10:244::/32"], "*", protocol="*", only=rng.choice((0, 1))
        )
    open_tails(world)


def open_tails(world: World) -> None:
    """Groups that let everything through to the frontends."""
    for level in ("subnet", "interface"):
        world.rule(level, 4000, "Allow", "*", ["20.50.60.0/22", "2001:db8:fe::/48"], "*", protocol="*")


def _settings(rng: random.Random, world: World) -> dict[str, str]:
    """The controller's ConfigMap; most estates leave it alone."""
    found = {"ssl-redirect": "false"} if rng.random() < 0.5 else {}
    trusted = rng.choice(
        ("0.0.0.0/0", "10.224.0.0/15,10.244.0.0/16", "203.0.113.0/24, 10.0.0.0/8, ::/0", "2001:db8:7::/48")
    )
    choice = rng.random()
    if choice < 0.3:
        found |= {"use-forwarded-headers": "true", "proxy-real-ip-cidr": trusted}
    elif choice < 0.4:
        found |= {"enable-real-ip": "true", "proxy-real-ip-cidr": trusted, "forwarded-for-header": "X-Azure-ClientIP"}
    elif choice < 0.5:
        found |= {"use-proxy-protocol": "true", "proxy-real-ip-cidr": trusted}
    if rng.random() < 0.25:
        found["whitelist-source-range"] = ",".join(world.prefix_list(3))
    if rng.random() < 0.2:
        found["denylist-source-range"] = ",".join(world.prefix_list(2))
    if rng.random() < 0.25:
        # a list that holds 127.0.0.1 shuts the controller off from its own nginx: the real one plays that
        found["block-cidrs"] = ",".join(each for each in world.prefix_list(2) if each != "0.0.0.0/1") or "8.8.8.8"
    return found


# --- security groups --------------------------------------------------------------------------------------------------


def _plain(world: World, number: int, where: list[dict[str, object]] | None = None, **spec: object) -> Asked:
    """A TCP Service on one frontend, open unless somebody adds a rule; with an endpoint on each node."""
    name = f"plain-{number}"
    ports = [
        {
            "name": "web",
            "port": 8000 + number,
            "targetPort": 9000 + number,
            "nodePort": 31000 + number,
            "protocol": "TCP",
        }
    ]
    world.service(name, ports, [world.frontend(number)], **spec)
    world.endpoints(name, ports, where or [{"node": 0}, {"node": 1}])
    return Asked(
        "",
        [(world.frontend(number), 8000 + number, "TCP")],
        node_ports=[(world.node(i), 31000 + number, "TCP") for i in (0, 1)],
    )


def _source(world: World) -> object:
    """A source field of a rule: mostly prefixes, sometimes a name."""
    rng = world.rng
    if rng.random() < 0.3:
        return rng.choice(
            ("*", "Internet", "INTERNET", "VirtualNetwork", "AzureLoadBalancer", PARTNERS, "0.0.0.0/0", "Any")
        )
    found = world.prefix_list(4)
    return found if len(found) > 1 or rng.random() < 0.5 else found[0]


def rules_to_frontend(world: World, number: int) -> Asked:
    """Allow and deny rules towards a frontend, at either level."""
    asked, rng = _plain(world, number, externalTrafficPolicy=_policy(world), **_health(world, number)), world.rng
    first = _BASE + number * _STEP
    frontend = world.frontend(number)
    port = 8000 + number
    for level in rng.choice((("subnet",), ("interface",), ("subnet", "interface"))):
        for step in range(rng.randint(1, 5)):
            destination = rng.choice(
                (frontend, [frontend, "20.50.61.250/31"], "*", f"{frontend}/32", "VirtualNetwork", world.node(0))
            )
            ports = rng.choice(("*", str(port), [str(port), "443"], f"{port - 2}-{port + 2}", f"{port + 1}-65535"))
            protocol = rng.choice(("Tcp", "TCP", "*", "Udp", "tcp"))
            if destination == "*" and ports == "*":
                ports = str(port)  # a rule about everything would be about every configuration
            world.rule(
                level,
                first + step,
                rng.choice(("Allow", "Deny", "deny")),
                _source(world),
                destination,
                ports,
                protocol=protocol,
            )
        if rng.random() < 0.5:
            world.rule(level, first + 20, "Deny", "*", frontend, str(port), protocol=rng.choice(("*", "Tcp")))
    return _themed("rules-to-frontend", asked)


def node_behind_other_rules(world: World, number: int) -> Asked:
    """Only one of two nodes is behind a rule, so an address gets in by chance."""
    asked = _plain(world, number, externalTrafficPolicy=_policy(world), **_health(world, number))
    first = _BASE + number * _STEP
    world.rule(
        "subnet",
        first,
        "Deny",
        _source(world),
        world.frontend(number),
        str(8000 + number),
        only=world.rng.choice((0, 1)),
    )
    return _themed("node-behind-other-rules", asked)


def rules_to_nodes(world: World, number: int) -> Asked:
    """Without floating IP the groups see node addresses, node ports and application security groups."""
    rng = world.rng
    notes = {"service.beta.kubernetes.io/azure-disable-load-balancer-floating-ip": "true"}
    asked = _plain(world, number, annotations=notes, externalTrafficPolicy=_policy(world), **_health(world, number))
    first, port = _BASE + number * _STEP, str(31000 + number)
    destinations = (
        world.node(0),
        [world.node(0), world.node(1)],
        {"id": application_group(0)},
        {"id": application_group(1)},
        "10.224.0.0/16",
    )
    for step in range(rng.randint(1, 3)):
        world.rule(
            rng.choice(("subnet", "interface")),
            first + step,
            rng.choice(("Allow", "Deny")),
            _source(world),
            rng.choice(destinations),
            "30000-32767" if rng.random() < 0.03 else rng.choice((port, f"{port}-{port}")),
        )
    if rng.random() < 0.8:
        for level in ("subnet", "interface"):
            world.rule(level, first + 25, "Allow", "*", "10.224.0.0/16", port)
    return _themed("rules-to-nodes", asked)


def probes_are_denied(world: World, number: int) -> Asked:
    """A rule that keeps the balancer from asking one node or both; under Local, the one that has the endpoint."""
    local = world.rng.random() < 0.6
    alone = world.rng.choice((0, 1))
    where = [{"node": alone}] if local else None
    policy = "Local" if local else "Cluster"
    asked = _plain(world, number, where, externalTrafficPolicy=policy, **_health(world, number))
    first = _BASE + number * _STEP
    target = world.rng.choice((world.node(alone), world.node(0), [world.node(0), world.node(1)], "10.224.0.0/16"))
    world.rule(
        world.rng.choice(("subnet", "interface")),
        first,
        "Deny",
        world.rng.choice(("AzureLoadBalancer", "168.63.129.16", "*")),
        target,
        str(32000 + number if local else 31000 + number),
        protocol=world.rng.choice(("Tcp", "*")),
    )
    return _themed("probes-are-denied", asked)


def rules_between_nodes(world: World, number: int) -> Asked:
    """Under Cluster a connection may go on to the pod of another node, and meets the groups again there."""
    rng = world.rng
    asked = _plain(world, number, [{"node": rng.choice((0, 1))}], externalTrafficPolicy="Cluster")
    world.rule(
        rng.choice(("subnet", "interface")),
        _BASE + number * _STEP,
        rng.choice(("Deny", "Deny", "Allow")),
        rng.choice(("*", "10.224.0.0/15", world.node(0), [world.node(0), world.node(1)], "Internet")),
        rng.choice(("10.244.0.0/16", ["10.244.8.0/21", "10.244.16.0/21"], "10.244.8.0/21")),
        rng.choice((str(9000 + number), f"{9000 + number}-{9010 + number}", str(9001 + number))),
        protocol=rng.choice(("Tcp", "*", "Udp")),
    )
    return _themed("rules-between-nodes", asked)


def datagrams(world: World, number: int) -> Asked:
    """UDP and TCP on one port, with rules that tell them apart."""
    rng, name, port = world.rng, f"datagrams-{number}", 8000 + number
    ports = [
        {"name": "u", "port": port, "targetPort": 9000 + number, "nodePort": 31000 + number, "protocol": "UDP"},
        {"name": "t", "port": port, "targetPort": 9000 + number, "nodePort": 31000 + number, "protocol": "TCP"},
    ]
    ranges = world.prefix_list(3) if rng.random() < 0.5 else []
    world.service(
        name,
        ports,
        [world.frontend(number)],
        externalTrafficPolicy=_policy(world),
        **_health(world, number),
        **({"loadBalancerSourceRanges": ranges} if ranges else {}),
    )
    world.endpoints(name, ports, _placement(world))
    for step in range(rng.randint(0, 3)):
        world.rule(
            rng.choice(("subnet", "interface")),
            _BASE + number * _STEP + step,
            rng.choice(("Allow", "Deny")),
            _source(world),
            world.frontend(number),
            str(port),
            protocol=rng.choice(("Udp", "Tcp", "*")),
        )
    return Asked("datagrams", [(world.frontend(number), port, "UDP"), (world.frontend(number), port, "TCP")])


# --- kube-proxy -------------------------------------------------------------------------------------------------------


def _policy(world: World) -> str:
    return world.rng.choice(("Local", "Cluster"))


def _health(world: World, number: int) -> dict[str, object]:
    del world
    return {"healthCheckNodePort": 32000 + number}


def _placement(world: World) -> list[dict[str, object]]:
    """Where endpoints are and how they fare."""
    rng = world.rng
    where = [{"node": each} for each in rng.choice(((0, 1), (0,), (1,), (0, 0, 1), (0, 1, 1)))]
    if rng.random() < 0.3:
        where.append({"node": rng.choice((0, 1)), "ready": False})
    if rng.random() < 0.2:
        where.append({"node": rng.choice((0, 1)), "ready": False, "serving": True, "terminating": True})
    return where


def source_ranges(world: World, number: int) -> Asked:
    """Source ranges that only kube-proxy enforces, of one family or both, with every placement."""
    rng, name = world.rng, f"ranges-{number}"
    dual = rng.random() < 0.5
    ports = [
        {
            "name": "web",
            "port": 8000 + number,
            "targetPort": 9000 + number,
            "nodePort": 31000 + number,
            "protocol": "TCP",
        }
    ]
    ranges = world.prefix_list(3)
    if dual and rng.random() < 0.5:
        ranges += world.prefix_list(2, 6)
    if rng.random() < 0.1:
        ranges.append(world.frontend(number) + "/32")
    addresses = [world.frontend(number), *([world.frontend(number, 6)] if dual else [])]
    world.service(
        name,
        ports,
        addresses,
        externalTrafficPolicy=_policy(world),
        loadBalancerSourceRanges=ranges,
        **_health(world, number),
    )
    where = _placement(world)
    for family in (4, 6) if dual else (4,):
        world.endpoints(name, ports, where, family)
    frontends = [(each, 8000 + number, "TCP") for each in addresses]
    return Asked("source-ranges", frontends, node_ports=[(world.node(i), 31000 + number, "TCP") for i in (0, 1)])


def placement(world: World, number: int) -> Asked:
    """Endpoints on one node, none ready, terminating, or none at all, under both policies."""
    rng, name = world.rng, f"placement-{number}"
    ports = [
        {
            "name": "web",
            "port": 8000 + number,
            "targetPort": 9000 + number,
            "nodePort": 31000 + number,
            "protocol": "TCP",
        }
    ]
    notes = {f"service.beta.kubernetes.io/port_{8000 + number}_no_probe_rule": "true"} if rng.random() < 0.4 else {}
    ranges = {"loadBalancerSourceRanges": world.prefix_list(2)} if rng.random() < 0.3 else {}
    world.service(
        name,
        ports,
        [world.frontend(number)],
        annotations=notes,
        externalTrafficPolicy=_policy(world),
        **_health(world, number),
        **ranges,
    )
    choice = rng.random()
    if choice < 0.25:
        where: list[dict[str, object]] = []
    elif choice < 0.4:
        where = [{"node": rng.choice((0, 1)), "ready": False}]
    elif choice < 0.6:
        where = [{"node": rng.choice((0, 1)), "ready": False, "serving": True, "terminating": True}]
    else:
        where = _placement(world)
    alone = len({each["node"] for each in where}) == len(where) > 0
    own = [world.node(int(each["node"])) for each in where] if alone and rng.random() < 0.4 else None
    world.endpoints(name, ports, where, addresses=own)
    return Asked(
        "placement",
        [(world.frontend(number), 8000 + number, "TCP"), (world.frontend(number), 8001 + number, "TCP")],
        node_ports=[(world.node(i), 31000 + number, "TCP") for i in (0, 1)],
    )


def policies(world: World, number: int) -> Asked:
    """Network policies on the pods: ranges with exceptions, ports, several that add up, none at all."""
    rng = world.rng
    policy = rng.choice(("Local", "Local", "Cluster"))
    asked = _plain(world, number, externalTrafficPolicy=policy, **_health(world, number))
    selector = {"app": f"plain-{number}"}
    if rng.random() < 0.2:  # nothing but a port decides
        world.policy(f"policy-{number}", selector, [{"ports": [rng.choice(_ports_of_policies(9000 + number))]}])
        return _themed("policies", asked)
    for step in range(rng.randint(1, 2)):
        rules: list[dict[str, object]] = []
        for _ in range(rng.randint(0, 2)):
            rule: dict[str, object] = {}
            if rng.random() < 0.85:
                rule["from"] = [{"ipBlock": _block(world)} for _ in range(rng.randint(1, 2))]
                if rng.random() < 0.3:
                    rule["from"] = [{"ipBlock": {"cidr": "10.224.0.0/15"}}]
            if rng.random() < 0.6:
                rule["ports"] = [rng.choice(_ports_of_policies(9000 + number))]
            rules.append(rule)
        world.policy(f"policy-{number}-{step}", selector, rules)
    return _themed("policies", asked)


def _block(world: World) -> dict[str, object]:
    """A range, now and then with a hole."""
    cidr = world.prefix()
    base, _, length = cidr.partition("/")
    if world.rng.random() < 0.4 and int(length) < 31:
        hole = f"{base}/{int(length) + world.rng.choice((1, 2)) if int(length) < 30 else 31}"
        world.prefixes.append(hole)
        return {"cidr": cidr, "except": [hole]}
    return {"cidr": cidr}


def _ports_of_policies(port: int) -> tuple[dict[str, object], ...]:
    return (
        {"port": port, "protocol": "TCP"},
        {"port": port - 5, "endPort": port + 5},
        {"port": port + 1, "protocol": "TCP"},
        {"port": port, "protocol": "UDP"},
        {"protocol": "TCP"},
    )


def admin_rules(world: World, number: int) -> Asked:
    """Rules of a network manager, which always allow, allow, or deny before any group is asked."""
    asked, rng = _plain(world, number, externalTrafficPolicy=_policy(world), **_health(world, number)), world.rng
    first, port = _BASE + number * _STEP, str(8000 + number)
    for step in range(rng.randint(1, 3)):
        access = rng.choice(("AlwaysAllow", "Allow", "Deny"))
        world.admin_rule(first + step, access, world.prefix_list(2), world.frontend(number) + "/32", port)
    world.rule(rng.choice(("subnet", "interface")), first, "Deny", _source(world), world.frontend(number), port)
    return _themed("admin-rules", asked)


# --- the controller ---------------------------------------------------------------------------------------------------


def _doors(world: World, number: int, **spec: object) -> tuple[str, list[tuple[str, int, str]]]:
    """A Service of the controller with frontends of its own, and the host of this configuration."""
    rng, name = world.rng, f"door-{number}"
    ports = [{**_HTTP, "nodePort": 30000 + number}, {**_HTTPS, "nodePort": 30500 + number}]
    dual = rng.random() < 0.4
    addresses = [world.frontend(number), *([world.frontend(number, 6)] if dual else [])]
    world.service(
        name,
        ports,
        addresses,
        selector={"app.kubernetes.io/name": "ingress-nginx"},
        externalTrafficPolicy=rng.choice(("Local", "Local", "Cluster")),
        **_health(world, number),
        **spec,
    )
    where = [{"node": each} for each in rng.choice(((0, 1), (0,), (1,)))]
    for family in (4, 6) if dual else (4,):
        pods = [
            f"10.244.{8 * int(each['node']) + 15}.5" if family == 4 else f"fd10:244:{int(each['node']) + 1}::ffff"
            for each in where
        ]
        world.endpoints(name, ports, where, family, pods)
    frontends = [(each, port, "TCP") for each in addresses for port in (80, 443)]
    return f"h{number}.example.com", frontends


def _application(world: World, name: str, ready: bool = True) -> None:
    ports = [{"name": "web", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    world.objects.append(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": "bench"},
            "spec": {"selector": {"app": name}, "ports": ports},
        }
    )
    if not ready or world.rng.random() < 0.5:
        world.endpoints(name, ports, [{"node": 0, "ready": ready}])


def _ingress(
    world: World,
    name: str,
    host: str,
    paths: list[tuple[str, str, str]],
    notes: dict[str, str],
    minute: int,
    tls: bool = False,
) -> None:
    prefix = "nginx.ingress.kubernetes.io/"
    spec: dict[str, object] = {
        "ingressClassName": "nginx",
        "rules": [
            {
                "host": host,
                "http": {
                    "paths": [
                        {
                            "path": path,
                            "pathType": kind,
                            "backend": {"service": {"name": service, "port": {"number": 80}}},
                        }
                        for path, kind, service in paths
                    ]
                },
            }
        ],
    }
    if tls:
        spec["tls"] = [{"hosts": [host], "secretName": f"{name}-tls"}]
        world.objects.append(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": f"{name}-tls", "namespace": "bench"},
                "type": "kubernetes.io/tls",
            }
        )
    world.objects.append(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": name,
                "namespace": "bench",
                "creationTimestamp": f"2026-01-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z",
                "annotations": {prefix + key: value for key, value in notes.items()},
            },
            "spec": spec,
        }
    )


def _lists(world: World) -> dict[str, str]:
    """Annotations of lists: none, one, both, badly written, of one family."""
    rng, notes = world.rng, {}
    if rng.random() < 0.8:
        entries = world.prefix_list(4)
        if rng.random() < 0.3:
            entries += world.prefix_list(2, 6)
        entries = [each.removesuffix("/32") if rng.random() < 0.3 else each for each in entries]
        separator = rng.choice((",", ", ", ",\n"))
        text = separator.join(entries)
        if rng.random() < 0.12:
            text = rng.choice(
                (text + ",", text + ", 300.1.1.1", text.replace(",", ";") + ";", f"{text}, example.com", text + "/33")
            )
        if rng.random() < 0.06:
            text = rng.choice(("", " ", "0.0.0.0/0", "0.0.0.0/0,::/0", "::/0"))
        notes[rng.choice(("whitelist-source-range", "whitelist-source-range", "allowlist-source-range"))] = text
        if rng.random() < 0.08:
            notes["whitelist-source-range"], notes["allowlist-source-range"] = text, ",".join(world.prefix_list(2))
    if rng.random() < 0.3:
        notes["denylist-source-range"] = ",".join(world.prefix_list(2))
    return notes


def lists(world: World, number: int) -> Asked:
    """Allow and deny lists on one path, beside an open one; paths that almost match."""
    host, frontends = _doors(world, number)
    rng = world.rng
    _application(world, f"open-{number}")
    _application(world, f"listed-{number}")
    kind = rng.choice(("Prefix", "Exact", "ImplementationSpecific"))
    path = rng.choice(("/admin", "/admin/", "/a", "/"))
    first = rng.random() < 0.5
    others = [("/", "Prefix", f"open-{number}")] if path != "/" and rng.random() < 0.7 else []
    tls = rng.random() < 0.3
    _ingress(
        world, f"listed-{number}", host, [(path, kind, f"listed-{number}")], _lists(world), 10 if first else 20, tls
    )
    if others:
        _ingress(world, f"open-{number}", host, others, _lists(world) if rng.random() < 0.2 else {}, 15)
    asked = [
        path,
        path.rstrip("/") or "/",
        f"{path.rstrip('/')}/x",
        f"{path.rstrip('/')}x",
        path.upper(),
        "/other",
        "/./admin",
        "//admin",
        "/x/../admin",
        "/%61dmin",
    ]
    return Asked("lists", frontends, [(host, each) for each in dict.fromkeys(asked)], _chains(world), _claims(world))


def two_owners(world: World, number: int) -> Asked:
    """Several Ingresses on one host: the implicit root, duplicates, and who is older."""
    host, frontends = _doors(world, number)
    rng = world.rng
    minutes = rng.sample(range(60), 3)
    taken: set[str] = set()
    for step, minute in enumerate(minutes):
        name = f"owner-{number}-{step}"
        _application(world, name)
        path = rng.choice(("/", "/", "/shop", "/admin"))
        # twice Exact, or Exact beside two others, would break the configuration of the whole controller
        kind = "Exact" if path not in taken and step == len(minutes) - 1 else "Prefix"
        taken.add(path)
        _ingress(world, name, host, [(path, kind, name)], _lists(world), minute)
    return Asked(
        "two-owners",
        frontends,
        [(host, each) for each in ("/", "/shop", "/shop/x", "/admin", "/admin/x", "/adminx", "/z")],
        _chains(world),
        _claims(world),
    )


def wildcards(world: World, number: int) -> Asked:
    """A wildcard host beside an exact one below it."""
    host, frontends = _doors(world, number)
    _application(world, f"wild-{number}")
    _application(world, f"exact-{number}")
    _ingress(world, f"wild-{number}", f"*.{host}", [("/", "Prefix", f"wild-{number}")], _lists(world), 5)
    _ingress(world, f"exact-{number}", f"a.{host}", [("/", "Prefix", f"exact-{number}")], _lists(world), 9)
    hosts = (f"a.{host}", f"b.{host}", f"x.y.{host}", host, f"A.{host}", "nobody.example.org")
    return Asked("wildcards", frontends, [(each, "/") for each in hosts], _chains(world), _claims(world))


def credentials(world: World, number: int) -> Asked:
    """A list together with basic authentication, by any or by all."""
    host, frontends = _doors(world, number)
    _application(world, f"secret-{number}")
    notes = {**_lists(world), "auth-type": "basic", "auth-secret": "passwords"}
    if world.rng.random() < 0.8:
        notes["satisfy"] = world.rng.choice(("any", "all"))
    _ingress(world, f"secret-{number}", host, [("/", "Prefix", f"secret-{number}")], notes, 3)
    return Asked(
        "credentials", frontends, [(host, "/")], ["Authorization: Basic bGFiOmxhYg==", *_chains(world)], _claims(world)
    )


def ranges_before_list(world: World, number: int) -> Asked:
    """Source ranges of the Service, rules of the groups, and a list behind them, together."""
    rng = world.rng
    host, frontends = _doors(world, number, loadBalancerSourceRanges=world.prefix_list(4))
    for step in range(rng.randint(0, 3)):
        world.rule(
            rng.choice(("subnet", "interface")),
            _BASE + number * _STEP + step,
            rng.choice(("Allow", "Deny")),
            _source(world),
            world.frontend(number),
            rng.choice((["80", "443"], "443", "80")),
        )
    _application(world, f"both-{number}", ready=rng.random() < 0.85)
    _ingress(world, f"both-{number}", host, [("/", "Prefix", f"both-{number}")], _lists(world), 3)
    return Asked("ranges-before-list", frontends, [(host, "/"), (host, "/x")], _chains(world), _claims(world))


def _chains(world: World) -> list[str]:
    """Forwarded headers: honest, forged, and junk."""
    rng = world.rng
    header = world.settings.get("forwarded-for-header", "X-Forwarded-For")
    inside = [
        each.partition("/")[0]
        for each in rng.sample(world.prefixes or ["203.0.113.0/24"], min(3, len(world.prefixes) or 1))
    ]
    pool = [
        *inside,
        "10.224.9.9",
        "203.0.113.9",
        "garbage",
        "",
        "198.51.100.9:4444",
        "2001:db8:7::7",
        "[2001:db8:7::7]:99",
        "::ffff:203.0.113.7",
    ]
    return [
        f"{header}: {rng.choice((', ', ',', ' ')).join(rng.choice(pool) for _ in range(rng.randint(1, 3)))}"
        for _ in range(2)
    ]


def _claims(world: World) -> list[str]:
    if world.settings.get("use-proxy-protocol") != "true":
        return []
    inside = [each.partition("/")[0] for each in sorted(world.prefixes) if ":" not in each]
    return world.rng.sample(inside, min(2, len(inside))) if inside else ["203.0.113.7"]


def _themed(theme: str, asked: Asked) -> Asked:
    asked.theme = theme
    return asked


THEMES: tuple[Theme, ...] = (
    *(rules_to_frontend, node_behind_other_rules, rules_to_nodes, probes_are_denied, rules_between_nodes, datagrams),
    *(
        policies,
        admin_rules,
        source_ranges,
        placement,
        lists,
        lists,
        two_owners,
        wildcards,
        credentials,
        ranges_before_list,
    ),
)
