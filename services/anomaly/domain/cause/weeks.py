"""Which weeks an anomaly's hours are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.common.clock import DAY, Micros

WEEK = 7 * DAY
ENOUGH = 4
LOOKED_AT = 8


class Span(NamedTuple):
    """Half-open, in microseconds."""

    start: Micros
    end: Micros


def span_of(anomaly: Anomaly) -> Span:
    """Whole hours; whole minutes of a runaway."""
    return Span(anomaly.start_unix_micros, anomaly.end_unix_micros)


def usual_weeks(anomaly: Anomaly, others: Iterable[Anomaly], first_day: Micros) -> Sequence[Span]:
    """The same time of the week in up to four weeks before, the latest first; empty: there is nothing to compare with.

    Weeks in which something else that may touch the series was out of range are passed over, if there are others.

    Args:
        anomaly: what is compared.
        others: anomalies known of the same tenant.
        first_day: on which its series was first heard of.
    """
    span = span_of(anomaly)
    spans = [Span(span.start - week * WEEK, span.end - week * WEEK) for week in range(1, LOOKED_AT + 1)]
    heard = [one for one in spans if one.start >= first_day and one.end <= span.start]
    odd = [span_of(other) for other in others if other.name != anomaly.name and _touch(anomaly.series, other.series)]
    clean = [one for one in heard if not any(one.start < each.end and each.start < one.end for each in odd)]
    return (clean or heard)[:ENOUGH]


def _touch(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether an event can belong to both series."""
    return all(one[name] == other[name] for name in one.keys() & other.keys())
