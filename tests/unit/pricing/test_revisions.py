"""Revisions and what is kept of them."""

from __future__ import annotations

import pytest
from finops.cost.v1.cost_pb2 import LogPosition, Rating
from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, UsageEvent

from services.common.clock import HOUR
from services.common.postings import list_delta, postings
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
    assert Known.unpack(whole.pack(), whole.attribution) == whole


@pytest.mark.parametrize(
    ("last", "content", "estimated", "verdict"),
    [
        (None, b"1", True, Verdict.NEW),
        (Content(b"1", False), b"1", False, Verdict.DUPLICATE),
        (Content(b"1", True), b"2", True, Verdict.REVISION),
        (Content(b"1", True), b"2", False, Verdict.REVISION),
        (Content(b"1", False), b"2", True, Verdict.SUPERSEDED),
    ],
)
def test_verdicts(last: Content | None, content: bytes, estimated: bool, verdict: Verdict) -> None:
    assert judge(last, UsageEvent(content_hash=content, estimated=estimated)) is verdict


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        (None, Verdict.SUPERSEDED),
        (Content(b"1", False), Verdict.REBOOKING),
        (Content(b"2", False), Verdict.SUPERSEDED),
    ],
)
def test_only_the_last_content_is_booked_anew(last: Content | None, verdict: Verdict) -> None:
    late = UsageEvent(content_hash=b"1", correction=Correction(kind=CorrectionKind.CORRECTION_KIND_LATE_PRICE))
    assert judge(last, late) is verdict


def test_an_adjustment_is_an_event_of_its_own() -> None:
    kind = CorrectionKind.CORRECTION_KIND_MANUAL_ADJUSTMENT
    event = UsageEvent(content_hash=b"1", correction=Correction(kind=kind))
    assert judge(None, event) is Verdict.NEW
    assert judge(Content(b"1", False), event) is Verdict.DUPLICATE


def test_an_event_that_moves_says_what_it_was_booked_as() -> None:
    before = known(output_tokens=2)
    moved = recorded("a", content="2", team="ads", input_tokens=4)
    record = revise(before, moved, Rating(cost_picos=9, list_cost_picos=10), HERE)
    assert record.previous.cost_picos == 5
    assert record.previous.unpriced
    taken_back, booked = postings(record)
    assert (taken_back.usage.team, taken_back.cost_delta_picos, taken_back.events_delta) == ("", -5, -1)
    assert (booked.usage.team, booked.cost_delta_picos, booked.events_delta) == ("ads", 9, 1)
    assert (taken_back.unpriced_events_delta, booked.unpriced_events_delta) == (-1, 0)
    assert (list_delta(taken_back), list_delta(booked)) == (-5, 10)
    assert taken_back.quantity_delta.input_tokens + booked.quantity_delta.input_tokens == 1
    assert taken_back.quantity_delta.output_tokens == -2
    # Whoever knows nothing of movements still adds up the right total.
    assert (record.cost_delta_picos, record.quantity_delta.input_tokens, record.events_delta) == (4, 1, 0)


def test_an_event_whose_entry_has_expired_is_taken_as_not_moved() -> None:
    forgotten = known()._replace(attribution=None)
    record = revise(forgotten, recorded("a", content="2", team="ads"), Rating(cost_picos=9), HERE)
    assert not record.HasField("previous")
    assert record.cost_delta_picos == 4


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


def test_a_business_metric_changes_by_what_its_source_corrected_and_moves_with_its_event() -> None:
    free = Rating(price_book_version="1")
    first = revise(None, recorded("a", content="1", team="search", business_metrics={"orders": 12}), free, HERE)
    corrected = recorded("a", content="2", team="ads", business_metrics={"orders": 10, "tickets": 1})
    record = revise(Known.of(first), corrected, free, HERE)
    assert first.quantity_delta.business_metrics == {"orders": 12}
    assert record.quantity_delta.business_metrics == {"orders": -2, "tickets": 1}
    taken, booked = postings(record)
    assert (taken.usage.team, dict(taken.quantity_delta.business_metrics)) == ("search", {"orders": -12})
    assert (booked.usage.team, dict(booked.quantity_delta.business_metrics)) == ("ads", {"orders": 10, "tickets": 1})
