"""Contracts and exchange rates on ClickHouse's engine: every process reads what was put, and nothing is overwritten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from finops.pricing.v1.pricing_pb2 import Contract, PercentTerm, Scope, SeatPrice

from services.common.clickhouse import ClickHouse, migrate
from services.common.settings import ClickHouseSettings
from services.pricing.adapters.contract_store import ContractTables
from services.pricing.adapters.override_store import ClickHouseOverrides
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.fx import Rate
from services.pricing.domain.rating import Pricer
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.agreements import picos
from tests.unit.pricing.events import at, usage

JANUARY = at(2026, 1, 1)


def tenth_off(recorded: int, parts_per_million: int = 100_000) -> Contract:
    return Contract(
        name="frame",
        effective_from_unix_micros=JANUARY,
        currency_code="EUR",
        discounts=[PercentTerm(scope=Scope(provider="openai", models=["gpt-4*"]), parts_per_million=parts_per_million)],
        seats=[SeatPrice(provider="github", plan="copilot-business", monthly_picos=picos("15"))],
        recorded_unix_micros=recorded,
        recorded_by="ann",
    )


def euro(dollars: str, tenant: str = "acme") -> Rate:
    return Rate(tenant, "EUR", JANUARY, Decimal(dollars), "ECB")


@pytest.fixture
async def clickhouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[ClickHouse]:
    await migrate(clickhouse_settings, ["services.common.migrations", "services.pricing.migrations"])
    database = ClickHouse(clickhouse_settings)
    yield database
    await database.stop()


def reading(clickhouse: ClickHouse) -> tuple[Pricer, ClickHouseOverrides]:
    """What one process has."""
    pricer = Pricer(load_price_book(), ShadowOptions().prices())
    return pricer, ClickHouseOverrides(clickhouse, pricer, refresh_seconds=60)


async def test_what_one_process_puts_another_reads(clickhouse: ClickHouse) -> None:
    _, here = reading(clickhouse)
    pricer, there = reading(clickhouse)
    await here.put_rates([euro("1.20"), euro("9", "globex")], JANUARY, "ann")
    await here.put_contract("acme", tenth_off(JANUARY))
    await there.refresh()
    assert there.messages("acme") == [tenth_off(JANUARY)]
    assert there.messages("globex") == []
    event = usage("openai", "gpt-4o", input_tokens=10**6)
    assert [pricer.rate(event, tenant).cost_picos for tenant in ("acme", "globex")] == [picos("2.25"), picos("2.50")]
    # 15 euros at 1.20 are 18 dollars: 60 cents on November 30.
    seat = usage("github", "copilot-business", time=at(2026, 11, 30), seats=1)
    assert pricer.rate(seat, "acme").cost_picos == picos("0.60")


async def test_the_last_version_counts_and_none_is_lost(clickhouse: ClickHouse) -> None:
    pricer, store = reading(clickhouse)
    await store.put_rates([euro("1.20")], JANUARY, "ann")
    await store.put_contract("acme", tenth_off(JANUARY))
    await store.put_contract("acme", tenth_off(JANUARY + 1, 200_000))
    await store.put_rates([euro("1.30")], JANUARY + 1, "bob")
    event = usage("openai", "gpt-4o", input_tokens=10**6)
    assert pricer.rate(event, "acme").cost_picos == picos("2")
    assert pricer.agreements.rates.of_tenant("acme") == [euro("1.30")]
    await store.remove_contract("acme", "frame", JANUARY + 2, "ann")
    assert pricer.rate(event, "acme").cost_picos == picos("2.50")
    assert await ContractTables(clickhouse).contracts() == []
    kept = await clickhouse.query("SELECT definition != '', recorded_by FROM contracts ORDER BY recorded_at")
    assert [tuple(row) for row in kept] == [(1, "ann"), (1, "ann"), (0, "ann")]
    assert (await clickhouse.query("SELECT count() FROM fx_rates"))[0][0] == 2


async def test_a_contract_that_cannot_be_used_stops_no_other(clickhouse: ClickHouse) -> None:
    pricer, store = reading(clickhouse)
    tables = ContractTables(clickhouse)
    await tables.put("globex", tenth_off(JANUARY))
    await tables.put_rates([euro("1.20")], JANUARY, "ann")
    await tables.put("acme", tenth_off(JANUARY))
    await store.refresh()
    store.ensure_loaded()
    event = usage("openai", "gpt-4o", input_tokens=10**6)
    assert [pricer.rate(event, tenant).cost_picos for tenant in ("acme", "globex")] == [picos("2.25"), picos("2.50")]
