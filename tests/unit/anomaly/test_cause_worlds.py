"""Causes in made-up organisations: people who come and go, noisy lengths, several models; one thing is changed, and it
is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from services.anomaly.domain.cause.compared import Compared, Slice
from services.anomaly.domain.cause.explain import Difference, explain
from services.anomaly.domain.cause.factors import Factor
from services.anomaly.domain.series import NOTHING, Totals

DIMENSIONS = ("provider", "model", "user", "key")
PRICES = {"mini": (0.25, 0.025, 2.0), "4o": (2.5, 1.25, 10.0), "gem": (1.25, 0.31, 10.0), "opus": (15.0, 1.5, 75.0)}
"""Dollars for a million tokens: input, read from the cache, output."""
WEEKS, HOURS, PEOPLE, WORLDS = 4, 5, 15, 12


@dataclass(frozen=True)
class Habit:
    """One person and one model."""

    user: str
    model: str
    requests: float
    sent: float
    got: float
    cached: float
    dearer: float = 1.0

    @property
    def dollars(self) -> float:
        fresh, read, answer = PRICES[self.model]
        return self.requests * (self.sent * ((1 - self.cached) * fresh + self.cached * read) + self.got * answer) / 1e6


Habits = list[Habit]


def _organisation(rng: np.random.Generator) -> Habits:
    return [
        Habit(
            f"u{number}", str(model), float(rng.choice([0.3, 2, 10]) * rng.lognormal(0, 0.5)),
            float(rng.lognormal(7.5, 0.6)), float(rng.lognormal(5.5, 0.6)), 0.7,
        )
        for number in range(PEOPLE)
        for model in rng.choice(list(PRICES), size=rng.integers(1, 4), replace=False)
    ]  # fmt: skip


def _hours(rng: np.random.Generator, habits: Habits, hours: float) -> list[Slice]:
    sums: dict[tuple[str, ...], Totals] = {}
    for habit in habits:
        requests = int(rng.poisson(habit.requests * hours * rng.lognormal(0, 0.25)))
        if not requests:
            continue
        sent = int(requests * habit.sent * rng.lognormal(0, 0.5 / requests**0.5))
        got = int(requests * habit.got * rng.lognormal(0, 0.7 / requests**0.5))
        read = int(sent * habit.cached)
        fresh, cached, answer = PRICES[habit.model]
        cost = round(habit.dearer * ((sent - read) * fresh + read * cached + got * answer) * 1e6)
        cell = ("p", habit.model, habit.user, f"{habit.user}-key")
        sums[cell] = sums.get(cell, NOTHING).plus(Totals(cost, requests, requests, sent, read, got))
    return [Slice(cell, totals) for cell, totals in sums.items()]


def _one_user(habits: Habits, rng: np.random.Generator) -> Habits:
    place = int(rng.integers(len(habits)))
    total = sum(habit.dollars for habit in habits)
    more = max(5.0, 2 * total / habits[place].dollars)
    return [replace(h, requests=more * h.requests) if number == place else h for number, h in enumerate(habits)]


def _newcomer(habits: Habits, rng: np.random.Generator) -> Habits:
    total, new = sum(habit.dollars for habit in habits), replace(habits[0], user="eve")
    return [*habits, replace(new, requests=1.5 * new.requests * total / new.dollars)]


def _price(habits: Habits, rng: np.random.Generator) -> Habits:
    dearest = max(PRICES, key=lambda model: sum(habit.dollars for habit in habits if habit.model == model))
    return [replace(habit, dearer=3.0) if habit.model == dearest else habit for habit in habits]


def _all(**changes: float | str) -> Callable[[Habits, np.random.Generator], Habits]:
    return lambda habits, rng: [replace(habit, **changes) for habit in habits]  # type: ignore[arg-type]


def _times(name: str, factor: float) -> Callable[[Habits, np.random.Generator], Habits]:
    return lambda habits, rng: [replace(habit, **{name: factor * getattr(habit, name)}) for habit in habits]


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        (_one_user, Factor.REQUESTS), (_times("requests", 2.5), Factor.REQUESTS), (_newcomer, Factor.APPEARED),
        (_price, Factor.PRICE), (_times("sent", 6), Factor.TOKENS), (_times("got", 5), Factor.TOKENS),
        (_all(cached=0.0), Factor.PRICE), (_all(model="opus"), Factor.MIX),
    ],
    ids=["one user", "everybody", "newcomer", "price", "prompts", "answers", "cache", "upgrade"],
)  # fmt: skip
def test_what_was_changed_is_named(change: Callable[[Habits, np.random.Generator], Habits], factor: Factor) -> None:
    named: list[bool] = []
    for world in range(WORLDS):
        rng = np.random.default_rng([world, 17])
        habits = _organisation(rng)
        usual = [one for _ in range(WEEKS) for one in _hours(rng, habits, HOURS)]
        actual = _hours(rng, change(habits, rng), HOURS)
        if _cost(actual) * WEEKS < 1.5 * _cost(usual):
            # Nobody would be told of it.
            continue
        difference = Difference.of(Compared(DIMENSIONS, WEEKS, actual, usual))
        places = [DIMENSIONS.index(name) for name in difference.cell_dimensions]
        month = [Slice(tuple(one.values[p] for p in places), one.totals) for one in _hours(rng, habits, 28 * 8)]
        cause = explain(difference, difference.seen(month))
        named.append(Factor(cause.parts[0].factor) is factor)
    assert len(named) >= WORLDS // 4
    assert sum(named) >= 0.9 * len(named)


def _cost(slices: Sequence[Slice]) -> int:
    return sum(one.totals.cost for one in slices)
