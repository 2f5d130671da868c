"""One ingress-nginx controller, as `access` asks it: what it publishes and what it does with a request.

It puts the parts together: the name leads to a host (`names`, `configuration`), the host decides (`answers`), the
views say which address is judged (`client_address`). Where the configuration is refused by nginx, or a setting cannot
be read, every answer is a doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from aksess.addresses import EVERYONE
from aksess.controllers.ingress_nginx.ages import Contest, oldest_first
from aksess.controllers.ingress_nginx.agreement import agreed
from aksess.controllers.ingress_nginx.annotation_groups import Objects, read_rules
from aksess.controllers.ingress_nginx.annotations import refusal
from aksess.controllers.ingress_nginx.answers import HostAnswers, Outcome
from aksess.controllers.ingress_nginx.breakage import Breakage, cite_location
from aksess.controllers.ingress_nginx.canaries import chosen
from aksess.controllers.ingress_nginx.client_address import RealIp, real_ip_of, views
from aksess.controllers.ingress_nginx.configuration import Configuration
from aksess.controllers.ingress_nginx.facts import Facts
from aksess.controllers.ingress_nginx.found import Found, Refused
from aksess.controllers.ingress_nginx.ingress_rules import IngressRules
from aksess.controllers.ingress_nginx.names import Claim, host_of
from aksess.controllers.ingress_nginx.passthrough import pass_through
from aksess.controllers.ingress_nginx.publishing import published
from aksess.controllers.ingress_nginx.servers import CATCH_ALL, Server
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.controllers.ingress_nginx.source_ranges import global_lists
from aksess.controllers.ingress_nginx.streams import read_streams
from aksess.controllers.ingress_nginx.tls import has_certificate, scheme_of
from aksess.controllers.ingress_nginx.upstreams import Upstreams
from aksess.controllers.ingress_nginx.versions import assumed_newest
from aksess.controllers.interface import Answers, Request, Route, Scheme, Stream, View
from aksess.errors import ParseError
from aksess.estate import Estate
from aksess.estate.kubernetes import Ingress, Name, Service, ServicePort
from aksess.rulings import Assumption, Citation, Effect, Partition, Ruling

__all__ = ["IngressNginx"]

_AGE = "age unknown: the oldest Ingress decides here, and no creation time says which that is"


class IngressNginx:
    """One controller. Everything is worked out when it is first asked for."""

    def __init__(self, estate: Estate, settings: Settings, found: Found) -> None:
        """Take a controller as it was found."""
        self.estate = estate
        self.settings = settings
        self._found = found
        self._hosts: dict[int, HostAnswers] = {}

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """``ingress-nginx`` or ``application-routing``."""
        return self._found.kind

    @property
    def citation(self) -> Citation:
        """The workload or, where that was not read, what speaks for it."""
        return self._found.citation

    @property
    def services(self) -> Sequence[Service]:
        """The Services that lead to it."""
        return self._found.services

    @property
    def ingresses(self) -> Sequence[Ingress]:
        """The Ingresses of its class, in the order of the input."""
        return self._found.ingresses

    @property
    def pod_labels(self) -> dict[str, str]:
        """The labels of its pods, empty where they are not known."""
        return self._found.pod_labels

    @property
    def namespace(self) -> str:
        """The namespace its pods run in."""
        return self._found.namespace

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What is taken for true about it as a whole."""
        return (*self._found.assumptions, *self.settings.assumptions)

    def listener(self, service: Service, port: ServicePort) -> Scheme | None:
        """What a port of one of its Services speaks, by the container port that it leads to."""
        del service
        if port.protocol != "TCP":
            return None
        target = port.target_port
        number = self._found.ports.get(target) if isinstance(target, str) else target
        if number is None:
            return {"http": "http", "https": "https"}.get(str(target))  # type: ignore[return-value]
        flags = self.settings.flags
        return "http" if number == flags.http_port else "https" if number == flags.https_port else None

    # --- what it was told ---------------------------------------------------------------------------------------------

    @cached_property
    def rules(self) -> dict[Name, IngressRules]:
        """The meaning of the annotations of every Ingress that it takes, the oldest first."""
        otherwise = global_lists(self.settings)
        objects = Objects(self.estate.secrets, self.estate.config_maps.keys())
        refused = self.refused
        return {
            each.key: read_rules(each, self.settings, objects, otherwise)
            for each in oldest_first(self._found.ingresses)
            if each.key not in refused
        }

    @cached_property
    def refused(self) -> dict[Name, Refused]:
        """The Ingresses of its class that it does not take.

        An Ingress that was taken before it came to be refused stays as it was until the controller starts anew; that
        it did is an assumption of every answer that its host gets.
        """
        found: dict[Name, Refused] = {}
        for each in self._found.ingresses:
            reason, key, by_version = refusal(each, self.settings)
            if not reason:
                continue
            text = f"no earlier version of Ingress {each.namespace}/{each.name} is still served; {reason}"
            assumptions = [Assumption("controller-defaults", text)]
            if by_version and self.settings.release.version is None:
                assumptions.append(assumed_newest(reason))
            found[each.key] = Refused(each, reason, key, tuple(assumptions))
        return found

    @cached_property
    def upstreams(self) -> Upstreams:
        """The Services behind its Ingresses."""
        return Upstreams(self.estate, list(self.rules.values()), self.settings.flags.disable_external_name)

    @cached_property
    def configuration(self) -> Configuration:
        """Every host that it serves."""
        return Configuration(self.settings, list(self.rules.values()), self.upstreams)

    @property
    def broken(self) -> tuple[Breakage, ...]:
        """Why nginx refuses its configuration; empty where it takes it."""
        return self.configuration.broken

    @cached_property
    def facts(self) -> Facts:
        """What is worth knowing about it besides its answers."""
        return Facts(self.configuration, self._found.ingresses, self.rules, self.citation)

    # --- what it does -------------------------------------------------------------------------------------------------

    def serves(self, host: str) -> bool:
        """Whether a rule names the host, exactly, as alias, by wildcard or as ``www.`` of a host that redirects."""
        name = host_of(host)
        return self.configuration.names.knows(name) or name in self._refused_hosts

    def judges(self) -> bool:
        """Whether anything it serves depends on the client's address."""
        settings = self.settings
        everywhere = settings.block, settings.http_snippet, settings.server_snippet, settings.location_snippet
        if any(everywhere):
            return True
        return any(
            rules.lists.allow is not None or rules.lists.deny is not None or rules.snippet or rules.server_snippet
            for rules in self.rules.values()
        )

    def routes(self) -> Sequence[Route]:
        """Every path that it publishes, in the order of the objects; paths without effect are left out."""
        return self._routes

    @cached_property
    def _routes(self) -> tuple[Route, ...]:
        return tuple(published(self.configuration, [self.rules[e.key] for e in self.ingresses if e.key in self.rules]))

    def streams(self) -> Sequence[Stream]:
        """Its TCP and UDP services."""
        return self._streams

    @cached_property
    def _streams(self) -> tuple[Stream, ...]:
        return read_streams(self.estate, self.settings.flags, self.upstreams)

    def answer(self, request: Request) -> Answers:
        """What it does with a request."""
        if self.settings.doubt:
            return self._in_doubt(request, self.settings.doubt, self.citation)
        if self.broken:
            first = self.broken[0]
            doubt = f"nginx refuses the configuration, an older one is in force: {first.reason}"
            return self._in_doubt(request, doubt, first.citations[0] if first.citations else self.citation)
        host = host_of(request.host)
        try:
            claim = self.configuration.names.find(host)
        except ParseError as error:
            return self._in_doubt(request, error.what, self.citation)
        if claim.doubt:
            return self._in_doubt(request, claim.doubt, self.citation)
        contest = self.configuration.contest(claim.host)
        if claim.redirect:
            found = self._redirected(request, claim)
        elif self.configuration.differs_as_a_whole(claim.host) or (contest is not None and contest.whole):
            return self._in_doubt(request, _AGE, self.citation)
        else:
            ways = [self._of_server(request, host, claim, each) for each in self.configuration.servers(claim.host)]
            found = agreed(ways, _AGE)
        more = self._refused_hosts.get(host, ()) or self._refused_hosts.get(claim.host, ())
        return replace(found, assumptions=(*found.assumptions, *more)) if more else found

    def _of_server(self, request: Request, host: str, claim: Claim, server: Server) -> Answers:
        if request.scheme == "https":
            found = pass_through(server, host, self.upstreams, self.citation)
            if found is not None:
                return found
            if self.settings.reject_unknown and claim.host == CATCH_ALL:
                cited = self.settings.cite("ssl-reject-handshake", "TLS with an unknown name is refused")
                return Answers((View(),), Partition.all(Ruling(cited, Effect.REFUSED)))
        certificate = has_certificate(host, server, self.configuration, self.estate.secrets)
        if server.doubt:
            return self._in_doubt(request, server.doubt, self.citation)
        answers = self._hosts.get(id(server))
        if answers is None:
            answers = self._hosts[id(server)] = HostAnswers(self.configuration, server, self.citation)
        outcome = answers.decide(request, scheme_of(request, self.settings), certificate)
        contest = self.configuration.contest(server.host)
        if contest is not None and outcome.location is not None and outcome.location.path in contest.paths:
            return self._contested(request, outcome, contest)
        freely = self._without_redirect(request, outcome, answers, certificate)
        seen = self._views(request, (freely or outcome).levels)
        if freely is not None and not self.settings.use_proxy_protocol:
            honest = View(stop=outcome.rulings.otherwise)
            seen = (honest, View(condition="forged-header"), *(each for each in seen if each.condition))
        return self._answers(request, freely or outcome, seen)

    def _contested(self, request: Request, outcome: Outcome, contest: Contest) -> Answers:
        """A location that many Ingresses of unknown age may own; where none of them leads anywhere, nobody gets in."""
        location = outcome.location
        cited = outcome.rulings.otherwise.citation
        if location is None or not location.implicit or contest.leads:
            return self._in_doubt(request, _AGE, cited)
        return Answers(self._views(request, outcome.levels), Partition.all(Ruling(cited, Effect.UNKNOWN)))

    def _without_redirect(
        self, request: Request, outcome: Outcome, answers: HostAnswers, certificate: bool | None
    ) -> Outcome | None:
        """What a client gets that pretends to have come over TLS; None where it cannot or need not.

        With forwarded headers any client may say so by header, with PROXY protocol by the port in its line.
        """
        pretends = self.settings.use_forwarded_headers or self.settings.use_proxy_protocol
        if request.exact or not outcome.to_tls or not pretends:
            return None
        return answers.decide(request, "https", certificate)

    def _answers(self, request: Request, outcome: Outcome, seen: tuple[View, ...]) -> Answers:
        location = outcome.location
        application = None
        if location is not None and location.rules is not None:
            ingress = location.rules.ingress
            application = cite_location(location, f"Ingress {ingress.namespace}/{ingress.name}")
        backend = outcome.backend
        if backend is not None and request.exact and location is not None and location.upstream is not None:
            backend = chosen(backend, location.upstream, self.configuration, request)
        return Answers(seen, outcome.rulings, application, backend, tuple(dict.fromkeys(outcome.assumptions)))

    def _redirected(self, request: Request, claim: Claim) -> Answers:
        rules = self.configuration.server(claim.host).redirects_www
        text = f"the name is redirected to {claim.host} for everybody"
        cited = rules.cite_annotation(rules.key("from-to-www-redirect"), text) if rules is not None else self.citation
        status = self.settings.redirect_code
        return Answers(
            self._views(request, ()), Partition.all(Ruling(cited, Effect.REDIRECTED, status=status)), application=cited
        )

    def _views(self, request: Request, levels: tuple[RealIp, ...]) -> tuple[View, ...]:
        cut = self.settings.cite("use-proxy-protocol", "a connection without a PROXY line is cut")
        unknown = self.settings.cite("use-forwarded-headers", "together with use-proxy-protocol")
        return views(request, self.settings, levels or (real_ip_of(self.settings),), cut, unknown)

    def _in_doubt(self, request: Request, doubt: str, cited: Citation) -> Answers:
        seen = tuple(each for each in self._views(request, ()) if not each.condition and each.stop is None)
        ruling = Ruling(cited, Effect.UNKNOWN, doubt)
        return Answers(seen if seen and seen[0].peers == EVERYONE else (View(),), Partition.all(ruling))

    @cached_property
    def _refused_hosts(self) -> dict[str, tuple[Assumption, ...]]:
        """What is taken for true about hosts of Ingresses that are not taken."""
        found: dict[str, tuple[Assumption, ...]] = {}
        for each in self.refused.values():
            for host in dict.fromkeys(each.ingress.hosts):
                name = host.lower() or CATCH_ALL
                found[name] = (*found.get(name, ()), *each.assumptions)
        return found
