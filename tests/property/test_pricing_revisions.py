"""Whatever is resent, revised, cut into batches or interrupted: the deltas add up to the last rating of each event."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.clock import DAY
from services.common.dimensions import quantities
from services.common.errors import UnavailableError
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.rating import Pricer
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.events import NOON, recorded
from tests.unit.pricing.harness import Bench


@cache
def pricer() -> Pricer:
    return Pricer(load_price_book(), ShadowOptions().prices())


class Sent(NamedTuple):
    """A record of the usage log: revision `content` of one of few events."""

    identity: int
    content: int

    def event(self) -> UsageEvent:
        model = "gpt-4o" if self.content % 3 else "no-such-model"
        return recorded(
            str(self.identity),
            content=str(self.content),
            model=model,
            time=NOON - DAY,
            input_tokens=self.content * 1_000,
            output_tokens=7,
            requests=1,
        )


sent = st.lists(st.builds(Sent, st.integers(0, 4), st.integers(0, 4)), max_size=30)


def totals(records: Sequence[CostRecord]) -> dict[str, tuple[int, int, int, tuple[tuple[str, int], ...]]]:
    """Sums of the deltas by event."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    buckets: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for record in records:
        identity = record.usage.source_event_id
        sums[identity][0] += record.cost_delta_picos
        sums[identity][1] += record.shadow_cost_delta_picos
        sums[identity][2] += record.unpriced_events_delta
        for bucket, change in quantities(record.quantity_delta).items():
            buckets[identity][bucket] += change
    return {
        identity: (cost, shadow, unpriced, tuple(sorted((b, q) for b, q in buckets[identity].items() if q)))
        for identity, (cost, shadow, unpriced) in sums.items()
    }


def expected(log: Sequence[Sent]) -> dict[str, tuple[int, int, int, tuple[tuple[str, int], ...]]]:
    """The last record of each event, rated by itself."""
    found = {}
    for entry in log:
        event = entry.event()
        rating = pricer().rate(event, "acme")
        buckets = tuple(sorted(quantities(event.quantities).items()))
        unpriced = int(bool(rating.unpriced_buckets))
        found[event.source_event_id] = (rating.cost_picos, rating.shadow_cost_picos, unpriced, buckets)
    return found


def check_chains(records: Sequence[CostRecord]) -> None:
    """Revisions rise by one, usage offsets rise."""
    revisions: dict[str, int] = defaultdict(int)
    last = -1
    for record in records:
        revisions[record.usage.source_event_id] += 1
        assert record.revision == revisions[record.usage.source_event_id]
        assert record.usage_position.offset > last
        last = record.usage_position.offset


async def rate(log: Sequence[Sent], cuts: Sequence[tuple[int, str]], window_records: int) -> Bench:
    """Feeds the log in pieces; after each piece something happens."""
    bench = Bench(pricer(), window_records=window_records)
    await bench.assign()
    bench.logs.send(*(entry.event() for entry in log))
    for size, happening in (*cuts, (100, "nothing")):
        bench.logs.fail_appends = int(happening == "unacknowledged")
        for _ in range(len(log) + 2):
            try:
                await bench.run(size, commit=happening != "no commit")
                break
            except UnavailableError:
                bench.ledger.write()
                await bench.assign()
        if happening in ("restart", "no commit"):
            await bench.restart()
    return bench


happenings = st.sampled_from(["nothing", "restart", "no commit", "unacknowledged"])
cuts = st.lists(st.tuples(st.integers(1, 8), happenings), max_size=4)


@settings(max_examples=60)
@given(sent, cuts, st.sampled_from([4, 1_000]))
def test_the_sum_of_deltas_is_the_last_rating(
    log: list[Sent], pieces: list[tuple[int, str]], window_records: int
) -> None:
    bench = asyncio.run(rate(log, pieces, window_records))
    records = bench.logs.costs()
    check_chains(records)
    assert totals(records) == expected(log)


@settings(max_examples=40)
@given(sent, cuts, st.integers(1, 10))
def test_cutting_the_log_elsewhere_changes_no_record(log: list[Sent], pieces: list[tuple[int, str]], size: int) -> None:
    def shape(bench: Bench) -> list[tuple[int, int, int]]:
        return [(r.usage_position.offset, r.revision, r.cost_delta_picos) for r in bench.logs.costs()]

    whole = asyncio.run(rate(log, [], 1_000))
    cut = asyncio.run(rate(log, [(size, "nothing"), *pieces], 1_000))
    assert shape(cut) == shape(whole)


@settings(max_examples=40)
@given(sent, st.data())
def test_a_resend_right_after_its_event_changes_nothing(log: list[Sent], data: st.DataObject) -> None:
    doubled = [copy for entry in log for copy in [entry] * data.draw(st.integers(1, 3))]
    once, often = (asyncio.run(rate(records, [], 1_000)) for records in (log, doubled))
    assert [r.cost_delta_picos for r in often.logs.costs()] == [r.cost_delta_picos for r in once.logs.costs()]
