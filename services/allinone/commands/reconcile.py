"""`aifinops reconcile`: the ledger's rollups against its entries."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from services.allinone.commands.common import fail
from services.common.errors import UnavailableError
from services.common.settings import load
from services.ledger.reconcile import reconcile
from services.ledger.settings import LedgerSettings


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
