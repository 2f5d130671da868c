"""What to write on an Ingress so that the controller lets exactly a given set of addresses pass.

An allow list says who gets in, a deny list who does not; both are read by every location of the Ingress. There is no
empty list: an annotation without entries is no list at all, so nobody is said by denying everybody.

Source: kubernetes/ingress-nginx docs/user-guide/nginx-configuration/annotations.md (whitelist source range, denylist
source range); internal/ingress/annotations/ipallowlist/main.go (the alias is read where the key is not there).
"""

from __future__ import annotations

from collections.abc import Iterator

from aksess.addresses import EVERYONE, AddressSet
from aksess.controllers.ingress_nginx.controller import IngressNginx
from aksess.controllers.ingress_nginx.source_ranges import ALIAS, ALLOW, DENY
from aksess.estate.kubernetes import Ingress

__all__ = ["annotations_for"]

_ALL = "0.0.0.0/0,::/0"


def annotations_for(
    controller: IngressNginx, ingress: Ingress, allowed: AddressSet, *, but: AddressSet | None = None
) -> Iterator[dict[str, str | None]]:
    """Ways to say a set, the simplest first; each gives the list annotations of the Ingress, None for one that goes.

    Args:
        controller: The controller that serves it.
        ingress: The Ingress.
        allowed: Who gets in.
        but: Who does not, where everybody else does and that is what people wrote.
    """
    prefix = controller.settings.flags.annotations_prefix + "/"
    nothing: dict[str, str | None] = {
        prefix + key: None for key in (ALLOW, ALIAS, DENY) if prefix + key in ingress.annotations
    }
    listing = prefix + (ALLOW if prefix + ALLOW in ingress.annotations else ALIAS)
    denying = prefix + DENY
    denied = but if but is not None else EVERYONE - allowed
    if not denied:
        yield nothing
        yield {**nothing, listing: _ALL}  # a list of all Ingresses gives way to one of their own
        return
    if not allowed:
        yield {**nothing, denying: _ALL}
        return
    listed = {**nothing, listing: _text(allowed)}
    if but is None:
        yield listed
    if controller.settings.release.reads_deny_list:
        yield {**nothing, denying: _text(denied)}
    if but is not None:
        yield listed


def _text(addresses: AddressSet) -> str:
    return ",".join(addresses.to_cidrs())
