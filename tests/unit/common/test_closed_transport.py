"""A Kafka connection whose transport was closed under uvloop, which the services run on."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest

from services.common.kafka.closed_transport import told_as_connection_errors


def test_a_write_after_the_end_is_a_connection_error() -> None:
    told_as_connection_errors()

    async def work() -> None:
        closed: list[object] = []
        server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        connection = AIOKafkaConnection("127.0.0.1", port, on_close=lambda _connection, reason: closed.append(reason))
        connection._reader, connection._writer = reader, writer
        connection._read_task = asyncio.create_task(asyncio.sleep(60))
        writer.transport.abort()
        await asyncio.sleep(0.05)
        with pytest.raises(RuntimeError, match="closed"):
            writer.write(b"uvloop, left alone")
        with pytest.raises(KafkaConnectionError, match="is closed"):
            await connection.send(ApiVersionRequest())
        assert not connection.connected()
        assert closed, "the client is told, so that it connects again"
        server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


def test_the_guard_is_put_on_once() -> None:
    told_as_connection_errors()
    before = AIOKafkaConnection.send
    told_as_connection_errors()
    assert AIOKafkaConnection.send is before
