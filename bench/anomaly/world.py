"""A made-up organisation: who uses what, when, how much of it, and how much that wanders.

A use is one person or service with one model. Requests are Poisson around a rhythm of the local week that itself
wanders from day to day and from hour to hour; tokens of a request are lognormal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.anomaly.clockwork import DAY, WEEK

Floats = npt.NDArray[np.float64]
Labels = dict[str, str]

MODELS: tuple[tuple[str, str, float, float, float], ...] = (
    ("openai", "gpt-5-mini", 0.25, 0.025, 2.0), ("openai", "gpt-5", 1.25, 0.125, 10.0),
    ("anthropic", "claude-haiku-4-5", 1.0, 0.1, 5.0), ("anthropic", "claude-sonnet-4-5", 3.0, 0.3, 15.0),
    ("google", "gemini-2.5-flash", 0.3, 0.03, 2.5), ("google", "gemini-2.5-pro", 1.25, 0.125, 10.0),
)  # fmt: skip
"""Provider, model, and dollars for a million tokens of input, of input read from a cache, of output."""
DEAREST = ("anthropic", "claude-opus-4-1", 15.0, 1.5, 75.0)
"""Used by nobody yet."""
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Los_Angeles")
TEAMS = (
    "search", "support", "data", "payments", "mobile", "web", "platform", "research", "legal", "marketing", "sales",
    "finance", "security", "people",
)  # fmt: skip
_OFFICE = np.array([0, 0, 0, 0, 0, 0.1, 0.4, 2, 6, 9, 10, 9, 6, 8, 10, 9, 7, 4, 2, 1, 0.7, 0.4, 0.2, 0.1]) / 10
_ALWAYS = (
    np.array([3, 2.2, 1.8, 1.6, 1.6, 2, 3, 4, 5, 6, 6.5, 6.5, 6.5, 6.5, 7, 7, 7.5, 8, 8.5, 8.5, 8, 7, 5.5, 4]) / 8.5
)
_NIGHT = np.array([8, 10, 10, 9, 6, 3, 0.3, *[0.0] * 15, 1, 5]) / 10


@dataclass(frozen=True)
class Use:
    """One person or service with one model."""

    labels: Labels
    requests: float
    """Mean of a busy hour."""
    rhythm: Floats
    """Share of that by hour of the local week."""
    zone: str
    model: tuple[str, str, float, float, float]
    prompt: float
    """Input tokens of a request."""
    answer: float
    cached: float
    """Share of the input read from a cache."""
    person: bool
    records: int
    """Most records an hour: beyond it a source rolls requests up."""
    spread: float = 0.6
    """Sigma of the logarithm of a request's tokens."""
    day_noise: float = 0.12
    """Sigma of the logarithm of a day's requests, and below of an hour's."""
    hour_noise: float = 0.15
    growth: float = 1.01
    """A week."""
    failures: float = 0.01
    """Share of requests that fail and cost nothing."""
    burst_chance: float = 0.0
    """Of an hour to be `burst` times as busy."""
    burst: float = 1.0
    fresh: bool = False
    """Brought by an incident: it is no part of the usual."""

    @property
    def request_usd(self) -> float:
        """What a request costs, on average."""
        _, _, price, cached_price, answer_price = self.model
        sent = self.prompt * ((1 - self.cached) * price + self.cached * cached_price)
        return (sent + self.answer * answer_price) / 1e6

    def named(self, **labels: str) -> Use:
        """The same under other names."""
        return replace(self, labels=self.labels | labels)

    def on(self, model: tuple[str, str, float, float, float]) -> Use:
        """The same with another model."""
        return replace(self.named(provider=model[0], model=model[1]), model=model)


def weekly(day: Floats, weekend: float) -> Floats:
    """A rhythm of days."""
    return np.concatenate([day * (1.0 if n < 5 else weekend) for n in range(WEEK // DAY)])


def office(rng: np.random.Generator) -> list[Use]:
    """84 people and a dozen services in 14 teams of four time zones; some of the services run by night, some weekly."""
    uses: list[Use] = []
    for number in range(84):
        team = TEAMS[number % len(TEAMS)]
        uses.append(_person(rng, team, number))
    for place, team in enumerate(TEAMS):
        uses.append(_service(rng, team, place))
    return [*uses, _batch(rng, "data", 2), _batch(rng, "finance", 5)]


def _person(rng: np.random.Generator, team: str, number: int) -> Use:
    model = MODELS[rng.integers(len(MODELS))]
    tool = ("claude-code", "cursor", "chat")[rng.integers(3)]
    labels = {
        "team": team, "user": f"user-{number}@example.com", "project": f"{team}-{number % 2}", "key": f"{team}-dev",
        "tool": tool, "source": tool, "provider": model[0], "model": model[1], "environment": "dev",
    }  # fmt: skip
    return Use(
        labels, float(rng.lognormal(2.0, 0.7)), weekly(_OFFICE, float(rng.uniform(0.02, 0.15))),
        ZONES[TEAMS.index(team) % len(ZONES)], model, float(rng.lognormal(9.6, 0.5)), float(rng.lognormal(6.4, 0.4)),
        float(rng.uniform(0.4, 0.85)), True, 3, spread=0.9, day_noise=0.3, hour_noise=0.3,
        growth=float(rng.uniform(0.995, 1.03)),
    )  # fmt: skip


def _service(rng: np.random.Generator, team: str, place: int) -> Use:
    model = MODELS[rng.integers(len(MODELS))]
    labels = {
        "team": team, "user": "", "project": f"{team}-service", "key": f"{team}-prod", "tool": "api",
        "source": f"{team}-api", "provider": model[0], "model": model[1], "environment": "prod",
    }  # fmt: skip
    day, weekend = (_NIGHT, 0.9) if place % 5 == 4 else (_ALWAYS, float(rng.uniform(0.5, 1.0)))
    use = Use(
        labels, 1.0, weekly(day, weekend), "UTC" if place % 5 == 4 else ZONES[place % len(ZONES)], model,
        float(rng.lognormal(8.3, 0.4)), float(rng.lognormal(6.0, 0.4)), float(rng.uniform(0.6, 0.85)), False, 20,
        growth=float(rng.uniform(0.99, 1.03)),
    )  # fmt: skip
    return replace(use, requests=float(rng.uniform(3, 12)) / use.request_usd)


def _batch(rng: np.random.Generator, team: str, weekday: int) -> Use:
    """Three hours, once a week."""
    week = np.zeros(WEEK)
    week[weekday * DAY + 2 : weekday * DAY + 5] = 1.0
    use = _service(rng, team, 0).named(project=f"{team}-weekly", key=f"{team}-batch", source=f"{team}-batch")
    return replace(use, rhythm=week, zone="UTC", requests=float(rng.uniform(20, 60)) / use.request_usd, growth=1.0)


def wild(rng: np.random.Generator) -> list[Use]:
    """Little in common with `office`: heavy tails, people with a handful of requests a day, tools that come in bursts,
    spend from cents to thousands of dollars an hour."""
    uses: list[Use] = []
    for number in range(110):
        team = f"group-{int(rng.zipf(1.6)) % 9}"
        model = MODELS[rng.integers(len(MODELS))]
        labels = {
            "team": team, "user": f"u{number}", "project": f"p{number % 17}", "key": f"k{number % 23}", "tool": "ide",
            "source": ("ide", "proxy", "otel")[number % 3], "provider": model[0], "model": model[1],
            "environment": "",
        }  # fmt: skip
        use = Use(
            labels, 1.0, weekly(_flat(rng), float(rng.uniform(0, 1))), ZONES[rng.integers(len(ZONES))], model,
            float(rng.lognormal(9, 1)), float(rng.lognormal(6, 1)), float(rng.uniform(0, 0.95)), True, 2, spread=1.4,
            day_noise=0.5, hour_noise=0.5, growth=float(rng.uniform(0.97, 1.05)), burst_chance=0.01,
            burst=float(rng.uniform(2, 6)), failures=float(rng.beta(1, 40)),
        )  # fmt: skip
        sparse = number % 2
        uses.append(replace(use, requests=float(rng.uniform(0.3, 2.0) if sparse else rng.lognormal(2.5, 1.0))))
    for number in range(10):
        model = MODELS[rng.integers(len(MODELS))]
        labels = {
            "team": f"group-{number % 9}", "user": "", "project": f"svc{number}", "key": f"svc{number}", "tool": "api",
            "source": f"svc{number}", "provider": model[0], "model": model[1], "environment": "prod",
        }  # fmt: skip
        use = Use(
            labels, 1.0, weekly(_flat(rng), float(rng.uniform(0.3, 1))), "UTC", model, float(rng.lognormal(7, 0.8)),
            float(rng.lognormal(5, 0.8)), float(rng.uniform(0.5, 0.95)), False, 16, spread=1.0, day_noise=0.2,
            hour_noise=0.3, burst_chance=0.004, burst=3.0,
        )  # fmt: skip
        uses.append(replace(use, requests=float(10 ** rng.uniform(0, 2.7)) / use.request_usd))
    return uses


def _flat(rng: np.random.Generator) -> Floats:
    """Some rhythm of a day, anything from none to sharp."""
    hours = np.arange(DAY)
    wave = np.exp(float(rng.uniform(0, 2.5)) * np.cos((hours - rng.uniform(10, 16)) * 2 * np.pi / DAY))
    return np.asarray(wave / wave.max())


WORLDS: dict[str, Callable[[np.random.Generator], list[Use]]] = {"office": office, "wild": wild}
