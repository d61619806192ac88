"""The queue of use without a price, read from the hourly sums."""

from __future__ import annotations

from typing import Any

from finops.ledger.v1.ledger_pb2 import UnpricedUse
from finops.usage.v1.usage_pb2 import Quantities

from services.common import money
from services.common.clickhouse import ClickHouse
from services.common.clock import HOUR, SECOND
from services.common.dimensions import BUCKETS
from services.ledger.domain.unpriced import GroupCursor

_KEYS = "tenant_id, provider, model, service_tier"

# Summed by hour first: what a later price took back cancels there what was unpriced before.
_GROUPS = """
SELECT {keys}, sum(hour_unpriced), sum(hour_shadow), min(hour), max(hour), {buckets}
FROM
(
    SELECT {keys}, toInt64(toUnixTimestamp(start)) AS hour, sum(unpriced_events) AS hour_unpriced,
        sum(shadow_cost_picos) AS hour_shadow, {hour_buckets}
    FROM costs_hourly
    WHERE measurement = 'metered' AND {where}
        AND ({keys}) IN (SELECT {keys} FROM costs_hourly WHERE unpriced_events != 0 AND {where})
    GROUP BY {keys}, hour
    HAVING hour_unpriced > 0
)
GROUP BY {keys}
ORDER BY {keys}
LIMIT {{rows:UInt32}}
"""

# An event's rows add up to 1 while its latest revision lacks a price.
_BUCKETS = f"""
SELECT {_KEYS}, arraySort(groupUniqArrayArray(lacking))
FROM
(
    SELECT {_KEYS}, argMaxIf(unpriced_buckets, revision, NOT reversal) AS lacking
    FROM cost_entries
    WHERE measurement = 'metered' AND (status IN ('partial', 'unpriced') OR unpriced_events_delta != 0)
        AND tenant_id IN {{tenants:Array(String)}}
        AND (provider, model, service_tier) IN
        (
            SELECT arrayJoin(arrayZip({{providers:Array(String)}}, {{models:Array(String)}}, {{tiers:Array(String)}}))
        )
        AND time >= fromUnixTimestamp64Micro({{start:Int64}}, 'UTC')
        AND time < fromUnixTimestamp64Micro({{end:Int64}}, 'UTC')
    GROUP BY {_KEYS}, time, event_key
    HAVING sum(unpriced_events_delta) > 0
)
GROUP BY {_KEYS}
"""  # noqa: S608


class ClickHouseUnpriced:
    """Implements `handlers.unpriced.UnpricedReader`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def groups(self, tenant_id: str | None, after: GroupCursor | None, rows: int) -> list[UnpricedUse]:
        where, parameters = ["true"], dict[str, Any](rows=rows)
        if tenant_id is not None:
            where.append("tenant_id = {tenant:String}")
            parameters["tenant"] = tenant_id
        if after is not None:
            where.append(
                f"({_KEYS}) > ({{a_tenant:String}}, {{a_provider:String}}, {{a_model:String}}, {{a_tier:String}})"
            )
            parameters |= dict(zip(("a_tenant", "a_provider", "a_model", "a_tier"), after, strict=True))
        text = _GROUPS.format(
            keys=_KEYS,
            where=" AND ".join(where),
            buckets=", ".join(f"sum({bucket})" for bucket in _HOUR_BUCKETS),
            hour_buckets=", ".join(f"sum({b}) AS {h}" for b, h in zip(BUCKETS, _HOUR_BUCKETS, strict=True)),
        )
        found = [_group(row) for row in await self._clickhouse.query(text, parameters)]
        if found:
            await self._name_buckets(found)
        return found

    async def _name_buckets(self, groups: list[UnpricedUse]) -> None:
        by_key = {(g.tenant_id, g.provider, g.model, g.service_tier): g for g in groups}
        parameters = {
            "tenants": sorted({group.tenant_id for group in groups}),
            "providers": [group.provider for group in groups],
            "models": [group.model for group in groups],
            "tiers": [group.service_tier for group in groups],
            "start": min(group.first_hour_unix_micros for group in groups),
            "end": max(group.last_hour_unix_micros for group in groups) + HOUR,
        }
        for tenant, provider, model, tier, buckets in await self._clickhouse.query(_BUCKETS, parameters):
            group = by_key.get((tenant, provider, model, tier))
            if group is not None:
                group.buckets.extend(buckets)


_HOUR_BUCKETS = tuple(f"hour_{bucket}" for bucket in BUCKETS)


def _group(row: Any) -> UnpricedUse:
    tenant, provider, model, tier, events, shadow, first, last, *buckets = row
    return UnpricedUse(
        tenant_id=tenant,
        provider=provider,
        model=model,
        service_tier=tier,
        events=events,
        shadow_cost=money.to_proto(shadow),
        first_hour_unix_micros=first * SECOND,
        last_hour_unix_micros=last * SECOND,
        quantities=Quantities(**dict(zip(BUCKETS, buckets, strict=True))),
    )
