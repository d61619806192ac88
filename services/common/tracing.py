"""OpenTelemetry traces across HTTP, Kafka and gRPC, by W3C `traceparent`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from services.common.settings import TelemetrySettings

tracer = trace.get_tracer("aifinops")

Headers = Sequence[tuple[str, bytes]]
"""Kafka record headers."""

_MAX_LINKS = 32
_exporting = False


def configure(settings: TelemetrySettings, service: str) -> None:
    """Starts exporting spans where an endpoint is set; otherwise spans only carry their ids along."""
    global _exporting
    _exporting = bool(settings.otlp_endpoint)
    provider = TracerProvider(resource=Resource.create({"service.name": f"aifinops-{service}"}))
    if _exporting:
        endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


def traceparent() -> str:
    """The current span as a `traceparent`; empty outside a span."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent", "")


def traceparent_of(headers: Headers) -> bytes:
    """The span a record belongs to; empty: none."""
    # Backwards: of our own headers it is the last.
    for name, value in reversed(headers):
        if name == "traceparent":
            return value
    return b""


def links(all_headers: Iterable[Headers]) -> list[trace.Link]:
    """Links to the distinct spans that produced a batch, at most 32; none where no spans are exported."""
    if not _exporting:
        return []
    found: dict[bytes, trace.Link] = {}
    for headers in all_headers:
        value = traceparent_of(headers)
        if value and value not in found:
            context = propagate.extract({"traceparent": value.decode("ascii", "ignore")})
            span = trace.get_current_span(context).get_span_context()
            if span.is_valid:
                found[value] = trace.Link(span)
        if len(found) >= _MAX_LINKS:
            break
    return list(found.values())
