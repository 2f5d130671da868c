"""The allow and deny lists of one Ingress: which keys are written, which one is in force, and what a bad value does.

One key a kind is in force, or the list of the ConfigMap where there is none; a value that cannot be read whole is no
list at all but shuts the Ingress for everybody (status 503). Keys that people take for lists and that the controller
never reads are written down too, with the reason.

Source: kubernetes/ingress-nginx internal/ingress/annotations/ipallowlist/main.go, ipdenylist/main.go,
parser/validators.go `checkAnnotation` (aliases), parser/main.go `normalizeString`, internal/net/ipnet.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from aksess.addresses import EVERYONE, NOBODY, AddressSet, set_of
from aksess.addresses.parsing import go_network, go_set, nginx_network
from aksess.controllers.ingress_nginx.annotations import go_trim
from aksess.controllers.ingress_nginx.settings import Settings
from aksess.errors import ParseError

__all__ = [
    "InvalidList",
    "Lists",
    "SourceList",
    "Why",
    "WrittenList",
    "first_refused",
    "global_lists",
    "nginx_set",
    "read_lists",
    "refused_by_nginx",
]

Action = Literal["allow", "deny"]
Why = Literal["in-force", "invalid", "empty", "shadowed", "other-prefix", "old-prefix", "rate-limit", "unknown-key"]

ALLOW = "allowlist-source-range"
ALIAS = "whitelist-source-range"
DENY = "denylist-source-range"
_OLD_PREFIX = "ingress.kubernetes.io"
_RATE_LIMIT = frozenset({"limit-whitelist", "limit-allowlist"})
_LOOKS_LIKE_A_LIST = re.compile(r"(?:white|allow|black|block|deny)-?list(?:ed)?-?(?:source|ip)s?-?(?:ranges?)?\Z", re.I)


@dataclass(frozen=True, slots=True)
class SourceList:
    """One list in force.

    Attributes:
        action: What it does with the addresses in it.
        addresses: The addresses.
        key: The annotation, with its prefix, or the key of the ConfigMap.
        value: The value as it is written.
        of_config_map: Whether it is the global list rather than one of the Ingress.
    """

    action: Action
    addresses: AddressSet
    key: str
    value: str
    of_config_map: bool = False

    @property
    def families(self) -> frozenset[int]:
        """The address families (4, 6) it has entries of."""
        return frozenset(family for family in (4, 6) if self.addresses.family(family))


@dataclass(frozen=True, slots=True)
class InvalidList:
    """A list that the controller cannot read, which makes it answer 503 to everybody.

    Attributes:
        key: The annotation, with its prefix.
        value: The value as it is written.
        entry: The first entry that is refused, as it is written.
        reason: What is wrong with it.
    """

    key: str
    value: str
    entry: str
    reason: str


@dataclass(frozen=True, slots=True)
class WrittenList:
    """An annotation that is a list, or that somebody may take for one, and what became of it."""

    key: str
    value: str
    why: Why


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one Ingress.

    Attributes:
        allow: The allow list in force, of the Ingress or of the ConfigMap; None for none.
        deny: The deny list in force, likewise.
        invalid: What makes the controller answer 503 instead; None where all is well.
        written: Every annotation that is a list or may be taken for one, in the order of the object.
    """

    allow: SourceList | None = None
    deny: SourceList | None = None
    invalid: InvalidList | None = None
    written: tuple[WrittenList, ...] = ()


def read_lists(annotations: Mapping[str, str], settings: Settings, otherwise: Lists) -> Lists:
    """The lists of an Ingress.

    Args:
        annotations: Its annotations.
        settings: What the controller was told.
        otherwise: The lists of the ConfigMap (see `global_lists`), which hold where the Ingress has none.
    """
    written = _written(annotations, settings)
    if not written:
        return otherwise
    found: list[SourceList | None] = []
    action: Action
    invalid: InvalidList | None = None
    for action, inherited in (("allow", otherwise.allow), ("deny", otherwise.deny)):
        key = _key_in_force(action, annotations, settings)
        taken = inherited
        if key:
            try:
                taken = SourceList(action, _parse(annotations[key]), key, annotations[key])
            except ParseError as error:
                invalid = invalid or _invalid(key, annotations[key], error)
                taken = None
        found.append(taken)
    bad = invalid.key if invalid else ""
    return Lists(
        found[0],
        found[1],
        invalid,
        tuple(WrittenList(each.key, each.value, "invalid") if each.key == bad else each for each in written),
    )


def _key_in_force(action: str, annotations: Mapping[str, str], settings: Settings) -> str:
    """The annotation that the controller reads; empty where there is none."""
    prefix, release = settings.flags.annotations_prefix, settings.release
    if action == "deny":
        key = f"{prefix}/{DENY}"
        return key if key in annotations and release.reads_deny_list else ""
    canonical, alias = f"{prefix}/{ALLOW}", f"{prefix}/{ALIAS}"
    if not release.reads_allow_list_key:
        return alias if alias in annotations else ""
    if annotations.get(canonical):
        return canonical
    if annotations.get(alias):
        return alias
    return canonical if canonical in annotations else ""


def _written(annotations: Mapping[str, str], settings: Settings) -> tuple[WrittenList, ...]:
    candidates = [key for key in annotations if "list" in key or "List" in key or "LIST" in key]
    if not candidates:
        return ()
    in_force = {_key_in_force(action, annotations, settings) for action in ("allow", "deny")}
    found: list[WrittenList] = []
    for key in candidates:
        why = _why(key, annotations, settings, in_force)
        if why is not None:
            found.append(WrittenList(key, annotations[key], why))
    return tuple(found)


def _why(key: str, annotations: Mapping[str, str], settings: Settings, in_force: set[str]) -> Why | None:
    if key in in_force:
        return "in-force"
    prefix, _, name = key.rpartition("/")
    if prefix == settings.flags.annotations_prefix:
        if name in _RATE_LIMIT:
            return "rate-limit"
        if name == ALIAS or (name == ALLOW and settings.release.reads_allow_list_key):
            return "empty" if not annotations[key] else "shadowed"
        return "unknown-key" if _LOOKS_LIKE_A_LIST.match(name) else None
    if name in {ALLOW, ALIAS, DENY}:
        if prefix == _OLD_PREFIX:
            return "old-prefix"
        # lists of other controllers carry other prefixes; only these are meant for this one
        if prefix == "nginx.ingress.kubernetes.io":
            return "other-prefix"
    return None


@lru_cache(maxsize=8192)
def _parse(value: str) -> AddressSet:
    """The addresses of an annotation value.

    Raises:
        ParseError: The value, or an entry in it, is refused.
    """
    if not go_trim(value):
        raise ParseError("the value is empty")
    return go_set(go_trim(element) for element in value.split(","))


def _invalid(key: str, value: str, error: ParseError) -> InvalidList:
    for entry in value.split(","):
        shown = go_trim(entry)
        try:
            go_network(shown)
        except ParseError as refused:
            reason = refused.what if shown else "an entry is empty (a comma too many)" if go_trim(value) else error.what
            return InvalidList(key, value, shown, reason)
    return InvalidList(key, value, value, error.what)


@lru_cache(maxsize=256)
def nginx_set(entries: tuple[str, ...]) -> AddressSet:
    """The union of operands of nginx `allow` or `deny`; ``all`` is everybody, ``unix:`` is nobody.

    Source: nginx src/http/modules/ngx_http_access_module.c.

    Raises:
        ParseError: nginx refuses one of them, and the whole configuration with it.
    """
    if "all" in entries:
        return EVERYONE
    networks = [network for entry in entries if (network := nginx_network(entry)) is not None]
    return set_of(networks) if networks else NOBODY


def global_lists(settings: Settings) -> Lists:
    """The lists of the ConfigMap, which hold at every location of an Ingress without a list of its own.

    An entry that nginx refuses breaks the whole configuration where the list is inherited; that is for `breakage` to
    say. Here such an entry is left out.
    """
    return Lists(_global("allow", ALIAS, settings.allow), _global("deny", DENY, settings.deny))


def _global(action: Action, key: str, entries: tuple[str, ...]) -> SourceList | None:
    if not entries:
        return None
    readable = tuple(entry for entry in entries if not refused_by_nginx(entry))
    return SourceList(action, nginx_set(readable), key, ", ".join(entries), of_config_map=True)


def refused_by_nginx(entry: str) -> str:
    """Why nginx refuses an operand of `allow` or `deny`; empty where it does not."""
    if entry == "all":
        return ""
    try:
        nginx_network(entry)
    except ParseError as error:
        return error.what
    return ""


def first_refused(entries: Iterable[str]) -> str:
    """Why nginx refuses the first bad one of some operands; empty where all are good."""
    return next((why for entry in entries if (why := refused_by_nginx(entry))), "")
