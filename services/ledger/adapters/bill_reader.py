"""What was reported and what was metered, as reconciliation reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.clickhouse import ClickHouse
from services.common.clock import DAY, Micros
from services.common.dimensions import BOOKED_SOURCES, TOKEN_BUCKETS
from services.common.errors import InvalidArgumentError
from services.ledger.adapters.sql import within
from services.ledger.domain.bill_rows import (
    COUNTED,
    CREDITS,
    Account,
    MeteredRow,
    ReportedRow,
    Tenancy,
    bucket_of,
    charge_of,
    comparable,
)
from services.ledger.domain.query import Range
from services.ledger.handlers.bill import Suspicious

MAX_ROWS = 200_000

_STEPS = [10**exponent for exponent in range(10, -1, -1)]

# Reported rows are few among the entries and tell more by their tags than the rollups know. An entry that was written
# twice counts as it was written first.
_REPORTED = f"""
SELECT tenant_id, provider, day, project, key, model, source, has_amount, charge, unit, token_type, line_item,
    sum(amount), sum(arrayFirst(step -> amount % step = 0, {_STEPS})), max(written),
    {", ".join(f"sum(event_{bucket})" for bucket in COUNTED)}
FROM
(
    SELECT tenant_id, provider, intDiv(toUnixTimestamp(time), 86400) AS day, project, key, model, source, event_key,
        tags['charge'] AS charge, tags['unit'] AS unit, tags['token_type'] AS token_type,
        tags['line_item'] AS line_item, max(endsWith(price_id, ' (billed)')) AS has_amount,
        sum(toInt128(cost_picos_delta)) AS amount, toUnixTimestamp64Micro(max(written_at)) AS written,
        {", ".join(f"sum({bucket}_delta) AS event_{bucket}" for bucket in COUNTED)}
    FROM
    (
        SELECT * FROM cost_entries
        WHERE measurement = 'reported' AND {{where}}
        ORDER BY precedence DESC
        LIMIT 1 BY tenant_id, time, event_key, revision, reversal
    )
    GROUP BY tenant_id, provider, day, project, key, model, source, event_key, charge, unit, token_type, line_item
)
GROUP BY tenant_id, provider, day, project, key, model, source, has_amount, charge, unit, token_type, line_item
LIMIT {MAX_ROWS + 1}
"""  # noqa: S608

_METERED = f"""
SELECT tenant_id, provider, intDiv(toUnixTimestamp(start), 86400) AS day, project, key, model, sum(cost_picos),
    sum(shadow_cost_picos), sumIf(cost_picos, seats != 0), sumIf(cost_picos, source IN {{booked:Array(String)}}),
    {", ".join(f"sum({bucket})" for bucket in COUNTED)}
FROM costs_daily
WHERE measurement = 'metered' AND {{where}}
GROUP BY tenant_id, provider, day, project, key, model
LIMIT {MAX_ROWS + 1}
"""  # noqa: S608

# An event is as its latest revision left it. Amounts of zero that a vendor billed itself have no price of ours.
_SUSPICIOUS = f"""
SELECT tenant_id, provider, model, service_tier, source, price_id, count(), sum(tokens), min(at), max(at)
FROM
(
    SELECT tenant_id, toUnixTimestamp64Micro(time) AS at, event_key, argMax(cost_picos, revision) AS cost,
        argMax(shadow_cost_picos, revision) AS shadow, argMax(status, revision) AS now,
        argMax(outcome, revision) AS ended, argMax(price_id, revision) AS price_id,
        argMax(cost_entries.provider, revision) AS provider, argMax(cost_entries.model, revision) AS model,
        argMax(cost_entries.service_tier, revision) AS service_tier, any(cost_entries.source) AS source,
        sumIf({" + ".join(f"{bucket}_delta" for bucket in TOKEN_BUCKETS)}, true) AS tokens
    FROM cost_entries FINAL
    WHERE measurement = 'metered' AND {{where}} AND (tenant_id, time, event_key) IN
    (
        SELECT tenant_id, time, event_key FROM cost_entries
        WHERE measurement = 'metered' AND {{where}} AND cost_picos = 0 AND shadow_cost_picos = 0
            AND status = 'priced' AND outcome = 'answered'
    )
    GROUP BY tenant_id, time, event_key
    HAVING tokens > 0 AND cost = 0 AND shadow = 0 AND now = 'priced' AND ended = 'answered'
        AND NOT endsWith(price_id, ' (billed)')
)
GROUP BY tenant_id, provider, model, service_tier, source, price_id
ORDER BY tenant_id, count() DESC, provider, model, service_tier, source, price_id
LIMIT 1000
"""  # noqa: S608


class ClickHouseBills:
    """Implements `handlers.bill.BillReader`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def reported(
        self, tenant_id: str | None, span: Range, provider: str
    ) -> tuple[list[ReportedRow], Mapping[Tenancy, Micros]]:
        rows = await self._rows(_REPORTED, tenant_id, span, provider, "time")
        latest: dict[Tenancy, Micros] = {}
        for row in rows:
            of = _tenancy(row)
            latest[of] = max(latest.get(of, 0), row[14])
        return [_reported(row) for row in rows], latest

    async def metered(self, tenant_id: str | None, span: Range, provider: str) -> list[MeteredRow]:
        return [_metered(row) for row in await self._rows(_METERED, tenant_id, span, provider, "start")]

    async def suspicious(self, tenant_id: str | None, span: Range, provider: str) -> list[Suspicious]:
        return [Suspicious(*row) for row in await self._rows(_SUSPICIOUS, tenant_id, span, provider, "time")]

    async def _rows(
        self, text: str, tenant_id: str | None, span: Range, provider: str, column: str
    ) -> list[Sequence[Any]]:
        where = [within(column)]
        parameters: dict[str, Any] = {"start": span.start, "end": span.end, "booked": sorted(BOOKED_SOURCES)}
        if tenant_id is not None:
            where.append("tenant_id = {tenant:String}")
            parameters["tenant"] = tenant_id
        if provider:
            where.append(
                "cost_entries.provider = {provider:String}" if column == "time" else "provider = {provider:String}"
            )
            parameters["provider"] = provider
        sql = text.replace("{where}", " AND ".join(where))
        rows = await self._clickhouse.query(sql, parameters)
        if len(rows) > MAX_ROWS:
            raise InvalidArgumentError.of("end", f"more than {MAX_ROWS} rows to compare: ask for fewer days")
        return rows


def _tenancy(row: Sequence[Any]) -> Tenancy:
    return Tenancy(row[0], row[1], row[2] * DAY)


def _counts(values: Sequence[int]) -> dict[str, int]:
    return comparable(dict(zip(COUNTED, values, strict=True)))


def _reported(row: Sequence[Any]) -> ReportedRow:
    source, has_amount, charge, unit, token_type, line_item, amount, steps = row[6:14]
    counts = _counts(row[15:])
    if not has_amount:
        # Reports of usage write other things than tokens as credits: images, seconds, sessions.
        counts.pop(CREDITS, None)
    return ReportedRow(
        of=_tenancy(row),
        account=Account(*row[3:6]),
        source=source,
        has_amount=bool(has_amount),
        amount=amount,
        slack=steps // 2 if has_amount else 0,
        tokens=counts,
        charge=charge_of(charge, unit),
        bucket=bucket_of(token_type, line_item, counts),
    )


def _metered(row: Sequence[Any]) -> MeteredRow:
    cost, shadow, seats, booked = row[6:10]
    return MeteredRow(_tenancy(row), Account(*row[3:6]), cost, shadow, seats, booked, _counts(row[10:]))
