"""The kinds of things that go wrong with spend (the table in docs/anomalies.md), put into a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from bench.anomaly.clockwork import DAY, WEEK, local_hours
from bench.anomaly.plan import Plan
from bench.anomaly.world import DEAREST, MODELS, Use

_A = Anomaly
COST_CHANNELS = frozenset({_A.CHANNEL_COST, _A.CHANNEL_RUNAWAY})
"""A runaway is an excess of cost that shows within minutes."""
UNIT_CHANNELS = frozenset({_A.CHANNEL_UNIT_COST})
_APPEARED = COST_CHANNELS | UNIT_CHANNELS
"""Requests that were not there before and are dearer than the others: more of them, and dearer ones, are both right."""
QUIET_WEEKS = 3.5
"""Before the first incident."""


@dataclass
class Incident:
    """What went wrong, where and when; minutes count from the start."""

    number: int
    kind: str
    begin: int
    end: int
    channels: frozenset[int]
    """Any of which names it rightly."""
    uses: list[int] = field(default_factory=list)
    sprint: tuple[int, int] | None = None


@dataclass
class Story:
    """A plan and what was put into it."""

    plan: Plan
    rng: np.random.Generator
    incidents: list[Incident] = field(default_factory=list)
    taken: list[tuple[int, int, frozenset[str]]] = field(default_factory=list)

    @property
    def sprints(self) -> dict[int, tuple[int, int]]:
        """Minutes of activity by use, where they are not whole hours."""
        return {use: i.sprint for i in self.incidents if i.sprint for use in i.uses}

    def teams(self, *uses: int) -> frozenset[str]:
        return frozenset(self.plan.uses[use].labels["team"] for use in uses)

    def is_free(self, begin: int, end: int, teams: frozenset[str], apart: int = 48) -> bool:
        """True if nothing else happens to these teams in those hours, or near them."""
        return not any(
            teams & other and begin < late + apart and early < end + apart for early, late, other in self.taken
        )

    def enter(self, kind: str, begin: int, hours: int, uses: Sequence[int], channels: frozenset[int]) -> Incident:
        """Books an incident of whole hours on these uses."""
        incident = Incident(len(self.incidents), kind, begin * 60, (begin + hours) * 60, channels, list(uses))
        self.incidents.append(incident)
        self.taken.append((begin, begin + hours, self.teams(*uses)))
        for use in uses:
            self.plan.owner[begin : begin + hours, use] = incident.number
        return incident


def _hourly_usd(use: Use) -> float:
    return use.requests * use.request_usd


def _services(story: Story, least_usd: float = 1.0, least_requests: float = 40) -> list[int]:
    """Uses that run by themselves and spend something."""
    found = [
        n for n, use in enumerate(story.plan.uses)
        if not use.person and _hourly_usd(use) >= least_usd and use.requests >= least_requests and not use.fresh
        and use.rhythm.mean() > 0.2
    ]  # fmt: skip
    return found or [max(range(len(story.plan.uses)), key=lambda n: _hourly_usd(story.plan.uses[n]))]


def _place(story: Story, uses: Sequence[Sequence[int]], hours: int) -> tuple[list[int], int] | None:
    """Some of the uses, and an hour in which they are busy and nothing else happens to their teams."""
    rng, plan = story.rng, story.plan
    first, last = int(QUIET_WEEKS * WEEK), plan.hours - hours - DAY
    if first >= last:
        return None
    for _ in range(400):
        chosen = list(uses[int(rng.integers(len(uses)))])
        begin = int(rng.integers(first, last))
        busy = sum(plan.uses[u].rhythm[local_hours(plan.uses[u].zone, plan.hours)[begin]] for u in chosen) / len(chosen)
        if busy > 0.5 and story.is_free(begin, begin + hours, story.teams(*chosen)):
            return chosen, begin
    return None


def batch_spike(story: Story) -> None:
    """A service sends many times its requests."""
    hours = int(story.rng.integers(3, 7))
    if at := _place(story, [[n] for n in _services(story)], hours):
        uses, begin = at
        story.plan.volume[begin : begin + hours, uses] *= story.rng.uniform(5, 10)
        story.enter("batch spike", begin, hours, uses, COST_CHANNELS)


def price_jump(story: Story) -> None:
    """A team's service moves to a model of three times the price, or its price rises."""
    hours = int(story.rng.integers(24, 60))
    if at := _place(story, [[n] for n in _services(story)], hours):
        uses, begin = at
        if story.rng.random() < 0.5:
            story.plan.price[begin : begin + hours, uses] *= 3
        else:
            uses = _moved(story, uses[0], begin, hours)
        story.enter("price x3, model upgrade", begin, hours, uses, UNIT_CHANNELS)


def _moved(story: Story, use: int, begin: int, hours: int) -> list[int]:
    before = story.plan.uses[use]
    dearer = before.on((before.model[0], f"{before.model[1]}-pro", *before.model[2:]))
    fresh = story.plan.add(replace(dearer, fresh=True))
    story.plan.volume[begin : begin + hours, fresh] = 1.0
    story.plan.price[begin : begin + hours, fresh] = 3.0
    story.plan.volume[begin : begin + hours, use] = 0.0
    return [use, fresh]


def runaway_loop(story: Story) -> None:
    """An agent of one person repeats itself, with an ever longer context."""
    people = [n for n, use in enumerate(story.plan.uses) if use.person and not use.fresh]
    if at := _place(story, [[n] for n in people], 3):
        (person,), begin = at
        minutes = int(story.rng.integers(60, 170))
        start = begin * 60 + int(story.rng.integers(0, 50))
        fresh = _agent(story.plan.uses[person])
        a_minute = story.rng.uniform(1.0, 4.0)
        number = story.plan.add(replace(fresh, requests=60 * a_minute / fresh.request_usd))
        for hour in range(start // 60, (start + minutes - 1) // 60 + 1):
            inside = min(start + minutes, hour * 60 + 60) - max(start, hour * 60)
            story.plan.volume[hour, number] = inside / 60
            story.plan.prompt[hour, number] = 1 + 2 * (hour - start // 60) / 3
        named = _APPEARED | {_A.CHANNEL_INPUT_TOKENS_PER_REQUEST}
        incident = story.enter("runaway loop", begin, 4, [number], named)
        incident.begin, incident.end, incident.sprint = start, start + minutes, (start, start + minutes)


def _agent(person: Use) -> Use:
    """An agent with a long context, of this person."""
    return replace(
        person.on(MODELS[3]), rhythm=np.ones(WEEK), prompt=60_000.0, answer=600.0, cached=0.3, records=6_000,
        growth=1.0, day_noise=0.01, hour_noise=0.01, burst_chance=0.0, spread=0.2, fresh=True,
    )  # fmt: skip


def leaked_key(story: Story) -> None:
    """Somebody else uses a team's key: at night, for a model the team never used, as nobody known."""
    hours = int(story.rng.integers(4, 12))
    services = [n for n in _services(story) if story.plan.uses[n].labels["key"]]
    if at := _place(story, [[n] for n in services], hours):
        (victim,), begin = at
        begin = begin // DAY * DAY + int(story.rng.integers(0, 4))
        if not story.is_free(begin, begin + hours, story.teams(victim)):
            return
        user = f"svc-{story.rng.integers(1_000_000)}"
        thief = replace(_agent(story.plan.uses[victim].named(user=user)), spread=0.8)
        thief = replace(thief.on(DEAREST), prompt=6_000.0, answer=1_500.0, cached=0.0, records=400)
        number = story.plan.add(replace(thief, requests=float(story.rng.uniform(15, 60)) / thief.request_usd))
        story.plan.volume[begin : begin + hours, number] = 1.0
        story.enter("leaked key", begin, hours, [number], _APPEARED | {_A.CHANNEL_KEY_NOVELTY})


def slow_drift(story: Story) -> None:
    """A team's spend grows by some percent every day, for weeks."""
    hours = 21 * DAY
    if at := _place(story, [[n] for n in _services(story, 2.0)], hours):
        uses, begin = at
        begin = begin // DAY * DAY
        a_day = story.rng.uniform(1.04, 1.07)
        story.plan.volume[begin : begin + hours, uses] *= a_day ** (np.arange(hours)[:, None] / DAY)
        story.enter("slow drift", begin, hours, uses, frozenset({_A.CHANNEL_DRIFT, _A.CHANNEL_COST}))


def drop_to_zero(story: Story) -> None:
    """A source sends nothing any more, until it is mended."""
    hours = int(story.rng.integers(5, 13))
    if at := _place(story, [[n] for n in _services(story)], hours):
        uses, begin = at
        story.plan.volume[begin : begin + hours, uses] = 0.0
        story.enter("drop to zero", begin, hours, uses, frozenset({_A.CHANNEL_SILENCE}))


def unit_against_volume(story: Story) -> None:
    """Requests grow and each costs the same; or fewer of them cost more each."""
    hours = int(story.rng.integers(8, 24))
    if at := _place(story, [[n] for n in _services(story, 2.0)], hours):
        uses, begin = at
        volume = story.rng.random() < 0.5
        story.plan.volume[begin : begin + hours, uses] *= 4.0 if volume else 0.75
        story.plan.price[begin : begin + hours, uses] *= 1.0 if volume else 3.0
        channels = COST_CHANNELS if volume else UNIT_CHANNELS
        story.enter("unit cost against volume", begin, hours, uses, channels)


def new_pair(story: Story) -> None:
    """Somebody begins to use a model that is new to them, and dear."""
    people = [n for n, use in enumerate(story.plan.uses) if use.person and not use.fresh]
    hours = 3 * DAY
    if at := _place(story, [[n] for n in people], hours):
        (person,), begin = at
        use = story.plan.uses[person].on(DEAREST)
        use = replace(use, fresh=True, prompt=20_000.0, answer=1_000.0, cached=0.5)
        busy = float(use.rhythm.mean()) * DAY
        dollars_a_day = story.rng.uniform(25, 60)
        number = story.plan.add(replace(use, requests=dollars_a_day / busy / use.request_usd))
        story.plan.volume[begin : begin + hours, number] = 1.0
        story.enter("new user and model", begin, hours, [number], _APPEARED | {_A.CHANNEL_NEW_PAIRS})


def token_shift(story: Story) -> None:
    """Prompts or answers of a service are three times as long."""
    hours = int(story.rng.integers(24, 48))
    if at := _place(story, [[n] for n in _services(story, 2.0)], hours):
        uses, begin = at
        prompts = story.rng.random() < 0.5
        table = story.plan.prompt if prompts else story.plan.answer
        table[begin : begin + hours, uses] *= 3.0
        named = _A.CHANNEL_INPUT_TOKENS_PER_REQUEST if prompts else _A.CHANNEL_OUTPUT_TOKENS_PER_REQUEST
        story.enter("token shift", begin, hours, uses, frozenset({named}))


def cache_collapse(story: Story) -> None:
    """Prompts no longer begin alike: hardly anything is read from the cache."""
    hours = int(story.rng.integers(24, 48))
    cached = [[n] for n in _services(story, 2.0) if story.plan.uses[n].cached > 0.55]
    if at := _place(story, cached or [_services(story)], hours):
        uses, begin = at
        story.plan.cached[begin : begin + hours, uses] = 0.05
        story.enter("cache collapse", begin, hours, uses, frozenset({_A.CHANNEL_CACHE_HIT_SHARE}))


def error_storm(story: Story) -> None:
    """Most requests of a service fail, and it tries again and again."""
    # Draws of its own: what else happens to an organisation does not depend on it.
    story = replace(story, rng=story.rng.spawn(1)[0])
    hours = int(story.rng.integers(4, 13))
    if at := _place(story, [[n] for n in _services(story, 2.0)], hours):
        uses, begin = at
        story.plan.failing[begin : begin + hours, uses] = story.rng.uniform(0.5, 1.0)
        story.plan.volume[begin : begin + hours, uses] *= story.rng.uniform(1.0, 1.5)
        story.enter("error storm", begin, hours, uses, frozenset({_A.CHANNEL_ERROR_SHARE}))


KINDS: tuple[Callable[[Story], None], ...] = (
    slow_drift, price_jump, cache_collapse, token_shift, new_pair, unit_against_volume, leaked_key, drop_to_zero,
    batch_spike, runaway_loop, error_storm,
)  # fmt: skip
"""The longest first, while there is room."""


def inject(story: Story, times: int) -> None:
    """Each kind so many times, as far as there is room for it."""
    for kind in KINDS:
        for _ in range(times):
            kind(story)
