"""Re-rating between a ledger and logs in memory, and the queue's worker over it; the pricer is the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.ledger.v1.ledger_pb2 import UnpricedUse
from finops.pricing.v1.pricing_pb2 import RerateRequest, RerateResponse
from finops.usage.v1.usage_pb2 import (
    CORRECTION_KIND_CONTRACT_CHANGED,
    CORRECTION_KIND_LATE_PRICE,
    CORRECTION_KIND_MANUAL_ADJUSTMENT,
    CORRECTION_KIND_PRICE_CORRECTED,
    UsageEvent,
)

from services.common import filters
from services.common.clock import DAY, HOUR, ManualClock, Micros
from services.common.dimensions import reader
from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.money import PICOS_PER_DOLLAR, from_proto
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer
from services.pricing.domain.revisions import revise
from services.pricing.handlers.rerate import ColumnPage, Order, Page, Rerater, Selection, correction_of
from services.pricing.handlers.unpriced import AUTHOR, LatePrices
from tests.unit.pricing.booked import booked
from tests.unit.pricing.events import NOON, recorded
from tests.unit.pricing.harness import DirectPricing

NEW = "gpt-zeta-9"
START, END = NOON - NOON % DAY, NOON - NOON % DAY + DAY
_ORIGIN = LogPosition(incarnation="one")


@dataclass
class Books:
    """The ledger's events, each as it stands; and the log that what is sent goes to."""

    records: list[CostRecord] = field(default_factory=list)
    sent: list[UsageEvent] = field(default_factory=list)
    fail_after: int = -1
    """How many batches are taken before one fails; -1: none fails."""
    pages: list[Selection] = field(default_factory=list)

    def _selected(self, selection: Selection) -> list[CostRecord]:
        passes = filters.predicate(filters.parse(selection.filter), reader)
        return [
            record
            for record in sorted(self.records, key=lambda r: r.usage.time_unix_micros)
            if selection.start <= record.usage.time_unix_micros < selection.end
            and passes(record.usage)
            and (not selection.only_unpriced or record.rating.unpriced_buckets)
        ]

    async def count(self, selection: Selection) -> int:
        return len(self._selected(selection))

    async def page(self, selection: Selection, token: str, size: int) -> Page:
        self.pages.append(selection)
        found = [r for r in self._selected(selection) if not token or r.usage.time_unix_micros > int(token)]
        last = str(found[size - 1].usage.time_unix_micros) if len(found) > size else ""
        return Page(found[:size], last)

    async def columns(self, selection: Selection, token: str, size: int) -> ColumnPage:
        page = await self.page(selection, token, size)
        return ColumnPage(booked(page.events), page.next_token)

    async def some(self, selection: Selection, keys: Sequence[bytes]) -> Sequence[CostRecord]:
        return [record for record in self._selected(selection) if record.usage.event_key in keys]

    async def rebook(self, events: Sequence[UsageEvent]) -> None:
        if self.fail_after == 0:
            raise UnavailableError("Kafka is away")
        self.fail_after -= 1
        self.sent += events

    async def groups(self) -> Sequence[UnpricedUse]:
        found: dict[str, UnpricedUse] = {}
        for record in self.records:
            hour = record.usage.time_unix_micros // HOUR * HOUR
            if record.rating.unpriced_buckets:
                use = found.setdefault(record.usage.model, UnpricedUse(tenant_id="acme", provider=record.usage.provider,
                                                                       model=record.usage.model))  # fmt: skip
                use.events += 1
                use.first_hour_unix_micros = min(use.first_hour_unix_micros or hour, hour)
                use.last_hour_unix_micros = max(use.last_hour_unix_micros, hour)
        return list(found.values())


def _rate(pricer: Pricer, *events: UsageEvent) -> list[CostRecord]:
    return [revise(None, event, pricer.rate(event, "acme"), _ORIGIN) for event in events]


def _events(count: int, model: str = NEW, prefix: str = "e") -> list[UsageEvent]:
    return [
        recorded(f"{prefix}{n}", model=model, time=START + n * HOUR + n, input_tokens=1_000, output_tokens=100)
        for n in range(count)
    ]


def _contract(pricer: Pricer, model: str = NEW, *, starts: Micros = 0, output: bool = True) -> None:
    prices = {"input_tokens": ((0, 2 * PICOS_PER_DOLLAR),)}
    if output:
        prices["output_tokens"] = ((0, 10 * PICOS_PER_DOLLAR),)
    pricer.use([Override("acme", "openai", model, "standard", False, prices, starts, 0, NOON)])


COST = (1_000 * 2 + 100 * 10) * PICOS_PER_DOLLAR // 1_000_000


def _rerater(books: Books, pricer: Pricer, size: int = 4) -> Rerater:
    return Rerater(books, DirectPricing(pricer), books, ManualClock(NOON), page_events=size)


async def _ask(rerater: Rerater, **fields: object) -> list[RerateResponse]:
    request = RerateRequest(
        **{  # type: ignore[arg-type]
            "start_unix_micros": START, "end_unix_micros": END, "kind": CORRECTION_KIND_CONTRACT_CHANGED,
            "reason": " signed in October ",
        }
        | fields
    )  # fmt: skip
    return [progress async for progress in rerater.rerate(request, "acme", "ann")]


async def test_what_changed_is_sent_as_it_was_last_told_with_the_reason(pricer: Pricer) -> None:
    books = Books(_rate(pricer, *_events(3), *_events(2, "gpt-4o", "k")))
    _contract(pricer)
    progress = await _ask(_rerater(books, pricer))
    assert [p.events_read for p in progress] == [0, 4, 5]
    assert (progress[-1].events_total, progress[-1].events_changed, progress[-1].done) == (5, 3, True)
    assert {event.correction.run_id for event in books.sent} == {progress[0].run_id}
    for event, source in zip(books.sent, _events(3), strict=True):
        assert (event.correction.author, event.correction.reason) == ("ann", "signed in October")
        assert (event.correction.kind, event.correction.recorded_unix_micros) == (
            CORRECTION_KIND_CONTRACT_CHANGED,
            NOON,
        )
        event.ClearField("correction")
        assert event == source
    [effect] = progress[-1].effects
    assert (effect.model, effect.events, effect.unpriced_before, effect.unpriced_after) == (NEW, 3, 3, 0)
    assert (from_proto(effect.cost_before), from_proto(effect.cost_after)) == (0, 3 * COST)


async def test_a_dry_run_sends_nothing(pricer: Pricer) -> None:
    books = Books(_rate(pricer, *_events(3)))
    _contract(pricer)
    assert (await _ask(_rerater(books, pricer), dry_run=True))[-1].events_changed == 3
    assert books.sent == []


async def test_one_that_broke_off_goes_on_where_it_was(pricer: Pricer) -> None:
    books = Books(_rate(pricer, *_events(10)), fail_after=2)
    _contract(pricer)
    rerater, seen = _rerater(books, pricer, size=3), list[RerateResponse]()
    request = RerateRequest(
        start_unix_micros=START, end_unix_micros=END, kind=CORRECTION_KIND_LATE_PRICE, reason="x"
    )  # fmt: skip
    with pytest.raises(UnavailableError):
        async for progress in rerater.rerate(request, "acme", "ann"):
            seen.append(progress)
    assert (seen[-1].events_read, seen[-1].done) == (6, False)
    books.fail_after = -1
    rest = await _ask(rerater, kind=CORRECTION_KIND_LATE_PRICE, resume_token=seen[-1].resume_token)
    assert rest[-1].events_read == 4
    assert [event.source_event_id for event in books.sent] == [f"e{n}" for n in range(10)]


async def test_a_late_price_leaves_alone_what_had_one(pricer: Pricer) -> None:
    books = Books(_rate(pricer, *_events(2, "gpt-4o", "k")))
    _contract(pricer, "gpt-4o")
    late = await _ask(_rerater(books, pricer), kind=CORRECTION_KIND_LATE_PRICE)
    assert (late[-1].events_read, books.sent) == (0, [])
    assert (await _ask(_rerater(books, pricer), kind=CORRECTION_KIND_PRICE_CORRECTED))[-1].events_changed == 2


async def test_part_of_a_price_is_booked_and_the_rest_stays_in_the_queue(pricer: Pricer) -> None:
    books = Books(_rate(pricer, *_events(1)))
    _contract(pricer, output=False)
    [effect] = (await _ask(_rerater(books, pricer), kind=CORRECTION_KIND_LATE_PRICE))[-1].effects
    assert (effect.unpriced_before, effect.unpriced_after) == (1, 1)
    assert from_proto(effect.cost_after) == 1_000 * 2 * PICOS_PER_DOLLAR // 1_000_000


async def test_what_no_rating_can_hold_is_left_as_it_is(pricer: Pricer) -> None:
    books = Books(_rate(pricer, *_events(2)))
    pricer.use([Override("acme", "openai", NEW, "standard", False, {"input_tokens": ((0, 2**62),)}, 0, 0, NOON)])
    books.records[0].usage.quantities.input_tokens = 10**12
    last = (await _ask(_rerater(books, pricer)))[-1]
    assert (last.events_refused, last.events_changed) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"kind": 0}, "kind"),
        ({"kind": CORRECTION_KIND_MANUAL_ADJUSTMENT}, "kind"),
    ],
)
async def test_wrong_orders_are_refused(pricer: Pricer, fields: dict[str, object], named: str) -> None:
    books = Books(_rate(pricer, *_events(1)))
    with pytest.raises(InvalidArgumentError) as refused:
        await _ask(_rerater(books, pricer), **fields)
    assert [violation.field for violation in refused.value.violations] == [named]


# --- the queue's worker -----------------------------------------------------------------------------------------------


@dataclass
class Noted:
    """A meter and a leader."""

    held: bool = True
    queue: list[int] = field(default_factory=list)
    events: int = 0

    def queued(self, groups: Sequence[UnpricedUse], now: Micros) -> None:
        self.queue.append(sum(group.events for group in groups))

    def not_ours(self) -> None:
        self.queue.append(-1)

    def rerated(self, events: int) -> None:
        self.events += events


def _late(books: Books, pricer: Pricer, noted: Noted, *, automatic: bool = True) -> LatePrices:
    return LatePrices(
        queue=books, events=books, pricing=DirectPricing(pricer), rerater=_rerater(books, pricer), meter=noted,
        leader=noted, clock=ManualClock(NOON), automatic=automatic,
    )  # fmt: skip


async def test_the_worker_waits_until_a_price_appears(pricer: Pricer) -> None:
    books, noted = Books(_rate(pricer, *_events(9), *_events(2, "gpt-4o", "k"))), Noted()
    late = _late(books, pricer, noted)
    await late.turn()
    assert (noted.queue, books.sent) == ([9], [])
    _contract(pricer)
    await late.turn()
    assert (noted.queue, noted.events, len(books.sent)) == ([9, 9], 9, 9)
    assert {(e.correction.kind, e.correction.author) for e in books.sent} == {(CORRECTION_KIND_LATE_PRICE, AUTHOR)}
    assert "openai/gpt-zeta-9" in books.sent[0].correction.reason


async def test_a_price_that_begins_later_is_found_by_the_last_hour(pricer: Pricer) -> None:
    books, noted = Books(_rate(pricer, *_events(9))), Noted()
    _contract(pricer, starts=START + 6 * HOUR)
    await _late(books, pricer, noted).turn()
    assert [event.source_event_id for event in books.sent] == ["e6", "e7", "e8"]


async def test_only_the_leader_works_and_only_if_it_may(pricer: Pricer) -> None:
    books = Books(_rate(pricer, *_events(1)))
    _contract(pricer)
    follower, watcher = Noted(held=False), Noted()
    await _late(books, pricer, follower).turn()
    await _late(books, pricer, watcher, automatic=False).turn()
    assert (follower.queue, watcher.queue, books.sent) == ([-1], [1], [])


async def test_a_group_the_ledger_refuses_does_not_keep_others_waiting(pricer: Pricer) -> None:
    class Refusing(Books):
        async def page(self, selection: Selection, token: str, size: int) -> Page:
            if "bad" in selection.filter:
                raise InvalidArgumentError.of("filter", "too long")
            return await super().page(selection, token, size)

    books, noted = Refusing(_rate(pricer, *_events(2, "bad-1", "b"), *_events(2))), Noted()
    _contract(pricer)
    await _late(books, pricer, noted).turn()
    assert [event.model for event in books.sent] == [NEW, NEW]


async def test_odd_names_find_their_own_events(pricer: Pricer) -> None:
    odd = 'm"o\\del'
    books, noted = Books(_rate(pricer, *_events(2, odd), *_events(2, "other", "o"))), Noted()
    _contract(pricer, odd)
    await _late(books, pricer, noted).turn()
    assert [event.model for event in books.sent] == [odd, odd]


async def test_a_run_reads_one_page_after_another(pricer: Pricer) -> None:
    books = Books(_rate(pricer, *_events(5)))
    order = Order(
        Selection("acme", START, END, "", only_unpriced=False),
        correction_of(CORRECTION_KIND_PRICE_CORRECTED, "ann", "x", NOON),
    )
    tokens = [p.resume_token async for p in _rerater(books, pricer, size=2).run(order)]
    assert len(tokens) == 4
    assert tokens[0] == tokens[-1] == ""
    assert len(books.pages) == 3
