"""A small cluster to plan on: one ingress-nginx controller, some Ingresses, some Services of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from aksess.policy import Resolved, read_policies, resolve
from aksess.snapshot import Snapshot, read_files

LIST = "nginx.ingress.kubernetes.io/whitelist-source-range"
Object = dict[str, Any]


def ingress(name: str, value: str | None = None, paths: Sequence[str] = ("/",)) -> Object:
    """An Ingress of its own host, with a list or without."""
    backend = {"service": {"name": name, "port": {"number": 80}}}
    listed = [{"path": path, "pathType": "Prefix", "backend": backend} for path in paths]
    metadata: Object = {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"}
    metadata["annotations"] = {"nginx.ingress.kubernetes.io/ssl-redirect": "false"}
    if value is not None:
        metadata["annotations"][LIST] = value
    rules = [{"host": f"{name}.example.com", "http": {"paths": listed}}]
    spec = {"ingressClassName": "nginx", "rules": rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def balanced(name: str, number: int, namespace: str = "shop", **spec: Any) -> Object:
    """A Service with a frontend of its own."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": name},
            "ports": [{"name": "web", "port": 80, "targetPort": "http", "nodePort": 31000 + number, "protocol": "TCP"}],
            "externalTrafficPolicy": "Cluster",
            **spec,
        },
        "status": {"loadBalancer": {"ingress": [{"ip": f"20.50.60.{number}", "ipMode": "VIP"}]}},
    }


def backend(name: str) -> Object:
    """The Service behind an Ingress."""
    metadata = {"name": name, "namespace": "shop"}
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def controller(policy: str = "Local") -> list[Object]:
    """The controller with its class and its Service."""
    labels = {"app": "ingress-nginx-controller"}
    container = {
        "name": "controller",
        "image": "registry.k8s.io/ingress-nginx/controller:v1.11.2",
        "args": ["/nginx-ingress-controller", "--ingress-class=nginx"],
        "ports": [{"name": "http", "containerPort": 80}],
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    named = {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"}
    health = {"healthCheckNodePort": 32500} if policy == "Local" else {}
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": "nginx"},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {**named, "labels": labels},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
        },
        balanced("ingress-nginx-controller", 70, "ingress-nginx", externalTrafficPolicy=policy, **health),
    ]


def snapshot(folder: Path, objects: Sequence[Object]) -> Snapshot:
    """The objects as files that were read."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "objects.yaml").write_text(yaml.safe_dump_all(objects, sort_keys=False))
    return read_files([folder])


def resolved(folder: Path, estate: Snapshot, *documents: Object) -> Resolved:
    """Policies with the meaning that they have in an estate."""
    file = folder / "policies.yaml"
    file.write_text(yaml.safe_dump_all(documents, sort_keys=False))
    return resolve(read_policies([file]), estate.tags, dt.date(2026, 11, 25))


def policy(kind: str, target: str, name: str = "", **spec: Any) -> Object:
    """An access policy on one object of the namespace shop."""
    return {
        "apiVersion": "aksess.dev/v1alpha1",
        "kind": "AccessPolicy",
        "metadata": {"name": name or target, "namespace": "shop"},
        "spec": {"targetRefs": [{"kind": kind, "name": target}], **spec},
    }


def only(*cidrs: str) -> list[Object]:
    """Entries of an allow or deny list."""
    return [{"cidr": each} for each in cidrs]
