"""Sums of cost, written as they are read: a day or an hour's rows at a time."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import IO

from finops.ledger.v1.ledger_pb2 import CostRow, QueryCostsRequest

from services.common import money
from services.common.auth import Principal, Role
from services.common.clickhouse import ClickHouse
from services.common.clock import Micros, format_rfc3339
from services.common.dimensions import BUCKETS
from services.ledger.adapters.metrics import Measures
from services.ledger.adapters.reader import ClickHouseReader
from services.ledger.domain.calendar import bucket_starts
from services.ledger.handlers.queries import PLATFORM_TENANT, LedgerQueries


class CostFormat(StrEnum):
    """Of the output."""

    CSV = "csv"
    JSON = "json"


class GranularityName(StrEnum):
    """What a row spans."""

    TOTAL = "total"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_COSTS = ("cost", "list_cost", "contracted_cost", "billed_cost", "shadow_cost")
_FIGURES = (*_COSTS, "events", "unpriced_events", *BUCKETS)
_BY_DAY = frozenset({GranularityName.HOUR, GranularityName.DAY})
"""Asked for day by day, so that memory does not grow with the range. Totals, weeks and months are few rows."""


async def write_costs(
    clickhouse: ClickHouse,
    tenant: str,
    span: tuple[Micros, Micros],
    group_by: Sequence[str],
    granularity: GranularityName,
    zone: str,
    condition: str,
    format: CostFormat,
    to: str,
    told: Callable[[int, int], None],
) -> int:
    """Writes rows of metered cost to a file, or to standard output where `to` is "-". Returns their number.

    Raises:
        InvalidArgumentError: no such dimension, a filter that cannot be read, or too many rows in one answer.
        UnavailableError: ClickHouse is away.
    """
    queries = LedgerQueries(ClickHouseReader(clickhouse), Measures())
    who = Principal(tenant or PLATFORM_TENANT, Role.SERVICE, "export", "aifinops export")
    groups = [*(["tenant"] if not tenant and "tenant" not in group_by else []), *group_by]
    parts = list(_parts(span, granularity, zone))
    written = 0
    try:
        with _opened(to) as file:
            write = _writer(file, groups, format, timed=granularity is not GranularityName.TOTAL)
            for done, (start, end) in enumerate(parts, 1):
                request = QueryCostsRequest(
                    start_unix_micros=start,
                    end_unix_micros=end,
                    group_by=groups,
                    granularity=f"GRANULARITY_{granularity.name}",
                    time_zone=zone,
                    filter=condition,
                )
                answer = await queries.query_costs(request, who)
                for row in answer.rows:
                    write(row)
                written += len(answer.rows)
                told(done, len(parts))
    finally:
        await clickhouse.stop()
    return written


def _parts(span: tuple[Micros, Micros], granularity: GranularityName, zone: str) -> Iterator[tuple[Micros, Micros]]:
    if granularity not in _BY_DAY:
        return iter([span])
    return pairwise([*bucket_starts("day", *span, zone), span[1]])


@contextmanager
def _opened(to: str) -> Iterator[IO[str]]:
    if to == "-":
        yield sys.stdout
    else:
        with Path(to).open("w", encoding="utf-8", newline="") as file:
            yield file


def _writer(file: IO[str], groups: Sequence[str], format: CostFormat, *, timed: bool) -> Callable[[CostRow], None]:
    names = [*(["time"] if timed else []), *groups, *_FIGURES]

    def values(row: CostRow) -> list[str | int]:
        costs = [money.format_dollars(money.from_proto(getattr(row, name))) for name in _COSTS]
        buckets = [getattr(row.quantities, bucket) for bucket in BUCKETS]
        time = [format_rfc3339(row.time_unix_micros)] if timed else []
        return [*time, *row.group, *costs, row.events, row.unpriced_events, *buckets]

    if format is CostFormat.CSV:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(names)
        return lambda row: table.writerow(values(row))

    def write(row: CostRow) -> None:
        file.write(json.dumps(dict(zip(names, values(row), strict=True)), ensure_ascii=False) + "\n")

    return write
