"""Scenes that run inside the namespaces of a lab: ``python scenes.py NAME [WORD ...]`` prints what was seen, as JSON.

A test starts a scene through `aksess.lab.namespaces.entering` and judges what it prints.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import socket
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from aksess.errors import ProgramFailed
from aksess.lab import apiserver, ingress_nginx, kube_proxy
from aksess.lab.namespaces import STATE, every_address_is_local
from aksess.lab.parts import part
from aksess.lab.prober import Batch, Probe, probe_all
from aksess.lab.programs import Program, run, until
from aksess.lab.proxies import PROXIES, Setup, Site, started

HOST = "10.224.0.4"
POD = "10.244.0.10"
POD_PORT = 18080
FRONTEND = "20.50.60.70"
SO_SNDBUFFORCE = 32


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Peer", self.client_address[0])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def serve_as_pod() -> None:
    server = http.server.ThreadingHTTPServer((POD, POD_PORT), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def status(source: str, host: str, path: str = "/") -> int | str:
    """The status of a request from a source to the frontend, or how it failed."""
    connection = http.client.HTTPConnection(FRONTEND, 80, timeout=1.5, source_address=(source, 0))
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


def start_api() -> apiserver.ApiServer:
    run("ip", "address", "add", f"{HOST}/32", "dev", "lo")
    return apiserver.start(STATE / "api", HOST)


def node() -> dict[str, Any]:
    addresses = [{"type": "InternalIP", "address": HOST}]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-a"}, "status": {"addresses": addresses}}


def service(name: str, **spec: Any) -> dict[str, Any]:
    port = {"name": "http", "port": 80, "targetPort": POD_PORT}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [port], **spec}}


def endpoints(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": POD_PORT}],
        "endpoints": [{"addresses": [POD], "nodeName": "node-a", "conditions": {"ready": True}}],
    }


def api_answers() -> object:
    api = start_api()
    refused = None
    try:
        api.create(service("bad", type="LoadBalancer", loadBalancerSourceRanges=["203.0.113.7/24"]))
    except apiserver.ApiRefused as error:
        refused = {"status": error.status, "text": str(error)}
    version = json.loads(api.kubectl("get", "--raw", "/version"))["gitVersion"]
    asked = api.version
    api.stop()
    try:
        api.request("GET", "/readyz")
    except OSError:
        return {"version": version, "same": asked == version, "refused": refused, "stopped": True}
    return "it still answers"


def endpoints_follow_pods() -> object:
    """The EndpointSlice controller makes the slice of a Service out of its ready Pod."""
    api = start_api()
    api.create(node())
    command = [*part("kube-controller-manager").command, f"--kubeconfig={api.kubeconfig()}"]
    program = Program("endpoints", command, STATE / "endpoints.log")
    api.create(service("web", selector={"app": "web"}))
    ready = {"type": "Ready", "status": "True"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web"}], "nodeName": "node-a"},
        "status": {"phase": "Running", "podIP": POD, "podIPs": [{"ip": POD}], "conditions": [ready]},
    }
    api.create(pod)

    def found() -> list[str]:
        slices = api.request("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices")["items"]
        named = [each for each in slices if each["metadata"]["labels"].get("kubernetes.io/service-name") == "web"]
        return [address for each in named for endpoint in each["endpoints"] or [] for address in endpoint["addresses"]]

    program.wait(lambda: bool(found()))
    return found()


def kube_proxy_writes_rules(mode: kube_proxy.Mode) -> object:
    """A frontend with source ranges, reached on a node itself, from one address inside them and one outside."""
    api = start_api()
    every_address_is_local()
    serve_as_pod()
    api.create(node())
    proxy = kube_proxy.start(api, "node-a", mode, pods=["10.244.0.0/16"])
    changed = time.time()
    balancer = {"loadBalancer": {"ingress": [{"ip": FRONTEND, "ipMode": "VIP"}]}}
    api.create(endpoints("web"))
    api.create({**service("web", type="LoadBalancer", loadBalancerSourceRanges=["203.0.113.0/24"]), "status": balancer})
    proxy.settle(changed)
    if mode == "nftables":
        rules = run("nft", "list", "map", "ip", "kube-proxy", "service-ips")
    else:
        rules = run("iptables-save", "-t", "nat")
    seen = {
        "rules": FRONTEND in rules,
        "inside": status("203.0.113.7", "any"),
        "outside": status("198.51.100.7", "any"),
    }
    proxy.stop()
    seen["inside, kube-proxy gone"] = status("203.0.113.7", "any")
    return seen


def kube_proxy_writes_many(mode: kube_proxy.Mode, services: str) -> object:
    """So many Services at once that their rules do not fit into the netlink buffer that a user namespace gets."""
    api = start_api()
    api.create(node())
    names = [f"web-{number}" for number in range(int(services))]
    for number, name in enumerate(names):
        balancer = {"loadBalancer": {"ingress": [{"ip": f"20.60.{number // 250}.{number % 250 + 1}"}]}}
        ranges = ["203.0.113.0/24", "198.51.100.0/24"]
        api.create(endpoints(name))
        api.create({**service(name, type="LoadBalancer", loadBalancerSourceRanges=ranges), "status": balancer})
    proxy = kube_proxy.start(api, "node-a", mode, pods=["10.244.0.0/16"])
    rules = run("nft", "list", "ruleset") if mode == "nftables" else run("iptables-save")
    said = proxy.program.said(100000)
    return {"missing": [name for name in names if f"default/{name}" not in rules], "too long": "too long" in said}


def deciding(configuration: str) -> list[str]:
    """The directives that decide about access, in their order."""
    kinds = ("allow ", "deny ", "satisfy ", "set_real_ip_from", "real_ip", "auth_", "server_name ", "location ")
    lines = (line.strip() for line in configuration.splitlines())
    return [line for line in lines if line.startswith(kinds)]


def ingress_nginx_judges() -> object:
    """An Ingress with an allow list, asked from one address in it and one that is not."""
    api = start_api()
    every_address_is_local()
    serve_as_pod()
    ingress_nginx.lay_out()
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ingress-nginx"}})
    classes = {"controller": "k8s.io/ingress-nginx"}
    api.create(
        {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}, "spec": classes}
    )
    api.create(service("web"))
    api.create(endpoints("web"))
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    lists = {"nginx.ingress.kubernetes.io/whitelist-source-range": "203.0.113.0/24"}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "annotations": lists},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": "shop.example.com", "http": {"paths": [path]}}]},
    }
    api.create(ingress)
    controller = ingress_nginx.start(api)
    written = controller.configuration()
    read = Path("/etc/nginx/nginx.conf.debian").read_text()
    seen = {
        "listed": status("203.0.113.7", "shop.example.com"),
        "unlisted": status("198.51.100.7", "shop.example.com"),
        "unknown host": status("203.0.113.7", "other.example.com"),
        "directives": [line for line in deciding(written) if line.startswith("allow 203")],
        "nginx reads the same": deciding(read) == deciding(written),
    }
    api.request(
        "PATCH", f"{api.place(ingress)}/web", {"metadata": {"annotations": {next(iter(lists)): "198.51.100.0/24"}}}
    )
    time.sleep(0.2)
    controller.settle()
    seen["unlisted, once listed"] = status("198.51.100.7", "shop.example.com")
    controller.stop()
    seen["stopped"] = status("198.51.100.7", "shop.example.com")
    again = ingress_nginx.start(api, ["--ingress-class=other", "--controller-class=example.com/other"])
    seen["another class"] = status("198.51.100.7", "shop.example.com")
    again.stop()
    return seen


def send_buffer() -> object:
    """What the option that needs a capability of the host does to a socket: the buffer in bytes, or the refusal."""
    with socket.socket() as opened:
        try:
            opened.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 17)
        except PermissionError:
            return "refused"
        return opened.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)


def nothing_leaks() -> object:
    """Whether what a lab writes over a folder stays in the lab; its network has one interface."""
    ingress_nginx.lay_out()
    Path("/etc/ingress-controller/written").write_text("by the lab")
    links = [each["ifname"] for each in json.loads(run("ip", "-json", "link"))]
    return {"written": Path("/etc/ingress-controller/written").exists(), "links": links, "process": os.getpid() < 100}


def a_program_that_fails() -> object:
    program = Program("sh", ["sh", "-c", "echo what is wrong; exit 3"], STATE / "log")
    try:
        program.wait(lambda: until(lambda: False, 0.5))
    except ProgramFailed as error:
        return str(error)
    return "no error"


def proxy_judges(name: str, which: str, *cases: str) -> object:
    """What a real proxy answers to requests: ``source|host|path|X-Forwarded-For or a PROXY line``."""
    every_address_is_local()
    serve_as_pod()
    office = ("203.0.113.0/24", "2001:db8:7::/48")
    shop, admin = Site("shop.example.com", allow=office), Site("shop.example.com", "/admin", allow=("192.0.2.0/24",))
    sites = {"lists": (shop, admin, Site("open.example.com")), "denied": (replace(shop, deny=("203.0.113.66/32",)),)}
    setup = Setup(
        sites.get(which, (shop,)),
        f"{POD}:{POD_PORT}",
        trusted=("198.51.100.0/24",) if which == "forwarded" else (),
        proxy_protocol=which == "lines",
    )
    proxy = next(each for each in PROXIES if each.name == name)
    program = started(proxy, setup, STATE / "proxy")
    try:
        return [_asked(each, setup) for each in cases]
    finally:
        program.stop()


def _asked(case: str, setup: Setup) -> int | str:
    source, host, path, more = case.split("|")
    line = more.partition("PROXY ")[2]
    head = f"PROXY TCP4 {line} 20.50.60.70 40000 80\r\n" if line else ""
    forwarded = f"X-Forwarded-For: {more}\r\n" if more and not line else ""
    request = f"{head}GET {path} HTTP/1.1\r\nHost: {host}\r\n{forwarded}Connection: close\r\n\r\n"
    if ":" in source:
        run("ip", "-6", "address", "replace", f"{source}/128", "dev", "lo", "nodad")
    destination = "::1" if ":" in source else "20.50.60.70"
    seen = probe_all(Batch([Probe(source, destination, setup.port, request.encode())], seconds=5))[0]
    return int(seen.answer.split()[1]) if seen.effect == "answered" else seen.effect


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
