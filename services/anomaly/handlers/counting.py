"""Records of costs, counted into the hours and minutes of whoever they belong to.

A batch is added up as arrays first, by who used what and when; what is added to a tenant's hours and minutes is one sum
for each of these. Records that arrays cannot tell, and small batches, are read as objects and come to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord
from google.protobuf.message import DecodeError

from services.anomaly.domain.amounts import COST, INPUT, REQUESTS
from services.anomaly.domain.combinations import Combination, Combinations
from services.anomaly.domain.cost_columns import CostColumns
from services.anomaly.domain.group import sums_by
from services.anomaly.domain.minutes.tally import MinuteTally, Sums, minutes_of
from services.anomaly.domain.series import Reader, Totals, is_watched
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.watermark import Patience
from services.anomaly.handlers.desk import Desk
from services.anomaly.handlers.ports import Meter
from services.common.clock import DAY, HOUR, Clock, Micros
from services.common.kafka.record import Batch, Record
from services.common.postings import postings
from services.common.wire_fields import Bools
from services.common.wire_words import Ints

FEW = 48
"""Records of a batch below which objects are faster."""

WatchOf = Callable[[Desk, str], TenantWatch]


@dataclass
class _Work:
    """One batch, what it is counted into, and what became of it."""

    desk: Desk
    batch: Batch
    watch_of: Callable[[str], TenantWatch]
    oldest: Micros
    partitions: Ints
    appended: Ints
    """When each record was."""
    watched: int = 0
    late: int = 0
    too_old: int = 0
    repeated: int = 0

    def rises(self, partition: int, offset: int) -> bool:
        """False for a record that a rater wrote after it had lost its partition: its usage offset does not rise."""
        if offset <= self.desk.usage_offset.get(partition, -1):
            self.repeated += 1
            return False
        self.desk.usage_offset[partition] = offset
        return True


@dataclass(frozen=True)
class _Told:
    """What arrays tell of a batch."""

    columns: CostColumns
    used: Sequence[Combination | None]
    """Who used it, by row; None: objects tell."""

    def used_by(self, rows: Ints) -> list[Combination]:
        """Of rows that arrays tell."""
        return [one for row in rows.tolist() if (one := self.used[row]) is not None]


class Counting:
    """Adds up; judges nothing."""

    def __init__(self, clock: Clock, meter: Meter, reader: Reader, patience: Patience, history_days: int) -> None:
        """`history_days`: older records are not watched."""
        self._clock = clock
        self._meter = meter
        self._reader = reader
        self._patience = patience
        self._history_days = history_days
        self._combinations = Combinations(reader)

    def count(self, desk: Desk, batch: Batch, watch_of: WatchOf) -> None:
        """Counts a batch. `watch_of` is the watch over a tenant, known or new."""
        now = self._clock.now()
        appended = [record.timestamp * 1_000 if record.timestamp > 0 else now for record in batch.records]
        partitions = [record.partition for record in batch.records]
        work = _Work(
            desk, batch, partial(watch_of, desk), now - self._history_days * DAY, np.array(partitions, np.int64),
            np.array(appended, np.int64),
        )  # fmt: skip
        _note_read(work)
        told = self._told(batch) if len(batch.records) >= FEW else None
        rows, objects = _picked(work, told)
        rows = rows if told is None else _watched_rows(work, told, rows)
        objects = _watched_objects(work, objects)
        _see(work, told, rows, objects)
        if told is not None and len(rows):
            self._count_rows(work, told, rows)
        self._count_objects(work, objects)
        if work.late:
            desk.late_seen = now
        self._meter.records(work.watched, work.late, work.too_old, work.repeated)

    def _told(self, batch: Batch) -> _Told | None:
        """None: one of them is no record at all, which objects find out."""
        columns = CostColumns([record.value or b"" for record in batch.records])
        rows = np.flatnonzero(~columns.apart & columns.complete)
        used: list[Combination | None] = [None] * len(batch.records)
        try:
            for row, combination in zip(rows.tolist(), self._combinations.of(columns.names(rows)), strict=True):
                used[row] = combination
        except DecodeError:
            return None
        return _Told(columns, used)

    def _count_rows(self, work: _Work, told: _Told, rows: Ints) -> None:
        columns, used = told.columns, told.used_by(rows)
        time, totals = columns.time[rows], columns.totals[:, rows]
        hours = time // HOUR
        for first, sums in sums_by(_together([one.place for one in used], hours), totals):
            one, in_hour = used[first], Totals(*sums)
            if not work.watch_of(one.tenant).add(int(hours[first]), one.series, in_hour):
                work.late += in_hour.requests
        is_live, minutes = minutes_of(time, work.appended[rows], self._patience)
        live = np.flatnonzero(is_live & ~_planned(work, used, hours))
        whose = list(zip([used[row].owners for row in live.tolist()], columns.sessions(rows[live]), strict=True))
        spenders = _together(_numbered(whose), minutes[live])
        for first, sums in sums_by(spenders, totals[[COST, REQUESTS, INPUT]][:, live]):
            (tenant, *owners), session = whose[first]
            user, key, team = owners
            spender = (session.decode(), user, key, team)
            work.watch_of(tenant).minutes.add(int(minutes[live[first]]), spender, Sums(*sums))
        work.watched += len(rows)

    def _count_objects(self, work: _Work, objects: Sequence[tuple[int, CostRecord]]) -> None:
        watched: list[CostRecord] = []
        minutes = MinuteTally(self._patience)
        for row, cost in objects:
            plan, changes = work.watch_of(cost.usage.tenant_id).plan, postings(cost)
            watched.extend(changes)
            minutes.add([change for change in changes if not plan.holds(change.usage)], int(work.appended[row]))
        for cell, totals in self._reader.tally(watched).items():
            if not work.watch_of(cell.tenant).add(cell.hour, self._reader.series(cell), totals):
                work.late += totals.requests
        for (tenant, minute, spender), sums in minutes.take().items():
            work.watch_of(tenant).minutes.add(minute, spender, sums)
        work.watched += len(watched)


# --- which records ----------------------------------------------------------------------------------------------------


def _note_read(work: _Work) -> None:
    """How far each partition was read."""
    desk, records = work.desk, work.batch.records
    partitions = work.partitions
    offsets = np.array([record.offset for record in records], np.int64)
    for partition in np.unique(partitions).tolist():
        mine = partitions == partition
        desk.next_offset[partition] = max(int(offsets[mine].max()) + 1, desk.next_offset.get(partition, 0))
        desk.log_clock.read(partition, int(work.appended[mine].max()))


def _picked(work: _Work, told: _Told | None) -> tuple[Ints, list[tuple[int, CostRecord]]]:
    """Records that are whole and not repeated: rows that arrays tell, and objects with theirs."""
    records, batch = work.batch.records, work.batch
    rows: list[int] = []
    objects: list[tuple[int, CostRecord]] = []
    count, ours = len(records), work.desk.log.incarnation
    same = ours.encode()
    used = [None] * count if told is None else told.used
    same_log = [False] * count if told is None else [life == same for life in told.columns.incarnations()]
    offsets = [0] * count if told is None else told.columns.offset.tolist()
    partitions = work.partitions.tolist()
    for row, (partition, one, rising, offset) in enumerate(zip(partitions, used, same_log, offsets, strict=True)):
        if one is not None:
            if not rising or work.rises(partition, offset):
                rows.append(row)
        elif (cost := _decoded(batch, records[row])) is not None:
            position = cost.usage_position
            if position.incarnation != ours or work.rises(partition, position.offset):
                objects.append((row, cost))
    return np.array(rows, np.int64), objects


def _decoded(batch: Batch, record: Record) -> CostRecord | None:
    cost = batch.decode(record, CostRecord)
    if cost is None:
        return None
    if not cost.usage.tenant_id or cost.usage.time_unix_micros <= 0:
        batch.reject(record, "incomplete", "a cost record needs usage.tenant_id and usage.time_unix_micros")
        return None
    return cost


def _watched_rows(work: _Work, told: _Told, rows: Ints) -> Ints:
    booked = np.array([one.booked for one in told.used_by(rows)], np.bool_)
    rows = rows[told.columns.used[rows] & ~booked]
    recent = told.columns.time[rows] >= work.oldest
    work.too_old += int((~recent).sum())
    return rows[recent]


def _watched_objects(work: _Work, objects: Sequence[tuple[int, CostRecord]]) -> list[tuple[int, CostRecord]]:
    watched = [(row, cost) for row, cost in objects if is_watched(cost.usage)]
    recent = [(row, cost) for row, cost in watched if cost.usage.time_unix_micros >= work.oldest]
    work.too_old += len(watched) - len(recent)
    return recent


# --- what they are of -------------------------------------------------------------------------------------------------


def _see(work: _Work, told: _Told | None, rows: Ints, objects: Sequence[tuple[int, CostRecord]]) -> None:
    """Tells each tenant's watermark what was read of it, in the order of the log."""
    tenants = [] if told is None else [one.tenant for one in told.used_by(rows)]
    times = np.zeros(0, np.int64) if told is None else told.columns.time[rows]
    if objects:
        rows = np.concatenate([rows, [row for row, _ in objects]])
        times = np.concatenate([times, [cost.usage.time_unix_micros for _, cost in objects]])
        order = np.argsort(rows)
        whose = [*tenants, *(cost.usage.tenant_id for _, cost in objects)]
        rows, times, tenants = rows[order], times[order], [whose[place] for place in order.tolist()]
    numbers = np.array(_numbered(tenants))
    for number, tenant in enumerate(dict.fromkeys(tenants)):
        work.watch_of(tenant)
        mine = numbers == number
        work.desk.watermarks[tenant].saw_all(work.partitions[rows[mine]], times[mine], work.appended[rows[mine]])


def _planned(work: _Work, used: Sequence[Combination], hours: Ints) -> Bools:
    """Rows of use within planned windows."""
    plans = {tenant: work.watch_of(tenant).plan for tenant in {one.tenant for one in used}}
    if not any(plans.values()):
        return np.zeros(len(used), np.bool_)
    return np.array(
        [plans[one.tenant].holds_at(hour, one.names) for one, hour in zip(used, hours.tolist(), strict=True)]
    )


def _numbered(values: Sequence[Hashable]) -> list[int]:
    """The same number for the same value."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def _together(numbers: Sequence[int], times: Ints) -> Ints:
    """One number for each pair of these."""
    if not len(times):
        return times
    first = times.min()
    together: Ints = np.array(numbers, np.int64) * (times.max() - first + 1) + times - first
    return together
