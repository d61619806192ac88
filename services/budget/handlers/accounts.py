"""The accounts: cost records become partial sums that are saved together with the offset they cover.

After a batch the changed sums are written, and once they are durable the partition's position. On assignment both are
read back; a sum then covers at least what the position covers, and a record that a sum covers is not added again. So
a crash at any point, a redelivery from any earlier offset, or both, leave every sum what it would have been.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence

from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED

from services.budget.domain.awaiting import EventId
from services.budget.domain.mirror import Entry, SavedPosition, SavedSum, Tombstone
from services.budget.domain.sums import (
    OTHER_INCARNATIONS,
    Amounts,
    CostDelta,
    Family,
    PartitionSums,
    Posting,
    Staged,
    restored,
    started,
    usable,
)
from services.budget.domain.tracking import BudgetKey, FamilyKey, ScopeKey, home_of
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.ports import Arrivals, Journal, Ledger, LedgerPositions, Meters
from services.common.clock import Clock, Micros
from services.common.errors import UnavailableError
from services.common.kafka.record import Batch, Log, Partition, Record
from services.common.postings import postings


class Accounts:
    """The sums of the owned partitions, and with the mirror those of all. A BatchProcessor for finops.costs.v1."""

    def __init__(
        self,
        catalog: Catalog,
        journal: Journal,
        ledger: Ledger,
        arrivals: Arrivals,
        changes: Changes,
        clock: Clock,
        meters: Meters,
    ) -> None:
        self._catalog = catalog
        self._journal = journal
        self._ledger = ledger
        self._arrivals = arrivals
        self._changes = changes
        self._clock = clock
        self._meters = meters
        self.owned: dict[int, PartitionSums] = {}
        self.constants: dict[FamilyKey, Family] = {}
        """Spend of other incarnations, as this process was told by the ledger; the mirror may know more."""
        self.lock = asyncio.Lock()
        """Held while sums are changed and written, so that what is written is one state."""
        self.generation = 0
        """Rises when partitions come or go."""
        self._incarnation = ""
        self._unswept = catalog.follow()
        self._gone: set[Tombstone] = set()

    # --- the log ----------------------------------------------------------------------------------------------------

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        """Reads back sums and positions. A partition goes on after its saved position, or where the ledger ends."""
        await self._catalog.refresh()
        await self._journal.caught_up()
        mirror = self._journal.mirror
        if mirror.incarnation != log.incarnation:
            raise UnavailableError(
                f"the state reader follows log {mirror.incarnation!r}, the consumer {log.incarnation!r}"
            )
        if log.incarnation != self._incarnation:
            self._incarnation = log.incarnation
            self.constants.clear()
        begins = await log.beginning_offsets(partitions)
        written = LedgerPositions({}, {})
        if not all(usable(mirror.position(p.partition), begins[p]) for p in partitions):
            written = await self._ledger.positions(log.incarnation)
        async with self.lock:
            for partition in partitions:
                number = partition.partition
                position = mirror.position(number)
                if position is not None and usable(position, begins[partition]):
                    sums = restored(position, mirror.families(number))
                    sums.rewrite(mirror.overtaken(number))
                else:
                    sums = started(written.of(number), begins[partition])
                    # A position written now must not make them count again.
                    self._gone |= {
                        Tombstone(ScopeKey(family, member), number)
                        for family in mirror.known(number)
                        for member in mirror.members(family, number)
                    }
                self.owned[number] = sums
                self._unswept |= {family.budget for family in mirror.known(number) | mirror.known(OTHER_INCARNATIONS)}
        self._moved()
        return {partition: self.owned[partition.partition].position.offset + 1 for partition in partitions}

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        async with self.lock:
            for partition in partitions:
                self.owned.pop(partition.partition, None)
            self._gone.clear()
        self._moved()

    async def process(self, batch: Batch) -> None:
        by_partition: dict[int, list[Record]] = {}
        for record in batch.records:
            by_partition.setdefault(record.partition, []).append(record)
        async with self.lock:
            received: list[Micros] = []
            arrived: dict[int, list[EventId]] = {number: [] for number in by_partition}
            self.sweep()
            staged = {
                number: self.owned[number].stage(
                    self._deltas(records, batch, received, arrived[number]), records[-1].offset
                )
                for number, records in by_partition.items()
            }
            await batch.send_rejections()
            await self._save(staged, arrived)
            for number, outcome in staged.items():
                self.owned[number].adopt(outcome)
                self._arrivals.remember(number, outcome.position.offset, arrived[number])
        for (tenant_id, budget_id), member in {
            (scope.family.budget, scope.member) for outcome in staged.values() for scope in outcome.sums
        }:
            self._changes.touch(tenant_id, budget_id, member)
        if received:
            self._meters.applied(min(received), self._clock.now())

    def _deltas(
        self, records: Sequence[Record], batch: Batch, received: list[Micros], arrived: list[EventId]
    ) -> Iterator[CostDelta]:
        for record in records:
            cost = batch.decode(record, CostRecord)
            if cost is None:
                continue
            if not cost.HasField("usage_position") or not cost.usage.tenant_id:
                batch.reject(record, "incomplete CostRecord", "usage_position and usage.tenant_id must be set")
                continue
            if self._arrivals.concerns(cost.usage.tenant_id):
                arrived.append((cost.usage.tenant_id, cost.usage.source_event_id))
            booked = self._booked(cost)
            if booked and cost.usage.received_unix_micros:
                received.append(cost.usage.received_unix_micros)
            yield CostDelta(record.offset, cost.usage_position.offset, booked)

    def _booked(self, cost: CostRecord) -> Sequence[Posting]:
        """What a record changes of which sums; where an event moved, a sum that counts it before and after sees the net
        change."""
        parts = postings(cost)
        if len(parts) == 1:
            posting = self._posting(cost)
            return () if posting is None else (posting,)
        net: dict[ScopeKey, Amounts] = {}
        for posting in filter(None, map(self._posting, parts)):
            for scope in posting.scopes:
                actual, shadow = net.get(scope, (0, 0))
                net[scope] = (actual + posting.actual, shadow + posting.shadow)
        return [Posting((scope,), actual, shadow) for scope, (actual, shadow) in net.items() if actual or shadow]

    def _posting(self, cost: CostRecord) -> Posting | None:
        """Where one part of a record is booked; None: it changes nothing."""
        usage = cost.usage
        actual, shadow = cost.cost_delta_picos, cost.shadow_cost_delta_picos
        if usage.measurement == MEASUREMENT_REPORTED or not (actual or shadow):
            return None
        scopes = self._catalog.scopes_of(usage)
        return Posting(scopes, actual, shadow) if scopes else None

    # --- the state topic --------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Moves on to the windows of now, and drops sums nobody asks for any more. The caller holds `lock`.

        This must come before the position moves on: a sum that is no longer added to would otherwise be taken, after a
        restart or once its budget asks for it again, to cover what it missed.
        """
        self._catalog.turn(self._clock.now())
        self._unswept |= {family.budget for family in self._journal.mirror.take_news()}
        for budget in self._unswept:
            for family in self._unasked(budget):
                self.drop(family)
        self._unswept.clear()

    def drop(self, family: FamilyKey) -> None:
        """Forgets a family, here and in the topic. The caller holds `lock`."""
        mirror = self._journal.mirror
        for number, owned in self.owned.items():
            members = owned.forget(family) | mirror.members(family, number)
            self._gone |= {Tombstone(ScopeKey(family, member), number) for member in members}
        self.constants.pop(family, None)
        if self.at_home(family.budget):
            members = mirror.members(family, OTHER_INCARNATIONS)
            self._gone |= {Tombstone(ScopeKey(family, member), OTHER_INCARNATIONS) for member in members}

    def _unasked(self, budget: BudgetKey) -> set[FamilyKey]:
        """Families of a budget that it does not keep, or no more."""
        tracked = self._catalog.get(*budget)
        known = set(self._journal.mirror.index.of(budget))
        known.update(*(owned.index.of(budget) for owned in self.owned.values()))
        return {family for family in known if tracked is None or not tracked.keeps(family)}

    async def save(self) -> None:
        """Writes what the rebuilder finished, and what was swept. The caller holds `lock`.

        Raises:
            UnavailableError: Kafka is away; what was not written is written with the next batch.
        """
        await self._save({}, {})

    async def tell_late(self) -> None:
        """Tells of events that were awaited only after they had been counted. Raises UnavailableError."""
        async with self.lock:
            await self._append(self._arrivals.late(self._journal.mirror.incarnation))

    async def _save(self, staged: Mapping[int, Staged], arrived: Mapping[int, Collection[EventId]]) -> None:
        incarnation = self._journal.mirror.incarnation
        sums: list[Entry] = []
        positions: list[Entry] = []
        for number, owned in self.owned.items():
            outcome = staged.get(number, Staged(owned.position, {}))
            usage_offset = outcome.position.usage_offset
            sums += [
                SavedSum(scope, incarnation, number, part, usage_offset) for scope, part in owned.writable(outcome)
            ]
            if number in staged or not owned.position_saved:
                positions.append(SavedPosition(incarnation, number, outcome.position))
        counted: list[Entry] = []
        for number, events in arrived.items():
            counted += self._arrivals.counted(incarnation, number, staged[number].position.offset, events)
        # The whole first: while it is there, a member without a sum is taken to have spent nothing.
        wholes_first = sorted(self._gone, key=lambda tombstone: tombstone.scope.member is not None)
        await self._append(wholes_first)
        self._gone.clear()
        await self._append(sums)
        # After the sums, so that a hold ends only once its event counts; before the position, so that a crash in
        # between brings the events again.
        await self._append(counted)
        await self._append(positions)
        for owned in self.owned.values():
            owned.unsaved.clear()
            owned.position_saved = True

    async def _append(self, entries: Sequence[Entry]) -> None:
        if entries:
            await self._journal.append(entries)

    # --- whose ------------------------------------------------------------------------------------------------------

    def at_home(self, budget: BudgetKey) -> bool:
        """Whether this process is the one that does for a budget what only one may do."""
        partitions = self._journal.partitions
        return bool(partitions) and home_of(budget, partitions) in self.owned

    def position_of(self, partition: int) -> int | None:
        """The last offset in an owned partition's sums; None: it is not owned."""
        owned = self.owned.get(partition)
        return owned.position.offset if owned is not None else None

    def _moved(self) -> None:
        self.generation += 1
        for tracked in self._catalog.all():
            self._changes.touch(tracked.budget.tenant_id, tracked.budget.budget_id)
