"""Settlement of a contract on a real Kafka and ClickHouse's engine: what is posted, revised, and taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from finops.ledger.v1.ledger_pb2 import ListCostEntriesRequest, QueryCostsRequest
from finops.pricing.v1.pricing_pb2 import (
    Commitment,
    Contract,
    Credit,
    ListContractsRequest,
    PutContractRequest,
    RemoveContractRequest,
    Scope,
)
from finops.usage.v1.usage_pb2 import CORRECTION_KIND_SETTLEMENT

from services.common.dimensions import SETTLEMENTS
from services.common.errors import UnavailableError
from services.common.grpc.client import call
from services.common.money import PICOS_PER_DOLLAR, from_proto
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from tests.integration.pricing_world import KNOWN_COST, World, opened, until

pytestmark = pytest.mark.slow

MINI_COST = 1_000 * 150_000 + 200 * 600_000
"""Of gpt-4o-mini at list price: $0.15 and $0.60 for a million."""
PAID = 40 * KNOWN_COST + 3 * PICOS_PER_DOLLAR
GRANTED = 5 * MINI_COST


@pytest.fixture
async def world(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[World]:
    async with opened(kafka_settings, clickhouse_settings, auth_settings) as made:
        yield made


async def test_from_the_contract_to_its_end_and_away(world: World) -> None:
    """gpt-4o was paid in advance, $3 more than 40 events cost; a credit pays 5 of 20 events of gpt-4o-mini."""
    async with world.pricing_running(settlement_seconds=0.3, rerate={"check_seconds": 0}):
        await call(world.prices.PutContract, PutContractRequest(contract=_contract(world)), key=world.key)
        known = world.events(40, model="gpt-4o", prefix="known")
        await world.send([*known, *world.events(20, model="gpt-4o-mini", prefix="mini")])
        use = 40 * KNOWN_COST + 20 * MINI_COST
        await _until_costs(world, use + 3 * PICOS_PER_DOLLAR - GRANTED, PAID + 20 * MINI_COST - GRANTED)
        assert await _settled(world) == {
            "credit": (-GRANTED, -GRANTED), "payment": (0, PAID), "commitment": (3 * PICOS_PER_DOLLAR, 0),
        }  # fmt: skip

        # An event that comes late takes its part of what was paid; nothing more is billed.
        await world.send(world.events(1, model="gpt-4o", prefix="late"))
        await until(lambda: _lost(world, 3 * PICOS_PER_DOLLAR - KNOWN_COST))
        await _until_costs(world, use + 3 * PICOS_PER_DOLLAR - GRANTED, PAID + 20 * MINI_COST - GRANTED)

    booked = await world.rows()
    # Another process finds all as it should be.
    async with world.pricing_running(settlement_seconds=0.3, rerate={"check_seconds": 0}):
        await until(lambda: _used(world, {"payment": PAID, "commitment": 41 * KNOWN_COST, "credit": GRANTED}))
        assert await world.rows() == booked

        await call(world.prices.RemoveContract, RemoveContractRequest(name="frame"), key=world.key)
        await until(lambda: _taken_back(world))
        # What was rated under the contract is rated anew without it.
        assert (await world.rerate())[-1].events_changed == 41
        listed = 41 * KNOWN_COST + 20 * MINI_COST
        await _until_costs(world, listed, listed)


def _contract(world: World) -> Contract:
    return Contract(
        name="frame",
        effective_from_unix_micros=world.start,
        effective_to_unix_micros=world.end,
        commitments=[
            Commitment(
                id="minimum",
                scope=Scope(provider="openai", models=["gpt-4o"]),
                amount_picos=PAID,
                paid_in_advance=True,
            )
        ],
        credits=[Credit(id="welcome", scope=Scope(provider="openai"), amount_picos=GRANTED)],
    )


async def _until_costs(world: World, effective: int, billed: int) -> None:
    found: list[tuple[int, int]] = []

    async def reached() -> bool:
        row = await world.total()
        found[:] = [(from_proto(row.cost), from_proto(row.billed_cost))]
        return found == [(effective, billed)]

    try:
        await until(reached)
    except TimeoutError:
        pytest.fail(f"{found} and not {(effective, billed)}: {await _settled(world)}")


async def _settled(world: World) -> dict[str, tuple[int, int]]:
    """Effective and billed cost of what was posted, by kind of term."""
    request = QueryCostsRequest(
        start_unix_micros=world.start,
        end_unix_micros=world.end,
        group_by=["tag:settlement"],
        filter=f'source = "{SETTLEMENTS}"',
    )
    found: dict[str, tuple[int, int]] = {}
    for row in (await call(world.books.QueryCosts, request, key=world.key)).rows:
        kind = row.group[0].split("/")[1]
        effective, billed = found.get(kind, (0, 0))
        found[kind] = effective + from_proto(row.cost), billed + from_proto(row.billed_cost)
    return found


async def _used(world: World, expected: dict[str, int]) -> bool:
    try:
        answer = await call(world.prices.ListContracts, ListContractsRequest(), key=world.key)
    except UnavailableError:  # The client waits a little before it connects to the new process.
        return False
    return {balance.kind: balance.used for balance in answer.balances if balance.used} == expected


async def _lost(world: World, amount: int) -> bool:
    return (await _settled(world))["commitment"] == (amount, 0)


async def _taken_back(world: World) -> bool:
    if any(any(amounts) for amounts in (await _settled(world)).values()):
        return False
    listing = ListCostEntriesRequest(
        start_unix_micros=world.start,
        end_unix_micros=world.end,
        page_size=1_000,
        filter=f'source = "{SETTLEMENTS}"',
    )
    entries = (await call(world.books.ListCostEntries, listing, key=world.key)).entries
    kinds = {entry.usage.correction.kind for entry in entries}
    return kinds == {CORRECTION_KIND_SETTLEMENT}
