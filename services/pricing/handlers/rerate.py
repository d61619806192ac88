"""Re-rating: prices anew what the ledger holds, and hands the rater what changed.

Events are looked through as columns. Only those that change, and those that columns do not tell all about, are read
whole.

Nothing is remembered between runs. An event goes to the rater with the content it last had, so whatever is sent twice,
by a run that broke off and its repetition say, is booked once.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord
from finops.pricing.v1.pricing_pb2 import RerateRequest, RerateResponse
from finops.usage.v1.usage_pb2 import (
    CORRECTION_KIND_CONTRACT_CHANGED,
    CORRECTION_KIND_LATE_PRICE,
    CORRECTION_KIND_PRICE_CORRECTED,
    Correction,
    CorrectionKind,
    UsageEvent,
)

from services.common.clock import Clock, Micros
from services.common.errors import FieldViolation, InvalidArgumentError
from services.pricing.domain.booked_columns import BookedColumns, Changes
from services.pricing.domain.rerating import Effects, corrected, is_affected
from services.pricing.handlers.ports import Pricing, Refused

KINDS = (CORRECTION_KIND_LATE_PRICE, CORRECTION_KIND_PRICE_CORRECTED, CORRECTION_KIND_CONTRACT_CHANGED)
MAX_REASON = 500
SOME = 1_000
"""Events that are read and sent one by one, at a time."""


@dataclass(frozen=True)
class Selection:
    """Which of a tenant's events: half-open [start, end), and a filter of the filter language."""

    tenant_id: str
    """As a service key names it: the platform's own tenant stands for all of them."""
    start: Micros
    end: Micros
    filter: str
    only_unpriced: bool


@dataclass(frozen=True)
class Order:
    """A re-rating as it was asked for."""

    selection: Selection
    correction: Correction
    dry_run: bool = False
    resume_token: str = ""


class Page(NamedTuple):
    """Events as they stand now, and where the next page begins; "" after the last one."""

    events: Sequence[CostRecord]
    next_token: str


class ColumnPage(NamedTuple):
    """The same as columns."""

    events: BookedColumns
    next_token: str


class BookedEvents(Protocol):
    """The ledger's events. Raises what it answers, UnavailableError where it is away."""

    async def count(self, selection: Selection) -> int:
        """About how many there are: those of the hours that the range touches."""
        ...

    async def page(self, selection: Selection, token: str, size: int) -> Page: ...

    async def columns(self, selection: Selection, token: str, size: int) -> ColumnPage: ...

    async def some(self, selection: Selection, keys: Sequence[bytes]) -> Sequence[CostRecord]:
        """Those of at most SOME of the selected events that are still there, as they stand now."""
        ...


class Repricing(Pricing, Protocol):
    """The pricing service, for many events at once."""

    async def compare(self, booked: BookedColumns, correction: int) -> Changes:
        """What a correction of this kind would change.

        Raises:
            UnavailableError: it is away.
        """
        ...


class RebookingLog(Protocol):
    """finops.usage.v1."""

    async def rebook(self, events: Sequence[UsageEvent]) -> None:
        """Returns once they are durable.

        Raises:
            UnavailableError: not all were acknowledged; some may have been written.
        """
        ...


def order_of(request: RerateRequest, tenant_id: str, author: str, now: Micros) -> Order:
    """The request, as this author's.

    Raises:
        InvalidArgumentError: no reason, or a kind that is not for re-rating. The ledger judges range and filter.
    """
    faults: list[FieldViolation] = []
    if request.kind not in KINDS:
        names = ", ".join(CorrectionKind.Name(kind) for kind in KINDS)
        faults.append(FieldViolation("kind", f"one of {names}"))
    reason = request.reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        faults.append(FieldViolation("reason", f"say why in 1 to {MAX_REASON} characters; it stays in the ledger"))
    if faults:
        text = "; ".join(f"{fault.field}: {fault.description}" for fault in faults)
        raise InvalidArgumentError(text, violations=faults)
    return Order(
        Selection(
            tenant_id=tenant_id,
            start=request.start_unix_micros,
            end=request.end_unix_micros,
            filter=request.filter,
            only_unpriced=request.only_unpriced or request.kind == CORRECTION_KIND_LATE_PRICE,
        ),
        correction_of(request.kind, author, reason, now),
        request.dry_run,
        request.resume_token,
    )


def correction_of(kind: CorrectionKind, author: str, reason: str, now: Micros) -> Correction:
    """A correction of a run of its own."""
    return Correction(kind=kind, author=author, reason=reason, recorded_unix_micros=now, run_id=uuid.uuid4().hex)


class Rerater:
    """Runs re-ratings."""

    def __init__(
        self, events: BookedEvents, pricing: Repricing, log: RebookingLog, clock: Clock, *, page_events: int
    ) -> None:
        self._events = events
        self._pricing = pricing
        self._log = log
        self._clock = clock
        self._page_events = page_events

    async def rerate(self, request: RerateRequest, tenant_id: str, author: str) -> AsyncIterator[RerateResponse]:
        """What `order_of` makes of the request, done. Raises as it and `run` do."""
        async for progress in self.run(order_of(request, tenant_id, author, self._clock.now())):
            yield progress

    async def run(self, order: Order) -> AsyncIterator[RerateResponse]:
        """How far it is, once before the first page and after each.

        Raises:
            InvalidArgumentError: a range, filter or token that the ledger refuses.
            UnavailableError: the ledger, pricing or Kafka is away. Everything before the last token is done.
        """
        effects = Effects()
        total = await self._events.count(order.selection)
        progress = RerateResponse(run_id=order.correction.run_id, events_total=total, resume_token=order.resume_token)
        yield _copy(progress)
        while not progress.done:
            page = await self._events.columns(order.selection, progress.resume_token, self._page_events)
            await self._work(page.events, order, effects, progress)
            progress.resume_token, progress.done = page.next_token, not page.next_token
            del progress.effects[:]
            progress.effects.extend(effects.messages())
            yield _copy(progress)

    async def _work(self, booked: BookedColumns, order: Order, effects: Effects, progress: RerateResponse) -> None:
        """Looks through a page for what changes, and hands that on."""
        found = await self._pricing.compare(booked, order.correction.kind)
        rows = found.left
        if order.dry_run:
            effects.include(found.effects)
            progress.events_changed += len(found.changed)
        else:
            rows = np.union1d(found.changed, found.left)
        for start in range(0, len(rows), SOME):
            few = rows[start : start + SOME]
            times = booked.times[few]
            # Events lie by their time: the ledger reads little more than these.
            near = replace(order.selection, start=int(times.min()), end=int(times.max()) + 1)
            records = await self._events.some(near, booked.keys(few))
            await self._one_by_one(records, order, effects, progress)
        progress.events_read += len(booked)

    async def _one_by_one(
        self, records: Sequence[CostRecord], order: Order, effects: Effects, progress: RerateResponse
    ) -> None:
        """Prices events as they stand now, and hands on what changes."""
        ratings = await self._pricing.rate([record.usage for record in records]) if records else ()
        changed: list[UsageEvent] = []
        for record, rating in zip(records, ratings, strict=True):
            if isinstance(rating, Refused):
                progress.events_refused += 1
            elif is_affected(record, rating, order.correction.kind):
                effects.add(record, rating)
                changed.append(corrected(record.usage, order.correction))
        if changed and not order.dry_run:
            await self._log.rebook(changed)
        progress.events_changed += len(changed)


def _copy(progress: RerateResponse) -> RerateResponse:
    """Who reads it may keep it."""
    copy = RerateResponse()
    copy.CopyFrom(progress)
    return copy
