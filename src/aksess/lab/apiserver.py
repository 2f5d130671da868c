"""The real Kubernetes API server, with an etcd of its own, for the time of one lab.

It validates, defaults and stores objects exactly as a cluster does; nothing runs in it: no scheduler, no kubelet, no
controllers, unless a lab starts them. Service accounts are not enforced (their admission plugin is off), so a Pod can
be written by hand. Callers are known by tokens that are drawn anew for each lab.

Source of the flags: kubernetes.io, Reference, kube-apiserver.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aksess.errors import ApiRefused
from aksess.lab.parts import Part, part
from aksess.lab.programs import Program, run

__all__ = ["ADMIN", "KUBE_PROXY", "ApiServer", "start"]

ADMIN: Final = "admin"
KUBE_PROXY: Final = "system:kube-proxy"
_GROUPS = {ADMIN: "system:masters", KUBE_PROXY: ""}  # the built-in role binding names the user of kube-proxy
_PORT: Final = 6443
_ETCD_PORT: Final = 2379
_SERVED_AS: Final = "localhost"

Manifest = Mapping[str, Any]


@dataclass(slots=True)
class ApiServer:
    """An API server that answers.

    Attributes:
        folder: Where it keeps its data, certificate and kubeconfig files.
        address: An address of this host by which it is reached.
    """

    folder: Path
    address: str
    _tokens: dict[str, str] = field(repr=False)
    _programs: tuple[Program, ...] = field(repr=False)
    _places: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict, repr=False)
    _kept: threading.local = field(default_factory=threading.local, repr=False)

    @property
    def version(self) -> str:
        """Its version, as ``v1.36.3``."""
        return str(self.request("GET", "/version")["gitVersion"])

    def request(self, method: str, path: str, body: Manifest | None = None) -> Any:
        """Make one request as administrator.

        Args:
            method: HTTP method; PATCH sends a JSON merge patch.
            path: Path and query.
            body: An object, sent as JSON.

        Returns:
            The JSON value of the answer, or its text where it is none.

        Raises:
            ApiRefused: It answered with an error.
        """
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {self._tokens[ADMIN]}", "Content-Type": kind}
        connection = self._connection()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            reply = connection.getresponse()
            text = reply.read().decode()
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request opens it again
            raise
        answer: Any = json.loads(text) if text.startswith("{") else text
        if reply.status >= http.client.BAD_REQUEST:
            what = answer.get("message", text) if isinstance(answer, dict) else text
            raise ApiRefused(reply.status, what, where=f"{method} {path}")
        return answer

    def create(self, manifest: Manifest) -> Any:
        """Create an object, and write its status where the manifest has one.

        Returns:
            The object as it is stored.

        Raises:
            ApiRefused: The server does not accept it.
        """
        stored = self.request("POST", self.place(manifest), manifest)
        if "status" in manifest:
            path = f"{self.place(manifest)}/{stored['metadata']['name']}/status"
            stored = self.request("PATCH", path, {"status": manifest["status"]})
        return stored

    def place(self, manifest: Manifest) -> str:
        """The path of the collection that an object belongs to."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._places:
            for each in self.request("GET", root)["resources"]:
                if "/" not in each["name"]:
                    self._places[version, each["kind"]] = (each["name"], each["namespaced"])
        plural, namespaced = self._places[version, kind]
        if not namespaced:
            return f"{root}/{plural}"
        return f"{root}/namespaces/{manifest['metadata'].get('namespace', 'default')}/{plural}"

    def kubectl(self, *words: str, text: str = "") -> str:
        """Run kubectl as administrator and return what it prints.

        Raises:
            ProgramFailed: It ended with an error.
        """
        return run(*part("kubectl").command, f"--kubeconfig={self.kubeconfig()}", *words, text=text)

    def kubeconfig(self, user: str = ADMIN, address: str = "") -> Path:
        """Write a kubeconfig file.

        Args:
            user: `ADMIN` or `KUBE_PROXY`.
            address: The address of this host to connect to, where that is another one than `address`.
        """
        cluster = {
            "server": f"https://{address or self.address}:{_PORT}",
            "certificate-authority": str(self._certificate),
            "tls-server-name": _SERVED_AS,
        }
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self._tokens[user]}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
            "current-context": "lab",
        }
        file = self.folder / f"kubeconfig-{user.replace(':', '-')}-{address or 'here'}"
        file.write_text(json.dumps(config))
        return file

    def stop(self) -> None:
        """End it, and its etcd."""
        for program in self._programs:
            program.stop()

    def _connection(self) -> http.client.HTTPSConnection:
        """The connection of this thread, kept open: a lab writes a thousand objects."""
        if not hasattr(self._kept, "connection"):
            trust = ssl.create_default_context(cafile=str(self._certificate))
            self._kept.connection = http.client.HTTPSConnection(self.address, _PORT, context=trust, timeout=30)
        connection: http.client.HTTPSConnection = self._kept.connection
        return connection

    @property
    def _certificate(self) -> Path:
        return self.folder / "certificates" / "apiserver.crt"

    def _is_ready(self) -> bool:
        try:
            return bool(self.request("GET", "/readyz") == "ok")
        except (ApiRefused, OSError):
            return False


def start(
    folder: Path,
    address: str,
    services: str = "10.0.0.0/16,fd00:10::/112",
) -> ApiServer:
    """Start an API server and wait until it answers.

    Args:
        folder: A folder for all that it keeps; it is made.
        address: A unicast address of this host, not a loopback one; it listens on all addresses.
        services: The CIDRs of cluster addresses.

    Raises:
        PartMissing: kube-apiserver is not here.
        ProgramFailed: It did not get ready.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokens = {user: secrets.token_hex(16) for user in _GROUPS}
    tokens_file = folder / "tokens.csv"
    tokens_file.touch(mode=0o600)
    tokens_file.write_text("".join(f"{tokens[user]},{user},{user},{group}\n" for user, group in _GROUPS.items()))
    certificates = folder / "certificates"
    server = part("kube-apiserver")
    programs, storage = _storage(server, folder)
    command = [
        *server.command,
        *storage,
        "--bind-address=0.0.0.0",
        f"--advertise-address={address}",
        f"--secure-port={_PORT}",
        f"--cert-dir={certificates}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={tokens_file}",
        f"--service-cluster-ip-range={services}",
        # The server draws its own TLS key when it starts; that key may as well sign the tokens of service accounts.
        f"--service-account-key-file={certificates / 'apiserver.key'}",
        f"--service-account-signing-key-file={certificates / 'apiserver.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--disable-admission-plugins=ServiceAccount",
    ]
    program = Program("kube-apiserver", command, folder / "apiserver.log")
    api = ApiServer(folder, address, tokens, (program, *programs))
    program.wait(api._is_ready, seconds=90)
    return api


def _storage(server: Part, folder: Path) -> tuple[tuple[Program, ...], tuple[str, ...]]:
    """The etcd of a server: inside it where it is our own build, else beside it."""
    if server.words:
        return (), (f"--etcd-data-dir={folder / 'etcd'}",)
    clients = f"http://127.0.0.1:{_ETCD_PORT}"
    command = [
        *part("etcd").command,
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--unsafe-no-fsync=true",
        "--log-level=error",
    ]
    return (Program("etcd", command, folder / "etcd.log"),), (f"--etcd-servers={clients}",)
