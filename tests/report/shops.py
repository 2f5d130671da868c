"""Small shops for tests of reports: a controller, Ingresses, written as a file and read as users' files are."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import aksess
from aksess import library
from aksess.estate import Estate

__all__ = ["AS_OF", "HOSTILE", "audited", "hostile_shop", "ingress", "read", "shop"]

AS_OF = dt.date(2026, 1, 1)
HOSTILE = "a|b`c`<script>alert(1)</script>*x*[x](javascript:1)\u202e&amp;"
"""A text that means something to markdown, HTML, tables and direction of writing."""

CONTROLLER = """\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, namespace: ingress, labels: {app: nginx}}
spec:
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: controller
        image: registry.k8s.io/ingress-nginx/controller:v1.11.5
        args: [/nginx-ingress-controller, --ingress-class=nginx]
---
apiVersion: v1
kind: Service
metadata:
  name: nginx
  namespace: ingress
  annotations: {service.beta.kubernetes.io/azure-load-balancer-health-probe-request-path: /healthz}
spec:
  type: LoadBalancer
  externalTrafficPolicy: POLICY
  selector: {app: nginx}
  ports:
  - {name: http, port: 80, targetPort: http, appProtocol: http}
  - {name: https, port: 443, targetPort: https, appProtocol: https}
status: {loadBalancer: {ingress: [{ip: 20.50.60.70}]}}
---
"""

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: %(name)s, namespace: shop, annotations: %(notes)s}
spec:
  ingressClassName: nginx
  tls: [{hosts: [%(host)s]}]
  rules:
  - host: %(host)s
    http:
      paths:
      - {path: %(path)s, pathType: %(kind)s, backend: {service: {name: web, port: {number: 80}}}}
---
"""

LIST = "nginx.ingress.kubernetes.io/whitelist-source-range"


def ingress(name: str, host: str, ranges: str = "", *, path: str = "/", kind: str = "Prefix") -> str:
    """The text of an Ingress; every value is quoted, so that it may hold anything."""
    notes = {LIST: ranges} if ranges else {}
    values = {"name": name, "notes": notes, "host": host, "path": path, "kind": kind}
    return INGRESS % {key: json.dumps(value) for key, value in values.items()}


def read(folder: Path, *ingresses: str, policy: str = "Local", more: str = "", file: str = "shop.yaml") -> Estate:
    """An estate with a controller, Ingresses, and what else is given as text."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    path.write_text(CONTROLLER.replace("POLICY", policy) + "".join(ingresses) + more, encoding="utf-8")
    return aksess.read(path)


def shop(folder: Path, **options: str) -> Estate:
    """One listed application, one open to everybody."""
    listed, opened = ingress("admin", "admin.example.com", "203.0.113.0/24"), ingress("web", "web.example.com")
    return read(folder, listed, opened, **options)


def hostile_shop(folder: Path) -> Estate:
    """A shop whose names and texts try to become markup."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"evil{HOSTILE}", "namespace": "shop"},
        "spec": {
            "type": "LoadBalancer",
            "ports": [{"port": 81}],
            "loadBalancerSourceRanges": ["@everyone #1 https://evil.example/<img src=x onerror=alert(2)>\n# head"],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "20.50.60.71"}]}},
    }
    strange = {"apiVersion": "v1", "kind": "Strange<b>", "metadata": {"name": "x\n\n# head\n- item"}}
    path = ingress("web", "web.example.com", path=f"/{HOSTILE}", kind="ImplementationSpecific")
    return read(folder, path, more="\n---\n".join(map(json.dumps, (service, strange))))


def audited(estate: Estate) -> library.Audit:
    """The audit of an estate on a fixed day."""
    return library.audit(estate, as_of=AS_OF)
