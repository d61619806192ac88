"""The watch over one tenant: hours and minutes come in, transitions come out."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, Label

from services.anomaly.domain.alarms import Alarms, Transition
from services.anomaly.domain.buckets import OpenHours
from services.anomaly.domain.detectors.calibrated import Band
from services.anomaly.domain.foretold import suspects_so_far
from services.anomaly.domain.known import KnownAnomalies
from services.anomaly.domain.lessons import Said, teach
from services.anomaly.domain.minutes.runaways import Runaways
from services.anomaly.domain.minutes.tally import MINUTES_AN_HOUR, Minute
from services.anomaly.domain.minutes.usual import UsualSpend
from services.anomaly.domain.novelty.novelties import Novelties
from services.anomaly.domain.novelty.sightings import SIGHTED
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.plan import Plan, Planned
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Series, Totals
from services.anomaly.domain.suspects import Suspect, suspects
from services.anomaly.domain.whole import SAYS_WHY
from services.common.clock import HOUR, MINUTE
from services.common.money import Picos

LOOK_MINUTES = 5
"""So often the hour under way is looked at."""


class TenantWatch:
    """Closes a tenant's hours, one after the other."""

    def __init__(self, tenant: str, policy: Policy, known: Iterable[Anomaly] = ()) -> None:
        self.tenant = tenant
        self.hours = OpenHours()
        self.late = LateRecords()
        self._policy = policy
        self.panel = Panel(policy)
        self._by_dimension: dict[str, int] = {}
        self._first: Hour | None = None
        told = list(known)
        runaways = [anomaly for anomaly in told if anomaly.channel == Anomaly.CHANNEL_RUNAWAY]
        keys = [anomaly for anomaly in told if anomaly.channel == Anomaly.CHANNEL_KEY_NOVELTY]
        others = [anomaly for anomaly in told if anomaly.channel not in SAYS_WHY]
        self._alarms = Alarms(tenant, policy, KnownAnomalies(others, policy), self._told_already_as)
        usual = UsualSpend(tenant, self.panel, policy)
        self.minutes = Runaways(tenant, policy, usual, self._told_by_hour, runaways)
        self._novelties = Novelties(tenant, policy, self.panel, keys)
        self._looked: Minute = 0
        self.plan = Plan()
        self._unheard: list[Said] = []
        self.unwatched: set[Series] = set()
        """Refused because the dimension has too many values; of the last closed hour."""

    def add_users(self, hour: Hour, series: Series, users: frozenset[int]) -> None:
        """Notes who made requests in an hour that history told, unless it was closed."""
        if users and not self.hours.is_closed(hour):
            self.hours.add_users(hour, series, users)

    def add(self, hour: Hour, series: Iterable[Series], totals: Totals) -> bool:
        """Counts into an hour; False if it was closed, and only history is corrected."""
        if not self.hours.is_closed(hour):
            self.hours.add(hour, series, totals)
            return True
        # Of an hour that windows lie on, some series have learned nothing that could be corrected.
        if not self.plan.at(hour):
            for one in series:
                self.panel.amend(one, hour, totals)
        self._novelties.came_late(series, hour)
        self.late.note(hour, totals.requests)
        return False

    def close_through(self, last: Hour) -> Generator[None, None, list[Transition]]:
        """Closes every hour up to `last`. Yields now and then; the transitions are its return value."""
        transitions: list[Transition] = []
        while (hour := self.hours.next()) is not None and hour <= last:
            if not len(self.panel):
                busy = self.hours.first()
                if busy is None or busy > last:
                    self.hours.skip_to(last + 1)
                    break
                self.hours.skip_to(busy)
                hour = busy
            transitions += self._listen(hour)
            transitions += yield from self._close(hour)
        return transitions + self.listen() + self._alarms.forsake(last)

    def look_ahead(self, last: Minute) -> Generator[None, None, list[Transition]]:
        """Tells what the hour under way has cost too much already, by the end of minute `last`. Yields as
        `close_through` does."""
        hour = self.hours.next()
        over = last // MINUTES_AN_HOUR - hour if hour is not None else -1
        if hour is None or not 0 <= over <= 1 or last < self._looked + LOOK_MINUTES:
            return []
        self._looked = last
        until = min((last + 1) * MINUTE, (hour + 1) * HOUR)
        windows = self.plan.at(hour)
        cells, totals = self.hours.so_far(hour)
        yield
        if windows:
            planned = Planned(windows, self.hours.planned(hour, windows))
            totals = {one: sums for one, sums in planned.rest(totals).items() if not planned.covers(one)}
        transitions = self._novelties.foretell(hour, until, totals)
        overlap = Overlap(cells)
        found = [
            suspect
            for suspect in suspects_so_far(self.panel, hour, totals)
            if not self._novelties.may_cover(suspect, hour, overlap)
        ]
        return transitions + self._alarms.foretell(hour, until, found, overlap)

    def hear(self, said: Said) -> None:
        """What somebody said of an anomaly: it counts from its hour on."""
        self._unheard.append(said)
        self._unheard.sort(key=lambda each: (each.hour, each.anomaly))

    def listen(self) -> list[Transition]:
        """Lets what was said until now count."""
        closed = self.hours.closed_through
        return [] if closed is None else self._listen(closed + 1)

    def _listen(self, hour: Hour) -> list[Transition]:
        transitions: list[Transition] = []
        while self._unheard and self._unheard[0].hour <= hour:
            said = self._unheard.pop(0)
            if said.hour == hour and not said.waited and not self._has_judged(said.anomaly):
                self.hear(replace(said, hour=hour + 1, waited=True))
                continue
            if said.verdict != Label.VERDICT_CONFIRMED:
                transitions += self._alarms.close(hour - 1, said.anomaly) + self.minutes.close(said.anomaly)
                transitions += self._novelties.close(hour - 1, said.anomaly)
            for stretch in self._alarms.shown_in.of(said.anomaly):
                teach(self.panel, stretch, said.verdict)
        return transitions

    def _has_judged(self, anomaly: str) -> bool:
        """Whether an hour, or a minute, has borne it out."""
        return bool(self._alarms.shown_in.of(anomaly)) or self.minutes.knows(anomaly) or self._novelties.knows(anomaly)

    def expect(self, told: Iterable[Anomaly]) -> None:
        """Anomalies that the table holds, some of them perhaps told after this state was kept."""
        self._alarms.expect(anomaly for anomaly in told if anomaly.channel not in SAYS_WHY)

    @property
    def series_count(self) -> int:
        return len(self.panel)

    @property
    def withheld(self) -> int:
        """Alarms not told because of caps."""
        return self._alarms.withheld + self.minutes.withheld + self._novelties.withheld

    def open_anomalies(self) -> list[str]:
        """Names of what is open."""
        hourly = [incident.name for incident in self._alarms.open_incidents()]
        return [*hourly, *self._foretold(), *self.minutes.open_anomalies(), *self._novelties.open_anomalies()]

    def _told_by_hour(self, series: Collection[Series], excess: Picos, since: Hour) -> bool:
        """Whether people know of what one of these series costs beyond the usual, since about that hour."""
        by_key = self._novelties.tells_of(series, excess, since)
        return by_key or self._alarms.tells_of(series, excess, since)

    def _foretold(self) -> list[str]:
        return sorted({*self._alarms.foretold, *self._novelties.foretold})

    def _told_already_as(self, suspect: Suspect, hour: Hour, overlap: Overlap) -> str | None:
        return self.minutes.covers(suspect, hour, overlap) or self._novelties.covers(suspect, hour, overlap)

    def course(
        self, labels: Mapping[str, str], channel: Anomaly.Channel, hours: Sequence[Hour]
    ) -> Sequence[Band | None]:
        """What is usual in these hours for the series of these labels, which stand in any order; None: not known."""
        orders = (Series.of(dict(order)) for order in permutations(labels.items()))
        series = next((one for one in orders if one in self.panel.index), None)
        return [None] * len(hours) if series is None else self.panel.course(series, channel, hours)

    def _close(self, hour: Hour) -> Generator[None, None, list[Transition]]:
        # First what happened within it: an hour says nothing of what its minutes have told already.
        transitions = self.minutes.close_before_hour(hour)
        windows = self.plan.at(hour)
        planned = Planned(windows, self.hours.planned(hour, windows)) if windows else None
        everything = self.hours.close(hour)
        totals = {series: sums for series, sums in everything.items() if series.dimension not in SIGHTED}
        self._first = hour if self._first is None else self._first
        self._meet(hour, totals)
        capped = hour - self._first >= self._policy.min_history_hours
        yield from self.panel.judge(hour, totals, capped=capped, planned=planned, users=self.hours.users)
        transitions += self._novelties.judge(hour, everything if planned is None else planned.rest(everything))
        transitions += self._alarms.conclude(hour, suspects(self.panel), Overlap(self.hours.cells, self.hours.dearest))
        yield from self.panel.learn()
        self._forget(hour)
        yield
        return transitions

    def _meet(self, hour: Hour, totals: Mapping[Series, Totals]) -> None:
        self.unwatched = set()
        # In a fixed order: which series are refused must not depend on the order of records.
        for series in sorted(totals.keys() - self.panel.index.keys()):
            count = self._by_dimension.get(series.dimension, 0)
            if count >= self._policy.series_per_dimension:
                self.unwatched.add(series)
                continue
            self._by_dimension[series.dimension] = count + 1
            self.panel.meet(series, hour)

    def _forget(self, hour: Hour) -> None:
        for series in self.panel.forget(hour):
            self._by_dimension[series.dimension] -= 1


class LateRecords:
    """What came after its hour was closed, since this watch began."""

    def __init__(self) -> None:
        self.hours: set[Hour] = set()
        self.requests = 0

    def note(self, hour: Hour, requests: int) -> None:
        self.hours.add(hour)
        self.requests += requests
