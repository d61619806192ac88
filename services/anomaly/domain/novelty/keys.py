"""Keys that are used in several ways at once in which they never were: one that leaked, as a rule.

A new model alone is an upgrade, a new network alone a move, a new hour alone a late evening. Two such things at once,
and enough dollars on each of them, are told. A new key has no habits to leave, so that rotating one is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.caps import Caps
from services.anomaly.domain.incidents import Suspect, name_of
from services.anomaly.domain.novelty.describe import describe_key
from services.anomaly.domain.novelty.sightings import KEY_MODEL, KEY_NETWORK, KEY_USER, Sight, Sightings
from services.anomaly.domain.novelty.strange import HOUR_OF_DAY, Strange, StrangeKey
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import NOTHING, Hour, Series, Totals
from services.common.clock import HOUR
from services.common.money import PICOS_PER_DOLLAR

AT_ONCE = 2
LONGEST_HOURS = 72
"""After so long, what was new is so no more."""
DIMENSIONS = (KEY_NETWORK, KEY_MODEL, KEY_USER)


@dataclass(slots=True)
class _Use:
    """What one key did in an hour."""

    total: Totals = NOTHING
    by_sight: dict[Sight, Totals] = field(default_factory=dict)


class KeyNovelty:
    """The keys of one tenant."""

    def __init__(
        self, tenant: str, policy: Policy, panel: Panel, sightings: Sightings, known: Iterable[Anomaly] = ()
    ) -> None:
        self._tenant = tenant
        self._policy = policy
        self._panel = panel
        self._sightings = sightings
        self._caps = Caps(policy)
        self._found: list[StrangeKey] = []
        self._left_open = {one.name: one for one in known if one.state == Anomaly.STATE_OPEN}
        self._known = frozenset(one.name for one in known)
        self.withheld = 0

    def judge(self, hour: Hour, sights: Mapping[Sight, Totals]) -> list[Transition]:
        """Looks at an hour that closed, before its sights are noted."""
        transitions: list[Transition] = []
        uses: dict[str, _Use] = {}
        for sight, totals in sights.items():
            if sight.dimension in DIMENSIONS:
                use = uses.setdefault(sight.owner, _Use())
                use.by_sight[sight] = totals
                if sight.dimension == KEY_MODEL:
                    use.total = use.total.plus(totals)
        open_keys = {found.key: found for found in self._found if found.closed_at is None}
        for key in sorted(open_keys):
            transitions += self._carry_on(open_keys[key], hour, uses.get(key, _Use()))
        for key in sorted(uses.keys() - open_keys.keys()):
            found = self._strange(key, hour, uses[key])
            if found is not None:
                transitions += self._open(found, hour)
        oldest = hour - self._policy.cooldown_hours - self._policy.calm_hours
        self._found = [one for one in self._found if one.closed_at is None or one.closed_at >= oldest]
        return transitions + self._forsake(hour)

    def close(self, hour: Hour, name: str) -> list[Transition]:
        """Closes one because of what was said of it, after this hour; nothing if it is not open. What was new has been
        seen by now, and is news no more."""
        transitions: list[Transition] = []
        for found in self._found:
            if found.name == name and found.closed_at is None:
                found.closed_at = hour
                transitions.append(self._tell(AnomalyEvent.TYPE_CLOSED, hour, found))
        return transitions

    def open_anomalies(self) -> list[str]:
        return [one.name for one in self._found if one.name and one.closed_at is None]

    def covers(self, suspect: Suspect, hour: Hour) -> str | None:
        """The name under which people were told of a key whose use is that excess."""
        if suspect.silence:
            return None
        return next((one.name for one in self._found if one.name and self._explains(one, suspect, hour)), None)

    # --- one key ----------------------------------------------------------------------------------------------------

    def _strange(self, key: str, hour: Hour, use: _Use) -> StrangeKey | None:
        row = self._panel.index.get(Series("key", key))
        if row is None or hour - self._panel.lives.first[row] < self._policy.min_history_hours:
            return None
        least = self._policy.least_impact(self._panel.cost.usual_month(row)) * PICOS_PER_DOLLAR
        if use.total.cost < least:
            return None
        strange = [
            Strange(dimension, tuple(sorted(sight.value for sight in new)), totals)
            for dimension in DIMENSIONS
            if (new := self._new(key, dimension, hour, use))
            and (totals := _sum(use.by_sight[sight] for sight in new)).cost >= least
        ]
        if not self._was_used_at(row, hour):
            strange.append(Strange(HOUR_OF_DAY, (f"{hour % HOURS_A_DAY:02}:00",), use.total))
        if len(strange) < AT_ONCE:
            return None
        found = StrangeKey(key, hour, tuple(strange))
        found.add(hour, found.spent_in(use.by_sight, use.total))
        return found

    def _new(self, key: str, dimension: str, hour: Hour, use: _Use) -> list[Sight]:
        if self._sightings.hours_known(dimension, hour, key) < self._policy.min_history_hours:
            return []
        return [s for s in use.by_sight if s.dimension == dimension and self._sightings.is_new(s, hour)]

    def _was_used_at(self, row: int, hour: Hour) -> bool:
        """At about this hour of any day before."""
        _, seen = self._panel.cost.baseline.memory(row, hour - 1)
        # The latest comes first: an hour earlier, a day earlier to the hour, and an hour later the day before.
        return any(bool(np.any(seen[ago - 1 :: HOURS_A_DAY] > 0)) for ago in (25, 24, 23))

    def _carry_on(self, found: StrangeKey, hour: Hour, use: _Use) -> list[Transition]:
        spent = found.spent_in(use.by_sight, use.total)
        if spent.cost > 0:
            found.add(hour, spent)
        if hour - found.last >= self._policy.calm_hours or hour - found.start >= LONGEST_HOURS:
            found.closed_at = hour
            return [self._tell(AnomalyEvent.TYPE_CLOSED, hour, found)] if found.name else []
        return [self._tell(AnomalyEvent.TYPE_UPDATED, hour, found)] if found.name and spent.cost > 0 else []

    def _open(self, found: StrangeKey, hour: Hour) -> list[Transition]:
        self._found.append(found)
        series = Series("key", found.key)
        name = name_of(self._tenant, series, Anomaly.CHANNEL_KEY_NOVELTY, hour)
        if name not in self._known and not self._caps.allow(hour, series, found.spent.cost):
            self.withheld += 1
            return []
        self._caps.note(hour, series, found.spent.cost)
        found.name = name
        self._left_open.pop(name, None)
        return [self._tell(AnomalyEvent.TYPE_OPENED, hour, found)]

    def _forsake(self, hour: Hour) -> list[Transition]:
        """Closes what an earlier life left open and history does not bear out."""
        last = hour - self._policy.calm_hours - 1
        gone = [one for one in self._left_open.values() if one.end_unix_micros // HOUR < last]
        transitions = []
        for anomaly in gone:
            closed = Anomaly()
            closed.CopyFrom(self._left_open.pop(anomaly.name))
            closed.state = Anomaly.STATE_CLOSED
            transitions.append(Transition(AnomalyEvent.TYPE_CLOSED, hour, closed))
        return transitions

    def _explains(self, found: StrangeKey, suspect: Suspect, hour: Hour) -> bool:
        if hour < found.start or found.last < suspect.run.start - self._policy.cooldown_hours:
            return False
        theirs = suspect.series.labels
        return theirs.get("key", found.key) == found.key and suspect.size <= self._policy.encore * found.spent.cost

    def _tell(self, kind: AnomalyEvent.Type, hour: Hour, found: StrangeKey) -> Transition:
        return Transition(kind, hour, describe_key(self._tenant, found, self._policy))


def _sum(totals: Iterable[Totals]) -> Totals:
    found = NOTHING
    for one in totals:
        found = found.plus(one)
    return found
