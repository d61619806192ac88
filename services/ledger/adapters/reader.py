"""The ledger's answers, read from ClickHouse."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import Activity, CostRow, KnownEvent
from finops.usage.v1.usage_pb2 import Quantities

from services.common import money
from services.common.clickhouse import ClickHouse
from services.common.clock import SECOND, Micros
from services.common.dimensions import BUCKETS, attribution_of
from services.common.errors import InvalidArgumentError
from services.common.filters import Filter
from services.ledger.adapters import sql
from services.ledger.adapters.retention import ClickHouseRetention
from services.ledger.domain.answer import RowKey
from services.ledger.domain.query import CostQuery, Cursor, Range, ReadFrom

_KEYS_AT_A_TIME = 2_500
"""ClickHouse takes a parameter of up to 128 KiB; a key takes 32 bytes of it."""

_REMEMBERED_SECONDS = 60.0
"""How long it is taken for granted what the tables still have: it changes by the day."""

_KNOWN = f"""
SELECT event_key, content_hash, revision, toUnixTimestamp64Micro(time), base64Encode(quantities), cost_picos,
    shadow_cost_picos, list_cost_picos, contracted_cost_picos, billed_cost_picos, unpriced
FROM event_index FINAL
WHERE event_key IN ({sql.KEYS})
"""  # noqa: S608 - a subquery of ours

# The index tells where in the entries' order each key is.
_BOOKED = f"""
SELECT event_key, base64Encode(argMax(record, revision))
FROM cost_entries
WHERE (tenant_id, time, event_key) IN
(
    SELECT tenant_id, time, event_key FROM event_index
    WHERE event_key IN ({sql.KEYS})
)
GROUP BY event_key
"""  # noqa: S608 - a subquery of ours

_POSITIONS = """
SELECT log_partition, max(last_offset),
    maxIf(usage_offset_after, usage_incarnation_after = {incarnation:String})
FROM ledger_blocks
WHERE log_incarnation = {incarnation:String} AND written
GROUP BY log_partition
"""


class ClickHouseReader:
    """Implements `handlers.queries.CostReader`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._retention = ClickHouseRetention(clickhouse)
        self._complete: Mapping[ReadFrom, Micros] = {}
        self._complete_until = -1.0

    async def complete_from(self, source: ReadFrom) -> Micros:
        if time.monotonic() >= self._complete_until:
            self._complete = await self._retention.complete_from()
            self._complete_until = time.monotonic() + _REMEMBERED_SECONDS
        return self._complete[source]

    async def costs(self, query: CostQuery, source: ReadFrom) -> list[CostRow]:
        statement = sql.costs(query, source)
        rows = await self._clickhouse.query(statement.text, statement.parameters)
        if len(rows) > sql.MAX_ROWS:
            raise InvalidArgumentError.of(
                "group_by",
                f"the answer has more than {sql.MAX_ROWS} rows: shorten the range, group by less or set limit",
            )
        return [_cost_row(row, len(query.group_by), query.metrics) for row in rows]

    async def users(self, query: CostQuery, source: ReadFrom) -> Mapping[RowKey, int]:
        return await self._distinct(query, source, "user")

    async def sessions(self, query: CostQuery) -> Mapping[RowKey, int]:
        return await self._distinct(query, ReadFrom.ENTRIES, "session")

    async def activity(self, query: CostQuery) -> Mapping[RowKey, Activity]:
        statement = sql.activity(query)
        rows = await self._clickhouse.query(statement.text, statement.parameters)
        return {
            RowKey(tuple(group), start * SECOND, bool(rest)): Activity(failed_requests=failed, users=users)
            for *group, start, rest, failed, users in rows
        }

    async def _distinct(self, query: CostQuery, source: ReadFrom, column: str) -> Mapping[RowKey, int]:
        statement = sql.distinct(query, source, column)
        rows = await self._clickhouse.query(statement.text, statement.parameters)
        return {RowKey(tuple(group), start * SECOND, bool(rest)): count for *group, start, rest, count in rows}

    async def entries(
        self, tenant_id: str | None, span: Range, parsed: Filter, as_of: Micros, after: Cursor | None, rows: int
    ) -> list[tuple[Cursor, CostRecord]]:
        statement = sql.entries(tenant_id, span, parsed, as_of, after, rows)
        found = await self._clickhouse.query(statement.text, statement.parameters)
        return [
            (Cursor(at, key, revision), CostRecord.FromString(b64decode(record))) for at, key, revision, record in found
        ]

    async def known(self, tenant_id: str | None, event_keys: Sequence[bytes], booked: bool) -> list[KnownEvent]:
        text = _KNOWN if tenant_id is None else f"{_KNOWN} AND tenant_id = {{tenant:String}}"
        found: list[KnownEvent] = []
        for start in range(0, len(event_keys), _KEYS_AT_A_TIME):
            keys = b"".join(event_keys[start : start + _KEYS_AT_A_TIME]).hex()
            parameters = {"keys": keys} if tenant_id is None else {"keys": keys, "tenant": tenant_id}
            known = {row[0]: _known_event(row) for row in await self._clickhouse.query(text, parameters)}
            if booked:
                for key, record in await self._clickhouse.query(_BOOKED, {"keys": keys}):
                    if key in known:
                        usage = CostRecord.FromString(b64decode(record)).usage
                        known[key].booked.ParseFromString(attribution_of(usage))
            found += known.values()
        return found

    async def positions(self, incarnation: str) -> tuple[Mapping[int, int], Mapping[int, int]]:
        rows = await self._clickhouse.query(_POSITIONS, {"incarnation": incarnation})
        return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}

    async def sole(self, incarnation: str) -> bool:
        """True where no block was ever taken on from another incarnation."""
        rows = await self._clickhouse.query(
            "SELECT count() FROM ledger_blocks WHERE log_incarnation != {incarnation:String}",
            {"incarnation": incarnation},
        )
        return not rows[0][0]


def _cost_row(row: Sequence[Any], groups: int, metrics: Sequence[str]) -> CostRow:
    start, rest, events, unpriced = row[groups : groups + 4]
    first_bucket = groups + 4 + len(sql.COSTS)
    first_metric = first_bucket + len(BUCKETS)
    cost, shadow, listed, contracted, billed = map(money.to_proto, row[groups + 4 : first_bucket])
    return CostRow(
        group=row[:groups],
        time_unix_micros=start * SECOND,
        cost=cost,
        shadow_cost=shadow,
        list_cost=listed,
        contracted_cost=contracted,
        billed_cost=billed,
        events=events,
        unpriced_events=unpriced,
        quantities=Quantities(
            **dict(zip(BUCKETS, row[first_bucket:first_metric], strict=True)),
            business_metrics=dict(zip(metrics, row[first_metric:], strict=True)),
        ),
        rest=bool(rest),
    )


def _known_event(row: Sequence[Any]) -> KnownEvent:
    key, content_hash, revision, at, quantities, cost, shadow, listed, contracted, billed, unpriced = row
    return KnownEvent(
        event_key=key,
        content_hash=content_hash,
        revision=revision,
        time_unix_micros=at,
        quantities=Quantities.FromString(b64decode(quantities)),
        cost_picos=cost,
        shadow_cost_picos=shadow,
        list_cost_picos=listed,
        contracted_cost_picos=contracted,
        billed_cost_picos=billed,
        unpriced=bool(unpriced),
    )
