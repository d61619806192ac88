"""Columns of events stand as their rows do, one by one."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.event_columns import COSTS, Changes, Kind, event_columns, whole
from services.ledger.domain.latest import Change, EventCursor, standings

rows = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(1, 3), st.booleans(), st.integers(-1, 1), st.integers(-1, 1), st.integers(-9, 9)
    ),
    max_size=24,
)  # fmt: skip
"""Event, revision, reversal, events and unpriced events added, input tokens added."""


def _changes(made: list[tuple[int, int, bool, int, int, int]]) -> Changes:
    events, revisions, reversals, counts, unpriced, tokens = (
        [np.array(column, dtype=np.int64) for column in zip(*made, strict=True)]
        if made
        else [np.empty(0, np.int64)] * 6
    )
    return Changes(
        kinds=[Kind("acme", "openai", f"model-{n}", "", False, "", 0, "", False) for n in range(len(made))],
        kind=np.arange(len(made)),
        event_keys=b"".join(int(event).to_bytes(16) for event in events),
        times=events * 10,
        revisions=revisions,
        reversals=reversals != 0,
        events=counts,
        unpriced=unpriced,
        quantities={"input_tokens": tokens},
        costs=dict.fromkeys(COSTS, tokens),
    )


@given(rows, st.booleans())
def test_columns_stand_as_rows_do(made: list[tuple[int, int, bool, int, int, int]], only_unpriced: bool) -> None:
    """The same events, each at its last revision, with all that its changes add up to."""
    made.sort(key=lambda row: row[:3])
    listed = [
        Change(EventCursor("acme", event * 10, event.to_bytes(16)), revision, reversal, events, unpriced, b"%d" % place)
        for place, (event, revision, reversal, events, unpriced, _) in enumerate(made)
    ]
    expected = [int(s.record) for s in standings(listed, only_unpriced=only_unpriced) if s.record is not None]
    found = event_columns(_changes(made), len(made), only_unpriced=only_unpriced)
    assert found.rows.tolist() == expected
    for place, row in enumerate(expected):
        own = [each for each in made if each[0] == made[row][0]]
        first = [next(group) for _, group in groupby(own, key=lambda each: each[1:3])]
        assert found.quantities["input_tokens"][place] == sum(each[5] for each in first)
        assert found.unsure[place] == (only_unpriced and len(own) > 1)


@given(rows, st.integers(1, 30))
def test_an_event_that_may_go_on_is_not_whole(made: list[tuple[int, int, bool, int, int, int]], limit: int) -> None:
    made.sort(key=lambda row: row[:3])
    read = made[:limit]
    found = whole(_changes(read), limit)
    sure = read if len(read) < limit else [row for row in read if row[0] != read[-1][0]]
    assert found.rows == len(sure)
    last = sure[-1][0] if sure else None
    assert found.last == (None if last is None else EventCursor("acme", last * 10, last.to_bytes(16)))
