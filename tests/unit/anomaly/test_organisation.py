"""Sixty days of a believable organisation with two incidents in them: those are told, and hardly anything else."""

from __future__ import annotations

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Reader
from services.anomaly.domain.tenant import TenantWatch
from tests.unit.anomaly.organisation import DIMENSIONS, FIRST, TENANT, Event, Organisation
from tests.unit.anomaly.series import closed, drain, hours_of, opened

DAYS = 60
SPIKE = Event("mobile", FIRST + 24 * 50 + 10, 5, volume=9)
DEARER = Event("support", FIRST + 24 * 58 + 2, 12, price=3)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [7])
def test_both_incidents_and_hardly_anything_else(seed: int) -> None:
    reader, watch = Reader(DIMENSIONS), TenantWatch(TENANT, Policy())
    told = []
    for hour, cells in Organisation(seed, events=(SPIKE, DEARER)).hours(DAYS):
        for cell, totals in cells.items():
            watch.add(cell.hour, reader.series(cell), totals)
        told += drain(watch.close_through(hour))

    ended = {(dict(a.series).get("team"), a.channel): a for a in closed(told)}
    spike = ended.pop(("mobile", Anomaly.CHANNEL_COST))
    dearer = ended.pop(("support", Anomaly.CHANNEL_UNIT_COST))
    assert hours_of(spike) == (24 * 50 + 10, 24 * 50 + 15)
    start, end = hours_of(dearer)
    assert abs(start - (24 * 58 + 2)) <= 2
    assert abs(end - (24 * 58 + 14)) <= 3
    assert len(opened(told)) - 2 <= 1
