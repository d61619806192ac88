"""A bill of the organisation: OpenAI charges a tenth more than was metered of its models, and tells no tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from finops.cost.v1.cost_pb2 import CostRecord

from services.common.clock import DAY, Micros
from services.ledger.domain.bill_rows import Account, MeteredRow, ReportedRow, Tenancy
from services.ledger.domain.query import Range
from services.ledger.handlers.bill import Suspicious

BILLED = "openai"


class Bills:
    """Implements `services.ledger.handlers.bill.BillReader`."""

    def __init__(self, hours: Sequence[CostRecord]) -> None:
        self._hours = hours

    async def reported(
        self, tenant_id: str | None, span: Range, provider: str
    ) -> tuple[list[ReportedRow], Mapping[Tenancy, Micros]]:
        rows = [
            ReportedRow(row.of, row.account, "openai-costs", True, row.cost * 11 // 10)
            for row in await self.metered(tenant_id, span, provider)
            if row.of.provider == BILLED
        ]
        return rows, {row.of: row.of.day + DAY for row in rows}

    async def metered(self, tenant_id: str | None, span: Range, provider: str) -> list[MeteredRow]:
        return [
            MeteredRow(
                Tenancy(tenant_id or "", usage.provider, usage.time_unix_micros // DAY * DAY),
                Account(usage.project, usage.key, usage.model), record.cost_delta_picos, record.shadow_cost_delta_picos,
            )
            for record in self._within(span, provider)
            for usage in [record.usage]
        ]  # fmt: skip

    async def suspicious(self, tenant_id: str | None, span: Range, provider: str) -> list[Suspicious]:
        record = next(self._within(span, provider), None)
        if record is None:
            return []
        usage = record.usage
        at = usage.time_unix_micros
        return [Suspicious(tenant_id or "", usage.provider, usage.model, "", usage.source, "free", 1, 50, at, at)]

    def _within(self, span: Range, provider: str) -> Iterator[CostRecord]:
        for record in self._hours:
            if span.start <= record.usage.time_unix_micros < span.end and provider in ("", record.usage.provider):
                yield record
