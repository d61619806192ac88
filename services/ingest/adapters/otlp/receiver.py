"""What is done with an export request, however it came: its uses picked, taken in, and the rest told."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from services.common.errors import InvalidArgumentError, ResourceExhaustedError
from services.ingest.adapters import metrics as measured
from services.ingest.adapters.in_flight import InFlight
from services.ingest.adapters.otlp import values
from services.ingest.domain.attribution import Attribution, HeaderMap
from services.ingest.domain.otlp import logs, metrics, spans
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.otlp.metrics import Measured
from services.ingest.domain.otlp.series import Newest
from services.ingest.domain.rejection import Rejected
from services.ingest.domain.sources import Source
from services.ingest.handlers import Caller, Intake, Receipt

_SLICE = 500
"""Items read before others get their turn: a few milliseconds."""
_TOLD = 3
"""Different reasons told in a partial success."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Signal:
    """One of OTLP's three."""

    name: str
    path: str
    request: type[Message]
    response: type[Message]
    rejected: str
    """Name of the count in its partial success."""


TRACES = Signal("traces", "/v1/traces", ExportTraceServiceRequest, ExportTraceServiceResponse, "rejected_spans")
METRICS = Signal(
    "metrics", "/v1/metrics", ExportMetricsServiceRequest, ExportMetricsServiceResponse, "rejected_data_points"
)
LOGS = Signal("logs", "/v1/logs", ExportLogsServiceRequest, ExportLogsServiceResponse, "rejected_log_records")
SIGNALS = (TRACES, METRICS, LOGS)


@dataclass(frozen=True)
class Chosen:
    """What of a request is to be counted."""

    source: Source
    items: Sequence[object]
    left_out: Mapping[str, int]
    """Items about usage that are not counted, by reason."""
    notes: Sequence[str] = ()
    """What the sender should know about those."""


class Reminders:
    """Says a thing now and then: a Collector writes every note of ours into its log."""

    def __init__(self, every_seconds: float = 3_600, now: Callable[[], float] = time.monotonic) -> None:
        self._every = every_seconds
        self._now = now
        self._said: dict[tuple[str, str], float] = {}

    def due(self, tenant_id: str, subject: str) -> bool:
        """Whether it is time to say it again; if so it counts as said."""
        now = self._now()
        if now < self._said.get((tenant_id, subject), now - self._every) + self._every:
            return False
        self._said[tenant_id, subject] = now
        return True


class Receiver:
    """Takes export requests in."""

    def __init__(
        self,
        intake: Intake,
        headers: HeaderMap,
        names: AttributeMap,
        counted_metrics: Mapping[str, Measured],
        in_flight: InFlight,
    ) -> None:
        """`counted_metrics`: see domain.otlp.metrics."""
        self.in_flight = in_flight
        self._headers = headers
        self._intake = intake
        self._names: Collection[str] = names.names | values.ATTRIBUTES
        self._counted_metrics = counted_metrics
        self._newest = Newest()
        self._reminders = Reminders()
        self._spans = Source("otlp-spans", TRACES.path, spans.SpanDecoder(names), "OpenTelemetry spans")
        self._records = Source("otlp-logs", LOGS.path, logs.LogDecoder(names), "OpenTelemetry log records")
        self._points = Source(
            "otlp-metrics", METRICS.path, metrics.PointDecoder(names, counted_metrics), "OpenTelemetry metric points"
        )

    async def take(self, signal: Signal, message: Any, caller: Caller, headers: Mapping[str, str]) -> Message:
        """The answer to an export request, once its uses are durable.

        Args:
            message: of the signal's request type.
            headers: by lower-case name; X-Team and its like say whose the uses are where attributes do not.

        Raises:
            InvalidArgumentError: a header cannot be read.
            ResourceExhaustedError, UnavailableError: see Intake; send the whole request again.
        """
        try:
            whose = self._headers.read(headers)
        except Rejected as rejected:
            raise InvalidArgumentError.of(rejected.field, str(rejected).removeprefix(f"{rejected.field}: ")) from None
        if signal is TRACES:
            chosen = await self._choose_spans(message)
        elif signal is LOGS:
            chosen = await self._choose_records(message)
        else:
            chosen = await self._choose_points(message, caller.tenant_id)
        receipt = await self._take_in(chosen, caller, whose) if chosen.items else Receipt(0, (), 0)
        _measure(chosen, receipt)
        return _answer(signal, chosen, receipt)

    async def _choose_spans(self, message: ExportTraceServiceRequest) -> Chosen:
        found = spans.select(await _sliced(values.read_spans(message, self._names)))
        return Chosen(self._spans, found.calls, {"enclosing": found.enclosing, "of_agents": found.of_agents})

    async def _choose_records(self, message: ExportLogsServiceRequest) -> Chosen:
        found = logs.select(await _sliced(values.read_records(message, self._names)))
        return Chosen(self._records, found.calls, {"of_agents": found.of_agents})

    async def _choose_points(self, message: ExportMetricsServiceRequest, tenant_id: str) -> Chosen:
        found = metrics.select(await _sliced(values.read_points(message, self._names)), self._counted_metrics)
        current = [point for point in found.points if not self._newest.overtaken(tenant_id, point)]
        left_out = {"overtaken": len(found.points) - len(current), "not_named": sum(found.left_out.values())}
        notes = [
            _not_counted(metric, count)
            for metric, count in found.left_out.items()
            if self._reminders.due(tenant_id, metric)
        ]
        return Chosen(self._points, current, left_out, notes)

    async def _take_in(self, chosen: Chosen, caller: Caller, whose: Attribution) -> Receipt:
        try:
            return await self._intake.take(chosen.source, chosen.items, caller, whose)
        except ResourceExhaustedError:
            measured.RATE_LIMITED.inc()
            raise


async def _sliced(items: Iterable[Item | None]) -> list[Item]:
    found: list[Item] = []
    for number, item in enumerate(items):
        if item is not None:
            found.append(item)
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
    return found


def _answer(signal: Signal, chosen: Chosen, receipt: Receipt) -> Message:
    answer = signal.response()
    notes = list(chosen.notes)
    if receipt.refusals:
        reasons = Counter(str(refusal.rejected) for refusal in receipt.refusals).most_common(_TOLD)
        told = "; ".join(f"{count} x {reason}" for reason, count in reasons)
        notes.insert(0, f"{len(receipt.refusals)} of {len(chosen.items)} uses rejected: {told}")
    if notes:
        partial: Any = answer.partial_success  # type: ignore[attr-defined]
        setattr(partial, signal.rejected, len(receipt.refusals))
        partial.error_message = "; ".join(notes)
    return answer


def _not_counted(metric: str, count: int) -> str:
    return (
        f"{count} points of {metric} not counted, as spans and events are: to count the metric instead, name it in "
        "AIFINOPS_INGEST__OTLP_METRICS"
    )


def _measure(chosen: Chosen, receipt: Receipt) -> None:
    name = chosen.source.name
    measured.ACCEPTED.labels(name).inc(receipt.accepted)
    measured.OVERFLOWED_TAGS.labels(name).inc(receipt.overflowed_tags)
    for why, count in chosen.left_out.items():
        measured.LEFT_OUT.labels(name, why).inc(count)
    for reason, count in Counter(refusal.rejected.reason for refusal in receipt.refusals).items():
        measured.REJECTED.labels(name, reason.value).inc(count)
