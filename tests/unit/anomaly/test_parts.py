"""The small parts: ring, baseline, tail, persistence, run, policy, settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr, ValidationError

from services.anomaly.app import patience
from services.anomaly.domain.bank import SeasonalBank
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.rows import largest_but_one, row_count, row_median, row_quantile
from services.anomaly.domain.series import Reader, Series
from services.anomaly.domain.surprise import PersistenceBank, TailBank
from services.anomaly.settings import AnomalyOptions, AnomalySettings
from services.common.clock import DAY, MINUTE
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings

NAN = np.nan
ALL = np.array([True])
NONE = np.array([False])


def bank(weeks: int = 8) -> SeasonalBank:
    """Of one row."""
    found = SeasonalBank(weeks=weeks, relative_spread=0.05, absolute_spread=0.1)
    found.grow(1)
    return found


def test_quantiles_of_rows_leave_out_what_is_missing() -> None:
    rows = np.array([[4.0, 1.0, 2.0, 3.0], [NAN, 4.0, 1.0, 2.0], [NAN, NAN, 3.0, NAN], [NAN] * 4])
    assert row_median(rows)[:3].tolist() == [2.5, 2.0, 3.0]
    assert np.isnan(row_median(rows)[3])
    assert row_quantile(rows[:1], 0.75).tolist() == [3.25]
    assert row_count(rows).tolist() == [4, 3, 1, 0]
    assert largest_but_one(rows).tolist() == [3.0, 2.0, -np.inf, -np.inf]


def test_a_baseline_learns_the_hour_of_the_week() -> None:
    baseline = bank()
    assert np.isnan(baseline.expect(0).level[0])
    rng = np.random.default_rng(1)
    for hour in range(6 * 168):
        level = 10.0 if hour % 168 < 120 and 8 <= hour % 24 < 18 else 2.0
        baseline.learn(hour, np.array([level + rng.normal(0, 0.3)]), baseline.expect(hour), ALL, NONE)
    working, night, weekend = (baseline.expect(6 * 168 + hour) for hour in (10, 3, 130))
    assert working.level[0] == pytest.approx(10, abs=0.5)
    assert night.level[0] == pytest.approx(2, abs=0.5)
    assert weekend.level[0] < 4.5
    assert 0.2 < working.spread[0] < 1.5


def test_a_baseline_remembers_so_many_weeks() -> None:
    baseline = bank(weeks=2)
    for hour in range(5 * 168):
        baseline.learn(hour, np.array([float(hour // 168)]), baseline.expect(hour), ALL, NONE)
    assert sorted(set(baseline.values(0).tolist())) == [3.0, 4.0]


def test_one_outlier_hardly_moves_a_baseline() -> None:
    baseline = bank()
    for hour in range(4 * 168):
        value = np.array([900.0 if hour == 300 else 5.0])
        baseline.learn(hour, value, baseline.expect(hour), ALL, np.array([hour > 168]))
    assert baseline.expect(300 + 4 * 168).level[0] == pytest.approx(5.0, abs=0.1)


def test_rows_know_nothing_of_each_other() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(5, 1, (3 * 168, 3))
    together, alone = bank(), bank()
    together.grow(3)
    for hour, of_hour in enumerate(values):
        together.learn(hour, of_hour, together.expect(hour), np.repeat(ALL, 3), np.repeat(ALL, 3))
        alone.learn(hour, of_hour[1:2], alone.expect(hour), ALL, ALL)
    expected, single = together.expect(3 * 168), alone.expect(3 * 168)
    assert (expected.level[1], expected.spread[1]) == (single.level[0], single.spread[0])
    together.clear(1)
    assert np.isnan(together.expect(3 * 168).level[1])
    assert together.expect(3 * 168).level[2] == expected.level[2]


@pytest.mark.parametrize("heavy", [False, True])
def test_a_surprise_is_minus_the_logarithm_of_its_probability(heavy: bool) -> None:
    rng = np.random.default_rng(3)
    series, hours = 20, 2_000
    draws = rng.lognormal(0, 0.8, (hours, series)) if heavy else rng.normal(0, 1, (hours, series))
    tail = TailBank()
    tail.grow(series)
    surprises = []
    for hour, scores in enumerate(draws):
        if hour > 1_000:
            surprises.append(tail.surprise(scores))
        tail.learn(hour, scores, np.repeat(ALL, series))
    # One hour in a thousand is to be that surprising; within the uncertainty of a tail fitted to two weeks.
    rate = np.mean(np.array(surprises) > math.log(1_000))
    assert 0.0002 < rate < 0.006


def test_a_constant_stream_has_no_tail_and_no_surprise() -> None:
    tail = TailBank()
    tail.grow(1)
    for hour in range(400):
        tail.learn(hour, np.zeros(1), ALL)
    assert tail.surprise(np.array([0.0])) == 0.0
    assert tail.surprise(np.array([0.9])) == 0.0
    assert tail.surprise(np.array([30.0])) > 12


def test_persistence_is_the_lag_one_autocorrelation() -> None:
    rng = np.random.default_rng(2)
    bank = PersistenceBank()
    bank.grow(2)
    assert bank.get().tolist() == [0.0, 0.0]
    value = 0.0
    for _ in range(4_000):
        value = 0.6 * value + float(rng.normal(0, 0.8))
        bank.learn(np.array([rng.normal(0, 1), value]), np.repeat(ALL, 2))
    alone, together = bank.get()
    assert alone < 0.15
    assert together == pytest.approx(0.6, abs=0.15)


@pytest.mark.parametrize("a_day", [0.2, -0.2])
def test_a_level_that_moves_for_weeks_is_no_persistence(a_day: float) -> None:
    """Every hour is odd then, and the next one no less, whatever the hours have to do with each other."""
    rng = np.random.default_rng(4)
    bank = PersistenceBank()
    bank.grow(1)
    for hour in range(60 * 24):
        drifted = a_day * min(max(0.0, hour / 24 - 30), 10)
        bank.learn(rng.normal(drifted, 1, 1), ALL)
    assert bank.get() < 0.25


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
    assert spread == (Series("tenant", "acme"), Series("key", "k"))


def test_a_pair_is_watched_where_both_are_known() -> None:
    from tests.unit.anomaly.test_watch import cell

    reader = Reader(["team", "team+model"])
    both = reader.series(cell(0, "a")._replace(values=("acme", "search", "gpt-4o")))
    assert both[2] == Series.of({"team": "search", "model": "gpt-4o"})
    assert both[2].labels == {"team": "search", "model": "gpt-4o"}
    alone = reader.series(cell(0, "a")._replace(values=("acme", "search", "")))
    assert [series.dimension for series in alone] == ["tenant", "team"]
    with pytest.raises(ValueError, match="cannot watch colour"):
        Reader(["team+colour"])


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
