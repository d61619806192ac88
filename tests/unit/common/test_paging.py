"""Page tokens come back as they went, and no others do."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidArgumentError
from services.common.paging import Listing, page_size


class Place(NamedTuple):
    time: int
    name: str
    score: float
    key: bytes


places = st.builds(
    Place,
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.floats(allow_nan=False),
    st.binary(max_size=16),
)
asked = st.lists(st.text() | st.none() | st.integers(), max_size=3)

PLACE = Place(1_795_435_200_000_000, "ann", -0.5, b"key")
LISTING = Listing(Place, "things", "acme", None, 3)


def token_of(place: Place, listing: Listing[Place] = LISTING) -> str:
    return listing.page([place, place], 1, lambda found: found)[1]


@pytest.mark.parametrize(("size", "found"), [(0, 100), (1, 1), (1_000, 1_000), (2**31 - 1, 1_000)])
def test_page_sizes(size: int, found: int) -> None:
    assert page_size(size) == found


def test_a_negative_page_size_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="page_size"):
        page_size(-1)


@given(places, asked)
def test_a_token_comes_back_as_it_went(place: Place, arguments: list[str | int | None]) -> None:
    listing = Listing(Place, *arguments)
    assert listing.after(token_of(place, listing)) == place
    assert Listing(Place, *arguments).after(token_of(place, listing)) == place


@given(places, asked, asked)
def test_a_token_is_good_for_one_list(place: Place, one: list[str | int | None], other: list[str | int | None]) -> None:
    token = token_of(place, Listing(Place, *one))
    if one == other:
        assert Listing(Place, *other).after(token) == place
    else:
        refuses(Listing(Place, *other), token)


def test_the_last_page_has_no_token() -> None:
    assert LISTING.page([PLACE], 1, lambda found: found) == ([PLACE], "")
    assert LISTING.page([], 1, lambda found: found) == ([], "")
    assert LISTING.after("") is None


def test_a_page_ends_where_its_token_goes_on() -> None:
    numbers = list(range(7))
    seen: list[int] = []
    token = ""
    for _ in range(3):
        after = LISTING.after(token)
        rest = numbers if after is None else [n for n in numbers if n > after.time]
        shown, token = LISTING.page(rest[:4], 3, lambda n: PLACE._replace(time=n))
        seen += shown
    assert (seen, token) == (numbers, "")


@given(st.text(min_size=1))
def test_arbitrary_tokens_are_refused(token: str) -> None:
    refuses(LISTING, token)


@pytest.mark.parametrize(
    "damage",
    [lambda t: t[:-4], lambda t: "!" + t, lambda t: t + "AAAA", lambda t: "AAAA" + t[4:], lambda t: t + "=",
     lambda t: t[:20] + ("A" if t[20] != "A" else "B") + t[21:], lambda t: t.rstrip("="), lambda t: t + "\n"],
)  # fmt: skip
def test_damaged_tokens_are_refused(damage: Callable[[str], str]) -> None:
    token = token_of(PLACE._replace(name="anne"))
    assert token.endswith("=")
    refuses(LISTING, damage(token))


@pytest.mark.parametrize(
    "parts",
    [
        '[1, "ann", 0.5]',
        '[1, "ann", 0.5, "00", 1]',
        '["1", "ann", 0.5, "00"]',
        '[1.0, "ann", 0.5, "00"]',
        '[true, "ann", 0.5, "00"]',
        '[1, 2, 0.5, "00"]',
        '[1, "ann", 1, "00"]',
        '[1, "ann", 0.5, "0"]',
        '[1, "ann", 0.5, 0]',
        '[9223372036854775808, "ann", 0.5, "00"]',
        f'[{"9" * 5_000}, "ann", 0.5, "00"]',
        '[1, "\\ud800", 0.5, "00"]',
        "1",
        "null",
        "{}",
        "[" * 100_000,
    ],
)
def test_made_up_positions_are_refused_even_with_the_right_checksum(parts: str) -> None:
    key = hashlib.blake2b(json.dumps(["things", "acme", None, 3]).encode()).digest()

    def made_up(text: str) -> str:
        check = hashlib.blake2b(text.encode(), digest_size=8, key=key).digest()
        return base64.urlsafe_b64encode(check + text.encode()).decode()

    assert LISTING.after(made_up('[1, "ann", 0.5, "00"]')) == Place(1, "ann", 0.5, b"\0")
    refuses(LISTING, made_up(parts))


def refuses(listing: Listing[Place], token: str) -> None:
    with pytest.raises(InvalidArgumentError) as refusal:
        listing.after(token)
    assert [violation.field for violation in refusal.value.violations] == ["page_token"]
