"""Drift: what creeps up from day to day, and what only looks like it."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain import overlap
from services.anomaly.domain.minutes.runaways import Runaways
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import Hourly, drain, hours_of, office, opened, watch_hours

DAY = 24
START = 42 * DAY


def drifting(a_day: float, days: int, seed: int = 1) -> Hourly:
    """An office whose use grows by so much every day, for so long, and stays there."""
    usual = office(seed)

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        times = a_day ** (min(max(n - START, 0), days * DAY) / DAY)
        return dollars * times, round(requests * times)

    return hourly


@pytest.mark.parametrize("seed", range(2))
def test_five_percent_a_day_is_found_within_a_fortnight_or_so(seed: int) -> None:
    found = opened(watch_hours(drifting(1.05, 21, seed), 63))
    first = next(a for a in found if a.channel == Anomaly.CHANNEL_DRIFT)
    begin, end = hours_of(first)
    assert begin >= START - 2 * DAY
    assert end <= START + 18 * DAY
    assert first.unit == "USD/day"
    assert first.actual > 1.2 * first.expected
    assert "from day to day" in first.summary


@pytest.mark.parametrize("growth", [0.97, 1.0, 1.03])
def test_growth_by_the_week_is_none(growth: float) -> None:
    assert opened(watch_hours(office(4, growth=growth), 84)) == []


def test_a_dear_month_end_is_none() -> None:
    usual = office(5)

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        closing = n // DAY % 30 >= 27
        return dollars * (1.45 if closing else 1.0), requests

    assert [a for a in opened(watch_hours(hourly, 84)) if a.channel == Anomaly.CHANNEL_DRIFT] == []


def test_a_fortnight_of_holidays_makes_no_drift_of_what_follows() -> None:
    usual, rng = office(6), np.random.default_rng(6)

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        return (dollars / 8, int(rng.binomial(requests, 1 / 8))) if 35 <= n // DAY < 49 else (dollars, requests)

    assert [a for a in opened(watch_hours(hourly, 84)) if a.channel == Anomaly.CHANNEL_DRIFT] == []


@pytest.mark.parametrize("renamed_after", [9, 60])
def test_two_drifts_that_have_no_money_in_common_are_two(renamed_after: int) -> None:
    """Also where the first is told of a team that is no more when the second is."""
    one, other = drifting(1.08, 21, 1), drifting(1.05, 21, 2)
    watch, told = TenantWatch("acme", Policy()), []
    for n in range(63 * DAY):
        team = "search-2" if n >= START + renamed_after * DAY else "search"
        whose = (Series("team", team), Series("key", "a")), (Series("project", "audit"), Series("key", "b"))
        for hourly, series in zip((one, other), whose, strict=True):
            dollars, requests = hourly(n)
            if requests:
                watch.add(FIRST + n, series, Totals(round(dollars * PICOS_PER_DOLLAR), requests, requests))
        told += drain(watch.close_through(FIRST + n))
    names = [dict(a.series) for a in opened(told) if a.channel == Anomaly.CHANNEL_DRIFT]
    assert names == [{"team": "search"}, {"project": "audit"}]


def test_what_minutes_told_hides_no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runaways, "covers", lambda *_: True)
    found = opened(watch_hours(drifting(1.05, 21), 63))
    assert {a.channel for a in found} == {Anomaly.CHANNEL_DRIFT}


def test_examples_in_the_documentation() -> None:
    assert doctest.testmod(overlap).failed == 0
