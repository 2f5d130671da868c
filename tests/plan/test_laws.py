"""Laws of plans, on random small clusters and policies."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aksess.plan import objections, reactions
from aksess.plan.goals import goals_of
from aksess.plan.making import make
from aksess.plan.today import todays_policies
from aksess.plan.trials import Trials
from aksess.snapshot import Snapshot, read_files
from plan.small_world import backend, balanced, controller, ingress, only, policy, resolved, snapshot
from shared import shared_path

CIDRS = st.sampled_from(
    ["203.0.113.0/24", "203.0.113.128/25", "198.51.100.0/28", "198.51.100.7/32", "192.0.2.0/24", "2001:db8:7::/48"]
)
SETS = st.lists(CIDRS, min_size=1, max_size=3, unique=True)
APPLICATIONS = ("one", "two", "three")


@st.composite
def clusters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One controller, Ingresses with lists and without, Services with ranges and without."""
    objects = controller(draw(st.sampled_from(["Local", "Cluster"])))
    for name in APPLICATIONS:
        listed = draw(st.none() | SETS)
        objects += [ingress(name, ",".join(listed) if listed else None), backend(name)]
    ranges = draw(st.none() | SETS)
    objects.append(balanced("broker", 71, **({"loadBalancerSourceRanges": ranges} if ranges else {})))
    return objects


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A policy for every application, or for some."""
    found = []
    for kind, name in (*(("Ingress", each) for each in APPLICATIONS), ("Service", "broker")):
        choice = draw(st.sampled_from(["allow", "public", "none", "allow"]))
        if choice == "allow":
            found.append(policy(kind, name, allow=only(*draw(SETS))))
        elif choice == "public":
            denied = draw(st.just([]) | SETS)
            found.append(policy(kind, name, public=True, **({"deny": only(*denied)} if denied else {})))
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clusters(), policies().filter(bool))
def test_a_plan_is_exact_complete_minimal_and_safe_at_every_step(
    objects: list[dict[str, Any]], documents: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        estate = snapshot(folder / "estate", objects)
        wanted = resolved(folder, estate, *documents)
        plan = make(estate, wanted)
    if plan.refused:
        assert plan.changes == ()
        assert all(each.reason for each in plan.refused)
        return
    after = Trials.of(reactions.after(estate, list(plan.changes)))
    goals = goals_of(list(after.before.exposures.values()), wanted)
    assert [each.exposure.id for each in goals.values() if not objections.is_met(each, after.before)] == []

    again = make(after.before.snapshot, wanted)
    assert (again.changes, again.refused) == ((), ())

    states = Trials.of(estate)
    for each in plan.changes:
        fewer = states.after([other for other in plan.changes if other != each])
        assert not all(objections.is_met(goal, fewer) for goal in goals.values()), f"{each} is not needed"
    for count in range(1, len(plan.changes)):
        between = states.after(plan.changes[:count])
        for exposure, found in between.exposures.items():
            first, last = states.before.exposures[exposure].allowed, plan.after.exposures[exposure].allowed
            assert found.allowed <= first | last
            assert first & last <= found.allowed


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clusters())
def test_policies_of_today_change_nothing(objects: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        _assert_nothing_to_do(Path(name), snapshot(Path(name) / "estate", objects))


def test_policies_of_today_change_nothing_in_any_scenario(tmp_path: Path) -> None:
    said = 0
    for folder in sorted(shared_path("scenarios").glob("*/*/estate")):
        said += _assert_nothing_to_do(tmp_path, read_files([folder]))
    assert said > 40


def _assert_nothing_to_do(folder: Path, estate: Snapshot) -> int:
    state = Trials.of(estate).before
    documents = [each.document for each in todays_policies(state) if each.document]
    if documents:
        plan = make(estate, resolved(folder, estate, *documents))
        assert (plan.changes, plan.refused) == ((), ())
    return len(documents)


@pytest.mark.parametrize("policy_of_frontend", ["Local", "Cluster"])
def test_most_random_plans_are_made(tmp_path: Path, policy_of_frontend: str) -> None:
    """The laws above would hold for a planner that refuses everything."""
    objects = [*controller(policy_of_frontend), balanced("broker", 71)]
    objects += [each for name in APPLICATIONS for each in (ingress(name), backend(name))]
    estate = snapshot(tmp_path / "estate", objects)
    documents = [policy("Ingress", each, allow=only("203.0.113.0/24")) for each in APPLICATIONS]
    documents.append(policy("Service", "broker", allow=only("198.51.100.0/28")))
    plan = make(estate, resolved(tmp_path, estate, *documents))
    assert plan.refused == ()
    assert len(plan.changes) == 4 + (policy_of_frontend == "Cluster")
