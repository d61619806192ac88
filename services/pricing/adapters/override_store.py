"""Contract prices, contracts and exchange rates in ClickHouse, read at start and again every few seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from finops.pricing.v1.pricing_pb2 import Contract as Message

from services.common.clickhouse import ClickHouse
from services.common.clock import Micros
from services.common.component import Health
from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.log import get_logger
from services.common.repeating import Repeating
from services.pricing.adapters.contract_store import ContractTables, Stored
from services.pricing.domain.fx import Rate, Rates
from services.pricing.domain.overrides import Override
from services.pricing.domain.prices import Ladder
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.contract_reading import contract_of

log = get_logger(__name__)

_COLUMNS = {
    "tenant_id": "String",
    "provider": "String",
    "model": "String",
    "service_tier": "LowCardinality(String)",
    "batch": "UInt8",
    "effective_from": "DateTime64(6, 'UTC')",
    "effective_to": "DateTime64(6, 'UTC')",
    "buckets": "Array(LowCardinality(String))",
    "above_input_tokens": "Array(Int64)",
    "prices": "Array(Int64)",
    "source": "String",
    "recorded_at": "DateTime64(6, 'UTC')",
    "recorded_by": "String",
}
_SELECT = (
    "SELECT tenant_id, provider, model, service_tier, batch, toUnixTimestamp64Micro(effective_from), "
    "toUnixTimestamp64Micro(effective_to), buckets, above_input_tokens, prices, source, "
    "toUnixTimestamp64Micro(recorded_at) FROM price_overrides FINAL"
)


class ClickHouseOverrides:
    """Keeps the pricer's contracts those of the table. A component; not ready before they were read once."""

    def __init__(self, clickhouse: ClickHouse, pricer: Pricer, *, refresh_seconds: float) -> None:
        self.name = "price overrides"
        self._clickhouse = clickhouse
        self._pricer = pricer
        self._refreshing = Repeating(self.name, self.refresh, seconds=refresh_seconds)
        self._loaded = False
        self._in_force: list[Override] = []
        self._tables = ContractTables(clickhouse)
        self._contracts: list[Stored] = []
        self._rates: list[Rate] = []

    async def start(self) -> None:
        await self._clickhouse.start()
        await self._refreshing.start()

    async def stop(self) -> None:
        await self._refreshing.stop()
        await self._clickhouse.stop()

    def health(self) -> Health:
        return Health(ready=self._loaded, detail="" if self._loaded else "contract prices not read yet")

    def ensure_loaded(self) -> None:
        if not self._loaded:
            raise UnavailableError("contract prices not read yet: waiting for ClickHouse", retry_after_seconds=1)

    async def put(self, override: Override, recorded_by: str) -> None:
        steps = [(b, above, price) for b, ladder in override.prices.items() for above, price in ladder]
        row: list[Any] = [
            override.tenant_id,
            override.provider,
            override.model,
            override.service_tier,
            int(override.batch),
            override.effective_from,
            override.effective_to,
            [step[0] for step in steps],
            [step[1] for step in steps],
            [step[2] for step in steps],
            override.source,
            override.recorded,
            recorded_by,
        ]
        await self._clickhouse.insert(
            "price_overrides", list(_COLUMNS), [[value] for value in row], column_types=list(_COLUMNS.values())
        )
        await self.refresh()

    async def refresh(self) -> None:
        """Reads the table.

        Raises:
            UnavailableError: ClickHouse is away.
        """
        found = [_override(row) for row in await self._clickhouse.query(_SELECT)]
        found.sort(key=lambda o: (o.tenant_id, o.name, o.service_tier, o.batch, o.effective_from))
        if found != self._in_force:
            self._pricer.use(found)
            self._in_force = found
        await self._refresh_contracts()
        self._loaded = True

    def messages(self, tenant_id: str) -> Sequence[Message]:
        """The tenant's contracts as they were put, by name."""
        return [stored.message for stored in self._contracts if stored.tenant_id == tenant_id]

    async def put_contract(self, tenant_id: str, contract: Message) -> None:
        await self._tables.put(tenant_id, contract)
        await self.refresh()

    async def remove_contract(self, tenant_id: str, name: str, recorded: Micros, recorded_by: str) -> None:
        await self._tables.remove(tenant_id, name, recorded, recorded_by)
        await self.refresh()

    async def put_rates(self, rates: Sequence[Rate], recorded: Micros, recorded_by: str) -> None:
        await self._tables.put_rates(rates, recorded, recorded_by)
        await self.refresh()

    async def _refresh_contracts(self) -> None:
        contracts, rates = await self._tables.contracts(), await self._tables.rates()
        if (contracts, rates) == (self._contracts, self._rates):
            return
        known, catalogue = Rates(rates), self._pricer.book.catalogue
        read = []
        for stored in contracts:
            try:
                read.append(contract_of(stored.message, stored.tenant_id, catalogue, known))
            except InvalidArgumentError as error:
                # Only an upgrade that reads contracts more strictly can make one so; the others go on.
                log.error(
                    "a contract cannot be used and does not count: put it again",
                    tenant=stored.tenant_id,
                    contract=stored.message.name,
                    faults=[f"{v.field}: {v.description}" for v in error.violations],
                )
        self._pricer.use_contracts(read, known)
        self._contracts, self._rates = contracts, rates


def _override(row: Sequence[Any]) -> Override:
    steps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for bucket, above, price in zip(row[7], row[8], row[9], strict=True):
        steps[bucket].append((above, price))
    prices: dict[str, Ladder] = {bucket: tuple(sorted(ladder)) for bucket, ladder in steps.items()}
    return Override(
        tenant_id=row[0],
        provider=row[1],
        model=row[2],
        service_tier=row[3],
        batch=bool(row[4]),
        prices=prices,
        effective_from=row[5],
        effective_to=row[6],
        recorded=row[11],
        source=row[10],
    )
