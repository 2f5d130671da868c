"""What depends on the order in which Services were reconciled.

Where Services share a destination, the reconcile of one can take away what another one wrote: of two Services at one
address, one of which denies everybody else, the one that was reconciled last decides. So every Service that shares a
destination is reconciled once more on top of the outcome. What changes by that is in doubt; where nothing does, the
outcome is the same in every order.

Source: kubernetes-sigs/cloud-provider-azure pkg/provider/securitygroup/securitygroup.go `removeDestinationFromRule`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from aksess.layers.cloud_provider.behaviour import Behaviour
from aksess.layers.cloud_provider.reconcile import Refusal, Step, reconcile
from aksess.layers.cloud_provider.rules import WrittenRule

__all__ = ["order_doubts"]

_Rules = dict[str, WrittenRule]
_Cell = tuple[str, str, tuple[str, ...], str, str]
"""Access, protocol, sources, port and destination."""


def order_doubts(
    rules: Mapping[str, WrittenRule], steps: Sequence[Step], behaviour: Behaviour
) -> tuple[_Rules, dict[tuple[str, str], str]]:
    """The rules with what any order leaves, and why some of it is in doubt, by name of the rule and destination.

    Args:
        rules: The group after every step, by name.
        steps: The Services that were reconciled.
        behaviour: The version of the provider.
    """
    merged = dict(rules)
    doubts: dict[tuple[str, str], str] = {}
    shared = Counter(address for step in steps for address in set(step.destinations))
    for step in steps:
        if all(shared[address] == 1 for address in step.destinations):
            continue
        for after in _outcomes(rules, step, behaviour):
            for rule, destinations in _differing(rules, after, {str(address) for address in step.destinations}):
                doubts.update(((rule.name, each), _reason(each, steps)) for each in destinations)
                there = merged.get(rule.name)
                held = there.destinations if there else ()
                merged[rule.name] = (there or rule).aimed_at([*held, *destinations])
    return merged, doubts


def _outcomes(rules: Mapping[str, WrittenRule], step: Step, behaviour: Behaviour) -> Iterator[_Rules]:
    """What the group becomes by one more reconcile, where it changes; opting out may be honoured or not."""
    unknown = step.control.opted_out and behaviour.opt_out is None
    for each in (behaviour, replace(behaviour, opt_out=True)) if unknown else (behaviour,):
        outcome = reconcile(tuple(rules.values()), step, each)
        if not isinstance(outcome, Refusal):
            after = {rule.name: rule for rule in outcome}
            if after != rules:
                yield after


def _differing(
    before: Mapping[str, WrittenRule], after: Mapping[str, WrittenRule], destinations: set[str]
) -> Iterator[tuple[WrittenRule, set[str]]]:
    """The rules, before or after, that hold what the other side lacks under every name, with these destinations."""
    differing = set(_cells(before.values(), destinations)) ^ set(_cells(after.values(), destinations))
    for rule in (*before.values(), *after.values()) if differing else ():
        found = {cell[-1] for cell in _cells([rule], destinations) if cell in differing}
        if found:
            yield rule, found


def _cells(rules: Iterable[WrittenRule], destinations: set[str]) -> Iterator[_Cell]:
    for rule in rules:
        for destination in rule.destinations:
            if destination in destinations:
                for port in set(rule.ports):
                    yield (rule.access, rule.protocol, rule.sources, port, destination)


def _reason(destination: str, steps: Sequence[Step]) -> str:
    sharing = [step.control.label for step in steps if any(str(each) == destination for each in step.destinations)]
    names = ", ".join(sharing[:3]) + (f" and {len(sharing) - 3} more" if len(sharing) > 3 else "")
    return f"it depends on which was reconciled last of {names}, which share {destination}"
