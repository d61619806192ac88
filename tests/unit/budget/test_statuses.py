"""What a status says, and the stream of its changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from finops.budget.v1 import budget_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from services.budget.adapters.state_codec import decode, encode
from services.budget.domain.forecast.run_rate import run_rate
from services.budget.domain.mirror import Entry, SavedPosition, SavedSum, Tombstone
from services.budget.domain.periods import Window
from services.budget.domain.sums import PartSum, Position
from services.budget.domain.tracking import FamilyKey, ScopeKey
from services.budget.handlers import rounds
from services.common import money
from services.common.clock import DAY, SECOND, parse_rfc3339
from services.common.errors import NotFoundError
from services.common.forecast.hours import HourlySpend
from tests.unit.budget.process import Process
from tests.unit.budget.world import World, monthly, use

DOLLAR = 10**12


async def begun() -> tuple[World, Process]:
    world = World()
    process = Process(world)
    await process.create("b", monthly("100", time_zone="Europe/Berlin"))
    await process.assign()
    await process.settle_down()
    return world, process


async def test_the_figures_of_a_status() -> None:
    world, process = await begun()
    world.spend(0, use(), 30 * DOLLAR, shadow=10 * DOLLAR)
    await process.consume_all()
    status = process.status("b")
    assert status.period_start_unix_micros == parse_rfc3339("2026-11-01T00:00:00+01:00")
    assert status.period_end_unix_micros == parse_rfc3339("2026-12-01T00:00:00+01:00")
    assert money.from_proto(status.actual) == 30 * DOLLAR
    assert money.from_proto(status.shadow) == 10 * DOLLAR
    assert money.from_proto(status.remaining) == 60 * DOLLAR
    assert status.used_ratio == pytest.approx(0.4)
    elapsed = world.clock.now() - status.period_start_unix_micros
    assert money.from_proto(status.forecast) == 40 * DOLLAR * 30 * DAY // elapsed
    assert not status.rebuilding
    assert [t.percent for t in status.thresholds] == [50, 80, 100]


async def test_spend_beyond_the_amount_leaves_less_than_nothing() -> None:
    world, process = await begun()
    world.spend(0, use(), 130 * DOLLAR + 1)
    await process.consume_all()
    assert money.from_proto(process.status("b").remaining) == -30 * DOLLAR - 1


async def test_a_past_that_was_told_only_since_is_read_again() -> None:
    world, process = await begun()
    hours = 28 * 24
    told = HourlySpend(world.clock.now() - 28 * DAY, np.full(hours, float(DOLLAR)))
    world.history = HourlySpend(told.start, np.zeros(hours))
    await process.forecasting.run()
    world.history = told
    world.spend(0, use(), 5 * DOLLAR)
    await process.consume_all()
    assert process.status("b").forecast_detail.method == "run-rate"
    world.clock.advance(61 * SECOND)
    process.status("b")
    await process.forecasting.run()
    assert process.status("b").forecast_detail.method == "hour-of-week"


async def test_a_past_is_read_once_the_sums_are_whole_and_others_do_not_wait_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is spent by then is taken from what is spent later: half a sum would be told as spend of the last hour."""
    monkeypatch.setattr("services.budget.handlers.rounds.SLICE", 2)
    world, process = await begun()
    for budget_id in ("a1", "a2", "a3"):
        await process.create(budget_id, monthly("100", f'user = "{budget_id}"'))
    world.history = HourlySpend(world.clock.now() - 28 * DAY, np.full(28 * 24, float(DOLLAR)))

    def read() -> list[str]:
        return [each for each in ("a1", "a2", "a3", "b") if process.status(each).forecast_detail.history_hours]

    await process.forecasting.run()
    await process.forecasting.run()
    assert read() == ["b"]
    await process.settle_down()
    await process.forecasting.run()
    assert len(read()) == 3
    world.clock.advance(rounds.EVERY)
    await process.forecasting.run()
    assert read() == ["a1", "a2", "a3", "b"]


@given(st.integers(0, 10**18), st.integers(0, 10**12), st.integers(1, 10**12), st.integers(-10, 10**13))
def test_the_forecast_ends_at_the_spend_and_never_lies_below_it(
    spend: int, start: int, length: int, after: int
) -> None:
    window = Window(start, start + length)
    assert run_rate(spend, window, start + after) >= spend
    assert run_rate(spend, window, window.end) == spend
    assert run_rate(spend, window, start) <= 100 * spend * (length // max(1, length // 100) + 1)


async def following(stream: AsyncIterator[pb.BudgetStatus]) -> pb.BudgetStatus:
    async with asyncio.timeout(60):
        return await anext(stream)


async def test_a_watch_sends_the_status_at_once_then_each_change_and_ends_with_the_process() -> None:
    world, process = await begun()
    await process.create("other", monthly("100", 'team = "ads"'))
    await process.settle_down()
    everything, one = process.statuses.watch("acme", []), process.statuses.watch("acme", ["budgets/b"])
    assert [(await following(everything)).budget.name for _ in range(2)] == ["budgets/b", "budgets/other"]
    assert (await following(one)).budget.name == "budgets/b"

    waiting = asyncio.ensure_future(following(one))
    await asyncio.sleep(0)
    for _ in range(3):
        world.spend(0, use(), DOLLAR)
        await process.consume_all()
    assert money.from_proto((await waiting).actual) == 3 * DOLLAR
    assert (await following(everything)).budget.name == "budgets/b"

    await process.create("new", monthly())
    assert (await following(everything)).budget.name == "budgets/new"

    ending = [asyncio.ensure_future(following(stream)) for stream in (everything, one)]
    await asyncio.sleep(0)
    process.changes.close()
    for task in ending:
        with pytest.raises(StopAsyncIteration):
            await task
    assert not [status async for status in process.statuses.watch("acme", [])]


async def test_a_watch_of_another_tenants_budget_is_refused() -> None:
    _, process = await begun()
    with pytest.raises(NotFoundError):
        await following(process.statuses.watch("globex", ["budgets/b"]))


families = st.builds(
    FamilyKey,
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True),
    st.from_regex(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True),
    st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    st.integers(-(2**62), 2**62),
)
scopes = st.builds(ScopeKey, families, st.none() | st.text())
offsets = st.integers(-1, 2**62)
amounts = st.integers(-(10**30), 10**30)
entries: st.SearchStrategy[Entry] = (
    st.builds(SavedSum, scopes, st.text(), st.integers(-1, 999), st.builds(PartSum, offsets, amounts, amounts), offsets)
    | st.builds(SavedPosition, st.text(), st.integers(0, 999), st.builds(Position, offsets, offsets))
    | st.builds(Tombstone, scopes, st.integers(-1, 999))
)


@given(entries)
def test_a_state_record_reads_as_it_was_written(entry: Entry) -> None:
    record = encode(entry)
    assert decode(record.key, record.value) == entry


@given(st.binary(), st.binary() | st.none())
def test_any_bytes_are_a_state_record_or_refused(key: bytes, value: bytes | None) -> None:
    for prefixed in (key, b"progress/" + key, b"sum/t/b/s/1/" + key):
        try:
            decode(prefixed, value)
        except Exception as error:
            assert isinstance(error, ValueError) or type(error).__name__ == "DecodeError"
