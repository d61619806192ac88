"""Hourly history from the ledger, fed through the detectors as if it had just happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import replace
from typing import TypeVar

from services.anomaly.domain.plan import filter_of
from services.anomaly.domain.series import TENANT, Hour, Reader, Series
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.users import is_of_one_user
from services.anomaly.handlers.ports import History, HourlySum, Scope
from services.common.clock import DAY, HOUR, Micros

CHUNK_DAYS = 5
"""Days asked for at once: an answer of a large organisation stays within a gRPC message."""

Returned = TypeVar("Returned")


async def in_slices(work: Generator[None, None, Returned]) -> Returned:
    """Runs long work so that the event loop gets its turn at every yield."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: Returned = done.value
            return result
        await asyncio.sleep(0)


async def restore(
    history: History, scope: Scope, reader: Reader, watch_of: Callable[[str], TenantWatch], now: Micros, days: int,
    settled_after: Micros,
) -> AsyncIterator[tuple[TenantWatch, int]]:  # fmt: skip
    """Fills the tenants' watches, in the order of time.

    Yields each watch with the hour through which it may be closed, as soon as those hours are complete. The last
    `settled_after` before a tenant's newest day stay open: what else belongs there is still in the log.

    Args:
        history: the ledger.
        scope: what to read of it.
        reader: names the dimensions.
        watch_of: the watch over a tenant, known or new.
        now: of the wall clock.
        days: how far back.
        settled_after: how late a record of the past may come.

    Raises:
        UnavailableError: the ledger is away.
    """
    start = (now - days * DAY) // DAY * DAY
    busy = await history.busy_days(scope, start, now + DAY)
    settled = {tenant: (max(times) - settled_after) // HOUR for tenant, times in busy.items()}
    wanted = sorted({(time - start) // (CHUNK_DAYS * DAY) for times in busy.values() for time in times})
    for chunk in wanted:
        begin = start + chunk * CHUNK_DAYS * DAY
        end = begin + CHUNK_DAYS * DAY
        await fill(history, scope, reader, watch_of, begin, end)
        for tenant in busy:
            await fill_planned(history, scope, reader, watch_of(tenant), begin // HOUR, end // HOUR)
        for tenant in busy:
            yield watch_of(tenant), min(end // HOUR, settled[tenant]) - 1


async def fill(
    history: History, scope: Scope, reader: Reader, watch_of: Callable[[str], TenantWatch], start: Micros, end: Micros
) -> None:
    """Counts the hours in [start, end), `CHUNK_DAYS` at most, into the tenants' watches.

    Raises:
        UnavailableError: the ledger is away.
    """
    async for series, row in _sums(history, scope, reader, start, end):
        watch = watch_of(row.tenant)
        watch.add(row.hour, (series,), row.totals)
        if not is_of_one_user(series):
            watch.add_users(row.hour, series, row.users)


async def fill_planned(
    history: History, scope: Scope, reader: Reader, watch: TenantWatch, start: Hour, end: Hour
) -> None:
    """Notes what of those hours lies in the tenant's planned windows.

    Raises:
        UnavailableError: the ledger is away.
    """
    for first, last, windows in watch.plan.stretches(start, end):
        part = replace(scope, tenant=watch.tenant, filter=filter_of(windows))
        async for series, row in _sums(history, part, reader, first * HOUR, last * HOUR):
            watch.hours.add_planned(row.hour, series, row.totals)


async def _sums(
    history: History, scope: Scope, reader: Reader, start: Micros, end: Micros
) -> AsyncIterator[tuple[Series, HourlySum]]:
    for dimension in (*reader.dimensions, *reader.sighted):
        for row in await history.hourly(scope, dimension, start, end):
            labels = row.labels or {TENANT: row.tenant}
            if all(labels.values()):
                yield Series.of(labels), row
        await asyncio.sleep(0)
