"""Seats: who holds one of which plan, and used it when. One event per seat and UTC day, as vendors report them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from services.demo.organisation import TEAM_SIZES, Person, organisation


@dataclass(frozen=True)
class Plan:
    """A product bought by the seat. `plan` is the model that the price book knows it by."""

    tool: str
    provider: str
    plan: str
    teams: tuple[str, ...]
    idle_share: float
    """Part of its holders that stopped using it."""


_ENGINEERING = ("search", "data-platform", "payments", "mobile", "web", "platform", "ml-research")

PLANS: tuple[Plan, ...] = (
    Plan("github-copilot", "github", "copilot-business", _ENGINEERING, idle_share=0.22),
    Plan("cursor", "cursor", "cursor-teams", ("mobile", "web", "search"), idle_share=0.12),
    Plan("chatgpt", "openai", "chatgpt-team", tuple(team for team in TEAM_SIZES if team not in _ENGINEERING), 0.1),
)


@dataclass(frozen=True)
class Holding:
    """One person's seat."""

    plan: Plan
    holder: Person
    assigned: datetime
    idle_since: datetime | None
    """When an idle holder used it last; None for those who use it."""


@dataclass(frozen=True, slots=True)
class SeatDay:
    """One seat on one UTC day."""

    id: str
    time: datetime
    holding: Holding
    last_active: datetime


class Seats:
    """The seats of an organisation, a pure function of seed and anchor."""

    def __init__(self, seed: int, anchor: datetime) -> None:
        self._seed = seed
        self._anchor = anchor
        staff = organisation(seed)
        self.holdings = tuple(
            _holding(plan, holder, seed, anchor) for plan in PLANS for holder in staff.members(*plan.teams)
        )

    def on(self, day: date) -> list[SeatDay]:
        """The day's report."""
        midnight = datetime.combine(day, time(), UTC)
        return [
            SeatDay(
                id=f"{self._anchor:%Y%m%d%H}-{self._seed}-{holding.plan.plan}-{holding.holder.email}-{day}",
                time=midnight + timedelta(seconds=number),
                holding=holding,
                last_active=self._last_active(holding, midnight),
            )
            for number, holding in enumerate(self.holdings)
        ]

    def _last_active(self, holding: Holding, midnight: datetime) -> datetime:
        rng = Random(f"{self._seed}/{holding.plan.plan}/{holding.holder.email}/{midnight.date()}")
        worked = midnight - timedelta(days=1)
        while worked.weekday() >= 5:
            worked -= timedelta(days=1)
        active = worked + timedelta(seconds=rng.randrange(8 * 3600, 18 * 3600))
        return active if holding.idle_since is None else min(active, holding.idle_since)


def _holding(plan: Plan, holder: Person, seed: int, anchor: datetime) -> Holding:
    rng = Random(f"{seed}/{plan.plan}/{holder.email}")
    assigned = anchor - timedelta(days=rng.randrange(120, 420))
    idle = rng.random() < plan.idle_share
    return Holding(plan, holder, assigned, anchor - timedelta(days=rng.randrange(35, 85)) if idle else None)
