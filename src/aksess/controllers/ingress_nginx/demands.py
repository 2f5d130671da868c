"""Which credentials a location asks for: those of its Ingress, or those of the global external authentication.

Source: kubernetes/ingress-nginx template/template.go `shouldApplyGlobalAuth`, `isLocationInLocationList`;
rootfs/etc/nginx/template/nginx.tmpl.
"""

from __future__ import annotations

from dataclasses import dataclass

from aksess.controllers.ingress_nginx.locations import Location
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.rulings import Citation

__all__ = ["Demand", "demand_at"]


@dataclass(frozen=True, slots=True)
class Demand:
    """Credentials that a location asks for.

    Attributes:
        citation: Where that is said.
        signin: Whether clients without any are sent to sign in, rather than answered 401.
    """

    citation: Citation
    signin: bool


def demand_at(location: Location, settings: Settings) -> Demand | None:
    """What a location asks for; None for nothing."""
    rules = location.rules
    if rules is None or location.path.startswith(settings.no_auth):
        return None
    own = rules.authentication
    everywhere = settings.auth_url if rules.global_authentication and not _has_external(location) else ""
    if own is not None:
        signin = own.signin or bool(everywhere and settings.auth_signin)
        return Demand(rules.cite_annotation(own.key, f"{own.kind} authentication"), signin)
    if everywhere:
        return Demand(settings.cite("global-auth-url", "global external authentication"), bool(settings.auth_signin))
    return None


def _has_external(location: Location) -> bool:
    rules = location.rules
    return rules is not None and bool(rules.ingress.annotations.get(rules.key("auth-url")))
