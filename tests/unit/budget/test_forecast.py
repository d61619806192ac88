"""The forecast against series whose future is known."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.clock import DAY, HOUR, to_micros
from services.common.forecast.baseline import LEAST_HOURS, baseline_of
from services.common.forecast.conformal import interval_of
from services.common.forecast.hours import HourlySpend, hours_of_week
from services.common.forecast.outlook import Outlook, outlook_of

MONDAY = to_micros(datetime(2026, 3, 2, tzinfo=UTC))
WEEK = 168
DOLLAR = 10.0**12


def working_week(hours: int, start: int = MONDAY, zone: str = "UTC") -> NDArray[np.float64]:
    """A dollar an hour from Monday to Friday, 9 to 17 o'clock local time."""
    slots = hours_of_week(start, hours, zone)
    return np.where((slots // 24 < 5) & (slots % 24 >= 9) & (slots % 24 < 17), DOLLAR, 0.0)


def outlook_after(values: NDArray[np.float64], ahead: int, zone: str = "UTC") -> Outlook:
    history = HourlySpend(MONDAY, values)
    found = outlook_of(history, history.end + ahead * HOUR, zone)
    assert found is not None
    return found


def test_a_regular_week_is_forecast_exactly() -> None:
    outlook = outlook_after(working_week(8 * WEEK), WEEK)
    forecast = outlook.forecast(0, outlook.start)
    assert outlook.method == "hour-of-week"
    assert forecast == (40 * 10**12,) * 3
    assert outlook.interval is not None and outlook.interval.past_error == 0


def test_local_hours_stay_local_when_the_clocks_change() -> None:
    """Berlin goes forward on 29 March 2026: office hours move by an hour of UTC, and the forecast with them."""
    before = working_week(3 * WEEK, zone="Europe/Berlin")
    after = working_week(5 * WEEK, zone="Europe/Berlin")[3 * WEEK :]
    outlook = outlook_after(before, 2 * WEEK, "Europe/Berlin")
    np.testing.assert_allclose(outlook.hourly, after)


def test_the_level_follows_a_lasting_change_and_not_one_bad_day() -> None:
    doubled, one_day = working_week(8 * WEEK), working_week(8 * WEEK)
    doubled[-WEEK:] *= 2
    one_day[-3 * 24 : -2 * 24] = 50 * DOLLAR
    assert outlook_after(doubled, WEEK).forecast(0, MONDAY).expected == 80 * 10**12
    assert outlook_after(one_day, WEEK).forecast(0, MONDAY).expected == 40 * 10**12


def test_bursts_at_no_fixed_hour_are_expected_at_their_mean() -> None:
    values = np.zeros(6 * WEEK)
    values[np.random.default_rng(7).choice(6 * WEEK, 60, replace=False)] = DOLLAR
    values[-WEEK:] = 0
    values[-WEEK::17] = DOLLAR
    expected = outlook_after(values, WEEK).forecast(0, MONDAY).expected
    assert expected == pytest.approx(10 * 10**12, rel=0.01)


def test_too_little_history_gives_no_outlook_and_a_short_one_no_interval() -> None:
    start = HourlySpend(MONDAY, working_week(LEAST_HOURS - 1))
    assert outlook_of(start, start.end + DAY, "UTC") is None
    assert baseline_of(np.zeros(0), np.zeros(0, np.intp)) is None
    short = outlook_after(working_week(4 * 24), 24)
    assert short.method == "hour-of-day" and short.interval is None


@pytest.mark.parametrize("ahead", [24, WEEK, 2 * WEEK])
def test_the_interval_covers_at_least_as_often_as_it_says(ahead: int) -> None:
    random = np.random.default_rng(11)
    covered, claimed = [], []
    for _ in range(100):
        values = working_week(10 * WEEK) * random.lognormal(0, 0.5, 10 * WEEK)
        past, future = values[: 8 * WEEK], values[8 * WEEK : 8 * WEEK + ahead]
        outlook = outlook_after(past, len(future))
        forecast = outlook.forecast(0, outlook.start)
        assert outlook.interval is not None
        covered.append(forecast.low <= future.sum() <= forecast.high)
        claimed.append(outlook.interval.coverage)
    assert np.mean(claimed) > 0.6
    assert np.mean(covered) >= np.mean(claimed) - 0.06


def test_a_long_horizon_is_tested_at_the_length_the_past_allows() -> None:
    values = working_week(4 * WEEK)
    slots = hours_of_week(MONDAY, len(values), "UTC")
    interval = interval_of(values, slots, 5_000)
    assert interval is not None
    assert interval.tested_hours < len(values)
    assert interval_of(values, slots, 24).tested_hours == 24  # type: ignore[union-attr]


def test_spend_of_an_hour_is_spread_evenly_within_it() -> None:
    outlook = outlook_after(np.full(4 * WEEK, DOLLAR), 10)
    assert outlook.remaining(outlook.start + HOUR // 2) == pytest.approx(9.5 * DOLLAR)
    assert outlook.remaining(outlook.end + DAY) == 0


def test_spend_between_two_moments_takes_parts_of_hours() -> None:
    spend = HourlySpend(MONDAY, np.array([4.0, 8.0]))
    assert spend.between(MONDAY + HOUR // 2, MONDAY + HOUR * 5 // 4) == 4.0
    assert spend.between(MONDAY - DAY, MONDAY + DAY) == 12.0
    assert spend.between(MONDAY + DAY, MONDAY) == 0.0


def test_exhaustion_is_the_moment_the_limit_is_reached() -> None:
    outlook = outlook_after(np.full(4 * WEEK, DOLLAR), 10)
    now = outlook.start + 2 * HOUR
    assert outlook.exhausted(0, 4 * 10**12, now) == pytest.approx(now + 4 * HOUR, abs=1)
    assert outlook.exhausted(5, 5, now) == now
    assert outlook.exhausted(0, 9 * 10**12, now) is None


def test_nothing_spent_is_forecast_as_nothing() -> None:
    outlook = outlook_after(np.zeros(4 * WEEK), WEEK)
    assert outlook.forecast(3, outlook.start) == (3, 3, 3)
    assert outlook.exhausted(0, 1, outlook.start) is None


def test_corrections_below_zero_do_no_harm() -> None:
    values = working_week(4 * WEEK)
    values[100] = -500 * DOLLAR
    forecast = outlook_after(values, WEEK).forecast(0, MONDAY)
    assert forecast.low <= forecast.expected <= forecast.high


def test_hours_of_half_hour_zones_belong_to_the_local_hour_they_begin_in() -> None:
    assert hours_of_week(MONDAY, 2, "Asia/Kolkata").tolist() == [5, 6]
    assert hours_of_week(MONDAY + HOUR, 1, "UTC").tolist() == [1]
    assert hours_of_week(MONDAY, 0, "UTC").tolist() == []
