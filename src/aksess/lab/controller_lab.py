"""The real ingress-nginx controller with real nginx, for thousands of questions at one start.

One network holds the API server, the controller, an application and every client: any IPv4 address is local to this
host, so a client may speak from any of them. The application tells the Service that was asked, and the client's
address that the controller handed on.

Objects are written as they are given and read back as they are stored, with the creation times that the API server gave
them: age decides between Ingresses.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from aksess.errors import ApiRefused
from aksess.lab import apiserver, cluster_addresses, ingress_nginx
from aksess.lab.apiserver import ApiServer
from aksess.lab.controller_objects import ApplicationPorts
from aksess.lab.ingress_nginx import IngressNginx
from aksess.lab.namespaces import STATE, every_address_is_local
from aksess.lab.parts import part
from aksess.lab.prober import Batch, Probe, Seen
from aksess.lab.programs import run

__all__ = ["APPLICATION", "ControllerLab"]

APPLICATION: Final = ApplicationPorts(plain=18080, tls=18443)
_HOST: Final = "10.224.0.4"
_CLASSES: Final = "/apis/networking.k8s.io/v1/ingressclasses"
_KINDS: Final = (
    "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    "/api/v1/namespaces/{}/services",
    "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "/api/v1/namespaces/{}/secrets",
    "/api/v1/namespaces/{}/configmaps",
)

_WRITTEN: Final = ("name", "namespace", "labels", "annotations")
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, as files."""

    file: Path
    key_file: Path

    def data(self) -> dict[str, str]:
        """The data of a Secret of type ``kubernetes.io/tls``."""
        named = {"tls.crt": self.file, "tls.key": self.key_file}
        return {name: base64.b64encode(file.read_bytes()).decode() for name, file in named.items()}


@dataclass
class ControllerLab:
    """An API server, a controller and an application."""

    api: ApiServer
    _prober: subprocess.Popen[bytes] = field(repr=False)
    _certificate: Certificate = field(repr=False)
    _controller: IngressNginx | None = field(default=None, repr=False)
    _ipv6: set[str] = field(default_factory=set, repr=False)
    _namespaces: set[str] = field(default_factory=set, repr=False)

    @classmethod
    def build(cls) -> ControllerLab:
        """Start everything but the controller; must run inside the namespaces of a lab.

        Raises:
            PartMissing: A part is not here.
            ProgramFailed: A part did not start.
        """
        run("ip", "address", "add", f"{_HOST}/32", "dev", "lo")
        api = apiserver.start(STATE / "api", _HOST)
        every_address_is_local()
        ingress_nginx.lay_out()
        certificate = _self_signed(STATE)
        _application(STATE / "application", certificate)
        prober = subprocess.Popen(
            [sys.executable, "-m", "aksess.lab.prober"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return cls(api, prober, certificate)

    def load(self, objects: Sequence[Object], arguments: Sequence[str], namespace: str) -> list[Object]:
        """Replace everything that the controller serves, start it anew, and wait until nginx does what it says.

        A controller that has seen other objects before may keep something of them: seldom, one of two hundred
        Ingresses that were replaced under their names was not served any more.

        Args:
            objects: What it reads; Ingresses in the order of their age.
            arguments: Its command line arguments.
            namespace: Its own namespace.

        Returns:
            The objects as they are stored; what the API server refused is left out.
        """
        if self._controller is not None:
            self._controller.stop()
        self._clear()
        for name in {namespace, *(each["metadata"].get("namespace", "") for each in objects)} - {"", "default"}:
            self._make_namespace(name)
        others = [each for each in objects if each["kind"] != "Ingress"]
        with ThreadPoolExecutor(4) as pool:
            stored = [each for each in pool.map(self._create, others) if each is not None]
        for generation in _generations([each for each in objects if each["kind"] == "Ingress"]):
            stored += [made for each in generation if (made := self._create(each)) is not None]
        run(*part("nft").command, "-f", "-", text=cluster_addresses.rules(stored))
        flags = ["--default-server-port=8181", *arguments]
        self._controller = ingress_nginx.start(self.api, flags, namespace=namespace)
        return stored

    def probe(self, probes: Sequence[Probe], *, at_once: int, seconds: float) -> list[Seen]:
        """What becomes of probes; IPv6 clients are given to this host when they first come."""
        new = {each.source for each in probes if ":" in each.source} - self._ipv6
        if new:
            lines = "\n".join(f"address add {each}/128 dev lo nodad" for each in sorted(new))
            run("ip", "-6", "-batch", "-", text=lines + "\n")
            self._ipv6 |= new
        if self._prober.stdin is None or self._prober.stdout is None:
            raise ValueError("a prober without pipes")
        self._prober.stdin.write(msgspec.json.encode(Batch(list(probes), at_once, seconds)) + b"\n")
        self._prober.stdin.flush()
        return msgspec.json.decode(self._prober.stdout.readline(), type=list[Seen])

    def _clear(self) -> None:
        for namespace in {*self._namespaces, "default"}:
            for path in _KINDS:
                self.api.request("DELETE", path.format(namespace))
        self.api.request("DELETE", _CLASSES)

    def _make_namespace(self, name: str) -> None:
        if name not in self._namespaces:
            with suppress(ApiRefused):
                self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            self._namespaces.add(name)

    def _create(self, value: Object) -> Object | None:
        # what is read back from an API server says things that only a server may say
        body = {**value, "metadata": {key: each for key, each in value["metadata"].items() if key in _WRITTEN}}
        if body["kind"] == "Secret":
            if body.get("type") == "kubernetes.io/tls":
                body["data"] = self._certificate.data()
            else:
                body["data"] = {"auth": base64.b64encode(b"lab:{PLAIN}lab\n").decode()}
        try:
            return {"apiVersion": body["apiVersion"], "kind": body["kind"], **self.api.create(body)}
        except ApiRefused:
            return None


def _generations(ingresses: Sequence[Object]) -> Iterator[list[Object]]:
    """Ingresses in groups, each made in a second of its own: those that share a host and are not of the same age."""
    group: list[Object] = []
    ages: dict[str, str] = {}
    for each in ingresses:
        age = each["metadata"].get("creationTimestamp") or ""
        hosts = {rule.get("host") or "" for rule in each["spec"].get("rules") or ()} or {""}
        if any(ages.get(host, age) != age for host in hosts):
            yield group
            time.sleep(1 - time.time() % 1)
            group, ages = [], {}
        group.append(each)
        ages |= dict.fromkeys(hosts, age)
    yield group


def _application(folder: Path, certificate: Certificate) -> None:
    """An nginx of its own that answers at every pod address."""
    folder.mkdir(parents=True)
    told = (
        'add_header X-Reached "$server_addr" always; add_header X-Judged "$http_x_real_ip" always; '
        'add_header X-Code "$http_x_code" always;'
    )
    configuration = folder / "nginx.conf"
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    configuration.write_text(
        f"user root; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log crit;\n"
        "events { worker_connections 16384; }\n"
        f"http {{ access_log off; {paths} keepalive_requests 1000000;\n"
        f"ssl_certificate {certificate.file}; ssl_certificate_key {certificate.key_file};\n"
        f"server {{ listen {APPLICATION.plain}; listen {APPLICATION.tls} ssl http2; {told} "
        "location / { return 200; } } }\n"
    )
    run(*part("nginx").command, "-c", str(configuration), "-e", str(folder / "error.log"))


def _self_signed(folder: Path) -> Certificate:
    """A certificate for every host of a bench."""
    made = Certificate(folder / "bench.crt", folder / "bench.key")
    subject = ("-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:*.example.com,DNS:example.com")
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"),
        *("-keyout", str(made.key_file), "-out", str(made.file), *subject),
    )
    return made
