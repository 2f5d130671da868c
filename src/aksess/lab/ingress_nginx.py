"""The real ingress-nginx controller, with the nginx of the distribution behind it.

The controller reads an API server, writes ``/etc/nginx/nginx.conf`` with its own template and runs nginx through a
small program that ``parts/ingress-nginx`` builds (it says what that changes: nothing that decides about access). Paths
are built into the controller and its image, so `lay_out` puts the files of the image where they are expected; the lab
alone sees them.

A controller is settled some time after it says that it is: configuration is reloaded at its own pace, and the workers
of nginx fetch the endpoints of Services once a second. Until then every location answers 503.

Source: kubernetes/ingress-nginx internal/ingress/controller (nginx.go, util.go), internal/nginx/main.go, rootfs;
docs/user-guide/cli-arguments.md.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aksess.errors import ApiRefused
from aksess.lab.apiserver import ApiServer
from aksess.lab.namespaces import writable_copy
from aksess.lab.parts import part
from aksess.lab.programs import Program, run

__all__ = ["IngressNginx", "lay_out", "start"]

_CONFIGURATION: Final = Path("/etc/nginx/nginx.conf")
_PID: Final = Path("/tmp/nginx/nginx.pid")
_MODULES: Final = Path("/usr/lib/nginx/modules")
_HEALTH_PORT: Final = 10254
_POD: Final = "controller"
_QUIET: Final = 1.5
_ENDPOINTS_FETCHED: Final = 1.3
_NO_NEWS: Final = re.compile(r"healthz|failed: ")
_FLAGS: Final = (
    "--update-status=false",
    "--disable-leader-election",
    "--sync-rate-limit=50",
    "--shutdown-grace-period=0",
    "--post-shutdown-grace-period=0",
    "--enable-metrics=false",
)


@dataclass(frozen=True, slots=True)
class IngressNginx:
    """A controller that runs.

    Attributes:
        program: Its process and what it says.
    """

    program: Program

    def settle(self, seconds: float = 30) -> None:
        """Wait until what the API server holds is what nginx does: healthy, quiet, and endpoints fetched.

        Raises:
            ProgramFailed: The controller died or found no rest.
        """
        self.program.wait(self._is_quiet, seconds)
        time.sleep(_ENDPOINTS_FETCHED)

    def configuration(self) -> str:
        """What the controller wrote for nginx, as it wrote it."""
        return _CONFIGURATION.read_text()

    def stop(self) -> None:
        """End its nginx at once, which else waits for its connections, and the controller."""
        with suppress(OSError, ValueError):
            os.kill(int(_PID.read_text()), signal.SIGTERM)
        self.program.stop()

    def _is_quiet(self) -> bool:
        before = self._news()
        if not _is_healthy():
            return False
        time.sleep(_QUIET)
        return self._news() == before and _is_healthy()

    def _news(self) -> int:
        """How many lines it said that are not about its own health."""
        said = self.program.log.read_text(errors="replace")
        return sum(1 for line in said.splitlines() if not _NO_NEWS.search(line))


def _is_healthy() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", _HEALTH_PORT, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def lay_out() -> None:
    """Put the files of the controller's image where it looks for them, for this lab alone.

    Raises:
        PartMissing: The controller, nginx or its Lua module is not here.
        ProgramFailed: A file system could not be mounted.
    """
    files = part("ingress-nginx").folder / "files"
    for needed in ("nginx", "nginx-lua"):
        part(needed)
    packaged = {file.name: file.read_bytes() for file in _CONFIGURATION.parent.iterdir() if file.is_file()}
    for folder in ("/etc", "/tmp"):
        writable_copy(Path(folder))
    for folder in ("/etc/nginx", "/var/lib/nginx", "/var/log/nginx"):
        run("mount", "-t", "tmpfs", "tmpfs", folder)
    for name, content in packaged.items():
        (_CONFIGURATION.parent / name).write_bytes(content)
    shutil.copyfile(files / "nginx.conf", _CONFIGURATION)
    for name, target in (("lua", files / "lua"), ("template", files / "template"), ("modules", _MODULES)):
        (_CONFIGURATION.parent / name).symlink_to(target)
    for name in ("auth", "geoip", "ssl", "telemetry"):
        Path("/etc/ingress-controller", name).mkdir(parents=True)
    for name in ("client-body", "fastcgi-temp", "proxy-temp", "scgi-temp", "uwsgi-temp"):
        Path("/tmp/nginx", name).mkdir(parents=True)


def start(
    api: ApiServer,
    arguments: Sequence[str] = (),
    *,
    namespace: str = "ingress-nginx",
    stream_backend: str = "",
) -> IngressNginx:
    """Start the controller and wait until it is settled.

    Args:
        api: The API server; it must hold the controller's Namespace.
        arguments: Command line arguments of the workload, besides those that a lab needs.
        namespace: The controller's own Namespace.
        stream_backend: ``ADDRESS:PORT`` where every TCP and UDP service leads; empty for nowhere.

    Raises:
        PartMissing: The controller is not here.
        ProgramFailed: It did not settle.
    """
    controller = part("ingress-nginx")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _POD, "namespace": namespace},
        "spec": {"containers": [{"name": _POD, "image": _POD}]},
    }
    try:
        api.create(pod)
    except ApiRefused as refused:
        if refused.status != http.client.CONFLICT:  # there from an earlier start
            raise
    shutil.copyfile(controller.folder / "files" / "nginx.conf", _CONFIGURATION)
    environment = {
        "POD_NAME": _POD,
        "POD_NAMESPACE": namespace,
        "NGINX_BINARY": str(controller.folder / "nginx"),
        "STREAM_BACKEND": stream_backend,
    }
    command = [*controller.command, f"--kubeconfig={api.kubeconfig()}", *_FLAGS, *arguments]
    started = IngressNginx(Program("ingress-nginx", command, api.folder / "ingress-nginx.log", environment))
    started.settle()
    return started
