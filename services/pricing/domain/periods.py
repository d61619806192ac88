"""Calendar months and a contract's years, in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from services.common.clock import Micros, to_datetime, to_micros

Span = tuple[Micros, Micros]
"""[start, end)."""


def months(start: Micros, end: Micros) -> Iterator[Span]:
    """The calendar months between two moments, the first and the last cut where those lie within."""
    while start < end:
        day = to_datetime(start)
        following = to_micros(datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC))
        yield start, min(following, end)
        start = following


def years(start: Micros, end: Micros) -> Iterator[Span]:
    """Years from the date of the start on, the last cut at the end; from March 1 where there is no February 29."""
    first = to_datetime(start)
    begins, number = start, 0
    while begins < end:
        number += 1
        try:
            following = to_micros(first.replace(year=first.year + number))
        except ValueError:
            following = to_micros(first.replace(year=first.year + number, month=3, day=1))
        yield begins, min(following, end)
        begins = following
