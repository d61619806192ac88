"""A process of the budget service that can end at any write."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.awaiting import Awaited
from services.budget.domain.tracking import Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.alerting import Alerting
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.commitments import Commitments
from services.budget.handlers.deciding import Deciding
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.forecasting import Forecasting
from services.budget.handlers.holding import Books, CountedEvents, HoldsView
from services.budget.handlers.ownership import Ownership, Share
from services.budget.handlers.rebuilding import Rebuilder
from services.budget.handlers.reconciling import Reconciler
from services.budget.handlers.reserving import Reserving
from services.budget.handlers.standing import Standings
from services.budget.handlers.statuses import Statuses
from services.budget.handlers.totals import Totals
from services.common.kafka.record import Batch, Partition
from services.common.kafka.topics import COSTS
from tests.unit.budget.memory import (
    CountingMeters,
    MemoryArchive,
    MemoryHistory,
    MemoryHoldLog,
    MemoryJournal,
    MemoryLog,
    MemorySeats,
    MemoryStore,
    NaiveLedger,
)
from tests.unit.budget.world import World

_NUMBERS = itertools.count()


class Process:
    """The budget service's handlers over a world; forgets everything when dropped."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.meters = CountingMeters()
        clock = world.clock
        self.journal = MemoryJournal(world)
        store = MemoryStore(world)
        self.changes, self.awaited = Changes(clock), Awaited()
        self.view = HoldsView(self.awaited, self.changes)
        self.books, self.hold_log = Books(self.view), MemoryHoldLog(world, self.view)
        self.catalog = Catalog(store, clock, self.changes, self.meters)
        self.definitions = Definitions(store, self.catalog, clock)
        self.accounts = Accounts(
            self.catalog, self.journal, NaiveLedger(world), self.awaited, self.changes, clock, self.meters
        )
        self.totals = Totals(self.accounts, self.journal)
        self.commitments = Commitments(
            self.catalog, MemorySeats(world), self.changes, clock, refresh_seconds=3_600, concurrency=2
        )
        self.standings = Standings(self.totals, self.books, self.commitments)
        self.forecasting = Forecasting(
            self.catalog, self.standings, MemoryHistory(world), self.changes, clock, self.meters,
            refresh_seconds=3_600, concurrency=2, processor_share=1,
        )  # fmt: skip
        self.alerting = Alerting(
            self.catalog, self.standings, self.forecasting, self.accounts, self.journal, MemoryArchive(world),
            self.journal, self.changes, clock, self.meters,
        )  # fmt: skip
        self.rebuilder = Rebuilder(
            self.catalog, self.accounts, self.totals, self.journal, NaiveLedger(world), self.changes, self.meters,
            concurrency=2,
        )  # fmt: skip
        self.reconciler = Reconciler(
            self.catalog, self.accounts, self.totals, self.rebuilder, self.journal, NaiveLedger(world), self.journal,
            clock, self.meters, concurrency=2,
        )  # fmt: skip
        counted = CountedEvents(self.accounts.position_of, 1_000)
        self.ownership = Ownership(
            self.hold_log, self.view, counted, self.journal, self.changes, clock, self.meters, remembered_seconds=300
        )
        self.ownership.address = f"process-{next(_NUMBERS)}:1"
        self.books.own = self.ownership.book_of
        self.deciding = Deciding(self.catalog, self.standings, self.changes, clock)
        self.reserving = Reserving(
            self.deciding, self.ownership, counted, self.changes, clock, self.meters, settled_seconds=86_400
        )
        self.journal.ownership = self.ownership
        self.statuses = Statuses(
            self.definitions, self.catalog, self.standings, self.forecasting, self.alerting, self.changes, clock,
            coalesce_seconds=0,
        )  # fmt: skip
        self.journal.changes, self.journal.alerting = self.changes, self.alerting
        self.next: dict[int, int] = {}

    async def assign(self, partitions: Sequence[int] | None = None) -> None:
        chosen = range(self.world.partitions) if partitions is None else partitions
        starts = await self.accounts.assigned([Partition(COSTS, p) for p in chosen], MemoryLog(self.world))
        self.next = {p.partition: offset for p, offset in starts.items()}
        self.ownership.assigned(list(chosen))
        await self.ownership.run()

    def share(self, tenant_id: str = "acme") -> Share:
        found = self.ownership.share_of(tenant_id)
        assert found is not None
        return found

    async def hear(self) -> None:
        """Everything that was written is read, and what follows from it is written."""
        for _ in range(2):
            self.hold_log.caught_up()
            await self.accounts.tell_late()
            await self.journal.caught_up()
            self.ownership.recount()
            await self.ownership.run()

    async def revoke(self, partitions: Sequence[int]) -> None:
        await self.accounts.revoked([Partition(COSTS, p) for p in partitions])
        for partition in partitions:
            self.next.pop(partition, None)

    async def consume(self, partition: int, records: int, again: int = 0) -> Batch:
        """Reads on, or starts `again` records before where it should."""
        start = max(self.next[partition] - again, self.world.begins[partition], 0)
        batch = Batch(self.world.stored(partition, start, self.next[partition] + records))
        if batch.records:
            await self.accounts.process(batch)
            self.next[partition] = max(self.next[partition], batch.records[-1].offset + 1)
        return batch

    async def consume_all(self) -> None:
        for partition in list(self.next):
            await self.consume(partition, 10**6)

    async def full_pass(self) -> int:
        """Rebuilds what can be."""
        await self.journal.caught_up()
        await self.catalog.refresh()
        return await self.rebuilder.run()

    async def settle_down(self) -> None:
        """Everything that is due happens."""
        self.world.ledger_writes_everything()
        await self.consume_all()
        for _ in range(4):
            if await self.full_pass() == 0:
                break
        await self.journal.caught_up()
        await self.alerting.run()

    async def create(self, budget_id: str, message: pb.Budget, tenant_id: str = "acme") -> Tracked:
        await self.catalog.refresh()
        await self.definitions.create(tenant_id, message, budget_id)
        return self.tracked(budget_id, tenant_id)

    def tracked(self, budget_id: str, tenant_id: str = "acme") -> Tracked:
        found = self.catalog.get(tenant_id, budget_id)
        assert found is not None
        return found

    def status(self, budget_id: str, tenant_id: str = "acme", member: str | None = None) -> pb.BudgetStatus:
        return self.statuses.status(self.tracked(budget_id, tenant_id), member)
