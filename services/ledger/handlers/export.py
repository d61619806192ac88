"""Writes the ledger's costs as FOCUS, day by day, in memory that does not grow with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from services.common.clock import Micros
from services.ledger.domain.focus.charges import Amounts
from services.ledger.domain.focus.columns import Version
from services.ledger.domain.focus.periods import Revision
from services.ledger.domain.focus.rows import Row, row_maker
from services.ledger.domain.focus.sums import Group, Sums

CLOSING_DAYS = 3
"""A billing period is open for so long after its end, unless told otherwise."""

_BATCH = 5_000
"""Rows made and written at once."""

Event = Sequence[Revision]
"""All revisions of an event, oldest first."""


class Format(StrEnum):
    """Of a file."""

    CSV = "csv"
    PARQUET = "parquet"


class DestinationError(Exception):
    """A place that files cannot be written to, and why."""


class DayOfTenant(NamedTuple):
    """A UTC day for which the ledger has entries: how many, and when the last one was written."""

    tenant: str
    start: Micros
    entries: int
    written: Micros


class FileFacts(NamedTuple):
    """Of a file that was written."""

    rows: int
    size: int
    sha256: str


class ExportSource(Protocol):
    """The ledger's entries."""

    async def moment(self) -> Micros: ...

    async def days(self, tenant: str, start: Micros, end: Micros, as_of: Micros) -> Sequence[DayOfTenant]:
        """Of one tenant, or of all where it is empty; ordered by day."""
        ...

    def events(self, day: DayOfTenant, as_of: Micros) -> AsyncIterator[Sequence[Event]]: ...


class RowFile(Protocol):
    """A file that is being written."""

    def write(self, rows: Sequence[Row]) -> None: ...

    def facts(self) -> FileFacts:
        """Once it is closed."""
        ...


OpenFile = Callable[[Path, Format, Version], AbstractContextManager[RowFile]]


class Destination(Protocol):
    """Where files go. Both may raise DestinationError."""

    async def put(self, name: str, content: bytes | Path) -> None: ...

    async def get(self, name: str) -> bytes | None: ...


@dataclass(frozen=True)
class Contents:
    """What is in a file.

    `reported`: what providers reported, instead of what was metered; the two are never in one file.
    """

    version: Version = Version.V1_3
    format: Format = Format.PARQUET
    reported: bool = False
    closing_days: int = CLOSING_DAYS


class FocusExport:
    """Turns days of entries into rows.

    Args:
        source: the ledger's entries.
        contents: of the rows.
        most_groups: rows held in memory at a time.
    """

    def __init__(self, source: ExportSource, contents: Contents, most_groups: int = 50_000) -> None:
        self._source = source
        self._contents = contents
        self._most = most_groups

    async def write(
        self, day: DayOfTenant, as_of: Micros, file: RowFile, told: Callable[[int], None] = lambda _: None
    ) -> Amounts:
        """Appends a day's rows, and returns what they add up to.

        Args:
            day: one of the source's.
            as_of: what was written later is left out.
            file: where the rows go.
            told: called with a number of events each time so many more were read.
        """
        contents = self._contents
        make = row_maker(contents.version, reported=contents.reported)
        sums = Sums(reported=contents.reported, closing_days=contents.closing_days, most_groups=self._most)
        total = Amounts()

        def flush() -> Amounts:
            written, batch = Amounts(), list[tuple[Group, Amounts]]()
            for each in sums.take():
                written = written.plus(each[1])
                batch.append(each)
                if len(batch) == _BATCH:
                    file.write([make(day.start, *row) for row in batch])
                    batch.clear()
            file.write([make(day.start, *row) for row in batch])
            return written

        def add(events: Sequence[Event]) -> Amounts:
            written = Amounts()
            for event in events:
                sums.add(event)
                if sums.full:
                    written = written.plus(flush())
            return written

        async for events in self._source.events(day, as_of):
            total = total.plus(await asyncio.to_thread(add, events))
            told(len(events))
        return total.plus(await asyncio.to_thread(flush))
