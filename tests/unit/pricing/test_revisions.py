"""Revisions and what is kept of them."""

from __future__ import annotations

import pytest
from finops.cost.v1.cost_pb2 import LogPosition, Rating

from services.common.clock import HOUR
from services.pricing.domain.revisions import Content, Known, Verdict, judge, revise
from services.pricing.domain.window import Window
from tests.unit.pricing.events import NOON, recorded

HERE = LogPosition(incarnation="one", partition=0, offset=7)


def known(**fields: int) -> Known:
    event = recorded("a", content="1", input_tokens=3, **fields)
    return Known.of(revise(None, event, Rating(cost_picos=5, unpriced_buckets=["output_tokens"]), HERE))


def test_the_time_of_an_event_never_changes() -> None:
    later = recorded("a", content="2", time=NOON + HOUR, input_tokens=4)
    record = revise(known(), later, Rating(cost_picos=9), HERE)
    assert record.usage.time_unix_micros == NOON
    assert (record.revision, record.cost_delta_picos, record.unpriced_events_delta) == (2, 4, -1)


def test_what_is_packed_is_unpacked() -> None:
    whole = known(output_tokens=2)
    assert Known.unpack(whole.pack()) == whole


@pytest.mark.parametrize(
    ("last", "now", "verdict"),
    [
        (None, Content(b"1", True), Verdict.NEW),
        (Content(b"1", False), Content(b"1", False), Verdict.DUPLICATE),
        (Content(b"1", True), Content(b"2", True), Verdict.REVISION),
        (Content(b"1", True), Content(b"2", False), Verdict.REVISION),
        (Content(b"1", False), Content(b"2", True), Verdict.SUPERSEDED),
    ],
)
def test_verdicts(last: Content | None, now: Content, verdict: Verdict) -> None:
    assert judge(last, now) is verdict


def test_a_window_is_bounded_and_knows_where_it_begins() -> None:
    window = Window(10, start=100, low_offset=0)
    keys = [bytes([number]) * 16 for number in range(100)]
    for number, key in enumerate(keys):
        window.put(key, known(), number, 100 + number)
        assert len(window) <= 10
        complete = keys[window.low_offset : number + 1]
        assert all(window.get(kept) is not None for kept in complete)
        assert window.start == 100 + window.low_offset
        assert len(complete) >= min(5, number + 1)
    assert window.get(keys[0]) is None
