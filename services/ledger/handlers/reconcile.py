"""Comparing rollups and index with the entries, day by day, and mending them.

A rollup is mended by adding the difference to it, not by building the day anew: rows of a block that the writer inserts
meanwhile simply add up with the correction, so nothing has to stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from services.ledger.domain.query import ReadFrom
from services.ledger.domain.reconciliation import Differences, Discrepancy, Report, discrepancies, lasting


class Audit(Protocol):
    """The ledger's tables, compared. Every method raises UnavailableError while the database is away."""

    async def days(self) -> Sequence[date]:
        """UTC days that entries or rollups know."""
        ...

    async def differences(self, rollup: ReadFrom, day: date) -> Differences: ...

    async def correct(self, rollup: ReadFrom, differences: Differences) -> None:
        """Adds the differences to the rollup; hours pass them on to days."""
        ...

    async def missing_from_index(self, day: date) -> int:
        """Event keys of the day whose latest revision the index does not know."""
        ...

    async def complete_index(self, day: date) -> None: ...

    async def repeated_entries(self) -> int: ...


async def reconcile(audit: Audit, *, repair: bool, settle_seconds: float) -> Report:
    """Compares everything; with `repair`, mends what differs. The report says what was found, mended or not."""
    days = await audit.days()
    found: list[Discrepancy] = []
    # Hours first: their corrections flow into the days, which are compared after that.
    for rollup in (ReadFrom.HOURLY, ReadFrom.DAILY):
        found += await _rollup(audit, rollup, days, repair, settle_seconds)
    missing = 0
    for day in days:
        lacking = await audit.missing_from_index(day)
        missing += lacking
        if lacking and repair:
            await audit.complete_index(day)
    repeated = await audit.repeated_entries()
    return Report(len(days), tuple(found), missing, repeated, repaired=repair)


async def _rollup(
    audit: Audit, rollup: ReadFrom, days: Sequence[date], repair: bool, settle_seconds: float
) -> list[Discrepancy]:
    seen = {day: differences for day in days if (differences := await audit.differences(rollup, day))}
    if not seen:
        return []
    await asyncio.sleep(settle_seconds)
    found: list[Discrepancy] = []
    for day, before in seen.items():
        differences = lasting(before, await audit.differences(rollup, day))
        found += discrepancies(rollup.value, day, differences)
        if differences and repair:
            await audit.correct(rollup, differences)
    return found
