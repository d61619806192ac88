"""Spans of calls, sent by OpenTelemetry's own exporters, and what they cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk.trace.export import SpanExporter

from tests.e2e.events import price
from tests.e2e.running import Client, Up, eventually


def arrives(client: Client, cost: Decimal, requests: int, **parameters: str) -> None:
    """Waits until the console tells this cost, and this many requests."""

    def read() -> tuple[Decimal, int]:
        rows = client.costs(granularity="total", **parameters)
        return sum((Decimal(row["cost"]) for row in rows), Decimal(0)), sum(row["requests"] for row in rows)

    eventually(read, lambda found: found == (cost, requests), seconds=60)


def bearer(key: str) -> dict[str, str]:
    """Headers that present a key."""
    return {"authorization": f"Bearer {key}"}


def span_exporter(protocol: str, up: Up, key: str = "") -> SpanExporter:
    """OpenTelemetry's own, by "http" or "grpc"."""
    headers = bearer(key or up.addresses["key"])
    if protocol == "http":
        return HttpSpans(f"{up.addresses['http']}/v1/traces", headers=headers, compression=Compression.Gzip)
    return GrpcSpans(up.addresses["otlp"], insecure=True, headers=headers, compression=grpc.Compression.Gzip)


def one_call(tracer: Any, number: int, **more: Any) -> None:
    """A span of a call that costs ONE_CALL."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o", "gen_ai.usage.input_tokens": 2006, "gen_ai.usage.output_tokens": 300,
        "gen_ai.usage.cache_read.input_tokens": 1920, "gen_ai.usage.reasoning.output_tokens": 100,
        "gen_ai.input.messages": "SECRET question", "user.id": f"user-{number % 3}",
    }  # fmt: skip
    with tracer.start_as_current_span("chat gpt-4o", attributes=attributes | more):
        pass


ONE_CALL = price("gpt-4o", {"input_tokens": 86, "cache_read_tokens": 1920, "output_tokens": 300})
