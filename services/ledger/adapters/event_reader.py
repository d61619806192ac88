"""Events as they stand now, read from `cost_entries` in the order in which they lie there."""

from __future__ import annotations

from base64 import b64decode

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
_MOST_ROWS = 1_000_000


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
    ) -> tuple[list[Standing], int]:
        while True:
            statement = _statement(tenant_id, span, parsed, only_unpriced, after, rows)
            found = [
                Change(EventCursor(tenant, time, key), revision, bool(reversal), events, unpriced, b64decode(record))
                for tenant, time, key, revision, reversal, events, unpriced, record in await self._clickhouse.query(
                    statement.text, statement.parameters
                )
            ]
            seen = standings(found, only_unpriced=only_unpriced)
            if len(found) < rows:
                return seen, len(seen)
            # The last event may have further rows. One that fills a whole page is read again with more room.
            if len(seen) > 1 or rows >= _MOST_ROWS:
                return seen, max(len(seen) - 1, 1)
            rows *= 2


def _statement(
    tenant_id: str | None, span: Range, parsed: Filter, only_unpriced: bool, after: EventCursor | None, rows: int
) -> Statement:
    """Rows of: tenant, time, event key, revision, reversal, events and unpriced events added, CostRecord in base64."""
    statement = Statement(parameters={"start": span.start, "end": span.end, "rows": rows})
    where = [sql.within("time"), "measurement = 'metered'"]
    if tenant_id is not None:
        where.append("tenant_id = {tenant:String}")
        statement.parameters["tenant"] = tenant_id
    where.append(f"({filters.to_sql(parsed, sql.DIMENSION_COLUMNS, 'tags', statement.parameters)})")
    if only_unpriced:
        where.append("(status IN ('partial', 'unpriced') OR unpriced_events_delta != 0)")
    if after is not None:
        at = "fromUnixTimestamp64Micro({after_time:Int64}, 'UTC')"
        where += [
            "tenant_id >= {after_tenant:String}",
            f"(tenant_id > {{after_tenant:String}} OR time >= {at})",
            f"(tenant_id, time, event_key) > ({{after_tenant:String}}, {at}, unhex({{after_key:String}}))",
        ]
        statement.parameters |= {
            "after_tenant": after.tenant_id, "after_time": after.time, "after_key": after.event_key.hex(),
        }  # fmt: skip
    statement.text = (
        "SELECT tenant_id, toUnixTimestamp64Micro(time), event_key, revision, reversal, events_delta, "  # noqa: S608
        "unpriced_events_delta, base64Encode(record) FROM cost_entries "
        f"WHERE {' AND '.join(where)} ORDER BY {_ORDER} LIMIT {{rows:UInt32}}"
    )
    return statement
