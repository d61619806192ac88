"""`aifinops tenant`: what the platform holds of a tenant, and the end of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.allinone.commands.common import WRONG_USAGE, DataOption, fail, run, settings_of, stderr
from services.common.clickhouse import ClickHouse
from services.common.settings import ClickHouseSettings
from services.ledger.handlers.queries import PLATFORM_TENANT

app = typer.Typer(no_args_is_help=True)

_REMAINS = (
    "Not in these tables, so not deleted: records in Kafka and in ingest's journal, which go after their retention; "
    "exported files; checkpoints of connectors, which name no tenant; an admin key that stands in the settings. "
    "Restart the services: they hold sums of the tenant in memory."
)

# Views store nothing themselves.
_TABLES = """
SELECT table FROM system.columns
WHERE database = {database:String} AND name = 'tenant_id'
    AND table IN (SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree')
ORDER BY table != 'api_keys', table
"""


@app.callback()
def tenants() -> None:
    """What is held of a tenant, and its deletion."""


@app.command()
def delete(
    tenant: Annotated[str, typer.Argument(help="Its id, as its API keys have it")],
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it nothing is changed")] = False,
    data: DataOption = None,
) -> None:
    """Show how many rows of a tenant each table holds, and with --yes delete them all. There is no way back."""
    if tenant == PLATFORM_TENANT:
        fail(f"{tenant} is the platform itself, not a tenant", WRONG_USAGE)
    settings = settings_of(data).clickhouse
    counts = run(_held(settings, tenant))
    if not sum(counts.values()):
        fail(f"no table holds anything of {tenant!r}: `aifinops key list` shows the tenants that have keys")
    Console().print(_table(counts))
    if not yes:
        stderr.print(f"Nothing is deleted yet: --yes deletes all of {tenant}.", markup=False, highlight=False)
        raise typer.Exit(WRONG_USAGE)
    run(_delete(settings, tenant))
    typer.echo(f"deleted {sum(counts.values())} rows of {tenant}")
    stderr.print(_REMAINS, markup=False, highlight=False)


async def rows_of(clickhouse: ClickHouse, tenant: str) -> dict[str, int]:
    """How many rows each table that knows tenants holds of one; its API keys first.

    Raises:
        UnavailableError: ClickHouse is away.
    """
    tables = [row[0] for row in await clickhouse.query(_TABLES, {"database": clickhouse.database})]
    counts: dict[str, int] = {}
    for table in tables:
        sql = f"SELECT count() FROM `{table}` WHERE tenant_id = {{tenant:String}}"  # noqa: S608
        [[counts[table]]] = await clickhouse.query(sql, {"tenant": tenant})
    return counts


async def delete_rows(clickhouse: ClickHouse, tenant: str) -> None:
    """Deletes all rows of a tenant, from the disks too. Its API keys go first, so that nothing new comes in meanwhile.

    If it is interrupted, run it again.

    Raises:
        UnavailableError: ClickHouse is away.
    """
    for table, rows in (await rows_of(clickhouse, tenant)).items():
        if rows:
            await clickhouse.command(
                f"ALTER TABLE `{table}` DELETE WHERE tenant_id = {{tenant:String}} SETTINGS mutations_sync = 2",
                {"tenant": tenant},
            )


async def _held(settings: ClickHouseSettings, tenant: str) -> dict[str, int]:
    clickhouse = ClickHouse(settings)
    try:
        return await rows_of(clickhouse, tenant)
    finally:
        await clickhouse.stop()


async def _delete(settings: ClickHouseSettings, tenant: str) -> None:
    clickhouse = ClickHouse(settings)
    try:
        await delete_rows(clickhouse, tenant)
    finally:
        await clickhouse.stop()


def _table(counts: Mapping[str, int]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("table")
    shown.add_column("rows", justify="right")
    for table, rows in counts.items():
        shown.add_row(table, f"{rows:,}")
    return shown
