"""What the use cases ask of the outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from finops.budget.v1.budget_pb2 import BudgetAlert

from services.budget.domain.alerts import Told
from services.budget.domain.awaiting import EventId
from services.budget.domain.budget import Budget
from services.budget.domain.mirror import Entry, Mirror
from services.budget.domain.periods import Window
from services.budget.domain.sums import NOTHING, Amounts, Position
from services.common.clock import Micros


class BudgetStore(Protocol):
    """The stored definitions. Every method raises UnavailableError where the store is away."""

    async def fingerprint(self) -> object:
        """Differs after any write."""
        ...

    async def load(self) -> Sequence[Budget]:
        """The latest version of every budget, deleted ones too."""
        ...

    async def find(self, tenant_id: str, budget_id: str) -> Budget | None:
        """The latest version, even a deleted one."""
        ...

    async def save(self, budget: Budget) -> None: ...


class AlertArchive(Protocol):
    """What was told of thresholds, for good; the topic forgets it. Raises UnavailableError where it is away."""

    async def load(self, period_end_after: Micros) -> Sequence[tuple[Told, Micros]]:
        """What was told of thresholds, and when; the earliest first."""
        ...

    async def save(self, alerts: Sequence[BudgetAlert]) -> None: ...


class AlertLog(Protocol):
    """finops.budget-alerts.v1."""

    async def publish(self, alerts: Sequence[BudgetAlert]) -> None:
        """Returns once they are durable.

        Raises:
            UnavailableError: not acknowledged; some may be durable all the same.
        """
        ...


class Journal(Protocol):
    """finops.budget-state.v1, and a live copy of it and of the alerts."""

    @property
    def mirror(self) -> Mirror: ...

    @property
    def partitions(self) -> int:
        """Of the cost log; 0 until known."""
        ...

    async def append(self, entries: Sequence[Entry]) -> None:
        """Returns once they are durable, in this order.

        Raises:
            UnavailableError: not acknowledged; some may be durable all the same.
        """
        ...

    async def caught_up(self) -> None:
        """Returns once the copy holds everything that was durable when this was called.

        Raises:
            UnavailableError: Kafka is away.
        """
        ...


@dataclass(frozen=True)
class LedgerPositions:
    """How far the ledger has written each partition of the cost log."""

    costs: Mapping[int, int]
    usage: Mapping[int, int]

    def of(self, partition: int) -> Position:
        """The last cost record written of a partition, and the usage record it came from."""
        return Position(self.costs.get(partition, NOTHING), self.usage.get(partition, NOTHING))


class Ledger(Protocol):
    """The store of record. Raises UnavailableError where it is away."""

    async def positions(self, incarnation: str) -> LedgerPositions: ...

    async def spend(
        self,
        tenant_id: str,
        scope_filter: str,
        window: Window,
        incarnation: str,
        through: Mapping[int, int],
        *,
        per: str,
        other_incarnations: bool,
    ) -> Mapping[int, Mapping[str | None, Amounts]]:
        """Spend by partition, of records up to the offsets in `through`; other incarnations' under -1. Then the whole
        under None and, where `per` names a dimension, that of each of its values."""
        ...


class Arrivals(Protocol):
    """Who awaits usage events, because a hold ends once their cost is in the sums."""

    def concerns(self, tenant_id: str) -> bool:
        """Whether any event of this tenant may be awaited, now or soon."""
        ...

    def counted(self, incarnation: str, partition: int, offset: int, events: Collection[EventId]) -> Sequence[Entry]:
        """What to write of events whose cost is in durable sums of a partition up to an offset, before its position."""
        ...

    def remember(self, partition: int, offset: int, events: Collection[EventId]) -> None:
        """The same events, once the sums are this process's state: one of them may be awaited only later."""
        ...

    def late(self, incarnation: str) -> Sequence[Entry]:
        """What to write of events that were awaited only after they had been counted."""
        ...


class Meters(Protocol):
    """What operators see."""

    def budgets(self, count: int) -> None: ...

    def rebuilding(self, count: int) -> None: ...

    def forecasts(self, count: int) -> None:
        """Budgets whose past was read, so that their forecast rests on it."""
        ...

    def rebuilt(self, count: int) -> None: ...

    def repaired(self, count: int) -> None:
        """Sums that differed from the ledger."""
        ...

    def alerts(self, count: int) -> None: ...

    def applied(self, oldest_received: Micros, now: Micros) -> None:
        """A batch is in the status; its oldest event arrived at ingest then."""
        ...

    def reserved(self, decision: str) -> None: ...

    def hold_ended(self, how: str) -> None:
        """A reservation expired, was counted, or was settled and never counted."""
        ...


BudgetKeys = Collection[tuple[str, str]]
"""(tenant, budget) pairs."""
