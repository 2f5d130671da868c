"""Reading the annotations of one Ingress the way the controller does: prefix, types, validation, risk.

An annotation that fails is not an error of the reader: what it does depends on which one it is. Some count as not
given, some shut the Ingress (503), some make the controller refuse the Ingress as a whole, so that it is absent.

Source: kubernetes/ingress-nginx internal/ingress/annotations/parser/{main,validators}.go, annotations.go `Extract`,
internal/ingress/controller/store/store.go `checkBadAnnotationValue`, internal/ingress/inspector/rules.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aksess.controllers.ingress_nginx.flags import go_bool
from aksess.controllers.ingress_nginx.settings import RISKS, Settings
from aksess.estate.kubernetes import Ingress

__all__ = ["Annotations", "go_trim", "refusal"]

_GO_SPACE = "".join(chr(each) for each in range(0x3001) if chr(each).isspace() and not 0x1C <= each <= 0x1F)
_SEPARATORS = re.compile(r"[\x1c-\x1f]")
_INTEGER = re.compile(r"[+-]?\d{1,18}\Z", re.ASCII)


def go_trim(text: str) -> str:
    """A text without the blanks around it, as Go's `strings.TrimSpace`; Python also takes four control characters."""
    trimmed = text.strip()
    if len(trimmed) == len(text) or not _SEPARATORS.search(text):
        return trimmed
    return text.strip(_GO_SPACE)


class Annotations:
    """The annotations of an Ingress under the prefix of the controller, by name without the prefix."""

    __slots__ = ("_prefix", "_values", "settings")

    def __init__(self, values: Mapping[str, str], settings: Settings) -> None:
        self._prefix = settings.flags.annotations_prefix + "/"
        self._values = values
        self.settings = settings

    def key(self, name: str) -> str:
        """The full name of an annotation."""
        return self._prefix + name

    def raw(self, name: str) -> str | None:
        """The value as it is written; None where it is missing."""
        return self._values.get(self._prefix + name)

    def text(self, name: str) -> str:
        """A text with every line trimmed; empty where it is missing, empty or not valid."""
        value = self._values.get(self._prefix + name)
        if not value or (self.settings.validation and not _valid(name, value)):
            return ""
        return "\n".join(go_trim(line) for line in value.split("\n"))

    def boolean(self, name: str, otherwise: bool = False) -> bool:
        """A boolean, or the default where it is missing or no boolean."""
        value = self._values.get(self._prefix + name)
        parsed = None if value is None else go_bool(value)
        return otherwise if parsed is None else parsed

    def integer(self, name: str) -> int | None:
        """A whole number; None where it is missing or no number."""
        value = self._values.get(self._prefix + name)
        return int(value) if value is not None and _INTEGER.match(value) else None

    def present(self) -> bool:
        """Whether there is any annotation under the prefix."""
        return any(key.startswith(self._prefix) for key in self._values)


def refusal(ingress: Ingress, settings: Settings) -> tuple[str, str, bool]:
    """Why the controller does not take an Ingress at all although it is of its class.

    Returns:
        The reason, empty where it takes it; the annotation that is the reason, if it is one; and whether that rests
        on a default of the version.
    """
    if settings.flags.disable_catch_all and ingress.default_backend is not None:
        return "the controller takes no Ingress with a default backend (--disable-catch-all)", "", False
    if settings.flags.deep_inspect:
        injected = _injected(ingress)
        if injected:
            return f"the controller refuses {injected!r} in an Ingress", "", False
    prefix = settings.flags.annotations_prefix + "/"
    for key, value in ingress.annotations.items():
        if not key.startswith(prefix):
            continue
        word = next((word for word in settings.words if word in value), None)
        if word is not None:
            return f"the value of {key} holds {word!r}, which the controller does not take", key, False
        name = key[len(prefix) :]
        if settings.risk is not None and _risk(name, settings) > settings.risk:
            return f"{key} is above the risk level of the controller", key, not settings.risk_given
        if settings.validation and value and name in _REFUSING and not _valid(name, value):
            return f"{key} has a value that the controller does not take", key, settings.flags.validation is None
    return "", "", False


def _risk(name: str, settings: Settings) -> int:
    risk = _RISK.get(name, 0)
    if name == "whitelist-source-range" and settings.release.aliases_have_risk:
        return RISKS["medium"]
    return risk


def _injected(ingress: Ingress) -> str:
    for text in (*ingress.hosts, *(path.path for path in ingress.paths), *ingress.tls_hosts):
        if (";" in text or "/etc/" in text or "/var/run" in text or "_by_lua" in text) and _INJECTED.search(text):
            return text
    return next((secret for _, secret in ingress.tls if _INJECTED.search(secret)), "")


def _valid(name: str, value: str) -> bool:
    """Whether a value passes the validator of its annotation; annotations that are not listed here always do."""
    validator = _VALIDATORS.get(name)
    if validator is None:
        return True
    pattern, blanks_count = validator
    return pattern.search(value if blanks_count else value.replace(" ", "")) is not None


_INJECTED = re.compile(
    r"(?s:\s*alias\s*.*;|\s*root\s*.*;)|/etc/(?:passwd|shadow|group|nginx|ingress-controller)|/var/run/secrets|_by_lua"
)

_CHARS = r"\-._~a-zA-Z0-9/:"
_URL = re.compile(rf"\A[{_CHARS}:?&=]*\Z")
_URL_WITH_VARIABLES = re.compile(rf"\A[{_CHARS}, :?&=$]*\Z")
_BASIC = re.compile(rf"\A[/{_CHARS}]*\Z")
_PATH = re.compile(rf"\A/?[{_CHARS}$]*\Z")
_SERVER_NAMES = re.compile(rf"\A[/{_CHARS}^$\[\](){{}}*+?|&=\\,\s]*\Z")
_BOOLEAN = re.compile(r"\A(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)\Z")
_NUMBER = re.compile(r"\A[+-]?\d+\Z", re.ASCII)
_DNS_LABEL = re.compile(r"\A[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")

_VALIDATORS: dict[str, tuple[re.Pattern[str], bool]] = {
    "app-root": (_PATH, True),
    "auth-method": (re.compile("GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE"), False),
    "auth-realm": (re.compile(rf"\A[/{_CHARS} ]*\Z"), True),
    "auth-secret": (_BASIC, False),
    "auth-secret-type": (re.compile("auth-file|auth-map"), False),
    "auth-signin": (_URL_WITH_VARIABLES, False),
    "auth-tls-secret": (_BASIC, False),
    "auth-type": (re.compile("basic|digest"), False),
    "auth-url": (_URL_WITH_VARIABLES, False),
    "canary-by-cookie": (_BASIC, False),
    "canary-by-header": (_BASIC, False),
    "canary-by-header-value": (_BASIC, False),
    "custom-http-errors": (re.compile(r"\A(?:[4,5]\d{2},?)*\Z"), False),
    "default-backend": (_DNS_LABEL, True),
    "from-to-www-redirect": (_BOOLEAN, True),
    "limit-connections": (_NUMBER, True),
    "limit-rpm": (_NUMBER, True),
    "limit-rps": (_NUMBER, True),
    "permanent-redirect": (_URL, True),
    "permanent-redirect-code": (_NUMBER, True),
    "rewrite-target": (_PATH, True),
    "satisfy": (re.compile(r"\A\s*(?:any|all)\s*\Z"), True),
    "server-alias": (_SERVER_NAMES, True),
    "ssl-passthrough": (_BOOLEAN, True),
    "temporal-redirect": (_URL, True),
    "temporal-redirect-code": (_NUMBER, True),
    "upstream-vhost": (_SERVER_NAMES, True),
    "x-forwarded-prefix": (_PATH, False),
}
"""Validators by annotation: the pattern, and whether blanks count."""

_REFUSING = frozenset(_VALIDATORS) - {
    *("app-root", "auth-method", "auth-secret", "auth-signin", "rewrite-target", "satisfy"),
    *("canary-by-cookie", "canary-by-header", "canary-by-header-value"),
}
"""Annotations whose invalid value makes the controller refuse the whole Ingress; for the others it has a default."""

_RISK = {
    **dict.fromkeys(
        ("auth-snippet", "modsecurity-snippet", "server-snippet", "configuration-snippet", "stream-snippet"), 3
    ),
    **dict.fromkeys(
        (
            *("server-alias", "auth-url", "auth-signin", "auth-tls-error-page", "auth-tls-match-cn", "mirror-target"),
            *("mirror-host", "modsecurity-transaction-id", "proxy-ssl-name", "upstream-hash-by"),
            "global-rate-limit-key",
        ),
        2,
    ),
    **dict.fromkeys(
        (
            *("auth-realm", "auth-secret", "auth-signin-redirect-param", "auth-cache-key", "auth-cache-duration"),
            *("auth-response-headers", "auth-proxy-set-headers", "auth-request-redirect", "auth-tls-secret"),
            *("auth-tls-verify-client", "canary-by-header", "canary-by-header-value", "canary-by-header-pattern"),
            *("canary-by-cookie", "cors-allow-origin", "cors-allow-headers", "cors-allow-methods"),
            *("cors-expose-headers", "custom-headers", "fastcgi-index", "fastcgi-params-configmap"),
            *("global-rate-limit-ignored-cidrs", "allowlist-source-range", "denylist-source-range"),
            *("opentelemetry-operation-name", "proxy-cookie-path", "proxy-cookie-domain", "proxy-body-size"),
            *("proxy-next-upstream", "proxy-redirect-from", "proxy-redirect-to", "proxy-ssl-secret"),
            *("proxy-ssl-ciphers", "temporal-redirect", "permanent-redirect", "rewrite-target"),
            *("preserve-trailing-slash", "force-ssl-redirect", "app-root", "affinity-mode", "session-cookie-name"),
            *("session-cookie-expires", "session-cookie-max-age", "session-cookie-path", "session-cookie-domain"),
            "x-forwarded-prefix",
        ),
        1,
    ),
}
"""Risk level by annotation; what is missing here is low."""
