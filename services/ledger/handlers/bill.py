"""Proof against the bill: metered spend beside what providers reported. Limited to what the caller's key may see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple, Protocol

from finops.ledger.v1.ledger_pb2 import (
    BillCause,
    BillExplanation,
    BillLine,
    BillProvider,
    ReconcileBillRequest,
    ReconcileBillResponse,
    SuspiciousUse,
)

from services.common import money
from services.common.auth import Principal
from services.common.clock import DAY, Clock, Micros
from services.common.errors import InvalidArgumentError
from services.common.money import Picos
from services.ledger.domain.bill_cells import Cause
from services.ledger.domain.bill_reconciliation import Line, reconcile, total
from services.ledger.domain.bill_rows import MeteredRow, ReportedRow, Tenancy
from services.ledger.domain.query import Range, read_listing
from services.ledger.handlers.queries import tenant_of

MAX_DAYS = 92
MAX_LINES = 20_000
"""With their explanations they fill a gRPC message."""


class Suspicious(NamedTuple):
    """Metered use with tokens that counts nothing, though it is neither free nor unpriced."""

    tenant_id: str
    provider: str
    model: str
    service_tier: str
    source: str
    price_id: str
    events: int
    tokens: int
    first: Micros
    last: Micros


class BillReader(Protocol):
    """Reads the ledger. `tenant_id` None: every tenant; `provider` "": every one. Raises UnavailableError while the
    database is away, and InvalidArgumentError where there is more than can be compared at once."""

    async def reported(
        self, tenant_id: str | None, span: Range, provider: str
    ) -> tuple[list[ReportedRow], Mapping[Tenancy, Micros]]:
        """Rows of every report, and when the ledger last took one on."""
        ...

    async def metered(self, tenant_id: str | None, span: Range, provider: str) -> list[MeteredRow]: ...

    async def suspicious(self, tenant_id: str | None, span: Range, provider: str) -> list[Suspicious]: ...


class BillMeasures(Protocol):
    """What is told to monitoring, by provider."""

    def unexplained(self, picos: Mapping[str, Picos]) -> None: ...

    def last_reports(self, moments: Mapping[str, Micros]) -> None: ...


class BillQueries:
    """The use case behind ReconcileBill."""

    def __init__(self, reader: BillReader) -> None:
        self._reader = reader

    async def reconcile_bill(self, request: ReconcileBillRequest, principal: Principal) -> ReconcileBillResponse:
        """Every line of the range, sums by provider, and what looks wrong.

        Raises:
            InvalidArgumentError: no whole UTC days, too many of them, or too many lines.
        """
        tenant_id, span = tenant_of(principal), _span(request)
        (reported, latest), metered, suspicious = await asyncio.gather(
            self._reader.reported(tenant_id, span, request.provider),
            self._reader.metered(tenant_id, span, request.provider),
            self._reader.suspicious(tenant_id, span, request.provider),
        )
        lines = await asyncio.to_thread(reconcile, reported, metered)
        if len(lines) > MAX_LINES:
            raise InvalidArgumentError.of(
                "end_unix_micros", f"{len(lines)} lines, at most {MAX_LINES}: ask for fewer days or for one provider"
            )
        return ReconcileBillResponse(
            providers=_providers(lines, latest),
            lines=[_line(line) for line in lines],
            suspicious=[_suspicious(found) for found in suspicious],
        )


class BillWatch:
    """Tells monitoring what the last whole days leave unexplained, all tenants together."""

    def __init__(self, reader: BillReader, measures: BillMeasures, clock: Clock, days: int) -> None:
        self._reader = reader
        self._measures = measures
        self._clock = clock
        self._days = days

    async def run(self) -> None:
        """Raises UnavailableError while ClickHouse is away."""
        end = self._clock.now() // DAY * DAY
        span = Range(end - self._days * DAY, end)
        reported, latest = await self._reader.reported(None, span, "")
        lines = await asyncio.to_thread(reconcile, reported, await self._reader.metered(None, span, ""))
        sums: dict[str, Picos] = {of.provider: 0 for of in latest}
        for line in lines:
            if line.of.provider in sums:
                sums[line.of.provider] += line.explanations.get(Cause.UNEXPLAINED, 0)
        moments: dict[str, Micros] = {}
        for of, moment in latest.items():
            moments[of.provider] = max(moments.get(of.provider, 0), moment)
        self._measures.unexplained(sums)
        self._measures.last_reports(moments)


def _span(request: ReconcileBillRequest) -> Range:
    span, _ = read_listing(request.start_unix_micros, request.end_unix_micros, "")
    for name, moment in (("start_unix_micros", span.start), ("end_unix_micros", span.end)):
        if moment % DAY:
            raise InvalidArgumentError.of(name, "is no UTC midnight: bills are compared by whole UTC days")
    if span.end - span.start > MAX_DAYS * DAY:
        raise InvalidArgumentError.of("end_unix_micros", f"more than {MAX_DAYS} days after start: ask in parts")
    return span


def _providers(lines: Iterable[Line], latest: Mapping[Tenancy, Micros]) -> list[BillProvider]:
    found = []
    for (tenant_id, provider), group in groupby(lines, key=lambda line: (line.of.tenant_id, line.of.provider)):
        of_provider = list(group)
        reported = sum(line.reported for line in of_provider)
        metered = sum(line.metered for line in of_provider)
        moments = [moment for of, moment in latest.items() if (of.tenant_id, of.provider) == (tenant_id, provider)]
        found.append(
            BillProvider(
                tenant_id=tenant_id,
                provider=provider,
                reported=money.to_proto(reported),
                metered=money.to_proto(metered),
                difference=money.to_proto(reported - metered),
                explanations=_explanations(total(of_provider)),
                days=len({line.of.day for line in of_provider}),
                days_reported=len({line.of.day for line in of_provider if line.cost_source}),
                last_report_unix_micros=max(moments, default=0),
            )
        )
    return found


def _line(line: Line) -> BillLine:
    return BillLine(
        tenant_id=line.of.tenant_id,
        provider=line.of.provider,
        day_unix_micros=line.of.day,
        project=line.account.project,
        key=line.account.key,
        model=line.account.model,
        reported=money.to_proto(line.reported),
        metered=money.to_proto(line.metered),
        difference=money.to_proto(line.reported - line.metered),
        explanations=_explanations(line.explanations),
        cost_source=line.cost_source,
        usage_source=line.usage_source,
    )


def _explanations(amounts: Mapping[Cause, Picos]) -> list[BillExplanation]:
    return [
        BillExplanation(cause=BillCause.Name(cause), amount=money.to_proto(amount))
        for cause, amount in amounts.items()
        if amount
    ]


def _suspicious(found: Suspicious) -> SuspiciousUse:
    return SuspiciousUse(
        tenant_id=found.tenant_id,
        provider=found.provider,
        model=found.model,
        service_tier=found.service_tier,
        source=found.source,
        price_id=found.price_id,
        events=found.events,
        tokens=found.tokens,
        first_unix_micros=found.first,
        last_unix_micros=found.last,
    )
