"""Metric points that count tokens, as events.

Metrics say again what spans and events say call by call, so by default none is counted; the setting names the metrics
that are, for programs that send nothing else. Each then is metered (it is spend) or reported (beside spend).

A point tells how much a series grew (delta) or has grown since its start (cumulative):
- a delta point is an event: its id is the series with the point's start and end, so that a resend is a duplicate.
- a cumulative series is one event per start time: its id is the series with that start, its content the running total.
  Each later point is a revision of it, so the difference flows downstream, whoever takes the point in and whatever it
  remembers: a restart of ours, a second replica, a lost or repeated point change nothing. A counter that was reset has
  a new start time, and thus is a new event.

The price of that exactness is time: an event keeps its first time, so all of a cumulative series falls on the hour its
program started. Differences per hour would need to know the total at the end of the hour before, which no replica can
know for certain after a restart; a guess there counts a whole history twice. For programs that run for days delta
temporality (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta) puts usage where it happened; agents' sessions are
short, and Claude Code sends deltas by default.

Limits: input tokens of the GenAI metrics include cached ones, which metrics do not tell apart, and a counter of tokens
does not tell how long single requests were, which some prices depend on. Spans and events tell both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, UsageEvent

from services.common.clock import Micros
from services.ingest.domain.context import Context
from services.ingest.domain.otlp import call
from services.ingest.domain.otlp.agents import claude_code
from services.ingest.domain.otlp.agents.common import own
from services.ingest.domain.otlp.attributes import Attributes, picos, whole, word
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.rejection import Reason, Rejected

Measured = Literal["metered", "reported"]

MAX_TOTAL = 10_000_000_000
"""Tokens of one point: more than a request has, since it sums up many."""

NANOS_PER_MICRO = 1_000
_TOKEN_TYPE, _MODALITY, _TYPE = "gen_ai.token.type", "gen_ai.token.modality", "type"
_MODEL = (*call.MODEL, "model")

COST = "claude_code.cost.usage"

BUCKETS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "gen_ai.client.token.usage": (_TOKEN_TYPE, {
        "input": "input_tokens", "output": "output_tokens", "completion": "output_tokens",
    }),
    "gen_ai.client.inference.usage.input_tokens": (_MODALITY, {
        "text": "input_tokens", "unknown": "input_tokens", "audio": "input_audio_tokens", "image": "input_image_tokens",
    }),
    "gen_ai.client.inference.usage.output_tokens": (_MODALITY, {
        "text": "output_tokens", "unknown": "output_tokens", "audio": "output_audio_tokens",
        "image": "output_image_tokens",
    }),
    "claude_code.token.usage": (_TYPE, {
        "input": "input_tokens", "output": "output_tokens", "cacheRead": "cache_read_tokens",
        "cacheCreation": "cache_write_tokens",
    }),
}  # fmt: skip
"""Metrics of tokens: the attribute that tells what kind, and the bucket of each kind."""

METRICS = frozenset({*BUCKETS, COST})
NAMES = frozenset({_TOKEN_TYPE, _MODALITY, _TYPE, *_MODEL, *call.NAMES})


class Point(NamedTuple):
    """A point of a sum or a histogram; times in nanoseconds since 1970."""

    metric: str
    series: str
    """Hash of what tells the series apart: resource, scope, metric and all attributes."""
    start: int
    time: int
    cumulative: bool | None
    """None: the sender does not say."""
    monotonic: bool
    total: int | float
    """The sum."""
    measurements: int
    """How many a histogram sums up; 0 for a sum, which does not know."""
    attributes: Attributes
    resource: Attributes
    agent: str
    """The coding agent that sent it; "" for other programs."""


def settled(setting: Mapping[str, Measured]) -> Mapping[str, Measured]:
    """The setting itself.

    Raises:
        ValueError: a metric nobody reads, or a cost that would be metered.
    """
    for name, measured in setting.items():
        if name not in METRICS:
            raise ValueError(f"{name!r} is not read: use {', '.join(sorted(METRICS))}")
        if name == COST and measured == "metered":
            raise ValueError(f"{name} is an estimate of the sender's: it can only be reported, tokens are metered")
    return setting


class Selection(NamedTuple):
    """The points of a request that are to be counted."""

    points: Sequence[Point]
    left_out: Mapping[str, int]
    """Points of usage that the setting does not name, by metric."""


def select(points: Sequence[Point], setting: Mapping[str, Measured]) -> Selection:
    """Picks the points of the metrics the setting names; those that grew by nothing say nothing."""
    chosen: list[Point] = []
    left_out: dict[str, int] = {}
    for point in points:
        if point.metric not in METRICS or not point.total:
            continue
        if point.metric in setting and not (point.metric.startswith("gen_ai.") and point.agent):
            chosen.append(point)
        else:
            left_out[point.metric] = left_out.get(point.metric, 0) + 1
    return Selection(chosen, left_out)


class PointDecoder:
    """Turns a selected point into an event."""

    def __init__(self, names: AttributeMap, setting: Mapping[str, Measured]) -> None:
        self._names = names
        self._setting = setting

    def __call__(self, item: object, context: Context) -> UsageEvent:
        """The event of a point.

        Raises:
            Rejected: not a growing count, no start time, a kind of token nobody knows, or no model.
        """
        assert isinstance(item, Point)
        agent = item.agent or (claude_code.NAME if item.metric.startswith("claude_code.") else "")
        source_id, time = _identity(item, context)
        model = word(item.attributes, _MODEL).partition("[")[0]
        if not model:
            raise Rejected(Reason.MISSING, "gen_ai.request.model", "is missing: tokens of no model have no price")
        provider = claude_code.PROVIDER if agent == claude_code.NAME else word(item.attributes, call.PROVIDER)
        resource = own(item.resource) if agent else item.resource
        dimensions = self._names.dimensions(item.attributes, resource, context)
        if agent:
            dimensions.setdefault("tool", agent)
        event = UsageEvent(
            tenant_id=context.tenant_id,
            source=agent or call.SOURCE,
            source_event_id=source_id,
            time_unix_micros=time,
            provider=call.provider_name(provider),
            model=model,
            measurement=self._names.measurement(item.attributes, resource),
            **dimensions,  # type: ignore[arg-type]
        )
        event.tags.update(self._names.tags(item.attributes, resource, context))
        if self._setting.get(item.metric) == "reported":
            event.measurement = MEASUREMENT_REPORTED
        _measure(item, event)
        return event


def _identity(point: Point, context: Context) -> tuple[str, Micros]:
    if point.cumulative is None or not point.monotonic:
        raise Rejected(
            Reason.INVALID, "aggregationTemporality", "and isMonotonic must tell a counter, delta or cumulative"
        )
    if not point.start:
        raise Rejected(
            Reason.MISSING, "startTimeUnixNano", "is missing: without it a reset cannot be told from a total, set it"
        )
    if point.cumulative:
        time = context.window.check(point.start // NANOS_PER_MICRO, "startTimeUnixNano")
        return f"{point.series}:{point.start}", time
    time = context.window.check(point.time // NANOS_PER_MICRO, "timeUnixNano")
    return f"{point.series}:{point.start}:{point.time}", time


def _measure(point: Point, event: UsageEvent) -> None:
    if point.metric == COST:
        cost = picos({COST: point.total}, (COST,))
        if cost is None:
            raise Rejected(Reason.OUT_OF_RANGE, point.metric, f"is {point.total!r:.40}: must be dollars")
        event.source_cost_picos = cost
        return
    attribute, kinds = BUCKETS[point.metric]
    kind = point.attributes.get(attribute)
    bucket = kinds.get(kind) if isinstance(kind, str) else None
    if bucket is None:
        raise Rejected(Reason.INVALID, attribute, f"must be one of {', '.join(kinds)}, not {kind!r:.40}")
    setattr(event.quantities, bucket, whole(point.total, point.metric, MAX_TOTAL))
    # Each call is measured once as input and once as output; it is one request.
    if bucket.startswith("input_"):
        event.quantities.requests = whole(point.measurements, "count")
