"""A believable organisation: 12 teams, 100 people, day and night, weekends, growth, noise; and what may happen to it.

Requests are Poisson around a rhythm that itself wanders from day to day; the cost of a request is lognormal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.anomaly.domain.series import NOTHING, Cell, Hour, Totals
from services.common.money import PICOS_PER_DOLLAR

TENANT = "acme"
TEAMS = (
    "search", "support", "data", "payments", "mobile", "web", "platform", "research", "legal", "marketing", "sales",
    "finance",
)  # fmt: skip
MODELS = (
    ("openai", "gpt-5-mini", 0.003), ("openai", "gpt-4o", 0.012), ("anthropic", "claude-haiku-4-5", 0.006),
    ("anthropic", "claude-sonnet-4-5", 0.04), ("google", "gemini-2.5-flash", 0.002), ("mistral", "mistral-large", 0.02),
)  # fmt: skip
TOOLS = ("api", "claude-code", "chat", "gateway")
DIMENSIONS = ("team", "project", "key", "tool", "provider", "model", "source")
FIRST: Hour = 487_800
"""Midnight of 25 August 2025, a Monday."""

_OFFICE = np.array([0, 0, 0, 0, 0, 0.1, 0.5, 2, 6, 9, 10, 9, 6, 8, 10, 9, 7, 4, 2, 1, 0.7, 0.5, 0.2, 0.1]) / 4.0
_ALWAYS = (
    np.array([3, 2.2, 1.8, 1.6, 1.6, 2, 3, 4, 5, 6, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 7, 7.5, 8, 8.5, 8, 7, 5.5, 4]) / 4.9
)
_NIGHT = np.array([10, 10, 9, 8, 6, 3, 0.5, *[0.0] * 15, 1, 6]) / 2.2


@dataclass(frozen=True)
class Use:
    """How one person, or one service, uses AI."""

    team: str
    values: tuple[str, ...]
    requests: float
    """Mean an hour, over a working day."""
    unit_cost: float
    """Dollars, median."""
    spread: float
    """Sigma of the logarithm of a request's cost."""
    rhythm: np.ndarray
    weekend: float


@dataclass(frozen=True)
class Event:
    """Hours in which a team behaves otherwise."""

    team: str
    start: Hour
    hours: int
    volume: float = 1.0
    price: float = 1.0


@dataclass
class Organisation:
    """All of it a function of the seed."""

    seed: int
    growth_a_week: float = 1.01
    events: Sequence[Event] = ()
    uses: list[Use] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 1])
        self.uses = [_person(rng, TEAMS[i % len(TEAMS)], i) for i in range(88)]
        self.uses += [_service(rng, TEAMS[i], i) for i in range(len(TEAMS))]

    def hours(self, days: int) -> Iterator[tuple[Hour, Mapping[Cell, Totals]]]:
        """Each hour's cells, from `FIRST` on."""
        rng = np.random.default_rng([self.seed, 2])
        requests = np.array([use.requests for use in self.uses])
        units = np.array([use.unit_cost for use in self.uses])
        spreads = np.array([use.spread for use in self.uses])
        rhythms = np.stack([use.rhythm for use in self.uses])
        weekends = np.array([use.weekend for use in self.uses])
        day_noise = np.ones(len(self.uses))
        for i in range(24 * days):
            hour = FIRST + i
            if i % 24 == 0:
                company = rng.lognormal(0, 0.06)
                day_noise = company * rng.lognormal(0, 0.15, len(self.uses))
            weekday = (i // 24) % 7
            rate = requests * rhythms[:, i % 24] * day_noise * self.growth_a_week ** (i / 168)
            rate = rate * (weekends if weekday >= 5 else 1.0) * rng.lognormal(0, 0.15, len(self.uses))
            volume, price = self._happening(hour)
            counts = rng.poisson(rate * volume)
            # The mean of n lognormal costs is about lognormal itself (Fenton-Wilkinson).
            sigma2 = np.log1p(np.expm1(spreads**2) / np.maximum(counts, 1))
            means = units * np.exp(spreads**2 / 2) * rng.lognormal(-sigma2 / 2, np.sqrt(sigma2))
            costs = counts * means * price * PICOS_PER_DOLLAR
            yield hour, self._cells(hour, counts, costs)

    def _happening(self, hour: Hour) -> tuple[np.ndarray, np.ndarray]:
        volume, price = np.ones(len(self.uses)), np.ones(len(self.uses))
        for event in self.events:
            if event.start <= hour < event.start + event.hours:
                touched = np.array([use.team == event.team for use in self.uses])
                volume[touched] *= event.volume
                price[touched] *= event.price
        return volume, price

    def _cells(self, hour: Hour, counts: np.ndarray, costs: np.ndarray) -> Mapping[Cell, Totals]:
        cells: dict[Cell, Totals] = {}
        for use, count, cost in zip(self.uses, counts, costs, strict=True):
            if count:
                cell = Cell(TENANT, hour, use.values)
                cells[cell] = cells.get(cell, NOTHING).plus(Totals(int(cost), int(count), int(count)))
        return cells


def _person(rng: np.random.Generator, team: str, number: int) -> Use:
    provider, model, price = MODELS[rng.integers(len(MODELS))]
    tool = TOOLS[1 + rng.integers(3)]
    values = (TENANT, team, f"{team}-{number % 3}", f"{team}-{tool}", tool, provider, model, tool)
    return Use(team, values, float(rng.lognormal(1.5, 0.6)), price, 1.0, _OFFICE, 0.06)


def _service(rng: np.random.Generator, team: str, number: int) -> Use:
    provider, model, price = MODELS[rng.integers(len(MODELS))]
    values = (TENANT, team, f"{team}-service", f"{team}-prod", "api", provider, model, "api")
    rhythm, weekend = ((_ALWAYS, 0.75), (_NIGHT, 0.9))[number % 4 == 3]
    return Use(team, values, float(rng.lognormal(5.0, 0.5)), price, 0.7, rhythm, weekend)
