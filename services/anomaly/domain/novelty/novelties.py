"""What is new about a tenant's hours: of its keys as it happens, of its people once a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.novelty.keys import KeyNovelty
from services.anomaly.domain.novelty.pairs import NewPairs
from services.anomaly.domain.novelty.sightings import SIGHTED, Sight, Sightings
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Series, Totals
from services.anomaly.domain.suspects import Suspect
from services.common.clock import Micros
from services.common.money import Picos


class Novelties:
    """Hours come in, transitions come out."""

    def __init__(self, tenant: str, policy: Policy, panel: Panel, known: Iterable[Anomaly] = ()) -> None:
        self._sightings = Sightings(policy.novelty_memory_days * HOURS_A_DAY)
        self._keys = KeyNovelty(tenant, policy, panel, self._sightings, tuple(known))
        self._pairs = NewPairs(tenant, policy, self._sightings)

    def judge(self, hour: Hour, totals: Mapping[Series, Totals]) -> list[Transition]:
        """Looks at an hour that closed. Series of other pairs than `SIGHTED` are passed over."""
        sights = _sights(totals)
        transitions = self._keys.judge(hour, sights) + self._pairs.judge(hour, sights)
        self._sightings.note(sights, hour)
        return transitions

    def foretell(self, hour: Hour, until: Micros, totals: Mapping[Series, Totals]) -> list[Transition]:
        """The same of an hour that is known up to that moment: what is new enough already."""
        return self._keys.foretell(hour, until, _sights(totals))

    def came_late(self, series: Iterable[Series], hour: Hour) -> None:
        """These were seen in an hour that is closed."""
        self._sightings.note([Sight.of(one) for one in series if one.dimension in SIGHTED], hour)

    def covers(self, suspect: Suspect, hour: Hour, overlap: Overlap) -> str | None:
        """The name under which people know of this excess as what a key did."""
        return self._keys.covers(suspect, hour, overlap)

    def may_cover(self, suspect: Suspect, hour: Hour, overlap: Overlap) -> bool:
        """Whether the hour under way may end with a key that explains this excess."""
        return self._keys.may_cover(suspect, hour, overlap)

    def tells_of(self, series: Collection[Series], excess: Picos, since: Hour) -> bool:
        """Whether people know that one of these is a key that is used as it never was, since about that hour."""
        return self._keys.tells_of(series, excess, since)

    def close(self, hour: Hour, name: str) -> list[Transition]:
        """Closes what a key did because of what was said of it; nothing if it is not open."""
        return self._keys.close(hour, name)

    def knows(self, name: str) -> bool:
        """Whether an hour that closed had it."""
        return self._keys.knows(name)

    @property
    def foretold(self) -> Collection[str]:
        """Names of what was told of the hour under way."""
        return self._keys.foretold

    def open_anomalies(self) -> list[str]:
        """Names of what is open."""
        return self._keys.open_anomalies()

    @property
    def withheld(self) -> int:
        """Alarms not told because of caps."""
        return self._keys.withheld


def _sights(totals: Mapping[Series, Totals]) -> dict[Sight, Totals]:
    return {Sight.of(series): sums for series, sums in sorted(totals.items()) if series.dimension in SIGHTED}
