"""What exports read: the entries of a tenant's day, as they were at one moment."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from finops.cost.v1.cost_pb2 import CostRecord

from services.common.clickhouse import ClickHouse
from services.common.clock import DAY, SECOND, Micros
from services.ledger.adapters.sql import within
from services.ledger.domain.focus.periods import Revision
from services.ledger.handlers.export import DayOfTenant, Event

PAGE = 10_000
"""Entries read at once: some ten megabytes."""

_AS_OF = "written_at <= fromUnixTimestamp64Micro({as_of:Int64}, 'UTC')"

# Without FINAL, which would read all of the table: a row written twice only makes a day be exported twice.
_DAYS = f"""
SELECT tenant_id, toInt64(toUnixTimestamp(toStartOfDay(time, 'UTC'))) AS day, count(),
    max(toUnixTimestamp64Micro(written_at))
FROM cost_entries
WHERE {within("time")} AND {_AS_OF} AND ({{tenant:String}} = '' OR tenant_id = {{tenant:String}})
GROUP BY tenant_id, day
ORDER BY day, tenant_id
"""  # noqa: S608

_AFTER = "fromUnixTimestamp64Micro({after_time:Int64}, 'UTC')"

# In the order of the table's key: a page costs what it returns. Base64, since the client reads a String as text. A row
# that takes an event back from other dimensions tells nothing that the revision's own row does not.
_ENTRIES = f"""
SELECT toUnixTimestamp64Micro(time), hex(event_key) AS event, revision, toUnixTimestamp64Micro(written_at),
    base64Encode(record)
FROM cost_entries FINAL
WHERE tenant_id = {{tenant:String}} AND {within("time")} AND {_AS_OF} AND NOT reversal
    AND time >= {_AFTER}
    AND (time, event_key, revision) > ({_AFTER}, unhex({{after_key:String}}), {{after_revision:Int64}})
ORDER BY time, event_key, revision
LIMIT {{page:UInt32}}
"""  # noqa: S608


class ClickHouseExportSource:
    """Implements `handlers.export.ExportSource`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def moment(self) -> Micros:
        """The database's own clock, which also stamps the entries."""
        [[now]] = await self._clickhouse.query("SELECT toUnixTimestamp64Micro(now64(6, 'UTC'))")
        return int(now)

    async def days(self, tenant: str, start: Micros, end: Micros, as_of: Micros) -> Sequence[DayOfTenant]:
        found = await self._clickhouse.query(_DAYS, {"tenant": tenant, "start": start, "end": end, "as_of": as_of})
        return [DayOfTenant(name, day * SECOND, entries, written) for name, day, entries, written in found]

    async def events(self, day: DayOfTenant, as_of: Micros) -> AsyncIterator[Sequence[Event]]:
        """Pages of events, each with all its revisions, oldest first."""
        parameters: dict[str, Any] = {
            "tenant": day.tenant, "start": day.start, "end": day.start + DAY, "as_of": as_of,
            "after_time": day.start, "after_key": "", "after_revision": -1, "page": PAGE,
        }  # fmt: skip
        pending: list[Sequence[Any]] = []
        while True:
            rows = await self._clickhouse.query(_ENTRIES, parameters)
            last = len(rows) < parameters["page"]
            pending += rows
            # The page's last event may go on in the next one.
            whole = len(pending) if last else _start_of_last_event(pending)
            if whole:
                yield await asyncio.to_thread(_decoded, pending[:whole])
            if last:
                return
            pending = pending[whole:]
            time, key, revision = rows[-1][:3]
            parameters |= {"after_time": time, "after_key": key, "after_revision": revision}


def _start_of_last_event(rows: Sequence[Sequence[Any]]) -> int:
    event = rows[-1][1]
    at = len(rows) - 1
    while at and rows[at - 1][1] == event:
        at -= 1
    return at


def _decoded(rows: Sequence[Sequence[Any]]) -> list[Event]:
    return [
        [Revision(written, CostRecord.FromString(b64decode(record))) for _, _, _, written, record in group]
        for _, group in groupby(rows, key=itemgetter(1))
    ]
