"""OTLP/gRPC over a real connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from services.ingest.domain.rate_limit import RateLimit
from tests.unit.ingest.otlp import SIGNALS, Served, protobuf, serve, span, traces

EXPORT = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
ONE = protobuf("traces", traces(span(1)))


@asynccontextmanager
async def _running(served: Served) -> AsyncIterator[grpc.aio.Channel]:
    await served.grpc.start()
    try:
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{served.grpc.port}", options=[("grpc.enable_http_proxy", 0)]
        ) as channel:
            yield channel
    finally:
        await served.grpc.stop()


async def _export(
    channel: grpc.aio.Channel, served: Served, body: bytes, signal: str = "traces", **options: Any
) -> Any:
    call: Any = channel.unary_unary(EXPORT[signal])
    metadata = options.pop("metadata", [("authorization", f"Bearer {served.key}")])
    return SIGNALS[signal].response.FromString(await call(body, metadata=metadata, timeout=10, **options))


async def _refused(channel: grpc.aio.Channel, served: Served, body: bytes, **options: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _export(channel, served, body, **options)
    return caught.value


async def test_every_signal_plain_and_gzipped() -> None:
    served = serve()
    async with _running(served) as channel:
        for signal in EXPORT:
            assert not (await _export(channel, served, b"", signal)).HasField("partial_success")
        await _export(channel, served, ONE)
        await _export(channel, served, ONE, compression=grpc.Compression.Gzip)
        bad = protobuf("traces", traces(span(2, gen_ai__usage__cache_read__input_tokens=500)))
        partial = (await _export(channel, served, bad)).partial_success
        assert (partial.rejected_spans, "1 of 1 uses rejected" in partial.error_message) == (1, True)
        headers = [("authorization", f"Bearer {served.key}"), ("x-team", "search")]
        await _export(channel, served, ONE, metadata=headers)
    assert [event.team for event in served.kept.events] == ["", "", "search"]
    assert {event.tenant_id for event in served.kept.events} == {"acme"}


async def test_who_may_not_and_what_cannot_be_read() -> None:
    served = serve()
    async with _running(served) as channel:
        assert (await _refused(channel, served, ONE, metadata=[])).code() is grpc.StatusCode.UNAUTHENTICATED
        wrong = [("authorization", "Basic afk_aaaaaaaaaaaa_" + "b" * 43)]
        assert (await _refused(channel, served, ONE, metadata=wrong)).code() is grpc.StatusCode.UNAUTHENTICATED
        broken = await _refused(channel, served, b"\xff\xff")
        assert (broken.code(), "ExportTraceServiceRequest" in (broken.details() or "")) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            True,
        )


async def test_messages_beyond_the_limit_are_refused_compressed_or_not() -> None:
    served = serve(max_body_bytes=100_000)
    async with _running(served) as channel:
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            error = await _refused(channel, served, b"\0" * 50_000_000, compression=compression)
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, error


async def test_back_pressure_tells_when_to_come_again() -> None:
    away = serve()
    away.kept.away = True
    fast = serve(rate=RateLimit(0.5, 0.5))
    async with _running(fast) as channel:
        await _export(channel, fast, ONE)
        limited = await _refused(channel, fast, ONE)
    async with _running(away) as channel:
        unavailable = await _refused(channel, away, ONE)
    for error, code in ((limited, grpc.StatusCode.RESOURCE_EXHAUSTED), (unavailable, grpc.StatusCode.UNAVAILABLE)):
        assert error.code() is code
        (detail,) = rpc_status.from_call(error).details  # type: ignore[arg-type]
        retry = error_details_pb2.RetryInfo()
        assert detail.Unpack(retry)
        assert retry.retry_delay.ToMilliseconds() > 0
