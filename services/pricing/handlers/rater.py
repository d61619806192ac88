"""The rater: usage in, costs out, each event once.

What a partition has seen is read from the tail of its own output. A key that is not there, of an event so old that it
may have been rated before the tail begins, is asked of the ledger. Memory changes only after the costs are written;
after any fault the consumer calls `assigned` again, and what was written meanwhile is read back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.usage.v1.usage_pb2 import UsageEvent
from google.protobuf.message import DecodeError

from services.common.clock import Clock, Micros
from services.common.errors import UnavailableError
from services.common.kafka.record import Batch, Log, Partition, Record
from services.common.tracing import traceparent_of
from services.pricing.domain.revisions import (
    HASH_BYTES,
    Content,
    Known,
    Verdict,
    changes_nothing,
    is_rebooking,
    judge,
    revise,
)
from services.pricing.domain.window import Window
from services.pricing.handlers.ports import CostLog, Ledger, Meter, Pricing, Rated, RatedBatch, Refused

KEY_BYTES = 16
_SLICE = 500
"""Records worked off before others on the event loop get their turn: about 10 ms."""


@dataclass
class Shard:
    """What is known of one partition."""

    window: Window
    next_offset: int
    """Of the cost log: where the next record will be written."""
    last_usage: int
    """Highest offset of the usage log that was rated in this incarnation; -1: none."""
    ledger_reached: int = -1
    """Offset of the cost log that the ledger is known to have written."""
    from_beginning: bool = False
    """The window began with the log's first record."""

    @property
    def complete(self) -> bool:
        """Every event of this log's partition is in the window."""
        return self.from_beginning and self.window.low_offset == 0


class Arrival(NamedTuple):
    """A usage record that can be rated."""

    record: Record
    event: UsageEvent


@dataclass
class _Work:
    """A batch on its way: what is known of its events, as far as it was worked off."""

    known: dict[bytes, Known]
    """By event key; grows as the batch's own revisions are made."""
    rated: list[Rated] = field(default_factory=list)
    done: RatedBatch = field(default_factory=RatedBatch)


class Rater:
    """Rates finops.usage.v1 into finops.costs.v1. A BatchProcessor."""

    def __init__(
        self,
        *,
        pricing: Pricing,
        ledger: Ledger,
        costs: CostLog,
        meter: Meter,
        clock: Clock,
        window_records: int,
        skew: Micros,
    ) -> None:
        """`window_records`: of the cost log's tail, per partition. `skew`: by how much a clock may be ahead."""
        self._pricing = pricing
        self._ledger = ledger
        self._costs = costs
        self._meter = meter
        self._clock = clock
        self._window_records = window_records
        self._skew = skew
        self._incarnation = ""
        self._shards: dict[int, Shard] = {}
        self._sole: bool | None = None

    # --- partitions -------------------------------------------------------------------------------------------------

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        if log.incarnation != self._incarnation:
            self._incarnation, self._shards = log.incarnation, {}
        self._sole = None
        committed = await log.committed_offsets(partitions)
        ends = await log.end_offsets([self._costs.partition(p.partition) for p in partitions])
        self._refuse_shortened(partitions, ends)
        kept, self._shards = self._shards, {}
        starts: dict[Partition, int] = {}
        for partition in partitions:
            number = partition.partition
            shard = kept.get(number)
            # What was kept holds as long as nobody, late writes of ours included, added to the cost log.
            end = ends[self._costs.partition(number)]
            if shard is None or shard.next_offset != end:
                shard = await self._load(number)
                shard.from_beginning = shard.next_offset == end
            self._shards[number] = shard
            if shard.last_usage >= (committed.get(partition) or 0):
                starts[partition] = shard.last_usage + 1
        return starts

    def _refuse_shortened(self, partitions: Sequence[Partition], ends: Mapping[Partition, int]) -> None:
        """A log that ends before what was written to it has a leader that has not caught up, or it lost records. A
        window read from it would lack keys, and what they name would be rated a second time."""
        for partition in partitions:
            number = partition.partition
            shard, end = self._shards.get(number), ends[self._costs.partition(number)]
            if shard is not None and end < shard.next_offset:
                raise UnavailableError(
                    f"partition {number} of the cost log ends at offset {end}, but offset {shard.next_offset - 1} was "
                    "written and acknowledged: waiting for it to come back. If the broker lost it for good (an unclean "
                    "leader election), restart pricing: it then goes on from the log as it is"
                )

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """Keeps the windows: after a mere fault they still hold, and `assigned` checks them."""

    async def _load(self, number: int) -> Shard:
        """Reads a partition's window from the tail of its output."""
        shard = Shard(Window(self._window_records, self._clock.now(), 0), next_offset=0, last_usage=-1)
        empty = True
        async for records in self._costs.tail(number, self._window_records):
            for number_read, record in enumerate(records, 1):
                if number_read % _SLICE == 0:
                    await asyncio.sleep(0)
                recorded = record.timestamp * 1_000
                if empty:
                    shard.window, empty = Window(self._window_records, recorded, record.offset), False
                shard.next_offset = record.offset + 1
                cost = _decoded(record)
                if cost is None:
                    continue
                position = cost.usage_position
                if position.incarnation == self._incarnation:
                    if position.offset <= shard.last_usage:
                        continue  # Nobody downstream counts a record that does not rise.
                    shard.last_usage = position.offset
                shard.window.put(cost.usage.event_key, Known.of(cost), record.offset, recorded)
        return shard

    # --- batches ----------------------------------------------------------------------------------------------------

    async def process(self, batch: Batch) -> None:
        started = time.perf_counter()
        arrivals = self._readable(batch)
        work = _Work(await self._known(arrivals))
        await self._rate(arrivals, batch, work)
        if work.rated:
            await batch.send_rejections()
            offsets = await self._costs.append(work.rated)
            self._remember(work, offsets)
        work.done.records = [rated.record for rated in work.rated]
        work.done.seconds = time.perf_counter() - started
        self._meter.rated(work.done)

    def _readable(self, batch: Batch) -> list[Arrival]:
        """Decodes; rejects what cannot be an event."""
        arrivals: list[Arrival] = []
        for record in batch.records:
            if record.offset <= self._shards[record.partition].last_usage:
                continue
            event = batch.decode(record, UsageEvent)
            if event is None:
                continue
            fault = _fault(event)
            if fault:
                batch.reject(record, "malformed", fault)
            else:
                arrivals.append(Arrival(record, event))
        return arrivals

    async def _known(self, arrivals: Sequence[Arrival]) -> dict[bytes, Known]:
        """What is known of the batch's events, from the windows and from the ledger."""
        known: dict[bytes, Known] = {}
        asked: dict[bytes, int] = {}
        for arrival in arrivals:
            key, number = arrival.event.event_key, arrival.record.partition
            if key in known:
                continue
            window = self._shards[number].window
            found = window.get(key)
            if found is not None:
                known[key] = found
            elif arrival.event.time_inferred or arrival.event.time_unix_micros < window.start + self._skew:
                asked[key] = number
        if asked and not await self._in_windows(set(asked.values())):
            await self._await_ledger(set(asked.values()))
            known.update(await self._of_ledger(asked, arrivals))
        return known

    async def _of_ledger(self, keys: Collection[bytes], arrivals: Sequence[Arrival]) -> Mapping[bytes, Known]:
        """What the ledger knows of these keys; how they were attributed only where an arrival may move its event."""
        found = await self._ledger.known(list(keys), attributed=False)
        changing = {
            arrival.event.event_key
            for arrival in arrivals
            if (known := found.get(arrival.event.event_key)) is not None
            and judge(known.content, arrival.event) in (Verdict.REVISION, Verdict.REBOOKING)
        }
        return {**found, **await self._ledger.known(list(changing), attributed=True)} if changing else found

    async def _in_windows(self, numbers: set[int]) -> bool:
        """True where the windows hold all that was ever rated: this log from its beginning, and the ledger no other."""
        if not all(self._shards[number].complete for number in numbers):
            return False
        if self._sole is None:
            self._sole = (await self._ledger.written(self._incarnation)).sole
        return self._sole

    async def _await_ledger(self, numbers: set[int]) -> None:
        """Makes sure that the ledger has all that came before the windows."""

        def behind() -> list[int]:
            shards = ((number, self._shards[number]) for number in sorted(numbers))
            return [number for number, shard in shards if shard.ledger_reached < shard.window.low_offset - 1]

        if not behind():
            return
        for number, offset in (await self._ledger.written(self._incarnation)).offsets.items():
            if number in self._shards:
                self._shards[number].ledger_reached = offset
        late = behind()
        if late:
            raise UnavailableError(
                f"the ledger has not written partition(s) {', '.join(map(str, late))} of the cost log up to where this "
                "rater's memory begins; waiting for it, since older events cannot be told from new ones"
            )

    async def _rate(self, arrivals: Sequence[Arrival], batch: Batch, work: _Work) -> None:
        """Prices what is not a resend, and makes the cost records in the order of arrival."""
        priced = self._to_price(arrivals, work)
        ratings = await self._pricing.rate([arrival.event for arrival in priced]) if priced else ()
        for position, (arrival, rating) in enumerate(zip(priced, ratings, strict=True), 1):
            if position % _SLICE == 0:
                await asyncio.sleep(0)
            if isinstance(rating, Refused):
                batch.reject(arrival.record, "unpriceable", rating.reason)
                continue
            record, event = arrival.record, arrival.event
            origin = LogPosition(incarnation=self._incarnation, partition=record.partition, offset=record.offset)
            cost = revise(work.known.get(event.event_key), event, rating, origin)
            if is_rebooking(event) and changes_nothing(cost):
                work.done.duplicates += 1
                continue
            work.known[event.event_key] = Known.of(cost)
            work.rated.append(Rated(record.partition, cost, traceparent_of(record.headers)))

    def _to_price(self, arrivals: Sequence[Arrival], work: _Work) -> list[Arrival]:
        """The arrivals that change something, each dated as its event's first revision was."""
        last = {key: known.content for key, known in work.known.items()}
        times = {key: known.time for key, known in work.known.items()}
        priced: list[Arrival] = []
        for arrival in arrivals:
            event = arrival.event
            verdict = judge(last.get(event.event_key), event)
            if verdict is Verdict.DUPLICATE:
                work.done.duplicates += 1
            elif verdict is Verdict.SUPERSEDED:
                work.done.superseded += 1
            else:
                event.time_unix_micros = times.setdefault(event.event_key, event.time_unix_micros)
                last[event.event_key] = Content(event.content_hash, event.estimated)
                priced.append(arrival)
        return priced

    def _remember(self, work: _Work, offsets: Sequence[int]) -> None:
        """Once the costs are written."""
        now = self._clock.now()
        for (number, record, _), offset in zip(work.rated, offsets, strict=True):
            shard = self._shards[number]
            key = record.usage.event_key
            shard.window.put(key, work.known[key], offset, now)
            shard.next_offset = offset + 1
            shard.last_usage = record.usage_position.offset


def _decoded(record: Record) -> CostRecord | None:
    """A cost record; None where somebody wrote anything else, which nobody downstream counts either."""
    try:
        return CostRecord.FromString(record.value or b"")
    except DecodeError:
        return None


def _fault(event: UsageEvent) -> str:
    """What makes an event useless; empty when nothing does."""
    if len(event.event_key) != KEY_BYTES:
        return f"event_key has {len(event.event_key)} bytes instead of {KEY_BYTES}"
    if len(event.content_hash) != HASH_BYTES:
        return f"content_hash has {len(event.content_hash)} bytes instead of {HASH_BYTES}"
    return "" if event.tenant_id else "tenant_id is empty"
