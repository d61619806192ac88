"""All series of a tenant and their detectors: judged hour by hour, then learned from.

Judging and learning are array operations over all series; only the few whose hour is out of range, or that are in a
run, are looked at one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from services.anomaly.domain.amounts import COST, EVENTS, Amounts, amounts
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.detectors.calibrated import Calibrated
from services.anomaly.domain.detectors.cost import CostDetector
from services.anomaly.domain.detectors.drift import DriftDetector
from services.anomaly.domain.detectors.price import TokenPriceDetector
from services.anomaly.domain.detectors.ratios import LEAST_OBSERVATIONS
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.learning import Learning, ends_day
from services.anomaly.domain.lives import TAKEN_OVER
from services.anomaly.domain.plan import Planned
from services.anomaly.domain.rows import Mask, rows_of
from services.anomaly.domain.run import NIGHT_HOURS, Spell, Verdict
from services.anomaly.domain.series import TENANT, Hour, Series, Totals
from services.anomaly.domain.under_way import Runs, is_confirmed, is_held
from services.anomaly.domain.users import Sketches
from services.common.money import PICOS_PER_DOLLAR

NOBODY_ASKED: Sketches = {}
WORTH_A_LOOK = 0.3
"""Share of the least dollars of an alarm in one hour, at which its requests are counted."""
FAILING = 0.5
"""Share of the evidence for an alarm at which failures make what is answered another mix than usual."""


@dataclass
class Panel(Learning):
    """Each hour: `judge`, then whoever tells people decides which runs are held, then `learn`."""

    # --- an hour ----------------------------------------------------------------------------------------------------

    def judge(
        self, hour: Hour, totals: Mapping[Series, Totals], *, capped: bool, planned: Planned | None = None,
        users: Sketches = NOBODY_ASKED,
    ) -> Iterator[None]:  # fmt: skip
        """Looks at an hour that closed; pauses now and then.

        Args:
            hour: the one after the last judged.
            totals: what each series did in it.
            capped: hold series without history against the cap.
            planned: windows that lie on it.
            users: who made requests.
        """
        self._hour = hour
        self.users.count(self.index, users)
        hourly = amounts(len(self.lives.used), self.index, totals)
        active = (hourly.column(EVENTS) > 0) | (hourly.dollars > 0)
        self.lives.last_active[active] = hour
        self._events = hourly.column(EVENTS)
        self._amounts = hourly = self._set_apart(hourly, planned)
        self.cost.judge(hour, hourly)
        yield
        self.errors.judge(hour, hourly)
        self.ratios.judge(hour, hourly, failing=self.errors.surprise >= FAILING * self.policy.evidence_needed)
        self.price.judge_hour(hour, hourly, under_way=self._rows(TokenPriceDetector.name, is_held))
        yield
        mature = self._mature() & ~self._planned
        self._judge_young(mature, capped=capped)
        self._judge_cost(mature)
        self._judge_ratios(mature)
        self._judge_price(mature)
        self._judge_errors(mature)
        self._judge_silence(mature)
        self._judge_drift()

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
        self.under_way.interrupt(self._planned)
        rest = hourly.totals - within.totals
        rest[self._planned] = 0
        return Amounts(rest)

    def _excuse_silence(self, events: np.ndarray) -> None:
        """Who falls silent in a window may be what others are silent of; as with facets, size alone tells."""
        candidates = self._planned & self._mature() & self.cost.known()
        quiet = rows_of(self._silent_of(events, candidates)).tolist() if candidates.any() else []
        largest = max((self.cost.expected(row)[1] for row in quiet), default=0.0)
        for row in rows_of(self._silent).tolist():
            if self.cost.expected(row)[1] <= self.policy.encore * largest:
                self._silent[row], self._kept[row] = False, True

    # --- judging ----------------------------------------------------------------------------------------------------

    def _judge_young(self, mature: Mask, *, capped: bool) -> None:
        runs, cap = self.runs[CostDetector.name], self.policy.cap_usd_per_hour
        young = self.lives.used & ~mature & ~self._planned
        over = young & (self._amounts.dollars >= cap) if capped else np.zeros_like(young)
        if over.any():
            over &= self._amounts.dollars * TAKEN_OVER <= self._beyond_usual()
        rows = set(rows_of(over).tolist()) | {row for row, run in runs.items() if run.held and young[row]}
        for row in sorted(rows):
            verdict = self._over_cap(row) if over[row] else self._calm(row)
            self._step(CostDetector.name, row, verdict)

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
            verdict = self.word_on_cost(self.cost.verdict(self._hour, row), self._hour, row, requests)
            asleep = row in runs and runs[row].held and self.cost.sleeps(row, verdict)
            crowd = self.users.in_hour(self._hour, row)
            self._step(CostDetector.name, row, replace(verdict, crowd=crowd, asleep=asleep))

    def word_on_cost(self, verdict: Verdict, hour: Hour, row: int, usual: float) -> Verdict:
        """With how many requests are usual. Where some cost a thousand times what others do, it is their number rather
        than their cost that tells how unlikely an hour is that costs too much."""
        spell, least = verdict.spell, self.policy.min_cost_ratio
        spell.usual_requests = usual
        large = spell.excess >= WORTH_A_LOOK * self.policy.min_impact_usd * PICOS_PER_DOLLAR
        if not (verdict.out and large and spell.requests >= least * usual):
            return verdict
        habits = self.requests.habits(row)
        if not habits.known or habits.of_so_many(spell.requests, usual) <= verdict.surprise:
            return verdict
        # A working day may begin and end an hour early or late.
        near = max(float(self.requests.usual(hour + moved, np.array([row]))[0]) for moved in (-1, 0, 1))
        return replace(verdict, surprise=max(verdict.surprise, habits.of_so_many(spell.requests, near)))

    def _judge_ratios(self, mature: Mask) -> None:
        unit = self.ratios.unit_cost
        for detector in self.ratios.detectors:
            runs = self.runs[detector.name]
            judged = mature & detector.judged() & unit.judged()
            for row in _interesting(judged & (detector.surprise > 0), judged, runs).tolist():
                self._step(detector.name, row, detector.verdict(self._hour, row, unit))
            for row, run in runs.items():
                if run.held and not judged[row] and self._hour - self.lives.unit_seen[row] >= NIGHT_HOURS:
                    run.calm = self.policy.calm_hours
        self.lives.unit_seen[mature & unit.judged()] = self._hour

    def _judge_price(self, mature: Mask) -> None:
        price, hour = self.price, self._hour
        self._judge_pooled(price, mature & price.judged(), lambda row: price.word(hour, row))

    def _judge_errors(self, mature: Mask) -> None:
        errors, unit, hour = self.errors, self.ratios.unit_cost, self._hour
        # What a request usually costs must be known: where they cost nothing, nothing is at stake.
        judged = mature & errors.judged() & unit.known(LEAST_OBSERVATIONS)
        self._judge_pooled(errors, judged, lambda row: errors.verdict(hour, row, unit))

    def _judge_pooled(self, detector: Calibrated, judged: Mask, word: Callable[[int], Verdict]) -> None:
        """Steps the runs of a detector that pools hours: what pools for long without a word is over."""
        runs = self.runs[detector.name]
        for row in _interesting(judged & (detector.surprise > 0), judged, runs).tolist():
            self._step(detector.name, row, word(row))
        for row, run in runs.items():
            if run.held and not judged[row] and self._hour - run.last >= NIGHT_HOURS:
                run.calm = self.policy.calm_hours

    def _judge_silence(self, mature: Mask) -> None:
        runs, hour = self.runs[SilenceDetector.name], self._hour
        events = self._events
        watched = mature & self.lives.heeded & ~self.lives.ended & self.cost.known()
        self._silent = self._silent_of(events, watched)
        self.silence.count_gaps(hour, events > 0)
        self._excuse_silence(events)
        rows = rows_of(self._silent)
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
            verdict = Verdict(hour, weight, needed, 0.0, requests, requests, requests, spell)
            self._step(SilenceDetector.name, row, verdict)
        for row in [row for row, run in runs.items() if run.active and not self._silent[row] and events[row] > 0]:
            # One event is enough: it is heard again.
            runs[row].calm = self.policy.calm_hours
            if not runs[row].held:
                del runs[row]

    def _silent_of(self, events: np.ndarray, watched: Mask) -> Mask:
        return self.silence.silent(self._hour, events.astype(np.float64), watched, self.lives.by_regularity)

    def _judge_drift(self) -> None:
        tainted, kept = self._silent.copy(), self._kept.copy()
        for name in (name for name, runs in self.runs.items() if runs and name != DriftDetector.name):
            tainted |= self._rows(name, is_held)
            kept |= self._rows(name, is_confirmed)
        self.drift.count(self._amounts.column(COST), self._amounts.answered, tainted, kept)
        if not ends_day(self._hour):
            return
        known = self.lives.used & (self._hour - self.lives.first >= HOURS_A_DAY - 1)
        drifting = self.drift.end_day(self._hour, known, self._rows(DriftDetector.name, is_confirmed))
        for row in _interesting(drifting, self.drift.judged(), self.runs[DriftDetector.name]).tolist():
            crowd = self.users.in_day(self._hour, row)
            self._step(DriftDetector.name, row, replace(self.drift.verdict(self._hour, row), crowd=crowd))
        self.users.end_day(self._hour, known & ~tainted)

    def _step(self, name: str, row: int, verdict: Verdict) -> None:
        self.under_way.step(name, row, self._hour, verdict)

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


def _interesting(out: Mask, judged: Mask, runs: Runs) -> np.ndarray:
    """Rows to look at one by one: out of range, or in a run."""
    found = rows_of(out)
    under_way = [row for row in runs if judged[row]]
    return np.union1d(found, np.array(under_way, np.int64)) if under_way else found
