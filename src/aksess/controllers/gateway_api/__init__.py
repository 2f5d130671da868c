"""Gateway API: gateways of AKS application routing and of Envoy Gateway, with HTTPRoutes and SecurityPolicies."""

from __future__ import annotations

from aksess.controllers.gateway_api.finding import find

__all__ = ["find"]
