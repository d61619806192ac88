"""The last minutes of each session, user, key and team that spends."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.anomaly.domain.minutes.tally import NOBODY, Minute, Spender, Sums, series_of
from services.anomaly.domain.series import Series
from services.common.money import Picos

MEMORY = 30
"""Minutes of memory: a track that has been quiet for so long is dropped."""
MOST_LINKS = 16

RANKS = ("session", "user", "key", "team")
"""The narrowest first."""


def rank(series: Series) -> int:
    """How narrow a series is; 0 is the narrowest."""
    return RANKS.index(next(iter(series.labels)))


@dataclass(slots=True)
class Track:
    """Minutes of one series in which something was spent, the earliest first."""

    series: Series
    minutes: deque[tuple[Minute, Sums]] = field(default_factory=deque)
    links: dict[Series, None] = field(default_factory=dict)
    """Wider series that the same spend counts in."""

    @property
    def last(self) -> Minute:
        return self.minutes[-1][0]

    def add(self, minute: Minute, sums: Sums) -> None:
        """Takes in a minute, in the order of time."""
        self.minutes.append((minute, sums))
        while self.minutes[0][0] <= minute - MEMORY:
            self.minutes.popleft()

    def link(self, wider: tuple[Series, ...]) -> None:
        """Remembers what this series is a part of."""
        for series in wider:
            if len(self.links) < MOST_LINKS:
                self.links.setdefault(series)

    def within(self, first: Minute, last: Minute) -> Sums:
        """Sums of the minutes from `first` through `last`."""
        found = NOBODY
        for minute, sums in self.minutes:
            if first <= minute <= last:
                found = found.plus(sums)
        return found

    def spent(self, first: Minute, last: Minute) -> Picos:
        """Cost of those minutes."""
        return sum(sums.cost for minute, sums in self.minutes if first <= minute <= last)


class Tracks:
    """Of one tenant. Never more than `most`: what is small in the minute it first spends in is left out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tracks: dict[Series, Track] = {}
        """The one that spent last comes last."""

    def __len__(self) -> int:
        return len(self._tracks)

    def get(self, series: Series) -> Track | None:
        return self._tracks.get(series)

    def take_in(self, minute: Minute, spenders: Mapping[Spender, Sums]) -> list[Track]:
        """Adds a minute that is over; returns the tracks that spent in it."""
        sums: dict[Series, Sums] = {}
        wider: dict[Series, dict[Series, None]] = {}
        for spender in sorted(spenders):
            belongs, spent = series_of(spender), spenders[spender]
            for place, series in enumerate(belongs):
                before = sums.get(series)
                sums[series] = spent if before is None else before.plus(spent)
                wider.setdefault(series, {}).update(dict.fromkeys(belongs[place + 1 :]))
        self._drop_quiet(minute)
        touched = []
        # In a fixed order: who is left out must not depend on the order of records.
        for series in sorted(sums, key=lambda one: (-sums[one].cost, one)):
            track = self._tracks.pop(series, None)
            if track is None and len(self._tracks) >= self._most:
                continue
            track = self._tracks[series] = track or Track(series)
            track.add(minute, sums[series])
            track.link(tuple(wider[series]))
            touched.append(track)
        return touched

    def narrower(self, series: Series, minute: Minute) -> list[Track]:
        """Tracks that are part of this series and spent in this minute."""
        return [track for track in self._tracks.values() if series in track.links and track.last == minute]

    def _drop_quiet(self, minute: Minute) -> None:
        quiet = []
        for series, track in self._tracks.items():
            if track.last > minute - MEMORY:
                break
            quiet.append(series)
        for series in quiet:
            del self._tracks[series]
