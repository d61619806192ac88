"""The month's end, by hand-computed examples."""

from __future__ import annotations

from datetime import date, timedelta

from services.console.domain.forecast import month_end
from services.console.domain.periods import days_between


def test_a_flat_month_goes_on_flat() -> None:
    today = date(2026, 11, 11)
    daily = dict.fromkeys(days_between(date(2026, 10, 1), today), 100)
    assert month_end(daily, today, date(2026, 10, 1)) == 3_000


def test_weekdays_have_their_own_mean() -> None:
    today = date(2026, 11, 28)  # a Saturday; Sunday and Monday are left
    first = today - timedelta(days=28)
    daily = {day: 10 if day.weekday() >= 5 else 100 for day in days_between(first, today)}
    so_far = sum(amount for day, amount in daily.items() if day.month == 11)
    assert month_end(daily, today, first) == so_far + 10 + 10 + 100


def test_today_counts_what_is_missing_to_its_expectation_and_never_less_than_spent() -> None:
    first, today = date(2026, 11, 1), date(2026, 11, 30)
    daily = dict.fromkeys(days_between(first, today), 100)
    assert month_end({**daily, today: 30}, today, first) == 3_000
    assert month_end({**daily, today: 250}, today, first) == 3_150


def test_days_before_the_first_are_unknown_not_zero() -> None:
    today = date(2026, 11, 3)
    daily = {date(2026, 11, 1): 60, date(2026, 11, 2): 60}
    assert month_end(daily, today, date(2026, 11, 1)) == 60 * 30


def test_a_quiet_day_after_the_first_is_a_zero() -> None:
    today = date(2026, 11, 4)
    daily = {date(2026, 11, 1): 90}
    # Sunday 90, Monday and Tuesday nothing: other weekdays count as the mean of the three, 30.
    rest = days_between(date(2026, 11, 4), date(2026, 12, 1))
    expected = {6: 90, 0: 0, 1: 0}
    assert month_end(daily, today, date(2026, 11, 1)) == 90 + sum(expected.get(day.weekday(), 30) for day in rest)


def test_without_a_complete_day_there_is_no_forecast() -> None:
    today = date(2026, 11, 4)
    assert month_end({today: 5}, today, today) is None
    assert month_end({}, today, today) is None
