"""`aifinops export`: the ledger's costs as FOCUS files, and sums of them as CSV or JSON."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.allinone.commands.common import WRONG_USAGE, DataOption, fail, run, settings_of, stderr
from services.allinone.commands.export_costs import CostFormat, GranularityName, write_costs
from services.common import money
from services.common.clickhouse import ClickHouse
from services.common.clock import Micros, to_micros
from services.ledger.adapters.export_files import FocusFile
from services.ledger.adapters.export_source import ClickHouseExportSource
from services.ledger.adapters.export_store import ObjectDestination
from services.ledger.domain.calendar import zone_names
from services.ledger.domain.focus.charges import Amounts
from services.ledger.domain.focus.columns import Version
from services.ledger.handlers.export import CLOSING_DAYS, Contents, DestinationError, FocusExport, Format

app = typer.Typer(no_args_is_help=True, help=__doc__)

Start = Annotated[str, typer.Option("--start", metavar="YYYY-MM-DD", help="First day, UTC")]
End = Annotated[str, typer.Option("--end", metavar="YYYY-MM-DD", help="The day after the last one, UTC")]
Tenant = Annotated[str, typer.Option("--tenant", help="Only this one", show_default="all of them")]
StoreOptions = Annotated[
    list[str] | None, typer.Option("--store-option", metavar="NAME=VALUE", help="Of the object store: region, endpoint")
]


@app.command("focus")
def focus_command(
    start: Start,
    end: End,
    to: Annotated[
        str,
        typer.Option("--to", help="A file, a folder/, or either below s3://, gs:// or az://; - for standard output"),
    ],
    version: Annotated[Version, typer.Option("--version", help="Of the FOCUS specification")] = Version.V1_3,
    format: Annotated[
        Format | None, typer.Option("--format", show_default="as --to ends, else csv", help="Of the file")
    ] = None,
    tenant: Tenant = "",
    reported: Annotated[
        bool, typer.Option("--reported", help="What providers reported, instead of what was metered")
    ] = False,
    closing_days: Annotated[
        int, typer.Option("--closing-days", min=0, help="A month is open for so long; later revisions are corrections")
    ] = CLOSING_DAYS,
    store_options: StoreOptions = None,
    data: DataOption = None,
) -> None:
    """Write a FOCUS file: a row for each day, owner, model and kind of token."""
    span = _span(start, end)
    chosen = format or (Format.PARQUET if to.endswith(".parquet") else Format.CSV)
    if to == "-" and chosen is Format.PARQUET:
        fail("--to -: only CSV goes to standard output", code=WRONG_USAGE)
    contents = Contents(version, chosen, reported, closing_days)
    folder, name = _place(to, f"focus-{version.value}_{start}_{end}{f'_{tenant}' if tenant else ''}.{chosen.value}")
    try:
        destination = None if to == "-" else ObjectDestination(folder, _pairs(store_options))
    except DestinationError as error:
        fail(f"--to {error}", code=WRONG_USAGE)
    settings = settings_of(data)
    with tempfile.TemporaryDirectory(prefix="aifinops-export-") as scratch, _progress() as progress:
        path = Path(scratch) / name
        try:
            rows, total = run(_focus(ClickHouse(settings.clickhouse), tenant, span, contents, path, progress))
            if destination is None:
                with path.open(encoding="utf-8", newline="") as file:
                    for line in file:
                        typer.echo(line, nl=False)
            else:
                run(destination.put(name, path))
        except DestinationError as error:
            fail(str(error))
    _tell(rows, total, "" if destination is None else f"{folder.rstrip('/')}/{name}")


async def _focus(
    clickhouse: ClickHouse, tenant: str, span: tuple[Micros, Micros], contents: Contents, path: Path, progress: Progress
) -> tuple[int, Amounts]:
    try:
        source = ClickHouseExportSource(clickhouse)
        as_of = await source.moment()
        days = await source.days(tenant, *span, as_of)
        task = progress.add_task("exporting", total=sum(day.entries for day in days))
        advance: Callable[[int], None] = lambda events: progress.advance(task, events)  # noqa: E731
        export, total = FocusExport(source, contents), Amounts()
        with FocusFile(path, contents.format, contents.version) as file:
            for day in days:
                total = total.plus(await export.write(day, as_of, file, advance))
        return (await asyncio.to_thread(file.facts)).rows, total
    finally:
        await clickhouse.stop()


@app.command("costs")
def costs_command(
    start: Annotated[str, typer.Option("--start", metavar="YYYY-MM-DD", help="First day")],
    end: Annotated[str, typer.Option("--end", metavar="YYYY-MM-DD", help="The day after the last one")],
    group_by: Annotated[
        str, typer.Option("--group-by", help="Dimensions separated by commas: team,model,tag:feature")
    ] = "",
    format: Annotated[CostFormat, typer.Option("--format", help="JSON is an object for each line")] = CostFormat.CSV,
    granularity: Annotated[GranularityName, typer.Option("--granularity")] = GranularityName.DAY,
    zone: Annotated[str, typer.Option("--timezone", help="IANA zone of the days: Europe/Berlin")] = "UTC",
    condition: Annotated[str, typer.Option("--filter", help='As budgets have it: team = "search"')] = "",
    tenant: Tenant = "",
    to: Annotated[str, typer.Option("--to", help="A file", show_default="standard output")] = "-",
    data: DataOption = None,
) -> None:
    """Write sums of metered cost by any dimensions."""
    if zone not in zone_names():
        fail(f"--timezone {zone!r} is no IANA zone; write for example Europe/Berlin", code=WRONG_USAGE)
    span = _span(start, end, ZoneInfo(zone))
    groups = [name.strip() for name in group_by.split(",") if name.strip()]
    settings = settings_of(data)
    clickhouse = ClickHouse(settings.clickhouse)
    with _progress() as progress:
        task = progress.add_task("exporting", total=None)

        def told(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        rows = run(write_costs(clickhouse, tenant, span, groups, granularity, zone, condition, format, to, told))
    stderr.print(f"{rows:,} rows", highlight=False)


def _span(start: str, end: str, zone: tzinfo = UTC) -> tuple[Micros, Micros]:
    first, last = _day("--start", start, zone), _day("--end", end, zone)
    if first >= last:
        fail(f"--end {end} is the day after the last one: it must come after --start {start}", code=WRONG_USAGE)
    return first, last


def _day(option: str, text: str, zone: tzinfo) -> Micros:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text!r} is no day such as 2026-11-01", code=WRONG_USAGE)
    return to_micros(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))


def _place(to: str, default: str) -> tuple[str, str]:
    """The folder, and the file's name in it."""
    if to == "-":
        return "", default
    if to.endswith("/") or ("://" not in to and Path(to).is_dir()):
        return to, default
    folder, _, name = to.rpartition("/")
    return folder or ("/" if to.startswith("/") else "."), name


def _pairs(options: list[str] | None) -> dict[str, str]:
    pairs = {}
    for option in options or ():
        name, equals, value = option.partition("=")
        if not equals or not name:
            fail(f"--store-option {option!r}: write it NAME=VALUE", code=WRONG_USAGE)
        pairs[name] = value
    return pairs


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )


def _tell(rows: int, total: Amounts, place: str) -> None:
    where = f" to {place}" if place else ""
    views = {"list": total.listed, "contracted": total.contracted, "effective": total.effective, "billed": total.billed}
    told = ", ".join(f"{name} ${money.format_dollars(picos)}" for name, picos in views.items())
    stderr.print(f"{rows:,} rows{where}: {told}", highlight=False, markup=False, soft_wrap=True)
    if total.unpriced_events:
        stderr.print(
            f"unpriced events: {total.unpriced_events:,}; their rows say Unpriced and cost nothing, at the shadow "
            f"price they would be ${money.format_dollars(total.shadow)}",
            style="yellow", highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
