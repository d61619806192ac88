"""From a plan to events: how many requests, when, how long, at what cost; all drawn at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.anomaly.clockwork import DAY, WEEK, Ints, local_hours
from bench.anomaly.plan import Plan
from bench.anomaly.world import Floats, Use
from services.common.clock import HOUR, MINUTE

PICOS_A_TOKEN = 1e6
"""At a dollar for a million tokens."""


@dataclass(frozen=True)
class Drawn:
    """Events, in the order of time, as columns; and what of their cost is an incident's, by hour and use."""

    time: Ints
    """Microseconds since the start."""
    use: Ints
    requests: Ints
    sent: Ints
    """Input tokens, also those read from a cache."""
    read: Ints
    answered: Ints
    picos: Ints
    failed: npt.NDArray[np.bool_]
    excess: Floats
    """Dollars, (hours, uses): spent because of the incident there; negative: not spent."""

    def __len__(self) -> int:
        return len(self.time)


def draw(plan: Plan, rng: np.random.Generator, sprints: dict[int, tuple[int, int]]) -> Drawn:
    """
    Args:
        plan: what happens.
        rng: draws.
        sprints: by use, the minutes of its only activity, if it is not spread over whole hours.
    """
    usual = _rates(plan, rng)
    counts = rng.poisson(usual * plan.volume)
    hours, uses = np.nonzero(counts)
    count = counts[hours, uses]
    most = np.array([use.records for use in plan.uses])
    records = np.minimum(count, most[uses])
    cell = np.repeat(np.arange(len(hours)), records)
    nth = np.arange(len(cell)) - np.repeat(np.cumsum(records) - records, records)
    requests = count[cell] // records[cell] + (nth < count[cell] % records[cell])
    hour, use = hours[cell], uses[cell]
    time = hour * HOUR + rng.integers(0, HOUR, len(cell))
    for number, (begin, end) in sprints.items():
        mine = use == number
        # Within the hour that the counts were drawn for.
        low = np.maximum(begin * MINUTE, hour[mine] * HOUR)
        high = np.minimum(end * MINUTE, (hour[mine] + 1) * HOUR)
        time[mine] = low + (rng.random(mine.sum()) * (high - low)).astype(np.int64)
    table = _Table(plan, hour, use)
    spread = np.sqrt(np.log1p(np.expm1(table.of("spread") ** 2) / requests))

    def noisy(mean: Floats) -> Floats:
        return np.asarray(mean * requests * rng.lognormal(-(spread**2) / 2, spread))

    failed = rng.random(len(cell)) < np.maximum(table.of("failures"), plan.failing[hour, use])
    sent = noisy(table.of("prompt") * plan.prompt[hour, use]).astype(np.int64) + 1
    answered = noisy(table.of("answer") * plan.answer[hour, use]).astype(np.int64) + 1
    share = np.clip(table.of("cached") * plan.cached[hour, use] * rng.normal(1, 0.08, len(cell)), 0, 0.98)
    read = (sent * share).astype(np.int64)
    for tokens in (sent, answered, read):
        tokens[failed] = 0
    dollars = (sent - read) * table.price(2) + read * table.price(3) + answered * table.price(4)
    picos = (dollars * plan.price[hour, use] * PICOS_A_TOKEN).astype(np.int64)
    spent = np.zeros(plan.volume.shape)
    np.add.at(spent, (hour, use), picos / 1e12)
    order = np.argsort(time, kind="stable")
    return Drawn(
        time[order], use[order], requests[order], sent[order], read[order], answered[order], picos[order],
        failed[order], _excess(plan, usual, spent),
    )  # fmt: skip


class _Table:
    """Numbers of the uses, by event."""

    def __init__(self, plan: Plan, hour: Ints, use: Ints) -> None:
        self._uses, self._at = plan.uses, use

    def of(self, name: str) -> Floats:
        return np.array([getattr(use, name) for use in self._uses], np.float64)[self._at]

    def price(self, place: int) -> Floats:
        return np.array([float(use.model[place]) for use in self._uses])[self._at]


def _rates(plan: Plan, rng: np.random.Generator) -> Floats:
    """Requests usual in each hour of each use, with that day's and hour's noise."""
    hours, uses = plan.hours, plan.uses
    weeks = np.arange(hours)[:, None] / WEEK
    rhythm = np.stack([use.rhythm[local_hours(use.zone, hours)] for use in uses], axis=1)
    of_day = np.array([use.day_noise for use in uses])
    of_hour = np.array([use.hour_noise for use in uses])
    days = rng.lognormal(0, of_day, (hours // DAY + 1, len(uses)))
    noise = days[np.arange(hours) // DAY] * rng.lognormal(0, of_hour, (hours, len(uses)))
    busy = rng.random((hours, len(uses))) < np.array([use.burst_chance for use in uses])
    noise = np.where(busy, noise * np.array([use.burst for use in uses]), noise)
    growth = np.array([use.growth for use in uses]) ** weeks
    return np.asarray(np.array([use.requests for use in uses]) * rhythm * noise * growth)


def _excess(plan: Plan, usual: Floats, spent: Floats) -> Floats:
    """Spent beyond what the same hours would have cost without their incident, by expectation."""
    touched = plan.owner >= 0
    unit = np.ones(plan.volume.shape)
    for number in np.flatnonzero(touched.any(axis=0)):
        hours = touched[:, number]
        unit[hours, number] = _unit_ratio(plan, plan.uses[number], int(number), hours)
    times = plan.volume * unit
    # A use that an incident brought has no usual spend: all of it is excess.
    fresh = np.array([use.fresh for use in plan.uses])
    kept = np.divide(spent, times, out=np.zeros_like(spent), where=times > 0)
    missing = usual * np.array([use.request_usd for use in plan.uses])
    before = np.where(fresh, 0.0, np.where(times > 0, kept, missing))
    return np.where(touched, spent - before, 0.0)


def _unit_ratio(plan: Plan, use: Use, number: int, hours: npt.NDArray[np.bool_]) -> Floats:
    _, _, price, cached_price, answer_price = use.model
    share = np.clip(use.cached * plan.cached[hours, number], 0, 0.98)
    sent = use.prompt * plan.prompt[hours, number] * ((1 - share) * price + share * cached_price)
    cost = (sent + use.answer * plan.answer[hours, number] * answer_price) / 1e6
    answered = (1 - np.maximum(use.failures, plan.failing[hours, number])) / (1 - use.failures)
    return np.asarray(cost * plan.price[hours, number] / use.request_usd * answered)
