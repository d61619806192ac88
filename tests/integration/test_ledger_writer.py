"""The ledger's writer on the real engine: each record once in the entries, the rollups and the index."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from finops.usage.v1.usage_pb2 import Quantities

from services.allinone.engines.embedded import EmbeddedClickHouse
from services.common.clock import HOUR, ManualClock
from services.common.kafka.record import Batch, Partition
from services.common.settings import ClickHouseSettings
from services.ledger.domain.query import ReadFrom
from services.ledger.handlers.reconcile import reconcile
from services.ledger.handlers.write import LedgerWriter, RivalWriterError
from tests.integration.ledger_harness import TOPIC, CrashError, CrashingStore, FakeLog, ledger
from tests.unit.ledger.records import NOON, LogRecord, cost_record

PARTITIONS = 3
RECORDS = 40


def _log() -> dict[int, list[bytes]]:
    """Three partitions over several days; with a second revision, a zombie's record and poison in each."""
    partitions: dict[int, list[bytes]] = {}
    for p in range(PARTITIONS):
        log = [
            cost_record(
                f"req-{p}-{n}", usage_offset=n, usage_partition=p, time=NOON + n * 7 * HOUR, cost_picos=10**9 + n,
                unpriced_delta=n % 2,
            ).SerializeToString()
            for n in range(RECORDS)
        ]  # fmt: skip
        zombie = cost_record(f"zombie-{p}", usage_offset=5, usage_partition=p, cost_picos=10**15)
        revised = cost_record(
            f"req-{p}-3", usage_offset=RECORDS, usage_partition=p, time=NOON + 21 * HOUR, revision=2,
            cost_picos=2 * 10**9, cost_delta_picos=10**9 - 3, unpriced_delta=-1, delta=Quantities(input_tokens=11),
        )  # fmt: skip
        log[20:20] = [b"\xff poison", zombie.SerializeToString()]
        partitions[p] = [*log, revised.SerializeToString()]
    return partitions


def _expected() -> dict[str, tuple[int, ...]]:
    cost = PARTITIONS * (sum(10**9 + n for n in range(RECORDS)) + 10**9 - 3)
    sums = (cost, PARTITIONS * RECORDS, PARTITIONS * (RECORDS * 1_000 + 11), PARTITIONS * (RECORDS // 2 - 1))
    return {
        "entries": sums,
        "entries as stored": sums,
        "hourly": sums,
        "daily": sums,
        "index": (PARTITIONS * RECORDS, cost),
    }


async def test_one_clean_run(clickhouse_settings: ClickHouseSettings) -> None:
    async with ledger(clickhouse_settings) as books:
        await books.consume(_log(), [1_000])
        assert await books.figures() == _expected()
        assert sorted(r.record.partition for r in books.rejections) == [0, 1, 2]
        assert {r.reason for r in books.rejections} == {"not a CostRecord"}
        [[parts]] = await books.clickhouse.query(
            "SELECT uniq(_part) = uniq(log_partition, block_start) AND uniq(_part) <= 3 FROM cost_entries"
        )
        assert parts, "an insert block must be one part"


async def test_a_block_of_many_megabytes_is_one_part(clickhouse_settings: ClickHouseSettings) -> None:
    async with ledger(clickhouse_settings) as books:
        log = [
            cost_record(f"r{n}", usage_offset=n, cost_picos=n, session="s" * 200).SerializeToString()
            for n in range(20_000)
        ]
        await books.consume({0: log}, [20_000])
        sums = (sum(range(20_000)), 20_000, 20_000_000, 0)
        figures = await books.figures()
        assert {figures[name] for name in ("entries", "hourly", "daily")} == {sums}
        assert await books.clickhouse.query("SELECT uniqExact(_part) FROM cost_entries") == [(1,)]


async def test_reading_again_in_other_batches_changes_nothing(clickhouse_settings: ClickHouseSettings) -> None:
    async with ledger(clickhouse_settings) as books:
        for sizes in ([7], [1_000], [3, 50]):
            await books.consume(_log(), sizes)
            assert await books.figures() == _expected()


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("step", ["note", "rivals", "write", "wrote", "note_written"])
async def test_a_crash_at_any_step_changes_nothing(
    clickhouse_settings: ClickHouseSettings, step: str, after: int
) -> None:
    async with ledger(clickhouse_settings) as books:
        store = CrashingStore(books.store(), step, after)
        with pytest.raises(CrashError):
            await books.consume(_log(), [17], store=store)
        await books.consume(_log(), [29])
        assert await books.figures() == _expected()


async def test_a_block_written_again_after_the_engine_was_killed_changes_nothing(tmp_path: Path) -> None:
    engine = EmbeddedClickHouse(tmp_path / "clickhouse", tmp_path / "logs")
    await engine.start()
    try:
        settings = ClickHouseSettings(url=engine.url)
        async with ledger(settings) as books:
            with pytest.raises(CrashError):
                await books.consume(_log(), [1_000], store=CrashingStore(books.store(), "note_written"))
        engine.process.kill()
        await engine.start()
        async with ledger(settings) as books:
            await books.consume(_log(), [1_000])
            assert await books.figures() == _expected()
    finally:
        await engine.stop()


@pytest.mark.parametrize("lost", ["costs_hourly_view", "costs_daily_view", "event_index_view"])
async def test_a_block_that_a_rollup_lacks_is_completed_by_writing_it_again(
    clickhouse_settings: ClickHouseSettings, lost: str
) -> None:
    """As after the database died between the entries' part and a view's."""
    async with ledger(clickhouse_settings) as books:
        await books.consume({p: log[:10] for p, log in _log().items()}, [1_000])
        [[definition]] = await books.clickhouse.query(
            "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = {n:String}",
            {"n": lost},
        )
        await books.clickhouse.command(f"DROP VIEW {lost}")
        with pytest.raises(CrashError):
            await books.consume(_log(), [1_000], store=CrashingStore(books.store(), "note_written"))
        assert await books.figures() != _expected()
        await books.clickhouse.command(definition)
        await books.consume(_log(), [13])
        assert await books.figures() == _expected()


async def test_a_block_that_only_a_rollup_has_is_completed_too(clickhouse_settings: ClickHouseSettings) -> None:
    """As after the database died with the views' parts on disk and the entries' not: the other order."""
    async with ledger(clickhouse_settings) as books:
        with pytest.raises(CrashError):
            await books.consume(_log(), [1_000], store=CrashingStore(books.store(), "note_written"))
        await books.clickhouse.command("CREATE TABLE never_written AS cost_entries")
        await books.clickhouse.command("EXCHANGE TABLES cost_entries AND never_written")
        assert (await books.figures())["entries as stored"][1] == 0
        await books.consume(_log(), [11])
        assert await books.figures() == _expected()


async def test_a_clock_that_steps_back_between_two_notes_changes_nothing(
    clickhouse_settings: ClickHouseSettings,
) -> None:
    async with ledger(clickhouse_settings) as books:
        clock = ManualClock(NOON)
        writer = LedgerWriter(books.store(clock), _Silent())
        await writer.assigned([Partition(TOPIC, 0)], FakeLog())
        records = [LogRecord(n, value) for n, value in enumerate(_log()[0])]
        await writer.process(Batch(records[:10]))
        clock.advance(-HOUR)
        await writer.process(Batch(records[10:20]))
        await books.clickhouse.command("OPTIMIZE TABLE ledger_blocks FINAL")
        await books.consume({0: _log()[0]}, [1_000])
        assert (await books.figures())["hourly"] == tuple(total // PARTITIONS for total in _expected()["hourly"])


async def test_a_second_writer_of_a_partition_steps_back(clickhouse_settings: ClickHouseSettings) -> None:
    async with ledger(clickhouse_settings) as books:
        records = [LogRecord(n, value) for n, value in enumerate(_log()[0])]
        late, owner = (LedgerWriter(books.store(), _Silent()) for _ in range(2))
        for writer in (late, owner):
            await writer.assigned([Partition(TOPIC, 0)], FakeLog())
        await owner.process(Batch(records[:10]))
        with pytest.raises(RivalWriterError):
            await late.process(Batch(records[:15]))
        with pytest.raises(RivalWriterError):
            await owner.process(Batch(records[10:]))
        await books.consume({0: _log()[0]}, [9])
        figures = await books.figures()
        assert figures["entries as stored"] == figures["hourly"] == figures["daily"]
        assert figures["hourly"] == tuple(total // PARTITIONS for total in _expected()["hourly"])


async def test_money_beyond_64_bits_adds_up_exactly(clickhouse_settings: ClickHouseSettings) -> None:
    async with ledger(clickhouse_settings) as books:
        most = 2**63 - 1
        await books.write(*(cost_record(f"r{n}", usage_offset=n, cost_picos=most) for n in range(50)))
        figures = await books.figures()
        assert figures["hourly"][0] == figures["daily"][0] == figures["entries"][0] == 50 * most
        [[hourly, daily, entries]] = await books.clickhouse.query(
            "SELECT (SELECT toString(sum(cost)) FROM costs_hourly), (SELECT toString(sum(cost)) FROM costs_daily), "
            "(SELECT toString(sum(cost_delta)) FROM cost_entries)"
        )
        assert hourly == daily == entries == "461168601.84273879035"


async def test_figures_stay_after_the_engine_merges(clickhouse_settings: ClickHouseSettings) -> None:
    async with ledger(clickhouse_settings) as books:
        await books.consume(_log(), [5])
        for table in ("cost_entries", "costs_hourly", "costs_daily", "event_index", "ledger_blocks"):
            await books.clickhouse.command(f"OPTIMIZE TABLE {table} FINAL")
        assert await books.figures() == _expected()
        await books.consume(_log(), [1_000])
        assert await books.figures() == _expected()


async def test_reconcile_finds_nothing_in_order(clickhouse_settings: ClickHouseSettings) -> None:
    async with ledger(clickhouse_settings) as books:
        await books.consume(_log(), [17])
        report = await reconcile(books.audit, repair=True, settle_seconds=0)
        assert report.clean
        assert report.days == RECORDS * 7 // 24 + 1
        assert report.repeated_entries == 0
        assert await books.figures() == _expected()


@pytest.mark.parametrize(
    ("lost", "column"), [("costs_hourly", "start"), ("costs_daily", "start"), ("event_index", "event_key")]
)
async def test_reconcile_mends_what_was_lost(clickhouse_settings: ClickHouseSettings, lost: str, column: str) -> None:
    async with ledger(clickhouse_settings) as books:
        await books.consume(_log(), [17])
        third = f"cityHash64({column}) % 3 = 0"
        await books.clickhouse.command(f"ALTER TABLE {lost} DELETE WHERE {third} SETTINGS mutations_sync = 1")
        damaged = await books.figures()
        assert damaged != _expected()
        found = await reconcile(books.audit, repair=False, settle_seconds=0)
        assert not found.clean
        assert await books.figures() == damaged, "without repair nothing is touched"
        assert not (await reconcile(books.audit, repair=True, settle_seconds=0)).clean
        assert await books.figures() == _expected()
        assert (await reconcile(books.audit, repair=False, settle_seconds=0)).clean


async def test_reconcile_mends_the_same_damage_twice(clickhouse_settings: ClickHouseSettings) -> None:
    async with ledger(clickhouse_settings) as books:
        await books.consume(_log(), [17])
        for _ in range(2):
            await books.clickhouse.command("TRUNCATE TABLE costs_daily")
            report = await reconcile(books.audit, repair=True, settle_seconds=0)
            assert {d.rollup for d in report.discrepancies} == {ReadFrom.DAILY}
            assert sum(d.events for d in report.discrepancies) == PARTITIONS * RECORDS
            assert await books.figures() == _expected()


async def test_an_event_rated_anew_in_another_life_of_the_log_is_seen_and_mended(
    clickhouse_settings: ClickHouseSettings,
) -> None:
    """The rater asks the ledger, so it should not happen; if it does, entries count it once and reconcile shows it."""
    async with ledger(clickhouse_settings) as books:
        first = cost_record("r", usage_offset=9, cost_picos=100)
        grown = cost_record("r", usage_offset=10, revision=2, cost_picos=150, cost_delta_picos=50)
        again = cost_record("r", usage_offset=0, usage_incarnation="life-2", cost_picos=150)
        await books.write(first, grown)
        await books.write(again, incarnation="life-2")
        assert (await books.figures())["hourly"][0] == 300
        report = await reconcile(books.audit, repair=True, settle_seconds=0)
        assert report.repeated_entries == 1
        assert [d.cost_picos for d in report.discrepancies] == [-150]
        assert [d.day for d in report.discrepancies] == [date(2026, 3, 10)]
        figures = await books.figures()
        assert {figures[name][0] for name in ("entries", "hourly", "daily")} == {150}


class _Silent:
    def wrote(self, block: object) -> None: ...

    def dropped(self, entries: int) -> None: ...
