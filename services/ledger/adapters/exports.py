"""The scheduled export, wired."""

from __future__ import annotations

from datetime import UTC, datetime

from services.common.clickhouse import ClickHouse
from services.common.clock import to_micros
from services.common.object_stores import UnknownOptionError
from services.common.repeating import Repeating
from services.common.settings import UnusableSettingError
from services.ledger.adapters.export_files import FocusFile
from services.ledger.adapters.export_metrics import ExportMeasures
from services.ledger.adapters.export_source import ClickHouseExportSource
from services.ledger.adapters.export_store import ObjectDestination
from services.ledger.domain.focus.columns import Version
from services.ledger.handlers.export import Contents, DestinationError, Format
from services.ledger.handlers.export_schedule import Schedule, ScheduledExport
from services.ledger.settings import ExportOptions


def scheduled(options: ExportOptions, clickhouse: ClickHouse) -> Repeating:
    """The component.

    Raises:
        UnusableSettingError: the settings name no place that files can be written to.
    """
    since = options.since and to_micros(
        datetime(options.since.year, options.since.month, options.since.day, tzinfo=UTC)
    )
    export = ScheduledExport(
        ClickHouseExportSource(clickhouse),
        _destination(options),
        FocusFile,
        Contents(Version(options.version), Format(options.format), options.reported, options.closing_days),
        Schedule(since or 0, options.settle_hours),
        ExportMeasures(),
    )
    return Repeating("focus export", export.run, seconds=options.interval_seconds)


def _destination(options: ExportOptions) -> ObjectDestination:
    try:
        return ObjectDestination(options.to, options.store_options)
    except DestinationError as error:
        wrong = "store_options" if isinstance(error.__cause__, UnknownOptionError) else "to"
        raise UnusableSettingError(f"ledger.export.{wrong}", str(error)) from None
