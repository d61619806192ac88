"""The runaways of one tenant: found as minutes close, told once, kept up to date, closed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.caps import Caps
from services.anomaly.domain.in_common import may_consist_of
from services.anomaly.domain.incidents import name_of
from services.anomaly.domain.lives import TAKEN_OVER
from services.anomaly.domain.minutes.describe import describe
from services.anomaly.domain.minutes.loop import LASTS_MINUTES, NO_HISTORY, Loop, loop_of, start_of
from services.anomaly.domain.minutes.runaway import Runaway, begun, taken_up
from services.anomaly.domain.minutes.tally import MINUTES_AN_HOUR, NOBODY, Minute, Spender, Sums
from services.anomaly.domain.minutes.tracks import Track, Tracks, rank
from services.anomaly.domain.minutes.usual import UsualSpend
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Series
from services.anomaly.domain.suspects import Suspect
from services.common.money import PICOS_PER_DOLLAR, Picos

MOSTLY = 0.8
"""A session that spends this share of what its key or user does is named in their place."""
UPDATE_MINUTES = 5
UPDATE_GROWTH = 1.5
"""People are told anew after so long, or once it costs so many times what they were told."""
REMEMBER_HOURS = 14 * 24
"""A closed runaway is kept for so long: hours that come late may show it again."""


class Runaways:
    """Minutes come in, transitions come out."""

    def __init__(
        self, tenant: str, policy: Policy, usual: UsualSpend,
        told_by_hour: Callable[[Collection[Series], Picos, Hour], bool], known: Iterable[Anomaly] = (),
    ) -> None:  # fmt: skip
        """
        Args:
            tenant: whose.
            policy: thresholds.
            usual: what is usually spent.
            told_by_hour: whether people know of this excess in one of these series, since about that hour.
            known: runaways told in an earlier life.
        """
        self._tenant = tenant
        self._told_by_hour = told_by_hour
        self._policy = policy
        self._usual = usual
        self._open: dict[Minute, dict[Spender, Sums]] = {}
        self._tracks = Tracks(policy.minute_series)
        self._caps = Caps(policy)
        self._found = [taken_up(anomaly) for anomaly in known]
        self._judged: Minute | None = None
        self.withheld = 0
        """Alarms not told because of caps."""

    # --- minutes ----------------------------------------------------------------------------------------------------

    def add(self, minute: Minute, spender: Spender, sums: Sums) -> None:
        """Counts into a minute; into the first that is open if that one was closed."""
        minute = minute if self._judged is None else max(minute, self._judged + 1)
        spenders = self._open.setdefault(minute, {})
        before = spenders.get(spender)
        spenders[spender] = sums if before is None else before.plus(sums)

    def close_through(self, last: Minute) -> list[Transition]:
        """Closes every minute up to `last`: all that was appended in them, and shortly after, was read."""
        if self._judged is None:
            self._begin(min([last, *self._open]))
        return self._close_through(last)

    def close_before_hour(self, hour: Hour) -> list[Transition]:
        """The same of the minutes up to the end of an hour that is about to be closed, if any of them is live."""
        last = (hour + 1) * MINUTES_AN_HOUR - 1
        if self._judged is None:
            first = min(self._open, default=last + 1)
            if first > last:
                return []
            self._begin(first)
        return self._close_through(last)

    def open_anomalies(self) -> list[str]:
        """Names of what is open."""
        return [runaway.name for runaway in self._found if runaway.name and runaway.closed_at is None]

    def knows(self, name: str) -> bool:
        """Whether a runaway of this name was found."""
        return any(runaway.name == name for runaway in self._found)

    @property
    def series_count(self) -> int:
        return len(self._tracks)

    def covers(self, suspect: Suspect, hour: Hour, overlap: Overlap) -> str | None:
        """The name under which people were told, before that hour closed, of the spend that makes it suspect."""
        if suspect.silence:
            return None
        return next((one.name for one in self._found if self._explains(one, suspect, hour, overlap)), None)

    def close(self, name: str) -> list[Transition]:
        """Closes a runaway because of what was said of it; nothing if it is not open."""
        transitions: list[Transition] = []
        for runaway in self._found:
            if runaway.name == name and runaway.closed_at is None and self._judged is not None:
                runaway.closed_at = self._judged
                transitions.append(self._tell(AnomalyEvent.TYPE_CLOSED, self._judged, runaway))
        return transitions

    # --- one minute -------------------------------------------------------------------------------------------------

    def _begin(self, first: Minute) -> None:
        self._judged = first - 1
        for runaway in self._found:
            if runaway.closed_at is None:
                # Nobody looked since: it may well have gone on.
                runaway.last = max(runaway.last, self._judged)

    def _close_through(self, last: Minute) -> list[Transition]:
        transitions: list[Transition] = []
        while self._judged is not None and self._judged < last:
            following = self._judged + 1
            minute = following if self._under_way() else min(max(min(self._open, default=last), following), last)
            transitions += self._close(minute)
            self._judged = minute
        return transitions

    def _under_way(self) -> bool:
        return any(runaway.closed_at is None for runaway in self._found)

    def _close(self, minute: Minute) -> list[Transition]:
        touched = self._tracks.take_in(minute, self._open.pop(minute, {}))
        transitions = self._carry_on(minute)
        busy = {runaway.series for runaway in self._found if runaway.closed_at is None}
        loops = [
            loop for track in touched if track.series not in busy if (loop := self._loop_of(track, minute)) is not None
        ]
        loops.sort(key=lambda loop: (-loop.spent, loop.track.series))
        for loop in loops:
            if loop.track.series not in busy:
                found = self._named(loop, minute, busy)
                if found.minutes < LASTS_MINUTES:
                    continue
                busy.add(found.series)
                self._found.append(found)
                transitions += self._tell_if_news(found, minute)
        return transitions

    def _loop_of(self, track: Track, minute: Minute) -> Loop | None:
        return loop_of(track, minute, self._usual, self._policy, self._is_new(track, minute))

    def _is_new(self, track: Track, minute: Minute) -> Callable[[Picos], bool]:
        """Whether whoever it is part of spends that much more than usual."""
        since = minute - self._policy.runaway_minutes + 1

        def is_new(spent: Picos) -> bool:
            for series in track.links:
                wider, usually = self._tracks.get(series), self._usually(series, minute)
                if wider is not None and usually is not None:
                    return wider.spent(since, minute) - usually >= TAKEN_OVER * spent
            return spent - self._spent_by_known(track.series, minute) >= TAKEN_OVER * spent

        return is_new

    def _usually(self, series: Series, minute: Minute) -> float | None:
        """The same at its typical pace; None: it has no history."""
        usual = self._usual.of(series, minute)
        return None if usual is None else self._in_window(usual.typical)

    def _in_window(self, dollars_an_hour: float) -> float:
        """Picodollars in the minutes that the caps are about."""
        return dollars_an_hour / MINUTES_AN_HOUR * self._policy.runaway_minutes * PICOS_PER_DOLLAR

    def _spent_by_known(self, series: Series, minute: Minute) -> Picos:
        """What its users, or its keys, spent that have a history of their own, as those of a renamed team: they are
        held against it."""
        since, by_rank = minute - self._policy.runaway_minutes + 1, dict[int, Picos]()
        for track in self._tracks.narrower(series, minute):
            place = rank(track.series)
            if place and self._usual.of(track.series, minute) is not None:
                by_rank[place] = by_rank.get(place, 0) + track.spent(since, minute)
        return max(by_rank.values(), default=0)

    def _named(self, loop: Loop, minute: Minute, busy: set[Series]) -> Runaway:
        """Named after the narrowest series that spends most of it."""
        since = minute - self._policy.runaway_minutes + 1
        inner = [
            track
            for track in self._tracks.narrower(loop.track.series, minute)
            if track.series not in busy and track.spent(since, minute) >= MOSTLY * loop.spent
        ]
        for track in sorted(inner, key=lambda one: (rank(one.series), one.series)):
            usual, spent = self._usual.of(track.series, minute) or NO_HISTORY, track.spent(since, minute)
            start = start_of(track, minute, spent, usual, self._policy)
            # What keeps to the pace of its busiest hour is not what runs away.
            if (
                start is not None
                and spent > self._in_window(usual.busiest)
                and rank(track.series) < rank(loop.track.series)
            ):
                return begun(Loop(track, start, spent, usual), minute)
        return begun(loop, minute)

    def _carry_on(self, minute: Minute) -> list[Transition]:
        transitions: list[Transition] = []
        for runaway in self._found:
            if runaway.closed_at is not None:
                continue
            track = self._tracks.get(runaway.series)
            sums = track.minutes[-1][1] if track is not None and track.last == minute else NOBODY
            runaway.step(minute, sums)
            if self._is_over(runaway, minute):
                runaway.closed_at = minute
                if runaway.name:
                    transitions.append(self._tell(AnomalyEvent.TYPE_CLOSED, minute, runaway))
            elif not runaway.name:
                transitions += self._tell_if_news(runaway, minute)
            elif self._has_moved(runaway, minute):
                transitions.append(self._tell(AnomalyEvent.TYPE_UPDATED, minute, runaway))
        oldest = minute - REMEMBER_HOURS * MINUTES_AN_HOUR
        self._found = [r for r in self._found if r.closed_at is None or (r.name and r.closed_at > oldest)]
        return transitions

    def _is_over(self, runaway: Runaway, minute: Minute) -> bool:
        """After long enough it is the new normal."""
        longest = self._policy.longest_hours * MINUTES_AN_HOUR
        return minute - runaway.last >= self._policy.runaway_calm_minutes or minute - runaway.start >= longest

    def _has_moved(self, runaway: Runaway, minute: Minute) -> bool:
        if runaway.last != minute:
            return False
        waited = minute - runaway.updated_at >= UPDATE_MINUTES
        return waited or runaway.excess >= UPDATE_GROWTH * runaway.updated_size

    # --- telling ----------------------------------------------------------------------------------------------------

    def _tell_if_news(self, runaway: Runaway, minute: Minute) -> list[Transition]:
        hour = minute // MINUTES_AN_HOUR
        if runaway.denied or any(self._hides(told, runaway, minute) for told in self._found if told.name):
            return []
        since = runaway.start // MINUTES_AN_HOUR - 1
        if self._told_by_hour(self._wider(runaway), runaway.excess, since):
            return []
        if not self._caps.allow(hour, runaway.series, runaway.excess):
            self.withheld += 1
            runaway.denied = True
            return []
        self._caps.note(hour, runaway.series, runaway.excess)
        runaway.name = name_of(self._tenant, runaway.series, Anomaly.CHANNEL_RUNAWAY, runaway.start)
        runaway.told_at = minute
        return [self._tell(AnomalyEvent.TYPE_OPENED, minute, runaway)]

    def _hides(self, told: Runaway, other: Runaway, minute: Minute) -> bool:
        cooldown = self._policy.cooldown_hours * MINUTES_AN_HOUR
        if told.closed_at is not None and minute - told.closed_at > cooldown:
            return False
        return self._overlap(told, other) and other.excess <= self._policy.encore * told.excess

    def _overlap(self, one: Runaway, other: Runaway) -> bool:
        """True if the same spend counts in both."""
        return one.series in self._wider(other) or other.series in self._wider(one)

    def _wider(self, runaway: Runaway) -> Collection[Series]:
        """Its series, and those that the same spend counts in."""
        track = self._tracks.get(runaway.series)
        return {runaway.series} if track is None else {runaway.series, *track.links}

    def _tell(self, kind: AnomalyEvent.Type, minute: Minute, runaway: Runaway) -> Transition:
        runaway.updated_at, runaway.updated_size = minute, runaway.excess
        return Transition(kind, minute, describe(self._tenant, runaway, self._policy))

    def _explains(self, runaway: Runaway, suspect: Suspect, hour: Hour, overlap: Overlap) -> bool:
        """Told by time, size and what they spend in common, as facets of hourly incidents are."""
        if not runaway.name or runaway.told_at >= (hour + 1) * MINUTES_AN_HOUR:
            return False
        hours = [one for one in runaway.excess_by_hour if one <= hour]
        if not hours or max(hours) < suspect.run.start - self._policy.cooldown_hours:
            return False
        mine, theirs = runaway.series.labels, suspect.series.labels
        if any(mine.get(name, value) != value for name, value in theirs.items()):
            return False
        if suspect.size > self._policy.encore * runaway.excess_through(hour):
            return False
        # Sessions are counted by the minute only.
        wider = [series for series in self._wider(runaway) if rank(series) > 0]
        return not wider or any(may_consist_of(series, suspect, overlap) for series in wider)
