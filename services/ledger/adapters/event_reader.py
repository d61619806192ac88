"""Events as they stand now, read from `cost_entries` in the order in which they lie there."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence

from services.common import filters
from services.common.clickhouse import ClickHouse
from services.common.filters import Filter
from services.ledger.adapters import sql
from services.ledger.adapters.sql import Statement
from services.ledger.domain.latest import Change, EventCursor, Standing, standings
from services.ledger.domain.query import Range

_ORDER = "tenant_id, time, event_key, revision, reversal, precedence DESC"
"""Begins as the table's own order does, so that a page reads little more than its own rows. Without FINAL: of a
revision written twice the row written first comes first, and only that one is counted."""
_COLUMNS = (
    "tenant_id, toUnixTimestamp64Micro(time), event_key, revision, reversal, events_delta, unpriced_events_delta, "
    "base64Encode(record)"
)
MOST_ROWS = 1_000_000
"""Of one event, that are read to see it whole."""


class ClickHouseEvents:
    """Implements `handlers.events.EventReader`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def events(
        self,
        tenant_id: str | None,
        span: Range,
        parsed: Filter,
        only_unpriced: bool,
        after: EventCursor | None,
        rows: int,
        keys: Sequence[bytes] = (),
    ) -> tuple[list[Standing], int]:
        while True:
            asked = statement(_COLUMNS, tenant_id, span, parsed, only_unpriced, after, rows, keys)
            found = [
                Change(EventCursor(tenant, time, key), revision, bool(reversal), events, unpriced, b64decode(record))
                for tenant, time, key, revision, reversal, events, unpriced, record in await self._clickhouse.query(
                    asked.text, asked.parameters
                )
            ]
            seen = standings(found, only_unpriced=only_unpriced)
            if len(found) < rows:
                return seen, len(seen)
            # The last event may have further rows. One that fills a whole page is read again with more room.
            if len(seen) > 1 or rows >= MOST_ROWS:
                return seen, max(len(seen) - 1, 1)
            rows *= 2


def statement(
    columns: str,
    tenant_id: str | None,
    span: Range,
    parsed: Filter,
    only_unpriced: bool,
    after: EventCursor | None,
    rows: int,
    keys: Sequence[bytes] = (),
) -> Statement:
    """So many rows of these events, after a place in their order."""
    made = Statement(parameters={"start": span.start, "end": span.end, "rows": rows})
    where = [sql.within("time"), "measurement = 'metered'"]
    if tenant_id is not None:
        where.append("tenant_id = {tenant:String}")
        made.parameters["tenant"] = tenant_id
    where.append(f"({filters.to_sql(parsed, sql.DIMENSION_COLUMNS, 'tags', made.parameters)})")
    if only_unpriced:
        where.append("(status IN ('partial', 'unpriced') OR unpriced_events_delta != 0)")
    if keys:
        where.append(f"event_key IN ({sql.KEYS})")
        made.parameters["keys"] = b"".join(keys).hex()
    if after is not None:
        at = "fromUnixTimestamp64Micro({after_time:Int64}, 'UTC')"
        where += [
            "tenant_id >= {after_tenant:String}",
            f"(tenant_id > {{after_tenant:String}} OR time >= {at})",
            f"(tenant_id, time, event_key) > ({{after_tenant:String}}, {at}, unhex({{after_key:String}}))",
        ]
        made.parameters |= {
            "after_tenant": after.tenant_id, "after_time": after.time, "after_key": after.event_key.hex(),
        }  # fmt: skip
    made.text = (
        f"SELECT {columns} FROM cost_entries "  # noqa: S608
        f"WHERE {' AND '.join(where)} ORDER BY {_ORDER} LIMIT {{rows:UInt32}}"
    )
    return made
