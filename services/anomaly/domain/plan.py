"""Windows announced in advance: hours in which some series are not judged and teach nothing.

What is used within a window shows in other series, too: a team's planned load is also its models' and the whole
organisation's. Those are judged on the rest of what they did, and learn nothing of the hour either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from finops.usage.v1.usage_pb2 import UsageEvent

from services.anomaly.domain.series import NOTHING, Hour, Series, Totals
from services.common import filters
from services.common.clock import HOUR
from services.common.dimensions import reader

Labels = Mapping[str, str]


class Window(NamedTuple):
    """Hours [first, end) in which it counts, of the series that have all these values."""

    name: str
    labels: Labels
    first: Hour
    end: Hour


class Planned(NamedTuple):
    """An hour that windows lie on."""

    windows: Sequence[Labels]
    totals: Mapping[Series, Totals]
    """What was used within the windows, by the series it showed in."""

    def covers(self, series: Series) -> bool:
        """True if the series as a whole lies in a window."""
        return covers(self.windows, series.labels)

    def rest(self, totals: Mapping[Series, Totals]) -> Mapping[Series, Totals]:
        """What was used outside the windows."""
        left = {series: sums.minus(self.totals.get(series, NOTHING)) for series, sums in totals.items()}
        return {series: sums for series, sums in left.items() if any(sums)}


def covers(windows: Iterable[Labels], labels: Labels) -> bool:
    """True if these values lie in one of the windows."""
    return any(window.items() <= labels.items() for window in windows)


class Plan:
    """The windows of one tenant."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}

    def put(self, window: Window) -> None:
        """Takes in a window, in place of the one of that name."""
        self._windows[window.name] = window

    def get(self, name: str) -> Window | None:
        return self._windows.get(name)

    def __bool__(self) -> bool:
        return bool(self._windows)

    def windows(self) -> Iterable[Window]:
        """Every one."""
        return self._windows.values()

    def at(self, hour: Hour) -> tuple[Labels, ...]:
        """What is planned in an hour."""
        return tuple(window.labels for window in self._windows.values() if window.first <= hour < window.end)

    def holds(self, usage: UsageEvent) -> bool:
        """True if it was used within a window."""
        return bool(self._windows) and self.holds_at(usage.time_unix_micros // HOUR, usage)

    def holds_at(self, hour: Hour, usage: UsageEvent) -> bool:
        """The same of an event of these names, had it happened in that hour."""
        planned = self.at(hour)
        return any(all(reader(name)(usage) == value for name, value in labels.items()) for labels in planned)

    def stretches(self, start: Hour, end: Hour) -> Iterator[tuple[Hour, Hour, tuple[Labels, ...]]]:
        """The hours of [start, end) that windows lie on, cut where what is planned changes."""
        cuts = {start, end}
        for window in self._windows.values():
            cuts |= {edge for edge in (window.first, window.end) if start < edge < end}
        edges = sorted(cuts)
        for first, last in pairwise(edges) if start < end else ():
            if planned := self.at(first):
                yield first, last, planned

    def forget_before(self, hour: Hour) -> None:
        """Drops the windows that ended before it."""
        for name in [window.name for window in self._windows.values() if window.end < hour]:
            del self._windows[name]


def filter_of(windows: Iterable[Labels]) -> str:
    """The filter that lets pass what lies in any of the windows; empty: everything does."""
    terms = [" AND ".join(f"{name} = {filters.literal(value)}" for name, value in sorted(w.items())) for w in windows]
    return "" if "" in terms else " OR ".join(f"({term})" for term in sorted(terms))
