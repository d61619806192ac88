"""Records of costs, counted into the hours and minutes of whoever they belong to."""

from __future__ import annotations

from collections.abc import Callable

from finops.cost.v1.cost_pb2 import CostRecord

from services.anomaly.domain.minutes.tally import MinuteTally
from services.anomaly.domain.series import Reader, is_watched
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.watermark import Patience
from services.anomaly.handlers.desk import Desk
from services.anomaly.handlers.ports import Meter
from services.common.clock import DAY, Clock
from services.common.kafka.record import Batch, Record
from services.common.postings import postings


class Counting:
    """Adds up; judges nothing."""

    def __init__(self, clock: Clock, meter: Meter, reader: Reader, patience: Patience, history_days: int) -> None:
        """`history_days`: older records are not watched."""
        self._clock = clock
        self._meter = meter
        self._reader = reader
        self._patience = patience
        self._history_days = history_days

    def count(self, desk: Desk, batch: Batch, watch_of: Callable[[Desk, str], TenantWatch]) -> None:
        """Counts a batch. `watch_of` is the watch over a tenant, known or new."""
        oldest = self._clock.now() - self._history_days * DAY
        watched: list[CostRecord] = []
        minutes = MinuteTally(self._patience)
        too_old = repeated = 0
        for record in batch.records:
            desk.next_offset[record.partition] = max(record.offset + 1, desk.next_offset.get(record.partition, 0))
            appended = record.timestamp * 1_000 if record.timestamp > 0 else self._clock.now()
            desk.log_clock.read(record.partition, appended)
            cost = _decoded(batch, record)
            if cost is None:
                continue
            if not _rises(desk, record.partition, cost):
                repeated += 1
                continue
            usage = cost.usage
            if not is_watched(usage):
                continue
            if usage.time_unix_micros < oldest:
                too_old += 1
                continue
            watch = watch_of(desk, usage.tenant_id)
            desk.watermarks[usage.tenant_id].saw(record.partition, usage.time_unix_micros, appended)
            changes = postings(cost)
            watched.extend(changes)
            minutes.add([change for change in changes if not watch.plan.holds(change.usage)], appended)
        late = 0
        for cell, totals in self._reader.tally(watched).items():
            if not desk.watches[cell.tenant].add(cell.hour, self._reader.series(cell), totals):
                late += totals.requests
        for (tenant, minute, spender), sums in minutes.take().items():
            desk.watches[tenant].minutes.add(minute, spender, sums)
        if late:
            desk.late_seen = self._clock.now()
        self._meter.records(len(watched), late, too_old, repeated)


def _decoded(batch: Batch, record: Record) -> CostRecord | None:
    cost = batch.decode(record, CostRecord)
    if cost is None:
        return None
    if not cost.usage.tenant_id or cost.usage.time_unix_micros <= 0:
        batch.reject(record, "incomplete", "a cost record needs usage.tenant_id and usage.time_unix_micros")
        return None
    return cost


def _rises(desk: Desk, partition: int, cost: CostRecord) -> bool:
    """False for a record that a rater wrote after it had lost its partition (its usage offset does not rise)."""
    position = cost.usage_position
    if position.incarnation != desk.log.incarnation:
        return True
    if position.offset <= desk.usage_offset.get(partition, -1):
        return False
    desk.usage_offset[partition] = position.offset
    return True
