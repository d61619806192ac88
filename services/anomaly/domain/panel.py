"""All series of a tenant and their detectors: judged hour by hour, then learned from.

Judging and learning are array operations over all series; only the few whose hour is out of range, or that are in a
run, are looked at one by one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.amounts import COST, EVENTS, REQUESTS, Amounts, amounts
from services.anomaly.domain.bank import HOURS_A_DAY, VolumeBank
from services.anomaly.domain.detectors.calibrated import Band, Calibrated
from services.anomaly.domain.detectors.cost import CostDetector
from services.anomaly.domain.detectors.drift import LONGEST_DAYS, DriftDetector, DriftRun
from services.anomaly.domain.detectors.ratios import Ratios
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.lives import TAKEN_OVER, Lives
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.rows import Floats, Mask
from services.anomaly.domain.run import Run, Spell, Verdict
from services.anomaly.domain.series import TENANT, Hour, Series, Totals
from services.common.money import PICOS_PER_DOLLAR

Runs = dict[int, Run]
"""Runs under way, by row."""
LEAST_ROWS = 8


@dataclass
class Panel:
    """Each hour: `judge`, then whoever tells people decides which runs are held, then `learn`."""

    policy: Policy
    index: dict[Series, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lives = Lives()
        self.cost = CostDetector()
        self.ratios = Ratios(self.policy)
        self.silence = SilenceDetector(self.policy)
        self.drift = DriftDetector()
        self.requests = VolumeBank()
        self.runs: dict[str, Runs] = {detector.name: {} for detector in self.detectors}
        self.runs |= {SilenceDetector.name: {}, DriftDetector.name: {}}
        self._free: list[int] = []
        self._hour: Hour = 0
        self._learned_through: Hour = 0
        self._amounts: Amounts = amounts(0, {}, {})
        self._silent = np.zeros(0, np.bool_)

    @property
    def detectors(self) -> tuple[Calibrated, ...]:
        """Those that have a score every hour."""
        return (self.cost, *self.ratios.detectors)

    def __len__(self) -> int:
        return len(self.index)

    # --- who is watched ---------------------------------------------------------------------------------------------

    def meet(self, series: Series, hour: Hour) -> None:
        """Begins to watch a series."""
        if not self._free:
            self._grow()
        row = self._free.pop()
        self.index[series] = row
        self.lives.begin(row, series, hour, heeded=series.dimension in self.policy.silence_order)

    def forget(self, hour: Hour) -> list[Series]:
        """Drops the series from which nothing has come for long."""
        gone = self.lives.ended | (hour - self.lives.last_active >= self.policy.forget_after_hours)
        held = {row for runs in self.runs.values() for row, run in runs.items() if run.held}
        if not gone.any():
            return []
        dropped = [series for series, row in self.index.items() if gone[row] and row not in held]
        for series in dropped:
            self._drop(self.index.pop(series))
        return dropped

    # --- an hour ----------------------------------------------------------------------------------------------------

    def judge(self, hour: Hour, totals: Mapping[Series, Totals], *, capped: bool) -> Iterator[None]:
        """Looks at an hour that closed; pauses now and then.

        Args:
            hour: the one after the last judged.
            totals: what each series did in it.
            capped: hold series without history against the cap.
        """
        self._hour = hour
        self._amounts = hourly = amounts(len(self.lives.used), self.index, totals)
        active = (hourly.column(EVENTS) > 0) | (hourly.dollars > 0)
        self.lives.last_active[active] = hour
        self.cost.judge(hour, hourly)
        yield
        self.ratios.judge(hour, hourly)
        yield
        mature = self._mature()
        self._judge_young(mature, capped=capped)
        self._judge_cost(mature)
        self._judge_ratios(mature)
        self._judge_silence(mature)
        self._judge_drift()

    def learn(self) -> Iterator[None]:
        """Learns the judged hour, where it is not part of an anomaly; pauses now and then."""
        hour, used, mature = self._hour, self.lives.used, self._mature()
        quiet = ~(self._held(CostDetector.name) | self._silent) & used
        self.cost.learn(hour, quiet, mature)
        yield
        for detector in self.ratios.detectors:
            detector.learn(hour, used & ~self._held(detector.name), mature)
            yield
        self.silence.learn(hour, self._amounts.column(EVENTS).astype(np.float64), quiet)
        self.requests.learn(hour, self._amounts.column(REQUESTS).astype(np.float64), quiet)
        if _ends_day(hour):
            self.drift.begin_day()
        self._end_long_runs(hour)
        self._learned_through = hour

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
        self.requests.amend(row, hour, late.requests)
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

    # --- judging ----------------------------------------------------------------------------------------------------

    def _mature(self) -> Mask:
        found: Mask = self.lives.used & (self._hour - self.lives.first >= self.policy.min_history_hours)
        return found

    def _judge_young(self, mature: Mask, *, capped: bool) -> None:
        runs, cap = self.runs[CostDetector.name], self.policy.cap_usd_per_hour
        young = self.lives.used & ~mature
        over = young & (self._amounts.dollars >= cap) if capped else np.zeros_like(young)
        if over.any():
            over &= self._amounts.dollars * TAKEN_OVER <= self._beyond_usual()
        rows = set(np.flatnonzero(over).tolist()) | {row for row, run in runs.items() if run.held and young[row]}
        for row in sorted(rows):
            verdict = self._over_cap(row) if over[row] else self._calm(row)
            self._step(runs, row, verdict)

    def _beyond_usual(self) -> float:
        """Dollars of this hour beyond what the whole tenant usually spends in it; without limit where that is not
        known. A series without history that spends much more has taken over what another spent."""
        row = next((row for series, row in self.index.items() if series.dimension == TENANT), None)
        if row is None or not self.cost.known(self.policy.min_history_hours)[row]:
            return math.inf
        return float(self._amounts.dollars[row]) - self.cost.expected(row)[1]

    def _judge_cost(self, mature: Mask) -> None:
        runs = self.runs[CostDetector.name]
        known = mature & self.cost.known()
        rows = _interesting(known & (self.cost.surprise > 0), known, runs)
        usual = self.requests.usual(self._hour, rows)
        for row, requests in zip(rows.tolist(), usual.tolist(), strict=True):
            verdict = self.cost.verdict(self._hour, row)
            verdict.spell.usual_requests = requests
            self._step(runs, row, verdict)

    def _judge_ratios(self, mature: Mask) -> None:
        unit = self.ratios.unit_cost
        for detector in self.ratios.detectors:
            runs = self.runs[detector.name]
            judged = mature & detector.judged() & unit.judged()
            for row in _interesting(judged & (detector.surprise > 0), judged, runs).tolist():
                self._step(runs, row, detector.verdict(self._hour, row, unit))
            for row, run in runs.items():
                if run.held and not judged[row] and self._hour - self.lives.unit_seen[row] >= self.policy.pool_hours:
                    run.calm = self.policy.calm_hours
        self.lives.unit_seen[mature & unit.judged()] = self._hour

    def _judge_silence(self, mature: Mask) -> None:
        runs, hour = self.runs[SilenceDetector.name], self._hour
        events = self._amounts.column(EVENTS)
        watched = mature & self.lives.heeded & ~self.lives.ended & self.cost.known()
        self._silent = self.silence.silent(hour, events.astype(np.float64), watched)
        rows = np.flatnonzero(self._silent)
        usual = self.requests.usual(hour, rows)
        for row, requests in zip(rows.tolist(), usual.tolist(), strict=True):
            start = runs[row].start if row in runs and runs[row].active else hour
            volume = float(self.silence.usual(hour, np.array([row]))[0])
            if self.lives.goes_by_another_name(row, events, volume):
                self.lives.ended[row] = hour - self.lives.last_active[row] >= self.policy.silence_ends_hours
                continue
            dollars = self.cost.expected(row)[1]
            spell = Spell(1, self._amounts.of(row).cost, dollars, dollars, dollars, 0, requests)
            needed = self.policy.evidence_needed
            weight = self.silence.weight(hour, start, row)
            self._step(runs, row, Verdict(hour, weight, needed, 0.0, requests, requests, requests, spell))
        for row in [row for row, run in runs.items() if run.active and not self._silent[row] and events[row] > 0]:
            # One event is enough: it is heard again.
            runs[row].calm = self.policy.calm_hours
            if not runs[row].held:
                del runs[row]

    def _judge_drift(self) -> None:
        tainted = self._silent.copy()
        for detector in self.detectors:
            tainted |= self._held(detector.name)
        self.drift.count(self._amounts.column(COST), self._amounts.column(REQUESTS), tainted)
        if not _ends_day(self._hour):
            return
        runs, whole = self.runs[DriftDetector.name], self._hour - self.lives.first >= HOURS_A_DAY - 1
        for row in np.flatnonzero(self.drift.end_day(self._hour, self.lives.used & whole)).tolist():
            runs.setdefault(row, DriftRun())
            self._step(runs, row, self.drift.verdict(self._hour, row))

    def _step(self, runs: Runs, row: int, verdict: Verdict) -> None:
        run = runs.setdefault(row, Run())
        run.step(self._hour, verdict, self.policy.evidence_needed)
        if not run.active and not run.held:
            del runs[row]

    def _over_cap(self, row: int) -> Verdict:
        totals, cap = self._amounts.of(row), self.policy.cap_usd_per_hour
        beyond = 2 * self.policy.evidence_needed
        spell = Spell(1, totals.cost, 0.0, 0.0, cap, totals.requests)
        spent = totals.cost / PICOS_PER_DOLLAR
        return Verdict(self._hour, beyond, beyond, spent, 0.0, 0.0, cap, spell, over_cap=True)

    def _calm(self, row: int) -> Verdict:
        if self.cost.known()[row]:
            return self.cost.verdict(self._hour, row)
        totals = self._amounts.of(row)
        spent = totals.cost / PICOS_PER_DOLLAR
        spell = Spell(1, totals.cost, spent, spent, spent, totals.requests)
        return Verdict(self._hour, 0.0, 0.0, spent, spent, spent, spent, spell)

    # --- learning ---------------------------------------------------------------------------------------------------

    def _held(self, name: str) -> Mask:
        held = np.zeros(len(self.lives.used), np.bool_)
        held[[row for row, run in self.runs[name].items() if run.held]] = True
        return held

    def _end_long_runs(self, hour: Hour) -> None:
        """A run that has lasted for `longest_hours` is the new normal."""
        for detector in self.detectors:
            for row, run in self.runs[detector.name].items():
                if run.held and run.active and hour - run.start >= self.policy.longest_hours:
                    detector.relearn(row, run.start, hour)
                    self.drift.relearn(row)
                    run.calm = self.policy.calm_hours
        for row, run in self.runs[DriftDetector.name].items():
            if run.held and run.active and hour - run.start >= LONGEST_DAYS * HOURS_A_DAY:
                self.drift.relearn(row)
                run.calm = self.policy.calm_hours
        for row, run in self.runs[SilenceDetector.name].items():
            if run.active and hour - run.start >= self.policy.silence_ends_hours:
                self.lives.ended[row] = True
                run.calm = self.policy.calm_hours

    # --- rows -------------------------------------------------------------------------------------------------------

    def _grow(self) -> None:
        rows = len(self.lives.used)
        wanted = max(LEAST_ROWS, rows + rows // 4)
        for part in (self.lives, self.cost, self.ratios, self.silence, self.drift, self.requests):
            part.grow(wanted)
        self._silent = np.concatenate([self._silent, np.zeros(wanted - rows, np.bool_)])
        self._free = [*range(wanted - 1, rows - 1, -1)]

    def _drop(self, row: int) -> None:
        for part in (self.lives, self.cost, self.ratios, self.silence, self.drift, self.requests):
            part.clear(row)
        for runs in self.runs.values():
            runs.pop(row, None)
        self._silent[row] = False
        self._free.append(row)


def _ends_day(hour: Hour) -> bool:
    return hour % HOURS_A_DAY == HOURS_A_DAY - 1


def _interesting(out: Mask, judged: Mask, runs: Runs) -> np.ndarray:
    """Rows to look at one by one: out of range, or in a run."""
    under_way = [row for row in runs if judged[row]]
    return np.union1d(np.flatnonzero(out), np.array(under_way, np.int64))
