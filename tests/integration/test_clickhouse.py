"""The ClickHouse client and the embedded engine it talks to."""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from services.allinone.engines.embedded import EmbeddedClickHouse
from services.allinone.services import MIGRATIONS
from services.common.clickhouse import ClickHouse, migrate, pending_migrations
from services.common.errors import UnavailableError
from services.common.settings import ClickHouseSettings

TYPES = ["UInt64", "Decimal(38, 12)", "Map(String, String)"]


async def _with_table(settings: ClickHouseSettings) -> ClickHouse:
    await migrate(settings, [])
    clickhouse = ClickHouse(settings)
    await clickhouse.command(
        "CREATE TABLE t (n UInt64, d Decimal(38, 12), m Map(String, String)) ENGINE = MergeTree ORDER BY n "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    return clickhouse


def _columns(count: int) -> list[list[object]]:
    return [list(range(count)), [Decimal("0.000000000001")] * count, [{"k": "v'\\\n"}] * count]


async def test_inserts_columns_exactly_and_once_a_token(clickhouse_settings: ClickHouseSettings) -> None:
    clickhouse = await _with_table(clickhouse_settings)
    for _ in range(3):
        await clickhouse.insert("t", ["n", "d", "m"], _columns(100), column_types=TYPES, deduplication_token="first")
    rows = await clickhouse.query("SELECT count(), sum(d), any(m) FROM t WHERE m['k'] = {v:String}", {"v": "v'\\\n"})
    assert rows == [(100, Decimal("0.0000000001"), {"k": "v'\\\n"})]
    await clickhouse.stop()


async def test_a_long_insert_is_one_block_and_stays_whole_under_its_token(
    clickhouse_settings: ClickHouseSettings,
) -> None:
    clickhouse = await _with_table(clickhouse_settings)
    for _ in range(2):
        await clickhouse.insert("t", ["n", "d", "m"], _columns(50_000), column_types=TYPES, deduplication_token="long")
    assert await clickhouse.query("SELECT count(), uniqExact(n), uniqExact(_part) FROM t") == [(50_000, 50_000, 1)]
    await clickhouse.stop()


async def test_a_client_may_send_an_insert_in_several_blocks(clickhouse_settings: ClickHouseSettings) -> None:
    clickhouse = await _with_table(clickhouse_settings)
    client = await clickhouse_connect.get_async_client(dsn=clickhouse_settings.url, autogenerate_session_id=False)
    await client.insert(
        "t", _columns(200_000), column_names=["n", "d", "m"], column_type_names=TYPES, column_oriented=True,
        database=clickhouse_settings.database,
    )  # fmt: skip
    await client.close()
    assert await clickhouse.query("SELECT count(), uniqExact(n) FROM t") == [(200_000, 200_000)]
    await clickhouse.stop()


async def test_a_refused_query_is_our_fault_not_an_outage(clickhouse_settings: ClickHouseSettings) -> None:
    clickhouse = await _with_table(clickhouse_settings)
    with pytest.raises(DatabaseError, match="nothing_of_the_kind"):
        await clickhouse.query("SELECT nothing_of_the_kind")
    assert clickhouse.health().ready
    await clickhouse.stop()


async def test_queries_run_at_the_same_time(clickhouse_settings: ClickHouseSettings) -> None:
    clickhouse = await _with_table(clickhouse_settings)
    rows = await asyncio.gather(*(clickhouse.query("SELECT {n:UInt64}", {"n": n}) for n in range(40)))
    assert [row[0][0] for row in rows] == list(range(40))
    await clickhouse.stop()


async def test_parameters_too_long_for_a_url(clickhouse_settings: ClickHouseSettings) -> None:
    clickhouse = await _with_table(clickhouse_settings)
    keys = [f"{n:064x}" for n in range(2_000)]
    rows = await clickhouse.query("SELECT length({keys:Array(String)}), {keys:Array(String)}[2000]", {"keys": keys})
    assert rows == [(2_000, keys[-1])]
    await clickhouse.stop()


async def test_migrations_apply_once(clickhouse_settings: ClickHouseSettings) -> None:
    first = await migrate(clickhouse_settings, MIGRATIONS)
    assert "services.common.migrations/0001_api_keys.sql" in first
    assert await migrate(clickhouse_settings, MIGRATIONS) == []
    clickhouse = ClickHouse(clickhouse_settings)
    assert await pending_migrations(clickhouse, MIGRATIONS) == []
    await clickhouse.stop()


async def test_what_was_inserted_survives_a_killed_engine(tmp_path: Path) -> None:
    engine = EmbeddedClickHouse(tmp_path / "data", tmp_path / "logs")
    await engine.start()
    clickhouse = await _with_table(ClickHouseSettings(url=engine.url, database="kept"))
    await clickhouse.insert("t", ["n", "d", "m"], _columns(1_000), column_types=TYPES, deduplication_token="a")
    engine.process.kill()
    with pytest.raises(UnavailableError):
        await clickhouse.query("SELECT 1")
    assert not clickhouse.health().ready
    await engine.start()
    await clickhouse.insert("t", ["n", "d", "m"], _columns(1_000), column_types=TYPES, deduplication_token="a")
    assert await clickhouse.query("SELECT count() FROM t") == [(1_000,)]
    assert clickhouse.health().ready
    await clickhouse.stop()
    await engine.stop()


async def test_an_insert_leaves_pandas_alone(clickhouse_settings: ClickHouseSettings) -> None:
    """80 MB of memory and a second of start-up in every service that inserts."""
    clickhouse = await _with_table(clickhouse_settings)
    await clickhouse.stop()
    script = (
        "import asyncio, sys\n"
        "from services.common.clickhouse import ClickHouse\n"
        "from services.common.settings import ClickHouseSettings\n"
        "async def main():\n"
        "    database = ClickHouse(ClickHouseSettings.model_validate_json(sys.argv[1]))\n"
        "    await database.insert('t', ['n'], [[1, 2]], column_types=['UInt64'])\n"
        "    print(await database.query('SELECT sum(n) FROM t'), 'pandas' in sys.modules)\n"
        "    await database.stop()\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        clickhouse_settings.model_dump_json(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert output.decode().strip() == "[(3,)] False", errors.decode()
