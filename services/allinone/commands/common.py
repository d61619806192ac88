"""What commands share: whom they talk to, and how they fail."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from services.allinone import settings as machine
from services.allinone.settings import NotRunningError
from services.common import log
from services.common.clock import Micros, SystemClock, to_micros
from services.common.errors import ApiError
from services.common.money import Picos
from services.common.settings import ServiceSettings, TelemetrySettings, load

stderr = Console(stderr=True)

PROGRESS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
"""Columns of a progress bar, on standard error."""

Result = TypeVar("Result")

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of a running `aifinops up`; without it AIFINOPS_... settings say")
]

WRONG_USAGE = 2
_CENT = 10**10


class Format(StrEnum):
    """Of the output."""

    TABLE = "table"
    JSON = "json"


def settings_of(data: Path | None) -> ServiceSettings:
    """Of the platform on a folder, or of the environment. Ends the process where there is none."""
    log.configure(TelemetrySettings(log_level="ERROR", log_format="console"), "aifinops")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # What it cannot reach is told in one line of ours.
    if data is not None:
        try:
            os.environ.update(machine.announced(data.resolve()))
        except NotRunningError as error:
            fail(str(error))
    return load(ServiceSettings)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Does the work; what goes wrong is one line on standard error and exit code 1."""
    try:
        return asyncio.run(work)
    except ApiError as error:
        fail(error.message)
    except _faults_of_others() as error:
        fail(str(error).splitlines()[0] if str(error) else type(error).__name__)


def _faults_of_others() -> tuple[type[Exception], ...]:
    # Many commands never talk to ClickHouse, and its client takes a fifth of a second to import.
    from clickhouse_connect.driver.exceptions import ClickHouseError

    return ClickHouseError, OSError, RuntimeError


def fail(message: str, code: int = 1) -> NoReturn:
    """One line on standard error, and the end."""
    stderr.print(f"aifinops: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def span(begin: str, end: str) -> tuple[Micros, Micros]:
    """From `--from` to `--to`, which is now where it is empty. Ends the process where they make no sense."""
    start, stop = _moment(begin, "--from"), _moment(end, "--to") if end else SystemClock().now()
    if start >= stop:
        fail(f"--from {begin} does not lie before {f'--to {end}' if end else 'now'}", WRONG_USAGE)
    return start, stop


def _moment(text: str, option: str) -> Micros:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text!r} is neither a day such as 2026-11-01 nor a time such as 2026-11-01T12:00:00Z",
             WRONG_USAGE)  # fmt: skip
    return to_micros(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))


def in_cents(picos: Picos) -> str:
    """Dollars in whole cents, to the nearest: 1,204.50."""
    cents = round(picos / _CENT)
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def lined_up(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows as text in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
