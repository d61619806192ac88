"""The ledger in memory: adds up one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1 import ledger_pb2 as ledger
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer
from finops.usage.v1.usage_pb2 import Quantities

from services.common import auth, filters, money
from services.common.auth import Access
from services.common.clock import HOUR, to_datetime
from services.common.dimensions import BUCKETS, reader
from services.common.errors import InvalidArgumentError
from services.console.domain.periods import day_start
from services.ledger.handlers.bill import BillQueries
from tests.e2e.console_data import Tenant
from tests.e2e.console_peers.bills import Bills
from tests.e2e.console_peers.world import World, page_of


class Ledger(LedgerServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def QueryCosts(self, request: ledger.QueryCostsRequest, _context: Any) -> ledger.QueryCostsResponse:
        tenant = self._world.of("ledger")
        readers = [reader(name) for name in request.group_by]
        groups: dict[tuple[tuple[str, ...], int], list[CostRecord]] = {}
        for record in _within(tenant, request.start_unix_micros, request.end_unix_micros, request.filter):
            bucket = _bucket(request.granularity, record.usage.time_unix_micros, request.time_zone)
            groups.setdefault((tuple(read(record.usage) for read in readers), bucket), []).append(record)
        rows = [_row(group, bucket, records) for (group, bucket), records in groups.items()]
        return ledger.QueryCostsResponse(rows=rows, read_from="rollup_hourly")

    async def ListCostEntries(
        self, request: ledger.ListCostEntriesRequest, _context: Any
    ) -> ledger.ListCostEntriesResponse:
        tenant = self._world.of("ledger")
        found = list(_within(tenant, request.start_unix_micros, request.end_unix_micros, request.filter))
        found.sort(key=lambda record: -record.usage.time_unix_micros)
        page, token = page_of(found, request.page_size, request.page_token)
        return ledger.ListCostEntriesResponse(entries=page, next_page_token=token)

    async def ListUnpriced(self, request: ledger.ListUnpricedRequest, _context: Any) -> ledger.ListUnpricedResponse:
        found: dict[tuple[str, str, str], ledger.UnpricedUse] = {}
        for record in self._world.of("ledger").hours:
            usage, hour = record.usage, record.usage.time_unix_micros // HOUR * HOUR
            if not record.unpriced_events_delta:
                continue
            name = (usage.provider, usage.model, usage.service_tier)
            use = found.setdefault(
                name,
                ledger.UnpricedUse(provider=name[0], model=name[1], service_tier=name[2], first_hour_unix_micros=hour),
            )
            use.events += record.unpriced_events_delta
            use.buckets[:] = sorted({*use.buckets, *record.rating.unpriced_buckets})
            shadow = money.from_proto(use.shadow_cost) + record.shadow_cost_delta_picos
            use.shadow_cost.CopyFrom(money.to_proto(shadow))
            use.first_hour_unix_micros = min(use.first_hour_unix_micros, hour)
            use.last_hour_unix_micros = max(use.last_hour_unix_micros, hour)
        page, token = page_of([found[name] for name in sorted(found)], request.page_size, request.page_token)
        return ledger.ListUnpricedResponse(groups=page, next_page_token=token)

    async def ReconcileBill(self, request: ledger.ReconcileBillRequest, _context: Any) -> ledger.ReconcileBillResponse:
        tenant = self._world.of("ledger")
        return await BillQueries(Bills(tenant.hours)).reconcile_bill(request, auth.current(Access.READ))


def _within(tenant: Tenant, start: int, end: int, condition: str) -> Iterable[CostRecord]:
    try:
        passes = filters.predicate(filters.parse(condition), reader)
    except filters.FilterError as error:
        raise InvalidArgumentError.of("filter", str(error)) from error
    return (r for r in tenant.hours if start <= r.usage.time_unix_micros < end and passes(r.usage))


def _bucket(granularity: int, moment: int, zone_name: str) -> int:
    tz = ZoneInfo(zone_name or "UTC")
    day = to_datetime(moment).astimezone(tz).date()
    match granularity:
        case ledger.GRANULARITY_HOUR:
            return moment // HOUR * HOUR
        case ledger.GRANULARITY_DAY:
            return day_start(day, tz)
        case ledger.GRANULARITY_WEEK:
            return day_start(day.fromordinal(day.toordinal() - day.weekday()), tz)
        case ledger.GRANULARITY_MONTH:
            return day_start(day.replace(day=1), tz)
        case _:
            return 0


def _row(group: tuple[str, ...], bucket: int, records: list[CostRecord]) -> ledger.CostRow:
    return ledger.CostRow(
        group=group,
        time_unix_micros=bucket,
        cost=money.to_proto(sum(r.cost_delta_picos for r in records)),
        shadow_cost=money.to_proto(sum(r.shadow_cost_delta_picos for r in records)),
        quantities=Quantities(**{name: sum(getattr(r.quantity_delta, name) for r in records) for name in BUCKETS}),
        events=len(records),
        unpriced_events=sum(r.unpriced_events_delta for r in records),
    )
