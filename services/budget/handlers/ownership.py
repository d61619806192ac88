"""Which process decides reservations: the one that reads partition crc32(tenant) of the cost log.

A share of the tenants is claimed in the log of holds, which shuts out whoever wrote there before, then announced.
Deciding goes on while partitions are being handed out anew: an owner stops when it was told that the share is not its
own any more, when another one has announced itself, or when the log refuses its writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from services.budget.domain.holds import Change, Gone, Hold, HoldKey, Holds, HoldState
from services.budget.domain.mirror import Counted, Owner
from services.budget.handlers.changes import Changes
from services.budget.handlers.holding import CountedEvents, HoldLog, HoldsView, HoldWriter, touch
from services.budget.handlers.ports import Journal, Meters
from services.common.clock import SECOND, Clock, Micros
from services.common.errors import UnavailableError
from services.common.kafka.record import Batch, BatchProcessor, Log, Partition
from services.common.log import get_logger

log = get_logger(__name__)

RETRY_SECONDS = 1.0


@dataclass
class Share:
    """A share of the tenants that this process decides for."""

    number: int
    epoch: int
    writer: HoldWriter
    book: Holds = field(default_factory=Holds)
    unsaved: dict[HoldKey, Change] = field(default_factory=dict)
    """Steps that nobody waits for: they are written with the next one, or soon."""
    lost: bool = False

    def step(self, change: Change) -> None:
        """Takes a step that nobody waits for."""
        key = change.key
        self.book.apply(change)
        # Moved to the end: what was noted of other holds meanwhile stays in order.
        self.unsaved.pop(key, None)
        self.unsaved[key] = change


class Ownership:
    """The shares this process decides for, and who decides for the others."""

    def __init__(
        self,
        hold_log: HoldLog,
        view: HoldsView,
        counted: CountedEvents,
        journal: Journal,
        changes: Changes,
        clock: Clock,
        meters: Meters,
        *,
        remembered_seconds: int,
    ) -> None:
        """`remembered_seconds`: so long a released or counted hold is known, to answer a repeated call."""
        self._hold_log = hold_log
        self._view = view
        self._counted = counted
        self._journal = journal
        self._changes = changes
        self._clock = clock
        self._meters = meters
        self._remembered: Micros = remembered_seconds * SECOND
        self._wanted: frozenset[int] = frozenset()
        self._shares: dict[int, Share] = {}
        self.address = ""
        """host:port of this process, as its peers reach it."""
        self.wake = asyncio.Event()

    # --- who decides ------------------------------------------------------------------------------------------------

    def share_of(self, tenant_id: str) -> Share | None:
        """The share of a tenant this process decides for; None: it does not."""
        share = self._shares.get(self._number(tenant_id))
        if share is None or share.lost:
            return None
        announced = self._journal.mirror.owner(share.number)
        if announced is not None and announced.epoch > share.epoch:
            self._lose(share, "another process has announced itself")
            return None
        return share

    def book_of(self, tenant_id: str) -> Holds | None:
        share = self.share_of(tenant_id)
        return share.book if share is not None else None

    def owner_of(self, tenant_id: str) -> str:
        """Address of the process that decides for a tenant, where it is another one.

        Raises:
            UnavailableError: nobody does at present.
        """
        announced = self._journal.mirror.owner(self._number(tenant_id))
        if announced is None or announced.address in ("", self.address):
            raise UnavailableError(
                "nobody decides this tenant's reservations at the moment: try again", retry_after_seconds=RETRY_SECONDS
            )
        return announced.address

    def addresses(self) -> frozenset[str]:
        """Of every other process that decides for somebody."""
        owners = (self._journal.mirror.owner(number) for number in range(self._journal.partitions))
        return frozenset(owner.address for owner in owners if owner is not None) - {"", self.address}

    def _number(self, tenant_id: str) -> int:
        partitions = self._journal.partitions
        if not partitions:
            raise UnavailableError("budget is starting: try again", retry_after_seconds=RETRY_SECONDS)
        return crc32(tenant_id.encode()) % partitions

    # --- shares come and go -----------------------------------------------------------------------------------------

    def assigned(self, partitions: Sequence[int]) -> None:
        """These are the shares of this process from now on, and no others."""
        self._wanted = frozenset(partitions)
        for share in list(self._shares.values()):
            if share.number not in self._wanted:
                self._lose(share, "it went to another process")
        self.wake.set()

    async def run(self) -> None:
        """Claims what is to be claimed, and writes what nobody waits for.

        Raises:
            UnavailableError: something is away; the next run goes on.
        """
        missing = [number for number in sorted(self._wanted) if self._is_missing(number)]
        failed = await asyncio.gather(*(self._claim(number) for number in missing), return_exceptions=True)
        for error in failed:
            if error is not None:
                raise error
        for share in list(self._shares.values()):
            self.expire(share)
            if share.unsaved and not share.lost:
                await self.commit(share)

    def _is_missing(self, number: int) -> bool:
        share = self._shares.get(number)
        return share is None or share.lost

    async def _claim(self, number: int) -> None:
        before = self._shares.pop(number, None)
        if before is not None:
            await before.writer.close()
        writer = await self._hold_log.claim(number)
        # A hold that was told to be counted must find its event in the sums.
        await self._journal.caught_up()
        known = self._journal.mirror.owner(number)
        share = Share(number, max(self._clock.now(), known.epoch + 1 if known is not None else 0), writer)
        for tenant_id in self._view.holds.tenants():
            if self._number(tenant_id) == number:
                for hold in self._view.holds.of_tenant(tenant_id):
                    share.book.apply(hold)
        self._count_known(share)
        await self._journal.append([Owner(number, self.address, share.epoch)])
        if number in self._wanted:
            self._shares[number] = share
            log.info("decides reservations", share=number, epoch=share.epoch)
        else:
            await writer.close()

    def _lose(self, share: Share, reason: str) -> None:
        if not share.lost:
            share.lost = True
            log.info("no longer decides reservations", share=share.number, reason=reason)
            self.wake.set()

    async def stop(self) -> None:
        """Writes what is left."""
        for share in self._shares.values():
            if not share.lost:
                await self.commit(share)
            await share.writer.close()

    # --- steps of holds ---------------------------------------------------------------------------------------------

    async def commit(self, share: Share, *changes: Change) -> None:
        """Returns once the changes, and all that was noted before them, are durable.

        Raises:
            UnavailableError: they may be durable or not; the share is claimed anew, and its holds are read again.
        """
        noted, share.unsaved = share.unsaved, {}
        try:
            await share.writer.write([*noted.values(), *changes])
        except UnavailableError as error:
            self._lose(share, error.message)
            raise UnavailableError(
                f"the reservation could not be made durable: try again ({error.message})",
                retry_after_seconds=RETRY_SECONDS,
            ) from error

    def expire(self, share: Share) -> None:
        """Gives back what has run out, by this process's clock."""
        for hold in share.book.due(self._clock.now()):
            share.step(Gone(hold.key))
            if hold.counts:
                touch(self._changes, hold)
                self._meters.hold_ended("expired" if hold.state is HoldState.OPEN else "never counted")

    def heard(self, counted: Counted) -> None:
        """Takes in which awaited events are in the sums."""
        for event in self._counted.learn(counted):
            share = self.share_of(event[0])
            if share is not None:
                for hold in share.book.awaiting(event):
                    self._count(share, hold)

    def recount(self) -> None:
        """Ends holds whose events are now in the sums that this process shows."""
        for share in self._shares.values():
            self._count_known(share)

    def ended(self, hold: Hold, state: HoldState) -> Hold:
        """The hold as it is remembered."""
        return hold.ended(state, self._clock.now() + self._remembered)

    def _count_known(self, share: Share) -> None:
        for hold in share.book.counting():
            self._count(share, hold)

    def _count(self, share: Share, hold: Hold) -> None:
        if self._counted.shown(hold.event):
            share.step(self.ended(hold, HoldState.COUNTED))
            touch(self._changes, hold)
            self._meters.hold_ended("counted")
            self.wake.set()


class Owning:
    """A BatchProcessor that tells of assigned partitions on behalf of another one, which does the work."""

    def __init__(self, processor: BatchProcessor, ownership: Ownership) -> None:
        self._processor = processor
        self._ownership = ownership

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        starts = await self._processor.assigned(partitions, log)
        self._ownership.assigned([partition.partition for partition in partitions])
        return starts

    async def process(self, batch: Batch) -> None:
        await self._processor.process(batch)
        self._ownership.recount()

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        await self._processor.revoked(partitions)
