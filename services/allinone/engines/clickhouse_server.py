"""chDB behind ClickHouse's HTTP protocol, as far as ClickHouse's own clients use it.

`python -m services.allinone.engines.clickhouse_server --data DIR --port N`. It prints `ready` once it answers.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import os
import re
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import chdb
import lz4.frame
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_FORM_PART_BYTES = 64 * 1024 * 1024

HANDLES = 4
"""Connections to the engine: so many queries run at a time."""

# What the HTTP interface itself consumes; the engine does not know these settings.
_TRANSPORT = frozenset(
    [
        "query",
        "database",
        "default_format",
        "session_id",
        "session_timeout",
        "session_check",
        "query_id",
        "quota_key",
        "compress",
        "decompress",
        "wait_end_of_query",
        "client_protocol_version",
        "role",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "enable_http_compression",
        "buffer_size",
        "user",
        "password",
        "network_compression_method",
        "cancel_http_readonly_queries_on_client_close",
    ]
)
_INSERT = re.compile(rb"\s*INSERT\s+INTO\b(.*?)\bFORMAT\s+(\w+)[ \t]*\r?\n?", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_READS = re.compile(r"\s*(SELECT|WITH|SHOW|DESCRIBE|DESC|EXISTS|EXPLAIN)\b", re.IGNORECASE)
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Handle:
    """One connection with the settings that were applied to it."""

    def __init__(self, path: str) -> None:
        self.connection = chdb.connect(path)
        self.database = ""
        self.settings: dict[str, str] = {}

    def prepare(self, database: str, settings: Mapping[str, str]) -> None:
        """Makes the connection's database and settings those of the request."""
        if database and database != self.database:
            self._run(f"USE `{database.replace('`', '')}`")
            self.database = database
        for name in self.settings.keys() - settings.keys():
            self._run(f"SET {name} = DEFAULT")
            del self.settings[name]
        for name, value in settings.items():
            if self.settings.get(name) != value and _SETTING.fullmatch(name):
                self._run(f"SET {name} = {_quoted(value)}")
                self.settings[name] = value

    def query(self, sql: str, output_format: str, parameters: Mapping[str, str]) -> bytes:
        result = self.connection.query(sql, output_format, params=dict(parameters))
        answer: bytes = result.bytes() or b""
        return answer

    def _run(self, sql: str) -> None:
        self.connection.query(sql, "TabSeparated")


class Engine:
    """A pool of connections to one database folder."""

    def __init__(self, path: Path) -> None:
        self._handles = [_Handle(str(path)) for _ in range(HANDLES)]
        self._free = threading.Semaphore(HANDLES)
        self._lock = threading.Lock()
        self._scratch = tempfile.mkdtemp(prefix="aifinops-insert-")

    @contextlib.contextmanager
    def _handle(self) -> Iterator[_Handle]:
        self._free.acquire()
        with self._lock:
            handle = self._handles.pop()
        try:
            yield handle
        finally:
            with self._lock:
                self._handles.append(handle)
            self._free.release()

    def execute(
        self, sql: bytes, database: str, settings: Mapping[str, str], parameters: Mapping[str, str], default_format: str
    ) -> tuple[bytes, str]:
        """Runs one statement. Returns its output and the output's format, empty where the statement has none."""
        with self._handle() as handle:
            handle.prepare(database, settings)
            insert = _INSERT.match(sql)
            if insert is not None and insert[2].upper() != b"VALUES":
                self._insert(handle, insert, sql[insert.end() :])
                return b"", ""
            text = sql.decode()
            trailing = _FORMAT.search(text)
            output_format = trailing[1] if trailing else default_format
            answer = handle.query(text, output_format, parameters)
            return answer, output_format if _READS.match(text) else ""

    def _insert(self, handle: _Handle, insert: re.Match[bytes], data: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._scratch)
        try:
            with os.fdopen(descriptor, "wb") as scratch:
                scratch.write(data)
            handle.query(
                f"INSERT INTO {insert[1].decode()} FROM INFILE {_quoted(name)} FORMAT {insert[2].decode()}",
                "TabSeparated",
                {},
            )
        finally:
            Path(name).unlink(missing_ok=True)

    def close(self) -> None:
        with self._lock:
            for handle in self._handles:
                handle.connection.close()
        with contextlib.suppress(OSError):
            Path(self._scratch).rmdir()


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _body(request: Request, body: bytes) -> bytes:
    match request.headers.get("content-encoding", ""):
        case "lz4":
            return _all_frames(body)
        case "gzip":
            return gzip.decompress(body)
        case _:
            return body


def _all_frames(body: bytes) -> bytes:
    """A client compresses each block of an insert as an LZ4 frame of its own; they follow one another."""
    parts: list[bytes] = []
    while body:
        decompressor = lz4.frame.LZ4FrameDecompressor()
        parts.append(decompressor.decompress(body))
        if not decompressor.eof:
            raise ValueError("the LZ4 body ends within a frame")
        body = decompressor.unused_data or b""
    return b"".join(parts)


def application(engine: Engine) -> Starlette:
    """ClickHouse's HTTP interface over the engine."""
    threads = ThreadPoolExecutor(HANDLES, thread_name_prefix="engine")

    async def execute(request: Request) -> Response:
        options = dict(request.query_params)
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            # How clients send a query whose parameters are too long for a URL.
            form = await request.form(max_part_size=_FORM_PART_BYTES)
            options |= {name: value for name, value in form.items() if isinstance(value, str)}
            body = b""
        else:
            body = _body(request, await request.body())
        query = options.get("query", "").encode()
        sql = query + (b"\n" if query and body else b"") + body
        if not sql.strip():
            return PlainTextResponse("Ok.\n")
        parameters = {name[6:]: value for name, value in options.items() if name.startswith("param_")}
        settings = {n: v for n, v in options.items() if n not in _TRANSPORT and not n.startswith("param_")}
        loop = asyncio.get_running_loop()
        try:
            answer, output_format = await loop.run_in_executor(
                threads,
                engine.execute,
                sql,
                options.get("database", ""),
                settings,
                parameters,
                options.get("default_format", "TabSeparated"),
            )
        except Exception as error:
            return _refused(error)
        headers = {"X-ClickHouse-Timezone": "UTC", "X-ClickHouse-Summary": json.dumps({"written_rows": "0"})}
        if output_format:
            headers["X-ClickHouse-Format"] = output_format
        return Response(answer, headers=headers, media_type="application/octet-stream")

    async def ping(_request: Request) -> Response:
        return PlainTextResponse("Ok.\n")

    return Starlette(routes=[Route("/ping", ping), Route("/", execute, methods=["GET", "POST"])])


def _refused(error: Exception) -> Response:
    message = str(error)
    found = re.search(r"Code: (\d+)", message)
    code = found[1] if found else "1001"
    text = message[found.start() :] if found else f"Code: {code}. DB::Exception: {message}"
    return PlainTextResponse(text + "\n", 500, {"X-ClickHouse-Exception-Code": code})


class _Server(uvicorn.Server):
    """Says `ready` on standard output, and keeps the end for itself."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write("ready\n")
            sys.stdout.flush()


def main() -> None:
    """Serves until SIGTERM, or until the parent is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    os.environ["TZ"] = "UTC"
    options.data.mkdir(parents=True, exist_ok=True)
    engine = Engine(options.data)
    # Ctrl-C reaches the whole process group; the parent decides when the engine may go.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = uvicorn.Config(
        application(engine),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        # Longer than any client keeps an idle connection, so that none is closed under a request.
        timeout_keep_alive=75,
    )
    try:
        _Server(config).run()
    finally:
        engine.close()


if __name__ == "__main__":
    main()
