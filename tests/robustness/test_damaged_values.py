"""Any value replaced, dropped or written twice: an answer or one line of error; no crash, no hang, no false denial.

A value of a type that cannot stand where it stands makes its object unread. Then nobody who was allowed may be denied,
by `explain` or by `who`: allowed, indeterminate or an error is all there is. Other odd values may mean something (a
longer list, another name), so of them only a proper end is asked.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksess.errors import AksessError
from aksess.rulings import Verdict
from robustness.damage import ODD, Damage, Doubled, Dropped, Replaced, paths, value_at, wrong_types
from robustness.questions import asked, everything_asked, limited, read
from robustness.random_cases import bounded
from robustness.small_estates import ESTATES, SmallEstate

PLACES = {
    name: [(file, path) for file, value in each.files.items() for path in paths(value)]
    for name, each in ESTATES.items()
}
"""Every value of every file, by estate."""


@st.composite
def damages(draw: st.DrawFn, name: str) -> list[Damage]:
    """Up to three damages of one estate, none inside another."""
    found: list[Damage] = []
    for file, path in draw(st.lists(st.sampled_from(PLACES[name]), min_size=1, max_size=3, unique=True)):
        if any(each.file == file for each in found):
            continue  # an earlier damage may have taken the path away
        kind = draw(st.sampled_from(["replaced", "replaced", "replaced", "dropped", "doubled"]))
        odd = ODD[draw(st.sampled_from(sorted(ODD)))]
        if kind == "dropped":
            found.append(Dropped(file, path))
        elif kind == "doubled" and isinstance(path[-1], str):
            found.append(Doubled(file, path, odd))
        else:
            found.append(Replaced(file, path, odd))
    return found


@st.composite
def unreadable(draw: st.DrawFn, name: str) -> Damage:
    """One value replaced by one of a type that cannot stand there."""
    file, path = draw(st.sampled_from(PLACES[name]))
    wrong = wrong_types(value_at(ESTATES[name].files[file], path))
    return Replaced(file, path, draw(st.sampled_from(wrong)))


CONTAINERS = {
    name: [(file, path) for file, path in places if isinstance(value_at(ESTATES[name].files[file], path), dict | list)]
    for name, places in PLACES.items()
}
"""Every mapping and every list of every file, by estate."""


def answers(whole: SmallEstate, *given: Damage) -> dict[tuple[str, str], Verdict | AksessError]:
    """What the damaged estate answers to the questions of the whole one; empty where it cannot be read at all."""
    files = whole.copy()
    for each in given:
        files = each.on(files)
    with tempfile.TemporaryDirectory() as folder, limited():
        estate = read(whole.write(Path(folder), files))
        return {} if isinstance(estate, AksessError) else everything_asked(estate, whole)


@pytest.mark.parametrize("name", ESTATES)
def test_the_whole_estate_answers_as_it_should(name: str) -> None:
    """If these were no longer allowed and denied, the tests below would show nothing."""
    whole = ESTATES[name]
    found = answers(whole)
    assert {each: found[each] for each in whole.allowed} == dict.fromkeys(whole.allowed, Verdict.ALLOWED)
    assert {each: found[each] for each in whole.denied} == dict.fromkeys(whole.denied, Verdict.DENIED)


@pytest.mark.parametrize("name", ESTATES)
@given(data=st.data())
@bounded(40)
def test_odd_values_end_properly(name: str, data: st.DataObject) -> None:
    answers(ESTATES[name], *data.draw(damages(name)))


@pytest.mark.parametrize("name", ESTATES)
@given(data=st.data())
@bounded(40)
def test_what_makes_an_object_unread_denies_nobody(name: str, data: st.DataObject) -> None:
    whole = ESTATES[name]
    found = answers(whole, data.draw(unreadable(name)))
    assert not [each for each in whole.allowed if found.get(each) == Verdict.DENIED]


@pytest.mark.parametrize("name", ESTATES)
def test_no_mapping_and_no_list_of_another_type_denies_anybody(name: str) -> None:
    """Each of them in turn, because one that is overlooked empties a whole resource."""
    whole = ESTATES[name]
    for number, (file, path) in enumerate(CONTAINERS[name]):
        files = whole.copy()
        wrong = wrong_types(value_at(files[file], path))
        damaged = Replaced(file, path, wrong[number % len(wrong)]).on(files)
        with tempfile.TemporaryDirectory() as folder:
            estate = read(whole.write(Path(folder), damaged))
        if not isinstance(estate, AksessError):
            said = {each: asked(estate, *each, shown=False) for each in whole.allowed}
            assert Verdict.DENIED not in said.values(), (file, path, said)
