"""Which Kubernetes kinds decide access, which do not, and which stand for objects that were not rendered.

Three lists and a rule. Kinds of `MODELLED` are decoded into nouns or left to the controller package that reads them.
Kinds of groups in `HARMLESS_GROUPS`, and those of `HARMLESS`, are known to decide nothing about who reaches an
application. Kinds of `GENERATORS` make other objects: given without their output, they are a template that was not
rendered. Any other kind is listed as not modelled; no layer of access reads it, so it decides nothing.
"""

from __future__ import annotations

from aksess.snapshot.unread import Reach

__all__ = ["CONTROLLER_GROUPS", "MODELLED", "gap_of"]

MODELLED: dict[str, frozenset[str]] = {
    "": frozenset({"Service", "ConfigMap", "Secret", "Pod", "Node", "Namespace", "Endpoints"}),
    "apps": frozenset({"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"}),
    "extensions": frozenset({"Ingress", "Deployment", "DaemonSet"}),
    "networking.k8s.io": frozenset({"Ingress", "IngressClass", "NetworkPolicy"}),
    "discovery.k8s.io": frozenset({"EndpointSlice"}),
    "cert-manager.io": frozenset({"Issuer", "ClusterIssuer", "Certificate"}),
    "approuting.kubernetes.azure.com": frozenset({"NginxIngressController"}),
    "gateway.networking.k8s.io": frozenset(
        {"Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "ListenerSet"}
    ),
    "gateway.envoyproxy.io": frozenset({"SecurityPolicy", "ClientTrafficPolicy", "BackendTrafficPolicy", "EnvoyProxy"}),
}
"""Kinds that some part of the product reads, by API group."""

CONTROLLER_GROUPS = frozenset(
    {
        *("traefik.io", "traefik.containo.us", "projectcontour.io", "networking.istio.io", "security.istio.io"),
        *("gateway.envoyproxy.io", "gateway.networking.k8s.io", "configuration.konghq.com", "k8s.nginx.org"),
        *("alb.networking.azure.io", "appgw.ingress.azure.io", "appgw.ingress.k8s.io", "getambassador.io"),
        *("core.haproxy.org", "ingress.v1.haproxy.org", "gateway.kgateway.dev", "apisix.apache.org"),
    }
)
"""Groups whose objects only some ingress or gateway controller reads."""

_HARMLESS_CORE = frozenset(
    {
        *("ServiceAccount", "PersistentVolume", "PersistentVolumeClaim", "ResourceQuota", "LimitRange", "Event"),
        *("ReplicationController", "PodTemplate", "Binding", "ComponentStatus"),
    }
)
_HARMLESS_IN_MODELLED = {
    "apps": frozenset({"ControllerRevision"}),
    "networking.k8s.io": frozenset({"ServiceCIDR", "IPAddress"}),
    "gateway.networking.k8s.io": frozenset({"ReferenceGrant", "BackendTLSPolicy", "BackendLBPolicy"}),
    "cert-manager.io": frozenset({"CertificateRequest"}),
    "gateway.envoyproxy.io": frozenset({"Backend", "HTTPRouteFilter"}),
    "extensions": frozenset({"ReplicaSet", "PodSecurityPolicy"}),
}
_HARMLESS_GROUPS = frozenset(
    {
        *("rbac.authorization.k8s.io", "batch", "autoscaling", "policy", "storage.k8s.io", "scheduling.k8s.io"),
        *("coordination.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "admissionregistration.k8s.io"),
        *(
            "node.k8s.io",
            "events.k8s.io",
            "certificates.k8s.io",
            "flowcontrol.apiserver.k8s.io",
            "acme.cert-manager.io",
        ),
        *("monitoring.coreos.com", "metrics.k8s.io", "snapshot.storage.k8s.io", "authentication.k8s.io"),
        *("keda.sh", "secrets-store.csi.x-k8s.io", "aadpodidentity.k8s.io", "autoscaling.k8s.io", "aksess.dev"),
        *("resource.k8s.io", "authorization.k8s.io", "internal.apiserver.k8s.io", "storagemigration.k8s.io"),
    }
)
_POLICY_GROUPS = frozenset(
    {"projectcalico.org", "crd.projectcalico.org", "cilium.io", "policy.networking.k8s.io", "crd.antrea.io"}
)
_GENERATORS = frozenset({"HelmRelease", "HelmChart", "Kustomization", "Application", "ApplicationSet", "Component"})
_GENERATOR_GROUPS = frozenset(
    {
        *("helm.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io", "argoproj.io", "helm.cattle.io", "helm.fluxcd.io"),
        *("kustomize.config.k8s.io", "config.kubernetes.io"),
    }
)


def gap_of(group: str, kind: str) -> tuple[str, Reach] | None:
    """Why an object of a kind that nothing reads is a gap, and how far it reaches; None where it is none."""
    if group in _GENERATOR_GROUPS:
        if kind in _GENERATORS:
            return f"{kind} makes other objects; render it and give the result", Reach.EVERYTHING
        return None
    if group in _HARMLESS_GROUPS or kind in _HARMLESS_IN_MODELLED.get(group, ()):
        return None
    if not group and kind in _HARMLESS_CORE:
        return None
    if group in _POLICY_GROUPS:
        return f"{kind} of {group} is not modelled", Reach.NETWORK_POLICY
    if group in CONTROLLER_GROUPS:
        return f"{kind} of {group} is not modelled", Reach.CONTROLLER
    if group in MODELLED:
        return f"{group or 'the core group'} has no kind {kind}", Reach.EVERYTHING
    if any(kind in kinds for kinds in MODELLED.values()) and "." not in group:
        return f"{kind} is no kind of {group or 'the core group'}", Reach.EVERYTHING
    return f"{kind} of {group} is not modelled; no layer of access reads it", Reach.NOTHING
