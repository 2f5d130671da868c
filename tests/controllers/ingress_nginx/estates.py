"""Estates for tests: objects through the real reading path, short ways to write them, and one way to ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aksess.addresses import Address, AddressSet, read_address
from aksess.controllers.ingress_nginx import IngressNginx, find
from aksess.controllers.interface import Answers, Request
from aksess.estate import Estate
from aksess.rulings import Ruling
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.snapshot import Snapshot

PREFIX = "nginx.ingress.kubernetes.io/"
ALLOW = "allowlist-source-range"
ALIAS = "whitelist-source-range"
DENY = "denylist-source-range"

LISTED = "18.1.1.1"
"""An address of `LIST`."""
LIST = "18.0.0.0/8"
OTHER = "203.0.113.9"
"""An address that no list of these tests holds."""

Object = dict[str, Any]


def born(day: int) -> str:
    """A creation time; a higher day is younger."""
    return f"2024-01-{day:02}T00:00:00Z"


def address(text: str) -> Address:
    """An address that must be one."""
    found = read_address(text)
    assert found is not None, text
    return found


def estate_of(objects: Sequence[Object]) -> Estate:
    """The estate of objects, read as they would be from a file."""
    collector = Collector()
    for number, each in enumerate(objects, 1):
        collector.take(each, StoredPlace("estate.json", number))
    return Estate.of(Snapshot.of(collector))


def ingress(
    name: str,
    host: str | None = None,
    paths: Sequence[tuple[str, str, str]] = (("/", "Prefix", "app"),),
    notes: Mapping[str, str] | None = None,
    *,
    created: str = born(1),
    namespace: str = "web",
    tls: bool | str = False,
    default: str = "",
    class_name: str | None = "nginx",
    raw: Mapping[str, str] | None = None,
    hosts: Iterable[str] = (),
    status: str = "",
) -> Object:
    """An Ingress; ``notes`` are annotations under the default prefix, ``raw`` ones stand as they are."""
    annotations = {PREFIX + key: value for key, value in (notes or {}).items()} | dict(raw or {})
    meta: Object = {"name": name, "namespace": namespace}
    if annotations:
        meta["annotations"] = annotations
    if created:
        meta["creationTimestamp"] = created
    spec: Object = {}
    if class_name is not None:
        spec["ingressClassName"] = class_name
    written = [
        {"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": {"number": 80}}}}
        for path, kind, service in paths
    ]
    names = [host if host is not None else f"{name}.example.com", *hosts]
    if written:
        spec["rules"] = [{"http": {"paths": written}, **({"host": each} if each else {})} for each in names]
    elif host is not None:
        spec["rules"] = [{"host": host}]
    if default:
        spec["defaultBackend"] = {"service": {"name": default, "port": {"number": 80}}}
    if tls:
        entry: Object = {"hosts": [each for each in names if each]}
        if isinstance(tls, str):
            entry["secretName"] = tls
        spec["tls"] = [entry]
    found = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": spec}
    if status:
        found["status"] = {"loadBalancer": {"ingress": [{"ip": status}]}}
    return found


def service(name: str, namespace: str = "web", *, ready: bool | None = True, **spec: Any) -> list[Object]:
    """A Service with its EndpointSlice; ``ready=None`` leaves the slice out."""
    found: list[Object] = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "selector": {"app": name},
                "clusterIP": "10.0.7.7",
                "ports": [{"port": 80, "targetPort": 8080}],
                **spec,
            },
        }
    ]
    if ready is not None:
        found.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "addressType": "IPv4",
                "metadata": {
                    "name": f"{name}-1",
                    "namespace": namespace,
                    "labels": {"kubernetes.io/service-name": name},
                },
                "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
                "endpoints": [{"addresses": ["10.244.0.9"], "conditions": {"ready": ready}}],
            }
        )
    return found


def secret(name: str, namespace: str = "web") -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}}


def config_map(name: str, data: Mapping[str, str], namespace: str = "ingress-nginx") -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": dict(data)}


def ingress_class(name: str = "nginx", controller: str = "k8s.io/ingress-nginx", *, default: bool = False) -> Object:
    meta: Object = {"name": name}
    if default:
        meta["annotations"] = {"ingressclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": meta,
        "spec": {"controller": controller},
    }


def deployment(
    args: Sequence[str] = (),
    *,
    image: str = "registry.k8s.io/ingress-nginx/controller:v1.11.1",
    name: str = "controller",
    namespace: str = "ingress-nginx",
    ports: Sequence[tuple[str, int]] = (("http", 80), ("https", 443)),
    labels: Mapping[str, str] | None = None,
) -> Object:
    container = {
        "name": "controller",
        "image": image,
        "args": ["/nginx-ingress-controller", "--configmap=$(POD_NAMESPACE)/settings", *args],
        "ports": [{"name": each, "containerPort": number} for each, number in ports],
    }
    template = {"metadata": {"labels": dict(labels or {"app": "nginx"})}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {}, "template": template},
    }


def front(name: str = "front", namespace: str = "ingress-nginx", **spec: Any) -> Object:
    """The Service that leads to the controller."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": "nginx"},
            "ports": [
                {"name": "http", "port": 80, "targetPort": "http"},
                {"name": "https", "port": 443, "targetPort": "https"},
            ],
            **spec,
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "20.50.60.70"}]}},
    }


def objects(
    *given: Object | list[Object],
    config: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
    image: str = "registry.k8s.io/ingress-nginx/controller:v1.11.1",
) -> list[Object]:
    """A cluster with one controller, the given objects, and a ready Service for every backend they name.

    A backend whose name begins with ``missing`` does not exist.
    """
    flat = [each for one in given for each in (one if isinstance(one, list) else [one])]
    known = {
        (each["metadata"].get("namespace"), each["metadata"]["name"]) for each in flat if each["kind"] == "Service"
    }
    found = [ingress_class(), deployment(args, image=image), config_map("settings", config or {}), front(), *flat]
    for namespace, name in _backends(flat):
        if (namespace, name) not in known and not name.startswith("missing"):
            known.add((namespace, name))
            found.extend(service(name, namespace))
    return found


def _backends(flat: Iterable[Object]) -> Iterable[tuple[str, str]]:
    for each in flat:
        if each["kind"] != "Ingress":
            continue
        namespace, spec = each["metadata"]["namespace"], each["spec"]
        paths = [path for rule in spec.get("rules", []) for path in rule.get("http", {}).get("paths", [])]
        backends = [path["backend"] for path in paths] + [spec.get("defaultBackend", {})]
        for backend in backends:
            if "service" in backend:
                yield namespace, backend["service"]["name"]


def controller(
    *given: Object | list[Object],
    config: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
    image: str = "registry.k8s.io/ingress-nginx/controller:v1.11.1",
) -> IngressNginx:
    """The controller of such a cluster."""
    estate = estate_of(objects(*given, config=config, args=args, image=image))
    assert not estate.unread, estate.unread
    found = find(estate)
    assert len(found) == 1
    return found[0]


class Said:
    """What a controller says about one exact request."""

    def __init__(self, answers: Answers, ruling: Ruling, judged: Address | None) -> None:
        self.answers = answers
        self.ruling = ruling
        self.judged = str(judged) if judged else None

    @property
    def effect(self) -> str:
        if self.ruling.doubt:
            return "doubt"
        return "reached" if self.ruling.effect is None else self.ruling.effect.value

    @property
    def backend(self) -> str | None:
        found = self.answers.backend
        return f"{found.namespace}/{found.service}" if found is not None and self.ruling.passes else None

    def __repr__(self) -> str:
        return f"{self.effect} {self.ruling.status or ''} {self.backend or ''} {self.ruling.citation.text!r}"


def request_to(url: str, **more: Any) -> Request:
    """A request for a URL."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return Request("https" if scheme == "https" else "http", host, f"{slash}{path}" or "/", **more)


def ask(
    asked: IngressNginx,
    source: str,
    url: str,
    *,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    proxy: str | None = None,
    credentials: bool = False,
    method: str = "GET",
) -> Said:
    """What one client gets for one request with nothing sent but what is given."""
    pairs = tuple(headers.items()) if isinstance(headers, Mapping) else tuple(headers)
    request = request_to(
        url,
        headers=pairs,
        proxy_line=address(proxy) if proxy else None,
        credentials=credentials,
        method=method,
        exact=True,
    )
    return one(asked.answer(request), source)


def one(answers: Answers, source: str) -> Said:
    """The one ruling that a peer gets from exact answers."""
    peer = address(source)
    fitting = [view for view in answers.views if peer in view.peers]
    assert len(fitting) == 1, f"{len(fitting)} views for {source}"
    view = fitting[0]
    assert not view.condition
    if view.stop is not None:
        return Said(answers, view.stop, None)
    judged = peer if view.judged is None else view.judged.only()
    assert judged is not None
    ruling = answers.rulings.ruling(AddressSet.single(judged))
    assert ruling is not None
    return Said(answers, ruling, judged)


def in_general(asked: IngressNginx, source: str, url: str) -> list[tuple[str, str]]:
    """Condition and effect of everything that a client may get by its own choices, the honest way first."""
    answers = asked.answer(request_to(url))
    peer = address(source)
    found: list[tuple[str, str]] = []
    for view in answers.views:
        if peer not in view.peers:
            continue
        if view.stop is not None:
            found.append((view.condition, Said(answers, view.stop, None).effect))
            continue
        domain = AddressSet.single(peer) if view.judged is None else view.judged
        found.extend(
            (view.condition, Said(answers, ruling, None).effect) for _, ruling in answers.rulings.split(domain)
        )
    return found


def allowed(asked: IngressNginx, url: str) -> AddressSet:
    """The judged addresses that get through."""
    answers = asked.answer(request_to(url))
    every = AddressSet((0, 1 << 32), (0, 1 << 128))
    return AddressSet.union_of(cell for cell, _ in answers.rulings.passing(every))
