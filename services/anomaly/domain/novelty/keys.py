"""Keys that are used in several ways at once in which they never were: one that leaked, as a rule.

A new model alone is an upgrade, a new network alone a move, a new hour alone a late evening. Two such things at once,
and enough dollars on each of them, are told. A new key has no habits to leave, so that rotating one is no news.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.caps import Caps
from services.anomaly.domain.in_common import may_consist_of
from services.anomaly.domain.incidents import name_of
from services.anomaly.domain.novelty.describe import describe_key
from services.anomaly.domain.novelty.sightings import KEY_MODEL, KEY_NETWORK, KEY_USER, Sight, Sightings
from services.anomaly.domain.novelty.strange import HOUR_OF_DAY, Strange, StrangeKey
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import NOTHING, Hour, Series, Totals
from services.anomaly.domain.suspects import Suspect
from services.common.clock import HOUR, Micros
from services.common.money import PICOS_PER_DOLLAR, Picos

AT_ONCE = 2
MOSTLY = 0.5
"""Share of its usual spend at which a key is used as ever."""
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
        self._ahead: list[StrangeKey] = []
        """As they would be if the hour under way were over."""
        self._foretold: set[str] = set()
        self.withheld = 0

    def judge(self, hour: Hour, sights: Mapping[Sight, Totals]) -> list[Transition]:
        """Looks at an hour that closed, before its sights are noted."""
        transitions: list[Transition] = []
        uses, open_keys = _uses(sights), self._open_keys()
        self._ahead = []
        for key in sorted(open_keys.keys() | uses.keys()):
            transitions += self._look_at(key, open_keys.get(key), hour, uses.get(key, _Use()))
        oldest = hour - self._policy.cooldown_hours - self._policy.calm_hours
        self._found = [one for one in self._found if one.closed_at is None or one.closed_at >= oldest]
        self._foretold = set()
        return transitions + self._forsake(hour)

    def foretell(self, hour: Hour, until: Micros, sights: Mapping[Sight, Totals]) -> list[Transition]:
        """Tells of keys on which an hour that is not over has enough that is new already.

        Args:
            hour: under way.
            until: the moment up to which it is known.
            sights: of the hour by now.
        """
        transitions: list[Transition] = []
        uses, open_keys = _uses(sights), self._open_keys()
        self._ahead = []
        for key in sorted(uses):
            found, row = open_keys.get(key), self._panel.index.get(Series("key", key))
            if row is None or (found is not None and found.name):
                continue
            new = self._new_ways(key, row, hour, uses[key], watched=found is not None)
            if found is not None or len(new) >= AT_ONCE:
                ahead = StrangeKey(key, hour) if found is None else replace(found)
                ahead.add(hour, new, uses[key].by_sight, uses[key].total)
                self._ahead.append(ahead)
                transitions += self._open_early(ahead, hour, until) if self._is_worth_telling(ahead) else []
        return transitions

    def close(self, hour: Hour, name: str) -> list[Transition]:
        """Closes one because of what was said of it, after this hour; nothing if it is not open. What was new has been
        seen by now, and is news no more."""
        transitions: list[Transition] = []
        for found in self._found:
            if found.name == name and found.closed_at is None:
                found.closed_at = hour
                transitions.append(self._tell(AnomalyEvent.TYPE_CLOSED, hour, found))
        return transitions

    def knows(self, name: str) -> bool:
        """Whether an hour that closed had a key of this name."""
        return any(found.name == name for found in self._found)

    @property
    def foretold(self) -> Collection[str]:
        """Names of what was told of the hour under way."""
        return self._foretold

    def open_anomalies(self) -> list[str]:
        return [one.name for one in self._found if one.name and one.closed_at is None]

    def covers(self, suspect: Suspect, hour: Hour, overlap: Overlap) -> str | None:
        """The name under which people were told of a key whose use is that excess."""
        if suspect.silence:
            return None
        told = (one for one in self._found if one.name)
        return next((one.name for one in told if self._explains(one, suspect, hour, overlap)), None)

    def may_cover(self, suspect: Suspect, hour: Hour, overlap: Overlap) -> bool:
        """Whether the hour under way may end with such a key."""
        return any(self._explains(one, suspect, hour, overlap) for one in self._ahead)

    def tells_of(self, series: Collection[Series], excess: Picos, since: Hour) -> bool:
        """Whether people know that one of these is a key that is used as it never was, since about that hour."""
        told = [
            one for one in (*self._found, *self._ahead) if one.closed_at is None and one.name and one.start >= since
        ]
        return any(Series("key", one.key) in series and excess <= self._policy.encore * one.spent.cost for one in told)

    # --- one key ----------------------------------------------------------------------------------------------------

    def _look_at(self, key: str, found: StrangeKey | None, hour: Hour, use: _Use) -> list[Transition]:
        row = self._panel.index.get(Series("key", key))
        told = found is not None and found.name
        new = [] if told or row is None else self._new_ways(key, row, hour, use, watched=found is not None)
        if found is None:
            if len(new) < AT_ONCE:
                return []
            found = StrangeKey(key, hour)
            self._found.append(found)
        found.add(hour, new, use.by_sight, use.total)
        if hour - found.last >= self._policy.calm_hours or hour - found.start >= LONGEST_HOURS:
            found.closed_at = hour
            return [self._tell(AnomalyEvent.TYPE_CLOSED, hour, found)] if found.name else []
        if found.name:
            return [self._tell(AnomalyEvent.TYPE_UPDATED, hour, found)] if found.last == hour else []
        return self._open(found, hour) if self._is_worth_telling(found) else []

    def _is_worth_telling(self, found: StrangeKey) -> bool:
        """Enough was spent on each of two new things, though not in one hour perhaps."""
        least = self._policy.min_impact_usd * PICOS_PER_DOLLAR
        return sum(one.totals.cost >= least for one in found.strange) >= AT_ONCE

    def _new_ways(self, key: str, row: int, hour: Hour, use: _Use, *, watched: bool) -> list[Strange]:
        if use.total.cost <= 0 or hour - self._panel.lives.first[row] < self._policy.min_history_hours:
            return []
        new = [
            Strange(dimension, tuple(sorted(sight.value for sight in sights)))
            for dimension in DIMENSIONS
            if (sights := self._new(key, dimension, hour, use, row))
        ]
        if not (new or watched) or self._was_used_at(row, hour):
            return new
        return [*new, Strange(HOUR_OF_DAY, (f"{hour % HOURS_A_DAY:02}:00",))]

    def _new(self, key: str, dimension: str, hour: Hour, use: _Use, row: int) -> list[Sight]:
        new = [s for s in use.by_sight if s.dimension == dimension and self._sightings.is_new(s, hour)]
        least = self._policy.min_history_hours
        if not new or self._sightings.hours_known(dimension, hour, key) >= least:
            return new
        # Nobody was ever known by name to use this key, as others are used.
        others = self._sightings.hours_known(dimension, hour) >= least
        return new if dimension == KEY_USER and others and self._goes_on_unnamed(use, row) else []

    def _goes_on_unnamed(self, use: _Use, row: int) -> bool:
        """Without a name it is used as ever: names are not sent from this hour on, they come on top."""
        named = sum(totals.cost for sight, totals in use.by_sight.items() if sight.dimension == KEY_USER)
        usual = self._panel.cost.expected(row)[1] * PICOS_PER_DOLLAR
        return use.total.cost - named >= MOSTLY * usual > 0

    def _was_used_at(self, row: int, hour: Hour) -> bool:
        """At about this hour of any day before."""
        _, seen = self._panel.cost.baseline.memory(row, hour - 1)
        # The latest comes first: an hour earlier, a day earlier to the hour, and an hour later the day before.
        return any(bool(np.any(seen[ago - 1 :: HOURS_A_DAY] > 0)) for ago in (25, 24, 23))

    def _open(self, found: StrangeKey, hour: Hour) -> list[Transition]:
        series, name = Series("key", found.key), self._name_of(found)
        if found.denied:
            return []
        if name not in self._foretold:
            if name not in self._known and not self._caps.allow(hour, series, found.spent.cost):
                self.withheld += 1
                found.denied = True
                return []
            self._caps.note(hour, series, found.spent.cost)
        found.name = name
        self._left_open.pop(name, None)
        return [self._tell(AnomalyEvent.TYPE_OPENED, hour, found)]

    def _open_early(self, found: StrangeKey, hour: Hour, until: Micros) -> list[Transition]:
        series, name = Series("key", found.key), self._name_of(found)
        if found.denied or name in self._foretold or not self._caps.allow(hour, series, found.spent.cost):
            return []
        self._caps.note(hour, series, found.spent.cost)
        self._foretold.add(name)
        found.name = name
        told = describe_key(self._tenant, found, self._policy, until)
        # If the whole hour does not bear it out, it is closed as what an earlier life left open.
        self._left_open[name] = told
        return [Transition(AnomalyEvent.TYPE_OPENED, hour, told)]

    def _name_of(self, found: StrangeKey) -> str:
        return name_of(self._tenant, Series("key", found.key), Anomaly.CHANNEL_KEY_NOVELTY, found.start)

    def _open_keys(self) -> Mapping[str, StrangeKey]:
        return {found.key: found for found in self._found if found.closed_at is None}

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

    def _explains(self, found: StrangeKey, suspect: Suspect, hour: Hour, overlap: Overlap) -> bool:
        if hour < found.start or found.last < suspect.run.start - self._policy.cooldown_hours:
            return False
        if suspect.series.labels.get("key", found.key) != found.key:
            return False
        large_enough = suspect.size <= self._policy.encore * found.spent.cost
        return large_enough and may_consist_of(Series("key", found.key), suspect, overlap)

    def _tell(self, kind: AnomalyEvent.Type, hour: Hour, found: StrangeKey) -> Transition:
        return Transition(kind, hour, describe_key(self._tenant, found, self._policy))


def _uses(sights: Mapping[Sight, Totals]) -> dict[str, _Use]:
    """What each key did."""
    uses: dict[str, _Use] = {}
    for sight, totals in sights.items():
        if sight.dimension in DIMENSIONS:
            use = uses.setdefault(sight.owner, _Use())
            use.by_sight[sight] = totals
            if sight.dimension == KEY_MODEL:
                use.total = use.total.plus(totals)
    return uses
