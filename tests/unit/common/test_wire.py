"""Fields written by hand, as the library reads them."""

from __future__ import annotations

import pytest
from finops.pricing.v1.pricing_pb2 import PriceBatchRequest
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.wire import encode_varint, tag_of


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384, 100_000])
def test_a_field_written_by_hand_is_the_field_the_library_writes(length: int) -> None:
    event = UsageEvent(source_event_id="x" * length)
    value = event.SerializeToString()
    field = tag_of(PriceBatchRequest, "events") + encode_varint(len(value)) + value
    assert field == PriceBatchRequest(events=[event]).SerializeToString()
