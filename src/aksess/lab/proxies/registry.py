"""Every proxy: one line each."""

from __future__ import annotations

from typing import Final

from aksess.lab.proxies.envoy import Envoy
from aksess.lab.proxies.haproxy import HAProxy
from aksess.lab.proxies.interface import ListProxy
from aksess.lab.proxies.traefik import Traefik

__all__ = ["PROXIES"]

PROXIES: Final[tuple[ListProxy, ...]] = (HAProxy(), Envoy(), Traefik())
