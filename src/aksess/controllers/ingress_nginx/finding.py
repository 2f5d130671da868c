"""Finding the ingress-nginx controllers of an estate, with their Services, settings and Ingresses.

A workload that runs the controller speaks for itself. Where none was read, an IngressClass that names it, or a class
``nginx`` when no IngressClass was read at all, stands for one with its defaults; so does a NginxIngressController of
the application-routing add-on.

Source: kubernetes/ingress-nginx charts/ingress-nginx (labels, names), deploy/static; Azure/aks-app-routing-operator
pkg/manifests/nginx.go, pkg/controller/nginxingress.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aksess.controllers.ingress_nginx.classes import Classes, class_of
from aksess.controllers.ingress_nginx.controller import IngressNginx
from aksess.controllers.ingress_nginx.flags import DEFAULT_CONTROLLER, Flags, read_flags
from aksess.controllers.ingress_nginx.found import Found
from aksess.controllers.ingress_nginx.settings import ADD_ON, Settings, read_settings
from aksess.controllers.ingress_nginx.versions import Release, version_of
from aksess.estate import Estate
from aksess.estate.kubernetes import Container, Ingress, Name, Service, Workload
from aksess.rulings import Assumption, Citation, Layer

__all__ = ["APPLICATION_ROUTING", "find"]

APPLICATION_ROUTING = "application-routing"
"""Kind of the controllers of the add-on."""

_IMAGE = re.compile(r"(?:^|/)(?:ingress-nginx/controller|nginx-ingress-controller)(?:-chroot)?(?:[:@]|$)")
_PROGRAM = "/nginx-ingress-controller"
_ADD_ON_DEFAULT = "webapprouting.kubernetes.azure.com/nginx"
_ADD_ON_CLASS = "webapprouting.kubernetes.azure.com"
_ADD_ON_GROUP = "approuting.kubernetes.azure.com"
_ADD_ON_NAMESPACE = "app-routing-system"
_KINDS = frozenset({"Deployment", "DaemonSet", "StatefulSet"})


def find(estate: Estate) -> list[IngressNginx]:
    """Every controller of the estate: workloads in the order of the input, then those that only a class tells of."""
    classes = _classes(estate)
    found = [_of_workload(estate, workload, container, classes) for workload, container in _workloads(estate)]
    taken = {each.settings.flags.controller_class for each in found}
    served = {ingress.key for each in found for ingress in each.ingresses}
    claimed = {service.key for each in found for service in each.services}
    for name in dict.fromkeys(classes.values()):
        if _is_ours(name) and name not in taken:
            found.append(_of_class(estate, name, classes, claimed))
    if not classes and not found:
        mine = [each for each in estate.ingresses.values() if class_of(each) == "nginx" and each.key not in served]
        if mine:
            found.append(_of_class(estate, DEFAULT_CONTROLLER, {}, claimed))
    return found


def _workloads(estate: Estate) -> Iterator[tuple[Workload, Container]]:
    for workload in estate.workloads:
        if workload.kind not in _KINDS:
            continue
        for container in workload.containers:
            if _IMAGE.search(container.image) or any(_PROGRAM in each for each in container.arguments):
                yield workload, container
                break


def _classes(estate: Estate) -> dict[str, str]:
    """Controller by class name, of IngressClasses and of custom resources of the add-on."""
    found: dict[str, str] = {}
    for item in estate.others.get((_ADD_ON_GROUP, "NginxIngressController"), []):
        spec = item.plain().get("spec")
        name = spec.get("ingressClassName") if isinstance(spec, dict) else None
        if isinstance(name, str):
            found[name] = _ADD_ON_DEFAULT if item.name == "default" else f"{_ADD_ON_GROUP}/{item.name}"
    found.update({each.name: each.controller for each in estate.ingress_classes.values()})
    return found


def _is_ours(controller: str) -> bool:
    return controller.startswith(DEFAULT_CONTROLLER) or _is_add_on(controller)


def _is_add_on(controller: str) -> bool:
    return controller.startswith((f"{_ADD_ON_CLASS}/", f"{_ADD_ON_GROUP}/"))


# --- a workload that was read -----------------------------------------------------------------------------------------


def _of_workload(estate: Estate, workload: Workload, container: Container, known: dict[str, str]) -> IngressNginx:
    flags = read_flags(container.arguments, container.environment, workload.namespace)
    release = Release(version_of(container.image))
    add_on = _is_add_on(flags.controller_class) or workload.namespace == _ADD_ON_NAMESPACE
    settings = _settings(estate, flags, release, ADD_ON if add_on else {})
    classes = Classes(flags, estate, known)
    cited = Citation(
        *(Layer.CONTROLLER, workload.kind, workload.name, workload.namespace),
        place=workload.place,
        text=f"ingress-nginx controller {release.version or '(version unknown)'}",
    )
    found = Found(
        APPLICATION_ROUTING if add_on else "ingress-nginx",
        cited,
        workload.namespace,
        tuple(_leading_to(estate.services.values(), workload)),
        workload.pod_labels,
        {port.name: port.container_port for port in container.ports if port.name},
        tuple(each for each in estate.ingresses.values() if classes.takes(each)),
        classes.assumptions(),
    )
    return IngressNginx(estate, settings, found)


def _leading_to(services: Iterable[Service], workload: Workload) -> Iterator[Service]:
    for service in services:
        if (
            service.namespace == workload.namespace
            and service.selector
            and service.selector.items() <= workload.pod_labels.items()
        ):
            yield service


def _settings(estate: Estate, flags: Flags, release: Release, otherwise: Mapping[str, str]) -> Settings:
    """The settings of a controller with a command line."""
    name = flags.config_map
    assumptions: list[Assumption] = []
    for each in (flags.tcp_services, flags.udp_services):
        if each is not None and each not in estate.config_maps:
            text = f"ConfigMap {each[0]}/{each[1]} was not read: the controller has no such TCP or UDP ports"
            assumptions.append(Assumption("controller-defaults", text))
    if name is None:
        return read_settings(flags, release, {}, assumptions=tuple(assumptions))
    item = estate.config_maps.get(name)
    if item is None:
        text = f"ConfigMap {name[0]}/{name[1]} of the controller was not read: it holds the defaults"
        assumptions.append(Assumption("controller-defaults", text))
        return read_settings(flags, release, otherwise, name=name, assumptions=tuple(assumptions))
    data = estate.config_map(*name)
    doubt = "" if data is not None else f"ConfigMap {name[0]}/{name[1]} of the controller cannot be read"
    return read_settings(
        flags, release, data or {}, name=name, place=item.place, assumptions=tuple(assumptions), doubt=doubt
    )


# --- a controller that only a class tells of --------------------------------------------------------------------------


def _of_class(estate: Estate, controller: str, known: dict[str, str], claimed: set[Name]) -> IngressNginx:
    """A controller whose workload was not read: its defaults, and the Service that carries its class."""
    add_on = _is_add_on(controller)
    names = [name for name, each in known.items() if each == controller]
    resource = _custom_resource(estate, names) if add_on else {}
    class_name = _annotation_class(add_on, names)
    passes = resource.get("enableSSLPassthrough") is True
    flags = Flags(
        controller_class=controller,
        ingress_class=class_name,
        ssl_passthrough=passes,
        validation=True if add_on else None,
    )
    classes = Classes(flags, estate, known)
    mine = tuple(each for each in estate.ingresses.values() if classes.takes(each))
    services = tuple(_carrying(estate, add_on, resource, mine, claimed))
    namespace = services[0].namespace if services else _ADD_ON_NAMESPACE if add_on else "ingress-nginx"
    text = f"no workload of the controller {controller} was read: it has its defaults"
    settings = _settings_beside(estate, flags, services, ADD_ON if add_on else {})
    found = Found(
        APPLICATION_ROUTING if add_on else "ingress-nginx",
        _speaker(estate, controller, names, services),
        namespace,
        services,
        services[0].selector if services else {},
        {},
        mine,
        (Assumption("controller-defaults", text), *classes.assumptions()),
    )
    return IngressNginx(estate, settings, found)


def _annotation_class(add_on: bool, names: Sequence[str]) -> str:
    if not add_on:
        return "nginx"
    return names[0] if names else _ADD_ON_CLASS


def _settings_beside(
    estate: Estate, flags: Flags, services: Sequence[Service], otherwise: Mapping[str, str]
) -> Settings:
    """Settings of the ConfigMap that chart and add-on name like the Service, else the defaults."""
    doubt = _unread_workload(estate, services)
    release = Release(None)
    for service in services:
        item = estate.config_maps.get(service.key)
        if item is not None:
            data = estate.config_map(*service.key)
            unread = "" if data is not None else f"ConfigMap {service.namespace}/{service.name} cannot be read"
            return read_settings(flags, release, data or {}, name=service.key, place=item.place, doubt=doubt or unread)
    return read_settings(flags, release, otherwise, doubt=doubt)


def _unread_workload(estate: Estate, services: Sequence[Service]) -> str:
    """A workload beside the controller's Services that was given and could not be decoded."""
    spaces = {service.namespace for service in services}
    for gap in estate.unread:
        if gap.kind in _KINDS and (gap.namespace in spaces or "ingress-nginx" in gap.name):
            return f"{gap.label}, which may be the controller, cannot be read: {gap.reason}"
    return ""


def _custom_resource(estate: Estate, names: Sequence[str]) -> dict[str, Any]:
    for item in estate.others.get((_ADD_ON_GROUP, "NginxIngressController"), []):
        spec = item.plain().get("spec")
        if isinstance(spec, dict) and spec.get("ingressClassName") in names:
            return {"name": item.name, **spec}
    return {}


def _carrying(
    estate: Estate, add_on: bool, resource: Mapping[str, Any], mine: Sequence[Ingress], claimed: set[Name]
) -> Iterator[Service]:
    """The Services that lead to a controller whose workload was not read."""
    addresses = {address for each in mine for address in each.addresses}
    by_address = [
        service
        for service in estate.services.values()
        if service.key not in claimed and any(each.address in addresses for each in service.load_balancer_addresses)
    ]
    if by_address:
        yield from by_address
        return
    for service in estate.services.values():
        if service.key in claimed:
            continue
        if _is_of_add_on(service, resource) if add_on else _is_labelled(service):
            yield service


def _is_labelled(service: Service) -> bool:
    for labels in (service.labels, service.selector):
        if labels.get("app.kubernetes.io/name") == "ingress-nginx":
            return labels.get("app.kubernetes.io/component", "controller") == "controller"
    return False


def _is_of_add_on(service: Service, resource: Mapping[str, Any]) -> bool:
    if service.namespace != _ADD_ON_NAMESPACE:
        return False
    if not resource or resource.get("name") == "default":
        return service.name == "nginx"
    return service.name == f"{resource.get('controllerNamePrefix')}-0"


def _speaker(estate: Estate, controller: str, names: Sequence[str], services: Sequence[Service]) -> Citation:
    """What speaks for a controller whose workload was not read: its class, its Service, or its name alone."""
    for name in names:
        found = estate.ingress_classes.get(name)
        if found is not None:
            return Citation(
                Layer.CONTROLLER, "IngressClass", name, place=found.place, path=("spec", "controller"), text=controller
            )
    for service in services:
        return Citation(
            Layer.CONTROLLER, "Service", service.name, service.namespace, place=service.place, text=controller
        )
    return Citation(Layer.CONTROLLER, "IngressClass", names[0] if names else "nginx", text=controller)
