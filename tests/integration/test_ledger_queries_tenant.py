"""Deleting a tenant: all of it goes, and nothing of anybody else."""

from __future__ import annotations

import asyncio

import pytest
from finops.ledger.v1.ledger_pb2 import QueryCostsRequest
from typer.testing import CliRunner

from services.allinone.commands import tenant as command
from services.allinone.commands.tenant import delete_rows, rows_of
from services.allinone.services import MIGRATIONS
from services.common import money
from services.common.clickhouse import migrate
from services.common.clock import DAY
from services.common.settings import AuthSettings, ClickHouseSettings
from tests.integration.ledger_harness import TestLedger, ledger, platform
from tests.unit.ledger.records import NOON, cost_record

START = NOON - NOON % DAY
LEDGER_TABLES = {"cost_entries", "costs_hourly", "costs_daily", "event_index"}


async def _fill(books: TestLedger) -> None:
    await books.write(
        *(
            cost_record(f"r{n}", usage_offset=n, tenant=("acme", "rival")[n % 2], cost_picos=10**n, tags={"f": "x"})
            for n in range(6)
        )
    )
    for tenant in ("acme", "rival"):
        await books.clickhouse.command(
            "INSERT INTO budgets (tenant_id, budget_id) VALUES ({tenant:String}, 'b')", {"tenant": tenant}
        )


async def _totals(books: TestLedger) -> dict[str, list[int]]:
    """Cost of each tenant, read from the days, the hours and the entries."""
    found: dict[str, list[int]] = {}
    for end in (START + DAY, START + DAY - 3_600_000_000, START + DAY - 1):
        asked = QueryCostsRequest(start_unix_micros=START, end_unix_micros=end, group_by=["tenant"])
        for row in (await books.queries.query_costs(asked, platform())).rows:
            found.setdefault(row.group[0], []).append(money.from_proto(row.cost))
    return found


async def test_a_deleted_tenant_leaves_nothing_and_the_other_keeps_everything(
    clickhouse_settings: ClickHouseSettings,
) -> None:
    await migrate(clickhouse_settings, MIGRATIONS)
    async with ledger(clickhouse_settings) as books:
        await _fill(books)
        before = await rows_of(books.clickhouse, "rival")
        assert set(before) >= LEDGER_TABLES | {"api_keys", "budgets", "anomalies", "recommendations", "approvals"}
        assert all(before[table] for table in [*LEDGER_TABLES, "budgets"])
        totals = await _totals(books)
        assert totals == {"acme": [10_101] * 3, "rival": [101_010] * 3}
        await delete_rows(books.clickhouse, "acme")
        assert not any((await rows_of(books.clickhouse, "acme")).values())
        assert await rows_of(books.clickhouse, "rival") == before
        assert await _totals(books) == {"rival": totals["rival"]}


async def test_nothing_is_deleted_without_a_yes(
    clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(clickhouse_settings, MIGRATIONS)
    async with ledger(clickhouse_settings) as books:
        await _fill(books)
        held = await rows_of(books.clickhouse, "acme")
    monkeypatch.setenv("AIFINOPS_AUTH__SERVICE_KEY", auth_settings.service_key.get_secret_value())
    monkeypatch.setenv("AIFINOPS_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9")  # Nothing is asked of it.
    monkeypatch.setenv("AIFINOPS_CLICKHOUSE__URL", clickhouse_settings.url)
    monkeypatch.setenv("AIFINOPS_CLICKHOUSE__DATABASE", clickhouse_settings.database)
    answers = await _invoked(["delete", "acme"], ["delete", "nobody", "--yes"], ["delete", "acme", "--yes"])
    assert [code for code, _ in answers] == [2, 1, 0], answers
    assert all(f"{table} " in answers[0][1] for table in LEDGER_TABLES)
    assert f"deleted {sum(held.values())} rows of acme" in answers[2][1]
    async with ledger(clickhouse_settings) as books:
        assert not any((await rows_of(books.clickhouse, "acme")).values())


async def _invoked(*commands: list[str]) -> list[tuple[int, str]]:
    """Exit codes and output; in a thread, since each command runs a loop of its own."""

    def invoke(arguments: list[str]) -> tuple[int, str]:
        result = CliRunner().invoke(command.app, arguments)
        return result.exit_code, result.output

    return [await asyncio.to_thread(invoke, arguments) for arguments in commands]
