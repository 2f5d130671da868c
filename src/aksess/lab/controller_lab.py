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
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from aksess.lab import apiserver, ingress_nginx
from aksess.lab.apiserver import ApiRefused, ApiServer
from aksess.lab.ingress_nginx import IngressNginx
from aksess.lab.namespaces import STATE, every_address_is_local
from aksess.lab.parts import part
from aksess.lab.prober import Batch, Probe, Seen
from aksess.lab.programs import run

__all__ = ["APPLICATION_PORT", "ControllerLab"]

APPLICATION_PORT: Final = 18080
_HOST: Final = "10.224.0.4"
_NAMESPACE: Final = "bench"
_KINDS: Final = {
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    "Service": "/api/v1/namespaces/{}/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "Secret": "/api/v1/namespaces/{}/secrets",
}
_FIRST: Final = ("Secret", "Service", "EndpointSlice")
"""What others name; Ingresses come last and one after the other, so that their ages are those of the list."""

Object = dict[str, Any]


@dataclass
class ControllerLab:
    """An API server, a controller and an application."""

    api: ApiServer
    _prober: subprocess.Popen[bytes] = field(repr=False)
    _certificate: tuple[str, str] = field(repr=False)
    _controller: IngressNginx | None = field(default=None, repr=False)
    _ipv6: set[str] = field(default_factory=set, repr=False)

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
        for name in ("ingress-nginx", _NAMESPACE):
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        spec = {"controller": "k8s.io/ingress-nginx"}
        named = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}}
        api.create({**named, "spec": spec})
        _application(STATE / "application")
        prober = subprocess.Popen(
            [sys.executable, "-m", "aksess.lab.prober"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return cls(api, prober, _self_signed(STATE))

    def load(self, objects: Sequence[Object], settings: Mapping[str, str], arguments: Sequence[str]) -> list[Object]:
        """Replace everything that the controller serves, start it anew, and wait until nginx does what it says.

        A controller that has seen other objects before may keep something of them: seldom, one of two hundred
        Ingresses that were replaced under their names was not served any more.

        Returns:
            The objects as they are stored; what the API server refused is left out.
        """
        if self._controller is not None:
            self._controller.stop()
        stored = self._store(objects, settings)
        flags = [f"--configmap={_NAMESPACE}/settings", "--default-server-port=8181", *arguments]
        self._controller = ingress_nginx.start(self.api, flags)
        return stored

    def _store(self, objects: Sequence[Object], settings: Mapping[str, str]) -> list[Object]:
        for path in _KINDS.values():
            self.api.request("DELETE", path.format(_NAMESPACE))
        self._configure(settings)
        first = [each for each in objects if each["kind"] in _FIRST]
        with ThreadPoolExecutor(4) as pool:
            stored = [each for each in pool.map(self._create, first) if each is not None]
        stored += [made for each in objects if each["kind"] == "Ingress" and (made := self._create(each)) is not None]
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

    def _create(self, value: Object) -> Object | None:
        body = dict(value)
        if body["kind"] == "Secret":
            certificate, key = self._certificate
            if body["type"] == "kubernetes.io/tls":
                body["data"] = {"tls.crt": certificate, "tls.key": key}
            else:
                body["data"] = {"auth": base64.b64encode(b"lab:{PLAIN}lab\n").decode()}
        try:
            return {"apiVersion": body["apiVersion"], "kind": body["kind"], **self.api.create(body)}
        except ApiRefused:
            return None

    def _configure(self, settings: Mapping[str, str]) -> None:
        path = f"/api/v1/namespaces/{_NAMESPACE}/configmaps"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": dict(settings)}
        with suppress(ApiRefused):
            self.api.request("DELETE", f"{path}/settings")
        self.api.request("POST", path, body)


def _application(folder: Path) -> None:
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
        f"server {{ listen {APPLICATION_PORT}; {told} location / {{ return 200; }} }} }}\n"
    )
    run(*part("nginx").command, "-c", str(configuration), "-e", str(folder / "error.log"))


def _self_signed(folder: Path) -> tuple[str, str]:
    """A certificate for every host of a bench, and its key, in base64."""
    certificate, key = folder / "bench.crt", folder / "bench.key"
    subject = ("-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:*.example.com,DNS:example.com")
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"),
        *("-keyout", str(key), "-out", str(certificate), *subject),
    )
    return base64.b64encode(certificate.read_bytes()).decode(), base64.b64encode(key.read_bytes()).decode()
