"""People on models they never used before: a digest a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import AnomalyEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.novelty.describe import NewPair, describe_pairs
from services.anomaly.domain.novelty.sightings import USER_MODEL, Sight, Sightings
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Totals
from services.common.money import PICOS_PER_DOLLAR


@dataclass
class NewPairs:
    """Of one tenant. A UTC day is told of when its last hour closes."""

    tenant: str
    policy: Policy
    sightings: Sightings

    def __post_init__(self) -> None:
        self._day = 0
        self._today: dict[Sight, NewPair] = {}

    def judge(self, hour: Hour, sights: Mapping[Sight, Totals]) -> list[Transition]:
        """Looks at an hour that closed, before its sights are noted."""
        transitions = self._end_of_day(hour) if hour // HOURS_A_DAY != self._day else []
        self._day = hour // HOURS_A_DAY
        known = self.sightings.hours_known(USER_MODEL, hour) >= self.policy.min_history_hours
        for sight, totals in sights.items():
            if sight.dimension != USER_MODEL:
                continue
            before = self._today.get(sight)
            if before is not None:
                self._today[sight] = NewPair(sight.owner, sight.value, before.first, before.totals.plus(totals))
            elif known and self.sightings.is_new(sight, hour):
                self._today[sight] = NewPair(sight.owner, sight.value, hour, totals)
        return transitions + (self._end_of_day(hour) if hour % HOURS_A_DAY == HOURS_A_DAY - 1 else [])

    def _end_of_day(self, hour: Hour) -> list[Transition]:
        least = self.policy.new_pair_usd * PICOS_PER_DOLLAR
        found = [pair for pair in self._today.values() if pair.totals.cost >= least]
        self._today = {}
        if not found:
            return []
        found.sort(key=lambda pair: (-pair.totals.cost, pair.user, pair.model))
        return [Transition(AnomalyEvent.TYPE_CLOSED, hour, describe_pairs(self.tenant, self._day, found))]
