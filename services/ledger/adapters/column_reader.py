"""Events as columns, read from `cost_entries` in the order in which they lie there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.common.clickhouse import ClickHouse
from services.common.dimensions import BUCKETS
from services.common.filters import Filter
from services.ledger.adapters.event_reader import MOST_ROWS, statement
from services.ledger.domain.event_columns import COSTS, Changes, Ints, Kind, Whole, whole
from services.ledger.domain.latest import EventCursor
from services.ledger.domain.query import Range

_KIND = (
    "tenant_id", "provider", "model", "service_tier", "batch", "region", "toInt8(outcome)",
    "toLowCardinality(arrayStringConcat(unpriced_buckets, ','))", "endsWith(price_id, ' (billed)')",
)  # fmt: skip
"""As in `Kind`. An amount billed for the event itself has a price of that name: see pricing's `Pricer.price`."""
_NUMBERS = (
    "toUnixTimestamp64Micro(time)", "toInt64(revision)", "toInt64(reversal)", "toInt64(events_delta)",
    "toInt64(unpriced_events_delta)", *(f"{bucket}_delta" for bucket in BUCKETS), *COSTS,
)  # fmt: skip
_COLUMNS = ", ".join((*_KIND, "event_key", *_NUMBERS))


class ClickHouseEventColumns:
    """Implements `handlers.event_columns.ColumnReader`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def changes(
        self,
        tenant_id: str | None,
        span: Range,
        parsed: Filter,
        only_unpriced: bool,
        after: EventCursor | None,
        rows: int,
    ) -> tuple[Changes, Whole]:
        while True:
            asked = statement(_COLUMNS, tenant_id, span, parsed, only_unpriced, after, rows)
            found = _changes(await self._clickhouse.columns(asked.text, asked.parameters))
            sure = whole(found, rows)
            if sure.rows or len(found) < rows:
                return found, sure
            if rows >= MOST_ROWS:
                # More rows of one event than anybody writes: those that were read stand for it.
                return found, whole(found, len(found) + 1)
            rows *= 2


def _changes(columns: Sequence[Any]) -> Changes:
    if not columns:
        columns = [()] * (len(_KIND) + 1 + len(_NUMBERS))
    names, keys, numbers = columns[: len(_KIND)], columns[len(_KIND)], columns[len(_KIND) + 1 :]
    times, revisions, reversals, events, unpriced, *rest = map(_ints, numbers)
    places: dict[tuple[Any, ...], int] = {}
    kind = [places.setdefault(each, len(places)) for each in zip(*names, strict=True)]
    quantities = zip(BUCKETS, rest[: len(BUCKETS)], strict=True)
    return Changes(
        kinds=[Kind._make((*each[:-1], bool(each[-1]))) for each in places],
        kind=np.array(kind, dtype=np.int64),
        event_keys=b"".join(keys),
        times=times,
        revisions=revisions,
        reversals=reversals != 0,
        events=events,
        unpriced=unpriced,
        quantities={bucket: column for bucket, column in quantities if column.any()},
        costs=dict(zip(COSTS, rest[len(BUCKETS) :], strict=True)),
    )


def _ints(column: Any) -> Ints:
    """The client hands a column of numbers over as an array of machine words, which needs no copying."""
    return np.asarray(column, dtype=np.int64)
