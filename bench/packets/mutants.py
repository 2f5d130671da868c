"""Faults, one for each rule of the evaluator, and what each of them breaks.

A mutant is the source of the evaluator with one place changed. It exists only in the memory of the process that judges
with it (see `mutation`); packets that were observed before must contradict it, else the rule that it breaks is not
proved by packets. Where the place is not found any more, or found twice, the run fails: a list that silently grows old
proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MUTANTS", "Mutant"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault.

    Attributes:
        name: Its name.
        breaks: The rule that it breaks.
        module: The module that it is in, below ``aksess``.
        before: The text that is there once.
        after: The text in its place.
    """

    name: str
    breaks: str
    module: str
    before: str
    after: str


_GROUPS = (
    Mutant(
        "nsg-deny-allows",
        "a deny rule drops what it matches",
        "layers.nsg",
        "None if rule.allows else Effect.TIMEOUT",
        "None",
    ),
    Mutant(
        "nsg-order-of-priorities",
        "the rule with the lowest priority number decides",
        "layers.nsg",
        "for rule in group.inbound() if inbound else group.outbound():",
        "for rule in reversed(group.inbound()) if inbound else group.outbound():",
    ),
    Mutant(
        "nsg-protocol",
        "a rule for one protocol says nothing about another",
        "layers.nsg",
        'if rule.protocol not in {"*", flow.protocol}:',
        "if False:",
    ),
    Mutant(
        "nsg-ports",
        "a rule for some ports says nothing about others",
        "layers.nsg",
        "if flow.port not in ports or flow.source_port not in source_ports:",
        "if flow.source_port not in source_ports:",
    ),
    Mutant(
        "nsg-destination",
        "a rule for some destinations says nothing about others",
        "layers.nsg",
        "    if not flow.destination.overlaps(found.perhaps):\n        return None",
        "    if not flow.destination.overlaps(found.perhaps):\n        return ''",
    ),
    Mutant(
        "nsg-internet-tag",
        "Internet leaves the virtual network out",
        "layers.nsg",
        "return Meaning(INTERNET - network.perhaps, INTERNET - network.sure, network.doubt)",
        "return Meaning(EVERYONE, EVERYONE)",
    ),
    Mutant(
        "nsg-network-tag",
        "VirtualNetwork is the address space of the network",
        "layers.virtual_network",
        "sure, perhaps = network.space | PLATFORM, NOBODY",
        "sure, perhaps = PLATFORM | PLATFORM, NOBODY",
    ),
    Mutant(
        "nsg-service-tag",
        "a service tag stands for the prefixes of the tag file",
        "layers.nsg",
        "return Meaning(known, known)",
        "return Meaning(NOBODY, NOBODY)",
    ),
    Mutant(
        "nsg-probe-tag",
        "health probes come from AzureLoadBalancer",
        "layers.nsg",
        "return Meaning(PLATFORM, PLATFORM) if probe else Meaning(NOBODY, NOBODY)",
        "return Meaning(NOBODY, NOBODY)",
    ),
    Mutant(
        "nsg-application-group",
        "a rule for an application security group concerns its members",
        "layers.nsg",
        "if len(groups) < len(rule.destination_groups):",
        "if False:",
    ),
    Mutant(
        "nsg-first-level-only",
        "both the group of the subnet and that of the interface must let a packet in",
        "access.lanes",
        "tuple(self._judge(guard, flow) for guard in self.guards)",
        "tuple(self._judge(guard, flow) for guard in self.guards[:1])",
    ),
    Mutant(
        "nsg-second-level-only",
        "the group of the subnet counts",
        "access.lanes",
        "tuple(self._judge(guard, flow) for guard in self.guards)",
        "tuple(self._judge(guard, flow) for guard in self.guards[-1:])",
    ),
    Mutant(
        "admin-rules-ignored",
        "security admin rules come before the groups",
        "access.arrivals",
        "if lane.admin is not None:",
        "if False:",
    ),
    Mutant(
        "admin-always-allow",
        "AlwaysAllow skips the groups",
        "access.lanes",
        "ruling.passes and not ruling.doubt and ruling.citation.rule in always",
        "False",
    ),
)

_BALANCER = (
    Mutant(
        "floating-ip",
        "with floating IP the groups see the frontend",
        "access.arrivals",
        "    if forwarding is not None and forwarding.floating:\n        return [Flow(",
        "    if False:\n        return [Flow(",
    ),
    Mutant(
        "floating-ip-off",
        "without floating IP kube-proxy sees the node port",
        "access.arrivals",
        "floating = forwarding is not None and forwarding.floating",
        "floating = True",
    ),
    Mutant(
        "probes-not-asked",
        "a node whose probe is denied gets no connections",
        "access.health",
        "        if isinstance(stopped, Ruling):\n            unhealthy.append(Unhealthy(nodes, stopped))\n"
        "            continue",
        "        if isinstance(stopped, Ruling):\n            stopped = {}",
    ),
    Mutant(
        "probes-told-apart",
        "a rule may deny the probes of one node only",
        "access.health",
        "    if not lane.told_apart(Flow(together, probe.port)):\n        return {}",
        "    if True:\n        return {}",
    ),
    Mutant(
        "local-health",
        "with Local a node without a ready endpoint gets no connections",
        "access.health",
        "return None if told.status == 200 else replace(told, effect=Effect.TIMEOUT, status=None)",
        "return None",
    ),
    Mutant(
        "probe-of-nothing",
        "the probe of a node port without endpoints fails everywhere",
        "access.health",
        "if not endpoints.usable(port, family):",
        "if False:",
    ),
    Mutant(
        "no-probe-rule",
        "a port without a probe takes every node for healthy",
        "layers.load_balancer",
        '_no_probe_rule", "").lower() == "true":\n        return None',
        '_no_probe_rule", "").lower() == "never":\n        return None',
    ),
    Mutant(
        "node-behind-other-rules",
        "an address gets in by chance where only some nodes let it in",
        "access.arrivals",
        "        for lane, nodes in health.lanes:",
        "        for lane, nodes in health.lanes[:1]:",
    ),
    Mutant(
        "between-nodes",
        "a rule against node addresses stops what goes on to another node",
        "access.crossings",
        "if ruling is not None and not ruling.passes and (ruling.citation.priority or _DEFAULTS) < _DEFAULTS:",
        "if False:",
    ),
    Mutant(
        "between-nodes-defaults",
        "the default rules do not stop what goes on to another node",
        "access.crossings",
        "if ruling is not None and not ruling.passes and (ruling.citation.priority or _DEFAULTS) < _DEFAULTS:",
        "if ruling is not None and not ruling.passes:",
    ),
)

_KUBE_PROXY = (
    Mutant(
        "source-ranges-ignored",
        "kube-proxy enforces loadBalancerSourceRanges",
        "layers.kube_proxy.handling",
        "        if ranges is None:\n            return everyone\n        own",
        "        if True:\n            return everyone\n        own",
    ),
    Mutant(
        "source-ranges-of-other-family",
        "ranges of one family leave the other open",
        "layers.kube_proxy.ranges",
        "return set_of(found) if found else None",
        "return set_of(found)",
    ),
    Mutant(
        "source-ranges-on-node-ports",
        "source ranges do not count on node ports",
        "layers.kube_proxy.handling",
        "if self._windows or not entry.frontend or (",
        "if self._windows or (",
    ),
    Mutant(
        "source-ranges-in-reply-to-nothing",
        "in iptables mode a Service without endpoints refuses everybody, listed or not",
        "layers.kube_proxy.handling",
        'refused = everyone if self.mode == "iptables" else listed',
        "refused = listed",
    ),
    Mutant(
        "cluster-keeps-the-source",
        "the Cluster policy masquerades",
        "layers.kube_proxy.handling",
        "yield Cell(sources, deliverer.masqueraded(usable.cluster, citation))\n            return\n",
        "yield Cell(sources, deliverer.on_node(usable.cluster.everywhere(), citation))\n            return\n",
    ),
    Mutant(
        "local-masquerades",
        "the Local policy keeps the source",
        "layers.kube_proxy.handling",
        "return deliverer.on_node(chosen, citation)",
        "return deliverer.masqueraded(usable.cluster, citation)",
    ),
    Mutant(
        "local-without-endpoint",
        "with Local a node without an endpoint drops",
        "layers.kube_proxy.handling",
        "return (Ruling(cite(service, _EXTERNAL, text), Effect.TIMEOUT),)",
        "return (Ruling(cite(service, _EXTERNAL, text), Effect.REFUSED),)",
    ),
    Mutant(
        "host-network-sees-the-client",
        "an endpoint in the network of the node sees the client under the Cluster policy",
        "layers.kube_proxy.delivery",
        "        elif hosts:\n            found.append(self._unchanged(hosts, citation, crosses=False))",
        "        elif hosts:\n            found.append(self._from_node(hosts, citation, crosses=False))",
    ),
    Mutant(
        "terminating-endpoints",
        "terminating endpoints serve where nothing else is ready",
        "layers.kube_proxy.endpoints",
        "return cls(_grouped(found, ready=True), _grouped(found, ready=False))",
        "return cls(_grouped(found, ready=True), {})",
    ),
    Mutant(
        "not-ready-endpoints",
        "an endpoint that is not ready gets no connections",
        "layers.kube_proxy.endpoints",
        "usable = member.ready or (member.serving and member.terminating)",
        "usable = True",
    ),
    Mutant(
        "terminating-endpoints-local",
        "terminating endpoints of a node serve under Local where nothing else is ready there",
        "layers.kube_proxy.endpoint_sets",
        "return self.ready.on(node) or self.terminating.on(node)",
        "return self.ready.on(node)",
    ),
    Mutant(
        "no-endpoint-is-silent",
        "a Service without endpoints refuses",
        "layers.kube_proxy.handling",
        "return Ruling(cite(self.service, path, text), Effect.REFUSED)",
        "return Ruling(cite(self.service, path, text), Effect.TIMEOUT)",
    ),
)

_POLICIES = (
    Mutant(
        "policy-ignored",
        "a pod that a policy selects takes only what a rule names",
        "access.arrivals",
        "if not self.estate.policies or not network_policy.selecting(self.estate, pods):",
        "if True:",
    ),
    Mutant(
        "policy-exceptions",
        "exceptions are taken out of a block",
        "layers.network_policy",
        "parts.append(_networks([peer.ip_block.cidr]) - _networks(peer.ip_block.exceptions or []))",
        "parts.append(_networks([peer.ip_block.cidr]))",
    ),
    Mutant(
        "policy-ports",
        "a rule names ports, too",
        "layers.network_policy",
        "return wanted <= number <= (rule.end_port or wanted)",
        "return True",
    ),
    Mutant(
        "policy-end-port",
        "endPort makes a range",
        "layers.network_policy",
        "return wanted <= number <= (rule.end_port or wanted)",
        "return wanted == number",
    ),
    Mutant(
        "policy-protocol",
        "a rule for UDP lets no TCP in",
        "layers.network_policy",
        'if (rule.protocol or "TCP").upper() != protocol:',
        "if False:",
    ),
    Mutant(
        "policy-sees-the-client",
        "policies judge the address after source translation",
        "access.arrivals",
        "            if stream.seen is None:\n                _cut(after, stream, partition, detail)",
        "            if True:\n                _cut(after, stream, partition, detail)",
    ),
    Mutant(
        "policies-add-up",
        "several policies allow what any of them allows",
        "layers.network_policy",
        "for policy, index, rule in _rules(policies, pods, port, protocol):\n        admitted",
        "for policy, index, rule in _rules(policies[:1], pods, port, protocol):\n        admitted",
    ),
)

_LISTS = (
    Mutant(
        "allow-list-ignored",
        "an allow list denies everybody else",
        "controllers.ingress_nginx.access_rules",
        'found.append(Rule("deny", EVERYONE, allow.citation))',
        "pass",
    ),
    Mutant(
        "deny-list-ignored",
        "a deny list denies",
        "controllers.ingress_nginx.access_rules",
        "if rules.lists.deny is not None:",
        "if False:",
    ),
    Mutant(
        "deny-before-allow",
        "the deny list comes before the allow list",
        "controllers.ingress_nginx.access_rules",
        "found.append(_of_list(rules.lists.deny, rules, settings))",
        "found = [*found, *([_of_list(rules.lists.deny, rules, settings)] if rules.lists.allow is None else [])]",
    ),
    Mutant(
        "unreadable-list-is-no-list",
        "a list with an entry that cannot be read answers 503",
        "controllers.ingress_nginx.answers",
        "if rules is not None and rules.denial is not None:\n            cited",
        "if False:\n            cited",
    ),
    Mutant(
        "alias-before-canonical",
        "allowlist-source-range wins over whitelist-source-range",
        "controllers.ingress_nginx.source_ranges",
        "    if annotations.get(canonical):\n        return canonical\n",
        "    if annotations.get(alias):\n        return alias\n"
        "    if annotations.get(canonical):\n        return canonical\n",
    ),
    Mutant(
        "global-allow-list-ignored",
        "the ConfigMap's allow list holds where an Ingress has none",
        "controllers.ingress_nginx.source_ranges",
        'return Lists(_global("allow", ALIAS, settings.allow), _global("deny", DENY, settings.deny))',
        'return Lists(None, _global("deny", DENY, settings.deny))',
    ),
    Mutant(
        "global-deny-list-ignored",
        "the ConfigMap's deny list holds where an Ingress has none",
        "controllers.ingress_nginx.source_ranges",
        'return Lists(_global("allow", ALIAS, settings.allow), _global("deny", DENY, settings.deny))',
        'return Lists(_global("allow", ALIAS, settings.allow), None)',
    ),
    Mutant(
        "block-cidrs-ignored",
        "block-cidrs denies where a location has no rules of its own",
        "controllers.ingress_nginx.access_rules",
        "    if settings.block:\n",
        "    if False:\n",
    ),
    Mutant(
        "block-cidrs-everywhere",
        "rules of a location replace those of the controller",
        "controllers.ingress_nginx.judgement",
        "division = divide(own) if own else self._pages.inherited",
        "from aksess.controllers.ingress_nginx.access_rules import http_rules\n"
        "        division = divide([*http_rules(self._settings), *own]) if own else self._pages.inherited",
    ),
)

_LOCATIONS = (
    Mutant(
        "oldest-ingress",
        "of two Ingresses with one path the older has it",
        "controllers.ingress_nginx.servers",
        "    for share in shares:\n        builder.add(share)",
        "    for share in reversed(shares):\n        builder.add(share)",
    ),
    Mutant(
        "implicit-root",
        "the annotations of the oldest Ingress hold at a root that nobody wrote",
        "controllers.ingress_nginx.servers",
        'self._root(Location("/", False, rules, upstream))',
        'self._root(Location("/", False, None, upstream))',
    ),
    Mutant(
        "exact-path",
        "an Exact path takes nothing below it",
        "controllers.ingress_nginx.locations",
        'if each.path == "/" or each.exact or each.wants_expressions:',
        'if each.path == "/" or each.wants_expressions:',
    ),
    Mutant(
        "prefix-is-text",
        "a Prefix ends at a slash",
        "controllers.ingress_nginx.locations",
        "        best = self._longest_prefix(path)",
        "        best = self._longest_prefix(path + '/') or max("
        "(each for each in self.ordered if path.startswith(each.path.rstrip('/'))), "
        "key=lambda each: len(each.path), default=None)",
    ),
    Mutant(
        "longest-prefix",
        "the longest prefix has a request",
        "controllers.ingress_nginx.locations",
        "    def _longest_prefix(self, path: str) -> Location | None:\n        end = len(path)",
        "    def _longest_prefix(self, path: str) -> Location | None:\n        end = 1",
    ),
    Mutant(
        "trailing-slash",
        "a path that lacks the slash of a location is redirected",
        "controllers.ingress_nginx.answers",
        'if match.kind == "slash":',
        "if False:",
    ),
    Mutant(
        "path-as-sent",
        "nginx judges the path without dots and encoding",
        "controllers.ingress_nginx.answers",
        "path = normal_path(request.path)",
        "path = (normal_path(request.path), request.path.partition('?')[0])[1]",
    ),
    Mutant(
        "tls-redirect",
        "a host with a certificate redirects plain HTTP before any list",
        "controllers.ingress_nginx.answers",
        "return certificate if rules.ssl_redirect else False",
        "return False",
    ),
    Mutant(
        "forced-tls-redirect",
        "force-ssl-redirect redirects without a certificate, too",
        "controllers.ingress_nginx.answers",
        "        if rules.force_ssl_redirect:\n            return True",
        "        if rules.force_ssl_redirect:\n            return certificate",
    ),
    Mutant(
        "redirect-before-list",
        "a permanent redirect answers before the list",
        "controllers.ingress_nginx.answers",
        "if rules is not None and rules.redirect is not None:",
        "if False:",
    ),
    Mutant(
        "app-root",
        "app-root redirects the root before the list",
        "controllers.ingress_nginx.answers",
        "if each.rules is not None and each.rules.app_root:",
        "if False:",
    ),
    Mutant(
        "preflight",
        "a pre-flight request is answered before the list",
        "controllers.ingress_nginx.answers",
        'request.method == "OPTIONS" and rules.cors is not None:',
        'request.method == "NOTHING" and rules.cors is not None:',
    ),
    Mutant(
        "no-endpoints-503",
        "a path whose Service has no endpoints answers 503 to everybody",
        "controllers.ingress_nginx.answers",
        "if readiness.status == 503 and self._pages.own_backend(location) is None:",
        "if False:",
    ),
    Mutant(
        "satisfy-any",
        "satisfy any lets credentials stand in for the list",
        "controllers.ingress_nginx.judgement",
        'anyone = location.rules is not None and location.rules.satisfy == "any"',
        "anyone = False",
    ),
    Mutant(
        "satisfy-all",
        "without satisfy any the list denies before credentials are asked for",
        "controllers.ingress_nginx.judgement",
        'anyone = location.rules is not None and location.rules.satisfy == "any"',
        "anyone = True",
    ),
    Mutant(
        "credentials-ignored",
        "without credentials the answer is 401",
        "controllers.ingress_nginx.judgement",
        "if asked and demand is not None and request.exact and not request.credentials:",
        "if False:",
    ),
    Mutant(
        "custom-errors",
        "a denied client gets the error page where 403 is a custom error",
        "controllers.ingress_nginx.error_pages",
        "        if status in self._settings.errors:\n            return self.default_backend(citation), True",
        "        if False:\n            return self.default_backend(citation), True",
    ),
    Mutant(
        "custom-errors-of-annotation",
        "custom-http-errors of an Ingress replaces the ConfigMap's",
        "controllers.ingress_nginx.error_pages",
        "                if status not in (rules.errors or ()):\n                    return plain, False",
        "                if False:\n                    return plain, False",
    ),
    Mutant(
        "missing-error-page",
        "the controller's own backend answers 500 where 404 is a custom error",
        "controllers.ingress_nginx.error_pages",
        "status = 500 if 404 in self._settings.errors else 404",
        "status = 404",
    ),
)

_CLIENTS = (
    Mutant(
        "forwarded-header-ignored",
        "a trusted proxy says who the client is",
        "controllers.ingress_nginx.client_address",
        "    if not settings.reads_header:\n        return RealIp()",
        "    if True:\n        return RealIp()",
    ),
    Mutant(
        "everybody-is-trusted",
        "an untrusted peer is not believed",
        "controllers.ingress_nginx.client_address",
        "return RealIp(trusted_peers(settings), header, recursive=True)",
        "return RealIp(EVERYONE, header, recursive=True)",
    ),
    Mutant(
        "first-hop",
        "the header is read from the right, past trusted addresses",
        "controllers.ingress_nginx.client_address",
        "return RealIp(trusted_peers(settings), header, recursive=True)",
        "return RealIp(trusted_peers(settings), header, recursive=False)",
    ),
    Mutant(
        "port-in-header",
        "an address of the header may carry a port",
        "controllers.ingress_nginx.client_address",
        "    return _address(body)\n",
        "    return None\n",
    ),
    Mutant(
        "mapped-address",
        "an IPv4-mapped address is the IPv4 address",
        "controllers.ingress_nginx.client_address",
        "    if address.family == 6 and address.number >> 32 == 0xFFFF:",
        "    if False:",
    ),
    Mutant(
        "header-of-its-own",
        "forwarded-for-header names the header",
        "controllers.ingress_nginx.client_address",
        "header = _PROXY if settings.use_proxy_protocol else settings.forwarded_for_header",
        'header = _PROXY if settings.use_proxy_protocol else "X-Forwarded-For"',
    ),
    Mutant(
        "proxy-line-ignored",
        "with PROXY protocol the line says who the client is",
        "controllers.ingress_nginx.client_address",
        "        if level.header == _PROXY:\n            return line\n",
        "        if level.header == _PROXY:\n            return None\n",
    ),
    Mutant(
        "proxy-line-missing",
        "with PROXY protocol a connection without the line is cut",
        "controllers.ingress_nginx.client_address",
        "        if self.settings.use_proxy_protocol and line is None:\n",
        "        if False:\n",
    ),
)

MUTANTS = (*_GROUPS, *_BALANCER, *_KUBE_PROXY, *_POLICIES, *_LISTS, *_LOCATIONS, *_CLIENTS)
