"""Arbitrary bytes as OTLP requests of every signal and encoding: read, or refused with a reason, and no more happens.

    python -m tests.fuzz.otlp -max_total_time=60 [CORPUS]

The first byte chooses the signal, the second the encoding; the rest is the body.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import atheris

with atheris.instrument_imports(include=["services.ingest"]):
    from services.common.errors import ApiError
    from services.ingest.adapters.otlp import encoding, values
    from services.ingest.adapters.otlp.receiver import LOGS, METRICS, TRACES
    from services.ingest.domain.context import Context
    from services.ingest.domain.identity import seal
    from services.ingest.domain.otlp import logs, metrics, spans
    from services.ingest.domain.otlp.attribution import AttributeMap
    from services.ingest.domain.otlp.metrics import Measured
    from services.ingest.domain.rejection import Rejected
    from services.ingest.domain.times import TimeWindow

NOW = 1_795_435_200_000_000
MAP = AttributeMap()
NAMES = MAP.names | values.ATTRIBUTES
COUNTED: dict[str, Measured] = {**dict.fromkeys(metrics.BUCKETS, "metered"), metrics.COST: "reported"}
ENCODINGS = (encoding.PROTOBUF_ENCODING, encoding.JSON_ENCODING)
SIGNALS = (TRACES, METRICS, LOGS)

Chosen = tuple[Any, Callable[[object, Context], Any]]


def _chosen(signal: int, message: Any) -> Chosen:
    if SIGNALS[signal] is TRACES:
        return spans.select(list(values.read_spans(message, NAMES))).calls, spans.SpanDecoder(MAP)
    if SIGNALS[signal] is METRICS:
        points = list(values.read_points(message, NAMES))
        return metrics.select(points, COUNTED).points, metrics.PointDecoder(MAP, COUNTED)
    records = [record for record in values.read_records(message, NAMES) if record is not None]
    return logs.select(records).calls, logs.LogDecoder(MAP)


def take(data: bytes) -> None:
    """One request."""
    if len(data) < 2:
        return
    signal = data[0] % len(SIGNALS)
    try:
        message = ENCODINGS[data[1] % len(ENCODINGS)].read(data[2:], SIGNALS[signal].request)
    except ApiError as error:
        assert error.message
        return
    items, decode = _chosen(signal, message)
    context = Context("acme", NOW, TimeWindow.at(NOW, max_age_days=400, max_ahead_seconds=300))
    for item in items:
        try:
            seal(decode(item, context), NOW)
        except Rejected as rejected:
            assert str(rejected)


if __name__ == "__main__":
    atheris.Setup(sys.argv, take)
    atheris.Fuzz()
