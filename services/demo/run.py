"""Runs the demo against a platform: sets the organisation up, sends its history, then live traffic until stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from services.demo.client import Client
from services.demo.seats import SeatDay, Seats
from services.demo.sender import Sender, Tally
from services.demo.setup import anchor_of, set_up
from services.demo.traffic import HOUR, Traffic, Use

CATCH_UP = timedelta(hours=24)
"""How much of the time since an earlier run is filled in; a longer pause stays a pause."""


@dataclass(frozen=True)
class Summary:
    """What the demo did."""

    anchor: datetime
    """The hour at which the history ends and live traffic begins."""
    accepted: int
    """Events the server took, those it knew already included."""
    rejected: int
    reasons: dict[str, int] = field(default_factory=dict)
    """How often each message came with a rejected event."""


async def run(
    url: str,
    key: str,
    *,
    days: int = 60,
    seed: int = 7,
    live: bool = True,
    progress: bool = True,
    console_url: str = "",
) -> Summary:
    """Plays the organisation. Running it again on the same data adds nothing twice and goes on where it stopped.

    Args:
        url: where ingest listens.
        key: an admin key.
        days: length of the history.
        seed: another seed, another organisation.
        live: go on with live traffic until cancelled.
        progress: show a bar on stderr.
        console_url: where the console listens; empty: at `url` too.

    Raises:
        DemoError: the platform is away, or refuses the key or a request.
    """
    started = datetime.now(UTC)
    console = Console(stderr=True)
    async with Client(console_url or url, key) as api, Client(url, key) as ingest:
        anchor = await anchor_of(api, started, days)
        await set_up(api, anchor, days)
        story = _Story(seed, anchor)
        with _bar(console, shown=progress) as bar:
            async with Sender(ingest) as sender:
                await _history(story, sender, days, started, bar)
                tally = sender.tally
        if progress:
            console.print(_told(tally, days))
        if live:
            if progress:
                console.print("Live traffic goes on until Ctrl-C.")
            await _live(story, ingest, tally, started)
    return Summary(anchor, tally.accepted, tally.rejected, tally.reasons)


class _Story:
    """Uses and seats of any hour, in the order of time."""

    def __init__(self, seed: int, anchor: datetime) -> None:
        self.anchor = anchor
        self._traffic = Traffic(seed, anchor)
        self._seats = Seats(seed, anchor)

    def of(self, hour: datetime) -> list[Use | SeatDay]:
        events: list[Use | SeatDay] = [*self._traffic.uses(hour)]
        if hour.hour == 0:
            events += self._seats.on(hour.date())
            events.sort(key=lambda event: event.time)
        return events


async def _history(story: _Story, sender: Sender, days: int, now: datetime, bar: Progress) -> None:
    anchor = story.anchor
    caught_up_from = max(anchor, (now - CATCH_UP).replace(minute=0, second=0, microsecond=0))
    hours = [*_hours(anchor - timedelta(days=days), anchor), *_hours(caught_up_from, now)]
    task: TaskID = bar.add_task(f"{days} days of history", total=len(hours))
    for hour in hours:
        await sender.send([event for event in story.of(hour) if event.time <= now])
        bar.advance(task)
        # Making an hour takes a moment of the event loop; the requests in flight get theirs.
        await asyncio.sleep(0)
    await sender.flush()


async def _live(story: _Story, client: Client, tally: Tally, since: datetime) -> None:
    async with Sender(client) as sender:
        sender.tally = tally
        hour = since.replace(minute=0, second=0, microsecond=0)
        while True:
            waiting = [event for event in await asyncio.to_thread(story.of, hour) if event.time > since]
            while waiting or datetime.now(UTC) < hour + HOUR:
                now = datetime.now(UTC)
                due = next((i for i, event in enumerate(waiting) if event.time > now), len(waiting))
                await sender.send(waiting[:due])
                await sender.flush()
                del waiting[:due]
                await asyncio.sleep(1)
            hour += HOUR


def _hours(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += HOUR


def _bar(console: Console, *, shown: bool) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("hours"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=not shown)


def _told(tally: Tally, days: int) -> str:
    told = f"{tally.accepted:,} events of {days} days accepted."
    if tally.rejected:
        reason = max(tally.reasons, key=lambda message: tally.reasons[message])
        told += f" {tally.rejected:,} rejected, most often: {reason}"
    return told
