"""Laws of sets of ports, with Python's own sets as oracle."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from aksess.addresses import EVERY_PORT, PortSet

ports = st.sampled_from([0, 1, 2, 79, 80, 443, 65534, 65535]) | st.integers(0, 65535)
spans = st.lists(st.tuples(ports, ports).map(sorted), max_size=5)


def texts(given_spans: list[list[int]]) -> list[str]:
    return [str(first) if first == last else f"{first}-{last}" for first, last in given_spans]


def numbers(given_spans: list[list[int]]) -> set[int]:
    return {port for first, last in given_spans for port in range(first, last + 1)}


@given(spans, spans, ports)
@settings(max_examples=50)
def test_agrees_with_sets_of_numbers(one: list[list[int]], other: list[list[int]], port: int) -> None:
    a, b = PortSet.parse(texts(one)), PortSet.parse(texts(other))
    x, y = numbers(one), numbers(other)
    assert (port in a) == (port in x)
    assert a | b == PortSet.of(*(x | y))
    assert a & b == PortSet.of(*(x & y))
    assert a - b == PortSet.of(*(x - y))
    assert (a <= b) == (x <= y)
    assert bool(a) == bool(x)
    assert a <= EVERY_PORT
    assert a | (EVERY_PORT - a) == EVERY_PORT


@given(spans)
def test_its_text_reads_back_as_itself(given_spans: list[list[int]]) -> None:
    a = PortSet.parse(texts(given_spans))
    again = PortSet.parse(str(a).split(",") if a else [])
    assert again == a
    assert hash(again) == hash(a)
    assert str(PortSet.parse(["0-65535"])) == "*"
