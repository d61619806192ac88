"""Exports every closed day once, and again whenever the ledger's entries of it changed.

What was exported stands in manifests beside the files, one for each tenant and month; so a restart, another replica or
an emptied folder finds by itself what is to be done.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from services.common import money
from services.common.clock import DAY, HOUR, Micros, format_rfc3339, parse_rfc3339
from services.common.log import get_logger
from services.ledger.domain.focus.charges import Amounts
from services.ledger.domain.focus.columns import columns
from services.ledger.handlers.export import (
    Contents,
    DayOfTenant,
    Destination,
    DestinationError,
    ExportSource,
    FileFacts,
    FocusExport,
    OpenFile,
)

log = get_logger(__name__)

_MANIFEST = "manifest.json"


class ExportMeasures(Protocol):
    """What is counted about scheduled exports."""

    def exported(self, *, again: bool) -> None: ...

    def complete(self, moment: Micros) -> None: ...

    def failed(self) -> None: ...


@dataclass(frozen=True)
class Schedule:
    """Which days are exported: those from `since` on that have been over for `settle_hours`."""

    since: Micros = 0
    settle_hours: float = 3.0


class ScheduledExport:
    """One run after another; each does what is missing at the destination."""

    def __init__(
        self,
        source: ExportSource,
        destination: Destination,
        open_file: OpenFile,
        contents: Contents,
        schedule: Schedule,
        measures: ExportMeasures,
    ) -> None:
        self._source = source
        self._destination = destination
        self._open = open_file
        self._contents = contents
        self._schedule = schedule
        self._measures = measures
        self._export = FocusExport(source, contents)
        self._layout = _layout(contents)
        self._known: dict[str, dict[str, Any]] = {}

    async def run(self) -> int:
        """Exports what is due. Returns how many files were written.

        A destination that refuses ends the run, not the ledger: it is logged and counted, and the next run goes on
        where this one stopped.

        Raises:
            UnavailableError: ClickHouse is away.
        """
        now = await self._source.moment()
        end = (now - int(self._schedule.settle_hours * HOUR)) // DAY * DAY
        written = 0
        try:
            if end > self._schedule.since:
                days = await self._source.days("", self._schedule.since, end, now)
                for folder, month in groupby(sorted(days, key=self._order), key=self._folder):
                    written += await self._month(folder, month, now)
        except DestinationError as error:
            self._measures.failed()
            log.error("export was given up until the next run", destination=str(error))
            return written
        self._measures.complete(now)
        return written

    async def _month(self, folder: str, days: Iterable[DayOfTenant], now: Micros) -> int:
        due = [day for day in days if not self._is_exported(await self._manifest(folder), day)]
        if due:
            # Another replica may have been here since this was read.
            self._known.pop(folder, None)
            due = [day for day in due if not self._is_exported(await self._manifest(folder), day)]
        for day in due:
            await self._day(folder, day, now)
        return len(due)

    async def _day(self, folder: str, day: DayOfTenant, now: Micros) -> None:
        name = f"{_date(day)}.{self._contents.format.value}"
        with tempfile.TemporaryDirectory(prefix="aifinops-export-") as scratch:
            path = Path(scratch) / name
            # Opening, closing and hashing wait for the disk: they may take longer than the loop has time for.
            context = await asyncio.to_thread(self._open, path, self._contents.format, self._contents.version)
            with context as file:
                total = await self._export.write(day, now, file)
            facts = await asyncio.to_thread(file.facts)
            await self._destination.put(f"{folder}/{name}", path)
        manifest = await self._manifest(folder)
        again = _date(day) in manifest["days"]
        manifest["days"][_date(day)] = self._entry(name, day, facts, total, now)
        await self._destination.put(f"{folder}/{_MANIFEST}", json.dumps(manifest, indent=1, sort_keys=True).encode())
        self._measures.exported(again=again)
        log.info("day exported", tenant=day.tenant, day=_date(day), rows=facts.rows, again=again)

    def _entry(self, name: str, day: DayOfTenant, facts: FileFacts, total: Amounts, now: Micros) -> Mapping[str, Any]:
        return {
            "file": name, "rows": facts.rows, "bytes": facts.size, "sha256": facts.sha256, "layout": self._layout,
            "ledger_entries": day.entries, "ledger_written_through": format_rfc3339(day.written),
            "exported_at": format_rfc3339(now), **told(total),
        }  # fmt: skip

    async def _manifest(self, folder: str) -> dict[str, Any]:
        if folder not in self._known:
            content = await self._destination.get(f"{folder}/{_MANIFEST}")
            self._known[folder] = _parsed(content) or {
                "specification": "FOCUS",
                "version": self._contents.version.value,
                "dataset": "Cost and Usage",
                "measurement": _measurement(self._contents),
                "closing_days": self._contents.closing_days,
                "days": {},
            }
        return self._known[folder]

    def _is_exported(self, manifest: Mapping[str, Any], day: DayOfTenant) -> bool:
        """Fewer entries than were exported are no change: the ledger forgets old ones, the files do not."""
        entry = manifest["days"].get(_date(day), {})
        return (
            entry.get("layout") == self._layout
            and day.entries <= entry.get("ledger_entries", 0)
            and day.written <= parse_rfc3339(entry["ledger_written_through"])
        )

    def _folder(self, day: DayOfTenant) -> str:
        contents = self._contents
        return f"focus-{contents.version.value}/{_measurement(contents)}/tenant={day.tenant}/month={_date(day)[:7]}"

    def _order(self, day: DayOfTenant) -> tuple[str, Micros]:
        return self._folder(day), day.start


def told(total: Amounts) -> dict[str, Any]:
    """Sums as people and manifests read them: exact dollars as text."""
    return {
        "events": total.events,
        "unpriced_events": total.unpriced_events,
        "ShadowCost": money.format_dollars(total.shadow),
        "ListCost": money.format_dollars(total.listed),
        "ContractedCost": money.format_dollars(total.contracted),
        "EffectiveCost": money.format_dollars(total.effective),
        "BilledCost": money.format_dollars(total.billed),
    }


def _measurement(contents: Contents) -> str:
    return "reported" if contents.reported else "metered"


def _date(day: DayOfTenant) -> str:
    return format_rfc3339(day.start)[:10]


def _layout(contents: Contents) -> str:
    """Another one where a file of the same entries would look otherwise."""
    names = [column.name for column in columns(contents.version)]
    return hashlib.sha256(repr((names, contents.format.value, contents.closing_days)).encode()).hexdigest()[:16]


def _parsed(content: bytes | None) -> dict[str, Any] | None:
    """A manifest that can be read; what is none is made anew, and its days are exported again."""
    try:
        found = json.loads(content or b"")
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("days"), dict) else None
