"""The parts of Gateway API and Envoy Gateway objects that decide access, as they stand on the wire.

Source: kubernetes-sigs/gateway-api apis/v1/{gateway,httproute}_types.go; envoyproxy/gateway
api/v1alpha1/{securitypolicy,authorization}_types.go.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from aksess.estate.wire import LabelSelector, Metadata, Port, Wire


class RouteNamespaces(Wire):
    origin: Literal["All", "Selector", "Same", "None"] | None = msgspec.field(default=None, name="from")
    selector: LabelSelector | None = None


class AllowedRoutes(Wire):
    namespaces: RouteNamespaces | None = None


class ListenerTls(Wire):
    mode: str | None = None


class Listener(Wire):
    name: str
    port: Port
    protocol: str
    hostname: str | None = None
    tls: ListenerTls | None = None
    allowed_routes: AllowedRoutes | None = None


class GatewaySpec(Wire):
    gateway_class_name: str
    listeners: list[Listener] | None = None


class StatusAddress(Wire):
    value: str | None = None


class GatewayStatus(Wire):
    addresses: list[StatusAddress] | None = None


class Gateway(Wire):
    metadata: Metadata
    spec: GatewaySpec
    status: GatewayStatus | None = None


class GatewayClassSpec(Wire):
    controller_name: str


class GatewayClass(Wire):
    metadata: Metadata
    spec: GatewayClassSpec


class ParentReference(Wire):
    name: str
    namespace: str | None = None
    kind: str | None = None
    section_name: str | None = None
    port: int | None = None


class PathMatch(Wire):
    type: Literal["Exact", "PathPrefix", "RegularExpression"] | None = None
    value: str | None = None


class Match(Wire):
    path: PathMatch | None = None
    method: str | None = None
    headers: list[Any] | None = None
    query_params: list[Any] | None = None


class Redirect(Wire):
    status_code: int | None = None


class Filter(Wire):
    type: str
    request_redirect: Redirect | None = None


class BackendReference(Wire):
    name: str
    namespace: str | None = None
    kind: str | None = None
    port: int | None = None
    weight: int | None = None


class Rule(Wire):
    name: str | None = None
    matches: list[Match] | None = None
    filters: list[Filter] | None = None
    backend_refs: list[BackendReference] | None = None


class RouteSpec(Wire):
    parent_refs: list[ParentReference] | None = None
    hostnames: list[str] | None = None
    rules: list[Rule] | None = None


class Route(Wire):
    metadata: Metadata
    spec: RouteSpec


class Principal(Wire):
    client_cidrs: list[str] | None = msgspec.field(default=None, name="clientCIDRs")
    jwt: Any = None
    headers: Any = None
    source_cidrs: Any = msgspec.field(default=None, name="sourceCIDRs")


class AuthorizationRule(Wire):
    action: Literal["Allow", "Deny"]
    principal: Principal | None = None
    name: str | None = None
    operation: Any = None


class Authorization(Wire):
    rules: list[AuthorizationRule] | None = None
    default_action: Literal["Allow", "Deny"] | None = None


class PolicyTarget(Wire):
    kind: str
    name: str
    section_name: str | None = None


class SecurityPolicySpec(Wire):
    target_refs: list[PolicyTarget] | None = None
    target_ref: PolicyTarget | None = None
    target_selectors: Any = None
    authorization: Authorization | None = None
    merge_type: str | None = None
    basic_auth: Any = None
    jwt: Any = None
    oidc: Any = None
    ext_auth: Any = None
    api_key_auth: Any = None


class SecurityPolicy(Wire):
    metadata: Metadata
    spec: SecurityPolicySpec


class ClientTrafficPolicySpec(Wire):
    target_refs: list[PolicyTarget] | None = None
    target_ref: PolicyTarget | None = None
    target_selectors: Any = None
    client_ip_detection: Any = msgspec.field(default=None, name="clientIPDetection")
    enable_proxy_protocol: bool | None = None
    proxy_protocol: Any = None


class ClientTrafficPolicy(Wire):
    metadata: Metadata
    spec: ClientTrafficPolicySpec
