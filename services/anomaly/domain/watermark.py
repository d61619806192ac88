"""When an hour is over: event time that has passed in every partition, told from how far the log was read.

Nothing here looks at the wall clock. `LogClock` knows up to which moment everything *appended* was read; a partition
that got no records of a tenant for `idle` of that time is held to have none coming. So a consumer that reads one
partition far ahead of another, or restarts, or lags, comes to the same decisions as one that keeps up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from services.common.clock import DAY, HOUR, MINUTE, SECOND, Micros
from services.common.wire_words import Ints


@dataclass(frozen=True)
class Patience:
    """How long to wait for events that come late."""

    grace: Micros = 10 * MINUTE
    """Of event time, for a live stream."""
    history_grace: Micros = 7 * DAY
    """Of event time, for a stream of the past: a sender may hold days back for a full batch, and nobody waits."""
    live_within: Micros = 15 * MINUTE
    """A stream this close behind the time it is appended at is live."""
    minute_grace: Micros = 60 * SECOND
    """Of append time: what is appended later than so long after its minute counts in the first minute that is open."""
    idle: Micros = 60 * SECOND
    """Of append time. A partition without a record for so long has none coming."""

    def __post_init__(self) -> None:
        if min(self.grace, self.history_grace, self.live_within, self.minute_grace, self.idle) < 0:
            raise ValueError("grace, history_grace, live_within, minute_grace and idle must not be negative")


class LogClock:
    """The moment up to which everything appended to the log was read."""

    def __init__(self, partitions: Iterable[int]) -> None:
        self._read_through: dict[int, Micros | None] = dict.fromkeys(partitions)

    def read(self, partition: int, appended: Micros) -> None:
        """A record appended at this moment was read."""
        before = self._read_through.get(partition)
        self._read_through[partition] = appended if before is None else max(before, appended)

    def caught_up(self, partition: int, at: Micros) -> None:
        """The partition held nothing unread at this moment."""
        self.read(partition, at)

    def now(self) -> Micros | None:
        """None while a partition has not been read at all."""
        moments = [moment for moment in self._read_through.values() if moment is not None]
        return min(moments) if len(moments) == len(self._read_through) and moments else None


@dataclass
class _Track:
    """One partition as one tenant's events come through it."""

    newest: Micros | None
    appended: Micros


class Watermark:
    """Up to when a tenant's hours are over."""

    def __init__(self, partitions: Iterable[int], patience: Patience, started: Micros) -> None:
        """
        Args:
            partitions: of the log.
            patience: see there.
            started: when this watch began; partitions are given `idle` from here to show their first record.
        """
        self._patience = patience
        self._tracks = {partition: _Track(None, started) for partition in partitions}
        self._last = started
        self._awake = started

    def saw(self, partition: int, time: Micros, appended: Micros) -> None:
        """An event of this time was appended at this moment. A time ahead of its append is taken for the append."""
        if appended - self._last >= self._patience.idle:
            self._awake = appended
        self._last = max(self._last, appended)
        track = self._tracks.setdefault(partition, _Track(None, appended))
        time = min(time, appended)
        track.newest = time if track.newest is None else max(track.newest, time)
        track.appended = max(track.appended, appended)

    def saw_all(self, partitions: Ints, times: Ints, appended: Ints) -> None:
        """The same of several events, in the order they were read in."""
        last = np.maximum.accumulate(np.concatenate([[self._last], appended]))
        awoke = np.flatnonzero(appended - last[:-1] >= self._patience.idle)
        if awoke.size:
            self._awake = int(appended[awoke[-1]])
        self._last = int(last[-1])
        for partition in np.unique(partitions).tolist():
            mine = partitions == partition
            newest, latest = int(np.minimum(times, appended)[mine].max()), int(appended[mine].max())
            track = self._tracks.setdefault(partition, _Track(None, latest))
            track.newest = newest if track.newest is None else max(track.newest, newest)
            track.appended = max(track.appended, latest)

    def at(self, now: Micros) -> Micros | None:
        """Hours that end at or before this are over; None: cannot tell yet.

        Args:
            now: what `LogClock.now` says.
        """
        patience = self._patience
        # After a common silence a partition may simply be the last to be filled again: its idle time starts anew.
        holding = [t for t in self._tracks.values() if now - max(t.appended, self._awake) < patience.idle]
        if not holding:
            return now - patience.grace
        newest = [track.newest for track in holding]
        if any(time is None for time in newest):
            return None
        slowest = min(time for time in newest if time is not None)
        live = slowest >= now - patience.live_within
        return slowest - (patience.grace if live else patience.history_grace)


def last_hour_before(moment: Micros) -> int:
    """The last hour that has ended by then."""
    return moment // HOUR - 1
