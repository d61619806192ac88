"""`aifinops up` and `aifinops demo`: everything on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from services.allinone.commands.common import fail, stderr
from services.allinone.engines.processes import EngineError
from services.allinone.up import DataFolderBusyError, Options, Running, up
from services.common.directory import DirectoryLocked
from services.common.host import run_loop
from services.common.listening import PortTakenError
from services.common.settings import EXIT_CONFIG, UnusableSettingError

Data = Annotated[Path, typer.Option("--data", help="Folder that holds everything")]
HttpPort = Annotated[int, typer.Option("--http-port", min=0, max=65535, help="0 picks a free port")]
GrpcPort = Annotated[int, typer.Option("--grpc-port", min=0, max=65535, help="0 picks a free port")]
OtlpPort = Annotated[
    int | None,
    typer.Option(
        "--otlp-port", min=0, max=65535, help="OTLP over gRPC; 0 picks a free port", show_default="4317, or a free port"
    ),
]
ListenHost = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for every network")]
Processes = Annotated[bool, typer.Option("--processes", help="Each service in a process of its own")]


def up_command(
    data: Data = Path(".aifinops"),
    host: ListenHost = "127.0.0.1",
    http_port: HttpPort = 8080,
    grpc_port: GrpcPort = 50051,
    otlp_port: OtlpPort = None,
    processes: Processes = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON once ready")] = False,
) -> None:
    """Start every service on embedded engines; stop with Ctrl-C."""
    options = Options(data.resolve(), host, http_port, grpc_port, processes, otlp_port)

    async def tell(running: Running) -> None:
        if as_json:
            line = json.dumps({"http": running.http, "grpc": running.grpc, "otlp": running.otlp, "key": running.key})
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        else:
            stderr.print(_table(running))

    _run_up(options, tell)


def demo_command(
    data: Data = Path(".aifinops-demo"),
    host: ListenHost = "127.0.0.1",
    http_port: HttpPort = 8080,
    grpc_port: GrpcPort = 50051,
    otlp_port: OtlpPort = None,
    processes: Processes = False,
    days: Annotated[int, typer.Option(min=1, max=365, help="Days of history")] = 60,
    seed: Annotated[int, typer.Option(help="Another seed is another organisation")] = 7,
    once: Annotated[bool, typer.Option("--once", help="End after the history, without live traffic")] = False,
) -> None:
    """Start everything and stream a believable organisation through the public ingest API."""
    options = Options(data.resolve(), host, http_port, grpc_port, processes, otlp_port)

    async def play(running: Running) -> None:
        stderr.print(_table(running))
        command = ["-m", "services.demo", "--url", running.http, "--days", str(days), "--seed", str(seed)]
        if once:
            command.append("--once")
        player = await asyncio.create_subprocess_exec(
            sys.executable, *command, env={**os.environ, "AIFINOPS_KEY": running.key}
        )
        _background.add(asyncio.create_task(_ended(player, stop_when_done=once)))

    _run_up(options, play)


_background: set[asyncio.Task[None]] = set()


async def _ended(player: asyncio.subprocess.Process, *, stop_when_done: bool) -> None:
    try:
        code = await player.wait()
    except asyncio.CancelledError:
        player.terminate()
        raise
    if code:
        stderr.print(
            f"[red]the demo's traffic ended with exit code {code}[/red]; the services go on, Ctrl-C stops them"
        )
    elif stop_when_done:
        os.kill(os.getpid(), signal.SIGTERM)


def _run_up(options: Options, once_ready: Callable[[Running], Awaitable[None]]) -> None:
    try:
        run_loop(up(options, once_ready))
    except (DataFolderBusyError, PortTakenError, DirectoryLocked, EngineError) as error:
        fail(str(error))
    except UnusableSettingError as error:
        fail(str(error), code=EXIT_CONFIG)


def _table(running: Running) -> Table:
    table = Table(title="AI FinOps is up", show_header=False, title_justify="left", pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in (
        ("Console", running.http),
        ("Ingest", f"{running.http}/v1/events"),
        ("REST API", f"{running.http}/api/v1"),
        ("OTLP", f"{running.otlp} (gRPC), {running.http} (HTTP)"),
        ("gRPC", running.grpc),
        ("Kafka", running.kafka),
        ("Admin key", running.key),
        ("Data", str(running.data)),
    ):
        table.add_row(name, value)
    return table
