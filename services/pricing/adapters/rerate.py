"""What re-rating needs of the ledger and of prices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord, Rating
from finops.ledger.v1.ledger_pb2 import (
    ListEventColumnsRequest,
    ListEventColumnsResponse,
    ListEventsRequest,
    ListUnpricedRequest,
    QueryCostsRequest,
    UnpricedUse,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from finops.pricing.v1.pricing_pb2 import PriceBatchResponse
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import HOUR
from services.common.errors import InvalidArgumentError
from services.common.grpc.client import Channel, call
from services.pricing.domain import serialized
from services.pricing.domain.batches import price_all
from services.pricing.domain.booked_columns import BookedColumns, BookedKind, Changes, Judged, gathered, judged
from services.pricing.domain.columns import Ints
from services.pricing.domain.rating import FREE_OUTCOMES, Pricer
from services.pricing.handlers.ports import OverrideStore, Refused
from services.pricing.handlers.rerate import ColumnPage, Page, Selection

_PATIENCE_SECONDS = 60.0
"""For one answer of the ledger about much of its history."""
_MOST_GROUPS = 1_000
_SLICE = 1_000
"""Events rated before others on the event loop get their turn: about 5 ms."""


class GrpcBookedEvents:
    """The ledger's events and its queue, over gRPC with the platform's key."""

    def __init__(self, channel: Channel, service_key: str) -> None:
        self._channel = channel
        self._key = service_key

    async def count(self, selection: Selection) -> int:
        request = QueryCostsRequest(
            start_unix_micros=selection.start - selection.start % HOUR,
            end_unix_micros=selection.end + -selection.end % HOUR,
            filter=selection.filter,
        )
        stub = LedgerServiceStub(self._channel.channel())
        answer = await call(
            stub.QueryCosts, request, key=self._key, tenant_id=selection.tenant_id, timeout_seconds=_PATIENCE_SECONDS
        )
        return sum(row.unpriced_events if selection.only_unpriced else row.events for row in answer.rows)

    async def page(self, selection: Selection, token: str, size: int) -> Page:
        request = ListEventsRequest(**_asked(selection), page_size=size, page_token=token)
        answer = await self._list(LedgerServiceStub(self._channel.channel()).ListEvents, request, selection)
        return Page(answer.events, answer.next_page_token)

    async def columns(self, selection: Selection, token: str, size: int) -> ColumnPage:
        request = ListEventColumnsRequest(**_asked(selection), page_size=size, page_token=token)
        answer = await self._list(LedgerServiceStub(self._channel.channel()).ListEventColumns, request, selection)
        return ColumnPage(booked_columns(answer), answer.next_page_token)

    async def some(self, selection: Selection, keys: Sequence[bytes]) -> Sequence[CostRecord]:
        request = ListEventsRequest(**_asked(selection), page_size=len(keys), event_keys=keys)
        stub = LedgerServiceStub(self._channel.channel())
        found: list[CostRecord] = []
        while True:
            answer = await self._list(stub.ListEvents, request, selection)
            found += answer.events
            request.page_token = answer.next_page_token
            if not request.page_token:
                return found

    async def _list(self, method: Any, request: Any, selection: Selection) -> Any:
        try:
            return await call(
                method, request, key=self._key, tenant_id=selection.tenant_id, timeout_seconds=_PATIENCE_SECONDS
            )
        except InvalidArgumentError as error:
            if any(violation.field == "page_token" for violation in error.violations):
                raise InvalidArgumentError.of(
                    "resume_token",
                    "is of another choice: give the very range, filter and tenant of the run that broke off",
                ) from error
            raise

    async def groups(self) -> Sequence[UnpricedUse]:
        found: list[UnpricedUse] = []
        token = ""
        while True:
            request = ListUnpricedRequest(page_size=_MOST_GROUPS, page_token=token)
            stub = LedgerServiceStub(self._channel.channel())
            answer = await call(stub.ListUnpriced, request, key=self._key, timeout_seconds=_PATIENCE_SECONDS)
            found += answer.groups
            token = answer.next_page_token
            if not token:
                return found


def _asked(selection: Selection) -> dict[str, Any]:
    """The fields of a request that say which events."""
    return {
        "start_unix_micros": selection.start,
        "end_unix_micros": selection.end,
        "filter": selection.filter,
        "only_unpriced": selection.only_unpriced,
    }


class LocalPricing:
    """This process's own prices: re-rating asks about every event of the ledger, the rater only about what changed."""

    def __init__(self, pricer: Pricer, store: OverrideStore) -> None:
        self._pricer = pricer
        self._store = store

    async def rate(self, events: Sequence[UsageEvent]) -> Sequence[Rating | Refused]:
        self._store.ensure_loaded()
        found: list[Rating | Refused] = []
        for start in range(0, len(events), _SLICE):
            if start:
                await asyncio.sleep(0)
            some = events[start : start + _SLICE]
            priced = price_all(self._pricer, some)
            ratings = PriceBatchResponse.FromString(serialized.ratings(priced, len(some))).ratings
            for position, rating in enumerate(ratings):
                refused = priced.refused.get(position)
                found.append(rating if refused is None else Refused(str(refused)))
        return found

    async def compare(self, booked: BookedColumns, correction: int) -> Changes:
        self._store.ensure_loaded()
        found: list[Judged] = []
        for some in judged(self._pricer, booked, correction):
            found.append(some)
            await asyncio.sleep(0)
        return gathered(found)


def booked_columns(answer: ListEventColumnsResponse) -> BookedColumns:
    """The events of an answer of the ledger."""
    times = _column(answer.time_unix_micros, 0)
    rows = len(times)
    costs = _column(answer.cost_picos, rows)
    views = (answer.list_cost_picos, answer.contracted_cost_picos, answer.billed_cost_picos)
    return BookedColumns(
        kinds=[
            BookedKind(
                kind.tenant_id,
                (kind.provider, kind.model, kind.service_tier, kind.batch, kind.region),
                kind.outcome in FREE_OUTCOMES,
                frozenset(kind.unpriced_buckets),
                kind.apart,
            )
            for kind in answer.kinds
        ],
        kind=_column(answer.kind, rows),
        event_keys=answer.event_keys,
        times=times,
        quantities={bucket: _column(column, rows) for bucket, column in answer.quantities.items()},
        costs=[
            costs,
            _column(answer.shadow_cost_picos, rows),
            *(_column(view, rows) if view else costs for view in views),
        ],
    )


def _column(packed: bytes, rows: int) -> Ints:
    return np.frombuffer(packed, dtype="<i8") if packed else np.zeros(rows, dtype=np.int64)
