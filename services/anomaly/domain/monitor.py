"""All detectors of one series, and the runs they are in."""

from __future__ import annotations

import math

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.detectors.cost import CostDetector
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.detectors.unit_cost import UnitCostDetector
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.run import Run, Spell, Verdict
from services.anomaly.domain.series import NOTHING, Hour, Series, Totals
from services.anomaly.domain.volume import UsualVolume
from services.common.money import PICOS_PER_DOLLAR


class SeriesMonitor:
    """One series. Each hour: `judge`, then whoever tells people decides what is held, then `learn`."""

    def __init__(self, series: Series, first: Hour, policy: Policy) -> None:
        self.series = series
        self.first = first
        self.last_active = first
        self._policy = policy
        self._watched_for_silence = series.dimension in policy.silence_order
        self._cost = CostDetector()
        self._unit_cost = UnitCostDetector(policy)
        self._silence = SilenceDetector(policy)
        self._requests = UsualVolume()
        self.cost_run = Run()
        self.unit_run = Run()
        self.silence_run = Run()
        self.ended = False
        """Silent for so long that it must have been on purpose."""
        self._unit_seen: Hour = first
        self._hour: Hour = first
        self._totals = NOTHING
        self._silent = False

    def judge(self, hour: Hour, totals: Totals, *, capped: bool) -> None:
        """Looks at an hour that closed.

        Args:
            hour: the one after the last judged.
            totals: what the series did in it.
            capped: hold a series without history against the cap.
        """
        self._hour, self._totals = hour, totals
        if totals.events > 0 or totals.cost > 0:
            self.last_active = hour
        cost, unit = self._cost.judge(hour, totals), self._unit_cost.judge(hour, totals)
        needed = self._policy.evidence_needed
        if hour - self.first < self._policy.min_history_hours:
            over = self._over_cap(hour, totals) if capped else None
            if over is not None or self.cost_run.held:
                self.cost_run.step(hour, over or cost or _calm(hour, totals), needed)
            return
        if cost is not None:
            if cost.out or self.cost_run.active:
                cost.spell.usual_requests = self._requests.usual(hour)
            self.cost_run.step(hour, cost, needed)
        if unit is not None:
            self._unit_seen = hour
            self.unit_run.step(hour, unit, needed)
        elif self.unit_run.held and hour - self._unit_seen >= self._policy.pool_hours:
            self.unit_run.calm = self._policy.calm_hours
        if self._watched_for_silence and not self.ended:
            self._judge_silence(hour, totals, 0.0 if cost is None else cost.expected)

    def learn(self) -> None:
        """Learns the judged hour, unless it is part of an anomaly."""
        hour, totals = self._hour, self._totals
        mature = hour - self.first >= self._policy.min_history_hours
        if self.cost_run.held or self._silent:
            self._cost.pass_over(hour, totals)
        else:
            self._cost.learn(hour, totals, clipped=mature)
        if self.unit_run.held:
            self._unit_cost.pass_over(hour)
        else:
            self._unit_cost.learn(hour, clipped=mature)
        if self.cost_run.held or self._silent:
            self._silence.pass_over(hour)
            self._requests.pass_over(hour)
        else:
            self._silence.learn(hour, totals.events)
            self._requests.learn(hour, totals.requests)
        self._end_held_runs(hour)

    def amend(self, hour: Hour, late: Totals) -> None:
        """Corrects what was learned of a closed hour."""
        self._cost.amend(hour, late)
        self._silence.amend(hour, late.events)
        self._requests.amend(hour, late.requests)

    def usual_month(self) -> float:
        """Dollars in 30 usual days."""
        return self._cost.usual_month()

    def channel_of(self, channel: Anomaly.Channel) -> Anomaly.Channel:
        """Whether an excess of cost is one of price or of volume.

        ln(C1/C0) = ln(R1/R0) + ln(U1/U0) for R requests at U each, and each factor's part of C1 - C0 is in proportion
        to its logarithm (LMDI, Ang 2005); the larger part names it.
        """
        total = self.cost_run.total
        enough = total.requests >= self._policy.min_requests and total.usual > 0
        if (
            channel != Anomaly.CHANNEL_COST
            or not enough
            or self.cost_run.latest is None
            or self.cost_run.latest.over_cap
        ):
            return channel
        volume = math.log(total.requests / max(total.usual_requests, 0.5))
        both = math.log(total.spent / PICOS_PER_DOLLAR / total.usual) if total.spent > 0 else volume
        return Anomaly.CHANNEL_UNIT_COST if both - volume > volume else Anomaly.CHANNEL_COST

    def is_forgotten(self, hour: Hour) -> bool:
        """True once nothing has come for so long that the series can go."""
        if self.cost_run.held or self.unit_run.held or self.silence_run.held:
            return False
        return self.ended or hour - self.last_active >= self._policy.forget_after_hours

    def _over_cap(self, hour: Hour, totals: Totals) -> Verdict | None:
        spent = totals.cost / PICOS_PER_DOLLAR
        cap = self._policy.cap_usd_per_hour
        if spent < cap:
            return None
        beyond = 2 * self._policy.evidence_needed
        spell = Spell(1, totals.cost, 0.0, 0.0, cap, totals.requests)
        return Verdict(hour, beyond, beyond, spent, 0.0, 0.0, cap, spell, over_cap=True)

    def _judge_silence(self, hour: Hour, totals: Totals, usual_usd: float) -> None:
        run = self.silence_run
        self._silent = self._silence.is_silent(hour, totals.events)
        if self._silent:
            expected = self._requests.usual(hour)
            needed = self._policy.evidence_needed
            spell = Spell(1, totals.cost, usual_usd, usual_usd, usual_usd, 0, expected)
            run.step(hour, Verdict(hour, needed, needed, 0.0, expected, expected, expected, spell), needed)
        elif run.active and totals.events > 0:
            # One event is enough: it is heard again.
            run.calm = self._policy.calm_hours
            if not run.held:
                run.clear()

    def _end_held_runs(self, hour: Hour) -> None:
        """A run that has lasted for `longest_hours` is the new normal."""
        for run in (self.cost_run, self.unit_run):
            if run.held and run.active and hour - run.start >= self._policy.longest_hours:
                relearn = self._cost.relearn if run is self.cost_run else self._unit_cost.relearn
                relearn(run.start, hour)
                run.calm = self._policy.calm_hours
        run = self.silence_run
        if run.active and hour - run.start >= self._policy.silence_ends_hours:
            self.ended = True
            run.calm = self._policy.calm_hours


def _calm(hour: Hour, totals: Totals) -> Verdict:
    spent = totals.cost / PICOS_PER_DOLLAR
    return Verdict(
        hour, 0.0, 0.0, spent, spent, spent, spent, Spell(1, totals.cost, spent, spent, spent, totals.requests)
    )
