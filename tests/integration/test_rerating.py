"""Use without a price until its price appears: pricing, ledger and budget on a real Kafka and ClickHouse's engine."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from finops.budget.v1.budget_pb2 import Budget, CreateBudgetRequest, GetBudgetStatusRequest, Period
from finops.ledger.v1.ledger_pb2 import (
    ListCostEntriesRequest,
)
from finops.pricing.v1.pricing_pb2 import QuoteOption, QuoteRequest, RerateRequest
from finops.usage.v1.usage_pb2 import (
    CORRECTION_KIND_LATE_PRICE,
    CORRECTION_KIND_PRICE_CORRECTED,
    Quantities,
    UsageEvent,
)

from services.common import host
from services.common.auth import Role
from services.common.clock import DAY, HOUR, format_rfc3339
from services.common.errors import InvalidArgumentError, PermissionDeniedError
from services.common.grpc.client import call, metadata
from services.common.money import PICOS_PER_DOLLAR, format_dollars, from_proto, to_proto
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    KafkaSettings,
)
from services.pricing.adapters import rerate_metrics
from services.pricing.handlers.unpriced import AUTHOR
from tests.integration.killable import KillableService
from tests.integration.pricing_world import COST, KNOWN_COST, MODEL, SHADOW, TOKENS, World, at_once, opened, until

pytestmark = pytest.mark.slow


@pytest.fixture
async def world(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[World]:
    async with opened(kafka_settings, clickhouse_settings, auth_settings) as made:
        yield made


async def test_a_price_that_appears_is_booked_by_itself_and_the_budget_follows(world: World) -> None:
    async with world.pricing_running(rerate={"check_seconds": 1}):
        await _create_budget(world)
        fresh, known = world.events(60), world.events(10, model="gpt-4o", prefix="known")
        await world.send(fresh + known)
        in_budget, known_in_budget = _this_year(fresh), _this_year(known)
        row = await world.until_total(70, 10 * KNOWN_COST, 60)
        assert from_proto(row.shadow_cost) == 60 * SHADOW
        [use] = await world.queue()
        assert (use.tenant_id, use.provider, use.model, use.events) == ("acme", "openai", MODEL, 60)
        assert list(use.buckets) == ["input_tokens", "output_tokens"]
        assert use.first_hour_unix_micros == world.start
        await until(lambda: at_once(_gauge("aifinops_unpriced_events") == 60))
        assert _gauge("aifinops_unpriced_shadow_dollars") == 60 * SHADOW / PICOS_PER_DOLLAR
        assert _gauge("aifinops_unpriced_oldest_age_seconds") > 3 * 86_400
        await until(lambda: _spent(world, known_in_budget * KNOWN_COST, in_budget * SHADOW))

        await world.put_price()
        row = await world.until_total(70, 10 * KNOWN_COST + 60 * COST, 0)
        assert from_proto(row.shadow_cost) == 0
        assert await world.queue() == []
        await until(lambda: _spent(world, known_in_budget * KNOWN_COST + in_budget * COST, 0))
        await until(lambda: at_once(_gauge("aifinops_unpriced_events") == 0))

        expected = [(1, "none", 70, 10 * KNOWN_COST), (2, "late_price", 60, 60 * COST)]
        assert await world.rows() == expected
        listing = ListCostEntriesRequest(start_unix_micros=world.start, end_unix_micros=world.end, page_size=1_000)
        entries = (await call(world.books.ListCostEntries, listing, key=world.key)).entries
        second = [entry for entry in entries if entry.revision == 2]
        assert {entry.usage.correction.author for entry in second} == {AUTHOR}
        assert {entry.usage.correction.kind for entry in second} == {CORRECTION_KIND_LATE_PRICE}

        for kind in (CORRECTION_KIND_PRICE_CORRECTED, CORRECTION_KIND_LATE_PRICE):
            last = (await world.rerate(kind=kind))[-1]
            assert (last.done, last.events_changed) == (True, 0)
        # What is sent although nothing changed is not booked: the contents of revision 2, once more.
        again = [entry.usage for entry in second]
        await world.send([*again, *world.events(1, prefix="last", model="gpt-4o")])
        await world.until_total(71, 11 * KNOWN_COST + 60 * COST, 0)
        assert await world.rows() == [(1, "none", 71, 11 * KNOWN_COST), *expected[1:]]


async def test_by_hand_dry_first_only_what_is_selected_and_only_by_whoever_may(world: World) -> None:
    async with world.pricing_running(rerate={"check_seconds": 0, "page_events": 7}):
        await world.send(world.events(30))
        await world.until_total(30, 0, 30)
        await world.put_price()
        await asyncio.sleep(0.5)
        wanted = QuoteRequest(
            quantities=Quantities(**TOKENS),
            options=[QuoteOption(provider="openai", model=model) for model in (MODEL, "gpt-4o")],
        )
        quoted = (await call(world.prices.Quote, wanted, key=world.key)).quotes
        assert [(q.option.model, q.rating.cost_picos) for q in quoted] == [("gpt-4o", KNOWN_COST), (MODEL, COST)]

        dry = await world.rerate(dry_run=True)
        assert [progress.events_read for progress in dry] == [0, 7, 14, 21, 28, 30]
        [effect] = dry[-1].effects
        assert (effect.provider, effect.model, effect.events) == ("openai", MODEL, 30)
        assert (from_proto(effect.cost_before), from_proto(effect.cost_after)) == (0, 30 * COST)
        assert (from_proto(effect.shadow_cost_before), from_proto(effect.shadow_cost_after)) == (30 * SHADOW, 0)
        assert (effect.unpriced_before, effect.unpriced_after) == (30, 0)
        assert (dry[-1].events_total, dry[-1].done) == (30, True)

        day = await world.rerate(end_unix_micros=world.start + DAY, only_unpriced=True, filter='team = "search"')
        assert (day[-1].events_total, day[-1].events_changed) == (10, 10)
        await world.until_total(30, 10 * COST, 20)
        assert (await world.rerate(filter='model = "another"'))[-1].events_read == 0
        rest = await world.rerate(resume_token=dry[3].resume_token)
        assert (rest[-1].events_read, rest[-1].events_changed) == (9, 9)
        await world.until_total(30, 19 * COST, 11)
        assert (await world.rerate())[-1].events_changed == 11
        await world.until_total(30, 30 * COST, 0)
        assert (await world.rerate())[-1].events_changed == 0
        assert await world.rows() == [(1, "none", 30, 0), (2, "contract_changed", 30, 30 * COST)]

        ring = host.key_ring(world.settings)
        await ring.start()
        viewer, _ = await ring.create("acme", Role.VIEWER, "viewer", "test")
        other, _ = await ring.create("globex", Role.EDITOR, "other", "test")
        await ring.stop()
        with pytest.raises(PermissionDeniedError):
            await world.rerate(viewer)
        assert (await world.rerate(other))[-1].events_read == 0
        with pytest.raises(InvalidArgumentError, match="reason"):
            await world.rerate(reason=" ")
        with pytest.raises(InvalidArgumentError, match="kind"):
            await world.rerate(kind=0)
        with pytest.raises(InvalidArgumentError, match="resume_token"):
            await world.rerate(resume_token=dry[3].resume_token, only_unpriced=True)
        with pytest.raises(InvalidArgumentError, match="filter"):
            await world.rerate(filter="team =")
        with pytest.raises(InvalidArgumentError, match="end_unix_micros"):
            await world.rerate(end_unix_micros=world.start - HOUR)


async def test_killed_in_the_middle_and_done_again_it_is_exact(world: World) -> None:
    settings = world.settings
    process = KillableService(
        "pricing", settings.kafka, settings.clickhouse, settings.auth,
        AIFINOPS_GRPC__PORT=str(world.pricing_port), AIFINOPS_PEERS__PRICING=settings.peers.pricing,
        AIFINOPS_PEERS__LEDGER=settings.peers.ledger, AIFINOPS_PRICING__BATCH_RECORDS="50",
        AIFINOPS_PRICING__RERATE__PAGE_EVENTS="50", AIFINOPS_PRICING__RERATE__CHECK_SECONDS="0",
    )  # fmt: skip
    count = 2_000
    await process.start()
    await process.ready()
    await world.send(world.events(count))
    await world.until_total(count, 0, count)
    await world.put_price()
    for pages in (3, 9, 20):
        request = RerateRequest(
            start_unix_micros=world.start,
            end_unix_micros=world.end,
            kind=CORRECTION_KIND_LATE_PRICE,
            reason="killed",
        )
        read = 0
        async with asyncio.timeout(60):
            while not read:  # A channel to a process that was killed may wait before it connects again.
                with pytest.raises(grpc.aio.AioRpcError):
                    async for progress in world.prices.Rerate(request, metadata=metadata(world.key)):
                        read = progress.events_read
                        if read >= pages * 50:
                            await process.kill()
        assert read < count
        await process.start()
        await process.ready()
    last = (await world.rerate(kind=CORRECTION_KIND_LATE_PRICE))[-1]
    assert last.done
    await world.until_total(count, count * COST, 0)
    assert await world.rows() == [(1, "none", count, 0), (2, "late_price", count, count * COST)]
    assert (await world.rerate())[-1].events_changed == 0
    await process.stop()


def _gauge(name: str) -> float:
    gauges = (rerate_metrics.EVENTS, rerate_metrics.SHADOW, rerate_metrics.OLDEST)
    [value] = [s.value for gauge in gauges for metric in gauge.collect() for s in metric.samples if s.name == name]
    return float(value)


async def _create_budget(world: World) -> None:
    wanted = Budget(display_name="all", amount=to_proto(1_000 * PICOS_PER_DOLLAR), period=Period.PERIOD_YEAR)
    await call(world.budgets.CreateBudget, CreateBudgetRequest(budget=wanted, budget_id="all"), key=world.key)


def _this_year(events: list[UsageEvent]) -> int:
    """How many lie in the period of a year's budget: in the first days of January not all do."""
    year = datetime.now(UTC).year
    return sum(datetime.fromtimestamp(event.time_unix_micros // 1_000_000, UTC).year == year for event in events)


async def _spent(world: World, actual: int, shadow: int) -> bool:
    request = GetBudgetStatusRequest(name="budgets/all")
    status = (await call(world.budgets.GetBudgetStatus, request, key=world.key)).status
    return (from_proto(status.actual), from_proto(status.shadow), status.rebuilding) == (actual, shadow, False)


async def test_the_commands_say_what_was_done(world: World) -> None:
    settings = world.settings
    environment = os.environ | {
        "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "AIFINOPS_CLICKHOUSE__URL": settings.clickhouse.url,
        "AIFINOPS_AUTH__SERVICE_KEY": settings.auth.service_key.get_secret_value(),
        "AIFINOPS_AUTH__ADMIN_KEY": world.key,
        "AIFINOPS_PEERS__PRICING": settings.peers.pricing,
        "AIFINOPS_PEERS__LEDGER": settings.peers.ledger,
    }

    async def command(*arguments: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.allinone.cli", *arguments, "--format", "json", env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, faults = await process.communicate()
        assert process.returncode == 0, faults.decode()
        return json.loads(told)

    rerate = ("rerate", "--from", format_rfc3339(world.start), "--kind", "late-price", "--reason", "it appeared")
    async with world.pricing_running(rerate={"check_seconds": 0, "page_events": 7}):
        await world.send(world.events(30))
        await world.until_total(30, 0, 30)
        for who in ((), ("--tenant", "acme"), ("--all-tenants",)):
            [group] = await command("unpriced", *who)
            assert (group["model"], group["events"]) == (MODEL, 30)
            assert group["shadow_dollars"] == format_dollars(30 * SHADOW)
        assert await command("unpriced", "--tenant", "globex") == []
        await world.put_price()
        await asyncio.sleep(0.5)
        expected = {
            "dry_run": True, "events_read": 30, "events_changed": 30, "events_refused": 0,
            "effects": [{
                "provider": "openai", "model": MODEL, "events": 30, "before": format_dollars(0),
                "after": format_dollars(30 * COST), "delta": format_dollars(30 * COST), "unpriced_before": 30,
                "unpriced_after": 0,
            }],
        }  # fmt: skip
        assert await command(*rerate, "--dry-run") == expected
        assert (await command(*rerate, "--model", "gpt-4o"))["events_read"] == 0
        chosen = ("--provider", "openai", "--model", "gpt-z*", "--filter", 'team = "ads" OR team = "search"')
        assert await command(*rerate, *chosen) == expected | {"dry_run": False}
        await world.until_total(30, 30 * COST, 0)
        assert await command("unpriced") == []
        assert (await command(*rerate))["events_changed"] == 0
