"""Events as they stand, out of their changes."""

from __future__ import annotations

from services.ledger.domain.latest import Change, EventCursor, Standing, standings

ONE, TWO = EventCursor("acme", 1, b"a"), EventCursor("acme", 2, b"b")


def _change(
    event: EventCursor, revision: int, *, events: int = 0, unpriced: int = 0, reversal: bool = False, record: str = ""
) -> Change:
    return Change(event, revision, reversal, events, unpriced, (record or f"r{revision}").encode())


def test_an_event_stands_as_its_latest_revision_left_it() -> None:
    changes = [_change(ONE, 1, events=1), _change(ONE, 2), _change(TWO, 1, events=1)]
    assert standings(changes, only_unpriced=False) == [Standing(ONE, b"r2"), Standing(TWO, b"r1")]


def test_one_that_moved_away_counts_nowhere_it_was() -> None:
    assert standings([_change(ONE, 1, events=1), _change(ONE, 2, events=-1, reversal=True)], only_unpriced=False) == [
        Standing(ONE, None)
    ]


def test_one_that_came_back_counts_again() -> None:
    changes = [
        _change(ONE, 1, events=1), _change(ONE, 2, events=-1, reversal=True), _change(ONE, 3, events=1)
    ]  # fmt: skip
    assert standings(changes, only_unpriced=False) == [Standing(ONE, b"r3")]


def test_one_that_has_a_price_by_now_is_not_unpriced() -> None:
    unpriced, priced = _change(ONE, 1, events=1, unpriced=1), _change(ONE, 2, unpriced=-1)
    assert standings([unpriced, priced], only_unpriced=True) == [Standing(ONE, None)]
    assert standings([unpriced, _change(ONE, 2)], only_unpriced=True) == [Standing(ONE, b"r2")]


def test_of_a_revision_written_twice_the_first_row_counts() -> None:
    changes = [
        _change(ONE, 1, events=1, unpriced=1, record="kept"),
        _change(ONE, 1, events=1, unpriced=1, record="late"),
    ]
    assert standings(changes, only_unpriced=True) == [Standing(ONE, b"kept")]
    assert standings([*changes, _change(ONE, 2, unpriced=-1)], only_unpriced=True) == [Standing(ONE, None)]
