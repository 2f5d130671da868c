"""The other ways in which a check fires, besides the example of its page, with the words that tell them apart."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

import aksess
from aksess.checks.interface import Confidence, Severity
from checks.small_clusters import (
    ADDRESS,
    ADDRESS_6,
    OFFICE,
    PARTNER,
    backend,
    cluster,
    config_map,
    endpoints,
    findings,
    gateway,
    group,
    ingress,
    load_balancer,
    network,
    nginx,
    node,
    public_address,
    rule,
    workload,
)

Item = dict[str, Any]

KEY = "nginx.ingress.kubernetes.io/"
TCP = {"protocol": "Tcp"}
DUAL: Item = {"addresses": [ADDRESS, ADDRESS_6], "ipFamilies": ["IPv4", "IPv6"]}
RANGES = {"azure-allowed-ip-ranges": OFFICE}
INTERNAL = {"azure-load-balancer-internal": "true"}
LOCAL: Item = {"externalTrafficPolicy": "Local", "healthCheckNodePort": 32000}
NODES = [node("a", "10.224.0.4"), node("b", "10.224.0.5"), node("c", "10.224.0.6")]
PUBLIC_NODE = node("a", "10.224.0.4", "20.50.61.4")
HTTP = [{"name": "http", "port": 80, "nodePort": 30080, "appProtocol": "http"}]
MQTT = [{"name": "mqtts", "port": 8883, "nodePort": 30883}]
WRITTEN = rule("k8s-azure-lb_allow_IPv4_bc87afc9aeeece13e643801ad1da615f", 500, "Internet", ADDRESS, ["443"], **TCP)
CATCH_ALL = {"http": {"paths": [{"path": "/", "pathType": "Prefix",
                                 "backend": {"service": {"name": "shop", "port": {"number": 80}}}}]}}  # fmt: skip
ISSUER = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "ClusterIssuer",
    "metadata": {"name": "letsencrypt"},
    "spec": {"acme": {"server": "https://acme.example.com", "solvers": [{"http01": {"ingress": {}}}]}},
}
ISSUED = {"cert-manager.io/cluster-issuer": "letsencrypt"}


def envoy_gateway(*ranges: str) -> list[Item]:
    """Envoy Gateway with one route, and a policy that admits some ranges."""
    api, own = "gateway.networking.k8s.io/v1", "gateway.envoyproxy.io"
    labels = {f"{own}/owning-gateway-name": "web", f"{own}/owning-gateway-namespace": "shop"}
    listener = {"name": "https", "port": 443, "protocol": "HTTPS"}
    rules = [{"backendRefs": [{"name": "admin", "port": 80}]}]
    clients = [{"action": "Allow", "principal": {"clientCIDRs": list(ranges)}}]
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "admin"}
    named = {"namespace": "shop"}
    return [
        {"apiVersion": api, "kind": "GatewayClass", "metadata": {"name": "eg"},
         "spec": {"controllerName": f"{own}/gatewayclass-controller"}},
        {"apiVersion": api, "kind": "Gateway", "metadata": {"name": "web", **named},
         "spec": {"gatewayClassName": "eg", "listeners": [listener]}},
        {"apiVersion": api, "kind": "HTTPRoute", "metadata": {"name": "admin", **named},
         "spec": {"parentRefs": [{"name": "web"}], "hostnames": ["admin.example.com"], "rules": rules}},
        {"apiVersion": f"{own}/v1alpha1", "kind": "SecurityPolicy", "metadata": {"name": "office", **named},
         "spec": {"targetRefs": [target], "authorization": {"defaultAction": "Deny", "rules": clients}}},
        backend("admin"),
        load_balancer("envoy-shop-web", namespace="envoy-gateway-system", labels=labels, selector=labels,
                      externalTrafficPolicy="Local"),
    ]  # fmt: skip


def bad_key(name: str) -> list[Item]:
    return [nginx(), ingress("admin", notes={f"{KEY}{name}": OFFICE})]


FIRES: list[tuple[str, str, str, list[Item]]] = [
    ("acme-http01-blocked", "no port 80", "has no frontend on port 80",
     [nginx(), ISSUER, ingress("admin", tls=True, notes=ISSUED)]),
    ("acme-http01-blocked", "in place, behind a list", "written into this Ingress",
     [nginx(ports=[{"name": "http", "port": 80}, {"name": "https", "port": 443}]), ISSUER,
      ingress("admin", tls=True, allow=OFFICE,
              notes={**ISSUED, "acme.cert-manager.io/http01-edit-in-place": "true"})]),
    ("acme-http01-blocked", "a Certificate", "admin.example.com",
     [nginx(ports=HTTP, healthCheckNodePort=32000, loadBalancerSourceRanges=[OFFICE]), ISSUER, ingress("admin"),
      {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "admin", "namespace": "shop"},
       "spec": {"secretName": "admin-tls", "dnsNames": ["admin.example.com"],
                "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}}}]),
    ("allow-list-bypassed", "a Service that selects the same pods", "Service shop/direct",
     [nginx(), ingress("admin", allow=OFFICE), backend("admin", app="admin"),
      load_balancer("direct", addresses=["20.50.60.71"], selector={"app": "admin"})]),
    ("allow-list-bypassed", "another path to the same Service", "/health",
     [nginx(), ingress("admin", allow=OFFICE), ingress("health", path="/health", service="admin", created=2)]),
    ("allow-list-bypassed", "TLS that is passed through", "does not hold on HTTPS",
     [nginx(), workload("--enable-ssl-passthrough", "--configmap=ingress-nginx/ingress-nginx-controller"),
      config_map(enable_real_ip="true", forwarded_for_header="proxy_protocol", proxy_real_ip_cidr="127.0.0.1/32"),
      ingress("admin", allow=OFFICE, notes={f"{KEY}ssl-passthrough": "true"})]),
    ("allow-list-bypassed", "a TCP service of the controller", ":5432",
     [nginx(ports=[{"name": "https", "port": 443, "nodePort": 30443}, {"name": "db", "port": 5432, "nodePort": 30432}]),
      workload("--tcp-services-configmap=ingress-nginx/tcp"), backend("admin"), ingress("admin", allow=OFFICE),
      {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tcp", "namespace": "ingress-nginx"},
       "data": {"5432": "shop/admin:80"}}]),
    ("allow-list-bypassed", "a node port on a public address", "20.50.61.4:30443",
     [load_balancer("queue", loadBalancerSourceRanges=[OFFICE]), PUBLIC_NODE,
      group(rule("open", 400, "Internet", "*", "30000-32767", **TCP))]),
    ("allow-list-bypassed", "a wider list", "255 addresses",
     [nginx(), ingress("admin", allow=OFFICE),
      ingress("one", "one.example.com", service="admin", allow="203.0.113.7")]),
    ("allow-list-ignored", "a canary", "of a canary the lists of the main Ingress hold",
     [nginx(), ingress("admin", allow=OFFICE),
      ingress("next", allow=PARTNER, created=2, notes={f"{KEY}canary": "true", f"{KEY}canary-weight": "10"})]),
    ("allow-list-ignored", "a younger duplicate", "no effect on the path /a, the older Ingress shop/old",
     [nginx(), ingress("old", path="/a"), ingress("new", path="/a", allow=OFFICE, created=2)]),
    ("allow-list-ignored", "the alias beside the key", "is the one that counts",
     [nginx(), ingress("admin", allow=OFFICE, notes={f"{KEY}allowlist-source-range": PARTNER})]),
    ("allow-list-ignored", "an empty alias", "an empty value", [nginx(), ingress("admin", allow="")]),
    ("allow-list-ignored", "another prefix", "another prefix",
     [nginx(), workload("--annotations-prefix=acme.io"), ingress("admin", allow=OFFICE)]),
    ("allow-list-ignored", "a rate limit's list", "restricts nobody", bad_key("limit-whitelist")),
    ("allow-list-ignored", "a key that does not exist", "no such annotation", bad_key("blacklist-source-range")),
    ("allow-list-invalid", "an empty key", "the value is empty",
     [nginx(), ingress("admin", notes={f"{KEY}allowlist-source-range": ""})]),
    ("allow-list-invalid", "a deny list", "denylist-source-range cannot be read",
     [nginx(), ingress("admin", notes={f"{KEY}denylist-source-range": "10.0.0.0/33"})]),
    ("allow-list-invalid", "host bits in the spec", "the network is 203.0.113.0/24): everybody is denied",
     [load_balancer("queue", loadBalancerSourceRanges=["203.0.113.7/24"])]),
    ("allow-list-invalid", "bad beside good", "are no ranges for the cloud provider",
     [load_balancer("queue", notes={"azure-allowed-ip-ranges": f"{OFFICE},203.0.113.7,office"})]),
    ("allow-list-invalid", "an empty annotation of a Service", "an empty value in azure-allowed-ip-ranges",
     [load_balancer("queue", notes={"azure-allowed-ip-ranges": ""})]),
    ("allow-list-invalid", "a policy of Envoy Gateway", "SecurityPolicy shop/office", envoy_gateway("203.0.113.7/33")),
    ("allow-list-one-family", "a deny list", "every IPv6 client gets past it",
     [nginx(**DUAL), ingress("admin", notes={f"{KEY}denylist-source-range": OFFICE})]),
    ("allow-list-one-family", "everybody of IPv4", "it shuts out every IPv6 client",
     [nginx(**DUAL), ingress("admin", allow="0.0.0.0/0")]),
    ("allow-list-one-family", "IPv6 alone", "only IPv6 entries",
     [nginx(**DUAL), ingress("admin", allow="2001:db8:7::/48")]),
    ("allow-list-one-family", "source ranges", "no IPv6 client gets in",
     [load_balancer("queue", loadBalancerSourceRanges=[OFFICE], **DUAL)]),
    ("allow-list-one-family", "source ranges that another rule undoes", "IPv6 clients get in all the same",
     [load_balancer("queue", loadBalancerSourceRanges=[OFFICE], **DUAL), group(rule("web", 400, "*", "*", "443"))]),
    ("api-server-open", "ranges that hold everybody", "hold the whole Internet", [cluster(ranges=["0.0.0.0/0"])]),
    ("api-server-run-command", "a private cluster", "no public way in",
     [cluster(ranges=None, api={"enablePrivateCluster": True, "disableRunCommand": False})]),
    ("api-server-run-command", "no public access", "no public way in",
     [cluster(ranges=None, publicNetworkAccess="Disabled", api={"disableRunCommand": False})]),
    ("api-server-locks-out", "nobody but the cluster, behind a NAT gateway", "20.50.60.99/32",
     [cluster(ranges=["0.0.0.0/32"], networkProfile={"outboundType": "managedNATGateway", "natGatewayProfile": {
         "effectiveOutboundIPs": [{"id": public_address("egress", "")["id"]}]}}),
      public_address("egress", "20.50.60.99")]),
    ("client-ip-not-preserved", "a list that lets nodes in", "because they let nodes in",
     [nginx("Cluster"), ingress("admin", allow=f"{OFFICE},10.0.0.0/8")]),
    ("client-ip-not-preserved", "a deny list", "because they let nodes in",
     [nginx("Cluster"), ingress("admin", notes={f"{KEY}denylist-source-range": OFFICE})]),
    ("client-ip-not-preserved", "some of both", "of 2 listed exposures 1 block everybody",
     [nginx("Cluster"), ingress("admin", allow=OFFICE), ingress("b", "b.example.com", allow="10.0.0.0/8")]),
    ("client-ip-not-preserved", "a controller that was read", "so Deployment ingress-nginx/",
     [nginx("Cluster"), workload(), ingress("admin", allow=OFFICE)]),
    ("client-ip-not-preserved", "a header that other peers are believed in", "block everybody",
     [nginx("Cluster"), config_map(use_forwarded_headers="true", proxy_real_ip_cidr="10.225.0.0/24"),
      ingress("admin", allow=OFFICE), node("a", "10.224.0.4")]),
    ("controller-config-broken", "a bad list that is inherited", "'office' is no address that nginx accepts",
     [nginx(), config_map(whitelist_source_range="office"), ingress("admin")]),
    ("controller-config-broken", "bad block-cidrs", "10.0.0.0/33",
     [nginx(), config_map(block_cidrs="10.0.0.0/33"), ingress("admin", allow=OFFICE)]),
    ("controller-unknown", "no class", "it names no class", [{**ingress("wiki"), "spec": {"rules": [CATCH_ALL]}}]),
    ("egress-obsolete", "UDP", "port 1194",
     [cluster(), *network(rule("t", 100, "*", "AzureCloud", "1194", direction="Outbound", protocol="Udp"))]),
    ("egress-required-missing", "an add-on", "(azure-monitor)",
     [cluster(addonProfiles={"omsagent": {"enabled": True}}),
      group(rule("d", 400, direction="Outbound", access="Deny"))]),
    ("forwarded-header-spoofable", "a PROXY line", "with a PROXY line of its own",
     [nginx(), config_map(use_proxy_protocol="true"), ingress("admin", allow=OFFICE)]),
    ("forwarded-header-spoofable", "a deny list", "with a forged header",
     [nginx(), config_map(use_forwarded_headers="true"),
      ingress("admin", notes={f"{KEY}denylist-source-range": OFFICE})]),
    ("forwarded-header-spoofable", "half of the Internet", "2 exposures",
     [nginx(), config_map(use_forwarded_headers="true", proxy_real_ip_cidr="0.0.0.0/1"),
      ingress("admin", allow=OFFICE), ingress("b", "b.example.com", allow=PARTNER)]),
    ("global-list-replaced", "an allow list", "replaces the controller-wide whitelist-source-range",
     [nginx(), config_map(whitelist_source_range=OFFICE), ingress("admin", allow=PARTNER)]),
    ("global-list-replaced", "a deny list", "replaces the controller-wide denylist-source-range",
     [nginx(), config_map(denylist_source_range=PARTNER), ingress("a", notes={f"{KEY}denylist-source-range": OFFICE})]),
    ("health-probe-fails", "a path that is not there", "/nope is answered 404",
     [nginx("Cluster", ports=HTTP, notes={"azure-load-balancer-health-probe-request-path": "/nope"}), ingress("a")]),
    ("health-probe-fails", "a catch-all with a list", "answered 403",
     [nginx("Cluster", ports=HTTP), {**ingress("shop", allow=OFFICE),
                                     "spec": {"ingressClassName": "nginx", "rules": [CATCH_ALL]}}]),
    ("health-probe-fails", "no endpoint", "no ready endpoint", [load_balancer("shop"), endpoints("shop")]),
    ("health-probe-fails", "policy Local without endpoint", "its health check says 503",
     [load_balancer("shop", **LOCAL), *NODES, endpoints("shop")]),
    ("internal-ranges-not-enforced", "tags, which the deny annotation does not count", "restrict nobody",
     [load_balancer("ledger", addresses=["10.224.0.9"], notes={
         **INTERNAL, "azure-allowed-service-tags": "AzureCloud",
         "azure-deny-all-except-load-balancer-source-ranges": "true"})]),
    ("limit-exceeded", "source entries of a group", "4,001 source entries",
     [*network(rule("all", 100, [f"10.{n // 250}.{n % 250}.1" for n in range(4001)], ADDRESS, "443"))]),
    ("limit-exceeded", "rules of a group", "1,001 rules",
     [*network(*(rule(f"r{n}", 100 + n, f"10.{n // 250}.{n % 250}.1", ADDRESS) for n in range(1001)))]),
    ("limit-exceeded", "a Service whose rules do not fit", "Service shop/queue do not fit",
     [load_balancer("queue", notes={"azure-allowed-ip-ranges":
                                    ",".join(f"20.{n // 250}.{n % 250}.1/32" for n in range(4001))})]),
    ("load-balancer-ranges-conflict", "tags beside ranges", "kube-proxy drops whatever is not in the ranges",
     [load_balancer("queue", notes={"azure-allowed-service-tags": "AzureFrontDoor.Backend"},
                    loadBalancerSourceRanges=[OFFICE])]),
    ("load-balancer-ranges-conflict", "the general annotation", "and load-balancer-source-ranges: the cloud provider",
     [load_balancer("queue", notes={"load-balancer-source-ranges": OFFICE}, loadBalancerSourceRanges=[OFFICE])]),
    ("local-policy-uneven", "a node left out", "1 of 3 nodes serve nothing",
     [load_balancer("shop", **LOCAL), *NODES, endpoints("shop", "a", "b")]),
    ("local-policy-uneven", "unequal shares", "1 to 2 pods a node",
     [load_balancer("shop", **LOCAL), *NODES, endpoints("shop", "a", "a", "b", "c")]),
    ("nsg-blocks-cluster-traffic", "one port", "node to node",
     [cluster(), *network(rule("no-kubelet", 200, "*", "*", "10250", access="Deny", **TCP))]),
    ("nsg-blocks-cluster-traffic", "pods left out", "traffic inside the cluster: node to pod, pod to pod",
     [cluster(), *network(rule("nodes", 200, "10.224.0.0/16", "10.224.0.0/16"), rule("rest", 4000, access="Deny"))]),
    ("nsg-blocks-cluster-traffic", "outbound", "rule deny-out of edge",
     [cluster(), *network(rule("deny-out", 4000, access="Deny", direction="Outbound"))]),
    ("nsg-blocks-probes", "probes let in to the frontend only", "rule rest of edge denies the health probes",
     [load_balancer("shop"), *network(rule("probes", 200, "AzureLoadBalancer", ADDRESS),
      rule("rest", 300, access="Deny"))]),
    ("nsg-edit-will-be-reverted", "one destination more", "20.50.60.70, 20.50.60.99",
     [load_balancer("shop"), group({**WRITTEN, "destinationAddressPrefix": None,
                                    "destinationAddressPrefixes": [ADDRESS, "20.50.60.99"]})]),
    ("nsg-edit-will-be-reverted", "a hand-made rule under an old version", "made by hand",
     [cluster(currentKubernetesVersion="1.30.4"), load_balancer("shop"),
      group(WRITTEN, rule("mine", 700, OFFICE, ADDRESS, "80", **TCP))]),
    ("nsg-rule-missing", "an opt-out that this version does not read", "lacks the rule",
     [cluster(currentKubernetesVersion="1.34.5"),
      load_balancer("shop", notes={"azure-disable-load-balancer-nsg-rule": "true"}), group()]),
    ("nsg-rule-stale", "a name of old releases", "a0123456789abcdef0123456789abcde-TCP-443-Internet",
     [load_balancer("shop"),
      group(WRITTEN, rule("a0123456789abcdef0123456789abcde-TCP-443-Internet", 501, OFFICE, "20.50.60.99", "443"))]),
    ("nsg-rule-shadowed", "two together", "a (100), b (110) take everything before it",
     [*network(rule("a", 100, "203.0.113.0/25", ADDRESS, "443", **TCP),
               rule("b", 110, "203.0.113.128/25", ADDRESS, "443", **TCP),
               rule("deny", 200, OFFICE, ADDRESS, "443", access="Deny", **TCP))]),
    ("nsg-rule-shadowed", "probes below a deny for everybody", "rule probes (200)",
     [*network(rule("rest", 100, access="Deny"), rule("probes", 200, "AzureLoadBalancer"))]),
    ("nsg-rule-shadowed", "the same tag", "rule deny (200)",
     [*network(rule("in", 100, "AzureCloud", ADDRESS, "443"),
      rule("deny", 200, "AzureCloud", ADDRESS, "443", access="Deny"))]),
    ("nsg-wrong-destination", "a deny", "it stops nobody",
     [load_balancer("mq", ports=MQTT), *network(rule("d", 110, "Internet", "10.224.0.0/16", "8883", access="Deny"))]),
    ("nsg-wrong-destination", "the node port", "it lets nobody in",
     [load_balancer("mq", ports=MQTT), *network(rule("d", 110, PARTNER, "10.224.0.0/16", "30883"))]),
    ("nsg-wrong-destination", "the tag of the network", "it lets nobody in",
     [load_balancer("mq", ports=MQTT), *network(rule("d", 110, PARTNER, "VirtualNetwork", "8883"))]),
    ("nsg-only-as-strict-as-loosest", "a group on the subnet", "networkSecurityGroup edge lets through",
     [nginx(), ingress("api", "api.example.com"), ingress("admin"),
      *network(rule("office", 100, OFFICE, ADDRESS), rule("partner", 110, PARTNER, ADDRESS),
               rule("probes", 120, "AzureLoadBalancer"), rule("rest", 130, "Internet", access="Deny"))]),
    ("open-to-internet", "IPv6", "over IPv6",
     [nginx(**DUAL), ingress("admin", allow=f"{OFFICE},::/0")]),
    ("proxy-in-front-not-trusted", "an application gateway", "application gateway front stands in front",
     [nginx(), ingress("admin", allow=OFFICE), *gateway()]),
    ("ranges-not-everywhere", "node ports", "on its node ports",
     [load_balancer("queue", loadBalancerSourceRanges=[OFFICE]), PUBLIC_NODE,
      group(rule("open", 400, "Internet", "*", "30000-32767", **TCP))]),
    ("ranges-not-everywhere", "the other family", "for IPv6",
     [load_balancer("queue", loadBalancerSourceRanges=[OFFICE], **DUAL), group(rule("web", 400, "*", "*", "443"))]),
    ("real-ip-loopback", "a deny list", "127.0.0.1",
     [nginx(), workload("--enable-ssl-passthrough"), ingress("a", notes={f"{KEY}denylist-source-range": OFFICE})]),
    ("redirect-before-list", "TLS", "the redirect to HTTPS", [nginx(), ingress("admin", allow=OFFICE, tls=True)]),
    ("redirect-before-list", "a redirect", "permanent and temporal redirects",
     [nginx(), ingress("admin", allow=OFFICE, notes={f"{KEY}permanent-redirect": "https://example.com"})]),
    ("regex-host-changes-match", "use-regex", "Ingress shop/api",
     [nginx(), ingress("admin", path="/admin", allow=OFFICE),
      ingress("api", path="/api", notes={f"{KEY}use-regex": "true"})]),
    ("satisfy-any-weakens-list", "external authentication", "satisfy: any",
     [nginx(),
      ingress("a", allow=OFFICE, notes={f"{KEY}satisfy": "any", f"{KEY}auth-url": "https://auth.example.com/"})]),
    ("virtual-network-tag-is-any", "a deny for the tag Internet, which is empty then", "lets the Internet in",
     [load_balancer("shop", notes=RANGES), *network(rule("rest", 110, "Internet", ADDRESS, access="Deny"),
      default_route=True)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "words", "items"),
    [pytest.param(slug, words, items, id=f"{slug}: {how}") for slug, how, words, items in FIRES],
)
def test_other_ways(slug: str, words: str, items: list[Item], tmp_path: Path) -> None:
    messages = [finding.message for finding in findings(items, tmp_path) if finding.check == slug]
    assert any(words in message for message in messages), messages


# Severity and confidence that differ from the usual.


def one(slug: str, items: list[Item], folder: Path) -> Any:
    found = [finding for finding in findings(items, folder) if finding.check == slug]
    assert len(found) == 1, found
    return found[0]


def test_close_to_a_limit_is_a_warning(tmp_path: Path) -> None:
    found = one("limit-exceeded", [cluster(ranges=[f"198.51.100.{number}" for number in range(181)])], tmp_path)
    assert found.severity == Severity.WARNING


def test_a_shadowed_rule_that_says_the_same_is_a_note(tmp_path: Path) -> None:
    items = network(rule("all", 100, OFFICE, ADDRESS), rule("web", 200, OFFICE, ADDRESS, "443"))
    assert one("nsg-rule-shadowed", items, tmp_path).severity == Severity.NOTE


def test_order_of_ingresses_without_ages_is_a_guess(tmp_path: Path) -> None:
    items = [nginx(), ingress("old"), ingress("new", allow=OFFICE)]
    for item in items[1:]:
        del item["metadata"]["creationTimestamp"]
    assert one("allow-list-ignored", items, tmp_path).confidence == Confidence.MEDIUM


def test_what_rests_on_an_assumption_is_less_sure(tmp_path: Path) -> None:
    assert one("open-to-internet", [load_balancer("queue")], tmp_path).confidence == Confidence.MEDIUM


# What is asked for besides the estate.


def test_the_caller_may_be_locked_out(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text(json.dumps(cluster()), encoding="utf-8")
    estate = aksess.read(tmp_path)

    def found(caller: str) -> list[str]:
        audit = aksess.audit(estate, caller=caller)
        return [each.message for each in audit.findings if each.check == "api-server-locks-out"]

    assert found("203.0.113.9") == []
    assert found("198.51.100.9") == ["198.51.100.9, from where you call, does not reach the API server of shop"]


@pytest.mark.parametrize(
    ("day", "controller", "retired"),
    [
        (dt.date(2026, 3, 31), "k8s.io/ingress-nginx", False),
        (dt.date(2026, 4, 1), "k8s.io/ingress-nginx", True),
        (dt.date(2026, 11, 30), "webapprouting.kubernetes.azure.com/nginx", False),
        (dt.date(2026, 12, 1), "webapprouting.kubernetes.azure.com/nginx", True),
    ],
)
def test_support_ends_with_a_day(day: dt.date, controller: str, retired: bool, tmp_path: Path) -> None:
    item = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "web"}}
    (tmp_path / "class.json").write_text(json.dumps({**item, "spec": {"controller": controller}}), encoding="utf-8")
    audit = aksess.audit(aksess.read(tmp_path), as_of=day)
    assert ("controller-retired" in {finding.check for finding in audit.findings}) is retired
