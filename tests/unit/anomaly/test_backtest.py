"""Backtests: what the live watch raised is found again, in the history that the ledger keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, BacktestRequest, BacktestResponse, Label, PlannedWindow

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Reader
from services.anomaly.handlers.backtest import Backtester, tuned
from services.anomaly.handlers.ports import Announced
from services.common.clock import DAY, HOUR, MINUTE, Micros
from services.common.errors import InvalidArgumentError, ResourceExhaustedError, UnavailableError
from tests.unit.anomaly.organisation import DIMENSIONS, FIRST, TENANT
from tests.unit.anomaly.stream import Bench
from tests.unit.anomaly.test_watch import DAYS, NOW, SPIKE, history, told_of_history, usual

START: Micros = FIRST * HOUR


HOURS = 24 * DAYS - 1
"""The last is not over yet."""


@pytest.fixture(scope="module")
def bench() -> Bench:
    """Its live watch has raised what there is, and its ledger holds it; another tenant is in it too."""
    return asyncio.run(_told())


@pytest.fixture(scope="module")
def whole(bench: Bench) -> list[BacktestResponse]:
    """Answers of a backtest of all there is."""
    return asyncio.run(answers(bench))


async def _told() -> Bench:
    bench = await told_of_history()
    other = usual(range(24 * DAYS), seed=2)
    for cost in other:
        cost.usage.tenant_id = "globex"
    history(bench.log, other, bench.clock.now())
    bench.ledger.take_in_everything()
    return bench


def backtester(bench: Bench) -> Backtester:
    return Backtester(
        history=bench.ledger, labels=bench.labels, windows=bench.windows, clock=bench.clock, reader=Reader(DIMENSIONS),
        policy=Policy(), grace=10 * MINUTE, history_days=70,
    )  # fmt: skip


async def answers(
    bench: Bench, start: Micros = START, end: Micros = NOW, policy: Mapping[str, float] | None = None
) -> list[BacktestResponse]:
    request = BacktestRequest(start_unix_micros=start, end_unix_micros=end, policy=policy or {})
    return [answer async for answer in backtester(bench).run(TENANT, request)]


async def test_it_knows_what_was_planned(bench: Bench) -> None:
    spike = START + SPIKE * HOUR
    window = PlannedWindow(
        name="plannedWindows/w", series={"team": "search"}, start_unix_micros=spike, end_unix_micros=spike + 6 * HOUR,
        create_unix_micros=spike - DAY,
    )  # fmt: skip
    bench.windows.kept[TENANT, window.name] = Announced(TENANT, window, 0)
    try:
        assert not raised(await answers(bench))
    finally:
        bench.windows.kept.clear()


async def test_it_knows_what_was_said(bench: Bench, whole: list[BacktestResponse]) -> None:
    (before,) = raised(whole)
    said = Label(verdict=Label.VERDICT_FALSE, label_unix_micros=START + (SPIKE + 3) * HOUR)
    bench.labels.said[TENANT, before.name] = said
    try:
        (anomaly,) = raised(await answers(bench))
    finally:
        bench.labels.said.clear()
    assert anomaly.name == before.name
    assert anomaly.state == Anomaly.STATE_CLOSED
    assert anomaly.end_unix_micros < before.end_unix_micros, "it closed when it was called false"


def raised(answers: list[BacktestResponse]) -> list[Anomaly]:
    return [answer.anomaly for answer in answers if answer.HasField("anomaly")]


def test_it_finds_what_the_live_watch_raised(bench: Bench, whole: list[BacktestResponse]) -> None:
    (anomaly,) = raised(whole)
    (live,) = (a for a in bench.archive.anomalies.values() if a.tenant_id == TENANT)
    expected = Anomaly()
    expected.CopyFrom(live)
    expected.create_unix_micros, expected.update_unix_micros = anomaly.create_unix_micros, anomaly.update_unix_micros
    assert anomaly == expected
    summary = whole[-1].summary
    assert summary.anomalies == 1
    assert summary.impact == live.impact
    # Two teams, each with a project and a key; one tool, provider, model and source; and the whole.
    assert (summary.series, summary.series_hours) == (11, 11 * HOURS)
    assert summary.alarms_per_series_week == pytest.approx(168 / summary.series_hours)


def test_it_says_when_each_would_have_been_told_and_how_far_it_got(whole: list[BacktestResponse]) -> None:
    (anomaly,) = raised(whole)
    assert anomaly.create_unix_micros == (FIRST + SPIKE + 1) * HOUR
    assert anomaly.update_unix_micros == (FIRST + SPIKE + 5 + 3) * HOUR
    progress = [answer.progress for answer in whole if answer.HasField("progress")]
    assert [p.hours_done for p in progress] == sorted(p.hours_done for p in progress)
    assert (progress[0].hours_done, progress[-1].hours_done) == (0, HOURS)
    assert {p.hours for p in progress} == {HOURS}


async def test_twice_the_same(bench: Bench, whole: list[BacktestResponse]) -> None:
    assert await answers(bench) == whole


async def test_what_is_before_the_range_teaches_and_is_not_told(bench: Bench) -> None:
    spike = START + SPIKE * HOUR
    after = await answers(bench, spike + HOUR)
    assert not raised(after)
    assert after[-1].summary.series_hours == 11 * (HOURS - SPIKE - 1)
    (under_way,) = raised(await answers(bench, spike - DAY, spike + 3 * HOUR))
    assert under_way.state == Anomaly.STATE_OPEN


async def test_other_thresholds(bench: Bench) -> None:
    assert not raised(await answers(bench, policy={"min_impact_usd": 5_000, "calm_hours": 5}))


async def test_of_nothing_comes_nothing(bench: Bench) -> None:
    found = await answers(bench, START - 90 * DAY, START - 40 * DAY)
    assert [answer.WhichOneof("result") for answer in found] == ["progress", "summary"]


async def test_one_at_a_time_for_a_tenant_even_if_the_first_is_given_up_or_fails(bench: Bench) -> None:
    runs, request = backtester(bench), BacktestRequest(start_unix_micros=START, end_unix_micros=NOW)
    first = runs.run(TENANT, request)
    await anext(first)
    with pytest.raises(ResourceExhaustedError):
        await anext(runs.run(TENANT, request))
    await anext(runs.run("globex", request))
    await first.aclose()
    again = runs.run(TENANT, request)
    await anext(again)
    bench.ledger.away = True
    with pytest.raises(UnavailableError):
        async for _ in again:
            pass
    bench.ledger.away = False
    assert (await anext(runs.run(TENANT, request))).progress.hours == HOURS


async def test_the_live_watch_goes_on_meanwhile(bench: Bench) -> None:
    run = backtester(bench).run(TENANT, BacktestRequest(start_unix_micros=START, end_unix_micros=NOW))
    await anext(run)
    await bench.read_all()
    await bench.idle()
    assert {a.tenant_id for a in bench.archive.anomalies.values()} == {TENANT, "globex"}
    assert len(raised([answer async for answer in run])) == 1


@pytest.mark.parametrize(
    ("start", "end", "policy"),
    [
        (5, 5, {}),
        (-1, HOUR, {}),
        (START - 401 * DAY, NOW, {}),
        (NOW + HOUR, NOW + 2 * HOUR, {}),
        (START, NOW, {"min_impact": 5}),
        (START, NOW, {"owner_dimensions": 5}),
        (START, NOW, {"min_impact_usd": 0}),
        (START, NOW, {"min_impact_usd": float("nan")}),
        (START, NOW, {"calm_hours": 1.5}),
        (START, NOW, {"medium_usd": 5_000}),
        (START, NOW, {"series_per_dimension": 1_001}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    bench: Bench, start: Micros, end: Micros, policy: Mapping[str, float]
) -> None:
    with pytest.raises(InvalidArgumentError):
        await answers(bench, start, end, policy)


def test_thresholds_keep_their_kind() -> None:
    changed = tuned(Policy(), {"calm_hours": 5.0, "min_cost_ratio": 2.0})
    assert (changed.calm_hours, type(changed.calm_hours), changed.min_cost_ratio) == (5, int, 2.0)
