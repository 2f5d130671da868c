"""What a real ingress-nginx controller is given of an estate: its objects as they can be created anew, and its flags.

Endpoints keep their addresses and get the port of the lab's application; a Service whose endpoints were not read gets
one. Secrets are there by name and type only, because their content is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aksess.estate import Estate
from aksess.estate.kubernetes import Name
from aksess.lab.ingress_config import Controller
from aksess.snapshot.items import KubernetesItem

__all__ = ["ApplicationPorts", "arguments_of", "objects_of"]

Object = dict[str, Any]
PortOf = Callable[[str, str], int]
_SERVICE_LABEL: Final = "kubernetes.io/service-name"
_GIVEN: Final = ("Secret", "ConfigMap", "Service", "EndpointSlice", "IngressClass", "Ingress")
_KEPT: Final = ("name", "namespace", "labels", "annotations", "creationTimestamp")
_OWN_WAYS: Final = {
    *("http-port", "https-port", "publish-service", "publish-status-address", "election-id", "update-status"),
    *("validating-webhook", "validating-webhook-certificate", "validating-webhook-key", "healthz-port", "profiling"),
    *("tcp-services-configmap", "udp-services-configmap", "enable-metrics", "kubeconfig", "apiserver-host", "v"),
    *("shutdown-grace-period", "post-shutdown-grace-period", "sync-rate-limit", "disable-leader-election"),
}
"""Flags that do not decide about access, or that the lab sets itself."""


@dataclass(frozen=True, slots=True)
class ApplicationPorts:
    """Where the lab's application listens, at every address of a pod: without and with TLS."""

    plain: int
    tls: int


def arguments_of(controller: Controller) -> list[str]:
    """The flags of the workload that decide about access."""
    found = []
    for argument in controller.arguments:
        name = argument.lstrip("-").partition("=")[0]
        if argument.startswith("-") and name not in _OWN_WAYS:
            found.append(argument.replace("$(POD_NAMESPACE)", controller.workload.namespace))
    return found


def objects_of(
    estate: Estate, controller: Controller, items: Iterable[KubernetesItem], ports: ApplicationPorts
) -> list[Object]:
    """Everything that a controller reads, the oldest Ingress first.

    Args:
        estate: The estate.
        controller: The controller that the real one stands in for.
        items: Its objects as they were read.
        ports: The ports that the lab's application listens on.
    """
    encrypted = _encrypted(controller)

    def port_of(namespace: str, service: str) -> int:
        return ports.tls if (namespace, service) in encrypted else ports.plain

    found = [_object(item) for item in items if item.kind in _GIVEN]
    found = [_at_port(each, port_of) if each["kind"] == "EndpointSlice" else each for each in found]
    found += _made_up(estate, [each for each in found if each["kind"] == "Service"], port_of)
    found += _passwords(controller, {_name_of(each) for each in found if each["kind"] == "Secret"})
    return sorted(found, key=lambda each: (_GIVEN.index(each["kind"]), each["metadata"].get("creationTimestamp") or ""))


def _encrypted(controller: Controller) -> set[Name]:
    """The Services whose application speaks TLS itself: the connection is handed through to it, or made anew."""
    found = set()
    for ingress in controller.ingresses:
        notes = controller.notes(ingress)
        if notes.get("ssl-passthrough") == "true" or notes.get("backend-protocol", "").upper() in {"HTTPS", "GRPCS"}:
            found |= {(ingress.namespace, path.backend.service) for path in ingress.paths}
    return found


def _name_of(value: Object) -> Name:
    return value["metadata"]["namespace"], value["metadata"]["name"]


def _passwords(controller: Controller, read: set[Name]) -> Iterator[Object]:
    """The Secrets with passwords that Ingresses name and that were not read: people keep them out of what they hand on.

    A Secret without its content is no difference to one that was not read at all.
    """
    named = set()
    for ingress in controller.ingresses:
        if secret := controller.notes(ingress).get("auth-secret"):
            namespace, _, name = secret.rpartition("/")
            named.add((namespace or ingress.namespace, name))
    for namespace, name in sorted(named - read):
        metadata = {"namespace": namespace, "name": name}
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque"}


def _object(item: KubernetesItem) -> Object:
    value = dict(item.plain())
    version = f"{item.group}/{item.version}" if item.group else item.version
    metadata = {key: each for key, each in (value.get("metadata") or {}).items() if key in _KEPT and each}
    if item.kind != "IngressClass":
        metadata["namespace"] = item.namespace or "default"
    value = {key: each for key, each in value.items() if key != "status"}
    found = {**value, "apiVersion": version, "kind": item.kind, "metadata": metadata}
    if item.kind == "Service":
        dropped = ("clusterIP", "clusterIPs", "healthCheckNodePort", "loadBalancerClass", "ipFamilies")
        found["spec"] = {key: each for key, each in (value.get("spec") or {}).items() if key not in dropped}
        found["spec"]["ports"] = [
            {key: each for key, each in one.items() if key != "nodePort"} for one in found["spec"].get("ports") or ()
        ]
        found["spec"].pop("ipFamilyPolicy", None)
    return found


def _at_port(value: Object, port_of: PortOf) -> Object:
    metadata = value["metadata"]
    port = port_of(metadata["namespace"], (metadata.get("labels") or {}).get(_SERVICE_LABEL, ""))
    ports = [{**each, "port": port} for each in value.get("ports") or () if each.get("port")]
    return {**value, "ports": ports}


def _made_up(estate: Estate, services: Sequence[Object], port_of: PortOf) -> Iterator[Object]:
    """One endpoint for every Service whose endpoints were not read."""
    for number, service in enumerate(services, 1):
        metadata = service["metadata"]
        if (metadata["namespace"], metadata["name"]) in estate.slices:
            continue
        port = port_of(metadata["namespace"], metadata["name"])
        ports = [
            {"name": each.get("name") or "", "port": port, "protocol": "TCP"}
            for each in service["spec"].get("ports") or ()
            if each.get("protocol", "TCP") == "TCP"
        ]
        yield {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{metadata['name']}-lab",
                "namespace": metadata["namespace"],
                "labels": {_SERVICE_LABEL: metadata["name"]},
            },
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": [{"addresses": [f"10.244.{200 + number // 250}.{number % 250 + 1}"], "conditions": {}}],
        }
