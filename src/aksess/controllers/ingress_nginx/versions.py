"""Releases of ingress-nginx, as far as a release changed who gets in.

The version is read from the image tag. A tag that does not tell it (a digest, ``latest``) counts as the newest
release; what was decided by that is said with `assumed_newest`.

Source: kubernetes/ingress-nginx changelog/controller-*.md, by pull request: 8795 (denylist), 9673 and 10393 (1.9.0),
11819 and 10651 (1.12.0), 12768 (1.13.0), 14555 and 14664 (1.13.8, 1.14.4, 1.15.0).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from aksess.rulings import Assumption

__all__ = ["NEWEST", "Release", "Version", "assumed_newest", "version_of"]

_TAG = re.compile(r":v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+_@].*)?$")


class Version(NamedTuple):
    """A release number."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


NEWEST = Version(1, 15, 1)
"""The last release there is (2026-03-19); the project is retired."""


def version_of(image: str) -> Version | None:
    """The version in an image name (``registry/ingress-nginx/controller:v1.13.9@sha256:…``), None if it holds none."""
    found = _TAG.search(image.partition("@")[0])
    return Version(*(int(part) for part in found.groups())) if found else None


def assumed_newest(what: str) -> Assumption:
    """The assumption behind an answer that depends on a version that the input does not tell."""
    return Assumption(
        "controller-defaults", f"the version of the ingress-nginx controller is not known, taken for {NEWEST}: {what}"
    )


@dataclass(frozen=True, slots=True)
class Release:
    """What one release does.

    Attributes:
        version: The version, or None where it is not known; every answer is then that of the newest.
    """

    version: Version | None

    @property
    def _number(self) -> Version:
        return self.version or NEWEST

    @property
    def reads_deny_list(self) -> bool:
        """Whether ``denylist-source-range`` is read at all."""
        return self._number >= (1, 6, 4)

    @property
    def reads_allow_list_key(self) -> bool:
        """Whether ``allowlist-source-range`` is read; before, ``whitelist-source-range`` was the only key."""
        return self._number >= (1, 9, 0)

    @property
    def judges_risk(self) -> bool:
        """Whether annotations have risk levels."""
        return self._number >= (1, 9, 0)

    @property
    def allows_snippets(self) -> bool:
        """Default of ``allow-snippet-annotations``."""
        return self._number < (1, 9, 0)

    @property
    def secure_defaults(self) -> bool:
        """Whether validation is on, the risk level High and other namespaces are shut by default."""
        return self._number >= (1, 12, 0)

    @property
    def temporal_redirect_code(self) -> bool:
        """Whether ``temporal-redirect-code`` is read."""
        return self._number >= (1, 12, 0)

    @property
    def joins_proxy_line_and_header(self) -> bool:
        """Whether the header counts after a trusted PROXY line, where both are on."""
        return self._number >= (1, 13, 0)

    @property
    def aliases_have_risk(self) -> bool:
        """Whether the risk of an annotation is also that of its aliases."""
        return self._late_fixes

    @property
    def passthrough_of_any(self) -> bool:
        """Whether any Ingress of a host turns TLS passthrough on; before, only the one that made the host."""
        return self._late_fixes

    @property
    def _late_fixes(self) -> bool:
        number = self._number
        return number >= (1, 15, 0) or (1, 14, 4) <= number < (1, 15, 0) or (1, 13, 8) <= number < (1, 14, 0)
