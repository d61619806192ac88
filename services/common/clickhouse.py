"""ClickHouse over HTTP: columnar inserts, parameterised queries, numbered migrations. A component."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver import options as client_options
from clickhouse_connect.driver.compression import get_compressor
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from services.common.clock import Micros, to_micros
from services.common.component import Health
from services.common.errors import UnavailableError
from services.common.log import get_logger
from services.common.native_block import Column, block
from services.common.settings import ClickHouseSettings

log = get_logger(__name__)

LATEST: Micros = to_micros(datetime(2299, 1, 1, tzinfo=UTC))
"""A DateTime64 ends in that year."""

# At its first insert the client imports pandas, to see whether it was handed a data frame: 80 MB of memory for nothing.
client_options.pd = client_options.pd_time_test = None

_COMPRESSION = "lz4"

_AWAY = (OperationalError, OSError, TimeoutError, asyncio.TimeoutError)


class ClickHouse:
    """One database. Connects when first used, and again after it was away."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self.name = "clickhouse"
        self.database = settings.database
        self._settings = settings
        self._client: Any = None
        self._connecting = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._trouble = "not connected yet"

    async def start(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self._client is not None:
            await self._client.close()
            self._client = None

    def health(self) -> Health:
        return Health(ready=not self._trouble, detail=self._trouble and f"ClickHouse: {self._trouble}")

    async def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Sequence[Any]]:
        """Rows of a SELECT. `{name:Type}` in the text is bound from `parameters` by the server.

        Raises:
            UnavailableError: ClickHouse is away.
            ClickHouseError: it refuses the query; that is a fault of ours.
        """
        result = await self._call("query", sql, parameters=dict(parameters or {}))
        rows: list[Sequence[Any]] = result.result_rows
        return rows

    async def columns(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        """The same, column by column; none where there are no rows. Raises as `query` does."""
        result = await self._call("query", sql, parameters=dict(parameters or {}), column_oriented=True)
        found: Sequence[Sequence[Any]] = result.result_columns
        return found

    async def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The single value, or nothing, of a statement. Raises as `query` does."""
        return await self._call("command", sql, parameters=dict(parameters or {}))

    async def insert(
        self,
        table: str,
        columns: Sequence[str],
        data: Sequence[Sequence[Any]],
        *,
        column_types: Sequence[str],
        deduplication_token: str = "",
    ) -> None:
        """Inserts columns of values as one block.

        Args:
            table: in this database.
            columns: names.
            data: one sequence a column, all of the same length.
            column_types: ClickHouse types, so that no query asks for them.
            deduplication_token: the table drops a block whose token it has seen (its
                `non_replicated_deduplication_window` must be set); views of it do too.

        Raises:
            UnavailableError: ClickHouse is away; the block may have been written.
        """
        rows = len(data[0]) if data else 0
        if not rows:
            return
        context = await self._call(
            "create_insert_context",
            table,
            column_names=list(columns),
            column_type_names=list(column_types),
            column_oriented=True,
            database=self.database,
            settings=_insert_settings(deduplication_token),
        )
        # Left to itself the client cuts a block every two megabytes: then a token would stand for several blocks, and
        # all but the first be dropped as repetitions of it.
        context.req_block_size = rows
        await self._call("insert", context=context, data=list(data))

    async def insert_columns(self, table: str, columns: Sequence[Column], *, deduplication_token: str = "") -> None:
        """Inserts columns that are serialized already, as one block; otherwise like `insert`."""
        await self._call(
            "raw_insert",
            table,
            column_names=[column.name for column in columns],
            insert_block=await asyncio.to_thread(_compressed, columns),
            settings=_insert_settings(deduplication_token),
            fmt="Native",
            compression=_COMPRESSION,
        )

    async def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        client = await self._connected()
        try:
            answer = await getattr(client, method)(*arguments, **options)
        except _AWAY as error:
            self._trouble = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UnavailableError(f"ClickHouse: {self._trouble}") from error
        self._trouble = ""
        return answer

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                settings = self._settings
                try:
                    self._client = await clickhouse_connect.get_async_client(
                        dsn=settings.url,
                        username=settings.username,
                        password=settings.password.get_secret_value(),
                        ca_cert=settings.ca_file or None,
                        autogenerate_session_id=False,
                        # Shorter than ClickHouse's own (10 s and more), so that no request meets a closing connection.
                        keepalive_timeout=8.0,
                        settings={"database": self.database},
                    )
                except (*_AWAY, ClickHouseError) as error:
                    self._trouble = str(error).splitlines()[0] if str(error) else type(error).__name__
                    raise UnavailableError(f"ClickHouse: {self._trouble}") from error
            return self._client

    async def _watch(self) -> None:
        while True:
            try:
                await self.command("SELECT 1")
            except (UnavailableError, ClickHouseError) as error:
                log.warning("ClickHouse is away", error=str(error))
            await asyncio.sleep(2 if self._trouble else 10)


def _insert_settings(deduplication_token: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"async_insert": 0}
    if deduplication_token:
        settings |= {
            "insert_deduplicate": 1,
            "insert_deduplication_token": deduplication_token,
            "deduplicate_blocks_in_dependent_materialized_views": 1,
        }
    return settings


def _compressed(columns: Sequence[Column]) -> bytes:
    return bytes(get_compressor(_COMPRESSION).compress_block(block(columns)))


async def migrate(settings: ClickHouseSettings, packages: Sequence[str]) -> list[str]:
    """Applies the migrations of these packages that were not applied yet, in the order of their numbers.

    A migration is `NNNN_name.sql` in a package; its statements end with `;` at a line's end. Returns what was applied.
    Statements are written to be repeatable (IF NOT EXISTS), since ClickHouse has no transactions around them.

    Raises:
        UnavailableError: ClickHouse is away.
    """
    admin = ClickHouse(settings.model_copy(update={"database": "default"}))
    try:
        await admin.command(f"CREATE DATABASE IF NOT EXISTS {settings.database}")
    finally:
        await admin.stop()
    database = ClickHouse(settings)
    try:
        await database.command(
            "CREATE TABLE IF NOT EXISTS schema_migrations (name String, applied_at DateTime64(6, 'UTC')) "
            "ENGINE = MergeTree ORDER BY name"
        )
        pending = await pending_migrations(database, packages)
        for name in pending:
            package, _, script = name.partition("/")
            for statement in files(package).joinpath(script).read_text().split(";\n"):
                if statement.strip():
                    await database.command(statement)
            await database.command("INSERT INTO schema_migrations VALUES ({name:String}, now64(6))", {"name": name})
        return pending
    finally:
        await database.stop()


async def pending_migrations(database: ClickHouse, packages: Sequence[str]) -> list[str]:
    """Migrations of these packages that were not applied, as `package/NNNN_name.sql`.

    Raises:
        UnavailableError: ClickHouse is away.
    """
    known = [
        f"{package}/{script.name}"
        for package in packages
        for script in sorted(files(package).iterdir(), key=lambda entry: entry.name)
        if script.name.endswith(".sql")
    ]
    exists = await database.query(
        "SELECT 1 FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
        {"database": database.database},
    )
    if not exists:
        return known
    applied = {row[0] for row in await database.query("SELECT DISTINCT name FROM schema_migrations")}
    return [name for name in known if name not in applied]
