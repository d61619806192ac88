"""The comparisons behind `reconcile`, in ClickHouse."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime

from services.common.clickhouse import ClickHouse
from services.common.clock import DAY, HOUR, Micros, to_micros
from services.common.dimensions import BUCKETS, DIMENSIONS
from services.ledger.adapters.retention import ClickHouseRetention
from services.ledger.adapters.sql import ROLLUP_TABLES, within
from services.ledger.domain.query import ReadFrom
from services.ledger.domain.reconciliation import Differences, Group, Sums

_KEYS = [name for name in DIMENSIONS if name != "tenant"]
_TOTALS = ("cost_picos", "shadow_cost_picos", "list_cost_picos", "contracted_cost_picos", "billed_cost_picos")
_SUMMED = [*BUCKETS, *_TOTALS, "events", "unpriced_events"]

_DAYS = """
SELECT DISTINCT found
FROM
(
    SELECT toDate(time, 'UTC') AS found FROM cost_entries
    UNION ALL SELECT toDate(start, 'UTC') FROM costs_hourly
    UNION ALL SELECT toDate(start, 'UTC') FROM costs_daily
)
ORDER BY found
"""

_OF_DAY = within("time")

_MISSING = f"""
SELECT count()
FROM (SELECT event_key, max(revision) AS latest FROM cost_entries WHERE {_OF_DAY} GROUP BY event_key) AS entries
LEFT JOIN
(
    SELECT event_key, max(revision) AS known FROM event_index
    WHERE event_key IN (SELECT event_key FROM cost_entries WHERE {_OF_DAY}) GROUP BY event_key
) AS indexed USING (event_key)
WHERE known < latest
"""  # noqa: S608

_COMPLETE = f"""
INSERT INTO event_index
    (event_key, tenant_id, revision, content_hash, time, quantities, cost_picos, shadow_cost_picos, list_cost_picos,
    contracted_cost_picos, billed_cost_picos, unpriced)
SELECT event_key, tenant_id, revision, content_hash, time, quantities, cost_picos, shadow_cost_picos, list_cost_picos,
    contracted_cost_picos, billed_cost_picos, status IN ('partial', 'unpriced')
FROM cost_entries FINAL
WHERE {_OF_DAY} AND NOT reversal
SETTINGS insert_deduplicate = 0
"""  # noqa: S608


_SLOT_OF_ENTRY = {
    ReadFrom.HOURLY: "toStartOfHour(toDateTime(time, 'UTC'))",
    ReadFrom.DAILY: "toStartOfDay(toDateTime(time, 'UTC'))",
}
"""SQL of `start` of the row that an entry is added to."""


class ClickHouseAudit:
    """Implements `handlers.reconcile.Audit`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._retention = ClickHouseRetention(clickhouse)

    async def days(self) -> Sequence[date]:
        first = await self._complete_from(ReadFrom.ENTRIES)
        return [day for [day] in await self._clickhouse.query(_DAYS) if _start(day) >= first]

    async def differences(self, rollup: ReadFrom, day: date) -> Differences:
        if _start(day) < await self._complete_from(ReadFrom.ENTRIES, rollup):
            return {}
        rows = await self._clickhouse.query(_difference_sql(rollup), _day(day))
        first, last = 3, 3 + len(_KEYS)
        return {
            Group(row[0], row[1], row[2], tuple(row[first:last])): Sums(
                tuple(row[last : last + len(BUCKETS)]), *row[last + len(BUCKETS) :]
            )
            for row in rows
        }

    async def _complete_from(self, *sources: ReadFrom) -> Micros:
        """From when on these tables can be compared: what expired is not missing. A little later than that, for rows
        that expire while they are compared."""
        complete = await self._retention.complete_from()
        latest = max(complete[source] for source in sources)
        return latest + HOUR if latest else 0

    async def correct(self, rollup: ReadFrom, differences: Differences) -> None:
        types = {
            "start": "DateTime('UTC')",
            "tenant_id": "LowCardinality(String)",
            "measurement": "Int8",
            **dict.fromkeys(_KEYS, "LowCardinality(String)"),
            **{name: "Int128" if name in _TOTALS else "Int64" for name in _SUMMED},
            "metrics": "Map(String, Int64)",
        }
        rows = [
            (group.seconds, group.tenant_id, group.measurement, *group.dimensions, *sums.quantities, *sums[1:])
            for group, sums in differences.items()
        ]
        # A token of its own: without one, a correction equal to an earlier one would be taken for a repetition of it.
        await self._clickhouse.insert(
            ROLLUP_TABLES[rollup],
            list(types),
            list(zip(*rows, strict=True)),
            column_types=list(types.values()),
            deduplication_token=f"correction:{uuid.uuid4().hex}",
        )

    async def missing_from_index(self, day: date) -> int:
        [[missing]] = await self._clickhouse.query(_MISSING, _day(day))
        return int(missing)

    async def complete_index(self, day: date) -> None:
        await self._clickhouse.command(_COMPLETE, _day(day))

    async def repeated_entries(self) -> int:
        [[all_rows]] = await self._clickhouse.query("SELECT count() FROM cost_entries")
        [[told_apart]] = await self._clickhouse.query("SELECT count() FROM cost_entries FINAL")
        return max(0, int(all_rows) - int(told_apart))


def _day(day: date) -> dict[str, object]:
    start = _start(day)
    return {"start": start, "end": start + DAY}


def _start(day: date) -> Micros:
    return to_micros(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _difference_sql(rollup: ReadFrom) -> str:
    of_entry = {bucket: f"{bucket}_delta" for bucket in BUCKETS} | {
        **{total: f"toInt128({total}_delta)" for total in _TOTALS},
        "events": "toInt64(events_delta)",
        "unpriced_events": "toInt64(unpriced_events_delta)",
    }
    dimensions = [(f"toString({name})", name) for name in _KEYS]
    keyed = [
        (f"toInt64(toUnixTimestamp({_SLOT_OF_ENTRY[rollup]}))", "slot"),
        ("toString(tenant_id)", "tenant"),
        ("toInt8(measurement)", "measured"),
    ]
    names = [name for _, name in [*keyed, *dimensions]]
    entries = ", ".join(f"{sql} AS {name}" for sql, name in [*keyed, *dimensions])
    entry_sums = ", ".join(f"{of_entry[name]} AS of_{name}" for name in _SUMMED)
    rows = ", ".join(sql for sql, _ in [*keyed[1:], *dimensions])
    row_sums = ", ".join(f"-{name}" for name in _SUMMED)
    minus_metrics = "mapApply((name, value) -> (name, -value), metrics)"
    return f"""
        SELECT {", ".join(names)}, {", ".join(f"sum(of_{name}) AS sum_{name}" for name in _SUMMED)},
            sumMap(of_metrics) AS sum_metrics
        FROM
        (
            SELECT {entries}, {entry_sums}, metrics_delta AS of_metrics FROM cost_entries FINAL WHERE {_OF_DAY}
            UNION ALL
            SELECT toInt64(toUnixTimestamp(start)), {rows}, {row_sums}, {minus_metrics} FROM {ROLLUP_TABLES[rollup]}
            WHERE {within("start")}
        )
        GROUP BY {", ".join(names)}
        HAVING {" OR ".join(f"sum_{name} != 0" for name in _SUMMED)}
            OR arrayExists(value -> value != 0, mapValues(sum_metrics))
    """  # noqa: S608
