"""A world of its own for a lab: user, network, mount and process namespaces that need no rights and leave nothing.

Whoever enters is root there and nobody special outside: it can make network interfaces, load packet filters and mount
file systems that only the lab sees. There is no way out of its network. When the command that entered ends, the kernel
ends every process of the lab and takes back all it made.

Source: Linux manual pages user_namespaces(7), network_namespaces(7), unshare(1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from aksess.lab.parts import part
from aksess.lab.programs import run

__all__ = ["STATE", "entering", "every_address_is_local", "writable_copy"]

STATE = Path("/run")
"""The folder for everything that a lab writes: a file system in memory that only the lab has."""

_ENTER = (
    *("--user", "--map-root-user", "--net", "--mount", "--pid", "--fork"),
    *("--mount-proc", "--kill-child"),
)
_SET_UP = f'mount -t tmpfs tmpfs {STATE} && ip link set lo up && exec "$@"'


def entering(command: Sequence[str]) -> list[str]:
    """The command line that runs a command in namespaces of its own, with the loopback interface up.

    Raises:
        PartMissing: Without unshare or ip.
    """
    part("ip")
    return [*part("unshare").command, *_ENTER, "--", "sh", "-c", _SET_UP, "lab", *command]


def every_address_is_local(prefixes: Iterable[str] = ("0.0.0.0/0",)) -> None:
    """Make every IPv4 address of the prefixes usable on this host: as client, as pod and as frontend.

    IPv6 knows the like for receiving only; there an address that sends must be added to an interface.
    """
    for prefix in prefixes:
        run("ip", "route", "add", "local", prefix, "dev", "lo")


def writable_copy(folder: Path) -> None:
    """Lay a copy in memory over a folder: what the lab writes there, nobody else sees.

    What belongs to others stays as it is; new entries can be made at the top of the folder.
    Source: Linux kernel documentation, Overlay Filesystem.
    """
    layers = STATE / "overlays" / folder.name
    upper, work = layers / "upper", layers / "work"
    for each in (upper, work):
        each.mkdir(parents=True)
    options = f"lowerdir={folder},upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "overlay", "-o", options, str(folder))
