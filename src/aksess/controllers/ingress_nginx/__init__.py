"""ingress-nginx: the controller that people run themselves, and the application-routing add-on of AKS.

`find` is the way in. The package follows the controller: what it was told (`flags`, `settings`, `versions`), what each
Ingress says (`annotations`, `ingress_rules`, `source_ranges`, `snippets`), how Ingresses become hosts (`classes`,
`ages`, `servers`, `configuration`, `names`), which location takes a request (`uris`, `locations`), which address is
judged (`client_address`), and what happens then (`access_rules`, `answers`, `error_pages`, `controller`). `facts` says
what checks want to know.
"""

from __future__ import annotations

from aksess.controllers.ingress_nginx.controller import IngressNginx
from aksess.controllers.ingress_nginx.finding import find

__all__ = ["IngressNginx", "find"]
