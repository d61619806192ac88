"""All series of a tenant and their detectors: judged hour by hour, then learned from.

Judging and learning are array operations over all series; only the few whose hour is out of range, or that are in a
run, are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.amounts import EVENTS, REQUESTS, Amounts, amounts
from services.anomaly.domain.bank import VolumeBank
from services.anomaly.domain.detectors.calibrated import Band, Calibrated
from services.anomaly.domain.detectors.cost import CostDetector
from services.anomaly.domain.detectors.ratios import Ratios
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.doubts import Doubts
from services.anomaly.domain.plan import Planned
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.rows import Floats, Mask, RowArrays
from services.anomaly.domain.run import Run, Spell, Verdict
from services.anomaly.domain.series import Hour, Series, Totals
from services.common.money import PICOS_PER_DOLLAR

Runs = dict[int, Run]
"""Runs under way, by row."""
LEAST_ROWS = 8


class Lives(RowArrays):
    """When each series began and was heard last."""

    ARRAYS = ("first", "last_active", "unit_seen", "ended", "used")

    def __init__(self) -> None:
        self.first = np.zeros(0, np.int64)
        self.last_active = np.zeros(0, np.int64)
        self.unit_seen = np.zeros(0, np.int64)
        self.ended = np.zeros(0, np.bool_)
        """Silent for so long that it must have been on purpose."""
        self.used = np.zeros(0, np.bool_)
        """The row is a series'."""


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
        self.requests = VolumeBank()
        self.doubts = Doubts()
        self.runs: dict[str, Runs] = {detector.name: {} for detector in self.detectors}
        self.runs[SilenceDetector.name] = {}
        self._free: list[int] = []
        self._hour: Hour = 0
        self._learned_through: Hour = 0
        self._amounts: Amounts = amounts(0, {}, {})
        self._events = self._amounts.column(EVENTS)
        self._planned = self._kept = np.zeros(0, np.bool_)
        self._silent = np.zeros(0, np.bool_)
        self._watched_for_silence = np.zeros(0, np.bool_)

    @property
    def detectors(self) -> tuple[Calibrated, ...]:
        """Those that have a score every hour."""
        return (self.cost, *self.ratios.detectors)

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
        self.lives.used[row] = True
        self.lives.first[row] = self.lives.last_active[row] = self.lives.unit_seen[row] = hour
        self._watched_for_silence[row] = series.dimension in self.policy.silence_order

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

    def judge(
        self, hour: Hour, totals: Mapping[Series, Totals], *, capped: bool, planned: Planned | None = None
    ) -> Iterator[None]:
        """Looks at an hour that closed; pauses now and then.

        Args:
            hour: the one after the last judged.
            totals: what each series did in it.
            capped: hold series without history against the cap.
            planned: windows that lie on it.
        """
        self._hour = hour
        hourly = amounts(len(self.lives.used), self.index, totals)
        active = (hourly.column(EVENTS) > 0) | (hourly.dollars > 0)
        self.lives.last_active[active] = hour
        self._events = hourly.column(EVENTS)
        self._amounts = hourly = self._set_apart(hourly, planned)
        self.cost.judge(hour, hourly)
        yield
        self.ratios.judge(hour, hourly)
        yield
        mature = self._mature() & ~self._planned
        self._judge_young(mature, capped=capped)
        self._judge_cost(mature)
        self._judge_ratios(mature)
        self._judge_silence(mature)

    def learn(self) -> Iterator[None]:
        """Learns the judged hour, where it is not part of an anomaly; pauses now and then."""
        hour, used = self._hour, self.lives.used
        silent = self._silent & ~self._rows(SilenceDetector.name, _is_tolerated)
        quiet = used & ~(self._rows(CostDetector.name, _is_left_out) | silent)
        kept = (
            self._kept | self._rows(CostDetector.name, _is_confirmed) | self._rows(SilenceDetector.name, _is_confirmed)
        )
        self._teach(self.cost, quiet, kept)
        yield
        for detector in self.ratios.detectors:
            left_out = self._rows(detector.name, _is_left_out)
            self._teach(detector, used & ~left_out, self._kept | self._rows(detector.name, _is_confirmed))
            yield
        self.silence.learn(hour, self._amounts.column(EVENTS).astype(np.float64), quiet, kept)
        self.requests.learn(hour, self._amounts.column(REQUESTS).astype(np.float64), quiet, kept)
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

    # --- what is planned --------------------------------------------------------------------------------------------

    def _set_apart(self, hourly: Amounts, planned: Planned | None) -> Amounts:
        """Takes what is planned out of an hour: `_planned` rows are not judged, `_kept` ones learn nothing."""
        self._planned, self._kept = np.zeros((2, len(self.lives.used)), np.bool_)
        if planned is None:
            return hourly
        within = amounts(len(self.lives.used), self.index, planned.totals)
        self._planned[[row for series, row in self.index.items() if planned.covers(series)]] = True
        self._kept = self._planned | within.totals.any(axis=1)
        # A series that is young has learned that much less.
        self.lives.first[self._kept & ~self._mature()] += 1
        for runs in self.runs.values():
            for row in [row for row in runs if self._planned[row]]:
                if runs[row].held:
                    runs[row].calm = self.policy.calm_hours
                else:
                    del runs[row]
        rest = hourly.totals - within.totals
        rest[self._planned] = 0
        return Amounts(rest)

    def _excuse_silence(self, events: np.ndarray) -> None:
        """Who falls silent in a window may be what others are silent of; as with facets, size alone tells."""
        candidates = self._planned & self._mature() & self.cost.known()
        quiet = np.flatnonzero(self.silence.silent(self._hour, events.astype(np.float64), candidates))
        largest = max((self.cost.expected(row)[1] for row in quiet.tolist()), default=0.0)
        for row in np.flatnonzero(self._silent).tolist():
            if self.cost.expected(row)[1] <= self.policy.encore * largest:
                self._silent[row], self._kept[row] = False, True

    # --- judging ----------------------------------------------------------------------------------------------------

    def _mature(self) -> Mask:
        found: Mask = self.lives.used & (self._hour - self.lives.first >= self.policy.min_history_hours)
        return found

    def _judge_young(self, mature: Mask, *, capped: bool) -> None:
        runs, cap = self.runs[CostDetector.name], self.policy.cap_usd_per_hour
        young = self.lives.used & ~mature & ~self._planned
        over = young & (self._amounts.dollars >= cap) if capped else np.zeros_like(young)
        rows = set(np.flatnonzero(over).tolist()) | {row for row, run in runs.items() if run.held and young[row]}
        for row in sorted(rows):
            verdict = self._over_cap(row) if over[row] else self._calm(row)
            self._step(CostDetector.name, row, verdict)

    def _judge_cost(self, mature: Mask) -> None:
        runs = self.runs[CostDetector.name]
        known = mature & self.cost.known()
        rows = _interesting(known & (self.cost.surprise > 0), known, runs)
        usual = self.requests.usual(self._hour, rows)
        for row, requests in zip(rows.tolist(), usual.tolist(), strict=True):
            verdict = self.cost.verdict(self._hour, row)
            verdict.spell.usual_requests = requests
            self._step(CostDetector.name, row, verdict)

    def _judge_ratios(self, mature: Mask) -> None:
        unit = self.ratios.unit_cost
        for detector in self.ratios.detectors:
            runs = self.runs[detector.name]
            judged = mature & detector.judged() & unit.judged()
            for row in _interesting(judged & (detector.surprise > 0), judged, runs).tolist():
                self._step(detector.name, row, detector.verdict(self._hour, row, unit))
            for row, run in runs.items():
                if run.held and not judged[row] and self._hour - self.lives.unit_seen[row] >= self.policy.pool_hours:
                    run.calm = self.policy.calm_hours
        self.lives.unit_seen[mature & unit.judged()] = self._hour

    def _judge_silence(self, mature: Mask) -> None:
        runs, hour = self.runs[SilenceDetector.name], self._hour
        events = self._events
        watched = mature & self._watched_for_silence & ~self.lives.ended & self.cost.known()
        self._silent = self.silence.silent(hour, events.astype(np.float64), watched)
        self._excuse_silence(events)
        rows = np.flatnonzero(self._silent)
        needed = self.policy.evidence_needed
        for row, usual in zip(rows.tolist(), self.requests.usual(hour, rows).tolist(), strict=True):
            dollars = self.cost.expected(row)[1]
            spell = Spell(1, self._amounts.of(row).cost, dollars, dollars, dollars, 0, usual)
            self._step(SilenceDetector.name, row, Verdict(hour, needed, needed, 0.0, usual, usual, usual, spell))
        for row in [row for row, run in runs.items() if run.active and not self._silent[row] and events[row] > 0]:
            # One event is enough: it is heard again.
            runs[row].calm = self.policy.calm_hours
            if not runs[row].held:
                del runs[row]

    def _step(self, name: str, row: int, verdict: Verdict) -> None:
        runs = self.runs[name]
        run = runs.get(row)
        if run is not None and run.tolerated is not None and self._is_worse(verdict.spell, run.tolerated):
            run.clear()
        if run is None or not (run.active or run.held):
            # What it was stays on record with the anomaly it belonged to.
            run = runs[row] = Run()
        run.doubts = self.doubts.of(name, row, self._hour)
        run.step(self._hour, verdict, self.policy.evidence_after(run.doubts))
        if not run.active and not run.held:
            del runs[row]

    def _is_worse(self, spell: Spell, tolerated: float) -> bool:
        return spell.excess > self.policy.encore * tolerated * spell.hours

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

    def _rows(self, name: str, wanted: Callable[[Run], bool]) -> Mask:
        found = np.zeros(len(self.lives.used), np.bool_)
        found[[row for row, run in self.runs[name].items() if wanted(run)]] = True
        return found

    def _teach(self, detector: Calibrated, learned: Mask, kept: Mask) -> None:
        clipped = self._mature() & ~self._rows(detector.name, _is_tolerated)
        detector.learn(self._hour, learned, clipped, kept)

    def _end_long_runs(self, hour: Hour) -> None:
        """A run that has lasted for `longest_hours` is the new normal."""
        for detector in self.detectors:
            for row, run in self.runs[detector.name].items():
                if run.held and run.active and not run.confirmed and hour - run.start >= self.policy.longest_hours:
                    detector.relearn(row, run.start, hour)
                    run.calm = self.policy.calm_hours
        for row, run in self.runs[SilenceDetector.name].items():
            if run.active and not run.confirmed and hour - run.start >= self.policy.silence_ends_hours:
                self.lives.ended[row] = True
                run.calm = self.policy.calm_hours

    # --- rows -------------------------------------------------------------------------------------------------------

    def _grow(self) -> None:
        rows = len(self.lives.used)
        wanted = max(LEAST_ROWS, rows + rows // 4)
        for part in (self.lives, self.cost, self.ratios, self.silence, self.requests):
            part.grow(wanted)
        self._watched_for_silence = np.concatenate(
            [self._watched_for_silence, np.zeros(wanted - rows, np.bool_)]
        )  # fmt: skip
        more = np.zeros(wanted - rows, np.bool_)
        self._silent, self._planned, self._kept = (
            np.concatenate([mask, more]) for mask in (self._silent, self._planned, self._kept)
        )
        self._free = [*range(wanted - 1, rows - 1, -1)]

    def _drop(self, row: int) -> None:
        for part in (self.lives, self.cost, self.ratios, self.silence, self.requests):
            part.clear(row)
        for runs in self.runs.values():
            runs.pop(row, None)
        self.doubts.forget(row)
        self._silent[row] = False
        self._free.append(row)


def _is_left_out(run: Run) -> bool:
    return run.held and run.tolerated is None


def _is_confirmed(run: Run) -> bool:
    return run.confirmed


def _is_tolerated(run: Run) -> bool:
    return run.tolerated is not None


def _interesting(out: Mask, judged: Mask, runs: Runs) -> np.ndarray:
    """Rows to look at one by one: out of range, or in a run."""
    under_way = [row for row in runs if judged[row]]
    return np.union1d(np.flatnonzero(out), np.array(under_way, np.int64))


@dataclass(frozen=True)
class Watched:
    """One series, as incidents see it."""

    panel: Panel
    series: Series

    def usual_month(self) -> float:
        """Dollars in 30 usual days."""
        row = self.panel.index.get(self.series)
        return 0.0 if row is None else self.panel.cost.usual_month(row)


RATIO_CHANNELS = frozenset(
    {
        Anomaly.CHANNEL_UNIT_COST,
        Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST,
        Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST,
        Anomaly.CHANNEL_CACHE_HIT_SHARE,
    }
)
"""Channels on which an anomaly is one of the price of a request, not of their number."""
