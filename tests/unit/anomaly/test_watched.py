"""Which records are watched for anomalies."""

from __future__ import annotations

import pytest
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, Quantities, UsageEvent

from services.anomaly.domain.series import is_watched
from services.common.dimensions import BOOKED_SOURCES


@pytest.mark.parametrize(
    ("usage", "watched"),
    [
        (UsageEvent(source="api", quantities=Quantities(input_tokens=1, requests=1)), True),
        (UsageEvent(source="api", quantities=Quantities(seats=1)), False),
        (UsageEvent(source="api", measurement=MEASUREMENT_REPORTED), False),
        *((UsageEvent(source=source), False) for source in sorted(BOOKED_SOURCES)),
    ],
)
def test_only_what_was_used_is_watched(usage: UsageEvent, watched: bool) -> None:
    assert is_watched(usage) is watched
