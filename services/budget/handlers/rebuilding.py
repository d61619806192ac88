"""Sums that are not there: asked of the ledger, joined with what the log brings meanwhile.

A new budget, a changed filter, a period that begins, a partition whose state was lost: all are the same thing, a
(budget, period) of which an owned partition has no sum. The partition's position is noted, what follows it is added
to a sum of its own, and the ledger is asked for what lies up to it, as soon as the ledger has written that far.
Together they are exact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.budget.domain.mirror import SavedSum
from services.budget.domain.periods import Window
from services.budget.domain.sums import NOTHING, OTHER_INCARNATIONS, PartSum, Position
from services.budget.domain.tracking import ScopeKey, Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.ports import Journal, Ledger, LedgerPositions, Meters
from services.common.clock import SECOND, Clock, Micros
from services.common.errors import ApiError, UnavailableError
from services.common.log import get_logger
from services.common.money import Picos

log = get_logger(__name__)

FULL_PASS: Micros = 5 * SECOND
"""Periods turn and strangers' records are looked for this often; changes of definitions or partitions are noticed at
once."""


@dataclass(frozen=True)
class Rebuild:
    """One budget's period, and the parts of it that are missing here."""

    tracked: Tracked
    window: Window
    scope: ScopeKey
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


class Rebuilder:
    """Begins and finishes rebuilds, and drops sums nobody asks for any more."""

    def __init__(
        self,
        catalog: Catalog,
        accounts: Accounts,
        journal: Journal,
        ledger: Ledger,
        changes: Changes,
        clock: Clock,
        meters: Meters,
        *,
        concurrency: int,
    ) -> None:
        self._catalog = catalog
        self._accounts = accounts
        self._journal = journal
        self._ledger = ledger
        self._changes = changes
        self._clock = clock
        self._meters = meters
        self._slots = asyncio.Semaphore(concurrency)
        self._seen: object = None
        self._last_full: Micros = 0
        self._outstanding = 0

    async def run(self) -> int:
        """One pass. Returns how many rebuilds are still outstanding.

        Raises:
            UnavailableError: the ledger or Kafka is away; the next pass goes on.
        """
        now = self._clock.now()
        if not self._catalog.loaded or not self._journal.partitions:
            return 0
        seen = (self._catalog.generation, self._accounts.generation)
        if self._outstanding == 0 and seen == self._seen and now - self._last_full < FULL_PASS:
            return 0
        async with self._accounts.lock:
            self._accounts.sweep()
            self._mark_overtaken()
            rebuilds = self._begin()
            await self._accounts.save()
        self._outstanding = len(rebuilds)
        self._meters.rebuilding(self._outstanding)
        if rebuilds:
            self._outstanding -= await self._ask(rebuilds)
            self._meters.rebuilding(self._outstanding)
        self._seen, self._last_full = seen, now
        return self._outstanding

    def _mark_overtaken(self) -> None:
        mirror = self._journal.mirror
        for number, owned in self._accounts.owned.items():
            for scope in mirror.overtaken(number) & owned.sums.keys() - owned.rebuilding.keys():
                best = mirror.part(scope, number)
                if best is not None and owned.sums[scope].through >= best.through:
                    owned.unsaved.add(scope)

    def _begin(self) -> Sequence[Rebuild]:
        accounts, mirror, partitions = self._accounts, self._journal.mirror, self._journal.partitions
        rebuilds: list[Rebuild] = []
        for tracked in self._catalog.all():
            at_home = tracked.budget.home(partitions) in accounts.owned
            for window in tracked.windows[1:]:
                scope = tracked.key(window)
                asked: dict[int, Position] = {}
                for number, owned in accounts.owned.items():
                    if scope not in owned.sums:
                        owned.begin_rebuild(scope)
                    if scope in owned.rebuilding:
                        asked[number] = owned.rebuilding[scope]
                unknown = scope not in accounts.constants and mirror.part(scope, OTHER_INCARNATIONS) is None
                if asked or (at_home and unknown):
                    rebuilds.append(Rebuild(tracked, window, scope, asked, at_home and unknown))
        return rebuilds

    async def _ask(self, rebuilds: Sequence[Rebuild]) -> int:
        """Finishes those the ledger can answer. Returns how many."""
        written = LedgerPositions({}, {})
        incarnation = self._journal.mirror.incarnation
        if any(not rebuild.ready(written) for rebuild in rebuilds):
            written = await self._ledger.positions(incarnation)
        ready = [rebuild for rebuild in rebuilds if rebuild.ready(written)]
        done = await asyncio.gather(*(self._finish(rebuild, incarnation) for rebuild in ready))
        async with self._accounts.lock:
            await self._accounts.save()
        self._meters.rebuilt(sum(done))
        for rebuild in ready:
            self._changes.touch(*rebuild.scope[:2])
        return sum(done)

    async def _finish(self, rebuild: Rebuild, incarnation: str) -> bool:
        try:
            await self._fill(rebuild, incarnation)
        except UnavailableError as error:
            log.info("a budget stays in rebuilding", budget=rebuild.scope[:2], error=str(error))
            return False
        except ApiError as error:
            log.error("the ledger refused a budget's query", budget=rebuild.scope[:2], error=str(error))
            return False
        return True

    async def _fill(self, rebuild: Rebuild, incarnation: str) -> None:
        parts: Mapping[int, tuple[Picos, Picos]] = {}
        if rebuild.through() or rebuild.other_incarnations:
            async with self._slots:
                parts = await self._ledger.spend(
                    rebuild.scope.tenant_id,
                    rebuild.tracked.budget.terms.filter,
                    rebuild.window,
                    incarnation,
                    rebuild.through(),
                    other_incarnations=rebuild.other_incarnations,
                )
        async with self._accounts.lock:
            for number, asked in rebuild.asked.items():
                owned = self._accounts.owned.get(number)
                if owned is not None:
                    owned.finish_rebuild(rebuild.scope, asked, *parts.get(number, (0, 0)))
            if rebuild.other_incarnations:
                part = PartSum(NOTHING, *parts.get(OTHER_INCARNATIONS, (0, 0)))
                await self._journal.append([SavedSum(rebuild.scope, incarnation, OTHER_INCARNATIONS, part, NOTHING)])
                self._accounts.constants[rebuild.scope] = part
