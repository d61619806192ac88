"""The course of a budget's period: what was spent, cumulated, and where it is heading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finops.budget.v1.budget_pb2 import ForecastPoint

from services.common.clock import Micros
from services.common.money import Picos, from_proto


@dataclass(frozen=True)
class Course:
    """Sums since the period's start, picodollars, at the end of each bucket; None where they do not apply.

    `spent` ends with the bucket that is under way, and there `expected` begins.
    """

    times: Sequence[Micros]
    spent: Sequence[Picos | None]
    expected: Sequence[Picos | None]


def course(points: Iterable[ForecastPoint]) -> Course:
    """Cumulates the points of a forecast."""
    times: list[Micros] = []
    spent: list[Picos | None] = []
    expected: list[Picos | None] = []
    so_far = heading = 0
    for point in points:
        times.append(point.time_unix_micros)
        actual = from_proto(point.actual)
        begun = point.HasField("actual")
        so_far += actual
        under_way = begun and point.HasField("expected")
        heading += from_proto(point.expected) if point.HasField("expected") else actual
        spent.append(so_far if begun else None)
        # The bucket under way joins the two lines: the forecast starts from what was spent.
        expected.append(so_far if under_way else heading if point.HasField("expected") else None)
    return Course(times, spent, expected)
