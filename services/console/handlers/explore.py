"""The cost explorer: one query over time, one by group, and the same for the period before."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from finops.ledger.v1.ledger_pb2 import CostRow, QueryCostsResponse

from services.common.clock import to_datetime
from services.common.dimensions import BUCKETS
from services.common.money import Picos, format_dollars, from_proto
from services.console.domain import series
from services.console.domain.cost_query import CostQuery
from services.console.domain.periods import buckets, previous, zone
from services.console.handlers.peers import Caller, Ledger

STACKS = 8


@dataclass(frozen=True)
class Explored:
    """`totals` has one row a group. What is about the period before is None unless asked for."""

    query: CostQuery
    totals: Sequence[CostRow]
    over_time: series.Stack
    before: Sequence[CostRow] | None
    before_over_time: Sequence[Picos] | None
    """The sum of every bucket of the period before, beside the buckets of this one."""
    read_from: str

    @property
    def total(self) -> Picos:
        return sum(series.cost(row) for row in self.totals)

    @property
    def total_before(self) -> Picos | None:
        return None if self.before is None else sum(series.cost(row) for row in self.before)


async def explore(peer: Ledger, caller: Caller, query: CostQuery, *, compare: bool) -> Explored:
    """Asks the ledger for all parts at once; `query.granularity` is that of the chart.

    Raises:
        ApiError: what the ledger answered.
    """
    tz = zone(query.time_zone)
    earlier = previous(query.period, tz)
    asked = [query, replace(query, granularity="total")]
    if compare:
        asked.append(replace(query, period=earlier, granularity="total"))
        asked.append(replace(query, period=earlier, group_by=()))
    answers: list[QueryCostsResponse] = await asyncio.gather(
        *(peer.query_costs(caller, each.request()) for each in asked)
    )
    times = buckets(query.period, query.granularity, tz)
    before_over_time = None
    if compare:
        sums = series.stack(answers[3].rows, buckets(earlier, query.granularity, tz), 1)
        amounts = next(iter(sums.amounts.values()), [])
        before_over_time = [*amounts, *([0] * len(times))][: len(times)]
    return Explored(
        query,
        sorted(answers[1].rows, key=lambda row: (-series.cost(row), tuple(row.group))),
        series.stack(answers[0].rows, times, STACKS),
        answers[2].rows if compare else None,
        before_over_time,
        answers[0].read_from,
    )


def to_csv(query: CostQuery, rows: Sequence[CostRow], tz: ZoneInfo) -> str:
    """Rows as RFC 4180 text, amounts with every digit."""
    text = io.StringIO()
    out = csv.writer(text)
    timed = query.granularity != "total"
    out.writerow(
        [*(["time"] if timed else []), *query.group_by, "cost_usd", "shadow_cost_usd", "events", "unpriced_events",
         *BUCKETS]
    )  # fmt: skip
    for row in rows:
        times = [to_datetime(row.time_unix_micros).astimezone(tz).isoformat()] if timed else []
        out.writerow(
            [
                *times,
                *(_inert(value) for value in row.group),
                format_dollars(from_proto(row.cost)),
                format_dollars(from_proto(row.shadow_cost)),
                row.events,
                row.unpriced_events,
                *(getattr(row.quantities, bucket) for bucket in BUCKETS),
            ]
        )
    return text.getvalue()


def _inert(value: str) -> str:
    """A cell that a spreadsheet would run as a formula gets a quote before it (OWASP: CSV injection)."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
