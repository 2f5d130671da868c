"""The annotations of an Ingress, group by group, into `IngressRules`.

A group of which one value cannot be read is dropped as a whole, or shuts the Ingress (503), as the group has it; lists
and whatever names a Secret that does not exist shut it.

Source: kubernetes/ingress-nginx internal/ingress/annotations/ (one package for each group), and annotations.go
`Extract`: a group that denies its location makes it answer 503, any other error drops the group.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from urllib.parse import urlsplit

from aksess.controllers.ingress_nginx.annotations import Annotations
from aksess.controllers.ingress_nginx.classes import OLD_ANNOTATION
from aksess.controllers.ingress_nginx.flags import go_bool
from aksess.controllers.ingress_nginx.ingress_rules import (
    Authentication,
    Canary,
    ClientCertificate,
    Cors,
    Denial,
    IngressRules,
    Redirect,
)
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.source_ranges import Lists, read_lists
from aksess.controllers.ingress_nginx.versions import assumed_newest
from aksess.estate.kubernetes import Ingress, Name
from aksess.rulings import Assumption

__all__ = ["Objects", "read_rules"]

_CODE = re.compile(r"[+-]?\d{1,18}\Z", re.ASCII)
_ORIGIN = re.compile(r"\A(?:[A-Za-z][A-Za-z0-9+.\-]*://(?:\*\.)?[A-Za-z0-9\-.]*(?::\d+)?|\*)?\Z")


@dataclass(frozen=True, slots=True)
class Objects:
    """What an Ingress may name besides Services.

    Attributes:
        secrets: Names of the Secrets that were read; None where none were.
        config_maps: Names of the ConfigMaps that were read.
    """

    secrets: Set[Name] | None
    config_maps: Set[Name]


def read_rules(ingress: Ingress, settings: Settings, objects: Objects, otherwise: Lists) -> IngressRules:
    """The meaning of the annotations of an Ingress.

    Args:
        ingress: The Ingress.
        settings: What the controller was told.
        objects: What the Ingress may name.
        otherwise: The lists of the ConfigMap.
    """
    given = Annotations(ingress.annotations, settings)
    lists = read_lists(ingress.annotations, settings, otherwise)
    if not given.present():
        return _plain(ingress, settings, lists)
    reader = _Reader(ingress, given, objects)
    authentication = reader.authentication()
    certificate = reader.client_certificate()
    reader.other_references()
    invalid = lists.invalid
    if invalid is not None:
        reader.denials.insert(0, Denial(f"the list is not valid: {invalid.reason}", invalid.key))
    return IngressRules(
        ingress,
        lists,
        settings.flags.annotations_prefix,
        denial=reader.denials[0] if reader.denials else None,
        canary=reader.canary(),
        redirect=reader.redirect(),
        from_to_www=reader.redirects_are_read and given.boolean("from-to-www-redirect"),
        app_root=reader.app_root(),
        rewrite_target=given.text("rewrite-target"),
        use_regex=given.boolean("use-regex"),
        ssl_redirect=given.boolean("ssl-redirect", settings.ssl_redirect),
        force_ssl_redirect=given.boolean("force-ssl-redirect", settings.force_ssl_redirect),
        cors=reader.cors(),
        authentication=authentication,
        global_authentication=given.boolean("enable-global-auth", True),
        client_certificate=certificate,
        satisfy=value if (value := given.text("satisfy")) in {"any", "all"} else "",
        errors=reader.errors(),
        default_backend=given.text("default-backend"),
        ssl_passthrough=given.boolean("ssl-passthrough"),
        aliases=tuple(sorted({alias for part in given.text("server-alias").split(",") if (alias := part.strip())})),
        snippet=given.text("configuration-snippet") if settings.allow_snippets else "",
        server_snippet=given.text("server-snippet") if settings.allow_snippets else "",
        service_upstream=given.boolean(
            "service-upstream", settings.service_upstream if given.raw("service-upstream") is None else False
        ),
        assumptions=(*reader.assumptions, *_two_classes(ingress)),
    )


def _plain(ingress: Ingress, settings: Settings, lists: Lists) -> IngressRules:
    """An Ingress without any annotation of the controller."""
    return IngressRules(
        ingress,
        lists,
        settings.flags.annotations_prefix,
        ssl_redirect=settings.ssl_redirect,
        force_ssl_redirect=settings.force_ssl_redirect,
        service_upstream=settings.service_upstream,
        assumptions=_two_classes(ingress),
    )


def _two_classes(ingress: Ingress) -> tuple[Assumption, ...]:
    """kube-apiserver creates no Ingress whose field and old annotation name two classes; an update may make one."""
    annotated = ingress.annotations.get(OLD_ANNOTATION, ingress.class_name)
    if ingress.created or ingress.class_name is None or annotated == ingress.class_name:
        return ()
    text = f"Ingress {ingress.namespace}/{ingress.name} names two classes and is there all the same"
    return (Assumption("controller-defaults", text),)


class _Reader:
    """Reads the groups of annotations that need more than one value."""

    def __init__(self, ingress: Ingress, given: Annotations, objects: Objects) -> None:
        self.ingress = ingress
        self.given = given
        self.objects = objects
        self.settings = given.settings
        self.denials: list[Denial] = []
        self.assumptions: list[Assumption] = []
        self.redirects_are_read = self._redirects_are_read()

    # --- redirects ----------------------------------------------------------------------------------------------------

    def _redirects_are_read(self) -> bool:
        """Whether the redirect group is read at all: any value of it that cannot be read drops all of it."""
        given = self.given
        www = given.raw("from-to-www-redirect")
        if www is not None and go_bool(www) is None:
            return False
        temporal = given.raw("temporal-redirect")
        if temporal is not None:
            return _is_http(given.text("temporal-redirect"))
        permanent = given.raw("permanent-redirect")
        if permanent is not None and not given.text("permanent-redirect"):
            return False
        return given.raw("permanent-redirect-code") is None or given.integer("permanent-redirect-code") is not None

    def redirect(self) -> Redirect | None:
        given = self.given
        if not self.redirects_are_read:
            return None
        if given.text("temporal-redirect"):
            code = given.integer("temporal-redirect-code") if self.settings.release.temporal_redirect_code else None
            return Redirect(_redirect_code(code, 302), given.key("temporal-redirect"))
        if given.text("permanent-redirect"):
            code = given.integer("permanent-redirect-code")
            return Redirect(_redirect_code(code, 301), given.key("permanent-redirect"))
        return None

    def app_root(self) -> str:
        value = self.given.text("app-root")
        return value if value.startswith("/") else ""

    # --- authentication -----------------------------------------------------------------------------------------------

    def authentication(self) -> Authentication | None:
        basic, external = self._basic(), self._external()
        if basic is not None and external is not None:
            return Authentication(basic.kind, basic.key, external.signin)
        return basic or external

    def _basic(self) -> Authentication | None:
        given = self.given
        kind = given.text("auth-type")
        if not kind:
            return None
        key = given.key("auth-type")
        if not re.search("basic|digest", kind):
            self._deny("the authentication type is neither basic nor digest", key)
            return None
        named = given.text("auth-secret")
        namespace, _, name = named.rpartition("/")
        if not name or "/" in namespace:
            self._deny("no Secret is named for the authentication", key)
            return None
        space = namespace or self.ingress.namespace
        if space != self.ingress.namespace and not self.settings.other_namespaces:
            if not self.settings.other_namespaces_given and self.settings.release.version is None:
                self.assumptions.append(assumed_newest("Secrets of other namespaces are not taken"))
            self._deny("the Secret is in another namespace", given.key("auth-secret"))
            return None
        if given.text("auth-secret-type") not in {"", "auth-file", "auth-map"}:
            self._deny("auth-secret-type is neither auth-file nor auth-map", given.key("auth-secret-type"))
            return None
        if self._missing_secret((space, name)):
            self._deny(f"Secret {space}/{name} does not exist", given.key("auth-secret"))
            return None
        return Authentication("basic" if kind == "basic" else "digest", key)

    def _external(self) -> Authentication | None:
        given = self.given
        url = given.text("auth-url")
        if not url:
            return None
        key = given.key("auth-url")
        if not _has_host(url):
            self._deny("auth-url is no URL", key)
            return None
        if self.settings.validation and given.raw("auth-method") and not given.text("auth-method"):
            self._deny("auth-method is no HTTP method", given.key("auth-method"))
            return None
        headers = given.text("auth-proxy-set-headers")
        if headers:
            self._config_map(headers, "auth-proxy-set-headers")
        return Authentication("external", key, signin=bool(given.text("auth-signin")))

    def client_certificate(self) -> ClientCertificate | None:
        given = self.given
        named = given.text("auth-tls-secret")
        if not named:
            return None
        key = given.key("auth-tls-secret")
        namespace, slash, name = named.partition("/")
        missing = not (slash and namespace and name) or (
            namespace != self.ingress.namespace and not self.settings.other_namespaces
        )
        if not missing:
            missing = self._missing_secret((namespace, name))
        if missing:
            self._deny(f"the certificates of {named} cannot be read", key)
        verify = given.text("auth-tls-verify-client") or "on"
        return ClientCertificate(key, verify == "on", bool(given.text("auth-tls-match-cn")), missing)

    def other_references(self) -> None:
        """Secrets and ConfigMaps of groups that decide nothing else about access."""
        proxy = self.given.text("proxy-ssl-secret")
        if proxy:
            namespace, _, name = proxy.partition("/")
            if not name or self._missing_secret((namespace, name)):
                self._deny(f"the certificates of {proxy} cannot be read", self.given.key("proxy-ssl-secret"))
        headers = self.given.text("custom-headers")
        if headers:
            self._config_map(headers, "custom-headers")

    # --- the rest -----------------------------------------------------------------------------------------------------

    def canary(self) -> Canary | None:
        given = self.given
        if not given.boolean("canary"):
            return None
        total = given.integer("canary-weight-total")
        return Canary(
            given.integer("canary-weight") or 0,
            100 if total is None else total,
            given.text("canary-by-header"),
            given.text("canary-by-header-value"),
            given.text("canary-by-header-pattern"),
            given.text("canary-by-cookie"),
        )

    def cors(self) -> Cors | None:
        if not self.given.boolean("enable-cors"):
            return None
        written = self.given.text("cors-allow-origin")
        if not written:
            return Cors(("*",))
        origins = [origin for part in written.split(",") if (origin := part.strip())]
        if "*" in origins:
            return Cors(("*",))
        return Cors(tuple(origin for origin in origins if _ORIGIN.match(origin)))

    def errors(self) -> tuple[int, ...] | None:
        written = self.given.text("custom-http-errors")
        parts = written.split(",")
        if not written or not all(_CODE.match(part) for part in parts):
            return None
        return tuple(int(part) for part in parts)

    def _deny(self, reason: str, key: str) -> None:
        self.denials.append(Denial(reason, key))

    def _missing_secret(self, name: Name) -> bool:
        if self.objects.secrets is not None:
            return name not in self.objects.secrets
        self.assumptions.append(
            Assumption("secrets-exist", f"Secret {name[0]}/{name[1]}, which Ingress {self._name} names, exists")
        )
        return False

    def _config_map(self, named: str, annotation: str) -> None:
        namespace, slash, name = named.rpartition("/")
        space = namespace if slash else self.ingress.namespace
        if (space, name) not in self.objects.config_maps:
            text = f"ConfigMap {space}/{name}, which annotation {annotation} of Ingress {self._name} names, exists"
            self.assumptions.append(Assumption("secrets-exist", text))

    @property
    def _name(self) -> str:
        return f"{self.ingress.namespace}/{self.ingress.name}"


def _redirect_code(code: int | None, otherwise: int) -> int:
    return code if code is not None and 300 <= code <= 308 else otherwise


def _is_http(url: str) -> bool:
    try:
        return urlsplit(url).scheme.startswith("http")
    except ValueError:
        return False


def _has_host(url: str) -> bool:
    scheme, separator, rest = url.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    return bool(separator and scheme and host) and ".." not in host
