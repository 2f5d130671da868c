"""kube-proxy in its real form: an API server with the estate's own Services, and a kube-proxy on every node.

The API server runs outside the nodes and is reached over links of its own, which carry nothing else. An estate is
loaded by writing its Services and EndpointSlices into the API server; what a cluster would have filled in (cluster
addresses) is left to it.

Source: kubernetes.io, Reference, kube-proxy; the API server's rules for Services.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aksess.errors import ApiRefused
from aksess.estate import Estate
from aksess.estate.kubernetes import Name, Service
from aksess.lab import apiserver, kube_proxy
from aksess.lab.apiserver import ApiServer
from aksess.lab.blueprint import Blueprint, LabNode
from aksess.lab.cabling import inside
from aksess.lab.completion import with_ports
from aksess.lab.kube_proxy import KubeProxy, Mode
from aksess.lab.namespaces import STATE
from aksess.lab.programs import run
from aksess.snapshot.items import KubernetesItem

__all__ = ["RealServices"]

_API_ADDRESS: Final = "192.0.0.1"
_KEPT: Final = ("name", "namespace", "labels", "annotations")
_FILLED_IN: Final = ("clusterIP", "clusterIPs")
_KINDS: Final = ("Service", "EndpointSlice")

Object = dict[str, Any]


@dataclass
class RealServices:
    """An API server and a kube-proxy on every node of a lab."""

    api: ApiServer
    _nodes: Sequence[LabNode]
    _pods: list[str]
    _mode: Mode | None = None
    _proxies: list[KubeProxy] = field(default_factory=list, repr=False)
    _namespaces: set[str] = field(default_factory=set, repr=False)

    @classmethod
    def start(cls, drawn: Blueprint) -> RealServices:
        """Start the API server and give it the nodes; kube-proxy follows with the first estate.

        Raises:
            PartMissing: A real part is not here.
            ProgramFailed: It did not start.
        """
        run("ip", "address", "add", f"{_API_ADDRESS}/32", "dev", "lo")
        for node in drawn.nodes:
            _link(node)
        api = apiserver.start(STATE / "api", _API_ADDRESS)
        for node in drawn.nodes:
            addresses = [{"type": "InternalIP", "address": str(each)} for each in node.addresses]
            status = {"addresses": addresses}
            api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node.name}, "status": status})
        return cls(api, drawn.nodes, drawn.pod_space.to_cidrs() or ["10.244.0.0/16"])

    def load(self, objects: Iterable[KubernetesItem], estate: Estate, drawn: Blueprint) -> list[str]:
        """Make the API server hold the Services of an estate, and wait until every kube-proxy has written them.

        Args:
            objects: The objects as they were read.
            estate: The estate, with every port of its Services given.
            drawn: What was built: how kube-proxy runs, and the endpoints that were made up.

        Returns:
            What the API server refused, with its words.
        """
        if drawn.mode != self._mode:
            self._restart(drawn.mode)
        for namespace in self._namespaces:
            for path in ("/api/v1/namespaces/{}/services", "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices"):
                self.api.request("DELETE", path.format(namespace))
        changed = time.time()
        refused = [
            why
            for item in objects
            if item.kind in _KINDS and (why := self._create(item.plain(), item, estate.services))
        ]
        for made_up in _made_up(estate, drawn):
            self.api.create(made_up)
        for proxy in self._proxies:
            proxy.settle(changed)
        return refused

    def _create(self, value: Mapping[str, Any], item: KubernetesItem, services: Mapping[Name, Service]) -> str:
        namespace = item.namespace or "default"
        if namespace not in self._namespaces and namespace != "default":
            self._make_namespace(namespace)
        self._namespaces.add(namespace)
        version = f"{item.group}/{item.version}" if item.group else item.version
        try:
            service = services.get((namespace, item.name)) if item.kind == "Service" else None
            self.api.create(_writable({"apiVersion": version, "kind": item.kind, **value}, service))
        except ApiRefused as refused:
            return f"{item.label}: {refused.what}"
        return ""

    def _make_namespace(self, name: str) -> None:
        try:
            self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        except ApiRefused as refused:
            if refused.status != http.client.CONFLICT:
                raise

    def _restart(self, mode: Mode) -> None:
        """Start every kube-proxy in a mode, on nodes without rules."""
        for proxy in self._proxies:
            proxy.stop()
        self._proxies.clear()
        for node in self._nodes:
            run(*inside(f"node-{node.index}", "nft", "flush", "ruleset"))
            self._proxies.append(
                kube_proxy.start(
                    self.api,
                    node.name,
                    mode,
                    pods=self._pods,
                    within=inside(f"node-{node.index}"),
                    address=_management(node.index),
                    api_address=_API_ADDRESS,
                    node_port_addresses=["primary"],
                )
            )
        self._mode = mode


def _made_up(estate: Estate, drawn: Blueprint) -> Iterator[Object]:
    """EndpointSlices for Services whose endpoints were not read, one a port and family."""
    for (key, port), endpoints in drawn.endpoints.items():
        if key in estate.slices:
            continue
        for family in sorted({each.address.family for each in endpoints}):
            own = [each for each in endpoints if each.address.family == family]
            yield {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{key[1]}-{port.port}-{port.protocol.lower()}-{family}",
                    "namespace": key[0],
                    "labels": {"kubernetes.io/service-name": key[1]},
                },
                "addressType": f"IPv{family}",
                "ports": [{"name": port.name, "port": own[0].port, "protocol": port.protocol}],
                "endpoints": [
                    {
                        "addresses": [str(each.address)],
                        "nodeName": drawn.nodes[each.node].name,
                        "conditions": {"ready": each.ready},
                    }
                    for each in own
                ],
            }


def _writable(value: Object, service: Service | None) -> Object:
    """An object as it can be created anew."""
    metadata = {key: each for key, each in (value.get("metadata") or {}).items() if key in _KEPT and each}
    found = {**value, "metadata": metadata}
    if value["kind"] == "Service":
        spec = {key: each for key, each in (value.get("spec") or {}).items() if key not in _FILLED_IN}
        spec.pop("healthCheckNodePort", None)
        found["spec"] = with_ports(spec, service) if service is not None else spec
    return found


def _link(node: LabNode) -> None:
    """A link between the API server and a node."""
    name, namespace = f"node-{node.index}", f"node-{node.index}"
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "management", "netns", namespace)
    run("ip", "link", "set", name, "up")
    run("ip", "route", "add", _management(node.index), "dev", name, "scope", "link", "src", _API_ADDRESS)
    for command in (
        ("address", "add", f"{_management(node.index)}/32", "dev", "management", "scope", "link"),
        ("link", "set", "management", "up"),
        ("route", "add", _API_ADDRESS, "dev", "management", "scope", "link", "src", _management(node.index)),
    ):
        run("ip", "-n", namespace, *command)


def _management(index: int) -> str:
    return f"192.0.0.{10 + index}"
