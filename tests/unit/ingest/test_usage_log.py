"""Events as Kafka records."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.kafka.topics import USAGE
from services.ingest.adapters.journal.frames import Stored
from services.ingest.adapters.usage_log import record_of
from tests.unit.ingest.building import sealed


def test_a_record_is_a_cloudevent_in_binary_mode() -> None:
    event = sealed(1, source="checkout-api")
    record = record_of(Stored(event, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
    assert (record.topic, record.key, record.value, record.partition) == (USAGE, event.key, event.value, None)
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": event.key.hex().encode(),
        "ce_source": b"checkout-api",
        "ce_type": b"finops.usage.v1.UsageEvent",
        "ce_time": b"2026-11-23T12:00:00Z",
        "content-type": b"application/protobuf",
        "traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    assert UsageEvent.FromString(record.value or b"").event_key == event.key


def test_outside_a_span_there_is_no_traceparent() -> None:
    assert "traceparent" not in dict(record_of(Stored(sealed(1), "")).headers)
