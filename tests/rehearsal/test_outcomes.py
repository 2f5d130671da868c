"""What a client saw in the words of the contract, and whether it was foreseen."""

from __future__ import annotations

import pytest

from aksess.addresses import AddressSet
from aksess.lab.prober import Seen
from aksess.rehearsal.outcomes import Expected, Shown, agrees, shown
from rehearsal.small_rehearsals import address, foreseen

FROM_A_LIST = AddressSet.of("203.0.113.0/24")


def _answer(status: int, *headers: str) -> Seen:
    lines = [f"HTTP/1.1 {status} Whatever", "Server: nginx", *headers, "", ""]
    return Seen("answered", "\r\n".join(lines).encode())


# What was shown.


@pytest.mark.parametrize(
    ("effect", "word"),
    [("timeout", "timeout"), ("refused", "refused"), ("closed", "refused"), ("unsendable", "unsendable")],
)
def test_without_an_answer_there_is_no_status(effect: str, word: str) -> None:
    assert shown(Seen(effect, b"half an answ")) == Shown(word)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "effect"),
    [
        *((200, "answered"), (401, "unauthorized"), (403, "forbidden"), (404, "not-found"), (503, "unavailable")),
        *((301, "redirected"), (308, "redirected"), (400, "answered"), (502, "answered")),
    ],
)
def test_what_the_controller_answers_itself_goes_by_its_status(status: int, effect: str) -> None:
    assert shown(_answer(status, "X-Judged: 203.0.113.7")) == Shown(effect, status, address("203.0.113.7"))
    assert shown(_answer(status)) == Shown(effect, status)


def test_an_application_is_reached_whatever_it_answers() -> None:
    for status in (200, 403, 404, 503):
        found = shown(_answer(status, "X-Reached: shop/web:80", "X-Judged: 203.0.113.7"))
        assert found == Shown("reached", status, address("203.0.113.7"))


def test_a_header_that_names_nobody_is_no_application() -> None:
    assert shown(_answer(403, "X-Reached: ", "X-Judged: ")).effect == "forbidden"


def test_an_error_page_is_an_answer_of_the_controller() -> None:
    """The page comes from a Service too, which says that it was asked; the code tells the two apart."""
    page = _answer(404, "X-Reached: 10.244.0.9", "X-Judged: 203.0.113.7", "X-Code: 403")
    assert shown(page) == Shown("answered", 404)
    assert shown(_answer(404, "X-Reached: 10.244.0.9", "X-Code: ")).effect == "reached"


def test_an_address_of_ipv4_in_ipv6_is_one_of_ipv4() -> None:
    assert shown(_answer(200, "X-Judged: ::ffff:203.0.113.7")).judged == address("203.0.113.7")
    assert shown(_answer(200, "X-Judged: 2001:db8::7")).judged == address("2001:db8::7")


def test_datagrams_and_bare_connections_are_reached_without_http() -> None:
    datagram = Seen("answered", b"X-Reached: shop/dns:53\r\nX-Judged: 203.0.113.7\r\n\r\n")
    assert shown(datagram) == Shown("reached", None, address("203.0.113.7"))
    assert shown(Seen("answered")) == Shown("reached")
    assert shown(Seen("answered", b"\x15\x03\x01")) == Shown("refused"), "an alert of TLS"


# Whether it was foreseen.


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        (foreseen("timeout"), Shown("timeout"), True),
        (foreseen("timeout"), Shown("refused"), False),
        (foreseen("reached"), Shown("reached", 200), True),
        (foreseen("forbidden", 403), Shown("forbidden", 403), True),
        (foreseen("redirected", 308), Shown("redirected", 301), False),
        (foreseen("redirected", 308), Shown("redirected"), True),
    ],
)
def test_effect_and_status_must_be_those_foreseen(expected: Expected, found: Shown, same: bool) -> None:
    assert agrees([expected], found) is same


@pytest.mark.parametrize("effect", ["reached", "forbidden"])
def test_the_address_that_was_judged_must_be_one_that_may_be(effect: str) -> None:
    expected = [foreseen(effect, None, FROM_A_LIST)]
    assert agrees(expected, Shown(effect, None, address("203.0.113.7")))
    assert not agrees(expected, Shown(effect, None, address("10.224.0.4")))
    assert agrees(expected, Shown(effect)), "nobody said which address was judged"


def test_where_no_address_decides_none_is_compared() -> None:
    assert agrees([foreseen("not-found", 404, FROM_A_LIST)], Shown("not-found", 404, address("10.224.0.4")))


def test_one_of_several_outcomes_is_enough_but_never_a_blend_of_two() -> None:
    several = [foreseen("timeout"), foreseen("reached", None, FROM_A_LIST), foreseen("forbidden", 403)]
    assert agrees(several, Shown("forbidden", 403, address("10.224.0.4")))
    assert not agrees(several, Shown("reached", 200, address("10.224.0.4")))
    assert not agrees([], Shown("timeout"))


# In words.


def test_words_say_effect_status_and_address() -> None:
    assert str(foreseen("forbidden", 403)) == "forbidden 403"
    assert str(foreseen("timeout")) == "timeout"
    assert str(Shown("reached", 200, address("203.0.113.7"))) == "reached 200 as 203.0.113.7"
    assert str(Shown("refused")) == "refused"
