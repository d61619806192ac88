"""Whatever arrives, in whatever batches, however often again: every read path adds up to a plain sum."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import Granularity, QueryCostsRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common import money
from services.common.clickhouse import migrate
from services.common.clock import DAY, HOUR, MINUTE, parse_rfc3339
from services.common.settings import ClickHouseSettings
from tests.integration.ledger_harness import MIGRATIONS, CrashError, CrashingStore, ledger, viewer
from tests.unit.ledger.records import cost_record

START = parse_rfc3339("2026-03-28T00:00:00Z")
DAYS = 3
PARTITIONS = 2

_PICOS = st.integers(-(2**62), 2**62)


@dataclass(frozen=True)
class Use:
    """One event: first rated at `cost`, then, where `regrown` is not zero, once more by that much."""

    minute: int
    team: str
    tag: str
    cost: int
    regrown: int


_USES = st.lists(
    st.builds(
        Use,
        minute=st.integers(0, DAYS * 24 * 60 - 1),
        team=st.sampled_from(["search", "ads", "", 'q"uote\\']),
        tag=st.sampled_from(["", "a", "ü'"]),
        cost=_PICOS,
        regrown=st.just(0) | _PICOS,
    ),
    max_size=40,
)


@dataclass(frozen=True)
class Life:
    """One writer: it sees the first `share` of the log, in batches of `sizes`, and dies at `step`, or not at all."""

    share: float
    sizes: tuple[int, ...]
    step: str
    after: int


_LIVES = st.lists(
    st.builds(
        Life,
        share=st.floats(0, 1),
        sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4).map(tuple),
        step=st.sampled_from(["", "note", "rivals", "write", "wrote", "note_written"]),
        after=st.integers(0, 3),
    ),
    max_size=4,
)


def _log(uses: Sequence[Use], tenant: str, life: str) -> dict[int, list[bytes]]:
    log: dict[int, list[bytes]] = {p: [] for p in range(PARTITIONS)}
    for number, use in enumerate(uses):
        partition = number % PARTITIONS

        def append(record: CostRecord, partition: int = partition) -> None:
            record.usage_position.offset = len(log[partition])
            log[partition].append(record.SerializeToString())

        about = {"tenant": tenant, "team": use.team, "usage_partition": partition, "usage_incarnation": life}
        time, tags = START + use.minute * MINUTE, {"feature": use.tag} if use.tag else {}
        append(cost_record(f"r{number}", time=time, tags=tags, cost_picos=use.cost, **about))
        if use.regrown:
            append(
                cost_record(
                    f"r{number}", time=time, tags=tags, revision=2, cost_picos=use.cost // 2,
                    cost_delta_picos=use.regrown, **about,
                )
            )  # fmt: skip
    return log


def _sum(uses: Sequence[Use], group: Callable[[Use], tuple[object, ...]]) -> dict[tuple[object, ...], tuple[int, int]]:
    costs: Counter[tuple[object, ...]] = Counter()
    events: Counter[tuple[object, ...]] = Counter()
    for use in uses:
        costs[group(use)] += use.cost + use.regrown
        events[group(use)] += 1
    return {key: (costs[key], events[key]) for key in events}


@pytest.fixture(scope="module")
def database(clickhouse_url: str) -> ClickHouseSettings:
    made = ClickHouseSettings(url=clickhouse_url, database=f"t{uuid.uuid4().hex[:10]}")
    asyncio.run(migrate(made, MIGRATIONS))
    return made


@pytest.mark.slow
def test_every_read_path_adds_up_to_a_plain_sum(database: ClickHouseSettings) -> None:
    @settings(max_examples=25)
    @given(uses=_USES, lives=_LIVES)
    def check(uses: list[Use], lives: list[Life]) -> None:
        asyncio.run(_check(database, uses, lives))

    check()


async def _check(database: ClickHouseSettings, uses: list[Use], lives: list[Life]) -> None:
    tenant = life = uuid.uuid4().hex
    log = _log(uses, tenant, life)
    async with ledger(database) as books:
        for one in lives:
            seen = {p: records[: int(len(records) * one.share)] for p, records in log.items()}
            store = CrashingStore(books.store(), one.step, one.after)
            # A later writer may see less of the log than was written: then it has nothing to do.
            with contextlib.suppress(CrashError):
                await books.consume(seen, one.sizes, store=store, incarnation=life)
        await books.consume(log, [7, 3], incarnation=life)

        async def asked(read_from: str, **fields: object) -> dict[tuple[object, ...], tuple[int, int]]:
            whole = {"start_unix_micros": START, "end_unix_micros": START + DAYS * DAY} | fields
            response = await books.queries.query_costs(QueryCostsRequest(**whole), viewer(tenant))  # type: ignore[arg-type]
            assert response.read_from == read_from
            return {
                (*row.group, row.time_unix_micros): (money.from_proto(row.cost), row.events) for row in response.rows
            }

        assert await asked("rollup_daily") == _sum(uses, lambda use: (0,))
        assert await asked("rollup_daily", group_by=["team"], granularity=Granularity.GRANULARITY_DAY) == _sum(
            uses, lambda use: (use.team, START + use.minute // 1_440 * DAY)
        )
        assert await asked("rollup_hourly", group_by=["team"], granularity=Granularity.GRANULARITY_HOUR) == _sum(
            uses, lambda use: (use.team, START + use.minute // 60 * HOUR)
        )
        assert await asked("entries", group_by=["tag:feature", "team"]) == _sum(
            uses, lambda use: (use.tag, use.team, 0)
        )
        until = START + DAY + 17 * MINUTE
        before = [use for use in uses if START + use.minute * MINUTE < until]
        assert await asked("entries", end_unix_micros=until) == _sum(before, lambda use: (0,))
