"""`aifinops topics` and `aifinops migrate`: what services find in Kafka and in ClickHouse when they start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated

import typer

from services.allinone.commands.common import fail, settings_of
from services.allinone.services import MIGRATIONS
from services.common.clickhouse import ClickHouse, migrate, pending_migrations
from services.common.errors import UnavailableError
from services.common.kafka.topics import create_topics
from services.common.settings import ServiceSettings, load


def topics_command() -> None:
    """Create the Kafka topics that are missing."""
    settings = settings_of(None)
    created = _tried(create_topics(settings.kafka))
    for name in created:
        typer.echo(f"created {settings.kafka.topic(name)}")
    typer.echo(f"{len(created)} topics created")


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


def _tried(work: Awaitable[list[str]]) -> list[str]:
    async def awaited() -> list[str]:
        return await work

    try:
        return asyncio.run(awaited())
    except (UnavailableError, OSError, RuntimeError) as error:
        fail(str(error))
