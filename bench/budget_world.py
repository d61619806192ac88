"""A company with thousands of budgets, and what it spends: for bench/budget."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.usage.v1.usage_pb2 import UsageEvent

from services.budget.domain.budget import Budget
from services.budget.domain.rules import terms_of
from services.common import money
from services.common.clock import SECOND, Micros
from services.common.money import PICOS_PER_DOLLAR, Picos

TENANT = "default"

MODELS = (
    ("openai", "gpt-4o", 6), ("openai", "gpt-4o-mini", 5), ("openai", "gpt-5", 3),
    ("anthropic", "claude-sonnet-4-5", 6), ("anthropic", "claude-haiku-4-5", 3),
    ("google", "gemini-2.5-pro", 2), ("google", "gemini-2.5-flash", 2),
)  # fmt: skip
"""Provider, model, and how often it is used."""
ENVIRONMENTS = ("prod", "prod", "prod", "staging", "test")
FEATURES = 25
TEAMS = 200
PROJECTS_OF_A_TEAM = 5
PERIODS = (*[pb.PERIOD_MONTH] * 12, *[pb.PERIOD_DAY] * 3, *[pb.PERIOD_WEEK] * 2, pb.PERIOD_QUARTER, pb.PERIOD_YEAR)
ZONES = ("", "", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
COST: Picos = PICOS_PER_DOLLAR // 400
"""Of every event, so that a sum tells how many it holds."""


@dataclass(frozen=True)
class Company:
    """So many users, each of one of the teams."""

    users: int

    def team_of(self, user: int) -> str:
        return f"team-{user % TEAMS}"

    def usage(self, chance: random.Random, user: int, time: Micros) -> UsageEvent:
        """One use of a model by this user."""
        provider, model, _ = chance.choices(MODELS, _WEIGHTS)[0]
        team = self.team_of(user)
        return UsageEvent(
            tenant_id=TENANT,
            source="gateway",
            source_event_id=f"chatcmpl-{chance.getrandbits(64):x}",
            time_unix_micros=time,
            received_unix_micros=time,
            provider=provider,
            model=model,
            tool=f"{provider}-api",
            team=team,
            user=f"user-{user}@example.com",
            project=f"{team}-{chance.randrange(PROJECTS_OF_A_TEAM)}",
            key=f"key-{user}",
            environment=chance.choice(ENVIRONMENTS),
            tags={"feature": f"feature-{chance.randrange(FEATURES)}"},
        )

    def usages(self, count: int, seed: int, now: Micros) -> Sequence[UsageEvent]:
        """Uses of the last seconds: few users do most of it, as everywhere (Pareto, a tenth does half)."""
        chance = random.Random(seed)
        return [
            self.usage(chance, int(chance.paretovariate(0.6)) % self.users, now - chance.randrange(60) * SECOND)
            for _ in range(count)
        ]


_WEIGHTS = [weight for _, _, weight in MODELS]


def records(usages: Sequence[UsageEvent], incarnation: str, partition: int, first: int) -> Iterator[CostRecord]:
    """Their cost records, with usage offsets from `first`."""
    for offset, usage in enumerate(usages, first):
        position = LogPosition(incarnation=incarnation, partition=partition, offset=offset)
        yield CostRecord(usage=usage, revision=1, cost_delta_picos=COST, usage_position=position)


def definitions(count: int, users: int, seed: int = 1) -> list[pb.Budget]:
    """Budgets of many kinds: most of users, teams and projects, a few that count nearly everything, one in fifty with
    an amount for each user of a team."""
    chance = random.Random(seed)
    return [_definition(number, users, chance) for number in range(count)]


def _definition(number: int, users: int, chance: random.Random) -> pb.Budget:
    budget = pb.Budget(
        display_name=f"Budget {number}",
        filter=_filter(number, users, chance),
        amount=money.to_proto(chance.randrange(1_000, 1_000_000) * PICOS_PER_DOLLAR),
        period=chance.choice(PERIODS),
        time_zone=chance.choice(ZONES),
        enforcement=chance.choice([pb.ENFORCEMENT_WARN, pb.ENFORCEMENT_BLOCK]),
    )
    if number % 50 == 49:
        budget.filter, budget.per = f'team = "team-{number // 50 % TEAMS}"', "user"
        budget.period = pb.PERIOD_MONTH
    return budget


def _filter(number: int, users: int, chance: random.Random) -> str:
    _, model, _ = chance.choice(MODELS)
    user, team, other = chance.randrange(users), chance.randrange(TEAMS), chance.randrange(TEAMS)
    project, feature = chance.randrange(PROJECTS_OF_A_TEAM), chance.randrange(FEATURES)
    if number < len(_WIDE):
        return _WIDE[number]
    kinds = (
        (30, f'user = "user-{user}@example.com"'),
        (10, f'user = "user-{user}@example.com" AND model = "{model}"'),
        (10, f'key = "key-{user}"'),
        (8, f'team = "team-{team}"'),
        (8, f'team = "team-{team}" AND environment = "prod"'),
        (6, f'(team = "team-{team}" OR team = "team-{other}") AND NOT environment = "test"'),
        (12, f'project = "team-{team}-{project}"'),
        (6, f'project = "team-{team}-{project}" AND model = "{model[:6]}*"'),
        (10, f'tag:feature = "feature-{feature}" AND team = "team-{team}"'),
    )
    return chance.choices([text for _, text in kinds], [weight for weight, _ in kinds])[0]


_WIDE = (
    "", 'provider = "openai"', 'provider = "anthropic" AND environment = "prod"', 'environment != "prod"',
    'model = "gpt*"', 'model = "claude*" AND NOT environment = "test"', 'tag:feature = "feature-1"',
    'tool = "google-api"',
)  # fmt: skip
"""Filters that a large share of all spend passes."""


def stored(messages: Sequence[pb.Budget], now: Micros) -> list[Budget]:
    """The definitions as the service stores them."""
    return [Budget(TENANT, f"b-{number}", terms_of(m), now, now, now) for number, m in enumerate(messages)]
