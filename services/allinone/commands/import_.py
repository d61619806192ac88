"""`aifinops import`: usage and bills from files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from services.allinone.commands.common import WRONG_USAGE, fail, stderr
from services.allinone.commands.ingest_options import (
    DEFAULT_PATIENCE,
    DEFAULT_URL,
    KeyFile,
    Patience,
    Url,
    api_key,
)
from services.common.errors import UnavailableError
from services.connectors.adapters.ingest_client import IngestClient, IngestRefusedError
from services.connectors.files.mapping import Assignment, Mapped, MappingError, from_toml
from services.connectors.files.opening import FileError
from services.connectors.files.reading import Format, Found, Options, Reading
from services.connectors.handlers.importing import Rejected, Summary, send_all

_SHOWN = 10
"""Rejected rows told on stderr; the file of rejected rows has them all."""

Files = Annotated[list[Path], typer.Argument(help="CSV, JSON lines or Parquet; .gz and .zst are read as they are")]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", help="COLUMN=FIELD: which field of an event a column is; =VALUE=FIELD for a constant"),
]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="TOML file with a table \\[map] of the same")]
Source = Annotated[str, typer.Option("--source", help="`source` of the events; it is part of their identity")]
Cost = Annotated[str, typer.Option("--cost", help="Of a bill: effective, billed, contracted, list; unblended, net")]
AllRows = Annotated[bool, typer.Option("--all-rows", help="Of a bill: also services that are not AI")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read everything, show the first events, send nothing")]
Keep = Annotated[bool, typer.Option("--rejected", help="Write rejected rows to FILE.rejected.jsonl")]


def import_command(
    files: Files,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = None,
    patience: Patience = DEFAULT_PATIENCE,
    format: Annotated[Format, typer.Option("--format", help="What the files hold")] = Format.AUTO,
    maps: Maps = None,
    mapping: MappingFile = None,
    source: Source = "",
    cost: Cost = "",
    all_rows: AllRows = False,
    encoding: Annotated[str, typer.Option("--encoding", help="Of text files")] = "utf-8",
    dry_run: DryRun = False,
    keep_rejected: Keep = False,
) -> None:
    """Send the rows of files as events. Sending the same file again changes nothing."""
    try:
        "".encode(encoding)
        assignments = [*(from_toml(mapping) if mapping else ()), *(Assignment.of(written) for written in maps or ())]
    except (MappingError, LookupError) as error:
        fail(str(error), code=WRONG_USAGE)
    options = Options(format, assignments, source, cost, all_rows, encoding)
    key = "" if dry_run else api_key(key_file)
    with ExitStack() as stack:
        progress = stack.enter_context(_progress())
        total = sum(path.stat().st_size for path in files if path.is_file())
        task = progress.add_task("reading", total=total)
        reading = Reading(files, options, lambda read: progress.advance(task, read))
        kept = stack.enter_context(_Rejections(keep_rejected))

        def told(sums: Summary) -> None:
            so_far.accepted = sums.accepted
            progress.update(task, description=f"{sums.accepted:,} accepted, {sums.rejected:,} rejected")

        so_far = Summary()
        client = IngestClient(url, key, patience_seconds=patience)
        try:
            summary = _dry(reading, files, kept) if dry_run else asyncio.run(_send(reading, client, kept, told))
        except MappingError as error:
            fail(str(error), code=WRONG_USAGE)
        except (FileError, IngestRefusedError, UnavailableError) as error:
            fail(f"{error}{_again(so_far)}")
        except KeyboardInterrupt:
            fail(f"stopped{_again(so_far)}")
    _tell(summary, reading, kept, dry_run)
    raise typer.Exit(1 if summary.rejected else 0)


async def _send(reading: Reading, client: IngestClient, kept: _Rejections, told: Callable[[Summary], None]) -> Summary:
    async with client:
        return await send_all(reading, client, kept, told)


def _again(so_far: Summary) -> str:
    sent = so_far.accepted
    return f"; {sent:,} events were accepted before, start again to send the rest: those count once" if sent else ""


def _dry(reading: Reading, files: list[Path], kept: _Rejections) -> Summary:
    for path in files:
        table, how = reading.interpreted(path)
        what = "our own fields" if isinstance(how, Mapped) else f"a bill ({how.source})"
        typer.echo(f"{path}: {table.kind.value}, {what}")
        if isinstance(how, Mapped):
            for field, column in how.fields.items():
                typer.echo(f"  {field:<24} {column}")
    summary = Summary()
    for item in reading:
        if isinstance(item, Found):
            if summary.accepted < 3:
                typer.echo(orjson.dumps(item.event).decode())
            summary.accepted += 1
        else:
            summary.rejected += 1
            kept(Rejected(item.path, item.line, "unusable_row", item.message))
    return summary


class _Rejections:
    """Tells the first rejected rows, and writes them all where that is asked for."""

    def __init__(self, write: bool) -> None:
        self._write = write
        self._told = 0
        self._files: dict[Path, IO[bytes]] = {}

    def __enter__(self) -> _Rejections:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def __call__(self, rejected: Rejected) -> None:
        if self._told < _SHOWN:
            stderr.print(
                f"{rejected.path}:{rejected.line}: {rejected.message}", markup=False, highlight=False, soft_wrap=True
            )
        self._told += 1
        if self._write:
            record: dict[str, Any] = {"line": rejected.line, "code": rejected.code, "message": rejected.message}
            if rejected.event is not None:
                record["event"] = rejected.event
            self._file(rejected.path).write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))

    @property
    def written(self) -> list[Path]:
        return [_beside(path) for path in self._files]

    @property
    def untold(self) -> int:
        return max(0, self._told - _SHOWN)

    def _file(self, path: Path) -> IO[bytes]:
        if path not in self._files:
            self._files[path] = _beside(path).open("wb")
        return self._files[path]


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.rejected.jsonl")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )


def _tell(summary: Summary, reading: Reading, kept: _Rejections, dry_run: bool) -> None:
    if kept.untold:
        stderr.print(f"and {kept.untold:,} more rejected", highlight=False)
    for path in kept.written:
        stderr.print(f"rejected rows are in {path}", markup=False, highlight=False)
    passed = f", {reading.passed_over:,} rows of other services passed over" if reading.passed_over else ""
    if dry_run:
        typer.echo(f"{reading.rows:,} rows: {summary.accepted:,} events, {summary.rejected:,} unusable{passed}")
    else:
        again = "; what ingest knew already counts once" if summary.accepted else ""
        typer.echo(
            f"{reading.rows:,} rows: {summary.accepted:,} events accepted, {summary.rejected:,} rejected{passed}{again}"
        )
