"""GenAI spans as OpenTelemetry's exporters send them, for bench/ingest."""

from __future__ import annotations

import time
from collections.abc import Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

_RESOURCE = {"service.name": "checkout-api", "deployment.environment.name": "prod", "team": "search"}


def export_request(first: int, count: int) -> bytes:
    """One protobuf request of `count` chat spans, each with its own ids; as many attributes as a real one has."""
    now = time.time_ns()
    spans = [_span(number, now) for number in range(first, first + count)]
    resource = Resource(attributes=_attributes(_RESOURCE))
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
    ).SerializeToString()


def _span(number: int, now: int) -> Span:
    return Span(
        trace_id=number.to_bytes(16),
        span_id=number.to_bytes(8),
        name="chat gpt-4o",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=now - 10**9,
        end_time_unix_nano=now,
        attributes=_attributes(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.response.model": "gpt-4o-2024-08-06",
                "gen_ai.response.id": f"chatcmpl-{number}",
                "gen_ai.response.finish_reasons": "stop",
                "gen_ai.request.temperature": "0.2",
                "gen_ai.usage.input_tokens": 1_000 + number % 500,
                "gen_ai.usage.output_tokens": 100 + number % 50,
                "gen_ai.usage.cache_read.input_tokens": 256,
                "server.address": "api.openai.com",
                "user.id": f"user-{number % 300}",
            }
        ),
    )


def _attributes(values: Mapping[str, str | int]) -> list[KeyValue]:
    return [
        KeyValue(key=name, value=AnyValue(string_value=value) if isinstance(value, str) else AnyValue(int_value=value))
        for name, value in values.items()
    ]
