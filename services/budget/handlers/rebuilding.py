"""Sums that are not there: asked of the ledger, joined with what the log brings meanwhile.

A new budget, a changed filter, a period that begins, a partition whose state was lost, a rebuild that somebody asked
for: all are the same thing, an accounting window of which an owned partition has no sums. The partition's position is
noted, what follows it is added to sums of its own, and the ledger is asked for what lies up to it, as soon as the
ledger has written that far. Together they are exact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence

from services.budget.domain.mirror import SavedSum
from services.budget.domain.sums import NONE, NOTHING, OTHER_INCARNATIONS, Amounts, Family, PartSum, Position
from services.budget.domain.tracking import BudgetKey, FamilyKey, ScopeKey, Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.asking import Answer, Question, answers
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.ports import Journal, Ledger, LedgerPositions, Meters
from services.budget.handlers.totals import Totals
from services.common.errors import ApiError, UnavailableError
from services.common.log import get_logger

log = get_logger(__name__)

BATCH = 500
"""Windows rebuilt in one pass; the next pass goes on."""
FILLED_AT_ONCE = 100
"""Answers taken in and written together: each write waits for Kafka, and members may be many."""


class Rebuilder:
    """Begins and finishes rebuilds, and drops sums nobody asks for any more."""

    def __init__(
        self,
        catalog: Catalog,
        accounts: Accounts,
        totals: Totals,
        journal: Journal,
        ledger: Ledger,
        changes: Changes,
        meters: Meters,
        *,
        concurrency: int,
    ) -> None:
        self._catalog = catalog
        self._accounts = accounts
        self._totals = totals
        self._journal = journal
        self._ledger = ledger
        self._changes = changes
        self._meters = meters
        self._slots = asyncio.Semaphore(concurrency)
        self._generation = -1
        self._altered = catalog.follow()
        self._incomplete: dict[BudgetKey, None] = {}
        """Budgets that may lack sums, those that waited longest first."""

    async def run(self) -> int:
        """One pass. Returns how many budgets may still lack sums.

        Raises:
            UnavailableError: the ledger or Kafka is away; the next pass goes on.
        """
        if not self._catalog.loaded or not self._journal.partitions:
            return 0
        async with self._accounts.lock:
            self._accounts.sweep()
            self._look_again()
            questions = self._begin()
            await self._accounts.save()
        self._meters.rebuilding(len(self._incomplete))
        if questions:
            await self._ask(questions)
            self._meters.rebuilding(len(self._incomplete))
        return len(self._incomplete)

    async def restart(self, budgets: Collection[Tracked]) -> None:
        """Forgets the sums of the owned partitions; the next passes ask for them again.

        Raises:
            UnavailableError: Kafka is away, and it is not certain which sums are forgotten.
        """
        async with self._accounts.lock:
            self._accounts.sweep()
            for tracked in budgets:
                for window in tracked.windows:
                    self._accounts.drop(tracked.key(window))
                self._incomplete[tracked.budget.key] = None
            self._begin()
            await self._accounts.save()
        for tracked in budgets:
            self._changes.touch(tracked.budget.tenant_id, tracked.budget.budget_id)

    # --- beginning --------------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        """Notes the budgets that may lack sums since the last pass."""
        if self._generation != self._accounts.generation:
            self._generation = self._accounts.generation
            self._altered.update(t.budget.key for t in self._catalog.all())
        self._incomplete |= dict.fromkeys(self._altered)
        self._altered.clear()
        mirror = self._journal.mirror
        for number, owned in self._accounts.owned.items():
            saved = mirror.families(number)
            owned.rewrite(
                scope
                for scope in mirror.overtaken(number)
                if owned.families.get(scope.family, NONE).get(scope.member, _NEVER).through
                >= saved[scope.family][scope.member].through
            )

    def _begin(self) -> Sequence[Question]:
        """Begins what is missing. Returns what the ledger must be asked, and forgets the budgets that lack nothing."""
        questions: list[Question] = []
        for key in list(self._incomplete):
            tracked = self._catalog.get(*key)
            lacking = [] if tracked is None else list(self._lacking(tracked))
            questions += lacking
            if not lacking:
                del self._incomplete[key]
            if len(questions) >= BATCH:
                break
        return questions

    def _lacking(self, tracked: Tracked) -> Iterator[Question]:
        accounts = self._accounts
        for window in tracked.needed:
            family = tracked.key(window)
            asked: dict[int, Position] = {}
            for number, owned in accounts.owned.items():
                if family not in owned.families:
                    owned.begin_rebuild(family)
                if family in owned.rebuilding:
                    asked[number] = owned.rebuilding[family]
            others = accounts.at_home(family.budget) and not self._totals.knows_constant(family)
            if asked or others:
                yield Question(tracked, window, family, asked, others)

    # --- finishing --------------------------------------------------------------------------------------------------

    async def _ask(self, questions: Sequence[Question]) -> None:
        """Finishes those the ledger can answer."""
        written = LedgerPositions({}, {})
        incarnation = self._journal.mirror.incarnation
        if any(not question.ready(written) for question in questions):
            written = await self._ledger.positions(incarnation)
        ready = [question for question in questions if question.ready(written)]
        finished: set[FamilyKey] = set()
        for first in range(0, len(ready), FILLED_AT_ONCE):
            found = await self._answers(ready[first : first + FILLED_AT_ONCE], incarnation)
            async with self._accounts.lock:
                await self._fill(found, incarnation)
                await self._accounts.save()
            finished |= {question.family for question, _ in found}
        self._meters.rebuilt(len(finished))
        for question in questions:
            budget = question.family.budget
            self._incomplete.pop(budget, None)
            if question.family not in finished:
                continue
            self._changes.touch(*budget)
            if question.tracked.budget.terms.per:
                for member in self._totals.names(question.family):
                    self._changes.touch(*budget, member)
        # What is refused, or waits for the ledger, lets others go first.
        self._incomplete |= {q.family.budget: None for q in questions if q.family not in finished}

    async def _answers(self, questions: Sequence[Question], incarnation: str) -> Sequence[tuple[Question, Answer]]:
        """Those the ledger answers."""
        told = await asyncio.gather(*(self._answer(question, incarnation) for question in questions))
        return [(question, answer) for question, answer in zip(questions, told, strict=True) if answer is not None]

    async def _answer(self, question: Question, incarnation: str) -> Answer | None:
        try:
            async with self._slots:
                return await answers(self._ledger, question, incarnation)
        except UnavailableError as error:
            log.info("a budget stays in rebuilding", budget=question.family.budget, error=str(error))
        except ApiError as error:
            log.error("the ledger refused a budget's query", budget=question.family.budget, error=str(error))
        return None

    async def _fill(self, found: Sequence[tuple[Question, Answer]], incarnation: str) -> None:
        """Takes answers in. The caller holds the lock of the accounts."""
        constants: dict[FamilyKey, Family] = {}
        for question, parts in found:
            for number, asked in question.asked.items():
                owned = self._accounts.owned.get(number)
                if owned is not None:
                    owned.finish_rebuild(question.family, asked, parts.get(number, {}))
            if question.other_incarnations:
                constants[question.family] = _constant(parts.get(OTHER_INCARNATIONS, {}))
        if constants:
            # The whole comes last: its being there says that the members are.
            await self._journal.append(
                [
                    SavedSum(ScopeKey(family, member), incarnation, OTHER_INCARNATIONS, part, NOTHING)
                    for family, constant in constants.items()
                    for member, part in sorted(constant.items(), key=lambda entry: entry[0] is None)
                ]
            )
            self._accounts.constants |= constants


_NEVER = PartSum(NOTHING - 1)


def _constant(amounts: Mapping[str | None, Amounts]) -> Family:
    parts: Family = {None: PartSum(NOTHING)}
    parts.update({member: PartSum(NOTHING, *sums) for member, sums in amounts.items()})
    return parts
