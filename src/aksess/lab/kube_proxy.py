"""The real kube-proxy of one node, in nftables or iptables mode.

It watches an API server and writes packet filter rules into the network namespace that it runs in. Its health check
says yes while a change is still waiting and even while every write fails, so `KubeProxy.settle` goes by its metrics:
when a change was last queued, and when rules were last written.

Inside a user namespace two things differ from a node. Connection tracking limits belong to the host, so kube-proxy is
told to leave them alone (it would end otherwise). And large rule sets need the part ``sndbuf``.

Source: kubernetes/kubernetes pkg/proxy/metrics/metrics.go; kubernetes.io, Reference, kube-proxy Configuration
(v1alpha1).
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aksess.lab.apiserver import KUBE_PROXY, ApiServer
from aksess.lab.parts import part
from aksess.lab.programs import Program

__all__ = ["KubeProxy", "Mode", "start"]

Mode = Literal["iptables", "nftables"]

_METRICS_PORT: Final = 10249
_QUEUED: Final = "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds"
_WRITTEN: Final = "kubeproxy_sync_proxy_rules_last_timestamp_seconds"
_STILL: Final = 0.1


@dataclass(frozen=True, slots=True)
class KubeProxy:
    """A kube-proxy that runs.

    Attributes:
        program: Its process and what it says.
        address: The address of its network namespace by which its metrics are reached from here.
    """

    program: Program
    address: str

    def settle(self, since: float = 0, seconds: float = 30) -> None:
        """Wait until the rules are written.

        Args:
            since: Time of day (`time.time`) before a change of which kube-proxy must have heard; 0 where there was
                none. A change that is no news to kube-proxy would be waited for in vain.
            seconds: How long at most.

        Raises:
            ProgramFailed: The rules were not written in time, or kube-proxy died.
        """
        self.program.wait(lambda: self._is_written(since), seconds)

    def stop(self) -> None:
        """End it; the rules that it wrote stay, as they do on a node."""
        self.program.stop()

    def _is_written(self, since: float) -> bool:
        # A change that is queued while rules are being written looks written at their end, for a moment: look twice.
        queued, written = before = self._timestamps()
        if not queued or queued.keys() != written.keys() or max(queued.values()) < since:
            return False
        if any(written[family] < queued[family] for family in queued):
            return False
        time.sleep(_STILL)
        return self._timestamps() == before

    def _timestamps(self) -> tuple[dict[str, float], dict[str, float]]:
        """When changes were last queued and when rules were last written, by address family; empty while unknown."""
        try:
            with urllib.request.urlopen(f"http://{self.address}:{_METRICS_PORT}/metrics", timeout=5) as reply:
                text = reply.read().decode()
        except OSError:
            return {}, {}
        return _gauge(_QUEUED, text), _gauge(_WRITTEN, text)


def _gauge(name: str, text: str) -> dict[str, float]:
    """The values of a gauge by its label ``ip_family``, out of a page of metrics."""
    line = re.compile(rf'^{name}{{ip_family="(\w+)"}} (\S+)$', re.MULTILINE)
    return {family: float(value) for family, value in line.findall(text)}


def start(
    api: ApiServer,
    node: str,
    mode: Mode,
    *,
    pods: Sequence[str],
    within: Sequence[str] = (),
    address: str = "127.0.0.1",
    api_address: str = "",
    node_port_addresses: Sequence[str] = (),
) -> KubeProxy:
    """Start kube-proxy for a node and wait until its first rules are written.

    Args:
        api: The API server; it must hold the Node, with its InternalIP addresses.
        node: Name of the Node.
        mode: How rules are written.
        pods: CIDRs of pods: what comes from there counts as local.
        within: Command that enters the node's network namespace; empty for the present one.
        address: The address of that namespace by which its metrics are reached from here.
        api_address: The address of the API server as that namespace knows it, where it is another one than here.
        node_port_addresses: As in its configuration; empty for the default of the mode.

    Raises:
        PartMissing: kube-proxy, nft, iptables or sndbuf is not here.
        ProgramFailed: It did not get ready.
    """
    for needed in ("nft", "iptables", "conntrack"):
        part(needed)
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(api.kubeconfig(KUBE_PROXY, api_address))},
        "hostnameOverride": node,
        "mode": mode,
        "clusterCIDR": ",".join(pods),
        "detectLocalMode": "ClusterCIDR",
        "nodePortAddresses": list(node_port_addresses),
        "metricsBindAddress": f"0.0.0.0:{_METRICS_PORT}",
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        mode: {"minSyncPeriod": "10ms", "syncPeriod": "30s"},
    }
    file = api.folder / f"kube-proxy-{node}.json"
    file.write_text(json.dumps(configuration))
    command = [*within, *part("kube-proxy").command, f"--config={file}"]
    log = api.folder / f"kube-proxy-{node}.log"
    program = Program(f"kube-proxy of {node}", command, log, {"LD_PRELOAD": str(part("sndbuf").path)})
    proxy = KubeProxy(program, address)
    proxy.settle()
    return proxy
