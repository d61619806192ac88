"""Sums compared with the ledger, on a schedule and when somebody asks; what differs is rebuilt, and told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.budget.domain.alerts import repaired
from services.budget.domain.drift import Drift, Parts, drifts_of
from services.budget.domain.sums import OTHER_INCARNATIONS
from services.budget.domain.tracking import Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.asking import Question, answers
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.ports import AlertLog, Journal, Ledger, LedgerPositions, Meters
from services.budget.handlers.rebuilding import Rebuilder
from services.budget.handlers.totals import Totals
from services.common.clock import SECOND, Clock, Micros
from services.common.errors import UnavailableError
from services.common.log import get_logger

log = get_logger(__name__)

BATCH = 200
"""Budgets compared at a time: so many copies of sums are held."""
PATIENCE: Micros = 15 * SECOND
"""How long the ledger is given to write what the sums cover."""
PAUSE_SECONDS = 0.2


class Findings(NamedTuple):
    """What a reconciliation found in the partitions of this process."""

    checked: int
    """Budgets whose sums were compared; those under reconstruction are not."""
    drifts: Sequence[Drift]


@dataclass(frozen=True)
class _Copy:
    """The sums of one accounting window at one moment."""

    question: Question
    parts: Parts


class Reconciler:
    """Compares, repairs and tells."""

    def __init__(
        self,
        catalog: Catalog,
        accounts: Accounts,
        totals: Totals,
        rebuilder: Rebuilder,
        journal: Journal,
        ledger: Ledger,
        alert_log: AlertLog,
        clock: Clock,
        meters: Meters,
        *,
        concurrency: int,
    ) -> None:
        self._catalog = catalog
        self._accounts = accounts
        self._totals = totals
        self._rebuilder = rebuilder
        self._journal = journal
        self._ledger = ledger
        self._alert_log = alert_log
        self._clock = clock
        self._meters = meters
        self._slots = asyncio.Semaphore(concurrency)

    async def run(self) -> None:
        """All budgets, with repair. Raises UnavailableError."""
        if self._catalog.loaded and self._accounts.owned:
            found = await self.reconcile(list(self._catalog.all()), repair=True)
            log.info("budgets reconciled", checked=found.checked, drifts=len(found.drifts))

    async def reconcile(self, budgets: Sequence[Tracked], *, repair: bool) -> Findings:
        """Compares these budgets' sums of the owned partitions with the ledger.

        Raises:
            UnavailableError: the ledger or Kafka is away, or the ledger is far behind.
        """
        checked, drifts = 0, list[Drift]()
        for start in range(0, len(budgets), BATCH):
            copies = await self._copies(budgets[start : start + BATCH])
            await self._written(copies)
            found = [drift for each in await asyncio.gather(*map(self._compare, copies)) for drift in each]
            checked += len({copy.question.family.budget for copy in copies})
            drifts += found
            if found and repair:
                await self._repair(found)
        return Findings(checked, drifts)

    async def _copies(self, budgets: Sequence[Tracked]) -> Sequence[_Copy]:
        async with self._accounts.lock:
            self._accounts.sweep()
            return [copy for tracked in budgets for copy in self._copies_of(tracked)]

    def _copies_of(self, tracked: Tracked) -> Sequence[_Copy]:
        """Of every window whose sums can be compared."""
        accounts, found = self._accounts, list[_Copy]()
        for window in tracked.needed:
            family = tracked.key(window)
            owned = {number: sums for number, sums in accounts.owned.items() if sums.at_position(family)}
            others = accounts.at_home(family.budget) and self._totals.knows_constant(family)
            if not owned and not others:
                continue
            parts = {number: sums.amounts(family) for number, sums in owned.items()}
            if others:
                parts[OTHER_INCARNATIONS] = self._totals.constant(family)
            asked = {number: sums.position for number, sums in owned.items()}
            found.append(_Copy(Question(tracked, window, family, asked, others), parts))
        return found

    async def _written(self, copies: Sequence[_Copy]) -> None:
        """Returns once the ledger has written what the copies cover."""
        written, deadline = LedgerPositions({}, {}), self._clock.now() + PATIENCE
        incarnation = self._journal.mirror.incarnation
        while not all(copy.question.ready(written) for copy in copies):
            if written.costs and self._clock.now() > deadline:
                raise UnavailableError("the ledger is behind the budgets' sums: try again later")
            written = await self._ledger.positions(incarnation)
            if not all(copy.question.ready(written) for copy in copies):
                await asyncio.sleep(PAUSE_SECONDS)

    async def _compare(self, copy: _Copy) -> Sequence[Drift]:
        question = copy.question
        async with self._slots:
            ledger = await answers(self._ledger, question, self._journal.mirror.incarnation)
        return list(drifts_of(question.tracked.budget, question.window, copy.parts, ledger))

    async def _repair(self, drifts: Sequence[Drift]) -> None:
        """Tells of each window once, of the whole where that differs, and rebuilds it. In this order, so that a crash
        in between repeats the alert, with the same id, rather than leave it out."""
        first = {(drift.budget.key, drift.window): drift for drift in reversed(drifts)}
        for drift in first.values():
            log.warning(
                "a budget's sum differs from the ledger",
                budget=drift.budget.key, member=drift.member, counted=drift.counted, ledger=drift.ledger,
            )  # fmt: skip
        now = self._clock.now()
        await self._alert_log.publish([repaired(drift, now) for drift in first.values()])
        tracked = [self._catalog.get(*budget) for budget in dict.fromkeys(budget for budget, _ in first)]
        await self._rebuilder.restart([each for each in tracked if each is not None])
        self._meters.repaired(len(first))
