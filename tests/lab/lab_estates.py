"""Small estates for tests of the lab: objects through the real reading path, and short ways to write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aksess.estate import Estate
from aksess.snapshot.items import KubernetesItem
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.snapshot import Snapshot

__all__ = ["NOTE", "Object", "controller", "endpoints", "estate_of", "ingress", "items_of", "service", "settings"]

NOTE = "service.beta.kubernetes.io/"
PREFIX = "nginx.ingress.kubernetes.io"

Object = dict[str, Any]


def snapshot_of(objects: Sequence[Object]) -> Snapshot:
    """Objects, read as they would be from a file."""
    collector = Collector()
    for number, each in enumerate(objects, 1):
        collector.take(each, StoredPlace("estate.json", number))
    return Snapshot.of(collector)


def estate_of(*objects: Object) -> Estate:
    """The estate of objects."""
    return Estate.of(snapshot_of(objects))


def items_of(*objects: Object) -> list[KubernetesItem]:
    """The objects as they were read."""
    return list(snapshot_of(objects).objects)


def port(number: int, target: int | str = 8080, **more: Any) -> Object:
    """A port of a Service."""
    return {"name": f"p{number}", "port": number, "targetPort": target, **more}


def service(
    name: str = "web",
    *frontends: str,
    namespace: str = "shop",
    ports: Sequence[Object] = (),
    notes: Mapping[str, str] | None = None,
    **spec: Any,
) -> Object:
    """A Service; with frontends it is a load balancer's, and ``notes`` are annotations for the cloud provider."""
    found: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": list(ports) or [port(80)], "selector": {"app": name}, **spec},
    }
    if notes:
        found["metadata"]["annotations"] = {NOTE + key: value for key, value in notes.items()}
    if frontends:
        found["spec"]["type"] = "LoadBalancer"
        found["status"] = {"loadBalancer": {"ingress": [{"ip": each} for each in frontends]}}
    return found


def endpoints(name: str, *addresses: str, namespace: str = "shop", ports: Sequence[Object] = (), **more: Any) -> Object:
    """The EndpointSlice of a Service."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv6" if any(":" in each for each in addresses) else "IPv4",
        "metadata": {"name": f"{name}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
        "endpoints": [{"addresses": [each], "conditions": {"ready": True}} for each in addresses],
        "ports": list(ports) or [{"name": "p80", "port": 8080, "protocol": "TCP"}],
        **more,
    }


def ingress(
    name: str,
    *paths: str,
    kind: str = "Prefix",
    backend: str = "web",
    notes: Mapping[str, str] | None = None,
    created: str = "2024-01-01T00:00:00Z",
    prefix: str = PREFIX,
) -> Object:
    """An Ingress for the host ``NAME.example.com``; ``notes`` are annotations for the controller."""
    written = [
        {"path": each, "pathType": kind, "backend": {"service": {"name": backend, "port": {"number": 80}}}}
        for each in paths or ("/",)
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "creationTimestamp": created,
            "annotations": {f"{prefix}/{key}": value for key, value in (notes or {}).items()},
        },
        "spec": {"ingressClassName": "nginx", "rules": [{"host": f"{name}.example.com", "http": {"paths": written}}]},
    }


def controller(*arguments: str) -> list[Object]:
    """An ingress-nginx controller: its class, its Deployment with these flags, and its Service."""
    container = {
        "name": "controller",
        "image": "registry.k8s.io/ingress-nginx/controller:v1.11.1",
        "args": ["/nginx-ingress-controller", "--configmap=$(POD_NAMESPACE)/settings", *arguments],
        "ports": [{"name": "http", "containerPort": 80}, {"name": "https", "containerPort": 443}],
    }
    template = {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [container]}}
    metadata = {"name": "nginx", "namespace": "edge"}
    ports = [port(80, "http"), port(443, "https")]
    spec = {"selector": {"matchLabels": {"app": "nginx"}}, "template": template}
    classes = {"controller": "k8s.io/ingress-nginx"}
    return [
        {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}, "spec": classes},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec},
        service("nginx", "20.50.60.70", namespace="edge", ports=ports, externalTrafficPolicy="Local"),
    ]


def settings(**data: str) -> Object:
    """The ConfigMap of that controller; underscores stand for hyphens."""
    values = {key.replace("_", "-"): value for key, value in data.items()}
    metadata = {"name": "settings", "namespace": "edge"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values}
