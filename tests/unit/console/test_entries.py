"""What `/entries` tells of an event."""

from __future__ import annotations

from finops.cost.v1.cost_pb2 import CostRecord, Rating, RatingStatus
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.console.api import entries


def test_business_metrics_stand_beside_the_buckets() -> None:
    usage = UsageEvent(quantities=Quantities(input_tokens=9, business_metrics={"orders": 3, "tickets": 0}))
    record = CostRecord(usage=usage, rating=Rating(status=RatingStatus.RATING_STATUS_PRICED))
    entry = entries._entry(record)
    assert entry.quantities == {"input_tokens": 9}
    assert entry.metrics == {"orders": 3, "tickets": 0}
