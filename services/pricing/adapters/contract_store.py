"""Contracts and exchange rates in ClickHouse. Every version is kept; the last one counts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from finops.pricing.v1.pricing_pb2 import Contract as Message
from google.protobuf.json_format import MessageToJson, Parse

from services.common.clickhouse import ClickHouse
from services.common.clock import Micros
from services.pricing.domain.fx import Rate

_CONTRACT_COLUMNS = {
    "tenant_id": "String",
    "name": "String",
    "definition": "String",
    "recorded_at": "DateTime64(6, 'UTC')",
    "recorded_by": "String",
}
_CONTRACTS = (
    "SELECT tenant_id, definition FROM (SELECT tenant_id, name, definition FROM contracts "
    "ORDER BY tenant_id, name, recorded_at DESC LIMIT 1 BY tenant_id, name) WHERE definition != ''"
)
_RATE_COLUMNS = {
    "tenant_id": "String",
    "currency": "LowCardinality(String)",
    "day": "DateTime64(6, 'UTC')",
    "usd_per_unit": "String",
    "source": "String",
    "recorded_at": "DateTime64(6, 'UTC')",
    "recorded_by": "String",
}
_RATES = (
    "SELECT tenant_id, currency, toUnixTimestamp64Micro(day), usd_per_unit, source FROM fx_rates "
    "ORDER BY tenant_id, currency, day, recorded_at DESC LIMIT 1 BY tenant_id, currency, day"
)


class Stored(NamedTuple):
    """A contract as it was put."""

    tenant_id: str
    message: Message


class ContractTables:
    """The two tables."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def contracts(self) -> list[Stored]:
        """Those that were not removed."""
        rows = await self._clickhouse.query(_CONTRACTS)
        return [Stored(row[0], Parse(row[1], Message(), ignore_unknown_fields=True)) for row in rows]

    async def rates(self) -> list[Rate]:
        """One for each tenant, currency and day."""
        return [
            Rate(tenant_id, currency, day, Decimal(dollars), source)
            for tenant_id, currency, day, dollars, source in await self._clickhouse.query(_RATES)
        ]

    async def put(self, tenant_id: str, contract: Message) -> None:
        """Writes a version. `recorded` and `recorded_by` are set."""
        text = MessageToJson(contract, indent=None)
        await self._write(tenant_id, contract.name, text, contract.recorded_unix_micros, contract.recorded_by)

    async def remove(self, tenant_id: str, name: str, recorded: Micros, recorded_by: str) -> None:
        """Writes that there is none any more."""
        await self._write(tenant_id, name, "", recorded, recorded_by)

    async def put_rates(self, rates: Sequence[Rate], recorded: Micros, recorded_by: str) -> None:
        """Writes them as one block."""
        columns: list[list[Any]] = [
            [rate.tenant_id for rate in rates],
            [rate.currency for rate in rates],
            [rate.day for rate in rates],
            [str(rate.dollars) for rate in rates],
            [rate.source for rate in rates],
            [recorded] * len(rates),
            [recorded_by] * len(rates),
        ]
        await self._clickhouse.insert(
            "fx_rates", list(_RATE_COLUMNS), columns, column_types=list(_RATE_COLUMNS.values())
        )

    async def _write(self, tenant_id: str, name: str, definition: str, recorded: Micros, recorded_by: str) -> None:
        row = [tenant_id, name, definition, recorded, recorded_by]
        await self._clickhouse.insert(
            "contracts",
            list(_CONTRACT_COLUMNS),
            [[value] for value in row],
            column_types=list(_CONTRACT_COLUMNS.values()),
        )
