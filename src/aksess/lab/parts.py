"""The one place where the lab looks for real programs.

A part comes from one of three places, looked at in this order:

1. ``KUBEBUILDER_ASSETS``, for kube-apiserver, etcd and kubectl, as in the envtest package of controller-runtime;
2. the cache that ``parts/build.py`` fills: ``AKSESS_PARTS``, or ``aksess/parts`` in the user's cache folder;
3. ``PATH``, and the folders of system programs that are not in everybody's.

A part that is nowhere is `PartMissing`, which names the command that gets it.

Source of the first: kubernetes-sigs/controller-runtime pkg/internal/testing/process/bin_path_finder.go.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aksess.errors import PartMissing

__all__ = ["NAMES", "Part", "available", "cache", "part"]

_ASSETS = ("kube-apiserver", "etcd", "kubectl")
_IN_KUBE = {
    "kube-apiserver": "apiserver",
    "kube-proxy": "proxy",
    "kube-controller-manager": "endpoints",
    "kubectl": "kubectl",
    "etcd": "etcd",
}
_BUILT = ("kube", "ingress-nginx", "sndbuf", "traefik", "envoy", "helm", "kustomize", "opentofu", "azurerm")
_ALSO_IN_PATH = {"traefik": "traefik", "envoy": "envoy", "helm": "helm", "kustomize": "kustomize", "opentofu": "tofu"}
_PACKAGED = ("conntrack", "haproxy", "ip", "iptables", "nft", "nginx", "setpriv", "unshare")
_NGINX_LUA = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so")
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"

NAMES = (*_BUILT, *_IN_KUBE, *_PACKAGED, "nginx-lua")
"""Every part that can be asked for."""


@dataclass(frozen=True, slots=True)
class Part:
    """A real program that was found.

    Attributes:
        name: What it was asked for as.
        path: The program, or the library.
        words: What comes first on its command line.
        version: The version that was pinned when it was built; empty where it was found elsewhere.
    """

    name: str
    path: Path
    words: tuple[str, ...] = ()
    version: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        """How its command line begins."""
        return (str(self.path), *self.words)

    @property
    def folder(self) -> Path:
        """The folder that it lies in, with what was built for it."""
        return self.path.parent


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder that ``parts/build.py`` fills."""
    named = environment.get("AKSESS_PARTS")
    if named:
        return Path(named).expanduser().absolute()
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aksess" / "parts"


def part(name: str) -> Part:
    """Find a part.

    Args:
        name: One of `NAMES`.

    Raises:
        PartMissing: It is not here.
        KeyError: There is no such part.
    """
    if name not in NAMES:
        raise KeyError(name)
    for place in (_in_assets, _in_cache, _in_path):
        found = place(name)
        if found is not None:
            return found
    wanted = "kube" if name in _IN_KUBE else name if name in _BUILT else "debian"
    raise PartMissing(f"the part {name} is not here", hint=f"get it with: python parts/build.py --only {wanted}")


def available() -> dict[str, Path | str]:
    """Every part with the path of its program, or with the reason why it cannot be used."""
    found: dict[str, Path | str] = {}
    for name in NAMES:
        try:
            found[name] = part(name).path
        except PartMissing as missing:
            found[name] = str(missing)
    return found


def _in_assets(name: str) -> Part | None:
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if not folder or name not in _ASSETS:
        return None
    program = Path(folder) / name
    return Part(name, program) if os.access(program, os.X_OK) else None


def _in_cache(name: str) -> Part | None:
    folder = cache() / ("kube" if name in _IN_KUBE else name) / "current"
    try:
        about = json.loads((folder / "part.json").read_text())
    except OSError:
        return None
    words = (_IN_KUBE[name],) if name in _IN_KUBE else ()
    return Part(name, folder.resolve() / about["program"], words, about["version"])


def _in_path(name: str) -> Part | None:
    if name == "nginx-lua":
        return Part(name, _NGINX_LUA) if _NGINX_LUA.exists() else None
    program = name if name in _PACKAGED or name in _ASSETS else _ALSO_IN_PATH.get(name)
    places = os.pathsep.join([os.environ.get("PATH", ""), _SYSTEM_FOLDERS])
    found = shutil.which(program, path=places) if program else None
    return Part(name, Path(found)) if found else None
