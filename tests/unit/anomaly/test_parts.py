"""The small parts: ring, baseline, tail, persistence, run, policy, settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr, ValidationError

from services.anomaly.app import patience
from services.anomaly.domain.baseline import SeasonalBaseline
from services.anomaly.domain.persistence import Persistence
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.ring import SIZE, HourRing, median
from services.anomaly.domain.series import Reader, Series
from services.anomaly.domain.tail import TailCalibration
from services.anomaly.settings import AnomalyOptions, AnomalySettings
from services.common.clock import DAY, MINUTE
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings


def test_a_ring_holds_eight_weeks() -> None:
    ring = HourRing()
    for hour in range(3 * SIZE):
        ring.put(hour, hour)
    last = 3 * SIZE - 1
    assert ring.get(last) == last
    assert ring.get(last - SIZE + 1) == last - SIZE + 1
    assert math.isnan(ring.get(last - SIZE))
    assert math.isnan(ring.get(last + 1))
    assert sorted(ring.same_hour_of_week(last + 1)) == [last + 1 - 168 * week for week in range(8, 0, -1)]
    assert len(ring.same_hour_of_day(last)) == 56
    ring.amend(last - 5, 7)
    ring.amend(last - SIZE, 99)
    assert ring.get(last - 5) == 7
    ring.forget_before(last - 1)
    assert sorted(ring.known()) == [last - 1, last]


def test_median() -> None:
    assert median([3.0]) == 3.0
    assert median([4.0, 1.0, 2.0]) == 2.0
    assert median([4.0, 1.0, 2.0, 3.0]) == 2.5


def test_a_baseline_learns_the_hour_of_the_week() -> None:
    baseline = SeasonalBaseline(relative_spread=0.05, absolute_spread=0.1)
    assert baseline.expect(0) is None
    rng = np.random.default_rng(1)
    for hour in range(6 * 168):
        level = 10.0 if hour % 168 < 120 and 8 <= hour % 24 < 18 else 2.0
        baseline.learn(hour, level + float(rng.normal(0, 0.3)), baseline.expect(hour), clipped=False)
    working, night, weekend = (baseline.expect(6 * 168 + hour) for hour in (10, 3, 130))
    assert working is not None
    assert night is not None
    assert weekend is not None
    assert working.level == pytest.approx(10, abs=0.5)
    assert night.level == pytest.approx(2, abs=0.5)
    assert weekend.level < 4.5
    assert 0.2 < working.spread < 1.5


def test_one_outlier_hardly_moves_a_baseline() -> None:
    baseline = SeasonalBaseline(relative_spread=0.05, absolute_spread=0.1)
    for hour in range(4 * 168):
        baseline.learn(hour, 900.0 if hour == 300 else 5.0, baseline.expect(hour), clipped=hour > 168)
    expected = baseline.expect(300 + 4 * 168)
    assert expected is not None
    assert expected.level == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("heavy", [False, True])
def test_a_surprise_is_minus_the_logarithm_of_its_probability(heavy: bool) -> None:
    rng = np.random.default_rng(3)
    draws = rng.lognormal(0, 0.8, 20_000) if heavy else rng.normal(0, 1, 20_000)
    tail = TailCalibration()
    surprises = []
    for n, score in enumerate(draws):
        if n > 2_000:
            surprises.append(tail.surprise(float(score)))
        tail.learn(float(score))
    # One hour in a thousand is to be that surprising; within the uncertainty of a tail fitted to two weeks.
    rate = np.mean(np.array(surprises) > math.log(1_000))
    assert 0.0002 < rate < 0.006


def test_a_constant_stream_has_no_tail_and_no_surprise() -> None:
    tail = TailCalibration()
    for _ in range(1_000):
        tail.learn(0.0)
    assert tail.surprise(0.0) == 0.0
    assert tail.surprise(0.9) == 0.0
    assert tail.surprise(30.0) > 12


def test_persistence_is_the_lag_one_autocorrelation() -> None:
    rng = np.random.default_rng(2)
    alone, together = Persistence(), Persistence()
    assert alone.get() == 0.0
    value = 0.0
    for _ in range(4_000):
        value = 0.6 * value + float(rng.normal(0, 0.8))
        together.learn(value)
        alone.learn(float(rng.normal(0, 1)))
    assert alone.get() < 0.15
    assert together.get() == pytest.approx(0.6, abs=0.15)


@pytest.mark.parametrize("name", ["min_impact_usd", "false_alarms_per_series_year", "calm_hours"])
def test_thresholds_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive"):
        Policy(**{name: 0})


def test_fewer_false_alarms_need_more_evidence() -> None:
    assert Policy(false_alarms_per_series_year=1).evidence_needed == pytest.approx(math.log(8_766))
    assert Policy(min_impact_usd=10, min_share_of_month=0.01).least_impact(50_000) == 500


def test_a_reader_names_what_cannot_be_watched() -> None:
    with pytest.raises(ValueError, match="cannot watch colour"):
        Reader(["team", "colour"])
    with pytest.raises(ValueError, match="cannot watch tenant"):
        Reader(["tenant"])
    with pytest.raises(ValueError, match="cannot watch nothing"):
        Reader([])


def test_what_has_no_team_is_in_no_teams_series() -> None:
    from tests.unit.anomaly.test_watch import cell

    reader = Reader(["team", "key"])
    spread = reader.series(cell(0, "a")._replace(values=("acme", "", "k")))
    assert spread == [Series("tenant", "acme"), Series("key", "k")]


def _settings(monkeypatch: pytest.MonkeyPatch, **environment: Any) -> AnomalySettings:
    for name, value in environment.items():
        monkeypatch.setenv(f"AIFINOPS_ANOMALY__{name}", value)
    return AnomalySettings(
        kafka=KafkaSettings(bootstrap_servers="x:1"), clickhouse=ClickHouseSettings(url="http://x"),
        auth=AuthSettings(service_key=SecretStr("k")),
    )  # fmt: skip


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(
        monkeypatch, POLICY__MIN_IMPACT_USD="50", GRACE_MINUTES="3", DIMENSIONS='["team", "environment"]'
    )
    assert settings.anomaly.policy.min_impact_usd == 50
    assert settings.anomaly.dimensions == ("team", "environment")
    assert patience(settings.anomaly).grace == 3 * MINUTE
    assert patience(AnomalyOptions()).history_grace == 7 * DAY


@pytest.mark.parametrize(
    "wrong", [{"POLICY__MIN_IMPACT_USD": "-1"}, {"DIMENSIONS": '["colour"]'}, {"GRACE_MINUTES": "-1"}]
)
def test_settings_that_make_no_sense_are_refused(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        _settings(monkeypatch, **wrong)
