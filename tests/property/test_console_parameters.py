"""Whatever is in an address, the answer is a query or a precise refusal."""

from __future__ import annotations

import itertools
from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.common.clock import parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.common.money import MAX_INT64, parse_dollars
from services.console.domain import figures
from services.console.domain.cost_query import EARLIEST, LATEST, parse_cost_query, parse_entries_query
from services.console.domain.periods import Range, buckets, previous

NOW = parse_rfc3339("2026-11-23T15:30:00Z")
NAMES = st.sampled_from(["start", "end", "timezone", "granularity", "group_by", "filter", "limit", "team", "tag:a"])
VALUES = st.text(max_size=40) | st.sampled_from(["2026-11-01", "day", "team,model", "Europe/Berlin", "9", "a = b"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])


@given(st.lists(st.tuples(NAMES | st.text(max_size=12), VALUES), max_size=8))
def test_parameters_are_a_query_or_a_refusal(parameters: list[tuple[str, str]]) -> None:
    for parse in (parse_cost_query, parse_entries_query):
        try:
            query = parse(parameters, NOW)
        except InvalidArgumentError as error:
            assert error.violations
        else:
            assert query.period.start < query.period.end
            query.request()


@given(
    st.integers(EARLIEST, LATEST), st.integers(1, 400 * 86_400_000_000), ZONES, st.sampled_from(["hour", "day", "week"])
)
def test_buckets_rise_and_cover(start: int, length: int, name: str, granularity: str) -> None:
    tz = ZoneInfo(name)
    period = Range(start, start + length)
    starts = buckets(period, granularity, tz)
    assert all(a < b for a, b in itertools.pairwise(starts))
    assert starts[0] <= period.start
    assert starts[-1] < period.end


@given(st.integers(EARLIEST, LATEST), st.integers(1, 400 * 86_400_000_000), ZONES)
def test_the_period_before_ends_where_this_one_starts_or_earlier(start: int, length: int, name: str) -> None:
    period = Range(start, start + length)
    before = previous(period, ZoneInfo(name))
    slack = timedelta(hours=2) // timedelta(microseconds=1)
    assert before.start < before.end <= period.start + slack


@given(st.integers(-MAX_INT64, MAX_INT64))
def test_every_digit_is_on_hover(picos: int) -> None:
    exact = figures.dollars_exact(picos)
    assert parse_dollars(exact.replace("$", "").replace(",", "")) == picos
    short = parse_dollars(figures.dollars(picos).replace("$", "").replace(",", ""))
    assert abs(short - picos) <= 5_000_000_000
