"""A load generator that is cheaper than any server: unary gRPC calls as prepared HTTP/2 frames over raw connections.

A client of grpc.aio takes as long for a call as its server, so that on two cores it would measure itself. The frames
are those of RFC 9113; a call's header fields are literals that no table remembers (RFC 7541, 6.2.2), the same bytes
each time. Answers are told from errors by their message: a call that fails carries none.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_LARGEST_WINDOW = 2**31 - 1
_INITIAL_WINDOW = 0x4
_FRAME_HEAD = 9


@dataclass(frozen=True)
class Load:
    """What came of it."""

    calls: int
    seconds: float
    latencies: Sequence[float]
    """Seconds from when a call was due to its answer, sorted."""

    @property
    def rate(self) -> float:
        return self.calls / self.seconds


@dataclass(frozen=True)
class Calls:
    """A method, and the messages it is called with in turn."""

    method: str
    """/package.Service/Method"""
    headers: Mapping[str, str]
    messages: Sequence[bytes]


async def as_fast_as_answered(address: str, calls: Calls, count: int, *, at_once: int, first: int = 0) -> Load:
    """So many calls, `at_once` under way at any time; from message `first` on.

    Raises:
        RuntimeError: a call failed.
    """
    done = asyncio.get_running_loop().create_future()
    latencies: list[float] = []
    sent = 0

    def answered(due: float) -> None:
        latencies.append(time.perf_counter() - due)
        if sent < count:
            send()
        elif len(latencies) == count:
            done.set_result(None)

    def send() -> None:
        nonlocal sent
        sent += 1
        connection.call(time.perf_counter())

    connection = await _connect(address, calls, answered, done, first)
    started = time.perf_counter()
    for _ in range(min(at_once, count)):
        send()
    await done
    seconds = time.perf_counter() - started
    connection.close()
    return Load(count, seconds, sorted(latencies))


async def steadily(address: str, calls: Calls, rate: float, count: int, *, first: int = 0) -> Load:
    """So many calls, `rate` a second, evenly, whether or not the ones before were answered.

    Raises:
        RuntimeError: a call failed.
    """
    done = asyncio.get_running_loop().create_future()
    latencies: list[float] = []

    def answered(due: float) -> None:
        latencies.append(time.perf_counter() - due)
        if len(latencies) == count:
            done.set_result(None)

    connection = await _connect(address, calls, answered, done, first)
    started = time.perf_counter()
    for number in range(count):
        due = started + number / rate
        if due > time.perf_counter():
            await asyncio.sleep(due - time.perf_counter())
        connection.call(due)
    await done
    connection.close()
    return Load(count, time.perf_counter() - started, sorted(latencies))


class _Connection(asyncio.Protocol):
    def __init__(
        self,
        authority: str,
        calls: Calls,
        answered: Callable[[float], None],
        done: asyncio.Future[None],
        first: int,
    ) -> None:
        self._head = _header_block(authority, calls)
        self._bodies = [struct.pack(">BI", 0, len(message)) + message for message in calls.messages]
        self._answered, self._done = answered, done
        self._transport: asyncio.WriteTransport | None = None
        self._unread = b""
        self._stream = 1
        self._first = first
        self._due: dict[int, float] = {}
        self._with_message: set[int] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = writer = cast(asyncio.WriteTransport, transport)  # uvloop's does not say that it is one
        settings = struct.pack(">HI", _INITIAL_WINDOW, _LARGEST_WINDOW)
        widened = struct.pack(">I", _LARGEST_WINDOW - 65_535)
        writer.write(_PREFACE + _frame(_SETTINGS, 0, 0, settings) + _frame(_WINDOW_UPDATE, 0, 0, widened))

    def call(self, due: float) -> None:
        """Sends the next call, which was due at that time."""
        assert self._transport is not None
        stream = self._stream
        self._stream += 2
        self._due[stream] = due
        body = self._bodies[(self._first + stream // 2) % len(self._bodies)]
        self._transport.write(
            _frame(_HEADERS, _END_HEADERS, stream, self._head) + _frame(_DATA, _END_STREAM, stream, body)
        )

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        unread = self._unread + data
        place = 0
        while place + _FRAME_HEAD <= len(unread):
            size = int.from_bytes(unread[place : place + 3])
            following = place + _FRAME_HEAD + size
            if following > len(unread):
                break
            kind, flags = unread[place + 3], unread[place + 4]
            stream = int.from_bytes(unread[place + 5 : place + 9])
            self._take(kind, flags, stream, unread[place + _FRAME_HEAD : following])
            place = following
        self._unread = unread[place:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _DATA and payload:
            self._with_message.add(stream)
        elif kind == _HEADERS and flags & _END_STREAM:
            if stream not in self._with_message:
                self._fail("a call failed")
            else:
                self._with_message.discard(stream)
                self._answered(self._due.pop(stream))
        elif kind in (_SETTINGS, _PING) and not flags & _ACK:
            assert self._transport is not None
            self._transport.write(_frame(kind, _ACK, 0, payload if kind == _PING else b""))
        elif kind == _RESET and stream in self._due:
            self._fail(f"a call was reset: {int.from_bytes(payload)}")
        elif kind == _GOAWAY:
            self._fail(f"the server ends the connection: {payload[8:].decode(errors='replace')}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was lost: {exc}")

    def _fail(self, reason: str) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(reason))


async def _connect(
    address: str, calls: Calls, answered: Callable[[float], None], done: asyncio.Future[None], first: int
) -> _Connection:
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: _Connection(address, calls, answered, done, first), host, int(port)
    )
    return connection


def _header_block(authority: str, calls: Calls) -> bytes:
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": calls.method,
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
        **calls.headers,
    }
    return b"".join(b"\x00" + _string(name) + _string(value) for name, value in fields.items())


def _string(text: str) -> bytes:
    """A string literal, not compressed; a length beyond 126 goes on in further bytes (RFC 7541, 5.1)."""
    raw = text.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    rest, length = len(raw) - 127, bytearray([127])
    while rest >= 128:
        length.append(rest % 128 + 128)
        rest //= 128
    length.append(rest)
    return bytes(length) + raw


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload
