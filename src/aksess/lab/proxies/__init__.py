"""Real HAProxy, Envoy and Traefik with their own lists, behind one seam: the ground of controllers that come later.

Each is configured by hand with the mechanism that its Kubernetes controllers use. What one cannot say it refuses.
"""

from __future__ import annotations

from aksess.lab.proxies.interface import ListProxy, Setup, Site, started
from aksess.lab.proxies.registry import PROXIES

__all__ = ["PROXIES", "ListProxy", "Setup", "Site", "started"]
