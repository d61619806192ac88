"""Who is told what: from runs to incidents opened, updated and closed, within what people can bear."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.anomaly.domain.caps import Caps
from services.anomaly.domain.describe import describe
from services.anomaly.domain.in_common import explains, same_money
from services.anomaly.domain.incidents import Incident, largest_of_its_parts, name_of
from services.anomaly.domain.known import KnownAnomalies
from services.anomaly.domain.naming import most_telling, named_after
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Series
from services.anomaly.domain.shown_in import ShownIn
from services.anomaly.domain.suspects import Suspect, channel_of
from services.anomaly.domain.worth import is_shown, is_worth_telling
from services.common.clock import HOUR, Micros
from services.common.money import Picos


class Transition(NamedTuple):
    """Something to tell. `hour` is the closed hour that brought it about; of a runaway, the minute."""

    type: AnomalyEvent.Type
    hour: Hour
    anomaly: Anomaly


class Alarms:
    """The incidents of one tenant."""

    def __init__(
        self, tenant: str, policy: Policy, known: KnownAnomalies,
        told_by_minute: Callable[[Suspect, Hour, Overlap], str | None],
    ) -> None:  # fmt: skip
        """
        Args:
            tenant: whose.
            policy: thresholds.
            known: anomalies told in an earlier life.
            told_by_minute: the name under which people know of this excess already, from what was found below the hour.
        """
        self._tenant = tenant
        self._policy = policy
        self._known = known
        self._told_by_minute = told_by_minute
        self._incidents: list[Incident] = []
        self._foretold: dict[str, Incident] = {}
        """Told before their hour was over, by name."""
        self._caps = Caps(policy)
        self.shown_in = ShownIn()
        self.withheld = 0
        """Alarms not told because of caps."""

    def foretell(self, hour: Hour, until: Micros, suspects: Sequence[Suspect], overlap: Overlap) -> list[Transition]:
        """Opens what an hour that is not over has already cost too much.

        Args:
            hour: under way.
            until: the moment up to which it is known.
            suspects: as they are by now: copies.
            overlap: of what was spent by now.
        """
        transitions: list[Transition] = []
        for candidate in self._worth_telling(suspects, hour):
            while not candidate.run.held and not self._is_told(candidate, hour, overlap):
                suspect = self._choose(candidate, suspects, overlap)
                # Whoever is not told now is at the end of the hour.
                suspect.run.held = True
                channel, size = channel_of(suspect, self._policy), suspect.size
                if channel == Anomaly.CHANNEL_COST and self._caps.allow(hour, suspect.series, size):
                    incident = self._named(suspect, channel)
                    self._caps.note(hour, suspect.series, size)
                    self._foretold[incident.name] = incident
                    told = describe(self._tenant, incident, self._policy, until)
                    transitions.append(Transition(AnomalyEvent.TYPE_OPENED, hour, told))
        return transitions

    def conclude(self, hour: Hour, suspects: Sequence[Suspect], overlap: Overlap) -> list[Transition]:
        """Opens, updates and closes incidents after every series was judged for this hour."""
        transitions = self._carry_on(hour)
        for candidate in self._worth_telling(suspects, hour):
            while not candidate.run.held and not self._hold(candidate, self._told_as(candidate, hour, overlap)):
                incident = self._open(hour, self._choose(candidate, suspects, overlap))
                if incident is not None:
                    told = self._foretold.pop(incident.name, None) is not None
                    kind = AnomalyEvent.TYPE_UPDATED if told else AnomalyEvent.TYPE_OPENED
                    transitions.append(self._tell(kind, hour, incident))
        transitions += self._take_back(hour)
        for suspect in suspects:
            if not suspect.run.held and is_shown(suspect, hour, self._policy):
                self._hold(suspect, self._hidden_by(suspect, hour, overlap, self._incidents))
        self._release(suspects)
        return transitions

    def tells_of(self, series: Collection[Series], excess: Picos, since: Hour) -> bool:
        """Whether people know of what one of these series costs beyond the usual, since about that hour."""
        return any(
            incident.series in series and incident.start >= since and excess <= self._policy.encore * incident.size
            for incident in (*self.open_incidents(), *self._foretold.values())
            if incident.channel == Anomaly.CHANNEL_COST
        )

    def forsake(self, hour: Hour) -> list[Transition]:
        """Closes what an earlier life left open and history does not bear out."""
        transitions: list[Transition] = []
        for anomaly in self._known.forsaken(hour):
            closed = Anomaly()
            closed.CopyFrom(anomaly)
            closed.state = Anomaly.STATE_CLOSED
            transitions.append(Transition(AnomalyEvent.TYPE_CLOSED, hour, closed))
        return transitions

    def expect(self, told: Iterable[Anomaly]) -> None:
        """What was told after this state was kept; what is open here is not news."""
        names = {incident.name for incident in self.open_incidents()} | self._foretold.keys()
        self._known.expect(
            anomaly for anomaly in told if anomaly.state == Anomaly.STATE_OPEN and anomaly.name not in names
        )

    def close(self, hour: Hour, name: str) -> list[Transition]:
        """Closes an incident because of what was said of it, after this hour; nothing if it is not open."""
        transitions: list[Transition] = []
        for incident in self.open_incidents():
            if incident.name == name:
                incident.close(hour)
                incident.settled_in = frozenset(stretch.series for stretch in self.shown_in.of(name))
                transitions.append(self._tell(AnomalyEvent.TYPE_CLOSED, hour, incident))
        return transitions

    @property
    def foretold(self) -> Collection[str]:
        """Names of what was told of the hour under way."""
        return self._foretold.keys()

    def open_incidents(self) -> list[Incident]:
        return [incident for incident in self._incidents if incident.closed_at is None]

    def _carry_on(self, hour: Hour) -> list[Transition]:
        transitions: list[Transition] = []
        for incident in self.open_incidents():
            run = incident.suspect.run
            if run.calm >= self._policy.calm_hours:
                incident.close(hour)
                transitions.append(self._tell(AnomalyEvent.TYPE_CLOSED, hour, incident))
            elif run.last == hour:
                incident.look_up()
                transitions.append(self._tell(AnomalyEvent.TYPE_UPDATED, hour, incident))
        self._incidents = [one for one in self._incidents if one.hides_anything(hour, self._policy)]
        self.shown_in.forget_before(hour)
        return transitions

    def _take_back(self, hour: Hour) -> list[Transition]:
        """Closes what was told too early: the whole hour does not bear it out."""
        transitions = []
        for incident in self._foretold.values():
            incident.close(hour)
            transitions.append(self._tell(AnomalyEvent.TYPE_CLOSED, hour, incident))
        self._foretold = {}
        return transitions

    def _worth_telling(self, suspects: Sequence[Suspect], hour: Hour) -> list[Suspect]:
        """Ranked by dollars, so that caps fall on the smallest."""
        worth = [s for s in suspects if not s.run.held and is_worth_telling(s, hour, self._policy)]
        return sorted(worth, key=lambda s: (-s.size, s.series, s.channel))

    def _is_told(self, suspect: Suspect, hour: Hour, overlap: Overlap) -> bool:
        """Whether people know of it already, be it from this very hour."""
        by_hour = self._hidden_by(suspect, hour, overlap, (*self._incidents, *self._foretold.values()))
        return (by_hour or self._told_by_minute(suspect, hour, overlap)) is not None

    def _told_as(self, suspect: Suspect, hour: Hour, overlap: Overlap) -> str | None:
        """The name under which people know of it already."""
        hidden = self._hidden_by(suspect, hour, overlap, self._incidents)
        # What minutes told is no more than a moment of a drift.
        by_hour = suspect.family == Anomaly.CHANNEL_COST
        return self._told_by_minute(suspect, hour, overlap) if hidden is None and by_hour else hidden

    def _hidden_by(
        self, suspect: Suspect, hour: Hour, overlap: Overlap, incidents: Iterable[Incident]
    ) -> str | None:  # fmt: skip
        """The name of the incident that it is a facet of, or an echo."""
        alike = [incident for incident in incidents if incident.may_show_in(suspect, hour, self._policy)]
        for incident in alike:
            if incident.hides(suspect, self._policy) and explains(incident.series, suspect, overlap):
                return incident.name
        largest = largest_of_its_parts(suspect, alike, overlap, self._policy)
        return None if largest is None else largest.name

    def _hold(self, suspect: Suspect, behind: str | None) -> bool:
        if behind is not None:
            suspect.run.held = True
            self.shown_in.add(behind, suspect)
        return behind is not None

    def _choose(self, candidate: Suspect, suspects: Sequence[Suspect], overlap: Overlap) -> Suspect:
        told_before = [
            suspect
            for suspect in suspects
            if suspect.family == candidate.family
            and not suspect.run.held
            and (suspect is candidate or same_money(candidate, suspect, overlap))
            and (self._known.match(suspect, channel_of(suspect, self._policy)) or self._foretold_of(suspect))
        ]
        if told_before:
            return most_telling(candidate, told_before, self._policy)
        return named_after(candidate, suspects, overlap, self._policy)

    def _open(self, hour: Hour, suspect: Suspect) -> Incident | None:
        """None if caps forbid it; the run is held all the same."""
        suspect.run.held = True
        foretold = self._foretold_of(suspect)
        incident = self._named(suspect, channel_of(suspect, self._policy) if foretold is None else foretold.channel)
        if foretold is not None:
            incident.name, incident.start = foretold.name, foretold.start
        elif self._known.match(suspect, incident.channel) or self._caps.allow(hour, suspect.series, suspect.size):
            self._caps.note(hour, suspect.series, suspect.size)
        else:
            self.withheld += 1
            return None
        incident.look_up()
        self._known.claim(incident.name)
        self._incidents.append(incident)
        self.shown_in.add(incident.name, suspect)
        return incident

    def _named(self, suspect: Suspect, channel: Anomaly.Channel) -> Incident:
        """By the name that people know, if they do."""
        before, start = self._known.match(suspect, channel), suspect.run.start
        if before is not None:
            return Incident(suspect, channel, before.start_unix_micros // HOUR, before.name)
        return Incident(suspect, channel, start, name_of(self._tenant, suspect.series, channel, start))

    def _foretold_of(self, suspect: Suspect) -> Incident | None:
        """What people were told of it before its hour was over."""
        if suspect.channel != Anomaly.CHANNEL_COST:
            return None
        return next((one for one in self._foretold.values() if one.series == suspect.series), None)

    def _release(self, suspects: Sequence[Suspect]) -> None:
        """Ends runs that are over: those of incidents just closed, facets, and muted ones."""
        telling = {id(incident.suspect.run) for incident in self.open_incidents()}
        for suspect in suspects:
            run = suspect.run
            if run.held and run.calm >= self._policy.calm_hours and id(run) not in telling:
                run.clear()

    def _tell(self, kind: AnomalyEvent.Type, hour: Hour, incident: Incident) -> Transition:
        return Transition(kind, hour, describe(self._tenant, incident, self._policy))
