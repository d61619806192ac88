"""A poll: nothing is skipped, whatever ends it, and what is read twice counts once."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.clock import HOUR as HOUR_MICROS
from services.common.clock import to_micros
from services.common.errors import UnavailableError
from services.connectors.domain.connector import Api, Unreadable, Window
from services.connectors.domain.event import Event
from services.connectors.handlers.poll_ports import LeaseLostError
from tests.unit.connectors.building import DAY, HOUR, NOW, World


def world(hours: int = 40) -> World:
    made = World()
    made.at.used = {NOW.replace(minute=0) - ago * HOUR: 100 + ago for ago in range(hours)}
    return made


async def test_a_first_poll_reads_the_history_and_a_second_what_may_have_changed() -> None:
    there = world(60)
    await there.poll().run(there)
    assert [window.end - window.start for window in there.at.windows] == [DAY, DAY, HOUR]
    assert len(there.tokens()) == 49, "two days back and the hour that is under way"
    there.at.windows.clear()
    there.at.used[NOW.replace(minute=0)] += 7
    there.clock.advance(HOUR_MICROS)
    there.at.used[NOW.replace(minute=0) + HOUR] = 5
    await there.poll().run(there)
    assert there.at.windows[0].start == NOW.replace(minute=0) - 3 * HOUR
    assert there.tokens() == {name: used for name, used in there.truth().items() if name in there.tokens()}
    assert there.tokens()["2026-11-23T13:00:00Z"] == 5


async def test_a_bucket_revised_while_it_settles_ends_right() -> None:
    there = world(10)
    for step in range(6):
        there.at.used[NOW.replace(minute=0) - 2 * HOUR + step * HOUR] = 1_000 + step
        await there.poll().run(there)
        there.clock.advance(HOUR_MICROS)
    assert there.tokens() == there.truth()


async def test_events_go_in_batches() -> None:
    there = world(0)
    there.at.page_size = 7
    there.at.used = {NOW.replace(minute=0) - ago * HOUR: 1 for ago in range(1_300)}
    await there.poll(backfill_from=NOW - timedelta(days=60)).run(there)
    assert max(there.sent) <= 500 and sum(there.sent) >= 1_300


async def test_a_poll_that_breaks_goes_on_from_the_last_whole_window() -> None:
    there = world(60)
    there.at.fail_after_pages = 12
    with pytest.raises(UnavailableError):
        await there.poll().run(there)
    assert there.stored["p"].through == NOW.replace(minute=0) - DAY, "one of the windows was whole"
    there.at.fail_after_pages = None
    there.at.windows.clear()
    await there.poll().run(there)
    assert there.at.windows[0].start == NOW.replace(minute=0) - DAY - 3 * HOUR
    assert len(there.tokens()) == 49


TROUBLES = st.sampled_from(["source", "ingest", "tables", "lease", "clock"])


@given(st.lists(st.tuples(st.integers(0, 20), TROUBLES), max_size=8))
@settings(max_examples=60)
async def test_whatever_breaks_whenever_nothing_is_skipped(troubles: list[tuple[int, str]]) -> None:
    there = world(48)
    poll = there.poll(backfill_from=NOW - 2 * DAY)
    for after, what in troubles:
        there.at.fail_after_pages = after if what == "source" else None
        there.ingest_fails_after = after if what == "ingest" else None
        there.tables_away, there.lease_lost = what == "tables", what == "lease"
        if what == "clock":
            there.at.behind = after * HOUR
        with contextlib.suppress(UnavailableError, LeaseLostError):
            await poll.run(there)
        there.clock.advance(HOUR_MICROS * (after % 4))
        now = NOW.replace(minute=0) + (there.clock.now() - to_micros(NOW)) // HOUR_MICROS * HOUR
        there.at.used.setdefault(now, after)
        there.at.used[now] += after % 3
    there.at.fail_after_pages = there.ingest_fails_after = None
    there.tables_away = there.lease_lost = False
    there.at.behind = timedelta(0)
    await poll.run(there)
    assert there.tokens() == there.truth()


async def test_a_source_whose_clock_is_behind_is_read_again_once_it_catches_up() -> None:
    there = world(10)
    there.at.behind = 5 * HOUR
    await there.poll().run(there)
    assert there.stored["p"].through == NOW - 5 * HOUR
    there.at.behind = timedelta(0)
    await there.poll().run(there)
    assert there.tokens() == there.truth()


async def test_our_clock_set_back_after_it_was_ahead() -> None:
    there = world(10)
    there.clock.advance(400 * DAY // timedelta(microseconds=1))
    there.at.behind = timedelta(0)
    await there.poll().run(there)
    there.clock.set(to_micros(NOW))
    await there.poll().run(there)
    assert there.tokens() == there.truth()
    there.at.used[NOW.replace(minute=0)] += 1
    await there.poll().run(there)
    assert there.tokens() == there.truth()


async def test_rows_that_are_refused_or_unreadable_are_kept_and_the_others_go_on() -> None:
    there = world(10)
    there.refuse = "T10:"
    there.at.unreadable = {NOW.replace(hour=9, minute=0)}
    tally = await there.poll().run(there)
    assert sorted((row.event_id, row.code) for row in there.kept) == [
        ("2026-11-23T09:00:00Z", "unreadable"),
        ("2026-11-23T10:00:00Z", "out_of_range"),
    ]
    assert there.watch.rows == {"accepted": 8, "rejected": 2}
    assert (tally.accepted, len(tally.refused)) == (8, 2)
    assert len(there.tokens()) == 8
    assert there.stored["p"].through == NOW


async def test_where_rejections_cannot_be_kept_the_window_does_not_count_as_read() -> None:
    there = world(10)
    await there.poll().run(there)
    before = there.stored["p"]
    there.refuse, there.tables_away = "T", True
    with pytest.raises(UnavailableError):
        await there.poll().run(there)
    assert there.stored["p"] == before


async def test_without_the_lease_nothing_is_sent() -> None:
    there = world(10)
    there.lease_lost = True
    with pytest.raises(LeaseLostError):
        await there.poll().run(there)
    assert there.sent == [] and there.stored == {}


async def test_a_lease_lost_within_a_window_ends_it_before_the_next_page() -> None:
    there = world(24)
    pages = there.at.connector().pages

    async def losing(
        api: Api, window: Window, options: Mapping[str, str]
    ) -> AsyncIterator[Sequence[Event | Unreadable]]:
        async for page in pages(api, window, options):
            there.lease_lost = True
            yield page
            raise AssertionError("it went on")

    with pytest.raises(LeaseLostError):
        await there.poll(connector=replace(there.at.connector(), pages=losing)).run(there)
    assert there.sent == []


async def test_an_earlier_back_fill_reads_what_lies_before() -> None:
    there = world(200)
    await there.poll(backfill_from=NOW - DAY).run(there)
    assert len(there.tokens()) == 25
    await there.poll(backfill_from=NOW - 4 * DAY).run(there)
    assert len(there.tokens()) == 97
    there.at.windows.clear()
    await there.poll(backfill_from=NOW - 4 * DAY).run(there)
    assert len(there.at.windows) == 1, "and does so once"


async def test_a_back_fill_that_breaks_goes_on() -> None:
    there = world(200)
    await there.poll(backfill_from=NOW - DAY).run(there)
    there.at.fail_after_pages = 20
    with pytest.raises(UnavailableError):
        await there.poll(backfill_from=NOW - 6 * DAY).run(there)
    there.at.fail_after_pages = None
    there.at.windows.clear()
    await there.poll(backfill_from=NOW - 6 * DAY).run(there)
    assert there.at.windows[0].start > NOW - 6 * DAY
    assert len(there.tokens()) == 145


async def test_another_account_is_read_from_its_beginning_and_has_ids_of_its_own() -> None:
    there = world(10)
    await there.poll().run(there)
    await there.poll(account="second").run(there)
    assert len(there.tokens()) == 20
    assert "second/2026-11-23T12:00:00Z" in there.tokens()
    assert there.stored["p"].version == 6, "above what was stored, or the table would keep the other"


async def test_a_poll_never_reads_before_the_back_fill() -> None:
    there = world(48)
    for _ in range(3):
        await there.poll(backfill_from=NOW - HOUR).run(there)
    assert min(window.start for window in there.at.windows) == NOW.replace(minute=0) - HOUR


async def test_rows_that_did_not_change_are_not_sent_again() -> None:
    there = world(10)
    poll = there.poll()
    await poll.run(there)
    assert sum(there.sent) == 10
    there.at.used[NOW.replace(minute=0)] += 1
    await poll.run(there)
    await poll.run(there)
    assert sum(there.sent) == 11
    poll.taken_over()
    await poll.run(there)
    assert sum(there.sent) == 11 + 4, "what settles, once another replica may have sent it"
    there.clock.advance(25 * HOUR_MICROS)
    await poll.run(there)
    assert sum(there.sent) == 15 + 4, "and once a day"
    assert there.watch.rows["accepted"] == 10 + 4 * 4


async def test_a_row_that_goes_back_to_what_it_was_is_sent_again() -> None:
    there = world(1)
    hour, poll = NOW.replace(minute=0), there.poll()
    for used in (5, 6, 5):
        there.at.used[hour] = used
        await poll.run(there)
        assert there.tokens() == there.truth()
    assert sum(there.sent) == 3


async def test_a_row_whose_sending_failed_halfway_is_sent_whatever_it_says_next() -> None:
    there = world(1)
    hour, poll = NOW.replace(minute=0), there.poll()
    await poll.run(there)
    was, there.at.used[hour], there.ingest_fails_after = there.at.used[hour], 999, 0
    with pytest.raises(UnavailableError):
        await poll.run(there)
    # The request may have been taken before the answer was lost.
    there.accepted["2026-11-23T12:00:00Z"]["usage"] = {"input_tokens": 999}
    there.at.used[hour], there.ingest_fails_after = was, None
    await poll.run(there)
    assert there.tokens() == there.truth()


async def test_a_rejected_row_is_sent_until_it_is_accepted() -> None:
    there = world(1)
    poll, there.refuse = there.poll(), "T12"
    await poll.run(there)
    await poll.run(there)
    assert len(there.kept) == 2 and there.tokens() == {}
    there.refuse = ""
    await poll.run(there)
    assert there.tokens() == there.truth()
