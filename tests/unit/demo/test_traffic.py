"""What they do: the same for the same seed, and of a believable size."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import timedelta
from random import Random

import pytest
from genai_prices import Usage, calc_price

from services.demo.organisation import TEAM_SIZES
from services.demo.traffic import Traffic, Use, poisson
from services.demo.workloads import SHADOW_TOOL, UNPRICED_MODEL, WORKLOADS, Rhythm, Route
from tests.unit.demo.history import ANCHOR, DAYS, SEED, dollars, history


def test_an_hour_is_the_same_whenever_it_is_asked_for() -> None:
    hour = ANCHOR - timedelta(days=3)
    once = Traffic(SEED, ANCHOR).uses(hour)
    again = Traffic(SEED, ANCHOR)
    again.uses(hour + timedelta(hours=5))
    assert once == again.uses(hour)
    assert once != Traffic(SEED + 1, ANCHOR).uses(hour)


def test_ids_are_unique_in_the_history_and_after_it() -> None:
    traffic = Traffic(SEED, ANCHOR)
    ids = [use.id for use in history()] + [
        use.id for hour in range(6) for use in traffic.uses(ANCHOR + hour * timedelta(hours=1))
    ]
    assert len(set(ids)) == len(ids)


def test_another_history_has_other_ids() -> None:
    hour = ANCHOR - timedelta(days=3)
    ids = {use.id for use in Traffic(SEED, ANCHOR).uses(hour)}
    assert ids.isdisjoint(use.id for use in Traffic(SEED, ANCHOR + timedelta(hours=1)).uses(hour))
    assert ids.isdisjoint(use.id for use in Traffic(SEED + 1, ANCHOR).uses(hour))


def test_the_history_has_as_many_events_as_promised() -> None:
    assert 60_000 <= len(history()) <= 100_000


def test_uses_lie_in_their_hour_by_time() -> None:
    hour = ANCHOR - timedelta(days=2, hours=4)
    times = [use.time for use in Traffic(SEED, ANCHOR).uses(hour)]
    assert times == sorted(times)
    assert hour <= times[0]
    assert times[-1] < hour + timedelta(hours=1)


def test_spend_of_a_day_is_believable() -> None:
    spent: dict[object, float] = defaultdict(float)
    for use in history():
        spent[use.time.date()] += dollars(use)
    days = sorted(spent)[1:-1]
    working = [spent[day] for day in days if day.weekday() < 5]
    weekend = [spent[day] for day in days if day.weekday() >= 5]
    assert all(300 < amount < 1_000 for amount in working)
    assert all(80 < amount < 350 for amount in weekend)
    assert sum(working) / len(working) > 2 * sum(weekend) / len(weekend)


def test_usage_grows() -> None:
    usual = [use for use in history() if use.workload.team not in ("data-platform", "support")]
    first = sum(dollars(use) for use in usual if use.time < ANCHOR - timedelta(days=DAYS - 14))
    last = sum(dollars(use) for use in usual if use.time >= ANCHOR - timedelta(days=14))
    assert 1.05 < last / first < 1.3


def test_people_work_by_day_and_jobs_by_night() -> None:
    hours: dict[Rhythm, Counter[int]] = defaultdict(Counter)
    for use in history():
        hours[use.workload.rhythm][use.time.hour] += use.requests
    assert sum(hours[Rhythm.OFFICE][hour] for hour in range(8, 18)) > 0.85 * hours[Rhythm.OFFICE].total()
    assert sum(hours[Rhythm.NIGHT][hour] for hour in range(10, 20)) == 0
    assert min(hours[Rhythm.CUSTOMERS].values()) > 0


def test_live_traffic_is_a_few_single_requests_a_second_of_the_same_size() -> None:
    traffic = Traffic(SEED, ANCHOR)
    live = [use for hour in range(24) for use in traffic.uses(ANCHOR + timedelta(hours=hour))]
    before = [
        use for use in history() if use.time >= ANCHOR - timedelta(days=3) and use.time < ANCHOR - timedelta(days=2)
    ]
    assert {use.requests for use in live} == {1}
    assert 1 <= len(live) / 86_400 <= 5
    assert len(before) < len(live) / 20
    weekday = [use for use in history() if timedelta(days=7) >= ANCHOR - use.time > timedelta(days=6)]
    assert sum(map(_tokens, live)) == pytest.approx(sum(map(_tokens, weekday)), rel=0.25)


def test_only_single_requests_go_where_single_requests_are_told() -> None:
    assert {use.workload.route for use in history()} == set(Route)
    assert all(use.requests == 1 for use in history() if use.workload.route is not Route.NATIVE)


def test_roll_ups_stay_below_a_step_in_the_price() -> None:
    """A hundred requests of 3,000 tokens must not cost what one of 300,000 would."""
    for workload in WORKLOADS:
        if workload.rollup > 1 and workload.model != UNPRICED_MODEL:
            single = calc_price(
                Usage(input_tokens=1_000, output_tokens=10), workload.model, provider_id=workload.provider
            )
            largest = max(use.input_tokens + use.cache_read_tokens + use.cache_write_tokens
                          for use in history() if use.workload.name == workload.name)  # fmt: skip
            many = calc_price(
                Usage(input_tokens=largest, output_tokens=10), workload.model, provider_id=workload.provider
            )
            assert many.input_price / largest == pytest.approx(single.input_price / 1_000), workload.name


def test_every_model_but_one_has_a_price() -> None:
    for workload in WORKLOADS:
        if workload.model == UNPRICED_MODEL:
            with pytest.raises(LookupError):
                calc_price(Usage(input_tokens=1), workload.model, provider_id=workload.provider)
        else:
            assert calc_price(Usage(input_tokens=1_000_000), workload.model, provider_id=workload.provider).total_price
    unpriced = sum(use.requests for use in history() if use.workload.model == UNPRICED_MODEL)
    assert 0 < unpriced < 0.002 * sum(use.requests for use in history())


def test_a_few_people_use_a_tool_nobody_registered() -> None:
    users = {use.user for use in history() if use.workload.tool == SHADOW_TOOL}
    assert 2 <= len(users) <= 5


def test_users_are_of_the_workloads_team() -> None:
    by_people = {use.workload.by_people for use in history() if use.user}
    assert by_people == {True}
    assert {use.workload.team for use in history() if use.user} <= set(TEAM_SIZES)
    assert len({use.user for use in history() if use.user}) > 60


@pytest.mark.parametrize("mean", [0.0, 0.2, 3.0, 30.0, 400.0])
def test_poisson_has_its_mean_and_variance(mean: float) -> None:
    rng = Random(1)
    drawn = [poisson(rng, mean) for _ in range(4_000)]
    average = sum(drawn) / len(drawn)
    variance = sum((x - average) ** 2 for x in drawn) / len(drawn)
    tolerance = 5 * math.sqrt(max(mean, 1e-9) / len(drawn))
    assert average == pytest.approx(mean, abs=tolerance)
    assert variance == pytest.approx(mean, rel=0.15, abs=1e-9)


def _tokens(use: Use) -> int:
    return use.input_tokens + use.cache_read_tokens + use.cache_write_tokens + use.output_tokens + use.reasoning_tokens
