"""What commands share: whom they talk to, and how they fail."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console

from services.allinone import settings as machine
from services.allinone.settings import NotRunningError
from services.common import log
from services.common.errors import ApiError
from services.common.settings import ServiceSettings, TelemetrySettings, load

stderr = Console(stderr=True)

Result = TypeVar("Result")

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of a running `aifinops up`; without it AIFINOPS_... settings say")
]

WRONG_USAGE = 2


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
    except (ClickHouseError, OSError, RuntimeError) as error:
        fail(str(error).splitlines()[0] if str(error) else type(error).__name__)


def fail(message: str, code: int = 1) -> NoReturn:
    """One line on standard error, and the end."""
    stderr.print(f"aifinops: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def lined_up(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows as text in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
