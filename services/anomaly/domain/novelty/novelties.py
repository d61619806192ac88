"""What is new about a tenant's hours: of its keys as it happens, of its people once a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.incidents import Suspect
from services.anomaly.domain.novelty.keys import KeyNovelty
from services.anomaly.domain.novelty.pairs import NewPairs
from services.anomaly.domain.novelty.sightings import SIGHTED, Sight, Sightings
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Series, Totals


class Novelties:
    """Hours come in, transitions come out."""

    def __init__(self, tenant: str, policy: Policy, panel: Panel, known: Iterable[Anomaly] = ()) -> None:
        self._sightings = Sightings(policy.novelty_memory_days * HOURS_A_DAY)
        self._keys = KeyNovelty(tenant, policy, panel, self._sightings, tuple(known))
        self._pairs = NewPairs(tenant, policy, self._sightings)

    def judge(self, hour: Hour, totals: Mapping[Series, Totals]) -> list[Transition]:
        """Looks at an hour that closed. Series of other pairs than `SIGHTED` are passed over."""
        sights = {Sight.of(series): sums for series, sums in sorted(totals.items()) if series.dimension in SIGHTED}
        transitions = self._keys.judge(hour, sights) + self._pairs.judge(hour, sights)
        self._sightings.note(sights, hour)
        return transitions

    def came_late(self, series: Iterable[Series], hour: Hour) -> None:
        """These were seen in an hour that is closed."""
        self._sightings.note([Sight.of(one) for one in series if one.dimension in SIGHTED], hour)

    def covers(self, suspect: Suspect, hour: Hour) -> str | None:
        """The name under which people know of this excess as what a key did."""
        return self._keys.covers(suspect, hour)

    def close(self, hour: Hour, name: str) -> list[Transition]:
        """Closes what a key did because of what was said of it; nothing if it is not open."""
        return self._keys.close(hour, name)

    def open_anomalies(self) -> list[str]:
        """Names of what is open."""
        return self._keys.open_anomalies()

    @property
    def withheld(self) -> int:
        """Alarms not told because of caps."""
        return self._keys.withheld
