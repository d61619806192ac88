"""`aifinops connectors`: which there are, how far the configured ones got, and a back-fill by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from services.allinone.commands.common import WRONG_USAGE, DataOption, fail, run, settings_of, span, stderr
from services.common import log
from services.common.clickhouse import ClickHouse
from services.common.clock import SystemClock, to_datetime
from services.common.settings import TelemetrySettings, load
from services.connectors import app as service
from services.connectors.adapters.poll_tables import CheckpointTable, RejectionTable
from services.connectors.domain import windows
from services.connectors.domain.connector import SourceRefusedError
from services.connectors.domain.poller import Checkpoint
from services.connectors.handlers.by_hand import backfill
from services.connectors.handlers.poll import Tally
from services.connectors.handlers.poll_ports import ConfigurationError, Refused
from services.connectors.settings import ByHandSettings
from services.connectors.sources import CONNECTORS

app = typer.Typer(no_args_is_help=True, help="Polled sources: catalogue, state, back-fill by hand.")

_SHOWN = 20
"""Rejected rows that are shown one by one."""


@app.command("list")
def list_command() -> None:
    """Every connector, and what it must be told."""
    for connector in CONNECTORS.values():
        typer.echo(
            f"{connector.name:24}{connector.title}, by {_span(connector.grain)}, every {_span(connector.interval)}"
        )
        for name, what in connector.options.items():
            typer.echo(f"{'':24}  {name}: {what}")
        for name, what in connector.optional.items():
            typer.echo(f"{'':24}  {name} (may be left out): {what}")
    typer.echo("Every poller needs an API key of ours besides, and all but `files` the source's secret.")


@app.command()
def status(data: DataOption = None) -> None:
    """How far each poller got, and how many of its rows were rejected."""
    settings = settings_of(data)

    async def ask() -> tuple[list[Checkpoint], dict[str, int]]:
        clickhouse = ClickHouse(settings.clickhouse)
        try:
            return await CheckpointTable(clickhouse).all(), await RejectionTable(clickhouse).counts()
        finally:
            await clickhouse.stop()

    checkpoints, rejected = run(ask())
    if not checkpoints:
        typer.echo("no poller has read anything yet")
        return
    now = datetime.now(UTC)
    lines = [("poller", "read from", "up to", "behind", "last read at", "rows", "rejected")]
    for each in checkpoints:
        behind = timedelta(seconds=max(0, int((now - each.through).total_seconds())))
        lines.append(
            (each.poller, _time(each.since), _time(each.through), _span(behind), _time(each.polled_at), str(each.rows),
             str(rejected.get(each.poller, 0)))
        )  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


@app.command()
def poll(
    name: Annotated[str, typer.Argument(help="A poller of AIFINOPS_CONNECTORS__POLLERS")],
    begin: Annotated[str, typer.Option("--from", help="2026-11-01, or a time in RFC 3339")],
    end: Annotated[str, typer.Option("--to", help="Up to but not including it; now, unless told")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Folder of a running `aifinops up` to send to")] = None,
) -> None:
    """Read a stretch of a source's history again, by hand. Rows that came before are not counted twice."""
    if data is not None:
        settings_of(data)
    log.configure(TelemetrySettings(log_level="ERROR", log_format="console"), "aifinops")
    options = load(ByHandSettings).connectors
    entry = next((entry for entry in options.pollers if entry.name == name), None)
    if entry is None:
        known = ", ".join(each.name for each in options.pollers) or "none"
        fail(f"no poller {name!r} in AIFINOPS_CONNECTORS__POLLERS: there are {known}", WRONG_USAGE)
    start, stop = map(to_datetime, span(begin, end))
    poller = entry.poller()
    stretch = list(windows.windows(start, stop, poller.connector.grain, poller.connector.stride))
    connections = service.connections(options, SystemClock())
    reached = start

    async def work(progress: Progress) -> Tally:
        nonlocal reached
        bar = progress.add_task(name, total=len(stretch), rows=0)
        total = Tally()

        async def told(accepted: int, refused: Sequence[Refused]) -> None:
            total.accepted += accepted
            total.refused += refused
            progress.update(bar, rows=total.accepted + len(total.refused))

        for window in stretch:
            await backfill(poller, connections, [window], told)
            reached = window.end
            progress.advance(bar)
        return total

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]} rows"),
               TimeRemainingColumn())  # fmt: skip
    try:
        with Progress(*columns, console=stderr) as progress:
            total = run(work(progress))
    except (SourceRefusedError, ConfigurationError) as error:
        fail(f"{error} (read up to {_time(reached)})")
    except KeyboardInterrupt:
        fail(f"stopped; read up to {_time(reached)}, go on with --from {_time(reached)}")
    for row in total.refused[:_SHOWN]:
        stderr.print(f"rejected {row.event_id}: {row.message}", markup=False, highlight=False, soft_wrap=True)
    typer.echo(f"{total.accepted} rows accepted, {len(total.refused)} rejected, {_time(start)} to {_time(stop)}")
    raise typer.Exit(1 if total.refused else 0)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            rest = seconds % size * (24 if unit == "d" else 60) // size
            small = {"d": "h", "h": "m", "m": "s"}[unit]
            return f"{seconds // size}{unit}" + (f" {rest}{small}" if rest else "")
    return f"{seconds}s"
