"""A load generator cheap enough to share a core with a broker: prepared requests over raw keep-alive connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Load:
    """What came of it."""

    seconds: float
    latencies: Sequence[float]
    """Seconds from when a request was due to its answer, sorted."""


def prepare(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """One POST request, ready to be written."""
    parts = urlsplit(url)
    fields = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + body


async def send(url: str, requests: Sequence[bytes], *, connections: int, rate: float = 0.0) -> Load:
    """Sends the requests over so many connections, as fast as they are answered or `rate` a second.

    Raises:
        RuntimeError: a request was answered by anything but 200 or 202.
    """
    parts = urlsplit(url)
    latencies: list[float] = []
    queue = iter(enumerate(requests))
    started = time.perf_counter()

    async def work() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for number, request in queue:
            due = started + number / rate if rate else time.perf_counter()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(request)
            status, body = await _answer(reader)
            if status not in (200, 202):
                raise RuntimeError(f"answered {status}: {body[:300].decode(errors='replace')}")
            latencies.append(time.perf_counter() - due)
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(work())
    return Load(time.perf_counter() - started, sorted(latencies))


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)
