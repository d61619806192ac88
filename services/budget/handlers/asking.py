"""What the ledger is asked of one budget's accounting window, partition by partition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.budget.domain.periods import Window
from services.budget.domain.sums import NOTHING, Amounts, Position
from services.budget.domain.tracking import FamilyKey, Tracked
from services.budget.handlers.ports import Ledger, LedgerPositions

Answer = Mapping[int, Mapping[str | None, Amounts]]
"""Spend by partition (other incarnations' under -1), then by member; the whole under None. What is missing is zero."""


@dataclass(frozen=True)
class Question:
    """One accounting window, and the parts of it that are asked for."""

    tracked: Tracked
    window: Window
    family: FamilyKey
    asked: Mapping[int, Position]
    """Partitions, and up to where the ledger must answer."""
    other_incarnations: bool

    def ready(self, written: LedgerPositions) -> bool:
        """Whether the ledger has written all that is asked for. The usage offset decides as well, because the last
        record read may be one that the ledger dropped."""
        return all(
            written.of(partition).offset >= position.offset
            or written.of(partition).usage_offset >= position.usage_offset
            for partition, position in self.asked.items()
        )

    def through(self) -> Mapping[int, int]:
        return {partition: at.offset for partition, at in self.asked.items() if at.offset != NOTHING}


async def answers(ledger: Ledger, question: Question, incarnation: str) -> Answer:
    """What the ledger says.

    Raises:
        UnavailableError: the ledger is away.
        ApiError: it refuses the query.
    """
    through, others = question.through(), question.other_incarnations
    if not (through or others):
        return {}
    if not question.tracked.budget.terms.per:
        return await _spend(ledger, question, incarnation, through, others)
    # Members may be many, and an answer has a limit.
    found: dict[int, Mapping[str | None, Amounts]] = {}
    for partition, offset in through.items():
        found |= await _spend(ledger, question, incarnation, {partition: offset}, False)
    return found | (await _spend(ledger, question, incarnation, {}, True) if others else {})


async def _spend(
    ledger: Ledger, question: Question, incarnation: str, through: Mapping[int, int], others: bool
) -> dict[int, Mapping[str | None, Amounts]]:
    tracked = question.tracked
    answer = await ledger.spend(
        question.family.tenant_id,
        tracked.filter,
        question.window,
        incarnation,
        through,
        per=tracked.budget.terms.per,
        other_incarnations=others,
    )
    return dict(answer)
