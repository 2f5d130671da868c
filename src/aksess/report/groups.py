"""What belongs together on paper: exposures that are one way in, findings of one check, assumptions of one code.

Text, markdown and HTML all show these; only how many of them differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from aksess.access.exposures import Exposure
from aksess.access.names import Names
from aksess.addresses import INTERNET, AddressSet, is_internet
from aksess.checks import registry
from aksess.checks.interface import Finding, Severity
from aksess.report.wording import count
from aksess.rulings import Assumption, Citation
from aksess.snapshot import Unread

__all__ = [
    "Assumed",
    "Problem",
    "Way",
    "applications",
    "assumed",
    "audience",
    "deciding",
    "distinct",
    "is_open",
    "problems",
    "quiet",
    "tally",
    "ways",
]

_Key = tuple[str, str, str, AddressSet, AddressSet, tuple[Citation, ...]]


@dataclass(frozen=True)
class Way:
    """Exposures of one application and path that the same people reach over several entries."""

    members: tuple[Exposure, ...]

    @property
    def first(self) -> Exposure:
        """The exposure that stands for all of them."""
        return self.members[0]

    @property
    def what(self) -> str:
        """What is reached, without the entry: ``https://shop.example.com/``."""
        return self.first.id.rpartition("@")[0] or self.first.id

    @property
    def entries(self) -> tuple[str, ...]:
        """Where clients connect to: ``20.50.60.70:443``; empty where the exposure names none."""
        return tuple(each.id.rpartition("@")[2] for each in self.members if "@" in each.id)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that narrow it, once each."""
        return tuple(dict.fromkeys(each.layer.value for each in self.first.narrowed))


@dataclass(frozen=True)
class Problem:
    """What one check found.

    Attributes:
        check: Its slug.
        title: What it looks for.
        severity: How much the findings matter.
        findings: The findings.
        fix: What to do, where that is the same for all of them; else empty.
    """

    check: str
    title: str
    severity: Severity
    findings: tuple[Finding, ...]
    fix: str


@dataclass(frozen=True)
class Assumed:
    """Assumptions of one code: the first of its texts and how many more there are."""

    code: str
    texts: tuple[str, ...]


def ways(exposures: Iterable[Exposure]) -> list[Way]:
    """Exposures of one application and path that the same people reach, together, in the order of the input."""
    found: dict[_Key, list[Exposure]] = {}
    for each in exposures:
        what = each.id.rpartition("@")[0] or each.id
        key = (each.application.label, what, each.path_type, each.allowed, each.indeterminate, each.narrowed)
        found.setdefault(key, []).append(each)
    return [Way(tuple(members)) for members in found.values()]


def applications(exposures: Iterable[Exposure]) -> int:
    """How many applications the exposures lead to."""
    return len({each.application.label for each in exposures})


def is_open(addresses: AddressSet, names: Names) -> bool:
    """Whether the whole public Internet of one family is in a set, as ``internet`` of the JSON says it."""
    return is_internet(addresses, next((each for name, each in names if name == "VirtualNetwork"), None))


def audience(exposure: Exposure, names: Names) -> str:
    """Who gets in, in one word: ``internet``, ``some``, ``private``, ``nobody`` or ``unknown``."""
    if is_open(exposure.allowed, names):
        return "internet"
    if exposure.allowed & INTERNET:
        return "some"
    if exposure.allowed:
        return "private"
    return "unknown" if exposure.indeterminate else "nobody"


def distinct(citations: Iterable[Citation]) -> list[Citation]:
    """The first citation of each resource at each layer."""
    found: dict[tuple[str, str], Citation] = {}
    for each in citations:
        found.setdefault((each.layer.value, each.label or each.resource), each)
    return list(found.values())


def problems(findings: Iterable[Finding]) -> list[Problem]:
    """Findings by severity and check, in the order of the audit."""
    found = []
    for (severity, slug), members in groupby(findings, key=lambda each: (each.severity, each.check)):
        listed = tuple(members)
        check = registry.check_of(slug)
        fixes = {each.fix for each in listed}
        common = listed[0].fix if len(fixes) == 1 else ""
        found.append(Problem(slug, check.title if check else slug, severity, listed, common))
    return found


def tally(findings: Sequence[Finding]) -> str:
    """``2 errors, 1 note``; empty where nothing was found."""
    counted = [(word, sum(each.severity == word for each in findings)) for word in Severity]
    return ", ".join(count(number, word) for word, number in counted if number)


def assumed(assumptions: Iterable[Assumption]) -> list[Assumed]:
    """Assumptions by code, each text once, in the order of codes."""
    listed = sorted({(each.code, each.text) for each in assumptions})
    return [
        Assumed(code, tuple(text for _, text in members)) for code, members in groupby(listed, key=lambda each: each[0])
    ]


def deciding(unread: Iterable[Unread]) -> list[Unread]:
    """What was not understood and could have changed a denial."""
    return [each for each in unread if each.reach != "nothing"]


def quiet(unread: Sequence[Unread], left_out: int) -> str:
    """What was not read and decides nothing, in one phrase; empty where there is nothing of the kind."""
    harmless = len(unread) - len(deciding(unread))
    parts = [count(harmless, "object") + " of kinds that decide nothing about access"] if harmless else []
    parts += [count(left_out, "file") + " of other kinds left out"] if left_out else []
    return "; ".join(parts)
