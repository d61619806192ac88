"""Hours that are still open: counters, until the watermark says nothing more will come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.plan import covers
from services.anomaly.domain.series import Hour, Series, Totals
from services.anomaly.domain.users import asking
from services.common.distinct_values import smallest
from services.common.money import Picos

Belongs = tuple[Series, ...]
"""The series that a sum counts in."""


class OpenHours:
    """The open hours of one tenant. Sums are kept by the set of series they belong to, and are spread over them when
    the hour closes: an event costs one addition, however many dimensions are watched."""

    def __init__(self) -> None:
        self._hours: dict[Hour, dict[Belongs, Totals]] = {}
        self._planned: dict[Hour, dict[Series, Totals]] = {}
        self.closed_through: Hour | None = None
        """The last hour that was closed."""
        self.cells: Mapping[Belongs, Totals] = {}
        """What it held, by the set of series each sum counts in."""
        self.dearest: Mapping[Belongs, Totals] = {}
        """The same of the hour in which most was spent, of its day until then."""
        self._dearest_picos: Picos = 0
        self._users: dict[Hour, dict[Series, frozenset[int]]] = {}
        self.users: Mapping[Series, frozenset[int]] = {}
        """Who made requests in the hour closed last, as `distinct_values` has it, by series that are not one user's."""

    def is_closed(self, hour: Hour) -> bool:
        return self.closed_through is not None and hour <= self.closed_through

    def add(self, hour: Hour, series: Iterable[Series], totals: Totals) -> None:
        """Counts into an open hour, in each of these series."""
        bucket = self._hours.setdefault(hour, {})
        belongs = tuple(series)
        before = bucket.get(belongs)
        bucket[belongs] = totals if before is None else before.plus(totals)

    def add_users(self, hour: Hour, series: Series, users: frozenset[int]) -> None:
        """Notes who made requests in an hour that history told: its sums do not say so themselves."""
        noted = self._users.setdefault(hour, {})
        noted[series] = smallest(noted.get(series, users) | users)

    def first(self) -> Hour | None:
        """The earliest hour that holds anything."""
        return min(self._hours, default=None)

    def next(self) -> Hour | None:
        """The hour to close next, whether or not it holds anything."""
        return self.first() if self.closed_through is None else self.closed_through + 1

    def close(self, hour: Hour) -> Mapping[Series, Totals]:
        """Ends an hour and everything before it; returns what it held."""
        self.closed_through = hour
        self._planned.pop(hour, None)
        self.cells = self._hours.pop(hour, {})
        picos = sum(totals.cost for totals in self.cells.values())
        if hour % HOURS_A_DAY == 0 or picos > self._dearest_picos:
            self.dearest, self._dearest_picos = self.cells, picos
        self.users = asking(self.cells, self._users.pop(hour, {}))
        return _spread(self.cells)

    def so_far(self, hour: Hour) -> tuple[Mapping[Belongs, Totals], Mapping[Series, Totals]]:
        """What an hour that stays open holds by now: by the set of series each sum counts in, and by series."""
        cells = self._hours.get(hour, {})
        return cells, _spread(cells)

    def add_planned(self, hour: Hour, series: Series, totals: Totals) -> None:
        """Notes what of an hour that history told lies in planned windows: its sums do not say so themselves."""
        planned = self._planned.setdefault(hour, {})
        before = planned.get(series)
        planned[series] = totals if before is None else before.plus(totals)

    def forget_planned(self, since: Hour) -> None:
        """Drops those notes from an hour on."""
        self._planned = {hour: noted for hour, noted in self._planned.items() if hour < since}

    def planned(self, hour: Hour, windows: Sequence[Mapping[str, str]]) -> Mapping[Series, Totals]:
        """What of an open hour lies in windows, by series."""
        found = dict(self._planned.get(hour, {}))
        for belongs, totals in self._hours.get(hour, {}).items():
            # History's sums are of one series each, and noted apart.
            if len(belongs) > 1 and covers(windows, {k: v for one in belongs for k, v in one.labels.items()}):
                for series in belongs:
                    before = found.get(series)
                    found[series] = totals if before is None else before.plus(totals)
        return found

    def skip_to(self, hour: Hour) -> None:
        """Makes `hour` the next to close: nothing lies in between."""
        self.closed_through = hour - 1

    def __len__(self) -> int:
        return len(self._hours)


def _spread(cells: Mapping[Belongs, Totals]) -> dict[Series, Totals]:
    """Sums by each of the series they count in."""
    sums: dict[Series, Totals] = {}
    for belongs, totals in cells.items():
        for series in belongs:
            before = sums.get(series)
            sums[series] = totals if before is None else before.plus(totals)
    return sums
