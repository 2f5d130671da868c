"""The command line of the controller, as far as it decides access.

Source: kubernetes/ingress-nginx pkg/flags/flags.go (names and defaults); spf13/pflag for the forms ``--x=y``,
``--x y`` and bare booleans; Kubernetes documentation "Define dependent environment variables" for ``$(NAME)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aksess.estate.kubernetes import Name

__all__ = ["DEFAULT_CONTROLLER", "DEFAULT_PREFIX", "Flags", "go_bool", "read_flags"]

DEFAULT_CONTROLLER = "k8s.io/ingress-nginx"
"""The controller name of an IngressClass that the controller takes without ``--controller-class``."""

DEFAULT_PREFIX = "nginx.ingress.kubernetes.io"
"""The prefix of its annotations without ``--annotations-prefix``."""

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_VARIABLE = re.compile(r"\$\$|\$\(([A-Za-z_.\-][A-Za-z0-9_.\-]*)\)")
_BOOLEAN = frozenset(
    {
        *("watch-ingress-without-class", "ingress-class-by-name", "enable-ssl-passthrough", "disable-catch-all"),
        *("disable-svc-external-name", "enable-annotation-validation", "deep-inspect"),
    }
)


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says; the defaults are those of the controller.

    Attributes:
        controller_class: Controller name of the IngressClasses it takes.
        ingress_class: Class name in the old annotation ``kubernetes.io/ingress.class``.
        class_by_name: Whether an IngressClass with that name is taken whatever its controller is.
        without_class: Whether Ingresses without any class are taken.
        watch_namespace: The only namespace it watches; empty for all.
        watch_selector: Label selector of the namespaces it watches; empty for all.
        annotations_prefix: Prefix of the annotations it reads.
        validation: Whether annotation values are validated; None for the default of the version.
        ssl_passthrough: Whether TLS may be passed through; a proxy on loop-back then stands before nginx.
        default_backend: Service of requests that no rule takes.
        config_map: ConfigMap with the settings.
        tcp_services: ConfigMap with the TCP ports.
        udp_services: ConfigMap with the UDP ports.
        http_port: Port it speaks HTTP on.
        https_port: Port it speaks HTTPS on.
        reserved_ports: Ports that no TCP or UDP service may have.
        disable_catch_all: Whether Ingresses with a default backend are left out.
        disable_external_name: Whether Services of type ExternalName are left out.
        deep_inspect: Whether hosts and paths are searched for injected directives.
        health_path: Path of the health answer on the catch-all server.
        unrendered: A value that still holds template text; empty where there is none.
    """

    controller_class: str = DEFAULT_CONTROLLER
    ingress_class: str = "nginx"
    class_by_name: bool = False
    without_class: bool = False
    watch_namespace: str = ""
    watch_selector: str = ""
    annotations_prefix: str = DEFAULT_PREFIX
    validation: bool | None = None
    ssl_passthrough: bool = False
    default_backend: Name | None = None
    config_map: Name | None = None
    tcp_services: Name | None = None
    udp_services: Name | None = None
    http_port: int = 80
    https_port: int = 443
    reserved_ports: frozenset[int] = frozenset({80, 443, 442, 10254, 8181, 10245, 10246, 10247})
    disable_catch_all: bool = False
    disable_external_name: bool = False
    deep_inspect: bool = True
    health_path: str = "/healthz"
    unrendered: str = ""


def go_bool(text: str) -> bool | None:
    """A boolean as Go's `strconv.ParseBool` reads it; None where it refuses."""
    return True if text in _TRUE else False if text in _FALSE else None


def read_flags(arguments: Iterable[str], environment: Mapping[str, str], namespace: str) -> Flags:
    """The flags of a container.

    Args:
        arguments: Command and arguments.
        environment: Environment variables with plain values; ``POD_NAMESPACE`` is known without.
        namespace: Namespace of the pod.
    """
    variables = {"POD_NAMESPACE": namespace, **environment}
    values = _values([_expanded(each, variables) for each in arguments])
    defaults = Flags()

    def name(flag: str) -> Name | None:
        space, slash, rest = values.get(flag, "").partition("/")
        return (space, rest) if slash and space and rest else None

    def boolean(flag: str, otherwise: bool) -> bool:
        parsed = go_bool(values.get(flag, ""))
        return otherwise if parsed is None else parsed

    def number(flag: str, otherwise: int) -> int:
        text = values.get(flag, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else otherwise

    ports = {
        *(number("http-port", 80), number("https-port", 443), number("ssl-passthrough-proxy-port", 442)),
        *(number("healthz-port", 10254), number("default-server-port", 8181), number("profiler-port", 10245)),
        *(number("status-port", 10246), number("stream-port", 10247)),
    }
    return Flags(
        controller_class=values.get("controller-class", defaults.controller_class),
        ingress_class=values.get("ingress-class", defaults.ingress_class),
        class_by_name=boolean("ingress-class-by-name", False),
        without_class=boolean("watch-ingress-without-class", False),
        watch_namespace=values.get("watch-namespace", ""),
        watch_selector=values.get("watch-namespace-selector", ""),
        annotations_prefix=values.get("annotations-prefix", defaults.annotations_prefix),
        validation=go_bool(values.get("enable-annotation-validation", "")),
        ssl_passthrough=boolean("enable-ssl-passthrough", False),
        default_backend=name("default-backend-service"),
        config_map=name("configmap"),
        tcp_services=name("tcp-services-configmap"),
        udp_services=name("udp-services-configmap"),
        http_port=number("http-port", 80),
        https_port=number("https-port", 443),
        reserved_ports=frozenset(ports),
        disable_catch_all=boolean("disable-catch-all", False),
        disable_external_name=boolean("disable-svc-external-name", False),
        deep_inspect=boolean("deep-inspect", True),
        health_path=values.get("health-check-path", defaults.health_path),
        unrendered=next((text for text in values.values() if "{{" in text or "${" in text), ""),
    )


def _values(arguments: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = ""
    for argument in arguments:
        if not argument.startswith("--"):
            if waiting:
                found[waiting] = argument
                waiting = ""
            continue
        if waiting:  # a value never begins like a flag: what waits was a boolean that is not known here
            found[waiting] = "true"
            waiting = ""
        flag, equals, value = argument[2:].partition("=")
        if equals:
            found[flag] = value
        elif flag in _BOOLEAN:
            found[flag] = "true"
        else:
            waiting = flag
    return found


def _expanded(argument: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return "$"
        return variables.get(name, match.group(0))

    return _VARIABLE.sub(value, argument)
