"""Silence: what is missed, how soon, and what only pauses."""

from __future__ import annotations

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.common.money import PICOS_PER_DOLLAR, from_proto
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import closed, drain, hours_of, opened, watch_hours

DAY = 24
WEEK = 168


def test_silence_of_what_is_never_silent() -> None:
    rng = np.random.default_rng(1)
    start = 3 * WEEK + 30

    def hourly(n: int) -> tuple[float, int]:
        return (0.0, 0) if start <= n < start + 8 else (4.0 * float(rng.lognormal(0, 0.2)), 40)

    told = watch_hours(hourly, 30, series=(Series("source", "checkout"),))
    (found,) = opened(told)
    assert found.channel == Anomaly.CHANNEL_SILENCE
    assert hours_of(found) == (start, start + 1)
    (end,) = closed(told)
    assert hours_of(end) == (start, start + 8)
    assert -40 < from_proto(end.impact) / PICOS_PER_DOLLAR < -24
    assert "sent no usage" in end.summary
    assert "about 320 requests" in end.summary


@pytest.mark.parametrize(("heard", "outages"), [(2, 1), (5, 2)])
def test_what_falls_silent_again_is_told_again_and_what_was_hardly_heard_between_is_not(
    heard: int, outages: int
) -> None:
    start = 3 * WEEK + 30

    def hourly(n: int) -> tuple[float, int]:
        silent = start <= n < start + 3 or start + 3 + heard <= n < start + 6 + heard
        return (0.0, 0) if silent else (4.0, 40)

    told = watch_hours(hourly, 30, series=(Series("tenant", "acme"), Series("source", "checkout")))
    assert [(a.channel, dict(a.series)) for a in opened(told)] == [
        (Anomaly.CHANNEL_SILENCE, {"tenant": "acme"})
    ] * outages


@pytest.mark.parametrize(("hours", "told"), [(2, 0), (3, 1)])
def test_two_silent_hours_of_what_is_empty_now_and_then_are_no_news(hours: int, told: int) -> None:
    counts = np.random.default_rng(3).negative_binomial(3, 1 / 4, 24 * 30)
    counts[[600 - WEEK * week + n for week in (1, 2, 3) for n in range(-2, 4)]] += 4

    def hourly(n: int) -> tuple[float, int]:
        return (0.0, 0) if 600 <= n < 600 + hours else (4.0, int(counts[n]))

    assert len(opened(watch_hours(hourly, 30))) == told


def test_two_silent_hours_of_what_never_was_empty_are_news() -> None:
    counts = np.random.default_rng(3).negative_binomial(3, 1 / 3, 24 * 30) + 1
    (found,) = opened(watch_hours(lambda n: (0.0, 0) if 600 <= n < 608 else (4.0, int(counts[n])), 30))
    assert hours_of(found) == (600, 602)


def test_what_never_was_empty_in_office_hours_is_missed_in_them() -> None:
    """Three records an hour from nine to five: nothing by night says nothing, nothing by day does."""

    def hourly(n: int) -> tuple[float, int]:
        open_hours = 9 <= n % 24 < 17 and n // 24 % 7 < 5
        return (4.0, 3) if open_hours and not 35 * 24 + 11 <= n < 35 * 24 + 17 else (0.0, 0)

    (found,) = opened(watch_hours(hourly, 40))
    assert hours_of(found) == (35 * 24 + 11, 35 * 24 + 13)


@pytest.mark.parametrize(("events", "hours"), [(1, 2), (2, 2), (4, 1), (7, 1)])
def test_what_comes_like_clockwork_is_missed_at_once(events: int, hours: int) -> None:
    """Once four events are missing, or two hours that never were empty."""
    told = watch_hours(lambda n: (0.0, 0) if 600 <= n < 608 else (4.0, events), 30)
    (found,) = opened(told)
    assert hours_of(found) == (600, 600 + hours)


@pytest.mark.parametrize(("last", "hours"), [(6, 2), (1, 1)])
def test_what_came_before_it_broke_off_counts(last: int, hours: int) -> None:
    """About six an hour by day, two of them once: one and then none is as unlikely as none for two hours."""
    rng, start = np.random.default_rng(5), 54 * DAY + 12

    def hourly(n: int) -> tuple[float, int]:
        if start <= n < start + 6:
            return 0.0, 0
        by_day = 2 if n == 20 * DAY + 10 else int(rng.integers(4, 9))
        by_night = int(rng.poisson(1))
        usual = by_day if 8 <= n % DAY < 20 else by_night
        return 4.0, last if n == start - 1 else usual

    (found,) = opened(watch_hours(hourly, 56))
    assert hours_of(found) == (start, start + hours)


@pytest.mark.parametrize("begins", [1, 5])
def test_clockwork_is_missed_at_once_whenever_it_breaks_off(begins: int) -> None:
    """Whether one record of six was still heard in that hour, or five."""
    start = 30 * DAY

    def hourly(n: int) -> tuple[float, int]:
        return (0.0, 0) if start <= n < start + 6 else (4.0, begins if n == start - 1 else 6)

    (found,) = opened(watch_hours(hourly, 32))
    assert hours_of(found) == (start, start + 1)


def test_what_pauses_now_and_then_pauses_once_more() -> None:
    """Two pauses of five hours are told; a third is not before it lasts longer."""
    pauses = [(22 * 24 + 9, 5), (30 * 24 + 14, 5), (38 * 24 + 10, 5), (46 * 24 + 12, 9)]

    def hourly(n: int) -> tuple[float, int]:
        return (0.0, 0) if any(begin <= n < begin + hours for begin, hours in pauses) else (4.0, 40)

    starts = [hours_of(found) for found in opened(watch_hours(hourly, 50))]
    assert [begin for begin, _ in starts] == [pauses[0][0], pauses[1][0], pauses[3][0]]
    assert starts[-1][1] - starts[-1][0] == 6


def test_what_came_one_week_is_not_missed_the_next() -> None:
    tool = Series("tool", "python")
    assert watch_hours(lambda n: (4.0, 40) if 24 * 22 <= n < 24 * 23 else (0.0, 0), 40, series=(tool,)) == []


def test_what_does_not_begin_in_the_morning_is_given_three_hours() -> None:
    def hourly(n: int) -> tuple[float, int]:
        return (4.0, 40) if 8 <= n % 24 < 18 and not 24 * 25 <= n < 24 * 26 else (0.0, 0)

    (found,) = opened(watch_hours(hourly, 30))
    assert hours_of(found) == (24 * 25 + 8, 24 * 25 + 11)


def test_a_renamed_team_is_not_silent() -> None:
    watch, told = TenantWatch("acme", Policy()), []
    for n in range(24 * 40):
        team = Series("team", "search" if n < 3 * WEEK + 30 else "discovery")
        watch.add(FIRST + n, (team,), Totals(4 * PICOS_PER_DOLLAR, 40, 40))
        told += drain(watch.close_through(FIRST + n))
    assert told == []


def test_nights_and_weekends_are_not_silence() -> None:
    def hourly(n: int) -> tuple[float, int]:
        working = 8 <= n % 24 < 18 and (n // 24) % 7 < 5
        return (4.0, 40) if working else (0.0, 0)

    assert watch_hours(hourly, 40) == []


def test_a_series_that_ends_is_told_once_and_forgotten() -> None:
    policy = Policy()
    told = watch_hours(lambda n: (4.0, 40) if n < 3 * WEEK else (0.0, 0), 50, policy=policy)
    (found,) = opened(told)
    assert found.channel == Anomaly.CHANNEL_SILENCE
    (end,) = closed(told)
    assert end.end_unix_micros - end.start_unix_micros <= (policy.silence_ends_hours + 1) * 3_600_000_000


@pytest.mark.parametrize(("dimension", "told"), [("key", 1), ("project", 1), ("model", 0), ("user", 0)])
def test_keys_and_projects_that_never_paused_are_missed(dimension: str, told: int) -> None:
    def hourly(n: int) -> tuple[float, int]:
        return (4.0, 40) if n < 3 * WEEK else (0.0, 0)

    assert len(opened(watch_hours(hourly, 50, series=(Series(dimension, "x"),)))) == told


@pytest.mark.parametrize("dimension", ["key", "project"])
def test_keys_and_projects_that_do_not_run_all_day_may_end_unsaid(dimension: str) -> None:
    def hourly(n: int) -> tuple[float, int]:
        return (4.0, 40) if n < 3 * WEEK + 30 and n % 24 else (0.0, 0)

    assert watch_hours(hourly, 50, series=(Series(dimension, "x"),)) == []


def test_what_breaks_off_within_an_hour_is_missed_after_the_next() -> None:
    """The hour in which it did so holds less than usual, and the one before is like any other."""
    told = watch_hours(lambda n: (0.0, 0) if 601 <= n < 608 else (1.0, 2) if n == 600 else (4.0, 20), 30)
    (found,) = opened(told)
    assert hours_of(found) == (601, 602)
