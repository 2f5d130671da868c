"""What one controller was told: its command line and its ConfigMap, with the defaults of its version.

Lists are kept as texts here; who reads them in which way is said in `source_ranges` and `client_address`. A value
that the controller refuses counts as not given, as it does there.

Source: kubernetes/ingress-nginx internal/ingress/controller/template/configmap.go `ReadConfig`,
internal/ingress/controller/config/config.go `NewDefault` (mitchellh/mapstructure, weakly typed, for the booleans);
for the add-on Azure/aks-app-routing-operator pkg/manifests/nginx.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from aksess.controllers.ingress_nginx.flags import Flags, go_bool
from aksess.controllers.ingress_nginx.versions import Release
from aksess.rulings import NOWHERE, Assumption, Citation, Layer, Place

__all__ = ["ADD_ON", "RISKS", "Settings", "read_settings"]

RISKS = {"low": 0, "medium": 1, "high": 2, "critical": 3}
"""Risk levels of annotations, in order."""

ADD_ON = {
    "allow-cross-namespace-resources": "true",
    "allow-snippet-annotations": "true",
    "annotation-value-word-blocklist": "load_module,lua_package,_by_lua,location,root,proxy_pass,serviceaccount,{,},'",
    "annotations-risk-level": "Critical",
}
"""The ConfigMap that the application-routing add-on writes for each of its controllers; nobody may edit it."""

_REDIRECT_CODES = frozenset({301, 302, 307, 308})
_ACME = "/.well-known/acme-challenge"
_NUMBER = re.compile(r"[+-]?\d{1,18}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a controller was told and that decides access.

    Attributes:
        flags: The command line.
        release: The release, for what depends on it.
        allow: Global ``whitelist-source-range``, entries as written.
        deny: Global ``denylist-source-range``.
        block: ``block-cidrs``.
        block_user_agents: ``block-user-agents``.
        block_referers: ``block-referers``.
        use_forwarded_headers: Whether X-Forwarded-* headers are believed.
        enable_real_ip: Whether the client address is taken from a header.
        use_proxy_protocol: Whether a PROXY line is expected.
        forwarded_for_header: The header with client addresses.
        trusted: ``proxy-real-ip-cidr``: the peers that are believed, entries as written.
        allow_snippets: Whether snippet annotations count.
        risk: The highest risk of an annotation that is taken (see `RISKS`); None where no risk is judged.
        risk_given: Whether the ConfigMap says so, rather than the version.
        words: Words that no annotation value may hold.
        other_namespaces: Whether Secrets of other namespaces may be named.
        other_namespaces_given: Whether the ConfigMap says so, rather than the version.
        validation: Whether annotation values are validated.
        errors: Status codes with an error page of their own.
        ssl_redirect: Whether hosts with TLS redirect to it.
        force_ssl_redirect: Whether every host redirects to TLS.
        redirect_code: Status of such a redirect.
        no_redirect: Paths that never redirect to TLS.
        no_auth: Paths that never ask for credentials.
        auth_url: Global external authentication; empty for none.
        auth_signin: Where it sends people to sign in; empty for nowhere.
        reject_unknown: Whether TLS with an unknown name is refused.
        service_upstream: Whether Services are reached by their cluster address.
        status_readers: Who may read the status page of nginx.
        http_snippet: Raw configuration at http level.
        server_snippet: Raw configuration of every server.
        location_snippet: Raw configuration of every location.
        stream_snippet: Raw configuration of the TCP and UDP part.
        name: Namespace and name of the ConfigMap, None without one.
        place: Where the ConfigMap was found.
        assumptions: What is taken for true about the settings.
        doubt: Why the settings cannot be known; empty where they are.
    """

    flags: Flags
    release: Release
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    block_user_agents: tuple[str, ...] = ()
    block_referers: tuple[str, ...] = ()
    use_forwarded_headers: bool = False
    enable_real_ip: bool = False
    use_proxy_protocol: bool = False
    forwarded_for_header: str = "X-Forwarded-For"
    trusted: tuple[str, ...] = ("0.0.0.0/0",)
    allow_snippets: bool = False
    risk: int | None = None
    risk_given: bool = True
    words: tuple[str, ...] = ()
    other_namespaces: bool = True
    other_namespaces_given: bool = True
    validation: bool = False
    errors: tuple[int, ...] = ()
    ssl_redirect: bool = True
    force_ssl_redirect: bool = False
    redirect_code: int = 308
    no_redirect: tuple[str, ...] = (_ACME,)
    no_auth: tuple[str, ...] = (_ACME,)
    auth_url: str = ""
    auth_signin: str = ""
    reject_unknown: bool = False
    service_upstream: bool = False
    status_readers: tuple[str, ...] = ("127.0.0.1", "::1")
    http_snippet: str = ""
    server_snippet: str = ""
    location_snippet: str = ""
    stream_snippet: str = ""
    name: tuple[str, str] | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    assumptions: tuple[Assumption, ...] = ()
    doubt: str = ""

    @property
    def reads_header(self) -> bool:
        """Whether the client address comes from a header or a PROXY line."""
        return self.use_forwarded_headers or self.enable_real_ip or self.use_proxy_protocol

    def cite(self, key: str, text: str) -> Citation:
        """A citation of one key of the ConfigMap."""
        namespace, name = self.name or ("", "")
        return Citation(
            Layer.CONTROLLER, "ConfigMap", name, namespace, path=("data", key), place=self.place, text=text, rule=key
        )


def read_settings(
    flags: Flags,
    release: Release,
    data: Mapping[str, str],
    *,
    name: tuple[str, str] | None = None,
    place: Place = NOWHERE,
    assumptions: tuple[Assumption, ...] = (),
    doubt: str = "",
) -> Settings:
    """The settings of a controller.

    Args:
        flags: Its command line.
        release: Its release.
        data: The data of its ConfigMap, empty without one.
        name: Namespace and name of the ConfigMap.
        place: Where the ConfigMap was found.
        assumptions: What is taken for true already.
        doubt: Why the settings cannot be known.
    """
    reader = _Reader(data)
    risk = reader.text("annotations-risk-level", "High" if release.secure_defaults else "Critical")
    blocklist = reader.text("annotation-value-word-blocklist", "")
    unrendered = flags.unrendered or reader.unrendered()
    return Settings(
        flags,
        release,
        allow=reader.entries("whitelist-source-range"),
        deny=reader.entries("denylist-source-range"),
        block=reader.entries("block-cidrs"),
        block_user_agents=reader.entries("block-user-agents"),
        block_referers=reader.entries("block-referers"),
        use_forwarded_headers=reader.boolean("use-forwarded-headers", False),
        enable_real_ip=reader.boolean("enable-real-ip", False),
        use_proxy_protocol=reader.boolean("use-proxy-protocol", False),
        forwarded_for_header=reader.text("forwarded-for-header", "X-Forwarded-For"),
        trusted=reader.entries("proxy-real-ip-cidr", ("0.0.0.0/0",)),
        allow_snippets=reader.boolean("allow-snippet-annotations", release.allows_snippets),
        risk=RISKS.get(risk.lower(), 0) if release.judges_risk else None,
        risk_given="annotations-risk-level" in data,
        words=tuple(blocklist.strip().split(",")) if blocklist else (),
        other_namespaces=reader.boolean("allow-cross-namespace-resources", not release.secure_defaults),
        other_namespaces_given="allow-cross-namespace-resources" in data,
        validation=release.secure_defaults if flags.validation is None else flags.validation,
        errors=reader.codes("custom-http-errors"),
        ssl_redirect=reader.boolean("ssl-redirect", True),
        force_ssl_redirect=reader.boolean("force-ssl-redirect", False),
        redirect_code=reader.redirect_code(),
        no_redirect=reader.paths("no-tls-redirect-locations"),
        no_auth=reader.paths("no-auth-locations"),
        auth_url=reader.url("global-auth-url"),
        auth_signin=reader.url("global-auth-signin"),
        reject_unknown=reader.boolean("ssl-reject-handshake", False),
        service_upstream=reader.boolean("service-upstream", False),
        status_readers=(
            *reader.entries("nginx-status-ipv4-whitelist", ("127.0.0.1",)),
            *reader.entries("nginx-status-ipv6-whitelist", ("::1",)),
        ),
        http_snippet=reader.text("http-snippet", ""),
        server_snippet=reader.text("server-snippet", ""),
        location_snippet=reader.text("location-snippet", ""),
        stream_snippet=reader.text("stream-snippet", ""),
        name=name,
        place=place,
        assumptions=assumptions,
        doubt=doubt or (f"a setting of the controller was not rendered ({unrendered})" if unrendered else ""),
    )


class _Reader:
    """Reads the data of a ConfigMap as the controller does."""

    def __init__(self, data: Mapping[str, str]) -> None:
        self._data = data

    def text(self, key: str, otherwise: str) -> str:
        return self._data.get(key, otherwise)

    def boolean(self, key: str, otherwise: bool) -> bool:
        value = self._data.get(key)
        if value is None:
            return otherwise
        if value == "":
            return False
        parsed = go_bool(value)
        return otherwise if parsed is None else parsed

    def entries(self, key: str, otherwise: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Split at commas, empty fields dropped, blanks trimmed; what is left is not looked at."""
        if key not in self._data:
            return otherwise
        return tuple(part.strip() for part in self._data[key].split(",") if part)

    def codes(self, key: str) -> tuple[int, ...]:
        numbers = (int(text) for text in self.entries(key) if _NUMBER.match(text))
        return tuple(number for number in numbers if 299 < number < 600)

    def redirect_code(self) -> int:
        text = self._data.get("http-redirect-code", "")
        code = int(text) if _NUMBER.match(text) else 308
        return code if code in _REDIRECT_CODES else 308

    def paths(self, key: str) -> tuple[str, ...]:
        """Prefixes of paths; only blanks are trimmed."""
        return tuple(part for each in self._data.get(key, _ACME).split(",") if (part := each.strip(" ")))

    def url(self, key: str) -> str:
        """A URL with scheme and host, else nothing."""
        scheme, separator, rest = self._data.get(key, "").partition("://")
        host = rest.partition("/")[0]
        return self._data[key] if separator and scheme and host and ".." not in host else ""

    def unrendered(self) -> str:
        return next(
            (value for key, value in self._data.items() if "{{" in value and "snippet" not in key and key in _DECISIVE),
            "",
        )


_DECISIVE = frozenset(
    {
        *("whitelist-source-range", "denylist-source-range", "block-cidrs", "use-forwarded-headers", "enable-real-ip"),
        *("use-proxy-protocol", "forwarded-for-header", "proxy-real-ip-cidr", "allow-snippet-annotations"),
        *("annotations-risk-level", "custom-http-errors", "ssl-redirect", "force-ssl-redirect", "global-auth-url"),
    }
)
