"""From rhythm to requests: what each workload did in an hour.

A pure function of the seed, the anchor (the hour at which the history ends and live traffic begins) and the hour:
whoever asks again gets the same uses with the same ids. Hours before the anchor hold roll-ups, one event for many
requests; from the anchor on each request is an event of its own. Tokens an hour do not depend on that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from services.demo.incidents import as_it_was, incidents
from services.demo.organisation import Person, organisation
from services.demo.workloads import WORKLOADS, Rhythm, Workload

HOUR = timedelta(hours=1)
MONTHLY_GROWTH = 1.08
"""Times the usage of thirty days before."""

_DAILY_NOISE = 0.06
_ROLLUP_NOISE = 0.25

_WEIGHTS: Mapping[Rhythm, tuple[float, ...]] = {
    Rhythm.OFFICE: (0, 0, 0, 0, 0, 0.1, 0.5, 2, 6, 9, 10, 9, 6, 8, 10, 9, 7, 4, 2, 1, 0.7, 0.5, 0.2, 0.1),
    Rhythm.CUSTOMERS: (
        3,
        2.2,
        1.8,
        1.6,
        1.6,
        2,
        3,
        4,
        5,
        6,
        6.5,
        6.5,
        6.5,
        6.5,
        6.5,
        6.5,
        7,
        7.5,
        8,
        8.5,
        8,
        7,
        5.5,
        4,
    ),
    Rhythm.NIGHT: (10, 10, 9, 8, 6, 3, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 6),
}
_WEEKEND: Mapping[Rhythm, float] = {Rhythm.OFFICE: 0.06, Rhythm.CUSTOMERS: 0.75, Rhythm.NIGHT: 0.9}


@dataclass(frozen=True, slots=True)
class Use:
    """One event: some requests of one workload, their tokens in disjoint buckets."""

    id: str
    time: datetime
    workload: Workload
    user: str
    requests: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int


def expected_requests(workload: Workload, hour: datetime, anchor: datetime) -> float:
    """Requests in the hour that starts then, before noise."""
    weights = _WEIGHTS[workload.rhythm]
    share = weights[hour.hour] / sum(weights)
    weekend = _WEEKEND[workload.rhythm] if hour.weekday() >= 5 else 1.0
    months = (hour - anchor) / timedelta(days=30)
    return float(workload.daily_requests * share * weekend * MONTHLY_GROWTH**months)


class Traffic:
    """What an organisation does, hour by hour."""

    def __init__(self, seed: int, anchor: datetime) -> None:
        self._seed = seed
        self._anchor = anchor
        self._incidents = incidents(anchor)
        staff = organisation(seed)
        self._users: Mapping[str, tuple[Person, ...]] = {
            workload.name: _users(workload, staff.members(workload.team)) for workload in WORKLOADS
        }

    def uses(self, hour: datetime) -> list[Use]:
        """Everything that happened in the hour that starts then, by time."""
        found = [use for workload in WORKLOADS for use in self._of(as_it_was(workload, hour, self._incidents), hour)]
        found.sort(key=lambda use: (use.time, use.id))
        return found

    def _of(self, workload: Workload, hour: datetime) -> list[Use]:
        rollup = workload.rollup if hour < self._anchor else 1
        day = Random(f"{self._seed}/{workload.name}/{hour.date()}")
        rate = expected_requests(workload, hour, self._anchor) * _factor(day, _DAILY_NOISE)
        rng = Random(f"{self._seed}/{workload.name}/{hour.isoformat()}")
        return [
            self._use(workload, hour, index, rollup, rng) for index in range(poisson(rng, rate / rollup))
        ]  # fmt: skip

    def _use(self, workload: Workload, hour: datetime, index: int, rollup: int, rng: Random) -> Use:
        requests = 1 if rollup == 1 else max(1, round(rollup * _factor(rng, _ROLLUP_NOISE)))
        shape = workload.shape
        # The sum of many requests varies less than one of them.
        prompt = shape.prompt * requests * _factor(rng, shape.spread / math.sqrt(requests))
        output = shape.output * requests * _factor(rng, shape.spread / math.sqrt(requests))
        cached, written = round(prompt * shape.cached), round(prompt * shape.written)
        reasoning = round(output * shape.reasoning)
        users = self._users[workload.name]
        # The anchor is part of the id: another history is another organisation's, not a revision of this one.
        return Use(
            id=f"{self._anchor:%Y%m%d%H}-{self._seed}-{workload.project}-{hour:%Y%m%d%H}-{index}",
            time=hour + timedelta(milliseconds=rng.randrange(3_600_000)),
            workload=workload,
            user=rng.choices(users, [person.zeal for person in users])[0].email if users else "",
            requests=requests,
            input_tokens=max(1, round(prompt) - cached - written),
            cache_read_tokens=cached,
            cache_write_tokens=written,
            output_tokens=max(0, round(output) - reasoning),
            reasoning_tokens=reasoning,
        )


def poisson(rng: Random, mean: float) -> int:
    """A Poisson variate: Knuth's product for small means, the normal approximation above forty."""
    if mean > 40:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def _users(workload: Workload, members: tuple[Person, ...]) -> tuple[Person, ...]:
    if not workload.by_people:
        return ()
    return members[: workload.users] if workload.users else members


def _factor(rng: Random, sigma: float) -> float:
    """A log-normal factor whose mean is 1."""
    return rng.lognormvariate(-sigma * sigma / 2, sigma)
