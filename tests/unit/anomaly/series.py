"""One team's hours, straight into a watch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST

Returned = TypeVar("Returned")
Hourly = Callable[[int], tuple[float, int]]
"""Dollars and requests of the nth hour."""

TEAM = Series("team", "search")


def drain(work: Generator[None, None, Returned]) -> Returned:
    """Runs sliced work to its end."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: Returned = done.value
            return result


def watch_hours(
    hourly: Hourly, days: float, *, policy: Policy | None = None, series: Sequence[Series] = (TEAM,)
) -> list[Transition]:
    """What is told of series that all do the same."""
    watch = TenantWatch("acme", policy or Policy())
    told: list[Transition] = []
    for n in range(round(24 * days)):
        dollars, requests = hourly(n)
        if dollars or requests:
            watch.add(FIRST + n, series, Totals(round(dollars * PICOS_PER_DOLLAR), requests, requests))
        told += drain(watch.close_through(FIRST + n))
    return told


def opened(told: Sequence[Transition]) -> list[Anomaly]:
    return [transition.anomaly for transition in told if transition.type == AnomalyEvent.TYPE_OPENED]


def closed(told: Sequence[Transition]) -> list[Anomaly]:
    return [transition.anomaly for transition in told if transition.type == AnomalyEvent.TYPE_CLOSED]


def hours_of(anomaly: Anomaly) -> tuple[Hour, Hour]:
    """First hour and end, counted from the start of the test's time."""
    hour = 3_600_000_000
    return anomaly.start_unix_micros // hour - FIRST, anomaly.end_unix_micros // hour - FIRST


def office(seed: int = 1, *, dollars: float = 20.0, requests: float = 200.0, growth: float = 1.0) -> Hourly:
    """A noisy working week: busy by day, almost nothing at night and at weekends."""
    rng = np.random.default_rng(seed)
    rate = np.array([0.05] * 7 + [0.5, 1, 1, 1, 1, 0.8, 1, 1, 1, 0.9, 0.5, 0.2] + [0.1] * 5)
    noise = rng.lognormal(0, 0.2, 24 * 400)

    def hourly(n: int) -> tuple[float, int]:
        weekend = 0.1 if (n // 24) % 7 >= 5 else 1.0
        count = int(rng.poisson(requests * rate[n % 24] * weekend * growth ** (n / 168) * noise[n]))
        return count * dollars / requests * float(rng.lognormal(0, 0.1)), count

    return hourly
