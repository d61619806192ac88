"""Files to events, whatever they hold: our own fields, FOCUS, or a cost and usage report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from services.connectors.domain.event import Event
from services.connectors.files.billing.charges import Charge, Charges
from services.connectors.files.billing.cur import Report, is_cur
from services.connectors.files.billing.focus import Focus, is_focus
from services.connectors.files.mapping import Assignment, Mapped, MappingError, RowError
from services.connectors.files.tables import BadRow, Kind, Table, Told

EVENTS = "import"
"""`source` of events that name none."""


class Format(StrEnum):
    """What a file holds."""

    AUTO = "auto"
    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    FOCUS = "focus"
    CUR = "cur"


@dataclass(frozen=True)
class Options:
    """How files are read."""

    format: Format = Format.AUTO
    """csv, jsonl and parquet are our own fields in that form; focus and cur are bills in any form."""
    assignments: Sequence[Assignment] = ()
    source: str = ""
    """`source` of the events; by default the format's own."""
    cost: str = ""
    """Of a bill: which of its costs."""
    all_rows: bool = False
    """Of a bill: also services that are not AI."""
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Found:
    """An event, and where it comes from; of a sum, the first of its rows."""

    path: Path
    line: int
    event: Event


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that makes no event."""

    path: Path
    line: int
    message: str


class Bill(Protocol):
    """Reads a bill's rows."""

    source: str

    @property
    def columns(self) -> Iterable[str]:
        """The only ones needed."""
        ...

    def charge(self, row: Mapping[str, Any]) -> Charge | None:
        """None: not asked for. Raises RowError."""
        ...


class Reading:
    """Reads files in order. Bills among them are added up over all files, so that one delivery in several parts gives
    each event once; their events come last.

    Iterating raises FileError and MappingError.
    """

    def __init__(self, paths: Sequence[Path], options: Options, told: Told = lambda _: None) -> None:
        """
        Args:
            paths: of the files.
            options: how to read them.
            told: is told how many more bytes of the files were read.
        """
        self._paths = paths
        self._options = options
        self._told = told
        self._charges: dict[str, Charges] = {}
        self.rows = 0
        """Read so far."""
        self.passed_over = 0
        """Rows of a bill that are of no AI service."""

    def __iter__(self) -> Iterator[Found | Unusable]:
        for path in self._paths:
            yield from self._file(path)
        for source, charges in self._charges.items():
            for line, event in charges.events(source):
                yield Found(self._paths[0], line, event)

    def _file(self, path: Path) -> Iterator[Found | Unusable]:
        table, bill = self.interpreted(path)
        if isinstance(bill, Mapped):
            for row in table.rows(bill.columns, self._told):
                self.rows += 1
                if isinstance(row, BadRow):
                    yield Unusable(path, row.line, row.message)
                    continue
                try:
                    event = bill.event(row)
                except RowError as error:
                    yield Unusable(path, row.line, str(error))
                else:
                    yield Found(path, row.line, event)
        else:
            yield from self._bill(table, bill)

    def _bill(self, table: Table, bill: Bill) -> Iterator[Unusable]:
        charges = self._charges.setdefault(self._options.source or bill.source, Charges())
        for row in table.rows(set(bill.columns), self._told):
            self.rows += 1
            if isinstance(row, BadRow):
                yield Unusable(table.path, row.line, row.message)
                continue
            try:
                charge = bill.charge(row.values)
            except RowError as error:
                yield Unusable(table.path, row.line, str(error))
                continue
            if charge is None:
                self.passed_over += 1
            else:
                charges.add(charge, row.line)

    def interpreted(self, path: Path) -> tuple[Table, Mapped | Bill]:
        """How a file is read.

        Raises:
            FileError, MappingError
        """
        options = self._options
        kinds = {Format.CSV: Kind.CSV, Format.JSON_LINES: Kind.JSON_LINES, Format.PARQUET: Kind.PARQUET}
        table = Table.of(path, kinds.get(options.format), options.encoding)
        columns = table.columns()
        try:
            if options.format is Format.FOCUS or (options.format is Format.AUTO and is_focus(columns)):
                return table, Focus(columns, options.assignments, cost=options.cost, all_rows=options.all_rows)
            if options.format is Format.CUR or (options.format is Format.AUTO and is_cur(columns)):
                return table, Report(columns, options.assignments, cost=options.cost, all_rows=options.all_rows)
            sparse = table.kind is Kind.JSON_LINES
            return table, Mapped(options.assignments, columns, options.source or EVENTS, sparse=sparse)
        except MappingError as error:
            raise MappingError(f"{path}: {error}") from None
