"""The controllers that are known: one line a package. Nothing else names them."""

from __future__ import annotations

from aksess.controllers import gateway_api, ingress_nginx
from aksess.controllers.interface import Controller, Finder
from aksess.estate import Estate

__all__ = ["FINDERS", "find"]

FINDERS: tuple[Finder, ...] = (ingress_nginx.find, gateway_api.find)


def find(estate: Estate) -> list[Controller]:
    """Every controller of an estate, in a stable order."""
    return [controller for finder in FINDERS for controller in finder(estate)]
