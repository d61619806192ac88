"""Where days, weeks and months begin."""

from __future__ import annotations

from itertools import pairwise

import pytest

from services.common.clock import DAY, HOUR, format_rfc3339, parse_rfc3339
from services.ledger.domain.calendar import Unit, bucket_starts


def _starts(unit: Unit, start: str, end: str, zone: str) -> list[str]:
    return [format_rfc3339(at) for at in bucket_starts(unit, parse_rfc3339(start), parse_rfc3339(end), zone)]


def test_days_in_berlin_have_23_and_25_hours_at_the_clock_changes() -> None:
    for start, end, hours in [("2026-03-28", "2026-03-31", [24, 23, 24]), ("2026-10-24", "2026-10-27", [24, 25, 24])]:
        first, last = parse_rfc3339(f"{start}T00:00:00+00:00"), parse_rfc3339(f"{end}T00:00:00+00:00")
        starts = bucket_starts("day", first, last, "Europe/Berlin")
        assert [(b - a) // HOUR for a, b in pairwise(starts)] == hours


def test_days_in_kolkata_begin_on_the_half_hour() -> None:
    assert _starts("day", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z", "Asia/Kolkata") == [
        "2026-03-09T18:30:00Z", "2026-03-10T18:30:00Z",
    ]  # fmt: skip


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert _starts("week", "2026-03-11T00:00:00Z", "2026-03-17T00:00:00Z", "UTC") == [
        "2026-03-09T00:00:00Z", "2026-03-16T00:00:00Z",
    ]  # fmt: skip
    assert _starts("month", "2026-12-31T23:30:00Z", "2027-01-01T00:30:00Z", "Europe/Berlin") == ["2026-12-31T23:00:00Z"]


def test_a_skipped_midnight_begins_with_the_clock_change() -> None:
    # In Santiago the clocks went from 24:00 on 5 September 2026 (04:00 UTC) straight to 01:00.
    assert _starts("day", "2026-09-06T03:00:00Z", "2026-09-06T05:00:00Z", "America/Santiago") == [
        "2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z",
    ]  # fmt: skip


def test_a_range_on_bucket_boundaries_has_just_its_buckets() -> None:
    assert _starts("day", "2026-03-10T00:00:00Z", "2026-03-12T00:00:00Z", "UTC") == [
        "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z",
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Santiago", "Pacific/Apia"])
@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_buckets_cover_any_range_in_order(unit: Unit, zone: str) -> None:
    start = parse_rfc3339("2011-12-28T05:17:00Z")
    for length in (1, HOUR, 3 * DAY, 400 * DAY):
        starts = bucket_starts(unit, start, start + length, zone)
        assert starts == sorted(set(starts))
        assert starts[0] <= start < (starts[1] if len(starts) > 1 else start + length + 1)
        assert starts[-1] < start + length
