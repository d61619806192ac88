"""Thresholds: when an alert is due, when it is taken back, and the id that makes it the same alert everywhere.

Each fires once a period. It is taken back, once, where what it looks at falls below it again; a rule that re-arms then
fires anew, as the next occurrence. A rolling window has no periods: there the rule's occurrences simply go on.
"""

from __future__ import annotations

import hashlib
import json
import math
from enum import Enum
from typing import NamedTuple

from services.budget.domain.budget import Budget
from services.budget.domain.periods import Period, Window
from services.budget.domain.terms import Basis, Rearm, ThresholdRule
from services.common.clock import HOUR, Micros
from services.common.money import Picos


class ThresholdKey(NamedTuple):
    """One threshold in one period. Amount and filter do not belong to it: changing them does not fire it again.

    A budget created again under the same name is another one.
    """

    tenant_id: str
    budget_id: str
    created: Micros
    period_start: Micros
    """0: of a rolling window."""
    member: str | None
    basis: Basis
    percent: int
    window_hours: int

    def alert_id(self, occurrence: int, event: Event) -> str:
        """Same for the same event wherever it is noticed, and however often."""
        identity = [*self, occurrence, event.value]
        return hashlib.blake2b(json.dumps(identity).encode(), digest_size=16).hexdigest()


class Event(Enum):
    """What happens at a threshold."""

    FIRED = "fired"
    BACK_BELOW = "back below"


class Firing(NamedTuple):
    """What happened at a threshold so far."""

    occurrence: int = 0
    """How often it fired; 0: not yet."""
    fired: Micros = 0
    back_below: Micros = 0
    """When the last firing was taken back; 0: it was not."""

    def after(self, event: Event, occurrence: int, time: Micros) -> Firing:
        """Takes in an event; one that is older than what is known changes nothing."""
        if occurrence < self.occurrence:
            return self
        if event is Event.FIRED:
            return self if occurrence == self.occurrence else Firing(occurrence, time)
        fired = self.fired if occurrence == self.occurrence else time
        return Firing(occurrence, fired, self.back_below if self.back_below and fired == self.fired else time)


class Measure(NamedTuple):
    """What a rule looks at: `value` as a share of `whole`, exact."""

    value: int
    whole: int

    def reaches(self, percent: int) -> bool:
        """Nothing spent reaches no threshold, not even of a limit of nothing."""
        return self.value > 0 and self.value * 100 >= self.whole * percent

    @property
    def ratio(self) -> float:
        """Infinite where there is spend and nothing to measure it against."""
        if self.whole > 0:
            return self.value / self.whole
        return math.inf if self.value > 0 else 0.0

    def well_below(self, percent: int) -> bool:
        """By a tenth of the threshold."""
        return self.value * 1_000 < self.whole * percent * 9


def key_of(budget: Budget, window: Window, rule: ThresholdRule, member: str | None) -> ThresholdKey:
    """The key of a budget's rule in one of its periods."""
    start = 0 if budget.terms.period is Period.ROLLING else window.start
    return ThresholdKey(
        budget.tenant_id, budget.budget_id, budget.created, start, member, rule.basis, rule.percent, rule.window_hours
    )


def due(rule: ThresholdRule, measure: Measure, firing: Firing) -> Event | None:
    """What is to be told now of a threshold at which `firing` happened."""
    under_way = firing.occurrence > 0 and not firing.back_below
    if under_way:
        return Event.BACK_BELOW if _back_below(rule, measure) else None
    fires_again = rule.rearm is Rearm.WHEN_BACK_BELOW or firing.occurrence == 0
    return Event.FIRED if fires_again and measure.reaches(rule.percent) else None


def _back_below(rule: ThresholdRule, measure: Measure) -> bool:
    """Spend is below as soon as it is; an estimate, and what may fire again, only by a margin, or it would flutter."""
    if rule.basis is Basis.ACTUAL and rule.rearm is Rearm.ONCE_PER_PERIOD:
        return not measure.reaches(rule.percent)
    return measure.well_below(rule.percent)


def burn_measure(spend: Picos, hours: int, limit: Picos, window: Window) -> Measure:
    """Spend of the last `hours` against what would use up the limit exactly at the period's end, evenly."""
    return Measure(spend * (window.end - window.start), limit * hours * HOUR)
