"""Each channel with something to find, and with something that only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.common.money import PICOS_PER_DOLLAR, from_proto
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import closed, drain, hours_of, office, opened, watch_hours

DAY = 24
WEEK = 168
MONDAY_10 = 10


@pytest.mark.parametrize("seed", range(2))
def test_nine_times_the_cost_for_five_hours(seed: int) -> None:
    usual, start = office(seed), 4 * WEEK + MONDAY_10

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        return (9 * dollars, 9 * requests) if start <= n < start + 5 else (dollars, requests)

    told = watch_hours(hourly, 31)
    (found,) = closed(told)
    assert hours_of(found) == (start, start + 5)
    assert found.channel == Anomaly.CHANNEL_COST
    assert dict(found.series) == {"team": "search"}
    assert 500 < from_proto(found.impact) / PICOS_PER_DOLLAR < 1_100
    high = from_proto(found.impact) >= 1_000 * PICOS_PER_DOLLAR
    assert found.severity == (Anomaly.SEVERITY_HIGH if high else Anomaly.SEVERITY_MEDIUM)
    assert found.unit == "USD/hour"
    assert found.actual > 5 * found.expected
    assert found.expected_low <= found.expected <= found.expected_high
    assert told[0].type == AnomalyEvent.TYPE_OPENED
    assert told[-1].type == AnomalyEvent.TYPE_CLOSED
    assert {t.type for t in told[1:-1]} == {AnomalyEvent.TYPE_UPDATED}


@pytest.mark.parametrize("seed", range(2))
def test_three_times_the_price_at_the_usual_volume(seed: int) -> None:
    usual, start = office(seed), 4 * WEEK + DAY + 8

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        return (3 * dollars, requests) if start <= n < start + 12 else (dollars, requests)

    (found,) = closed(watch_hours(hourly, 31))
    assert found.channel == Anomaly.CHANNEL_UNIT_COST
    start_found, end_found = hours_of(found)
    assert abs(start_found - start) <= 1
    assert abs(end_found - (start + 12)) <= 3
    assert found.unit == "USD/request"
    assert "times the usual" in found.summary


def test_a_price_jump_while_volume_falls_shows_in_no_cost() -> None:
    usual, start = office(3), 4 * WEEK + DAY + 8

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        return (dollars, requests // 3) if start <= n < start + 10 else (dollars, requests)

    (found,) = opened(watch_hours(hourly, 30))
    assert found.channel == Anomaly.CHANNEL_UNIT_COST


def _tokens(
    seed: int, days: int, since: int, until: int, *, most: float = 2_000, **change: float
) -> list[Transition]:  # fmt: skip
    """A team whose requests read 80 % of 2,000 tokens from a cache and answer with 400, until something changes."""
    usual, rng = office(seed, requests=most), np.random.default_rng(seed)
    watch, told = TenantWatch("acme", Policy()), []
    for n in range(24 * days):
        requests = usual(n)[1]
        now = change if since <= n < until else {}
        noise = rng.lognormal(0, 0.05, 3)
        sent = requests * 2_000 * now.get("prompt", 1.0) * noise[0]
        read = sent * min(1.0, now.get("cache", 0.8) * noise[1])
        answered = requests * 400 * now.get("answer", 1.0) * noise[2]
        picos = round((sent - read) * 3e6 + read * 0.3e6 + answered * 15e6)
        if requests:
            totals = Totals(picos, requests, requests, round(sent), round(read), round(answered))
            watch.add(FIRST + n, (Series("team", "search"),), totals)
        told += drain(watch.close_through(FIRST + n))
    return told


@pytest.mark.parametrize(
    ("change", "channel"),
    [
        ({"cache": 0.05}, Anomaly.CHANNEL_CACHE_HIT_SHARE),
        ({"answer": 3.0}, Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST),
        ({"prompt": 3.0}, Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST),
    ],
)
def test_what_makes_requests_dearer_is_found_and_named(change: dict[str, float], channel: Anomaly.Channel) -> None:
    start = 3 * WEEK + DAY + 9
    told = _tokens(2, 24, start, start + 10, **change)
    (found,) = opened(told)
    assert found.channel == channel
    assert hours_of(found)[0] - start <= 1
    assert found.unit in ("share", "tokens/request")
    assert "usual" in found.summary


def test_dearer_requests_are_told_by_what_a_day_of_them_costs() -> None:
    """Not after three hours' worth of what is usually spent, which takes almost five hours of these."""
    start = 3 * WEEK + DAY + 9
    told = watch_hours(lambda n: (120.0, 3_000) if n >= start else (100.0, 5_000), 24)
    assert [(a.channel, hours_of(a)) for a in opened(told)] == [(Anomaly.CHANNEL_UNIT_COST, (start, start + 2))]


def test_a_cache_that_fails_is_told_by_what_a_day_of_it_costs() -> None:
    """Before ten dollars are lost: a dollar an hour is."""
    start = 3 * WEEK + DAY + 9
    told = _tokens(2, 24, start, start + 10, most=250, cache=0.05)
    (found,) = opened(told)
    assert found.channel == Anomaly.CHANNEL_CACHE_HIT_SHARE
    assert hours_of(found)[1] - start <= 5


def test_tokens_as_usual_are_no_news() -> None:
    assert _tokens(3, 42, 0, 0) == []


@pytest.mark.parametrize(("seed", "growth"), [(0, 1.0), (1, 1.0), (2, 1.03)])
def test_ten_ordinary_weeks_are_no_news(seed: int, growth: float) -> None:
    assert watch_hours(office(seed, growth=growth), 70) == []


def test_a_weekly_batch_is_no_news() -> None:
    rng = np.random.default_rng(5)

    def hourly(n: int) -> tuple[float, int]:
        batch = n % WEEK == 3
        return (60.0 * float(rng.lognormal(0, 0.1)), 600) if batch else (float(rng.lognormal(0, 0.2)), 20)

    assert watch_hours(hourly, 70) == []


def test_a_weekly_batch_that_begins_late_is_told_and_then_known() -> None:
    def hourly(n: int) -> tuple[float, int]:
        batch = n % WEEK == 3 and n > 3 * WEEK
        return (60.0, 600) if batch else (1.0, 20)

    found = [hours_of(anomaly)[0] for anomaly in opened(watch_hours(hourly, 70))]
    assert found == [3 * WEEK + 3, 4 * WEEK + 3]


@pytest.mark.parametrize("dollars", [0.0, 0.004, 5.0, 5_000.0])
def test_a_constant_stream_is_no_news(dollars: float) -> None:
    assert watch_hours(lambda n: (dollars, 40), 40) == []


def test_a_constant_stream_that_jumps_is() -> None:
    (found,) = opened(watch_hours(lambda n: (50.0 if n == 900 else 5.0, 500 if n == 900 else 50), 40))
    assert hours_of(found) == (900, 901)


def test_a_gappy_series_is_no_news() -> None:
    rng = np.random.default_rng(9)

    def hourly(n: int) -> tuple[float, int]:
        # Now and then somebody runs an experiment.
        return (float(rng.lognormal(0.5, 0.8)), 3) if rng.random() < 0.1 else (0.0, 0)

    assert watch_hours(hourly, 60) == []


def test_a_series_that_begins_is_no_news() -> None:
    usual = office(2)
    assert watch_hours(lambda n: usual(n) if n > 3 * WEEK + 50 else (0.0, 0), 40, series=(Series("team", "new"),)) == []


def test_a_new_series_is_held_against_the_cap_only() -> None:
    watch = TenantWatch("acme", Policy())
    told = []
    leaked, young = Series("key", "leaked"), Series("key", "young")
    for n in range(2 * WEEK + 10):
        watch.add(FIRST + n, (Series("team", "old"),), Totals(PICOS_PER_DOLLAR, 10, 10))
        if n >= 2 * WEEK:
            watch.add(FIRST + n, (leaked,), Totals(800 * PICOS_PER_DOLLAR, 9_000, 9_000))
            watch.add(FIRST + n, (young,), Totals(400 * PICOS_PER_DOLLAR, 9_000, 9_000))
        told += drain(watch.close_through(FIRST + n))
    (found,) = opened(told)
    assert dict(found.series) == {"key": "leaked"}
    assert "no history yet" in found.summary
    assert "$500 an hour" in found.summary


def test_a_new_tenant_is_not_held_against_the_cap() -> None:
    assert watch_hours(lambda n: (5_000.0, 10_000), 5) == []


def test_corrections_below_zero_are_no_news() -> None:
    usual = office(4)

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        return (-3 * dollars, -requests) if n % 50 == 17 else (dollars, requests)

    assert [a for a in opened(watch_hours(hourly, 40)) if a.channel != Anomaly.CHANNEL_SILENCE] == []


def test_pennies_are_not_worth_an_alarm() -> None:
    usual, start = office(1, dollars=0.02), 4 * WEEK + MONDAY_10

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        return (9 * dollars, 9 * requests) if start <= n < start + 5 else (dollars, requests)

    assert watch_hours(hourly, 31) == []


@pytest.mark.parametrize("moved", [-1, 1])
def test_a_nightly_batch_that_runs_an_hour_early_or_late_is_no_news(moved: int) -> None:
    """As when clocks change."""
    rng = np.random.default_rng(4)

    def hourly(n: int) -> tuple[float, int]:
        batch = n % 24 == (1 if n < 24 * 30 else 1 + moved)
        return (26.0 * float(rng.lognormal(0, 0.05)), 400) if batch else (0.0, 0)

    assert watch_hours(hourly, 50) == []


def test_a_new_nightly_batch_is_told_twice_and_then_known() -> None:
    def hourly(n: int) -> tuple[float, int]:
        return (30.0, 300) if n >= 24 * 30 and n % 24 == 4 else (2.0, 40)

    told = [found for found in opened(watch_hours(hourly, 45)) if found.channel == Anomaly.CHANNEL_COST]
    assert [hours_of(found)[0] for found in told] == [24 * 30 + 4, 24 * 31 + 4]


def test_what_went_wrong_by_day_goes_on_in_the_morning() -> None:
    """One anomaly of three days, not one a day."""

    def hourly(n: int) -> tuple[float, int]:
        times = 6 if 24 * 30 <= n < 24 * 33 else 1
        return (3.0 * times, 40 * times) if 8 <= n % 24 < 18 else (0.0, 0)

    (found,) = opened(told := watch_hours(hourly, 40))
    (end,) = closed(told)
    assert hours_of(found)[0] == 24 * 30 + 8
    assert hours_of(end) == (24 * 30 + 8, 24 * 32 + 18)


def test_four_times_the_volume_is_told_of_a_series_that_hardly_varies() -> None:
    """The hour before, of which a part was affected, makes it no less odd."""
    rng = np.random.default_rng(5)

    def hourly(n: int) -> tuple[float, int]:
        wave = 10 + 6 * np.sin(n / 24 * 2 * np.pi)
        times = {524: 2.2}.get(n, 4.0 if 524 < n < 544 else 1.0)
        return times * wave * float(rng.lognormal(0, 0.03)), round(200 * times)

    (found,) = opened(watch_hours(hourly, 30))
    assert hours_of(found)[1] <= 527


def test_what_lasts_a_week_is_the_new_normal() -> None:
    told = watch_hours(lambda n: (12.0, 120) if n >= 4 * WEEK else (4.0, 40), 60)
    (found,) = opened(told)
    assert hours_of(found)[0] == 4 * WEEK
    (end,) = closed(told)
    assert hours_of(end)[1] <= 5 * WEEK + 3


def test_learning_is_frozen_while_an_anomaly_is_open() -> None:
    usual = 5.0
    spikes = {4 * WEEK + 10 + i for i in range(30)} | {5 * WEEK + 60 + i for i in range(3)}
    found = opened(watch_hours(lambda n: (60.0, 600) if n in spikes else (usual, 50), 45))
    assert [hours_of(a)[0] for a in found] == [4 * WEEK + 10, 5 * WEEK + 60]
    assert all(abs(a.expected - usual) < 1 for a in found)


def test_a_price_of_few_requests_is_found_before_it_is_learned() -> None:
    """Four hours of them make an observation: of fifty, two are enough to move the edge of the usual."""
    rng = np.random.default_rng(6)
    begin = 24 * 24

    def hourly(n: int) -> tuple[float, int]:
        requests = int(rng.poisson(9))
        each = rng.lognormal(-2.2, 0.9, requests)
        return float(each.sum()) * (3 if n >= begin else 1), requests

    (found, *_) = opened(watch_hours(hourly, 28))
    assert found.channel == Anomaly.CHANNEL_UNIT_COST
    assert hours_of(found)[1] <= begin + 24


def test_many_times_the_requests_are_certain_where_costs_are_not() -> None:
    rng = np.random.default_rng(8)
    begin = 24 * 24 + 10

    def hourly(n: int) -> tuple[float, int]:
        requests = int(rng.poisson(70 if begin <= n < begin + 5 else 10))
        return float(rng.lognormal(-2.2, 1.3, requests).sum()), requests

    (found,) = opened(watch_hours(hourly, 28))
    assert hours_of(found)[1] <= begin + 2
