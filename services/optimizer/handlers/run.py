"""One run of the rules over every tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from finops.cost.v1.cost_pb2 import Rating

from services.common.clock import DAY, Clock, Micros
from services.common.money import Picos
from services.optimizer.domain import lifecycle, waterfall
from services.optimizer.domain.alternatives import Alternatives
from services.optimizer.domain.drafts import Draft
from services.optimizer.domain.lifecycle import Change
from services.optimizer.domain.rules import cheaper_model, idle_seats
from services.optimizer.domain.rules.cheaper_model import Question
from services.optimizer.handlers.ports import Events, Ledger, Pricing, Recommendations, Seats

_LOOK_BACK: Micros = 400 * DAY
"""A tenant without any use for so long is left as it is."""


@dataclass(frozen=True)
class Policy:
    """What every rule is told."""

    window: Micros
    min_days: int
    max_mean_output_tokens: int
    min_saving: Picos
    idle_for: Micros

    @property
    def keep_saving(self) -> Picos:
        """An open recommendation stays open down to half the saving that opens one, so that it does not come and go."""
        return self.min_saving // 2


class RuleRun:
    """Runs the rules and tells what changed.

    Time is that of the events: the window ends with the newest day that is over, so that history brought in from
    the past is judged as of its own end.
    """

    def __init__(
        self,
        ledger: Ledger,
        pricing: Pricing,
        seats: Seats,
        store: Recommendations,
        events: Events,
        alternatives: Alternatives,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._pricing = pricing
        self._seats = seats
        self._store = store
        self._events = events
        self._alternatives = alternatives
        self._policy = policy
        self._clock = clock

    async def run(self) -> list[Change]:
        """What changed, told and stored.

        Raises:
            ApiError: a peer is away or refuses; nothing is withdrawn for want of an answer.
        """
        now = self._clock.now()
        tomorrow = (now // DAY + 1) * DAY
        newest_days = await self._ledger.newest_days(tomorrow - _LOOK_BACK, tomorrow)
        changes: list[Change] = []
        for tenant_id, newest in sorted(newest_days.items()):
            changes += await self._run_tenant(tenant_id, newest, now)
        return changes

    async def _run_tenant(self, tenant_id: str, newest_day: Micros, now: Micros) -> list[Change]:
        day_is_over = newest_day + DAY <= now
        window_end = newest_day + DAY if day_is_over else newest_day
        drafts = [
            *await self._seat_drafts(tenant_id, min(now, newest_day + DAY)),
            *await self._model_drafts(tenant_id, window_end),
        ]
        stored = await self._store.of_tenant(tenant_id)
        changes = lifecycle.reconcile(tenant_id, stored, waterfall.apply(drafts), self._policy.min_saving, now)
        if changes:
            # Told, then stored: what a crash leaves told but not stored is told again under the same id.
            await self._events.publish([change.event for change in changes])
            await self._store.put(tenant_id, [change.stored for change in changes])
        return changes

    async def _seat_drafts(self, tenant_id: str, reference: Micros) -> list[Draft]:
        seats = await self._seats.of_tenant(tenant_id)
        policy = idle_seats.Policy(self._policy.idle_for, self._policy.keep_saving)
        return await asyncio.to_thread(idle_seats.drafts, seats, reference, policy)

    async def _model_drafts(self, tenant_id: str, window_end: Micros) -> list[Draft]:
        policy = cheaper_model.Policy(
            self._policy.min_days, self._policy.max_mean_output_tokens, self._policy.keep_saving
        )
        workloads = await self._ledger.workloads(tenant_id, window_end - self._policy.window, window_end)
        questions = cheaper_model.questions(workloads, self._alternatives, policy, window_end)
        if not questions:
            return []
        ratings = await self._pricing.price(tenant_id, [event for question in questions for event in question.events])
        return await asyncio.to_thread(cheaper_model.drafts, _answered(questions, ratings), policy, window_end)


def _answered(questions: Sequence[Question], ratings: Sequence[Rating]) -> list[tuple[Question, Sequence[Rating]]]:
    answered: list[tuple[Question, Sequence[Rating]]] = []
    position = 0
    for question in questions:
        answered.append((question, ratings[position : position + len(question.events)]))
        position += len(question.events)
    return answered
