"""The command `aifinops`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from services.allinone.commands import anomaly, budgets, connectors, contracts, dlq, export, key, prices, tenant
from services.allinone.commands.collect import collect_command
from services.allinone.commands.common import WRONG_USAGE, fail, settings_of, stderr
from services.allinone.commands.import_ import import_command
from services.allinone.commands.price import price_command
from services.allinone.commands.reconciliation import reconcile_bill_command
from services.allinone.commands.rerate import rerate_command, unpriced_command
from services.allinone.engines.processes import EngineError
from services.allinone.services import MIGRATIONS, SERVICES
from services.allinone.up import DataFolderBusyError, Options, Running, up
from services.common import log, tracing
from services.common.clickhouse import ClickHouse, migrate, pending_migrations
from services.common.directory import DirectoryLocked
from services.common.errors import UnavailableError
from services.common.host import Host, key_ring, run_loop, run_until_signal
from services.common.kafka.topics import create_topics
from services.common.listening import PortTakenError
from services.common.settings import EXIT_CONFIG, ServiceSettings, UnusableSettingError, load
from services.ledger.reconcile import reconcile
from services.ledger.settings import LedgerSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(anomaly.app, name="anomaly")
app.add_typer(budgets.app, name="budgets")
app.add_typer(connectors.app, name="connectors")
app.add_typer(contracts.app, name="contracts")
app.add_typer(dlq.app, name="dlq")
app.add_typer(export.app, name="export")
app.add_typer(key.app, name="key")
app.add_typer(prices.app, name="prices")
app.add_typer(tenant.app, name="tenant")
app.command("import")(import_command)
app.command("collect")(collect_command)
app.command("price")(price_command)
app.command("reconcile-bill")(reconcile_bill_command)
app.command("rerate")(rerate_command)
app.command("unpriced")(unpriced_command)

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


@app.command("up")
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


@app.command()
def demo(
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


@app.command()
def run(
    services: Annotated[list[str], typer.Argument(help=f"One or more of: {', '.join(SERVICES)}")],
) -> None:
    """Run services against the Kafka and ClickHouse given by AIFINOPS_... settings."""
    unknown = [name for name in services if name not in SERVICES]
    if unknown:
        fail(f"no service {', '.join(unknown)}: choose from {', '.join(SERVICES)}", code=WRONG_USAGE)
    entries = [SERVICES[name] for name in services]
    loaded = [(entry, entry.load_settings()) for entry in entries]
    common = loaded[0][1]
    name = "+".join(services)
    log.configure(common.telemetry, name)
    tracing.configure(common.telemetry, name)

    async def serve() -> None:
        keyring = key_ring(common)
        host = Host(name, common, [entry.build(settings, keyring) for entry, settings in loaded], keyring)
        await run_until_signal(host)

    try:
        run_loop(serve())
    except (PortTakenError, DirectoryLocked) as error:
        fail(str(error))
    except UnusableSettingError as error:
        fail(str(error), code=EXIT_CONFIG)


@app.command()
def topics() -> None:
    """Create the Kafka topics that are missing."""
    settings = settings_of(None)
    created = _tried(create_topics(settings.kafka))
    for name in created:
        typer.echo(f"created {settings.kafka.topic(name)}")
    typer.echo(f"{len(created)} topics created")


@app.command("migrate")
def migrate_command(
    check: Annotated[bool, typer.Option("--check", help="Only tell: exit 1 while migrations are pending")] = False,
) -> None:
    """Bring ClickHouse's schema up to date."""
    settings = load(ServiceSettings)
    if check:
        pending = _tried(_pending(settings))
        for name in pending:
            typer.echo(f"pending {name}")
        raise typer.Exit(1 if pending else 0)
    applied = _tried(migrate(settings.clickhouse, MIGRATIONS))
    for name in applied:
        typer.echo(f"applied {name}")
    typer.echo(f"{len(applied)} migrations applied")


async def _pending(settings: ServiceSettings) -> list[str]:
    clickhouse = ClickHouse(settings.clickhouse)
    try:
        return await pending_migrations(clickhouse, MIGRATIONS)
    finally:
        await clickhouse.stop()


@app.command("reconcile")
def reconcile_command(
    repair: Annotated[bool, typer.Option("--repair", help="Make the rollups say what the entries say")] = False,
) -> None:
    """Compare the ledger's rollups with its entries: exit 1 where they differ and were not repaired."""
    settings = load(LedgerSettings)
    try:
        report = asyncio.run(reconcile(settings, repair))
    except UnavailableError as error:
        fail(str(error))
    for found in report.discrepancies:
        typer.echo(str(found))
    typer.echo(
        f"{report.days} days compared: {len(report.discrepancies)} differences, "
        f"{report.missing_from_index} events missing from the index, {report.repeated_entries} repeated entries"
        + ("; repaired" if report.repaired else "")
    )
    raise typer.Exit(0 if report.clean or report.repaired else 1)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(distribution_version("aifinops"))


def _tried(work: Awaitable[list[str]]) -> list[str]:
    async def awaited() -> list[str]:
        return await work

    try:
        return asyncio.run(awaited())
    except (UnavailableError, OSError, RuntimeError) as error:
        fail(str(error))


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


def main() -> None:
    """Entry point."""
    app(prog_name="aifinops")


if __name__ == "__main__":
    main()
