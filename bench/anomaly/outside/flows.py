"""Flows of requests, and their events as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from services.common.clock import HOUR, MINUTE

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Labels = dict[str, str]


@dataclass(frozen=True)
class Model:
    """Dollars for a million tokens."""

    provider: str
    name: str
    input: float
    cached: float
    output: float


MINI = Model("openai", "gpt-5-mini", 0.25, 0.025, 2.0)
GPT = Model("openai", "gpt-5", 1.25, 0.125, 10.0)
HAIKU = Model("anthropic", "claude-haiku-4-5", 1.0, 0.1, 5.0)
SONNET = Model("anthropic", "claude-sonnet-4-5", 3.0, 0.3, 15.0)
FLASH = Model("google", "gemini-2.5-flash", 0.3, 0.03, 2.5)
GEMINI = Model("google", "gemini-2.5-pro", 1.25, 0.125, 10.0)
OPUS = Model("anthropic", "claude-opus-4-1", 15.0, 1.5, 75.0)
"""In use nowhere until something goes wrong."""
MOST_INPUT, MOST_OUTPUT = 1_000_000, 64_000
"""Tokens of a request: no model takes or gives more."""
MODELS = (MINI, GPT, HAIKU, SONNET, FLASH, GEMINI)


@dataclass(frozen=True)
class Flow:
    """One person or program that uses one model."""

    labels: Labels
    rate: Floats
    """Requests expected in each hour."""
    model: Model
    prompt: float
    """Input tokens of a request, on average; those read from a cache among them."""
    answer: float
    cached: float
    """Share of the input read from a cache."""
    spread: float = 0.7
    """Sigma of the logarithm of a request's tokens."""
    records: int = 4
    """Most of an hour: requests beyond it are rolled up."""
    person: bool = False
    even: bool = False
    """As a machine works: as many requests as expected, give or take one in two hundred, told of at even intervals."""

    @property
    def request_usd(self) -> float:
        fresh = self.prompt * (1 - self.cached) * self.model.input
        return (fresh + self.prompt * self.cached * self.model.cached + self.answer * self.model.output) / 1e6

    @property
    def hourly_usd(self) -> float:
        return float(self.rate.mean()) * self.request_usd

    def costing(self, hourly_usd: float) -> Flow:
        """As many requests as cost so much in a mean hour."""
        return replace(self, rate=self.rate * (hourly_usd / self.hourly_usd))

    def called(self, **labels: str) -> Flow:
        """The same under other names."""
        return replace(self, labels=self.labels | labels)

    def on(self, model: Model) -> Flow:
        """The same with another model."""
        return replace(self.called(provider=model.provider, model=model.name), model=model)


@dataclass(frozen=True)
class Events:
    """Columns of one length."""

    time: Ints
    """Microseconds since the start."""
    flow: Ints
    """Number of the flow."""
    requests: Ints
    sent: Ints
    read: Ints
    answered: Ints
    dollars: Floats
    incident: Ints
    """Number of what went wrong with it; -1: nothing."""
    excess: Floats
    """Dollars because of that; negative where the event is missing because of it."""
    missing: npt.NDArray[np.bool_]
    """It would have come, and did not."""

    def __len__(self) -> int:
        return len(self.time)

    def pick(self, which: npt.NDArray[np.bool_] | Ints) -> Events:
        """Some of them."""
        return Events(*(getattr(self, column.name)[which] for column in fields(self)))

    @staticmethod
    def joined(parts: Sequence[Events]) -> Events:
        """All of them, in the order of time."""
        together = Events(*(np.concatenate([getattr(p, column.name) for p in parts]) for column in fields(Events)))
        return together.pick(np.argsort(together.time, kind="stable"))


def dollars(flows: Sequence[Flow], events: Events) -> Floats:
    """List price of each event."""
    prices = np.array([(f.model.input, f.model.cached, f.model.output) for f in flows])[events.flow]
    fresh = (events.sent - events.read) * prices[:, 0]
    return np.asarray((fresh + events.read * prices[:, 1] + events.answered * prices[:, 2]) / 1e6)


def draw(rng: np.random.Generator, flow: Flow, number: int, rate: Floats, records: int = 0) -> Events:
    """Events of a flow at this rate of requests (by hour): Poisson counts, lognormal tokens."""
    counts = np.round(rate * rng.normal(1, 0.005, len(rate))) if flow.even else rng.poisson(rate)
    counts = counts.astype(np.int64)
    busy = np.flatnonzero(counts)
    rows = np.minimum(counts[busy], records or flow.records)
    cell = np.repeat(np.arange(len(busy)), rows)
    nth = np.arange(len(cell)) - np.repeat(np.cumsum(rows) - rows, rows)
    total, of = counts[busy][cell], rows[cell]
    requests = total // of + (nth < total % of)
    if flow.even:
        within = ((nth + 0.5) / of * HOUR + rng.integers(-MINUTE, MINUTE, len(cell))).astype(np.int64)
    else:
        within = rng.integers(0, HOUR, len(cell))
    time = busy[cell] * HOUR + within
    sigma = np.sqrt(np.log1p(np.expm1(flow.spread**2) / requests))
    sent, answered = (
        np.minimum(mean * rng.lognormal(-(sigma**2) / 2, sigma), most) * requests
        for mean, most in ((flow.prompt, MOST_INPUT), (flow.answer, MOST_OUTPUT))
    )
    sent, answered = sent.astype(np.int64) + 1, answered.astype(np.int64) + 1
    share = np.clip(flow.cached * rng.normal(1, 0.005 if flow.even else 0.05, len(cell)), 0, 0.98)
    return priced([flow], number, time, requests, sent, (sent * share).astype(np.int64), answered)


def priced(
    flows: Sequence[Flow], number: int, time: Ints, requests: Ints, sent: Ints, read: Ints, answered: Ints
) -> Events:
    """Events of the flow, given alone, whose number it is among all."""
    size = len(time)
    nothing, none = np.zeros(size), np.full(size, -1, np.int64)
    flow = np.zeros(size, np.int64)
    found = Events(time, flow, requests, sent, read, answered, nothing, none, nothing, np.zeros(size, np.bool_))
    cost = dollars(flows, found)
    return Events(time, flow + number, requests, sent, read, answered, cost, none, nothing, found.missing)
