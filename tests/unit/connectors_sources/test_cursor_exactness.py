"""Cursor's events have no ids and its pages move while they are read: still none counts twice, and none is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.connectors.domain.connector import Answer, Params, Unreadable
from services.connectors.domain.event import Event
from services.connectors.sources import cursor_usage
from tests.unit.connectors_sources.recordings import window

DAY = window("2025-06-26", "2025-06-27")
START = 1750896000000

# Few moments, people and charges, so that many events are alike in all of them.
USES = st.builds(
    lambda minute, user, cents: {
        "timestamp": str(START + minute * 60_000), "userEmail": user, "model": "auto", "chargedCents": cents,
    },
    st.integers(0, 3), st.sampled_from(["a", "b"]), st.integers(1, 3),
)  # fmt: skip


@dataclass
class LivingCursor:
    """Newest first, a page at a time; `arrivals` come in one by one between requests."""

    uses: list[dict[str, Any]]
    page_size: int
    arrivals: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, path: str, params: Params | None = None) -> Answer:
        raise AssertionError(path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        rows = sorted(self.uses, key=lambda use: int(use["timestamp"]), reverse=True)
        start = (body["page"] - 1) * self.page_size
        end = start + self.page_size
        answer = {
            "totalUsageEventsCount": len(rows),
            "pagination": {"hasNextPage": end < len(rows)},
            "usageEvents": rows[start:end],
        }
        if self.arrivals:
            self.uses.append(self.arrivals.pop(0))
        return Answer(answer)


def read(source: LivingCursor) -> dict[str, Event]:
    """One reading of the day, by id."""

    async def run() -> dict[str, Event]:
        told: dict[str, Event] = {}
        async for page in cursor_usage.pages(source, DAY, {}):
            for event in page:
                assert not isinstance(event, Unreadable)
                assert event["id"] not in told, "an id for each event"
                told[event["id"]] = event
        return told

    return asyncio.run(run())


def charged(events: Mapping[str, Event]) -> Decimal:
    return sum((Decimal(event["billed_cost"]) for event in events.values()), Decimal(0))


@settings(max_examples=300)
@given(st.lists(USES, max_size=12), st.lists(st.lists(USES, max_size=4), max_size=3), st.integers(1, 5))
def test_readings_of_a_living_list_end_in_its_sum(
    uses: list[dict[str, Any]], arrivals: list[list[dict[str, Any]]], page_size: int
) -> None:
    source = LivingCursor(list(uses), page_size)
    booked: dict[str, Event] = {}
    for batch in arrivals:
        source.arrivals = list(batch)
        # The newest revision of each event stands, as downstream.
        booked |= read(source)
        source.uses += source.arrivals
        source.arrivals = []
        # What a disturbed reading told is there: it may miss a twin until the next, but invents none.
        assert booked.keys() <= read(source).keys()
    booked |= read(source)
    assert len(booked) == len(source.uses)
    assert charged(booked) == Decimal(sum(use["chargedCents"] for use in source.uses)) / 100


@settings(max_examples=200)
@given(st.lists(USES, max_size=12), st.permutations(range(12)), st.integers(1, 5), st.integers(1, 5))
def test_neither_order_nor_page_size_changes_what_is_told(
    uses: list[dict[str, Any]], order: list[int], size: int, other_size: int
) -> None:
    shuffled = [uses[position] for position in order if position < len(uses)]
    assert read(LivingCursor(uses, size)) == read(LivingCursor(shuffled, other_size))


@settings(max_examples=200)
@given(st.lists(USES, min_size=1, max_size=12), st.data())
def test_a_correction_moves_the_sum_by_its_difference(uses: list[dict[str, Any]], data: st.DataObject) -> None:
    before = read(LivingCursor(uses, 5))
    place = data.draw(st.integers(0, len(uses) - 1))
    corrected = [use | {"chargedCents": 50} if position == place else use for position, use in enumerate(uses)]
    after = read(LivingCursor(corrected, 5))
    assert after.keys() == before.keys()
    assert charged(after) - charged(before) == Decimal(50 - uses[place]["chargedCents"]) / 100
