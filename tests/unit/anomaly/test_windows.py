"""Planned windows as people announce them, and the watch that reckons with them, also after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from finops.anomaly.v1.anomaly_pb2 import (
    AnomalyEvent,
    CreatePlannedWindowRequest,
    ListPlannedWindowsRequest,
    PlannedWindow,
)

from services.anomaly.domain.series import Reader
from services.anomaly.handlers.ports import Announced
from services.anomaly.handlers.said import window_of
from services.anomaly.handlers.windows import Planning
from services.common.clock import DAY, HOUR, MINUTE, ManualClock
from services.common.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from tests.unit.anomaly.labels import MemoryWindows
from tests.unit.anomaly.organisation import DIMENSIONS, FIRST
from tests.unit.anomaly.stream import Bench
from tests.unit.anomaly.test_watch import DAYS, live, told_of_history

NOW = 24 * DAYS


@dataclass
class Ears:
    """Implements `Listener`, of windows."""

    heard: list[Announced] = field(default_factory=list)

    async def announce(self, announced: Announced) -> None:
        self.heard.append(announced)

    async def hear(self, labelled: object) -> None:
        raise AssertionError("no label")


@dataclass
class Office:
    windows: MemoryWindows = field(default_factory=MemoryWindows)
    ears: Ears = field(default_factory=Ears)
    clock: ManualClock = field(default_factory=lambda: ManualClock(100 * DAY))

    def __post_init__(self) -> None:
        self.planning = Planning(self.windows, self.ears, Reader((*DIMENSIONS, "team+model")), self.clock)

    async def announce(self, tenant: str = "acme", **changes: object) -> PlannedWindow:
        asked: dict[str, object] = {
            "series": {"team": "search"}, "start_unix_micros": 101 * DAY, "end_unix_micros": 102 * DAY,
            "reason": " load test ",
        }  # fmt: skip
        window = PlannedWindow(**(asked | changes))  # type: ignore[arg-type]
        return await self.planning.create(tenant, "ann", CreatePlannedWindowRequest(window=window))


async def test_a_window_is_announced_listed_and_taken_back() -> None:
    office = Office()
    made = await office.announce()
    assert (made.reason, made.author, made.create_unix_micros) == ("load test", "ann", 100 * DAY)
    assert made.name.startswith("plannedWindows/")
    theirs = await office.announce("globex")
    assert list((await office.planning.listed("acme", ListPlannedWindowsRequest())).windows) == [made]
    with pytest.raises(NotFoundError):
        await office.planning.delete("acme", theirs.name)
    office.clock.advance(MINUTE)
    await office.planning.delete("acme", made.name)
    assert not (await office.planning.listed("acme", ListPlannedWindowsRequest())).windows
    with pytest.raises(NotFoundError):
        await office.planning.delete("acme", made.name)
    assert [heard.deleted for heard in office.ears.heard] == [0, 0, office.clock.now()]


async def test_pages_hold_every_window_once_the_latest_first() -> None:
    office, seen, token = Office(), [], ""
    for day in range(5):
        await office.announce(start_unix_micros=(101 + day) * DAY, end_unix_micros=(103 + day) * DAY)
    while True:
        page = await office.planning.listed("acme", ListPlannedWindowsRequest(page_size=2, page_token=token))
        seen += [window.start_unix_micros // DAY for window in page.windows]
        token = page.next_page_token
        if not token:
            break
    assert seen == [105, 104, 103, 102, 101]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"end_unix_micros": 101 * DAY}, ["end_unix_micros"]),
        ({"end_unix_micros": 193 * DAY + 1}, ["end_unix_micros"]),
        ({"start_unix_micros": 98 * DAY, "end_unix_micros": 99 * DAY}, ["end_unix_micros"]),
        ({"start_unix_micros": 0, "end_unix_micros": 0}, ["start_unix_micros", "end_unix_micros"]),
        ({"reason": "   "}, ["reason"]),
        ({"reason": "x" * 501}, ["reason"]),
        ({"series": {"colour": "red"}}, ["series.colour"]),
        ({"series": {"tenant": "globex"}}, ["series.tenant"]),
        ({"series": {"team": "", "model": "gpt*"}}, ["series.model", "series.team"]),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_field_by_field(changes: dict[str, object], fields: list[str]) -> None:
    office = Office()
    with pytest.raises(InvalidArgumentError) as refused:
        await office.announce("acme", **changes)
    assert [violation.field.removeprefix("window.") for violation in refused.value.violations] == fields
    assert not office.windows.kept
    assert not office.ears.heard


async def test_the_longest_window_there_may_be() -> None:
    await Office().announce(end_unix_micros=193 * DAY, reason="x" * 500, series={})


async def test_more_windows_at_once_than_can_be_told_apart_are_refused() -> None:
    office = Office()
    with pytest.raises(FailedPreconditionError):
        for number in range(20):
            await office.announce(series={"team": f"{number:0300}"})


def test_a_window_counts_in_the_hours_that_were_open() -> None:
    window = PlannedWindow(
        name="w", start_unix_micros=10 * HOUR + 30 * MINUTE, end_unix_micros=20 * HOUR + 1,
        create_unix_micros=12 * HOUR + 9 * MINUTE,
    )  # fmt: skip
    found = window_of(Announced("acme", window, 0), 10 * MINUTE)
    assert (found.first, found.end) == (11, 21)
    found = window_of(Announced("acme", window, 15 * HOUR + 30 * MINUTE), 10 * MINUTE)
    assert (found.first, found.end) == (11, 15)


# --- the watch ------------------------------------------------------------------------------------------------------


async def planned(bench: Bench, first: int, end: int, **series: str) -> PlannedWindow:
    planning = Planning(bench.windows, bench.watch, Reader(DIMENSIONS), bench.clock)
    window = PlannedWindow(
        series=series, start_unix_micros=(FIRST + first) * HOUR, end_unix_micros=(FIRST + end) * HOUR, reason="load"
    )
    return await planning.create("acme", "ann", CreatePlannedWindowRequest(window=window))


async def quiet_bench() -> Bench:
    bench = await told_of_history()
    bench.archive.events.clear()
    await live(bench, range(NOW, NOW + 1))
    return bench


async def test_live_a_planned_load_is_not_told_and_a_restart_within_it_tells_nothing_either() -> None:
    bench = await quiet_bench()
    await planned(bench, NOW + 1, NOW + 9, team="search")
    await live(bench, range(NOW + 1, NOW + 4), times=9)
    bench.clock.set((FIRST + NOW + 4) * HOUR + 30 * MINUTE)
    bench.ledger.take_in_everything()
    await bench.restart()
    await live(bench, range(NOW + 5, NOW + 9), times=9)
    await live(bench, range(NOW + 9, NOW + 12))
    bench.ledger.take_in_everything()
    await bench.restart()
    await bench.idle()
    assert not bench.archive.events


async def test_a_window_announced_after_a_restart_reckons_with_what_the_ledger_told_of_its_hour() -> None:
    bench = await quiet_bench()
    await live(bench, range(NOW + 1, NOW + 2))
    # Half of the hour's load is in the ledger when the service starts.
    await live(bench, range(NOW + 2, NOW + 3), times=9)
    bench.clock.set((FIRST + NOW + 3) * HOUR + MINUTE)
    bench.ledger.take_in_everything()
    await bench.restart()
    await planned(bench, NOW + 1, NOW + 9, team="search")
    await live(bench, range(NOW + 3, NOW + 9), times=9)
    await live(bench, range(NOW + 9, NOW + 20))
    # It was told while the hour was under way, and is taken back: nothing but the window came of it.
    assert [event.type for event in bench.archive.events] == [AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_CLOSED]
    assert bench.archive.events[0].anomaly.start_unix_micros == (FIRST + NOW + 2) * HOUR


async def test_a_deleted_window_leaves_open_hours_to_be_judged() -> None:
    bench = await quiet_bench()
    window = await planned(bench, NOW + 1, NOW + 9, team="search")
    await live(bench, range(NOW + 1, NOW + 3), times=9)
    await Planning(bench.windows, bench.watch, Reader(DIMENSIONS), bench.clock).delete("acme", window.name)
    await live(bench, range(NOW + 3, NOW + 5), times=9)
    told = bench.story()
    assert told
    first = bench.archive.events[0].anomaly
    assert first.start_unix_micros // HOUR - FIRST in (NOW + 2, NOW + 3)
    bench.ledger.take_in_everything()
    await bench.restart()
    await bench.idle()
    assert bench.story()[: len(told)] == told
    assert {event.anomaly.name for event in bench.archive.events} == {first.name}


async def test_another_tenants_window_hides_nothing() -> None:
    bench = await quiet_bench()
    planning = Planning(bench.windows, bench.watch, Reader(DIMENSIONS), bench.clock)
    window = PlannedWindow(
        series={"team": "search"}, start_unix_micros=(FIRST + NOW) * HOUR, end_unix_micros=(FIRST + NOW + 9) * HOUR,
        reason="load",
    )  # fmt: skip
    await planning.create("globex", "ann", CreatePlannedWindowRequest(window=window))
    await live(bench, range(NOW + 1, NOW + 4), times=9)
    assert bench.archive.events
