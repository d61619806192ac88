"""All series of a tenant, each in one row of every detector: who is watched, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.detectors.calibrated import Band, Calibrated
from services.anomaly.domain.detectors.cost import CostDetector
from services.anomaly.domain.detectors.drift import DriftDetector
from services.anomaly.domain.detectors.errors import ErrorShareDetector
from services.anomaly.domain.detectors.price import TokenPriceDetector
from services.anomaly.domain.detectors.ratios import Ratios
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.lives import Lives
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.rows import Floats, Mask, RowArrays
from services.anomaly.domain.series import Hour, Series, Totals
from services.anomaly.domain.under_way import Runs, UnderWay
from services.anomaly.domain.users import UserBank
from services.anomaly.domain.volumes import VolumeBank

LEAST_ROWS = 8


@dataclass
class Roster:
    """Series come and go; the rows of those that went are given to others."""

    policy: Policy
    index: dict[Series, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lives = Lives()
        self.cost = CostDetector()
        self.ratios = Ratios(self.policy)
        self.price = TokenPriceDetector(self.policy)
        self.errors = ErrorShareDetector(self.policy)
        self.users = UserBank()
        self.silence = SilenceDetector(self.policy)
        self.drift = DriftDetector()
        self.requests = VolumeBank()
        names = [detector.name for detector in self.detectors]
        self.under_way = UnderWay(self.policy, [*names, SilenceDetector.name, DriftDetector.name])
        self._free: list[int] = []
        self._hour: Hour = 0
        self._learned_through: Hour = 0
        self._planned: Mask = np.zeros(0, np.bool_)
        self._kept: Mask = np.zeros(0, np.bool_)
        self._silent: Mask = np.zeros(0, np.bool_)

    @property
    def detectors(self) -> tuple[Calibrated, ...]:
        """Those that have a score every hour."""
        return (self.cost, *self.ratios.detectors, self.price, self.errors)

    @property
    def runs(self) -> Mapping[str, Runs]:
        """Those under way, by detector."""
        return self.under_way.runs

    @property
    def hour(self) -> Hour:
        """The hour judged last."""
        return self._hour

    def __len__(self) -> int:
        return len(self.index)

    # --- who is watched ---------------------------------------------------------------------------------------------

    def meet(self, series: Series, hour: Hour) -> None:
        """Begins to watch a series."""
        if not self._free:
            self._grow()
        row = self._free.pop()
        self.index[series] = row
        heeded, by_regularity = (
            series.dimension in names for names in (self.policy.silence_order, self.policy.silent_if_regular)
        )
        self.lives.begin(row, series, hour, heeded=heeded, by_regularity=by_regularity)

    def forget(self, hour: Hour) -> list[Series]:
        """Drops the series from which nothing has come for long."""
        gone = self.lives.ended | (hour - self.lives.last_active >= self.policy.forget_after_hours)
        if not gone.any():
            return []
        held = self.under_way.held()
        dropped = [series for series, row in self.index.items() if gone[row] and row not in held]
        for series in dropped:
            self._drop(self.index.pop(series))
        return dropped

    # --- what is known ----------------------------------------------------------------------------------------------

    def spent(self, series: Series) -> tuple[Hour, Floats] | None:
        """The first hour that is known of a series, and dollars of each hour from there; None: it is not watched."""
        row = self.index.get(series)
        if row is None or not self._learned_through:
            return None
        # An hour that is just being learned has overwritten the oldest.
        first = max(int(self.lives.first[row]), self._learned_through - self.cost.baseline.hours + 2)
        return first, self.cost.spent(row, first, self._learned_through)

    def amend(self, series: Series, hour: Hour, late: Totals) -> None:
        """Corrects what was learned of a closed hour."""
        row = self.index.get(series)
        if row is None or hour < self._hour - self.cost.baseline.hours + 1:
            return
        self.cost.amend(row, hour, late)
        self.silence.amend(row, hour, late.events)
        self.requests.amend(row, hour, late.requests - late.failed)
        self.drift.amend(row, hour, late, self._hour)

    def course(self, series: Series, channel: Anomaly.Channel, hours: Sequence[Hour]) -> Sequence[Band | None]:
        """What is usual in these hours on one channel of a series, as far as is known now; None: it is not."""
        row = self.index.get(series)
        if row is not None:
            for detector in self.detectors:
                if detector.channel == channel:
                    return list(detector.course(row, hours))
            if channel == Anomaly.CHANNEL_SILENCE:
                found = [self.requests.between(hour, row) for hour in hours]
                return [None if each is None else Band(*each) for each in found]
        return [None] * len(hours)

    # --- rows -------------------------------------------------------------------------------------------------------

    @property
    def _parts(self) -> Sequence[RowArrays | Calibrated | Ratios]:
        return (
            self.lives, self.cost, self.ratios, self.price, self.errors, self.silence, self.drift, self.requests,
            self.users,
        )  # fmt: skip

    def _grow(self) -> None:
        rows = len(self.lives.used)
        wanted = max(LEAST_ROWS, rows + rows // 4)
        for part in self._parts:
            part.grow(wanted)
        more = np.zeros(wanted - rows, np.bool_)
        self._silent, self._planned, self._kept = (
            np.concatenate([mask, more]) for mask in (self._silent, self._planned, self._kept)
        )
        self._free = [*range(wanted - 1, rows - 1, -1)]

    def _drop(self, row: int) -> None:
        for part in self._parts:
            part.clear(row)
        self.under_way.forget(row)
        self._silent[row] = False
        self._free.append(row)
