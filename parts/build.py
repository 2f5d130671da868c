#!/usr/bin/env python3
"""Builds the real parts that aksess is proved against, from published modules and packages.

    python parts/build.py            what the lab needs: Kubernetes, ingress-nginx, proxies, Debian packages
    python parts/build.py --export   what the checks of exported files need: Helm, Kustomize, OpenTofu
    python parts/build.py --list     what there is, and what is missing
    python parts/build.py --only kube sndbuf

Each part lies in a folder of its own, named by its version and a digest of everything that it is made from (its
sources, its pins, its entry in parts.toml, the machine type), in the folder that AKSESS_PARTS names or else in
$XDG_CACHE_HOME/aksess/parts. A folder that is there is complete: parts are built aside and renamed. Beside the folders
of a part the link `current` leads to the one that was asked for last; there `aksess.lab.parts` looks for it.

Needs nothing but Python 3.11, and Go for Go modules, a C compiler for C, apt for Debian packages. Modules come from
where GOPROXY says, wheels from where pip is set to look; both are checked against the hashes in this repository.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
GO_BUILD = ("-p", "2", "-trimpath", "-buildvcs=false", "-mod=readonly")
CC_SHARED = ("-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror")
APT_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")
DEBIAN = "debian"
TOOLS = {"go": " (Go 1.26 or newer: https://go.dev/dl)", "cc": " (a C compiler: apt-get install gcc libc6-dev)"}


class CannotBuild(Exception):
    """A part that cannot be built here, with the reason and what to do."""


@dataclass(frozen=True)
class Recipe:
    """One part as parts.toml describes it; the words are explained there."""

    name: str
    about: str
    program: str
    export: bool = False
    go: str = ""
    c: str = ""
    wheel: str = ""
    takes: str = ""
    builds: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    fetches: dict[str, str] = field(default_factory=dict)
    version_of: str = ""

    @classmethod
    def of(cls, name: str, entry: dict[str, Any]) -> Recipe:
        """The recipe of one table of parts.toml."""
        return cls(name=name, **{key.replace("-", "_"): value for key, value in entry.items()})

    @property
    def source(self) -> Path:
        """The folder that holds the part's sources and pins."""
        return HERE / (self.go or self.wheel or Path(self.c).parent)

    @property
    def version(self) -> str:
        """The version that is pinned, without a leading v."""
        if self.go:
            pin = re.compile(rf"^(?:require )?\s*{re.escape(self.version_of)} v(\S+)", re.MULTILINE)
            pinned = pin.search((self.source / "go.mod").read_text())
        elif self.wheel:
            pinned = re.search(r"==(\S+)", (self.source / "requirements.txt").read_text())
        else:
            return "own"
        if pinned is None:
            raise CannotBuild(f"{self.source} pins no version of {self.version_of or self.wheel}")
        return pinned[1]

    @property
    def digest(self) -> str:
        """Twelve digits that change with everything that the part is made from."""
        made = {key: value for key, value in asdict(self).items() if key != "about"}
        total = hashlib.sha256(repr((GO_BUILD, CC_SHARED, platform.machine(), made)).encode())
        for path in sorted(each for each in self.source.rglob("*") if each.is_file()):
            total.update(f"{path.relative_to(self.source)}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
        return total.hexdigest()[:12]

    @property
    def folder(self) -> Path:
        """Where the part lies once it is built."""
        return cache() / self.name / f"{self.version}-{self.digest}"


def cache() -> Path:
    """The folder of all parts."""
    named = os.environ.get("AKSESS_PARTS")
    if named:
        return Path(named).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aksess" / "parts"


def load() -> tuple[list[Recipe], dict[str, str]]:
    """The recipes and the Debian packages of parts.toml."""
    tables = tomllib.loads((HERE / "parts.toml").read_text())
    packages = tables.pop(DEBIAN)
    return [Recipe.of(name, entry) for name, entry in tables.items()], packages


def run(*command: str | Path, **environment: str) -> str:
    """Run a command to its end and return what it printed; what it said is in the error where it fails."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        wanted = TOOLS.get(str(command[0]), "")
        raise CannotBuild(f"{command[0]} cannot be run: {error.strerror}{wanted}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise CannotBuild("\n    ".join([f"{' '.join(map(str, command[:3]))} … failed:", *said[-15:]]))
    return done.stdout


def build_go(recipe: Recipe, into: Path) -> None:
    """Build the programs of a Go module and take along the folders that they need."""
    major, minor, *_ = (*recipe.version.split("."), "")
    known = {"version": recipe.version, "major": major, "minor": minor}
    settings = [f"-X {name}={value.format(**known)}" for name, value in recipe.variables.items()]
    linker = " ".join(["-s", "-w", *settings])
    go = ("go", "build", "-C", recipe.source, *GO_BUILD, f"-ldflags={linker}")
    for program, package in recipe.builds.items():
        run(*go, "-o", into / program, package, CGO_ENABLED="0", GOWORK="off")
    for folder, name in recipe.copies.items():
        shutil.copytree(recipe.source / folder, into / name)
    if recipe.fetches:
        listed = run("go", "list", "-C", recipe.source, "-mod=readonly", "-m", "-json", recipe.version_of, GOWORK="off")
        module = Path(json.loads(listed)["Dir"])
        for folder, name in recipe.fetches.items():
            shutil.copytree(module / folder, into / name, copy_function=shutil.copyfile)
            make_writable(into / name)


def make_writable(folder: Path) -> None:
    """The module cache is read-only, and so is a copy of its folders until somebody says otherwise."""
    for each in (folder, *folder.rglob("*")):
        if each.is_dir():
            each.chmod(0o755)


def build_c(recipe: Recipe, into: Path) -> None:
    """Compile a C library."""
    run("cc", *CC_SHARED, "-o", into / recipe.program, HERE / recipe.c, "-ldl")


def build_wheel(recipe: Recipe, into: Path) -> None:
    """Install a package into a virtual environment, take its program out of it and throw the rest away."""
    with tempfile.TemporaryDirectory(dir=into.parent) as name:
        environment = Path(name)
        run(sys.executable, "-m", "venv", environment)
        pip = (environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        pinned = ("--require-hashes", "--no-deps", "--only-binary=:all:", "-r", recipe.source / "requirements.txt")
        run(*pip, *pinned)
        found = glob.glob(recipe.takes, root_dir=environment)
        if len(found) != 1:
            raise CannotBuild(f"{recipe.takes} is not in the package: {found or 'nothing'}")
        shutil.copy2(environment / found[0], into / recipe.program)
        (into / recipe.program).chmod(0o755)


@contextlib.contextmanager
def aside() -> Iterator[Path]:
    """An empty folder in the cache, on the same file system as the finished parts; gone afterwards."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=cache(), ignore_cleanup_errors=True) as name:
        folder = Path(name) / "part"
        folder.mkdir()
        yield folder


def ensure(recipe: Recipe) -> str:
    """Build a part unless it is there, and let `current` lead to it.

    Returns:
        ``built`` or ``cached``.

    Raises:
        CannotBuild: With the reason.
    """
    there = recipe.folder.is_dir()
    if not there:
        with aside() as folder:
            build = build_go if recipe.go else build_wheel if recipe.wheel else build_c
            build(recipe, folder)
            about = {"name": recipe.name, "version": recipe.version, "program": recipe.program}
            (folder / "part.json").write_text(json.dumps(about, indent=2) + "\n")
            recipe.folder.parent.mkdir(exist_ok=True)
            try:
                folder.rename(recipe.folder)
            except OSError:
                if not recipe.folder.is_dir():  # somebody else was faster: theirs is the same
                    raise
    point(recipe.folder.parent / "current", recipe.folder.name)
    return "cached" if there else "built"


def point(link: Path, target: str) -> None:
    """Make a symbolic link lead somewhere, in one step for those who look."""
    if link.is_symlink() and str(link.readlink()) == target:
        return
    fresh = link.with_name(f".current-{os.getpid()}")
    fresh.symlink_to(target)
    fresh.replace(link)


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file() and not each.is_symlink())


def missing_packages(packages: dict[str, str]) -> list[str]:
    """The Debian packages of which nothing can be found here."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return [
        package
        for package, sign in packages.items()
        if not (glob.glob(sign) if sign.startswith("/") else shutil.which(sign, path=places))
    ]


def ensure_packages(packages: dict[str, str]) -> str:
    """Install the Debian packages that are missing.

    Returns:
        ``installed`` or ``there``.

    Raises:
        CannotBuild: Without the right to install, or without apt; names the command.
    """
    missing = missing_packages(packages)
    if not missing:
        return "there"
    if os.geteuid() != 0 or not shutil.which(APT_INSTALL[0]):
        raise CannotBuild(f"packages are missing; install them with: sudo {' '.join([*APT_INSTALL, *missing])}")
    run(APT_INSTALL[0], "update", "-q", DEBIAN_FRONTEND="noninteractive")
    run(*APT_INSTALL, "-q", *missing, DEBIAN_FRONTEND="noninteractive")
    still = missing_packages(packages)
    if still:
        raise CannotBuild(f"packages were installed and brought nothing of what was expected: {' '.join(still)}")
    return "installed"


def say(name: str, *rest: str) -> None:
    """Print one line of the table."""
    print(f"{name:<14}", *rest, flush=True)  # noqa: T201


def show(recipes: Sequence[Recipe], packages: dict[str, str]) -> None:
    """List every part and where it is."""
    for recipe in recipes:
        place = str(recipe.folder) if recipe.folder.is_dir() else "not built"
        say(recipe.name, f"{recipe.version:<40}", f"{'export' if recipe.export else 'lab':<7}", place)
    missing = missing_packages(packages)
    say(
        DEBIAN,
        f"{f'{len(packages)} packages':<40}",
        f"{'lab':<7}",
        f"missing: {' '.join(missing)}" if missing else "there",
    )


def make(recipes: Sequence[Recipe], packages: dict[str, str]) -> bool:
    """Build and install; one line a part.

    Returns:
        Whether everything is there now.
    """
    complete = True
    for recipe in recipes:
        started = time.monotonic()
        try:
            state = ensure(recipe)
        except CannotBuild as reason:
            say(recipe.name, f"{recipe.version:<40}", "FAILED", f"\n    {reason}")
            complete = False
            continue
        seconds, megabytes = time.monotonic() - started, size_of(recipe.folder) / 1e6
        say(recipe.name, f"{recipe.version:<40}", f"{state:<9}", f"{seconds:6.1f} s", f"{megabytes:7.1f} MB")
    if packages:
        started = time.monotonic()
        try:
            state = ensure_packages(packages)
        except CannotBuild as reason:
            say(DEBIAN, f"{f'{len(packages)} packages':<40}", "FAILED", f"\n    {reason}")
            return False
        say(DEBIAN, f"{f'{len(packages)} packages':<40}", f"{state:<9}", f"{time.monotonic() - started:6.1f} s")
    return complete


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 if everything asked for is there at the end, else 1."""
    parser = argparse.ArgumentParser(description="Build the real parts that aksess is proved against.")
    parser.add_argument("--list", action="store_true", help="say what there is, build nothing")
    parser.add_argument(
        "--export", action="store_true", help="the tools that check exported files, instead of the lab's"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these parts alone")
    asked = parser.parse_args(arguments)
    if sys.platform != "linux":
        parser.error("the parts are built from Linux namespaces, nftables and nginx: Linux only")
    recipes, packages = load()
    if asked.list:
        show(recipes, packages)
        return 0
    wanted = asked.only or [each.name for each in recipes if each.export == asked.export] + [DEBIAN] * (
        not asked.export
    )
    unknown = set(wanted) - {each.name for each in recipes} - {DEBIAN}
    if unknown:
        parser.error(f"no such part: {' '.join(sorted(unknown))}")
    os.nice(15)
    chosen = [each for each in recipes if each.name in wanted]
    return 0 if make(chosen, packages if DEBIAN in wanted else {}) else 1


if __name__ == "__main__":
    sys.exit(main())
