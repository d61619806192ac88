"""From OTLP messages to the plain values of the domain. Only attributes the domain asks for are read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from services.ingest.domain.otlp import agents, logs, metrics, spans
from services.ingest.domain.otlp.agents import claude_code
from services.ingest.domain.otlp.attributes import Scalar
from services.ingest.domain.otlp.metrics import Point
from services.ingest.domain.otlp.records import LogRecord
from services.ingest.domain.otlp.spans import Span

_SCALARS = frozenset({"string_value", "int_value", "double_value", "bool_value"})
_ERROR = Status.STATUS_CODE_ERROR
_HASH_BYTES = 16


def read_spans(request: ExportTraceServiceRequest, names: Collection[str]) -> Iterator[Span]:
    """The spans of a request; those without an attribute the domain knows keep their place in the tree."""
    for resource_spans in request.resource_spans:
        resource = scalars(resource_spans.resource.attributes, names)
        for scope in resource_spans.scope_spans:
            agent = agents.of(resource, scope.scope.name)
            for span in scope.spans:
                found = scalars(span.attributes, names)
                yield Span(
                    span.trace_id,
                    span.span_id,
                    span.parent_span_id,
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    bool(found) and span.status.code == _ERROR,
                    found,
                    resource,
                    agent,
                )


def read_records(request: ExportLogsServiceRequest, names: Collection[str]) -> Iterator[LogRecord | None]:
    """The log records of a request whose event the domain knows; None for each of the others."""
    for resource_logs in request.resource_logs:
        resource = scalars(resource_logs.resource.attributes, names)
        for scope in resource_logs.scope_logs:
            agent = agents.of(resource, scope.scope.name)
            for record in scope.log_records:
                name = _event_name(record, agent)
                if not name:
                    yield None
                    continue
                yield LogRecord(
                    name,
                    record.time_unix_nano,
                    record.observed_time_unix_nano,
                    record.trace_id,
                    record.span_id,
                    scalars(record.attributes, names),
                    resource,
                    agent,
                )


def _event_name(record: Any, agent: str) -> str:
    """The event's whole name if the domain knows it. The attribute comes first: Codex's `event_name` is a line of its
    source. The body is compared with known names, not read."""
    given = next((pair.value.string_value for pair in record.attributes if pair.key == logs.EVENT_NAME), "")
    for name in (given, record.event_name):
        if name in logs.EVENTS:
            return str(name)
    whole = logs.SHORT_NAMES.get(given) or logs.SHORT_NAMES.get(record.event_name)
    body = record.body.string_value
    if whole is not None and (agent == claude_code.NAME or body == whole):
        return whole
    return body if body in logs.EVENTS else ""


def read_points(request: ExportMetricsServiceRequest, names: Collection[str]) -> Iterator[Point]:
    """The points of a request's metrics that count usage."""
    for resource_metrics in request.resource_metrics:
        attributes = resource_metrics.resource.attributes
        origin: _Origin | None = None
        for scope in resource_metrics.scope_metrics:
            for metric in scope.metrics:
                if metric.name in metrics.METRICS:
                    origin = origin or _Origin(scalars(attributes, names), _canonical(attributes))
                    yield from _points(metric, scope.scope.name, origin, names)


class _Origin(NamedTuple):
    """A resource: what is asked of it, and all of it."""

    attributes: dict[str, Scalar]
    canonical: bytes


def _points(metric: Metric, scope: str, origin: _Origin, names: Collection[str]) -> Iterator[Point]:
    kind = metric.WhichOneof("data")
    if kind not in ("sum", "histogram", "exponential_histogram"):
        return
    data = getattr(metric, kind)
    temporality = data.aggregation_temporality
    cumulative = None
    if temporality != AggregationTemporality.AGGREGATION_TEMPORALITY_UNSPECIFIED:
        cumulative = temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    agent = agents.of(origin.attributes, scope)
    series = b"\0".join((origin.canonical, scope.encode(), metric.name.encode(), b""))
    for point in data.data_points:
        if kind == "sum":
            total, measurements = point.as_int or point.as_double, 0
        else:
            total, measurements = point.sum, point.count
        yield Point(
            metric.name,
            _hash(series + _canonical(point.attributes)),
            point.start_time_unix_nano,
            point.time_unix_nano,
            cumulative,
            kind != "sum" or data.is_monotonic,
            total,
            measurements,
            scalars(point.attributes, names),
            origin.attributes,
            agent,
        )


def scalars(pairs: Iterable[KeyValue], names: Collection[str]) -> dict[str, Scalar]:
    """The attributes of these names that are strings, numbers or booleans."""
    found: dict[str, Scalar] = {}
    for pair in pairs:
        key = pair.key
        if key in names:
            value = pair.value
            kind = value.WhichOneof("value")
            if kind in _SCALARS:
                found[key] = getattr(value, kind)
    return found


def _canonical(pairs: Iterable[KeyValue]) -> bytes:
    """All attributes as bytes, whatever their order."""
    written = sorted(pair.SerializeToString(deterministic=True) for pair in pairs)
    return b"".join(len(one).to_bytes(4, "big") + one for one in written)


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=_HASH_BYTES).hexdigest()


ATTRIBUTES = spans.NAMES | logs.NAMES | metrics.NAMES
"""What the domain may ask for, beside the names of attribution."""
