"""Costs come in, anomalies come out.

All partitions are read by one process: a series' hour is spread over all of them, and is judged once. A restart goes on
from a checkpoint, or reads history from the ledger, and comes to the same anomalies; how fast records are read, in what
batches and from which partition first changes nothing (see `domain.watermark`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.minutes.tally import last_minute_before
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Reader, hour_of
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.watermark import LogClock, Patience, Watermark, last_hour_before
from services.anomaly.handlers.checkpoint import Checkpoints, Covered
from services.anomaly.handlers.counting import Counting
from services.anomaly.handlers.desk import Desk
from services.anomaly.handlers.hearing import Heard, Hearing
from services.anomaly.handlers.outbox import Outbox
from services.anomaly.handlers.ports import (
    Announced,
    Archive,
    History,
    Labelled,
    Labels,
    Meter,
    ReadThrough,
    Windows,
)
from services.anomaly.handlers.restore import in_slices, restore
from services.anomaly.handlers.said import heard_the_same
from services.common.clock import DAY, MINUTE, Clock, Micros
from services.common.errors import UnavailableError
from services.common.kafka.record import Batch, Log, Partition
from services.common.log import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class WatchOptions:
    """How the watch reads. Thresholds are in `Policy`."""

    history_days: int = 70
    """Of hours read from the ledger at start; older records are not watched."""
    rebuild_after_late_hours: int = 72
    """So many closed hours that got late records are a back-fill: history is read again, so that it is judged too."""
    rebuild_every: Micros = 10 * MINUTE
    """At most so often."""


_PARTING_SECONDS = 20.0
"""For a checkpoint before partitions go to another replica."""


class BackfillError(UnavailableError):
    """Not a fault: the consumer is asked to load history again, because much of it came after its hours were closed, or
    because of what people said of it."""


class CostWatch:
    """The processor of finops.costs.v1."""

    def __init__(
        self, *, history: History, archive: Archive, labels: Labels, windows: Windows, outbox: Outbox,
        clock: Clock, meter: Meter, reader: Reader, policy: Policy, patience: Patience, options: WatchOptions,
        checkpoints: Checkpoints,
    ) -> None:  # fmt: skip
        self._history = history
        self._archive = archive
        self._hearing = Hearing(labels, windows, history, reader, patience.grace, options.history_days)
        self._counting = Counting(clock, meter, reader, patience, options.history_days)
        self._outbox = outbox
        self._clock = clock
        self._meter = meter
        self._reader = reader
        self._policy = policy
        self._patience = patience
        self._options = options
        self._checkpoints = checkpoints
        self._doubtful = False
        """Whatever was kept led to a fault, or lacks what came late: the ledger is read."""
        self._desk: Desk | None = None
        self._known: dict[str, list[Anomaly]] = {}
        self._lock = asyncio.Lock()

    # --- the consumer's side ----------------------------------------------------------------------------------------

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        """Takes up the last checkpoint, or reads history from the ledger; the log goes on where that ends.

        Raises:
            UnavailableError: the ledger or ClickHouse is away.
        """
        async with self._lock:
            self._desk = None
            positions = await self._history.positions(log.incarnation)
            self._warn_of_replicas(partitions, positions.costs)
            now = self._clock.now()
            told = await self._archive.told(now - self._options.history_days * DAY)
            self._outbox.remember(told)
            self._known = {}
            for anomaly in told:
                self._known.setdefault(anomaly.tenant_id, []).append(anomaly)
            oldest = now - self._options.history_days * DAY
            said = await self._hearing.said_since(oldest)
            desk = None if self._doubtful else await self._taken_up(partitions, log, said, hour_of(oldest))
            if desk is None:
                begins = await log.beginning_offsets(partitions)
                starts = {p.partition: max(positions.costs.get(p.partition, -1) + 1, begins[p]) for p in partitions}
                desk = Desk(
                    log, partitions, LogClock(starts), starts, dict(positions.usage), dict(positions.costs), now, {}, {}
                )
                for tenant in self._known:
                    self._watch_of(desk, tenant)
                for heard in said:
                    self._take_in(desk, heard)
                desk.replanned.clear()
                await self._restore(desk, now)
            for heard in self._hearing.meanwhile():
                self._take_in(desk, heard)
            await self._hearing.plan_again(desk)
            self._desk, self._doubtful = desk, False
            return {partition: desk.next_offset[partition.partition] for partition in partitions}

    async def process(self, batch: Batch) -> None:
        """Counts a batch, closes the hours that are over, tells what came of them.

        Raises:
            BackfillError: history is to be loaded again.
        """
        async with self._lock:
            desk = self._desk
            if desk is None:
                raise UnavailableError("anomaly: a batch came before its partitions were assigned")
            desk.whole = False
            self._ask_for_rebuild(desk)
            self._counting.count(desk, batch, self._watch_of)
            await self._close_hours(desk)
            desk.whole = True

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """Keeps everything, unless it led to a fault, and forgets it."""
        async with self._lock:
            self._doubtful = self._desk is not None and not self._desk.whole
            try:
                async with asyncio.timeout(_PARTING_SECONDS):
                    await self._keep()
            except (UnavailableError, TimeoutError) as error:
                log.warning("no checkpoint before the partitions go", error=str(error) or type(error).__name__)
            self._desk = None

    async def hear(self, labelled: Labelled) -> None:
        """Learns from a label, once the hours before it are closed."""
        await self._hear(labelled)

    async def announce(self, announced: Announced) -> None:
        """Reckons with a planned window from the first hour on that was not closed when it was created or deleted."""
        await self._hear(announced)

    async def _hear(self, heard: Heard) -> None:
        reading_history = self._desk is None
        if reading_history:
            # Read at the next start, or taken in when the one that is under way ends.
            self._hearing.later(heard)
            return
        async with self._lock:
            desk = self._desk
            if desk is None:
                return
            self._take_in(desk, heard)
            self._put(desk, desk.watches[heard.tenant].listen())
            await self._hearing.plan_again(desk)
            await self._tell()

    # --- the clock's side -------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Notices partitions that have nothing more to read, so that hours close when nothing comes."""
        async with self._lock:
            desk = self._desk
            if desk is None:
                return
            asked = self._clock.now()
            ends = await desk.log.end_offsets(desk.partitions)
            for partition, end in ends.items():
                if desk.next_offset[partition.partition] >= end:
                    desk.log_clock.caught_up(partition.partition, asked)
            whole, desk.whole = desk.whole, False
            await self._close_hours(desk)
            desk.whole = whole
            oldest = hour_of(asked - self._options.history_days * DAY)
            self._outbox.forget_before(oldest)
            for watch in desk.watches.values():
                watch.plan.forget_before(oldest)

    async def keep(self) -> None:
        """Makes a checkpoint, unless something waits to be told.

        Raises:
            UnavailableError: ClickHouse is away; the last checkpoint stands.
        """
        async with self._lock:
            await self._keep()

    @property
    def desk(self) -> Desk | None:
        """What it works on, to be read only; None while history is being read."""
        return self._desk

    # --- the work ---------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        desk = self._desk
        if desk is not None and desk.whole and not len(self._outbox):
            size = await self._checkpoints.save(Covered(desk.log.incarnation, desk.next_offset), desk.sections())
            self._meter.checkpoint(size, self._clock.now())

    async def _taken_up(
        self, partitions: Sequence[Partition], view: Log, said: Sequence[Heard], oldest: Hour
    ) -> Desk | None:
        """As the last checkpoint has it; None: there is none that fits."""
        sections = await self._checkpoints.take_up(partitions, view)
        if sections is None:
            return None
        desk = Desk.of(view, partitions, sections)
        if not heard_the_same(desk, said, oldest, self._patience.grace):
            log.info(
                "no checkpoint is taken up; reading history from the ledger",
                reason="labels or planned windows changed since it was made",
            )
            return None
        for tenant, watch in desk.watches.items():
            watch.expect(self._known.get(tenant, ()))
        for tenant in self._known:
            self._watch_of(desk, tenant)
        return desk

    async def _close_hours(self, desk: Desk) -> None:
        await self._hearing.plan_again(desk)
        now = desk.log_clock.now()
        for tenant, watch in desk.watches.items():
            if now is None:
                continue
            minutes_over = now - self._patience.minute_grace
            over = desk.watermarks[tenant].at(now)
            if over is not None:
                await self._close(desk, watch, last_hour_before(min(over, minutes_over)))
            minute = last_minute_before(minutes_over)
            self._put(desk, watch.minutes.close_through(minute))
            self._put(desk, await in_slices(watch.look_ahead(minute)))
        self._report(desk)
        await self._tell()

    async def _tell(self) -> None:
        try:
            await self._outbox.flush()
        except UnavailableError as error:
            # State is sound and nothing is lost: it is told at the next batch or tick.
            log.warning("anomalies wait to be told", waiting=len(self._outbox), error=error.message)

    async def _close(self, desk: Desk, watch: TenantWatch, last: Hour) -> None:
        self._put(desk, await in_slices(watch.close_through(last)))

    def _put(self, desk: Desk, transitions: Sequence[Transition]) -> None:
        self._outbox.put(transitions, _read_through(desk))

    def _take_in(self, desk: Desk, heard: Heard) -> None:
        self._hearing.take_in(desk, self._watch_of(desk, heard.tenant), heard)

    async def _restore(self, desk: Desk, now: Micros) -> None:
        def watch_of(tenant: str) -> TenantWatch:
            return self._watch_of(desk, tenant)

        days, settled_after = self._options.history_days, self._patience.history_grace
        async for watch, last in restore(
            self._history, desk.told_by_ledger(), self._reader, watch_of, now, days, settled_after
        ):
            await self._close(desk, watch, last)

    def _watch_of(self, desk: Desk, tenant: str) -> TenantWatch:
        watch = desk.watches.get(tenant)
        if watch is None:
            watch = desk.watches[tenant] = TenantWatch(tenant, self._policy, self._known.get(tenant, ()))
            numbers = [partition.partition for partition in desk.partitions]
            desk.watermarks[tenant] = Watermark(numbers, self._patience, desk.since)
        return watch

    def _ask_for_rebuild(self, desk: Desk) -> None:
        now = self._clock.now()
        hours = max((len(watch.late.hours) for watch in desk.watches.values()), default=0)
        if now - desk.since < self._options.rebuild_every:
            return
        if desk.misled:
            raise BackfillError("a label was changed or taken back; reading history again from the ledger")
        if hours < self._options.rebuild_after_late_hours:
            return
        if now - desk.late_seen < self._patience.idle:
            return
        raise BackfillError(f"{hours} hours of history came after they were closed; reading them again from the ledger")

    def _report(self, desk: Desk) -> None:
        watches = desk.watches.values()
        self._meter.state(
            sum(watch.series_count for watch in watches),
            sum(len(watch.unwatched) for watch in watches),
            sum(watch.withheld for watch in watches),
            sum(len(watch.open_anomalies()) for watch in watches),
        )

    def _warn_of_replicas(self, partitions: Sequence[Partition], written: Mapping[int, int]) -> None:
        missing = set(written) - {partition.partition for partition in partitions}
        if missing:
            log.error(
                "another replica reads part of the costs, so hours here are incomplete: run one replica of anomaly",
                partitions=sorted(missing),
            )


def _read_through(desk: Desk) -> ReadThrough:
    return ReadThrough(desk.log.incarnation, dict(desk.next_offset))
